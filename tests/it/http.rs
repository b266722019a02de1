//! The HTTP server over real sockets: both protocols, slow and greedy clients, and its end.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod closing;
mod extended;
mod flood;
mod probes;
pub(crate) mod secure;

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::Full;
use hyper::Method;
use hyper::Request;
use hyper::Response;
use hyper::StatusCode;
use hyper::Version;
use hyper::client::conn::http1;
use hyper::client::conn::http2;
use hyper::header;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use streamgauge::config::ServeSettings;
use streamgauge::ring::Mailbox;
use streamgauge::serve::ServeError;
use streamgauge::serve::Server;
use streamgauge::snapshot::Publisher;
use streamgauge::snapshot::Snapshot;
use streamgauge::snapshot::channel;
use streamgauge::stream::StreamState;
use streamgauge::time::Clock;
use streamgauge::time::EpochMs;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Longer than anything here takes; only a hang meets it.
pub(crate) const HANG: Duration = Duration::from_secs(60);

/// Wall time of every server here.
pub(crate) const NOW: EpochMs = EpochMs::from_ms(1_768_478_400_000);

/// A server on a free port of the loopback address.
pub(crate) struct Served {
    pub(crate) addr: SocketAddr,
    pub(crate) publisher: Publisher,
    pub(crate) samples: Mailbox<u64>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) run: JoinHandle<()>,
}

/// The defaults, on a free port.
pub(crate) fn settings() -> ServeSettings {
    ServeSettings::new(SocketAddr::from(([127, 0, 0, 1], 0)))
}

/// Starts a server whose first snapshot is `first`.
pub(crate) async fn serve(settings: ServeSettings, first: Snapshot) -> Served {
    let (publisher, reader) = channel(first);
    let (samples, shutdown) = (Mailbox::new(64), CancellationToken::new());
    let (clock, _) = Clock::manual(NOW);
    let server = Server::bind(settings, reader, samples.clone(), clock);
    let server = server.await.unwrap();
    let addr = server.local_addr();
    Served {
        addr,
        publisher,
        samples,
        run: tokio::spawn(server.run(shutdown.clone())),
        shutdown,
    }
}

/// A connection that requests can be sent on.
pub(crate) enum Client {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Client {
    pub(crate) async fn connect(addr: SocketAddr, version: Version) -> Self {
        Self::over(TcpStream::connect(addr).await.unwrap(), version).await
    }

    /// The same over a stream that is there already, an encrypted one for example.
    pub(crate) async fn over(
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        version: Version,
    ) -> Self {
        let stream = TokioIo::new(stream);
        if version == Version::HTTP_2 {
            let executor = TokioExecutor::new();
            let (client, connection) = http2::handshake(executor, stream).await.unwrap();
            tokio::spawn(connection);
            return Self::Http2(client);
        }
        let (client, connection) = http1::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        Self::Http1(client)
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>) -> Response<Bytes> {
        let exchange = async {
            let response = match self {
                Self::Http1(client) => {
                    client.ready().await.unwrap();
                    client.send_request(request).await.unwrap()
                }
                Self::Http2(client) => client.send_request(request).await.unwrap(),
            };
            let (parts, body) = response.into_parts();
            Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
        };
        timeout(HANG, exchange).await.unwrap()
    }

