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
use rustls::server::WebPkiClientVerifier;
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
use streamgauge::time::EpochMs;
use streamgauge::time::days_from_civil;
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
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
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
    pub(crate) fn file(&self) -> NamedTempFile {
        let file = NamedTempFile::new().unwrap();
        std::fs::write(file.path(), self.issuer.pem()).unwrap();
        file
    }

    /// A server's configuration with a certificate for `name`.
    pub(crate) fn server(&self, name: &str, expired: bool) -> ServerConfig {
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
pub(crate) async fn serve<F, Fut>(config: ServerConfig, script: F) -> SocketAddr
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
    assert_eq!(
        found,
        CertificateFault::WrongHost(vec!["example.com".to_owned()])
    );
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let authority = Authority::new();
    let config = authority.server("localhost", true);
    let found = fault(config, &authority, "localhost").await;
    let ended = EpochMs::from_ms(days_from_civil(2021, 1, 1) * 86_400_000);
    assert_eq!(found, CertificateFault::Expired(Some(ended)));
    assert!(found.to_string().contains("expired on 2021-01-01"));
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
    assert!(matches!(error, NetError::Tls { .. }), "{error:?}");
    assert!(error.to_string().contains("does not speak TLS"), "{error}");
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
        let settings =
            AuthSettings::new(url.parse().unwrap(), "client".to_owned(), "secret".into());
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
    let settings = AuthSettings::new(
        format!("https://localhost:{}/oauth/token", token_server.port())
            .parse()
            .unwrap(),
        "client".to_owned(),
        "secret".into(),
    );
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

#[tokio::test]
async fn a_certificate_of_an_authority_is_none_to_serve_with() {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = Authority::new();
    let certificate = params.signed_by(&key, &authority.issuer).unwrap();
    let config = server_config(certificate.der().to_vec(), key.serialize_der());
    let found = fault(config, &authority, "localhost").await;
    assert_eq!(found, CertificateFault::OfAuthority);
}

#[tokio::test]
async fn a_certificate_for_clients_is_none_to_serve_with() {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    let authority = Authority::new();
    let certificate = params.signed_by(&key, &authority.issuer).unwrap();
    let config = server_config(certificate.der().to_vec(), key.serialize_der());
    let found = fault(config, &authority, "localhost").await;
    assert!(found.to_string().contains("serverAuth"), "{found}");
}

/// The error of a client whose hello is answered by these bytes.
async fn answered_by(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.write_all(bytes).await.unwrap();
        let _ = socket.shutdown().await;
        let mut rest = Vec::new();
        let _ = socket.read_to_end(&mut rest).await;
    });
    let connector = Connector::new(None).unwrap();
    let url = format!("https://{address}/");
    connect(&connector, &url).await.unwrap_err().to_string()
}

#[tokio::test]
async fn what_a_server_does_not_like_is_said_in_words() {
    for (bytes, part) in [
        // Alerts: handshake failure, protocol version, unrecognised name, one that nobody knows.
        (
            &b"\x15\x03\x03\0\x02\x02\x28"[..],
            "none of our cipher suites, curves",
        ),
        (b"\x15\x03\x01\0\x02\x02\x46", "neither TLS 1.2 nor TLS 1.3"),
        (b"\x15\x03\x03\0\x02\x02\x70", "does not know the host name"),
        (
            b"\x15\x03\x03\0\x02\x02\xc8",
            "ended the handshake (alert 200)",
        ),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak TLS"),
        (b"220 mail.example ESMTP\r\n", "does not speak TLS"),
        (b"", "the peer closed the connection"),
    ] {
        let error = answered_by(bytes).await;
        assert!(error.contains(part), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_wants_a_client_certificate_is_told_apart() {
    let authority = Authority::new();
    let file = authority.file();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.issuer.der().clone()).unwrap();
    let roots = Arc::new(roots);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider));
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority.issuer).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(
                vec![certificate.der().to_vec().into()],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )
            .unwrap();
        let address = serve(config, echo).await;
        let url = format!("https://localhost:{}/", address.port());
        let connector = Connector::new(Some(file.path())).unwrap();
        let settings =
            AuthSettings::new(url.parse().unwrap(), "client".to_owned(), "secret".into());
        let tokens = TokenSource::start(settings, connector, Clock::system()).unwrap();
        let error = tokens.token().await.unwrap_err().to_string();
        assert!(error.contains("client certificate"), "{version:?}: {error}");
    }
}

/// Servers forget to announce the end of an encrypted connection.
#[tokio::test]
async fn a_whole_answer_without_a_farewell_is_an_answer_and_a_part_of_one_is_not() {
    let authority = Authority::new();
    let file = authority.file();
    let body = r#"{"access_token":"token-1","expires_in":60}"#;
    let chunk = format!("{:x}\r\n{body}\r\n", body.len());
    let (length, half) = (body.len(), &body[..20]);
    let without = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (raw, is_whole) in [
        (
            format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}"),
            true,
        ),
        (format!("{chunked}{chunk}0\r\n\r\n"), true),
        (format!("{without}{body}"), true),
        (format!("HTTP/1.0 200 OK\r\n\r\n{body}\n"), true),
        (
            format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
                length + 1
            ),
            false,
        ),
        (format!("{chunked}{chunk}"), false),
        (format!("{without}{half}"), false),
        (without.to_owned(), false),
    ] {
        let shown = raw.clone();
        let server = serve(authority.server("localhost", false), move |mut stream| {
            let raw = raw.clone();
            async move {
                read_request(&mut stream).await;
                let _ = stream.write_all(raw.as_bytes()).await;
                let _ = stream.flush().await;
                // Dropped: the end of TCP without that of TLS.
            }
        })
        .await;
        let url = format!("https://localhost:{}/", server.port());
        let connector = Connector::new(Some(file.path())).unwrap();
        let settings =
            AuthSettings::new(url.parse().unwrap(), "client".to_owned(), "secret".into());
        let tokens = TokenSource::start(settings, connector, Clock::system()).unwrap();
        let token = tokens.token().await;
        assert_eq!(token.is_ok(), is_whole, "{shown}: {token:?}");
        if let Err(error) = token {
            assert!(
                error.to_string().contains("closed within the answer"),
                "{error}"
            );
        }
    }
}
