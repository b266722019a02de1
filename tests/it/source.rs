//! The `events-stream` source against a hostile WebSocket server over real sockets. The server is
//! raw TCP and writes its frames by hand, so that it can send what no library would.

#![expect(
    clippy::unwrap_used,
    reason = "fixtures of tests: a failure here is the test's failure"
)]

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::Digest;
use sha1::Sha1;
use streamgauge::config::Overload;
use streamgauge::config::StreamSettings;
use streamgauge::config::limits::MESSAGE_BYTES_MAX;
use streamgauge::event::Event;
use streamgauge::event::IdKeys;
use streamgauge::event::Reject;
use streamgauge::net::Connector;
use streamgauge::parse::Parser;
use streamgauge::ring::Bell;
use streamgauge::ring::Consumer;
use streamgauge::ring::Delta;
use streamgauge::ring::ring;
use streamgauge::source::EventsStream;
use streamgauge::source::Exit;
use streamgauge::stream::LossCause;
use streamgauge::stream::StreamNote;
use streamgauge::stream::StreamState;
use streamgauge::time::Clock;
use streamgauge::time::EpochMs;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::auth::TokenEndpoint;
use crate::auth::read_request;

/// No test takes this long: it only keeps a broken one from hanging.
const HANG: Duration = Duration::from_secs(30);

