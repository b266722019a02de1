//! Encrypted connections against servers with throw-away certificates.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::CertifiedIssuer;
use rcgen::DnType;
use rcgen::IsCa;
use rcgen::KeyPair;
use rcgen::date_time_ymd;
use rustls::ServerConfig;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::PrivatePkcs8KeyDer;
use streamgauge::auth::TokenSource;
use streamgauge::config::AuthSettings;
use streamgauge::config::StreamSettings;
use streamgauge::config::WebhookSettings;
use streamgauge::net::CertificateFault;
use streamgauge::net::Connector;
use streamgauge::net::Endpoint;
use streamgauge::net::NetError;
use streamgauge::net::Stream;
use streamgauge::time::Clock;
use tempfile::NamedTempFile;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::auth::TokenEndpoint;
use crate::auth::answer;
use crate::auth::grant;
use crate::auth::read_request;
use crate::notify;
use crate::source::peer::Peer;
use crate::source::peer::event;
use crate::source::rig::Rig;

/// A certificate authority made for one test.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "throw-away authority");
        Self {
            issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap(),
        }
    }

    /// The authority's certificate as a `--ca-file`.
    fn file(&self) -> NamedTempFile {
        let file = NamedTempFile::new().unwrap();
        std::fs::write(file.path(), self.issuer.pem()).unwrap();
        file
    }

    /// A server's configuration with a certificate for `name`.
    fn server(&self, name: &str, expired: bool) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        if expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        server_config(certificate.der().to_vec(), key.serialize_der())
    }
}

fn server_config(certificate: Vec<u8>, key: Vec<u8>) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.into()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key)),
        )
        .unwrap()
}

/// Accepts connections for ever and hands those whose handshake succeeds to `script`.
async fn serve<F, Fut>(config: ServerConfig, script: F) -> SocketAddr
where
    F: Fn(TlsStream<TcpStream>) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            if let Ok(stream) = acceptor.accept(socket).await {
                tokio::spawn(script(stream));
            }
        }
    });
    address
}

async fn echo(mut stream: TlsStream<TcpStream>) {
    let mut bytes = [0; 4];
    if stream.read_exact(&mut bytes).await.is_ok() {
        stream.write_all(&bytes).await.unwrap();
        stream.flush().await.unwrap();
    }
}

async fn connect(connector: &Connector, url: &str) -> Result<Stream, NetError> {
    let endpoint = Endpoint::new(&url.parse().unwrap())?;
    let deadline = Instant::now() + Duration::from_secs(20);
    connector.connect(&endpoint, deadline).await
}

/// The fault found in a server's certificate by a client that trusts `authority`.
async fn fault(config: ServerConfig, authority: &Authority, host: &str) -> CertificateFault {
    let address = serve(config, echo).await;
    let file = authority.file();
    let connector = Connector::new(Some(file.path())).unwrap();
    let url = format!("https://{host}:{}/", address.port());
    let error = connect(&connector, &url).await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with(&format!("tls: {host}:{}: ", address.port())),
        "{text}"
    );
    assert!(!text.contains('\n'), "{text}");
    let NetError::Certificate { fault, .. } = error else {
        panic!("{error:?}");
    };
    fault
}

#[tokio::test]
async fn a_certificate_of_a_given_authority_is_trusted() {
    let authority = Authority::new();
    let file = authority.file();
    let connector = Connector::new(Some(file.path())).unwrap();
    for host in ["localhost", "127.0.0.1"] {
        let address = serve(authority.server(host, false), echo).await;
        let url = format!("https://{host}:{}/", address.port());
        let mut stream = connect(&connector, &url).await.unwrap();
        assert!(matches!(stream, Stream::Tls(_)));
        stream.write_all(b"ping").await.unwrap();
        stream.flush().await.unwrap();
        let mut bytes = [0; 4];
        stream.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"ping");
    }
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused() {
    let authority = Authority::new();
    let config = authority.server("example.com", false);
    let found = fault(config, &authority, "localhost").await;
    assert_eq!(found, CertificateFault::WrongHost);
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let authority = Authority::new();
    let config = authority.server("localhost", true);
    let found = fault(config, &authority, "localhost").await;
    assert_eq!(found, CertificateFault::Expired);
}

#[tokio::test]
async fn an_unknown_authority_is_refused_with_a_hint() {
    let config = Authority::new().server("localhost", false);
    let found = fault(config, &Authority::new(), "localhost").await;
    assert_eq!(found, CertificateFault::UnknownIssuer);
    assert!(found.to_string().contains("--ca-file"));
}

