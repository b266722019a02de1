//! The stand-in over real sockets: what a client sees of tokens, handshakes, events and faults.
//! The client here is a plain one, not the engine's, so that neither can hide the other's mistakes.
#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails fails its test, which is what unwrap says"
)]

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use fastwebsockets::FragmentCollector;
use fastwebsockets::Frame;
use fastwebsockets::OpCode;
use fastwebsockets::Payload;
use fastwebsockets::WebSocketError;
use http_body_util::Empty;
use hyper::Request;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use streamgauge::simulate::Observer;
use streamgauge::simulate::Rate;
use streamgauge::simulate::STREAM_PATH;
use streamgauge::simulate::Simulator;
use streamgauge::simulate::SimulatorSettings;
use streamgauge::time::Clock;
use streamgauge::time::EpochMs;

/// Guards against a hang; no test depends on its length.
const PATIENCE: Duration = Duration::from_secs(60);
/// In how short a time nothing happens where nothing must happen.
const SILENCE: Duration = Duration::from_millis(300);

const ALL: [&str; 3] = [
    "webchat:connected",
    "webchat:disconnected",
    "webchat:message",
];

/// A simulator at work.
struct Running {
    addr: SocketAddr,
    observer: Observer,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

fn settings(faults: &[&str]) -> SimulatorSettings {
    let mut settings = SimulatorSettings::new("127.0.0.1:0".parse().unwrap());
    settings.rate = Rate::PerSecond(2_000.0);
    settings.record = true;
    settings.faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
    settings
}

async fn start_with(settings: SimulatorSettings, clock: Clock) -> Running {
    let simulator = Simulator::bind(settings, clock).await.unwrap();
    let shutdown = CancellationToken::new();
    Running {
        addr: simulator.addr(),
        observer: simulator.observer(),
        task: tokio::spawn(simulator.run(shutdown.clone())),
        shutdown,
    }
}

async fn start(faults: &[&str]) -> Running {
    start_with(settings(faults), Clock::system()).await
}

/// The status, the head and the body of a raw HTTP exchange.
async fn exchange(
    mut socket: impl AsyncRead + AsyncWrite + Unpin,
    request: &str,
) -> (u16, String, Value) {
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, socket.read_to_end(&mut answer))
        .await
        .unwrap()
        .unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let body = serde_json::from_str(body).unwrap_or(Value::Null);
    (status, head.to_lowercase(), body)
}

fn token_request(credentials: &str) -> String {
    let form = "grant_type=client_credentials";
    format!(
        "POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Authorization: Basic {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{form}",
        STANDARD.encode(credentials),
        form.len(),
    )
}

impl Running {
    async fn post_token(&self, credentials: &str) -> (u16, String, Value) {
        let socket = TcpStream::connect(self.addr).await.unwrap();
        exchange(socket, &token_request(credentials)).await
    }

    async fn token(&self) -> String {
        let (status, _, body) = self.post_token("demo:demo").await;
        assert_eq!(status, 200);
        body["access_token"].as_str().unwrap().to_owned()
    }

    /// A WebSocket, or the status that refused it.
    async fn open(&self, path: &str, token: Option<&str>) -> Result<Client, u16> {
        let socket = TcpStream::connect(self.addr).await.unwrap();
        handshake(socket, path, token).await
    }

    /// A WebSocket with a fresh token.
    async fn connect(&self) -> Client {
        let token = self.token().await;
        self.open(STREAM_PATH, Some(&token)).await.unwrap()
    }

    /// A WebSocket that has subscribed to everything.
    async fn subscribe(&self) -> Client {
        let mut client = self.connect().await;
        client.subscribe(&ALL).await;
        client
    }

    async fn stop(self) {
        self.shutdown.cancel();
        timeout(PATIENCE, self.task).await.unwrap().unwrap();
    }
}