    pub(crate) async fn get(&mut self, addr: SocketAddr, path: &str) -> Response<Bytes> {
        self.send(request(addr, Method::GET, path, "")).await
    }
}

/// A request with the headers that every client sends.
pub(crate) fn request(
    addr: SocketAddr,
    method: Method,
    path: &str,
    body: &str,
) -> Request<Full<Bytes>> {
    Request::builder()
        .method(method)
        .uri(format!("http://{addr}{path}"))
        .header(header::HOST, addr.to_string())
        .body(Full::from(body.to_owned()))
        .unwrap()
}

pub(crate) fn live() -> Snapshot {
    let mut snapshot = Snapshot {
        published: NOW,
        ..Snapshot::default()
    };
    snapshot.stream.state = StreamState::Live;
    snapshot
}

/// Reads until the server closes.
pub(crate) async fn read_to_end(mut stream: impl AsyncRead + Unpin) -> String {
    let mut read = Vec::new();
    // A reset is an end as well: the server closed with something of ours unread.
    timeout(HANG, stream.read_to_end(&mut read))
        .await
        .unwrap()
        .ok();
    String::from_utf8(read).unwrap()
}

pub(crate) async fn raw(addr: SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn both_protocols_answer() {
    let mut served = serve(settings(), live()).await;
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let mut client = Client::connect(served.addr, version).await;
        let health = client.get(served.addr, "/healthz").await;
        assert_eq!(health.version(), version);
        assert_eq!(
            (health.status(), &health.body()[..]),
            (StatusCode::OK, &b"ok\n"[..])
        );
        assert_eq!(
            client.get(served.addr, "/readyz").await.status(),
            StatusCode::OK
        );
        let page = client.get(served.addr, "/").await;
        assert!(page.body().starts_with(b"<!doctype html>"));
        let head = client
            .send(request(served.addr, Method::HEAD, "/", ""))
            .await;
        let length = head.headers()[header::CONTENT_LENGTH].to_str().unwrap();
        assert_eq!(length, page.body().len().to_string());
        assert_eq!(
            client.get(served.addr, "/x").await.status(),
            StatusCode::NOT_FOUND
        );
    }
    served
        .publisher
        .publish(|snapshot| *snapshot = Snapshot::default());
    let mut client = Client::connect(served.addr, Version::HTTP_11).await;
    let ready = client.get(served.addr, "/readyz").await;
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    let expected = format!(
        r#"{{"ready":false,"reasons":["stream: idle, not live","snapshot: {} ms old, over 5000 ms"]}}"#,
        NOW.ms()
    );
    assert_eq!(*ready.body(), expected);
}

#[tokio::test]
async fn all_that_the_page_names_is_served() {
    let served = serve(
        settings(),
        Snapshot {
            windows: vec![Default::default()],
            ..live()
        },
    )
    .await;
    let mut client = Client::connect(served.addr, Version::HTTP_11).await;
    let page = client.get(served.addr, "/").await;
    let page = std::str::from_utf8(page.body()).unwrap();
    let named = page
        .split(['"', ' '])
        .collect::<Vec<_>>()
        .windows(2)
        .filter(|pair| ["href=", "src="].contains(&pair[0]) && !pair[1].starts_with("data:"))
        .map(|pair| pair[1].to_owned())
        .collect::<Vec<_>>();
    assert!(!named.is_empty(), "{page}");
    for name in named {
        // All are relative to the page.
        assert!(!name.starts_with('/') && !name.contains("//"), "{name}");
        let path = format!("/{}", name.trim_start_matches("./"));
        let answer = client.get(served.addr, &path).await;
        let is_right = match path.as_str() {
            // Asked by a program, GraphQL wants a question.
            "/graphql" => answer.status() == StatusCode::BAD_REQUEST,
            _ => answer.status() == StatusCode::OK && !answer.body().is_empty(),
        };
        assert!(is_right, "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn clients_that_send_no_head_are_closed() {
    let mut settings = settings();
    settings.timeouts.head = Duration::from_millis(50);
    let served = serve(settings, live()).await;
    // Nothing; half a head; half of what HTTP/2 begins with; all of it, but no request.
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let empty_settings = "\0\0\0\u{4}\0\0\0\0\0";
    for sent in [
        "",
        "GET /healthz HT",
        "PRI",
        preface,
        &(preface.to_owned() + empty_settings),
    ] {
        let stream = raw(served.addr, sent).await;
        let mut stream = stream;
        let mut read = Vec::new();
        timeout(HANG, stream.read_to_end(&mut read))
            .await
            .unwrap()
            .ok();
    }
}

#[tokio::test]
async fn a_connection_stays_open_between_requests() {
    let mut settings = settings();
    settings.timeouts.head = Duration::from_secs(1);
    settings.timeouts.idle = HANG;
    let served = serve(settings, live()).await;
    let request = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut stream = raw(served.addr, request).await;
    for _ in 0..2 {
        let mut read = Vec::new();
        while !read.ends_with(b"ok\n") {
            let more = timeout(HANG, stream.read_buf(&mut read)).await;
            assert_ne!(more.unwrap().unwrap(), 0, "closed");
        }
        // Longer than the head of a first request may take.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        stream.write_all(request.as_bytes()).await.unwrap();
    }
}

#[tokio::test]
async fn idle_connections_are_closed() {
    let mut settings = settings();
    settings.timeouts.idle = Duration::from_millis(500);
    let served = serve(settings, live()).await;
    let mut http2 = Client::connect(served.addr, Version::HTTP_2).await;
    assert_eq!(
        http2.get(served.addr, "/healthz").await.status(),
        StatusCode::OK
    );
    let Client::Http2(client) = http2 else {
        unreachable!("connected as HTTP/2")
    };
    let closed = async {
        while !client.is_closed() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(HANG, closed).await.unwrap();

    let stream = raw(
        served.addr,
        "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n",
    )
    .await;
    assert!(read_to_end(stream).await.ends_with("ok\n"));
}

#[tokio::test]
async fn bodies_are_bounded_in_size_and_time() {
    let mut settings = settings();
    settings.timeouts.body = Duration::from_millis(50);
    let served = serve(settings, live()).await;
    let head = "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    let check = async |rest: &str, status: &str| {
        let answer = read_to_end(raw(served.addr, &format!("{head}{rest}")).await).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
    };
    // Announced and never sent: refused without waiting for it.
    check("content-length: 65537\r\n\r\n", "413").await;
    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    let chunks = chunk.repeat(4);
    check(
        &format!("transfer-encoding: chunked\r\n\r\n{chunks}1\r\nx\r\n"),
        "413",
    )
    .await;
    check("content-length: 10\r\n\r\n{", "408").await;
    check("transfer-encoding: chunked\r\n\r\n1\r\n{\r\n", "408").await;
    check("content-length: 2\r\ncontent-length: 3\r\n\r\n{}", "400").await;
    // More than announced: the rest is no request.
    let query = r#"{"query":"{__typename}"}"#;
    let lying = format!(
        "content-length: {}\r\n\r\n{query}{}",
        query.len(),
        "x".repeat(100_000)
    );
    check(&lying, "200").await;
}

#[tokio::test]
async fn heads_are_bounded() {
    let served = serve(settings(), live()).await;
    let head = format!(
        "GET / HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n\r\n",
        "x".repeat(20_000)
    );
    let answer = read_to_end(raw(served.addr, &head).await).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let answer = read_to_end(raw(served.addr, "GET / HTTP/1.1\r\nconnection: close\r\n\r\n").await);
    let answer = answer.await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

#[tokio::test]
async fn shutdown_lets_a_request_in_progress_finish() {
    let served = serve(settings(), live()).await;
    let query = r#"{"query":"{__typename}"}"#;
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         expect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        query.len()
    );
    let mut stream = raw(served.addr, &head).await;
    // The server asks for the body once the request is in progress.
    let mut interim = [0; 25];
    timeout(HANG, stream.read_exact(&mut interim))
        .await
        .unwrap()
        .unwrap();
    assert!(interim.starts_with(b"HTTP/1.1 100"));
    let idle = TcpStream::connect(served.addr).await.unwrap();

    served.shutdown.cancel();
    assert_eq!(read_to_end(idle).await, "");
    stream.write_all(query.as_bytes()).await.unwrap();
    let answer = read_to_end(stream).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(
        answer.ends_with(r#"{"data":{"__typename":"Query"}}"#),
        "{answer}"
    );
    timeout(HANG, served.run).await.unwrap().unwrap();
    assert!(TcpStream::connect(served.addr).await.is_err());
}

#[tokio::test]
async fn shutdown_cuts_what_does_not_finish() {
    let mut settings = settings();
    settings.timeouts.drain = Duration::from_millis(50);
    settings.timeouts.body = HANG * 2;
    let served = serve(settings, live()).await;
    let head = "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                content-length: 9\r\n\r\n{";
    let stream = raw(served.addr, head).await;
    let mut http2 = Client::connect(served.addr, Version::HTTP_2).await;
    assert_eq!(
        http2.get(served.addr, "/healthz").await.status(),
        StatusCode::OK
    );
    served.shutdown.cancel();
    timeout(HANG, served.run).await.unwrap().unwrap();
    assert_eq!(read_to_end(stream).await, "");
}

#[tokio::test]
async fn bind_says_what_is_wrong() {
    let bind = async |settings: ServeSettings| -> Result<Server, ServeError> {
        let (_, reader) = channel(Snapshot::default());
        Server::bind(settings, reader, Mailbox::new(1), Clock::system()).await
    };
    let first = bind(settings()).await.unwrap();
    let taken = first.local_addr();
    let error = bind(ServeSettings::new(taken)).await.unwrap_err();
    let expected = format!("serve: {taken}: address in use; choose another with --listen");
    assert_eq!(error.to_string(), expected);

    let elsewhere = SocketAddr::from(([192, 0, 2, 1], 0));
    let open = |listen| ServeSettings {
        open_to_network: true,
        ..ServeSettings::new(listen)
    };
    let error = bind(open(elsewhere)).await.unwrap_err();
    assert!(matches!(error, ServeError::NoSuchAddress(_)), "{error}");

    let any = SocketAddr::from(([0, 0, 0, 0], 0));
    let error = bind(ServeSettings::new(any)).await.unwrap_err();
    assert!(matches!(error, ServeError::Unprotected(..)), "{error}");
    assert!(bind(open(any)).await.is_ok());
    let with_token = |token: &str| ServeSettings {
        token: Some(token.into()),
        ..ServeSettings::new(any)
    };
    assert!(bind(with_token("0123456789abcdef")).await.is_ok());
    let error = bind(with_token("0123456789abcde")).await.unwrap_err();
    assert!(error.to_string().contains("fewer than 16"), "{error}");
    // Loopback, written as an IPv6 address.
    let mapped = ServeSettings::new("[::ffff:127.0.0.1]:0".parse().unwrap());
    assert!(bind(mapped).await.is_ok());
}
