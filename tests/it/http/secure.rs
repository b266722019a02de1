//! TLS of our own: both versions of HTTP and WebSockets over it, and files that cannot be served with.

use std::fs;
use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use http_body_util::Full;
use hyper::Method;
use hyper::StatusCode;
use hyper::Version;
use hyper::client::conn::http1;
use hyper::client::conn::http2;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::CertifiedIssuer;
use rcgen::IsCa;
use rcgen::KeyPair;
use rcgen::date_time_ymd;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls_pki_types::ServerName;
use streamgauge::config::ServeSettings;
use streamgauge::config::TlsFiles;
use streamgauge::ring::Mailbox;
use streamgauge::serve::Server;
use streamgauge::snapshot::Snapshot;
use streamgauge::snapshot::channel;
use streamgauge::time::Clock;
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::CancellationToken;

use super::HANG;
use super::NOW;
use super::live;
use super::raw;
use super::read_to_end;
use super::request;
use super::serve;
use super::settings;
use crate::cli::CREDENTIALS;
use crate::cli::run;
use crate::metrics::sample;
use crate::push::rig::FIN;
use crate::push::rig::HANDSHAKE;
use crate::push::rig::LIVE;
use crate::push::rig::TEXT;
use crate::push::rig::masked;
use crate::push::rig::snapshot;
use crate::push::slow::large;