async fn handshake(
    socket: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    path: &str,
    token: Option<&str>,
) -> Result<Client, u16> {
    let mut request = Request::get(path)
        .header("Host", "localhost")
        .header("Upgrade", "websocket")
        .header("Connection", "upgrade")
        .header(
            "Sec-WebSocket-Key",
            fastwebsockets::handshake::generate_key(),
        )
        .header("Sec-WebSocket-Version", "13");
    if let Some(token) = token {
        request = request.header("Authorization", format!("Bearer {token}"));
    }
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    match fastwebsockets::handshake::client(&TokioExecutor::new(), request, socket).await {
        Ok((websocket, response)) => {
            assert!(response.headers().get("Sec-WebSocket-Extensions").is_none());
            Ok(Client(FragmentCollector::new(websocket)))
        }
        Err(WebSocketError::InvalidStatusCode(status)) => Err(status),
        Err(error) => panic!("{error}"),
    }
}

struct Client(FragmentCollector<TokioIo<Upgraded>>);

#[derive(Debug, PartialEq)]
enum Received {
    Event(Value),
    /// Text that is no JSON object with an event type, or binary.
    Noise,
    Pong(Vec<u8>),
    Close(u16, String),
    /// The connection ended without a close frame.
    Lost,
}

impl Received {
    fn sequence(&self) -> Option<u64> {
        match self {
            Self::Event(event) => event["metadata"]["seq"].as_u64(),
            _ => None,
        }
    }
}

impl Client {
    async fn send(&mut self, opcode: OpCode, payload: &[u8]) {
        let frame = Frame::new(true, opcode, None, Payload::Owned(payload.to_vec()));
        self.0.write_frame(frame).await.unwrap();
    }

    async fn subscribe(&mut self, event_types: &[&str]) {
        let message = serde_json::json!({
            "subscription": {"eventTypes": event_types, "filter": {"channel": "webchat"}}
        });
        self.send(OpCode::Text, message.to_string().as_bytes())
            .await;
    }

    async fn receive(&mut self) -> Received {
        let frame = loop {
            match timeout(PATIENCE, self.0.read_frame()).await.unwrap() {
                Ok(frame) => break frame,
                // What was under way when this side closed.
                Err(WebSocketError::ConnectionClosed) => {}
                Err(_) => return Received::Lost,
            }
        };
        match frame.opcode {
            OpCode::Pong => Received::Pong(frame.payload.to_vec()),
            OpCode::Close => {
                let code = u16::from_be_bytes([frame.payload[0], frame.payload[1]]);
                Received::Close(
                    code,
                    String::from_utf8_lossy(&frame.payload[2..]).into_owned(),
                )
            }
            OpCode::Text => match serde_json::from_slice::<Value>(&frame.payload) {
                Ok(event) if event["metadata"]["seq"].is_u64() => Received::Event(event),
                _ => Received::Noise,
            },
            _ => Received::Noise,
        }
    }

    /// The next `count` events, which must come without anything between them.
    async fn events(&mut self, count: usize) -> Vec<Value> {
        let mut events = Vec::new();
        while events.len() < count {
            match self.receive().await {
                Received::Event(event) => events.push(event),
                other => panic!("{other:?} after {} events", events.len()),
            }
        }
        events
    }

    /// Everything up to and with the end.
    async fn rest(&mut self) -> Vec<Received> {
        let mut all = Vec::new();
        loop {
            all.push(self.receive().await);
            if matches!(all.last(), Some(Received::Close(..) | Received::Lost)) {
                return all;
            }
        }
    }

    /// The close frame that everything ends with.
    async fn close_code(&mut self) -> u16 {
        match self.rest().await.pop() {
            Some(Received::Close(code, _)) => code,
            other => panic!("{other:?}"),
        }
    }
}

fn sequences(events: &[Value]) -> Vec<u64> {
    let sequence = |event: &Value| event["metadata"]["seq"].as_u64().unwrap();
    events.iter().map(sequence).collect()
}

fn is_consecutive(sequences: &[u64]) -> bool {
    sequences.windows(2).all(|pair| pair[0] + 1 == pair[1])
}

