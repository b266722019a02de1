//! What the tests of push share: snapshots that can be told apart, and a client that says on a
//! WebSocket whatever a test wants, by the rules or against them.

use std::net::SocketAddr;

use bytes::Bytes;
use hyper::Method;
use hyper::Version;
use hyper::header;
use hyper::header::HeaderValue;
use serde_json::Value;
use serde_json::json;
use streamgauge::snapshot::Snapshot;
use streamgauge::snapshot::WindowStats;
use streamgauge::stream::StreamState;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::http::Client;
use crate::http::HANG;
use crate::http::NOW;
use crate::http::request;

/// Opcodes of frames.
pub(crate) const TEXT: u8 = 1;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;
/// The bit of a message's last frame.
pub(crate) const FIN: u8 = 0x80;

/// A subscription that shows which snapshot it is of.
pub(crate) const LIVE: &str =
    "subscription { live(intervalMs: 100) { engine { snapshotSequence } } }";

/// The headers of a good handshake, but for the host.
pub(crate) const HANDSHAKE: &str = "upgrade: websocket\r\nconnection: keep-alive, Upgrade\r\n\
    sec-websocket-version: 13\r\nsec-websocket-key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n\
    sec-websocket-protocol: graphql-transport-ws\r\n";

/// A snapshot that can be told by its sequence.
pub(crate) fn snapshot(sequence: u64) -> Snapshot {
    let mut snapshot = Snapshot {
        engine_id: 7,
        sequence,
        now: NOW,
        published: NOW,
        windows: vec![WindowStats {
            length_ms: 60_000,
            ..WindowStats::default()
        }],
        ..Snapshot::default()
    };
    snapshot.stream.state = StreamState::Live;
    snapshot
}

/// What push counts, as the API shows it.
pub(crate) async fn counts(addr: SocketAddr) -> Value {
    let query =
        "{ engine { push { sockets subscribers feeds executed failed sent skipped cut } } }";
    let mut client = Client::connect(addr, Version::HTTP_11).await;
    let body = json!({ "query": query }).to_string();
    let mut request = request(addr, Method::POST, "/graphql", &body);
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert(header::CONTENT_TYPE, json);
    let answer = client.send(request).await;
    let mut answer: Value = serde_json::from_slice(answer.body()).unwrap();
    answer["data"]["engine"]["push"].take()
}

/// Waits until a count is as it should be.
pub(crate) async fn counted(addr: SocketAddr, name: &str, is_right: impl Fn(u64) -> bool) {
    let wait = async {
        while !is_right(counts(addr).await[name].as_u64().unwrap()) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    if timeout(HANG, wait).await.is_err() {
        panic!("{name}: {}", counts(addr).await);
    }
}

/// A client of a WebSocket.
pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
    read: Vec<u8>,
}

impl Raw {
    /// Opens a socket.
    pub(crate) async fn open(addr: SocketAddr) -> Self {
        let (raw, head) = Self::handshake(addr, HANDSHAKE).await;
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        let subprotocol = "\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n";
        assert!(head.contains(subprotocol), "{head}");
        raw
    }

    /// Opens a socket and gets as far as the acknowledgement.
    pub(crate) async fn begin(addr: SocketAddr) -> Self {
        let mut raw = Self::open(addr).await;
        raw.say(r#"{"type":"connection_init"}"#).await;
        assert_eq!(raw.hear().await, json!({ "type": "connection_ack" }));
        raw
    }

    /// Sends a handshake of these headers, and gives the head of the answer.
    pub(crate) async fn handshake(addr: SocketAddr, headers: &str) -> (Self, String) {
        Self::over(TcpStream::connect(addr).await.unwrap(), headers).await
    }

    /// The same over a connection that is there.
    pub(crate) async fn over(mut stream: TcpStream, headers: &str) -> (Self, String) {
        let host = if headers.contains("host: ") {
            ""
        } else {
            "host: localhost\r\n"
        };
        let path = headers
            .strip_prefix("path: ")
            .and_then(|rest| rest.split_once("\r\n"));
        let (path, headers) = path.unwrap_or(("/graphql", headers));
        let head = format!("GET {path} HTTP/1.1\r\n{host}{headers}\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut raw = Self {
            stream,
            read: Vec::new(),
        };
        let end = loop {
            if let Some(end) = raw.read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
            assert!(raw.fill().await, "no answer to the handshake");
        };
        let head: Vec<u8> = raw.read.drain(..end).collect();
        (raw, String::from_utf8(head).unwrap())
    }

    /// Sends a frame: its first byte, and its payload, masked.
    pub(crate) async fn frame(&mut self, first: u8, payload: &[u8]) {
        let bytes = masked(first, payload);
        // The server may have closed already, which reading tells.
        self.stream.write_all(&bytes).await.ok();
    }

    /// Sends a message.
    pub(crate) async fn say(&mut self, text: &str) {
        self.frame(FIN | TEXT, text.as_bytes()).await;
    }

    /// Asks for an operation.
    pub(crate) async fn subscribe(&mut self, id: &str, query: &str) {
        let message = json!({ "type": "subscribe", "id": id, "payload": { "query": query } });
        self.say(&message.to_string()).await;
    }

    /// The next frame, opcode and payload; `None` when the connection has ended.
    pub(crate) async fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Some((taken, opcode, payload)) = parse(&self.read) {
                self.read.drain(..taken);
                return Some((opcode, payload));
            }
            if !self.fill().await {
                return None;
            }
        }
    }

    /// The next message; pings are passed over.
    pub(crate) async fn hear(&mut self) -> Value {
        loop {
            match self.next().await {
                Some((TEXT, payload)) => return serde_json::from_slice(&payload).unwrap(),
                Some((PING, _)) => {}
                other => panic!("{other:?} instead of a message"),
            }
        }
    }

    /// The code and the reason of the close frame that comes after whatever else comes.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        loop {
            let (opcode, payload) = self.next().await.unwrap();
            if opcode == CLOSE {
                self.frame(FIN | CLOSE, &payload[..2]).await;
                let reason = String::from_utf8(payload[2..].to_vec()).unwrap();
                return (u16::from_be_bytes([payload[0], payload[1]]), reason);
            }
        }
    }

    /// Reads more; false at the end.
    async fn fill(&mut self) -> bool {
        let read = self.stream.read_buf(&mut self.read);
        let read = timeout(HANG, read).await.unwrap();
        // A reset is an end as well.
        read.unwrap_or(0) > 0
    }
}