#[tokio::test]
async fn a_self_signed_certificate_is_refused() {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let config = server_config(own.cert.der().to_vec(), own.signing_key.serialize_der());
    let found = fault(config, &Authority::new(), "localhost").await;
    assert_eq!(found, CertificateFault::UnknownIssuer);
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        socket
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        let _ = socket.read_u8().await;
    });
    let connector = Connector::new(None).unwrap();
    let error = connect(&connector, &format!("https://{address}/"))
        .await
        .unwrap_err();
    assert!(matches!(error, NetError::Io { .. }), "{error:?}");
    assert!(
        error.to_string().contains("tls handshake failed"),
        "{error}"
    );
}

#[tokio::test]
async fn a_silent_server_is_a_timeout_with_its_phase() {
    // Connections wait in the backlog: nobody ever answers the handshake.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let connector = Connector::new(None).unwrap();
    let endpoint = Endpoint::new(&url.parse().unwrap()).unwrap();
    let deadline = Instant::now() + Duration::from_millis(200);
    let error = connector.connect(&endpoint, deadline).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no answer in time (tls handshake)"),
        "{error}"
    );
}

#[tokio::test]
async fn a_name_without_address_is_told_apart() {
    let connector = Connector::new(None).unwrap();
    let error = connect(&connector, "https://no-such-host.invalid/")
        .await
        .unwrap_err();
    assert!(matches!(error, NetError::Name { .. }), "{error:?}");
    assert!(
        error
            .to_string()
            .contains("check the host name and the region"),
        "{error}"
    );
}

#[tokio::test]
async fn credentials_never_travel_over_plain_http_to_another_machine() {
    let connector = Connector::new(None).unwrap();
    for url in [
        "http://example.com/oauth/token",
        "http://192.0.2.1/",
        "ws://198.51.100.1/",
    ] {
        let error = connect(&connector, url).await.unwrap_err().to_string();
        assert!(
            error.contains("credentials are never sent over plain http"),
            "{error}"
        );
        let settings = AuthSettings {
            token_url: url.parse().unwrap(),
            client_id: "client".to_owned(),
            client_secret: "secret".into(),
        };
        TokenSource::start(settings, connector.clone(), Clock::system()).unwrap_err();
    }
}

#[tokio::test]
async fn token_and_stream_come_over_tls() {
    let authority = Authority::new();
    let file = authority.file();
    let connector = Connector::new(Some(file.path())).unwrap();

    let token_server = serve(
        authority.server("localhost", false),
        |mut stream| async move {
            read_request(&mut stream).await;
            stream
                .write_all(grant("token-1", 3_600).as_bytes())
                .await
                .unwrap();
            stream.flush().await.unwrap();
            stream.shutdown().await.unwrap();
        },
    )
    .await;
    let settings = AuthSettings {
        token_url: format!("https://localhost:{}/oauth/token", token_server.port())
            .parse()
            .unwrap(),
        client_id: "client".to_owned(),
        client_secret: "secret".into(),
    };
    let tokens = TokenSource::start(settings, connector, Clock::system()).unwrap();
    assert_eq!(tokens.token().await.unwrap().expose(), "token-1");

    let stream_server = serve(authority.server("localhost", false), |stream| async move {
        let mut peer = Peer::new(stream).await;
        peer.open().await;
        peer.write(&(0..1_000).flat_map(event).collect::<Vec<u8>>())
            .await;
        peer.until_close().await;
    })
    .await;
    let url = format!("wss://localhost:{}/stream", stream_server.port());
    let mut settings = StreamSettings::new(url.parse().unwrap());
    settings.ca_file = Some(file.path().to_owned());
    let endpoint = TokenEndpoint::granting().await;
    let mut rig = Rig::with(settings, &endpoint, 64, 64);
    rig.until("events", |rig| rig.events.len() == 1_000).await;
    rig.stop().await;
    assert_eq!(rig.delta.received, 1_000);
}

#[tokio::test]
async fn a_webhook_is_posted_over_tls_to_a_trusted_receiver_only() {
    let authority = Authority::new();
    let file = authority.file();
    let receiver = serve(
        authority.server("localhost", false),
        |mut stream| async move {
            read_request(&mut stream).await;
            let answer = answer("200 OK", "text/plain", "");
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            stream.shutdown().await.unwrap();
        },
    )
    .await;
    let url = format!("https://localhost:{}/hook", receiver.port());
    let settings = WebhookSettings::new(url.parse().unwrap());
    let snapshot = notify::firing();
    for (ca_file, expected) in [
        (Some(file.path()), "Sent"),
        (None, "certificate from an unknown issuer"),
    ] {
        let connector = Connector::new(ca_file).unwrap();
        let outcome = notify::first_outcome(&settings, connector, snapshot.clone()).await;
        assert!(format!("{outcome:?}").contains(expected), "{outcome:?}");
    }
}