#[tokio::test]
async fn a_token_needs_the_right_credentials() {
    let running = start(&[]).await;
    let (status, head, body) = running.post_token("demo:demo").await;
    assert_eq!(status, 200);
    assert!(head.contains("cache-control: no-store"), "{head}");
    assert_eq!(
        (&body["token_type"], &body["expires_in"]),
        (&"bearer".into(), &86_400.into())
    );
    let (status, _, body) = running.post_token("demo:guess").await;
    assert_eq!((status, &body["error"]), (401, &"invalid_client".into()));
    let stats = running.observer.stats();
    assert_eq!((stats.tokens_issued, stats.tokens_refused), (1, 1));
    running.stop().await;
}

#[tokio::test]
async fn the_handshake_needs_a_valid_token() {
    let (clock, hand) = Clock::manual(EpochMs::from_ms(1_800_000_000_000));
    let running = start_with(settings(&[]), clock).await;
    let token = running.token().await;
    let open = |path: String, token: Option<String>| {
        let running = &running;
        async move { running.open(&path, token.as_deref()).await.err() }
    };
    let path = || STREAM_PATH.to_owned();
    assert_eq!(open(path(), None).await, Some(401));
    assert_eq!(open(path(), Some("wrong".to_owned())).await, Some(401));
    assert_eq!(open(path(), Some(token.clone())).await, None);
    let in_query = format!("{STREAM_PATH}?access_token={token}");
    assert_eq!(open(in_query, None).await, None);
    assert_eq!(
        open("/elsewhere".to_owned(), Some(token.clone())).await,
        Some(404)
    );
    hand.advance_ms(86_400_000);
    assert_eq!(open(path(), Some(token)).await, Some(401));
    assert_eq!(running.observer.stats().handshakes_refused, 3);
    running.stop().await;
}

#[tokio::test]
async fn a_plain_request_to_the_stream_is_no_handshake() {
    let running = start(&[]).await;
    let token = running.token().await;
    let socket = TcpStream::connect(running.addr).await.unwrap();
    let request = format!(
        "GET {STREAM_PATH} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Authorization: Bearer {token}\r\n\r\n"
    );
    assert_eq!(exchange(socket, &request).await.0, 400);
    running.stop().await;
}

#[tokio::test]
async fn a_wrong_subscription_is_refused() {
    let running = start(&[]).await;
    let check = async |opcode, payload: &[u8], code, reason: &str| {
        let mut client = running.connect().await;
        client.send(opcode, payload).await;
        let expected = Received::Close(code, reason.to_owned());
        assert_eq!(client.receive().await, expected);
    };
    check(OpCode::Text, b"hello", 1008, "not JSON").await;
    check(
        OpCode::Text,
        b"{\"subscribe\":1}",
        1008,
        "not a subscription",
    )
    .await;
    check(OpCode::Binary, b"{}", 1003, "text only").await;
    let mut client = running.connect().await;
    client.subscribe(&["voice:connected"]).await;
    assert_eq!(client.close_code().await, 1008);
    let mut client = running.subscribe().await;
    client.subscribe(&ALL).await;
    assert_eq!(client.close_code().await, 1008);
    running.stop().await;
}

#[tokio::test]
async fn a_client_gets_every_event_at_its_time() {
    let running = start(&[]).await;
    let before = Clock::system().wall();
    let mut client = running.subscribe().await;
    let events = client.events(1_000).await;
    assert!(is_consecutive(&sequences(&events)));
    let after = Clock::system().wall();
    for event in &events {
        let time = event["timestamp"].as_str().unwrap();
        assert!(time >= before.to_string().as_str() && time <= after.to_string().as_str());
    }
    running.stop().await;
}

#[tokio::test]
async fn only_the_types_asked_for_are_sent() {
    let running = start(&[]).await;
    let mut client = running.connect().await;
    client.subscribe(&["webchat:message"]).await;
    for event in client.events(500).await {
        assert_eq!(event["eventType"], "webchat:message");
    }
    let stats = running.observer.stats();
    assert!(stats.filtered > 0, "{stats:?}");
    running.stop().await;
}