const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;

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

    fn header(&self, name: &str) -> String {
        self.request
            .lines()
            .find_map(|line| {
                let (found, value) = line.split_once(": ")?;
                found.eq_ignore_ascii_case(name).then(|| value.to_owned())
            })
            .unwrap_or_default()
    }

    fn accept_value(&self) -> String {
        let key = self.header("sec-websocket-key");
        assert_eq!(STANDARD.decode(&key).unwrap().len(), 16);
        let digest = Sha1::new()
            .chain_update(key)
            .chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
        STANDARD.encode(digest.finalize())
    }

    /// Answers 101 as a proxy would, with a list in `Connection`.
    async fn accept(&mut self) {
        let accept = self.accept_value();
        self.write(
            format!(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: keep-alive, Upgrade\r\n\
                 Upgrade: WebSocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
            )
            .as_bytes(),
        )
        .await;
    }

    /// Accepts, takes the subscription and answers the ping: the client is live.
    pub(crate) async fn open(&mut self) {
        self.accept().await;
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
    async fn read_frame(&mut self) -> Option<(u8, Vec<u8>)> {
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
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
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

fn event_at(number: usize, time: EpochMs) -> Vec<u8> {
    frame(0x80 | TEXT, &json(number, time))
}

fn json(number: usize, time: EpochMs) -> Vec<u8> {
    let time = time.ms();
    format!(
        r#"{{"eventType":"webchat:message","timestamp":{time},"data":{{"sessionId":"s-{number}","messageId":"m-{number}"}},"metadata":{{"seq":{number}}}}}"#
    )
    .into_bytes()
}

fn close(code: u16, reason: &str) -> Vec<u8> {
    frame(
        0x80 | CLOSE,
        &[&code.to_be_bytes(), reason.as_bytes()].concat(),
    )
}

/// A server whose scripts' failures fail the test.
struct Server {
    address: SocketAddr,
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
async fn serve<F, Fut>(script: F) -> Server
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

/// A running source and everything it has put on its ring.
pub(crate) struct Rig {
    consumer: Consumer,
    shutdown: CancellationToken,
    source: JoinHandle<Exit>,
    pub(crate) events: Vec<Event>,
    pub(crate) delta: Delta,
    pub(crate) notes: Vec<StreamNote>,
    batches: usize,
    position: u64,
}

/// Settings for a test: short delays, everything else as in production.
fn settings(address: SocketAddr) -> StreamSettings {
    let url = format!("ws://{address}/api/v2/analytics/events/stream");
    let mut settings = StreamSettings::new(url.parse().unwrap());
    settings.backoff_base = Duration::from_millis(10);
    settings.backoff_cap = Duration::from_millis(50);
    settings
}

impl Rig {
    /// Starts a source with a ring of 64 batches of 64 events.
    async fn start(settings: StreamSettings) -> Self {
        let endpoint = TokenEndpoint::granting().await;
        Self::with(settings, &endpoint, 64, 64)
    }

    pub(crate) fn with(
        settings: StreamSettings,
        endpoint: &TokenEndpoint,
        ring_batches: usize,
        batch_events: usize,
    ) -> Self {
        let (producer, consumer) = ring(ring_batches, batch_events, Bell::new());
        let connector = Connector::new(settings.ca_file.as_deref()).unwrap();
        let parser = Parser::new(IdKeys::FIXED);
        let clock = Clock::system();
        let source = EventsStream::new(
            settings,
            connector,
            endpoint.tokens(),
            parser,
            producer,
            clock,
        )
        .unwrap();
        let shutdown = CancellationToken::new();
        Self {
            consumer,
            source: tokio::spawn(source.run(shutdown.clone())),
            shutdown,
            events: Vec::new(),
            delta: Delta::default(),
            notes: Vec::new(),
            batches: 0,
            position: 0,
        }
    }

    fn drain(&mut self) {
        while let Some(mut batch) = self.consumer.drain() {
            assert!(!batch.is_empty());
            assert!(batch.offered_ns >= batch.arrival_ns);
            self.batches += 1;
            self.events.append(&mut batch.events);
            self.notes.append(&mut batch.notes);
            self.delta.received += batch.delta.received;
            self.delta.ignored += batch.delta.ignored;
            self.delta.shed += batch.delta.shed;
            self.delta.bytes += batch.delta.bytes;
            for (sum, count) in self.delta.rejected.iter_mut().zip(batch.delta.rejected) {
                *sum += count;
            }
            self.position = batch.position.sequence;
            self.consumer.recycle(batch);
            // Holds at every batch, so in every snapshot.
            let fates = self.events.len() as u64
                + self.delta.ignored
                + self.delta.shed
                + self.delta.rejected.iter().sum::<u64>();
            assert_eq!(self.delta.received, fates);
            assert_eq!(self.delta.received, self.position);
        }
    }

    /// Drains until `done` holds.
    pub(crate) async fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let waiting = async {
            loop {
                self.drain();
                if done(self) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let outcome = timeout(HANG, waiting).await;
        assert!(outcome.is_ok(), "never: {what}; notes {:?}", self.notes);
    }

    async fn until_events(&mut self, count: usize) {
        self.until("events", |rig| rig.events.len() >= count).await;
    }

    async fn until_live(&mut self, times: usize) {
        self.until("live", |rig| rig.lives().len() >= times).await;
    }

    async fn until_losses(&mut self, times: usize) {
        self.until("lost", |rig| rig.losses().len() >= times).await;
    }

    /// Cancels, drains to the end and returns why the source ended.
    pub(crate) async fn stop(&mut self) -> Exit {
        self.shutdown.cancel();
        self.until("closed", |rig| {
            rig.notes.last() == Some(&StreamNote::State(StreamState::Closed))
        })
        .await;
        timeout(HANG, &mut self.source).await.unwrap().unwrap()
    }

    fn lives(&self) -> Vec<EpochMs> {
        let lives = self.notes.iter().filter_map(|note| match note {
            StreamNote::Live { at } => Some(*at),
            _ => None,
        });
        lives.collect()
    }

    /// Losses of open connections and failed tries, in order.
    fn losses(&self) -> Vec<(LossCause, String)> {
        let losses = self.notes.iter().filter_map(|note| match note {
            StreamNote::Lost { cause, detail, .. } | StreamNote::Failed { cause, detail } => {
                Some((*cause, detail.clone()))
            }
            _ => None,
        });
        losses.collect()
    }

    fn states(&self) -> Vec<StreamState> {
        let states = self.notes.iter().filter_map(|note| match note {
            StreamNote::State(state) => Some(*state),
            _ => None,
        });
        states.collect()
    }

    fn protocol_errors(&self) -> usize {
        let is_error = |note: &&StreamNote| **note == StreamNote::ProtocolError;
        self.notes.iter().filter(is_error).count()
    }
}

#[tokio::test]
async fn smoke() {
    let server = serve(|_, mut peer| async move {
        let request = peer.request.clone();
        assert!(
            request.starts_with("GET /api/v2/analytics/events/stream HTTP/1.1\r\n"),
            "{request}"
        );
        assert_eq!(peer.header("authorization"), "Bearer token-1");
        assert_eq!(peer.header("sec-websocket-version"), "13");
        assert_eq!(peer.header("sec-websocket-extensions"), "");
        peer.open().await;
        peer.write(&event(1)).await;
        peer.write(&frame(0x80 | TEXT, br#"{"eventType":"webchat:typing"}"#))
            .await;
        peer.write(&frame(0x80 | TEXT, b"{")).await;
        peer.write(&frame(0x80 | BINARY, b"x")).await;
        peer.write(&event(2)).await;
        assert_eq!(peer.until_close().await, 1000);
        // What was on its way when the close came is still counted.
        peer.write(&event(3)).await;
        peer.write(&close(1000, "")).await;
    })
    .await;
    let mut rig = Rig::start(settings(server.address)).await;
    rig.until_events(2).await;
    assert_eq!(rig.stop().await, Exit::Shutdown);
    assert_eq!(rig.events.len(), 3);
    assert_eq!(rig.delta.received, 6);
    assert_eq!(rig.delta.ignored, 1);
    assert_eq!(rig.delta.rejected[Reject::NotJson.index()], 1);
    assert_eq!(rig.delta.rejected[Reject::Binary.index()], 1);
    use StreamState::{Closed, Connecting, Live};
    assert_eq!(rig.states(), [Connecting, Live, Closed]);
    assert_eq!(rig.lives().len(), 1);
    assert!(rig.losses().is_empty());
}

#[tokio::test]
async fn an_answer_that_is_no_handshake_is_refused() {
    let answers: [(&str, LossCause, &str); 8] = [
        (
            "101 OK\r\nConnection: Upgrade\r\nUpgrade: websocket",
            LossCause::Protocol,
            "no sec-websocket-accept",
        ),
        (
            "101 OK\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            LossCause::Protocol,
            "wrong sec-websocket-accept",
        ),
        (
            "101 OK\r\nConnection: close\r\nUpgrade: websocket",
            LossCause::Protocol,
            "no connection upgrade",
        ),
        (
            "200 OK\r\nContent-Length: 2\r\n\r\nhi",
            LossCause::Unreachable,
            "status 200 instead of 101",
        ),
        (
            "302 Found\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0",
            LossCause::Unreachable,
            "redirects are not followed",
        ),
        (
            "500 Oops\r\nContent-Length: 0",
            LossCause::Unreachable,
            "status 500",
        ),
        (
            "404 Not Found\r\nContent-Length: 0",
            LossCause::Unreachable,
            "check the stream url",
        ),
        ("garbage", LossCause::Unreachable, "handshake: "),
    ];
    let script = answers;
    let server = serve(move |number, mut peer| async move {
        match script.get(number) {
            Some((answer, _, _)) => {
                peer.write(format!("HTTP/1.1 {answer}\r\n\r\n").as_bytes())
                    .await
            }
            None => peer.open().await,
        }
        peer.until_close().await;
    })
    .await;
    let mut rig = Rig::start(settings(server.address)).await;
    rig.until_live(1).await;
    for ((cause, detail), (_, expected, part)) in rig.losses().iter().zip(&answers) {
        assert_eq!(cause, expected, "{detail}");
        assert!(detail.contains(part), "{detail} lacks {part}");
    }
    assert_eq!(rig.losses().len(), answers.len());
    assert_eq!(rig.protocol_errors(), 3);
    rig.stop().await;
}

#[tokio::test]
async fn a_refused_token_is_replaced_at_once() {
    for refusal in ["401 Unauthorized", "403 Forbidden"] {
        let server = serve(move |number, mut peer| async move {
            assert_eq!(
                peer.header("authorization"),
                format!("Bearer token-{}", number + 1)
            );
            if number == 0 {
                let answer = format!("HTTP/1.1 {refusal}\r\nContent-Length: 0\r\n\r\n");
                peer.write(answer.as_bytes()).await;
                return;
            }
            peer.open().await;
            peer.until_close().await;
        })
        .await;
        let endpoint = TokenEndpoint::granting().await;
        let mut rig = Rig::with(settings(server.address), &endpoint, 64, 64);
        rig.until_live(1).await;
        let losses = rig.losses();
        assert_eq!(losses.len(), 1);
        assert_eq!(losses[0].0, LossCause::Refused);
        for part in ["analytics:events:read", "GENESYS_ENV", &refusal[..3]] {
            assert!(losses[0].1.contains(part), "{}", losses[0].1);
        }
        assert_eq!(endpoint.asked(), 2);
        rig.stop().await;
    }
}

#[tokio::test]
async fn a_client_that_stays_refused_is_a_state_of_its_own() {
    let server = serve(|_, mut peer| async move {
        peer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            .await;
    })
    .await;
    let mut rig = Rig::start(settings(server.address)).await;
    rig.until_losses(2).await;
    assert_eq!(rig.states().last(), Some(&StreamState::Refused));
    // It sleeps for a minute now; the shutdown wakes it.
    assert_eq!(rig.stop().await, Exit::Shutdown);
}

#[tokio::test]
async fn a_refused_client_reaches_the_notes() {
    let endpoint = TokenEndpoint::start(|_| {
        let body = r#"{"error":"invalid_client"}"#;
        crate::auth::answer("401 Unauthorized", "application/json", body)
    })
    .await;
    let nowhere = "127.0.0.1:1".parse().unwrap();
    let mut rig = Rig::with(settings(nowhere), &endpoint, 64, 64);
    rig.until_losses(1).await;
    rig.until("refused", |rig| {
        rig.states().last() == Some(&StreamState::Refused)
    })
    .await;
    let (cause, detail) = rig.losses()[0].clone();
    assert_eq!(cause, LossCause::Refused);
    assert!(detail.contains("invalid_client"), "{detail}");
    assert_eq!(rig.stop().await, Exit::Shutdown);
    assert_eq!(endpoint.asked(), 1);
}

#[tokio::test]
async fn retry_after_is_waited_for() {
    for status in ["429 Too Many Requests", "503 Unavailable"] {
        let server = serve(move |number, mut peer| async move {
            if number == 0 {
                let answer =
                    format!("HTTP/1.1 {status}\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n");
                peer.write(answer.as_bytes()).await;
                return;
            }
            peer.open().await;
            peer.until_close().await;
        })
        .await;
        let clock = Clock::system();
        let mut rig = Rig::start(settings(server.address)).await;
        rig.until_live(1).await;
        assert!(clock.mono_ns() >= 1_000_000_000);
        assert_eq!(rig.losses().len(), 1);
        rig.stop().await;
    }
}

#[tokio::test]
async fn broken_protocol_ends_the_connection_with_its_code() {
    let masked = [
        vec![0x80 | TEXT, 0x80 | 2, 1, 2, 3, 4],
        vec![b'h' ^ 1, b'i' ^ 2],
    ]
    .concat();
    let cases: [(&str, Vec<u8>, u16); 12] = [
        ("masked", masked, 1002),
        ("reserved bit", frame(0xC0 | TEXT, b"{}"), 1002),
        ("opcode", frame(0x83, b""), 1002),
        ("orphan continuation", frame(0x80, b"x"), 1002),
        (
            "interleaved",
            [frame(TEXT, b"a"), frame(0x80 | TEXT, b"b")].concat(),
            1002,
        ),
        ("long pong", frame(0x80 | PONG, &[0; 200]), 1002),
        ("long ping", frame(0x80 | PING, &[0; 126]), 1002),
        ("fragmented ping", frame(PING, b""), 1002),
        ("illegal close", close(1005, ""), 1002),
        ("utf-8", frame(0x80 | TEXT, b"\xff"), 1007),
        (
            "utf-8 in fragments",
            [frame(TEXT, b"\xc3"), frame(0x80, b"x")].concat(),
            1007,
        ),
        (
            "frame over the limit",
            {
                let mut head = vec![0x80 | TEXT, 127];
                head.extend((MESSAGE_BYTES_MAX as u64 + 1).to_be_bytes());
                head
            },
            1009,
        ),
    ];
    let count = cases.len();
    let cases = Arc::new(cases);
    let server = serve(move |number, mut peer| {
        let cases = Arc::clone(&cases);
        async move {
            peer.open().await;
            if let Some((name, bytes, code)) = cases.get(number) {
                peer.write(bytes).await;
                assert_eq!(peer.until_close().await, *code, "{name}");
            }
            peer.write(&event(number)).await;
            peer.until_close().await;
        }
    })
    .await;
    let mut rig = Rig::start(settings(server.address)).await;
    rig.until_events(1).await;
    let losses = rig.losses();
    assert_eq!(losses.len(), count, "{losses:?}");
    assert!(
        losses
            .iter()
            .all(|(cause, _)| *cause == LossCause::Protocol),
        "{losses:?}"
    );
    assert_eq!(rig.protocol_errors(), count);
    assert_eq!(rig.lives().len(), count + 1);
    assert_eq!(rig.delta.rejected[Reject::Utf8.index()], 2);
    assert_eq!(rig.delta.rejected[Reject::TooBig.index()], 1);
    rig.stop().await;
}

#[tokio::test]
async fn the_sum_of_fragments_is_limited() {
    let server = serve(|number, mut peer| async move {
        peer.open().await;
        if number == 0 {
            peer.write(&frame(TEXT, &[b' '; 4_096])).await;
            for _ in 0..600 {
                peer.write(&frame(0, &[b' '; 4_096])).await;
            }
        }
        peer.until_close().await;
    })
    .await;
    let mut rig = Rig::start(settings(server.address)).await;
    rig.until_live(2).await;
    assert_eq!(rig.losses().len(), 1);
    assert_eq!(rig.losses()[0].0, LossCause::Protocol);
    assert_eq!(rig.delta.rejected[Reject::TooBig.index()], 1);
    assert_eq!(rig.delta.received, 1);
    rig.stop().await;
}

#[tokio::test]
async fn fragments_and_controls_between_them_are_fine() {
    let server = serve(|_, mut peer| async move {
        peer.open().await;
        let json = json(1, Clock::system().wall());
        peer.write(&frame(TEXT, &json[..10])).await;
        peer.write(&frame(0x80 | PING, b"still there?")).await;
        assert_eq!(
            peer.read_frame().await.unwrap(),
            (PONG, b"still there?".to_vec())
        );
        peer.write(&frame(0, &json[10..20])).await;
        peer.write(&frame(0x80, &json[20..])).await;
        peer.until_close().await;
    })
    .await;
    let mut rig = Rig::start(settings(server.address)).await;
    rig.until_events(1).await;
    rig.stop().await;
    assert_eq!(rig.delta.received, 1);
    assert!(rig.losses().is_empty());
}

#[tokio::test]
async fn only_binary_messages_are_another_protocol() {
    let server = serve(|number, mut peer| async move {
        peer.open().await;
        if number == 0 {
            peer.write(&frame(0x80 | BINARY, b"x").repeat(100)).await;
        }
        peer.until_close().await;
    })
    .await;
    let mut rig = Rig::start(settings(server.address)).await;
    rig.until_live(2).await;
    assert_eq!(rig.delta.rejected[Reject::Binary.index()], 100);
    assert_eq!(rig.losses()[0].0, LossCause::Protocol);
    rig.stop().await;
}

#[tokio::test]
async fn each_loss_costs_one_reconnect_and_says_why() {
    let codes = [1000, 1001, 1011, 4000, 4401];
    let server = serve(move |number, mut peer| async move {
        peer.open().await;
        if let Some(code) = codes.get(number) {
            peer.write(&close(*code, "bye\n")).await;
            assert_eq!(peer.until_close().await, *code);
        } else if number == codes.len() {
            return;
        }
        assert_eq!(
            peer.header("authorization"),
            if number > 4 {
                "Bearer token-2"
            } else {
                "Bearer token-1"
            }
        );
        peer.until_close().await;
    })
    .await;
    let endpoint = TokenEndpoint::granting().await;
    let mut rig = Rig::with(settings(server.address), &endpoint, 64, 64);
    let connections = codes.len() + 2;
    rig.until_live(connections).await;
    let losses = rig.losses();
    assert_eq!(losses.len(), connections - 1);
    for (code, (cause, detail)) in codes.iter().zip(&losses) {
        let refused = *code == 4401;
        assert_eq!(
            *cause,
            if refused {
                LossCause::Refused
            } else {
                LossCause::Closed
            }
        );
        assert!(detail.contains(&format!("({code}): bye\\n")), "{detail}");
    }
    assert_eq!(losses[codes.len()].0, LossCause::Dropped);
    assert_eq!(endpoint.asked(), 2);
    rig.stop().await;
}

#[tokio::test]
async fn a_gap_begins_with_the_newest_event() {
    let server = serve(|number, mut peer| async move {
        peer.open().await;
        if number == 0 {
            // A second ping means that it is live since the first.
            let (opcode, _) = peer.read_frame().await.unwrap();
            assert_eq!(opcode, PING);
            let now = Clock::system().wall();
            peer.write(&event_at(1, now)).await;
            peer.write(&event_at(2, now - 30_000)).await;
            return;
        }
        peer.until_close().await;
    })
    .await;
    let mut settings = settings(server.address);
    settings.ping_interval = Duration::from_millis(50);
    let mut rig = Rig::start(settings).await;
    rig.until_live(2).await;
    let since = rig.notes.iter().find_map(|note| match note {
        StreamNote::Lost { since, .. } => Some(*since),
        _ => None,
    });
    assert_eq!(since, Some(rig.events[0].time));
    assert!(rig.lives()[0] <= rig.events[0].time);
    rig.stop().await;
}

#[tokio::test]
async fn a_gap_after_silence_begins_no_earlier_than_live() {
    let server = serve(|number, mut peer| async move {
        peer.open().await;
        if number > 0 {
            peer.until_close().await;
        }
    })
    .await;
    let mut rig = Rig::start(settings(server.address)).await;
    rig.until_live(2).await;
    let lost = rig.notes.iter().find_map(|note| match note {
        StreamNote::Lost { since, cause, .. } => Some((*since, *cause)),
        _ => None,
    });
    assert_eq!(lost, Some((rig.lives()[0], LossCause::Dropped)));
    rig.stop().await;
}

#[tokio::test]
async fn a_half_open_peer_is_given_up() {
    let server = serve(|number, mut peer| async move {
        peer.open().await;
        if number == 0 {
            // Neither reads nor writes nor closes.
            tokio::time::sleep(HANG).await;
        }
        peer.until_close().await;
    })
    .await;
    let mut settings = settings(server.address);
    settings.ping_interval = Duration::from_millis(50);
    settings.dead_after = Duration::from_secs(1);
    let mut rig = Rig::start(settings).await;
    rig.until_live(2).await;
    assert_eq!(rig.losses().len(), 1);
    assert_eq!(rig.losses()[0].0, LossCause::DeadPeer);
    rig.stop().await;
}

#[tokio::test]
async fn a_peer_that_answers_pings_is_not_dead() {
    let server = serve(|_, mut peer| async move {
        peer.open().await;
        for _ in 0..30 {
            let (opcode, payload) = peer.read_frame().await.unwrap();
            assert_eq!(opcode, PING);
            peer.write(&frame(0x80 | PONG, &payload)).await;
        }
        peer.write(&event(1)).await;
        peer.until_close().await;
    })
    .await;
    let mut settings = settings(server.address);
    settings.ping_interval = Duration::from_millis(100);
    settings.dead_after = Duration::from_secs(2);
    let mut rig = Rig::start(settings).await;
    rig.until_events(1).await;
    assert!(rig.losses().is_empty(), "{:?}", rig.losses());
    rig.stop().await;
}

const FLOOD: usize = 10_000;

fn flood() -> Vec<u8> {
    (0..FLOOD).flat_map(event).collect()
}

#[tokio::test]
async fn many_frames_of_one_write_are_batched() {
    let server = serve(|_, mut peer| async move {
        peer.open().await;
        peer.write(&flood()).await;
        peer.until_close().await;
    })
    .await;
    let mut rig = Rig::start(settings(server.address)).await;
    rig.until_events(FLOOD).await;
    rig.stop().await;
    assert_eq!(rig.events.len(), FLOOD);
    assert!(rig.batches < FLOOD / 4, "{} batches", rig.batches);
    let sent: usize = (0..FLOOD)
        .map(|number| json(number, Clock::system().wall()).len())
        .sum();
    assert_eq!(rig.delta.bytes, sent as u64);
}

#[tokio::test]
async fn a_full_ring_loses_nothing_and_is_not_held_against_the_peer() {
    let server = serve(|_, mut peer| async move {
        peer.open().await;
        peer.write(&flood()).await;
        peer.until_close().await;
    })
    .await;
    let mut settings = settings(server.address);
    settings.ping_interval = Duration::from_millis(50);
    settings.dead_after = Duration::from_secs(1);
    let endpoint = TokenEndpoint::granting().await;
    let mut rig = Rig::with(settings, &endpoint, 2, 16);
    rig.until_live(1).await;
    // The consumer sleeps far longer than a silent peer would be given.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(rig.consumer.depth_events() <= rig.consumer.capacity_events());
    rig.until_events(FLOOD).await;
    rig.stop().await;
    assert_eq!(rig.events.len(), FLOOD);
    assert!(rig.losses().is_empty(), "{:?}", rig.losses());
    assert_eq!(rig.delta.shed, 0);
    rig.events.dedup_by_key(|event| event.session);
    assert_eq!(rig.events.len(), FLOOD, "nothing comes twice");
}

#[tokio::test]
async fn shedding_counts_every_event() {
    let all_read = CancellationToken::new();
    let seen = all_read.clone();
    let server = serve(move |_, mut peer| {
        let seen = seen.clone();
        async move {
            peer.open().await;
            peer.write(&flood()).await;
            peer.write(&frame(0x80 | PING, b"read all?")).await;
            while peer.read_frame().await.unwrap() != (PONG, b"read all?".to_vec()) {}
            seen.cancel();
            peer.until_close().await;
        }
    })
    .await;
    let mut settings = settings(server.address);
    settings.overload = Overload::Shed;
    let endpoint = TokenEndpoint::granting().await;
    let mut rig = Rig::with(settings, &endpoint, 2, 16);
    // Nothing is drained before the source has read everything.
    timeout(HANG, all_read.cancelled()).await.unwrap();
    rig.until("all counted", |rig| rig.delta.received == FLOOD as u64)
        .await;
    rig.stop().await;
    assert!(rig.delta.shed > 0);
    assert_eq!(rig.events.len() as u64 + rig.delta.shed, FLOOD as u64);
    assert_eq!(rig.lives().len(), 1, "notes are never shed");
    assert!(rig.losses().is_empty());
}

#[tokio::test]
async fn a_shutdown_ends_the_wait_for_a_full_ring() {
    let server = serve(|_, mut peer| async move {
        peer.open().await;
        peer.write(&flood()).await;
        peer.until_close().await;
    })
    .await;
    let endpoint = TokenEndpoint::granting().await;
    let rig = Rig::with(settings(server.address), &endpoint, 2, 16);
    tokio::time::sleep(Duration::from_millis(200)).await;
    rig.shutdown.cancel();
    // Nobody drains the ring any more.
    let exit = timeout(HANG, rig.source).await.unwrap().unwrap();
    assert_eq!(exit, Exit::Shutdown);
}

#[tokio::test]
async fn the_token_stands_in_the_query_only_if_asked_and_is_never_told() {
    for in_query in [false, true] {
        let server = serve(move |number, mut peer| async move {
            assert_eq!(
                peer.request
                    .contains("?access_token=canary%2Ftoken HTTP/1.1"),
                in_query
            );
            assert_eq!(
                peer.request.lines().next().unwrap().contains("canary"),
                in_query
            );
            assert_eq!(peer.header("authorization"), "Bearer canary/token");
            match number {
                0 => {
                    peer.write(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")
                        .await
                }
                1 => peer.write(b"nonsense\r\n\r\n").await,
                _ => peer.open().await,
            }
            peer.until_close().await;
        })
        .await;
        let endpoint = TokenEndpoint::start(|_| crate::auth::grant("canary/token", 3_600)).await;
        let mut settings = settings(server.address);
        settings.token_in_query = in_query;
        let mut rig = Rig::with(settings, &endpoint, 64, 64);
        rig.until_live(1).await;
        assert_eq!(rig.losses().len(), 2);
        let told = format!("{:?}", rig.notes);
        assert!(!told.contains("canary"), "{told}");
        rig.stop().await;
    }
}

#[tokio::test]
async fn a_stream_url_that_credentials_must_not_be_sent_to_is_refused() {
    for url in [
        "ws://example.com/",
        "ws://10.1.2.3/",
        "wss://id:pass@example.com/",
    ] {
        let endpoint = TokenEndpoint::granting().await;
        let (producer, _consumer) = ring(1, 1, Bell::new());
        let source = EventsStream::new(
            StreamSettings::new(url.parse().unwrap()),
            Connector::new(None).unwrap(),
            endpoint.tokens(),
            Parser::new(IdKeys::FIXED),
            producer,
            Clock::system(),
        );
        let error = source.unwrap_err().to_string();
        assert!(error.contains("credentials"), "{error}");
        assert!(!error.contains("pass@"), "{error}");
    }
}
