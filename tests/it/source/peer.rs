//! A WebSocket server by hand: raw TCP and hand-written frames, so that it can send what no library
//! would.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::Digest;
use sha1::Sha1;
use streamgauge::time::Clock;
use streamgauge::time::EpochMs;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::auth::read_request;

pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const PONG: u8 = 0xA;

/// One connection as the server sees it.
pub(crate) struct Peer<S = TcpStream> {
    socket: S,
    /// The request of the handshake.
    pub(crate) request: String,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub(crate) async fn new(mut socket: S) -> Self {
        let request = read_request(&mut socket).await;
        Self { socket, request }
    }

    pub(crate) fn header(&self, name: &str) -> String {
        self.request
            .lines()
            .find_map(|line| {
                let (found, value) = line.split_once(": ")?;
                found.eq_ignore_ascii_case(name).then(|| value.to_owned())
            })
            .unwrap_or_default()
    }

    pub(crate) fn accept_value(&self) -> String {
        let key = self.header("sec-websocket-key");
        assert_eq!(STANDARD.decode(&key).unwrap().len(), 16);
        let digest = Sha1::new()
            .chain_update(key)
            .chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
        STANDARD.encode(digest.finalize())
    }

    /// The 101 as a proxy would send it, with a list in `Connection`.
    pub(crate) fn switching_protocols(&self) -> String {
        let accept = self.accept_value();
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: keep-alive, Upgrade\r\n\
             Upgrade: WebSocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
        )
    }

    /// Accepts, takes the subscription and answers the ping: the client is live.
    pub(crate) async fn open(&mut self) {
        let head = self.switching_protocols();
        self.open_with(&head).await;
    }

    /// The same with this answer to the handshake.
    pub(crate) async fn open_with(&mut self, head: &str) {
        self.write(head.as_bytes()).await;
        let (opcode, subscription) = self.read_frame().await.unwrap();
        assert_eq!(opcode, TEXT);
        assert_eq!(
            String::from_utf8(subscription).unwrap(),
            r#"{"subscription":{"eventTypes":["webchat:connected","webchat:disconnected","webchat:message"],"filter":{"channel":"webchat"}}}"#
        );
        let (opcode, payload) = self.read_frame().await.unwrap();
        assert_eq!(opcode, PING);
        self.write(&frame(0x80 | PONG, &payload)).await;
    }

    /// Writes bytes; a client that has left is no failure of the test.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        let _ = self.socket.write_all(bytes).await;
        let _ = self.socket.flush().await;
    }

    /// Reads a frame, which a client must have masked; `None` at the end of the connection.
    pub(crate) async fn read_frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut head = [0; 2];
        self.socket.read_exact(&mut head).await.ok()?;
        assert_eq!(head[1] & 0x80, 0x80, "client frames are masked");
        let length = match head[1] & 0x7f {
            126 => usize::from(self.socket.read_u16().await.ok()?),
            length => usize::from(length),
        };
        let mut mask = [0; 4];
        self.socket.read_exact(&mut mask).await.ok()?;
        let mut payload = vec![0; length];
        self.socket.read_exact(&mut payload).await.ok()?;
        for (index, byte) in payload.iter_mut().enumerate() {
            *byte ^= mask[index % 4];
        }
        Some((head[0] & 0x0f, payload))
    }

    /// Reads until the client closes and answers nothing; its code, 1006 if it just leaves.
    pub(crate) async fn until_close_silently(&mut self) -> u16 {
        while let Some((opcode, payload)) = self.read_frame().await {
            if opcode == CLOSE {
                return u16::from_be_bytes([payload[0], payload[1]]);
            }
        }
        1006
    }

    /// Answers pings until the client closes; its code, 1006 if it just leaves.
    pub(crate) async fn until_close(&mut self) -> u16 {
        while let Some((opcode, payload)) = self.read_frame().await {
            match opcode {
                PING => self.write(&frame(0x80 | PONG, &payload)).await,
                CLOSE => return u16::from_be_bytes([payload[0], payload[1]]),
                _ => {}
            }
        }
        1006
    }
}

/// A frame as a server sends it: unmasked. `first` is the first byte: FIN, RSV bits, opcode.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..126 => frame.push(u8::try_from(length).unwrap()),
        length @ 126..65_536 => {
            frame.push(126);
            frame.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
        length => {
            frame.push(127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame
}

pub(crate) fn event(number: usize) -> Vec<u8> {
    event_at(number, Clock::system().wall())
}

pub(crate) fn event_at(number: usize, time: EpochMs) -> Vec<u8> {
    frame(0x80 | TEXT, &json(number, time))
}

pub(crate) fn json(number: usize, time: EpochMs) -> Vec<u8> {
    let time = time.ms();
    format!(
        r#"{{"eventType":"webchat:message","timestamp":{time},"data":{{"sessionId":"s-{number}","messageId":"m-{number}"}},"metadata":{{"seq":{number}}}}}"#
    )
    .into_bytes()
}

pub(crate) fn close(code: u16, reason: &str) -> Vec<u8> {
    frame(
        0x80 | CLOSE,
        &[&code.to_be_bytes(), reason.as_bytes()].concat(),
    )
}

/// A server whose scripts' failures fail the test.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    failed: CancellationToken,
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.failed.is_cancelled() && !std::thread::panicking() {
            panic!("an assertion of the server failed");
        }
    }
}

/// Serves every connection by a function of its number, from 0.
pub(crate) async fn serve<F, Fut>(script: F) -> Server
where
    F: Fn(usize, Peer) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server {
        address: listener.local_addr().unwrap(),
        failed: CancellationToken::new(),
    };
    let script = Arc::new(script);
    let failed = server.failed.clone();
    tokio::spawn(async move {
        for number in 0.. {
            let (socket, _) = listener.accept().await.unwrap();
            let script = Arc::clone(&script);
            let failed = failed.clone();
            tokio::spawn(async move {
                let running = tokio::spawn(async move {
                    script(number, Peer::new(socket).await).await;
                });
                if running.await.is_err_and(|error| error.is_panic()) {
                    failed.cancel();
                }
            });
        }
    });
    server
}