#[tokio::test]
async fn pings_are_answered_in_order() {
    let running = start(&[]).await;
    let mut client = running.subscribe().await;
    for ping in [b"one", b"two"] {
        client.send(OpCode::Ping, ping).await;
    }
    let mut pongs = Vec::new();
    while pongs.len() < 2 {
        if let Received::Pong(payload) = client.receive().await {
            pongs.push(payload);
        }
    }
    assert_eq!(pongs, [b"one", b"two"]);
    // The pong proves that the subscription has been taken.
    assert_eq!(running.observer.stats().subscriptions, 1);
    running.stop().await;
}

#[tokio::test]
async fn time_goes_on_without_a_client_and_events_are_missed() {
    let running = start(&[]).await;
    let mut client = running.subscribe().await;
    let last = *sequences(&client.events(100).await).last().unwrap();
    client.send(OpCode::Close, &1000_u16.to_be_bytes()).await;
    assert_eq!(client.close_code().await, 1000);
    let missed = running.observer.stats().missed;
    while running.observer.stats().missed < missed + 200 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut client = running.subscribe().await;
    let first = sequences(&client.events(1).await)[0];
    assert!(first > last + 200, "{first} after {last}");
    running.stop().await;
}

#[tokio::test]
async fn the_record_tells_what_arrived_and_what_was_missed() {
    let running = start(&["drop@every:400ev"]).await;
    let mut received = HashMap::new();
    for connection in 1..=3_u64 {
        let mut client = running.subscribe().await;
        for message in client.rest().await {
            if let Some(sequence) = message.sequence() {
                assert_eq!(received.insert(sequence, connection), None);
            }
        }
    }
    let observer = running.observer.clone();
    running.stop().await;
    let stats = observer.stats();
    assert_eq!(stats.generated, stats.sent + stats.missed);
    assert_eq!(stats.faults, 3);
    let record = observer.record().await;
    let mut all: Vec<u64> = record.iter().map(|emission| emission.sequence).collect();
    all.sort_unstable();
    assert_eq!(all, (1..=stats.generated).collect::<Vec<u64>>());
    assert!(received.len() > 600, "{}", received.len());
    for emission in &record {
        // A reset may swallow the last ones sent.
        if let Some(connection) = received.get(&emission.sequence) {
            assert_eq!(emission.connection, Some(*connection));
        }
    }
}

#[tokio::test]
async fn a_second_subscriber_displaces_the_first() {
    let running = start(&[]).await;
    let mut first = running.subscribe().await;
    first.events(10).await;
    let mut second = running.subscribe().await;
    second.events(10).await;
    assert_eq!(first.close_code().await, 4409);
    running.stop().await;
}

