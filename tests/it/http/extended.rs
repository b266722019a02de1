//! WebSockets over streams of HTTP/2 (RFC 8441).

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::Full;
use hyper::Method;
use hyper::Request;
use hyper::Response;
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper::client::conn::http2::SendRequest;
use hyper::ext::Protocol;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use serde_json::json;
use streamgauge::config::ServeSettings;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::HANG;
use super::serve;
use super::settings;
use crate::push::rig::CLOSE;
use crate::push::rig::FIN;
use crate::push::rig::LIVE;
use crate::push::rig::TEXT;
use crate::push::rig::counted;
use crate::push::rig::masked;
use crate::push::rig::parse;
use crate::push::rig::snapshot;
use crate::push::slow::large;

/// A client of HTTP/2 that has heard what the server can do, with streams' windows of so many bytes.
async fn connect(addr: SocketAddr, window: u32) -> SendRequest<Full<Bytes>> {
    let stream = TokioIo::new(TcpStream::connect(addr).await.unwrap());
    let (mut client, connection) = http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(window)
        .handshake(stream)
        .await
        .unwrap();
    tokio::spawn(connection);
    let request = super::request(addr, Method::GET, "/healthz", "");
    let answer = client.send_request(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    client
}

fn opening(addr: SocketAddr, path: &str) -> Request<Full<Bytes>> {
    Request::builder()
        .method(Method::CONNECT)
        .uri(format!("http://{addr}{path}"))
        .header("sec-websocket-version", "13")
        .header("sec-websocket-protocol", "graphql-transport-ws")
        .extension(Protocol::from_static("websocket"))
        .body(Full::default())
        .unwrap()
}

/// A socket over one stream.
struct Socket {
    stream: TokioIo<Upgraded>,
    read: Vec<u8>,
}

impl Socket {
    async fn of(answer: Response<Incoming>) -> Self {
        assert_eq!(answer.status(), StatusCode::OK);
        let protocol = &answer.headers()["sec-websocket-protocol"];
        assert_eq!(protocol, "graphql-transport-ws");
        let stream = hyper::upgrade::on(answer).await.unwrap();
        Self {
            stream: TokioIo::new(stream),
            read: Vec::new(),
        }
    }

    async fn say(&mut self, message: &Value) {
        let frame = masked(FIN | TEXT, message.to_string().as_bytes());
        self.stream.write_all(&frame).await.unwrap();
    }

    async fn begin(&mut self, query: &str) {
        self.say(&json!({ "type": "connection_init" })).await;
        let payload = json!({ "query": query });
        self.say(&json!({ "type": "subscribe", "id": "a", "payload": payload }))
            .await;
    }

    /// The next frame: opcode and payload.
    async fn hear(&mut self) -> (u8, Vec<u8>) {
        loop {
            if let Some((taken, opcode, payload)) = parse(&self.read) {
                self.read.drain(..taken);
                return (opcode, payload);
            }
            let read = self.stream.read_buf(&mut self.read);
            assert_ne!(timeout(HANG, read).await.unwrap().unwrap(), 0, "closed");
        }
    }

    async fn message(&mut self) -> Value {
        let (opcode, payload) = self.hear().await;
        assert_eq!(opcode, TEXT);
        serde_json::from_slice(&payload).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_sockets_live_on_one_connection_until_the_server_stops() {
    let mut settings = settings();
    // Live sockets are not idle.
    settings.timeouts.idle = Duration::from_millis(100);
    settings.timeouts.head = Duration::from_millis(100);
    let mut served = serve(settings, snapshot(1)).await;
    let mut client = connect(served.addr, 65_535).await;
    let mut sockets = Vec::new();
    for _ in 0..3 {
        let answer = client.send_request(opening(served.addr, "/graphql")).await;
        let mut socket = Socket::of(answer.unwrap()).await;
        socket.begin(LIVE).await;
        assert_eq!(socket.message().await["type"], "connection_ack");
        sockets.push(socket);
    }
    for sequence in 2..5_u64 {
        served.publisher.publish(|next| *next = snapshot(sequence));
        for socket in &mut sockets {
            loop {
                let message = socket.message().await;
                assert_eq!(message["type"], "next", "{message}");
                let live = &message["payload"]["data"]["live"];
                if live["engine"]["snapshotSequence"] == sequence {
                    break;
                }
            }
        }
    }
    counted(served.addr, "sockets", |count| count == 3).await;
    drop(sockets.pop());
    counted(served.addr, "sockets", |count| count == 2).await;
    served.shutdown.cancel();
    for socket in &mut sockets {
        let (code, payload) = loop {
            match socket.hear().await {
                (CLOSE, payload) => break (CLOSE, payload),
                (opcode, _) => assert_eq!(opcode, TEXT),
            }
        };
        assert_eq!((code, &payload[..2]), (CLOSE, &1001_u16.to_be_bytes()[..]));
        let close = masked(FIN | CLOSE, &payload[..2]);
        socket.stream.write_all(&close).await.unwrap();
    }
    timeout(HANG, served.run).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_whose_client_takes_nothing_is_cut_and_its_neighbours_stay() {
    let mut settings = settings();
    settings.timeouts.silent = Duration::from_millis(500);
    settings.timeouts.ping = HANG;
    let served = serve(settings, snapshot(1)).await;
    let mut client = connect(served.addr, 0).await;
    let answer = client.send_request(opening(served.addr, "/graphql")).await;
    let mut deaf = Socket::of(answer.unwrap()).await;
    deaf.begin(&large()).await;
    counted(served.addr, "cut", |count| count == 1).await;
    counted(served.addr, "sockets", |count| count == 0).await;
    assert!(!client.is_closed());
    // The connection still answers, as much of it as needs no window.
    let head = super::request(served.addr, Method::HEAD, "/readyz", "");
    let answer = timeout(HANG, client.send_request(head)).await.unwrap();
    assert_eq!(answer.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn the_opening_is_checked_like_any_other() {
    let token = ServeSettings {
        token: Some("s3cret".into()),
        ..settings()
    };
    let (open, closed) = (
        serve(settings(), snapshot(1)).await,
        serve(token, snapshot(1)).await,
    );
    let check =
        async |served: &super::Served, request: Request<Full<Bytes>>, status: u16, text: &str| {
            let mut client = connect(served.addr, 65_535).await;
            let answer = client.send_request(request).await.unwrap();
            assert_eq!(answer.status().as_u16(), status, "{text}");
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            assert!(
                body.starts_with(text.as_bytes()),
                "{body:?} instead of {text}"
            );
        };
    let with = |served: &super::Served, name: &'static str, value: &'static str| {
        let mut request = opening(served.addr, "/graphql");
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    let old = with(&open, "sec-websocket-version", "8");
    check(&open, old, 400, "websocket: version: not 13").await;
    let other = with(&open, "sec-websocket-protocol", "graphql-ws");
    check(&open, other, 400, "websocket: subprotocol").await;
    let foreign = with(&open, "origin", "http://evil.example");
    check(&open, foreign, 403, "origin: another site").await;
    let foreign = with(&open, "sec-fetch-site", "cross-site");
    check(&open, foreign, 403, "sec-fetch-site: another site").await;
    check(
        &open,
        opening(open.addr, "/metrics"),
        405,
        "method not allowed",
    )
    .await;
    check(&open, opening(open.addr, "/nowhere"), 404, "not found").await;
    let wrong = with(&closed, "authorization", "Bearer wrong");
    check(&closed, wrong, 401, "unauthorized").await;
    let in_url = opening(closed.addr, "/graphql?token=s3cret");
    check(&closed, in_url, 400, "token in the URL").await;
    let mut stranger = opening(open.addr, "/graphql");
    stranger
        .extensions_mut()
        .insert(Protocol::from_static("connect-udp"));
    check(&open, stranger, 405, "method not allowed").await;

    let mut client = connect(closed.addr, 65_535).await;
    let answer = client.send_request(opening(closed.addr, "/graphql")).await;
    let mut socket = Socket::of(answer.unwrap()).await;
    socket.begin(LIVE).await;
    let (opcode, payload) = socket.hear().await;
    assert_eq!(
        (opcode, &payload[..2]),
        (CLOSE, &4403_u16.to_be_bytes()[..])
    );
}