/// A masked frame.
pub(crate) fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [7, 11, 13, 17];
    let mut bytes = vec![first];
    match u16::try_from(payload.len()) {
        Ok(length @ 0..126) => bytes.push(0x80 | u8::try_from(length).unwrap()),
        Ok(length) => {
            bytes.push(0x80 | 126);
            bytes.extend(length.to_be_bytes());
        }
        Err(_) => {
            bytes.push(0x80 | 127);
            bytes.extend((payload.len() as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(
        payload
            .iter()
            .zip(MASK.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    bytes
}

/// A whole unmasked frame at the beginning of some bytes: how many it takes, opcode and payload.
pub(crate) fn parse(bytes: &[u8]) -> Option<(usize, u8, Vec<u8>)> {
    let (&first, &second) = (bytes.first()?, bytes.get(1)?);
    assert_eq!(first & 0xf0, FIN, "the server sends whole messages");
    let (length, head) = match second {
        0..126 => (usize::from(second), 2),
        126 => (
            usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().unwrap())),
            4,
        ),
        127 => {
            let length = u64::from_be_bytes(bytes.get(2..10)?.try_into().unwrap());
            (usize::try_from(length).unwrap(), 10)
        }
        _ => panic!("the server masks"),
    };
    let payload = bytes.get(head..head + length)?;
    Some((head + length, first & 15, payload.to_vec()))
}

/// Reads the events of a response with server-sent events as they come.
pub(crate) struct Events {
    stream: TcpStream,
    read: String,
}

impl Events {
    /// Asks for a query by GET, and gives the head of the answer.
    pub(crate) async fn open(addr: SocketAddr, query: &str, headers: &str) -> (Self, String) {
        let stream = TcpStream::connect(addr).await.unwrap();
        let mut events = Self::ask(stream, query, headers).await;
        let head = events.until("\r\n\r\n").await.unwrap();
        (events, head)
    }

    /// Asks over a connection that is there, and reads nothing.
    pub(crate) async fn over(stream: TcpStream, query: &str) -> Self {
        Self::ask(stream, query, "").await
    }

    async fn ask(mut stream: TcpStream, query: &str, headers: &str) -> Self {
        let query: String = query.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let head = format!(
            "GET /graphql?query={query} HTTP/1.1\r\nhost: localhost\r\n\
             accept: text/event-stream\r\n{headers}\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        Self {
            stream,
            read: String::new(),
        }
    }

    /// The next event's name and data, comments as `:`; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<(String, String)> {
        let event = self.until("\n\n").await?;
        // What is between the chunks of the transfer coding is no line of an event.
        let lines = event.lines().filter(|line| !line.ends_with('\r'));
        let (mut name, mut data) = (String::new(), String::new());
        for line in lines {
            match line.split_once(':') {
                Some(("", _)) => name = String::from(":"),
                Some(("event", value)) => name = value.trim().to_owned(),
                Some(("data", value)) => data = value.trim().to_owned(),
                _ => {}
            }
        }
        Some((name, data))
    }

    async fn until(&mut self, end: &str) -> Option<String> {
        loop {
            if let Some(at) = self.read.find(end) {
                let rest = self.read.split_off(at + end.len());
                return Some(std::mem::replace(&mut self.read, rest));
            }
            let mut bytes = Vec::new();
            let read = timeout(HANG, self.stream.read_buf(&mut bytes)).await;
            let read = read.unwrap().unwrap_or(0);
            if read == 0 {
                return None;
            }
            self.read.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }
}

/// Sends a POST that accepts what `accept` says.
pub(crate) async fn post(addr: SocketAddr, accept: &str, body: &Value) -> (u16, Bytes) {
    let mut client = Client::connect(addr, Version::HTTP_11).await;
    let mut request = request(addr, Method::POST, "/graphql", &body.to_string());
    let headers = request.headers_mut();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    headers.insert(header::ACCEPT, HeaderValue::from_str(accept).unwrap());
    let answer = client.send(request).await;
    (answer.status().as_u16(), answer.into_body())
}