#[tokio::test]
async fn the_end_of_the_simulator_closes_with_1001() {
    let running = start(&[]).await;
    let mut subscribed = running.subscribe().await;
    subscribed.events(10).await;
    let mut waiting = running.connect().await;
    running.shutdown.cancel();
    assert_eq!(subscribed.close_code().await, 1001);
    assert_eq!(waiting.close_code().await, 1001);
    drop((subscribed, waiting));
    timeout(PATIENCE, running.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn full_rate_sends_as_much_as_is_taken() {
    let mut settings = settings(&[]);
    settings.rate = Rate::Max;
    let running = start_with(settings, Clock::system()).await;
    let mut client = running.subscribe().await;
    let events = client.events(20_000).await;
    assert_eq!(sequences(&events), (1..=20_000).collect::<Vec<u64>>());
    client.send(OpCode::Ping, b"alive").await;
    while client.receive().await != Received::Pong(b"alive".to_vec()) {}
    assert_eq!(running.observer.stats().missed, 0);
    running.stop().await;
}

#[tokio::test]
async fn endpoints_refuse_as_often_as_told() {
    let running = start(&[
        "token=429:2:7",
        "token=503",
        "handshake=403",
        "handshake=401",
    ])
    .await;
    let mut answers = Vec::new();
    for _ in 0..4 {
        let (status, head, _) = running.post_token("demo:demo").await;
        answers.push((status, head.contains("retry-after: 7")));
    }
    assert_eq!(
        answers,
        [(429, true), (429, true), (503, false), (200, false)]
    );
    let token = running.token().await;
    let mut refused = Vec::new();
    while let Err(status) = running.open(STREAM_PATH, Some(&token)).await {
        refused.push(status);
    }
    assert_eq!(refused, [403, 401]);
    running.stop().await;
}

#[tokio::test]
async fn streams_are_closed_with_any_code_after_the_stated_events() {
    let flags = ["close@100ev", "close=1008@200ev", "close=4403@300ev"];
    let running = start(&flags).await;
    for code in [1000, 1008, 4403] {
        let mut all = running.subscribe().await.rest().await;
        assert_eq!(all.pop(), Some(Received::Close(code, "fault".to_owned())));
        assert_eq!(all.len(), 100);
    }
    running.subscribe().await.events(500).await;
    running.stop().await;
}

#[tokio::test]
async fn a_drop_comes_without_a_close_frame() {
    let running = start(&["drop@200ms"]).await;
    let mut all = running.subscribe().await.rest().await;
    assert_eq!(all.pop(), Some(Received::Lost));
    assert!(!all.is_empty());
    running.subscribe().await.events(1_000).await;
    running.stop().await;
}

#[tokio::test]
async fn a_half_open_stream_falls_silent_and_stays_open() {
    let running = start(&["half-open@100ev"]).await;
    let mut client = running.subscribe().await;
    client.events(100).await;
    client.send(OpCode::Ping, b"alive").await;
    assert!(timeout(SILENCE, client.receive()).await.is_err());
    // Another connection is served meanwhile, and what came between was missed.
    let first = sequences(&running.subscribe().await.events(1).await)[0];
    assert!(first > 101 && running.observer.stats().missed > 0);
    running.stop().await;
}

#[tokio::test]
async fn a_pause_stops_events_but_not_pongs_and_loses_nothing() {
    let running = start(&["pause=1s@100ev"]).await;
    let mut client = running.subscribe().await;
    let mut before = sequences(&client.events(100).await);
    client.send(OpCode::Ping, b"alive").await;
    assert_eq!(client.receive().await, Received::Pong(b"alive".to_vec()));
    let after = client.events(1_000).await;
    before.extend(sequences(&after));
    assert!(is_consecutive(&before));
    running.stop().await;
}

#[tokio::test]
async fn an_expired_token_closes_the_stream_and_is_refused() {
    let running = start(&["expire-token@100ev"]).await;
    let token = running.token().await;
    let mut client = running.open(STREAM_PATH, Some(&token)).await.unwrap();
    client.subscribe(&ALL).await;
    assert_eq!(client.close_code().await, 4401);
    assert_eq!(
        running.open(STREAM_PATH, Some(&token)).await.err(),
        Some(401)
    );
    running.subscribe().await.events(100).await;
    running.stop().await;
}

#[tokio::test]
async fn a_stream_outlives_its_token_unless_told_otherwise() {
    let lifetime = Duration::from_secs(1);
    let check = async |faults: &[&str], outlives: bool| {
        let mut settings = settings(faults);
        settings.token_lifetime = lifetime;
        let running = start_with(settings, Clock::system()).await;
        let mut client = running.subscribe().await;
        let end = tokio::time::Instant::now() + lifetime + SILENCE;
        let mut last = client.receive().await;
        while tokio::time::Instant::now() < end && matches!(last, Received::Event(_)) {
            last = client.receive().await;
        }
        let closed = Received::Close(4401, "token expired".to_owned());
        assert_eq!(last != closed, outlives, "{last:?}");
        running.stop().await;
    };
    check(&[], true).await;
    check(&["expire-token"], false).await;
}

#[tokio::test]
async fn copies_repeat_everything_and_no_event_is_lost() {
    let running = start(&["duplicate=10%", "close@2000ev"]).await;
    let mut events = HashMap::new();
    let mut copies = 0;
    for message in running.subscribe().await.rest().await {
        let Received::Event(event) = message else {
            continue;
        };
        let sequence = event["metadata"]["seq"].as_u64().unwrap();
        if let Some(first) = events.insert(sequence, event.clone()) {
            assert_eq!(first, event);
            copies += 1;
        }
    }
    assert_eq!(events.len(), 2_000);
    assert!((150..250).contains(&copies), "{copies}");
    assert_eq!(running.observer.stats().copies, copies);
    running.stop().await;
}

#[tokio::test]
async fn reordered_events_stay_within_the_bound() {
    for fault in ["reorder=20", "reorder=20ms"] {
        let running = start(&[fault]).await;
        let mut client = running.subscribe().await;
        let order = sequences(&client.events(2_000).await);
        assert!(!is_consecutive(&order), "{fault}");
        let mut sorted = order.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), 2_000, "{fault}");
        if fault == "reorder=20" {
            let first = sorted[0];
            for (place, sequence) in (first..).zip(&order) {
                assert!(sequence.abs_diff(place) <= 20, "{sequence} at {place}");
            }
        }
        running.stop().await;
    }
}