/// A folder with an authority, and the pairs that it makes.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self {
            issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path
    }

    fn ca_file(&self) -> String {
        let path = self.write("ca.pem", &self.issuer.pem());
        path.to_str().unwrap().to_owned()
    }

    /// A pair for localhost between these years, in files of this name.
    pub(crate) fn pair(&self, name: &str, years: [i32; 2]) -> TlsFiles {
        let key = KeyPair::generate().unwrap();
        let mut params =
            CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        params.not_before = date_time_ymd(years[0], 1, 1);
        params.not_after = date_time_ymd(years[1], 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let chain = format!("{}{}", certificate.pem(), self.issuer.pem());
        TlsFiles {
            cert: self.write(&format!("{name}.pem"), &chain),
            key: self.write(&format!("{name}.key"), &key.serialize_pem()),
        }
    }

    fn settings(&self) -> ServeSettings {
        ServeSettings {
            tls: Some(self.pair("good", [2020, 2100])),
            ..settings()
        }
    }

    /// A connection by a client that trusts the authority and offers these protocols.
    pub(crate) async fn connect(&self, addr: SocketAddr, alpn: &[&[u8]]) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        let stream = TcpStream::connect(addr).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
        timeout(HANG, connecting).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn both_versions_of_http_are_spoken_over_tls() {
    let authority = Authority::new();
    let served = serve(authority.settings(), live()).await;
    let ask = |path: &str| request(served.addr, Method::GET, path, "");
    for alpn in [&[&b"http/1.1"[..]][..], &[]] {
        let stream = authority.connect(served.addr, alpn).await;
        assert_eq!(
            stream.get_ref().1.protocol_version(),
            Some(rustls::ProtocolVersion::TLSv1_3)
        );
        let (mut client, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let answer: hyper::Response<_> = client.send_request(ask("/readyz")).await.unwrap();
        assert_eq!(
            (answer.status(), answer.version()),
            (StatusCode::OK, Version::HTTP_11)
        );
    }
    let stream = authority.connect(served.addr, &[b"h2", b"http/1.1"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let executor = TokioExecutor::new();
    let (mut client, connection) = http2::handshake(executor, TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let answer: hyper::Response<_> = client.send_request(ask("/metrics")).await.unwrap();
    assert_eq!(
        (answer.status(), answer.version()),
        (StatusCode::OK, Version::HTTP_2)
    );
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert!(
        body.ends_with(b"# EOF\n") || body.len() > 1_000,
        "{}",
        body.len()
    );
}

/// Opens a WebSocket and asks for a subscription over it.
async fn subscribe(stream: &mut TlsStream<TcpStream>, query: &str) {
    let head = format!("GET /graphql HTTP/1.1\r\nhost: localhost\r\n{HANDSHAKE}\r\n");
    let init = masked(FIN | TEXT, br#"{"type":"connection_init"}"#);
    let payload = serde_json::json!({ "query": query });
    let subscribe = serde_json::json!({ "type": "subscribe", "id": "a", "payload": payload });
    let subscribe = masked(FIN | TEXT, subscribe.to_string().as_bytes());
    // In one go: what follows the handshake must not be lost on the way to the socket.
    let all = [head.as_bytes(), &init, &subscribe].concat();
    stream.write_all(&all).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_websocket_over_tls_is_told_and_one_that_does_not_read_is_cut() {
    let authority = Authority::new();
    let mut settings = authority.settings();
    settings.timeouts.silent = Duration::from_millis(500);
    settings.timeouts.ping = HANG;
    settings.timeouts.idle = Duration::from_millis(100);
    let mut served = serve(settings, snapshot(1)).await;
    let mut stream = authority.connect(served.addr, &[b"http/1.1"]).await;
    subscribe(&mut stream, LIVE).await;
    let mut read = Vec::new();
    for sequence in 1..4_u64 {
        served.publisher.publish(|next| *next = snapshot(sequence));
        let sign = format!("\"snapshotSequence\":{sequence}}}");
        while !String::from_utf8_lossy(&read).contains(&sign) {
            let more = timeout(HANG, stream.read_buf(&mut read)).await;
            assert_ne!(more.unwrap().unwrap(), 0, "closed");
        }
    }
    let head = String::from_utf8_lossy(&read);
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    let mut deaf = authority.connect(served.addr, &[b"http/1.1"]).await;
    subscribe(&mut deaf, &large()).await;
    // The server's counts are asked for over TLS too.
    let cut = async {
        loop {
            let mut asking = authority.connect(served.addr, &[b"http/1.1"]).await;
            let query = "/graphql?query=%7Bengine%7Bpush%7Bcut%7D%7D%7D";
            let head =
                format!("GET {query} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
            asking.write_all(head.as_bytes()).await.unwrap();
            if read_to_end(asking).await.contains("\"cut\":1") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(HANG, cut).await.unwrap();
    drop((stream, deaf));
}

/// A body behind a window that stays shut is noticed through TLS as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_of_http_2_over_tls_that_takes_nothing_is_cut() {
    let authority = Authority::new();
    let mut settings = authority.settings();
    settings.timeouts.silent = Duration::from_millis(500);
    let served = serve(settings, snapshot(1)).await;
    let stream = authority.connect(served.addr, &[b"h2"]).await;
    let (mut client, connection) = http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(0)
        .handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let asked: hyper::Request<Full<bytes::Bytes>> =
        request(served.addr, Method::GET, "/metrics", "");
    let answer = client.send_request(asked).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let end = async {
        while !client.is_closed() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(HANG, end).await.unwrap();
}

#[tokio::test]
async fn who_speaks_no_tls_is_told_and_who_says_nothing_is_closed() {
    let authority = Authority::new();
    let mut settings = authority.settings();
    settings.timeouts.head = Duration::from_millis(300);
    let served = serve(settings, live()).await;
    let head = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let answer = read_to_end(raw(served.addr, head).await).await;
    assert!(
        answer.starts_with("HTTP/1.1 400 Bad Request\r\n"),
        "{answer}"
    );
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(body.contains("use https"), "{answer}");
    assert!(
        head.contains(&format!("content-length: {}\r\n", body.len())),
        "{answer}"
    );
    for begun in ["", "\u{16}", "\u{16}\u{3}\u{1}"] {
        assert_eq!(read_to_end(raw(served.addr, begun).await).await, "");
    }
}

#[tokio::test]
async fn a_certificate_is_read_again_and_a_broken_one_changes_nothing() {
    let authority = Authority::new();
    let settings = authority.settings();
    let files = settings.tls.clone().unwrap();
    let (_, reader) = channel(Snapshot::default());
    let (clock, _) = Clock::manual(NOW);
    let server = Server::bind(settings, reader, Mailbox::new(1), clock)
        .await
        .unwrap();
    let (addr, reloader) = (server.local_addr(), server.reloader());
    let shutdown = CancellationToken::new();
    tokio::spawn(server.run(shutdown.clone()));
    let shown = async || {
        let stream = authority.connect(addr, &[]).await;
        let chain = stream.get_ref().1.peer_certificates().unwrap();
        chain[0].to_vec()
    };
    let first = shown().await;
    let open = authority.connect(addr, &[b"http/1.1"]).await;
    let next = authority.pair("next", [2020, 2100]);
    fs::copy(&next.cert, &files.cert).unwrap();
    // The key is not there yet.
    let error = reloader.reload().unwrap_err().to_string();
    assert!(
        error.starts_with("tls-key: ") && error.contains("not the key of"),
        "{error}"
    );
    assert_eq!(shown().await, first);
    fs::copy(&next.key, &files.key).unwrap();
    reloader.clone().reload().unwrap();
    assert_ne!(shown().await, first);
    fs::write(&files.cert, "").unwrap();
    assert!(reloader.reload().is_err());
    assert_ne!(shown().await, first);
    // Who was there before is served on.
    let (mut client, connection) = http1::handshake(TokioIo::new(open)).await.unwrap();
    tokio::spawn(connection);
    let asked: hyper::Request<Full<bytes::Bytes>> = request(addr, Method::GET, "/healthz", "");
    assert_eq!(
        client.send_request(asked).await.unwrap().status(),
        StatusCode::OK
    );
    shutdown.cancel();
}

#[test]
fn files_that_nobody_could_be_shown_are_named_by_serve_and_check() {
    let authority = Authority::new();
    let good = authority.pair("good", [2020, 2100]);
    let other = authority.pair("other", [2020, 2100]);
    let path = |path: &PathBuf| path.to_str().unwrap().to_owned();
    let (cert, key) = (path(&good.cert), path(&good.key));
    let pem = fs::read_to_string(&good.cert).unwrap();
    let file = |name, text: &str| path(&authority.write(name, text));
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let open = file("open.key", &fs::read_to_string(&good.key).unwrap());
    fs::set_permissions(&open, Permissions::from_mode(0o646)).unwrap();
    let cases = [
        (Some(cert.clone()), None, "tls-cert", "give --tls-key too"),
        (None, Some(key.clone()), "tls-key", "give --tls-cert too"),
        (
            Some("/nowhere/c.pem".into()),
            Some(key.clone()),
            "tls-cert",
            "cannot be read",
        ),
        (
            Some(cert.clone()),
            Some("/nowhere/k.pem".into()),
            "tls-key",
            "cannot be read",
        ),
        (
            Some(file("empty", "")),
            Some(key.clone()),
            "tls-cert",
            "no certificate in it",
        ),
        (
            Some(key.clone()),
            Some(key.clone()),
            "tls-cert",
            "no certificate in it",
        ),
        (
            Some(file("broken", broken)),
            Some(key.clone()),
            "tls-cert",
            "cannot be read",
        ),
        (
            Some(file("cut", &pem[..200])),
            Some(key.clone()),
            "tls-cert",
            "broken PEM",
        ),
        (
            Some(cert.clone()),
            Some(cert.clone()),
            "tls-key",
            "no private key in it",
        ),
        (
            Some(cert.clone()),
            Some(file("enc", encrypted)),
            "tls-key",
            "without a passphrase",
        ),
        (
            Some(cert.clone()),
            Some(path(&other.key)),
            "tls-key",
            "not the key of the certificate",
        ),
        (Some(cert.clone()), Some(open), "tls-key", "can replace it"),
        (
            Some(path(&authority.pair("old", [2020, 2021]).cert)),
            Some(path(&authority.folder.path().join("old.key"))),
            "tls-cert",
            "expired on 2021-01-01",
        ),
        (
            Some(path(&authority.pair("new", [2090, 2091]).cert)),
            Some(path(&authority.folder.path().join("new.key"))),
            "tls-cert",
            "not valid before 2090-01-01",
        ),
    ];
    for (cert, key, setting, why) in cases {
        for command in ["check", "serve"] {
            let mut args = vec![command, "--listen", "127.0.0.1:0", "--log", "off"];
            for (flag, value) in [("--tls-cert", &cert), ("--tls-key", &key)] {
                args.extend(value.iter().flat_map(|value| [flag, value.as_str()]));
            }
            let run = run(&args, &CREDENTIALS);
            assert_eq!(run.code, Some(2), "{args:?}: {}", run.stderr);
            let faults = run.faults();
            assert_eq!(faults.len(), 1, "{args:?}: {}", run.stderr);
            assert!(faults[0].contains(setting), "{args:?}: {}", run.stderr);
            assert!(faults[0].contains(why), "{args:?}: {}", run.stderr);
        }
    }
    let run = run(
        &["check", "--tls-cert", &cert, "--tls-key", &key],
        &CREDENTIALS,
    );
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(
        run.stdout.contains("https://127.0.0.1:4000/graphql"),
        "{}",
        run.stdout
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn top_reads_over_tls() {
    let authority = Authority::new();
    let ca_file = authority.ca_file();
    let served = serve(authority.settings(), sample::snapshot()).await;
    let url = format!("https://localhost:{}", served.addr.port());
    let top = |args: &[&str]| {
        let args = [&["top", "--once", "--url", &url], args].concat();
        let args: Vec<String> = args.into_iter().map(str::to_owned).collect();
        tokio::task::spawn_blocking(move || {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            run(&args, &[])
        })
    };
    let shown = top(&["--ca-file", &ca_file]).await.unwrap();
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    assert!(shown.stdout.contains("active 14"), "{}", shown.stdout);
    let refused = top(&[]).await.unwrap();
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("unknown issuer"),
        "{}",
        refused.stderr
    );
}