#[tokio::test]
async fn malformed_frames_come_between_events() {
    let running = start(&["malformed=10%", "close@2000ev"]).await;
    let all = running.subscribe().await.rest().await;
    let noise = all
        .iter()
        .filter(|message| **message == Received::Noise)
        .count();
    let events: Vec<u64> = all.iter().filter_map(Received::sequence).collect();
    assert_eq!(events.len(), 2_000);
    assert!(is_consecutive(&events));
    assert!((150..250).contains(&noise), "{noise}");
    assert_eq!(running.observer.stats().malformed, noise as u64);
    running.stop().await;
}

#[tokio::test]
async fn tls_serves_the_same() {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let private = rustls_pki_types::PrivatePkcs8KeyDer::from(key.signing_key.serialize_der());
    let server = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], private.into())
        .unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(key.cert.der().clone()).unwrap();
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(client));

    let mut settings = settings(&["drop@100ev"]);
    settings.tls = Some(Arc::new(server));
    let running = start_with(settings, Clock::system()).await;
    let socket = || async {
        let tcp = TcpStream::connect(running.addr).await.unwrap();
        let name = "localhost".try_into().unwrap();
        connector.connect(name, tcp).await.unwrap()
    };
    let (status, _, body) = exchange(socket().await, &token_request("demo:demo")).await;
    assert_eq!(status, 200);
    let token = body["access_token"].as_str().unwrap();
    let connect = async || {
        let mut client = handshake(socket().await, STREAM_PATH, Some(token))
            .await
            .unwrap();
        client.subscribe(&ALL).await;
        client
    };
    assert_eq!(connect().await.rest().await.last(), Some(&Received::Lost));
    connect().await.events(200).await;
    running.stop().await;
}

#[tokio::test]
async fn a_client_that_does_not_subscribe_is_closed() {
    let running = start(&[]).await;
    let mut client = running.connect().await;
    // From here on time passes as soon as nothing else happens.
    tokio::time::pause();
    let reason = "no subscription in time".to_owned();
    assert_eq!(client.receive().await, Received::Close(1008, reason));
    assert_eq!(running.observer.stats().subscriptions_refused, 1);
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_up_nobody() {
    let mut settings = settings(&[]);
    settings.rate = Rate::Max;
    settings.record = false;
    let running = start_with(settings, Clock::system()).await;
    let _stuck = running.subscribe().await;
    let sent = || running.observer.stats().sent;
    // The write is held up once no more is sent.
    let mut before = 0;
    while before == 0 || sent() > before {
        before = sent();
        tokio::time::sleep(SILENCE).await;
    }
    running.subscribe().await.events(100).await;
    let _stuck_too = running.subscribe().await;
    running.stop().await;
}
