//! Events that are posted: the endpoints of a running engine over real sockets.

mod clients;
mod crash;
mod credentials;
mod envelopes;
mod faults;
mod gone;
mod legs;
mod presets;
mod replayed;
mod sampled;
mod secure;
mod strangers;

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::Full;
use hyper::Method;
use hyper::Request;
use hyper::Response;
use hyper::Version;
use secrecy::SecretString;
use serde_json::Value;
use serde_json::json;
use std::io::Write;
use streamgauge::config::AuthSettings;
use streamgauge::config::Dialect;
use streamgauge::config::EngineSettings;
use streamgauge::config::PublicUrl;
use streamgauge::config::PushCredential;
use streamgauge::config::PushEndpoint;
use streamgauge::config::PushPath;
use streamgauge::config::ServeSettings;
use streamgauge::config::Source;
use streamgauge::config::StreamSettings;
use streamgauge::engine::Engine;
use streamgauge::stream::StreamState;
use streamgauge::time::Clock;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::http::Client;
use crate::http::HANG;
use crate::http::request;

const SECRET: &str = "a-secret-of-senders";
const TOKEN: &str = "a-token-of-readers";

fn endpoint(name: &str, credential: PushCredential) -> PushEndpoint {
    PushEndpoint {
        name: name.into(),
        path: PushPath::parse(&format!("/push/{name}")).unwrap(),
        credential,
        dialect: Dialect::Tutorial,
        allowed_origins: vec![PushEndpoint::ANY_ORIGIN.to_owned()],
    }
}

fn secret(text: &str) -> streamgauge::config::PushSecret {
    SecretString::from(text).into()
}

async fn start(change: impl FnOnce(&mut EngineSettings)) -> Engine {
    start_at(Clock::system(), change).await
}

async fn start_at(clock: Clock, change: impl FnOnce(&mut EngineSettings)) -> Engine {
    let auth = AuthSettings::new(
        "http://127.0.0.1:9/token".parse().unwrap(),
        "id".into(),
        "secret".into(),
    );
    let stream = StreamSettings::new("ws://127.0.0.1:9/".parse().unwrap());
    let serve = ServeSettings::new("127.0.0.1:0".parse().unwrap());
    let mut settings = EngineSettings::new(auth, stream, serve);
    settings.auth = None;
    settings.source = Source::Push;
    settings.push.endpoints = vec![
        endpoint("bearer", PushCredential::Bearer(secret(SECRET))),
        endpoint(
            "basic",
            PushCredential::Basic {
                user: "me".into(),
                password: secret("another-secret-of-senders"),
            },
        ),
    ];
    change(&mut settings);
    Engine::start(settings, clock).await.unwrap()
}

fn event(id: &str) -> Value {
    let now = Clock::system().wall().ms();
    json!({"eventType": "webchat:connected", "timestamp": now, "data": {"sessionId": id}})
}

fn post(addr: SocketAddr, path: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let mut post = request(addr, Method::POST, path, "");
    *post.body_mut() = Full::new(body.into());
    let headers = post.headers_mut();
    headers.insert("content-type", "application/json".parse().unwrap());
    let bearer = format!("Bearer {SECRET}");
    headers.insert("authorization", bearer.parse().unwrap());
    post
}

async fn send(addr: SocketAddr, request: Request<Full<Bytes>>) -> Response<Bytes> {
    let mut client = Client::connect(addr, Version::HTTP_11).await;
    client.send(request).await
}

async fn check(addr: SocketAddr, body: impl Into<Bytes>, status: u16) -> Value {
    let answer = send(addr, post(addr, "/push/bearer", body)).await;
    assert_eq!(answer.status(), status, "{answer:?}");
    serde_json::from_slice(answer.body()).unwrap()
}

async fn connected(engine: &Engine, count: u64) {
    let reader = engine.reader();
    let looking = async {
        while reader.load().counters.applied < count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(HANG, looking).await.unwrap();
    assert_eq!(reader.load().counters.applied, count);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_request_all_is_taken_or_nothing() {
    let engine = start(|_| {}).await;
    let addr = engine.local_addr();
    let taken = check(addr, event("a").to_string(), 200).await;
    assert_eq!(taken, json!({"elements": 1, "events": 1, "ignored": 0}));
    let lines = format!("{}\n{}\n", event("b"), event("c"));
    assert_eq!(check(addr, lines, 200).await["events"], 2);
    let other = json!({"eventType": "other"});
    let array = json!([event("d"), other, event("e")]).to_string();
    let taken = check(addr, array, 200).await;
    assert_eq!(taken, json!({"elements": 3, "events": 2, "ignored": 1}));
    assert_eq!(check(addr, "[]", 200).await["elements"], 0);
    connected(&engine, 5).await;

    // A bad one anywhere, and far behind more than one batch.
    let mut many: Vec<Value> = (0..1_000).map(|id| event(&format!("m{id}"))).collect();
    many.push(json!({"eventType": "webchat:connected", "timestamp": "today", "data": {"id": "x"}}));
    let bad = check(addr, json!(many).to_string(), 400).await;
    assert_eq!(
        (&bad["index"], &bad["reason"]),
        (&json!(1_000), &json!("timestamp"))
    );
    for (body, index) in [
        ("", 0),
        ("1", 0),
        ("{", 0),
        ("[{}]", 0),
        ("{\"eventType\":\"other\"} 1", 1),
        ("[{\"eventType\":\"other\"},]", 1),
        ("[{\"eventType\":\"other\"}", 1),
    ] {
        assert_eq!(check(addr, body, 400).await["index"], index, "{body}");
    }
    many.pop();
    assert_eq!(
        check(addr, json!(many).to_string(), 200).await["events"],
        1_000
    );
    connected(&engine, 1_005).await;

    let last = engine.reader().load();
    assert_eq!(last.stream.state, StreamState::Live);
    assert_eq!(
        (last.counters.payload_gap(), last.counters.event_gap()),
        (0, 0)
    );
    engine.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_posted_again_counts_once() {
    let engine = start(|_| {}).await;
    let addr = engine.local_addr();
    let of = |kind: &str, message: &str| {
        let mut event = event("guest");
        event["eventType"] = json!(format!("webchat:{kind}"));
        event["data"]["messageId"] = json!(message);
        event
    };
    let events = [
        of("connected", ""),
        of("message", "m1"),
        of("message", "m2"),
        of("disconnected", ""),
    ];
    // A whole request, its events one by one, backwards, and by another endpoint.
    for _ in 0..2 {
        check(addr, json!(events).to_string(), 200).await;
    }
    for event in events.iter().rev() {
        check(addr, event.to_string(), 200).await;
    }
    let mut other = post(addr, "/push/basic", json!(events).to_string());
    let basic = "Basic bWU6YW5vdGhlci1zZWNyZXQtb2Ytc2VuZGVycw==";
    let headers = other.headers_mut();
    headers.insert("authorization", basic.parse().unwrap());
    assert_eq!(send(addr, other).await.status(), 200);
    let reader = engine.reader();
    let looking = async {
        while reader.load().counters.events < 16 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(HANG, looking).await.unwrap();
    let last = reader.load();
    assert_eq!(
        (last.counters.applied, last.counters.duplicates),
        (4, 12),
        "{:?}",
        last.counters
    );
    assert_eq!(last.counters.event_gap(), 0);
    engine.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_of_senders_and_readers_are_apart() {
    let engine = start(|settings| settings.serve.token = Some(TOKEN.into())).await;
    let addr = engine.local_addr();
    let body = event("a").to_string();
    let with = |path: &str, value: &str| {
        let mut post = post(addr, path, body.clone());
        post.headers_mut()
            .insert("authorization", value.parse().unwrap());
        post
    };
    let sender = format!("Bearer {SECRET}");
    let reader = format!("Bearer {TOKEN}");
    // me:another-secret-of-senders
    let basic = "Basic bWU6YW5vdGhlci1zZWNyZXQtb2Ytc2VuZGVycw==";
    for (path, value, status) in [
        ("/push/bearer", sender.as_str(), 200),
        ("/push/bearer", &reader, 401),
        ("/push/bearer", basic, 401),
        ("/push/basic", basic, 200),
        ("/push/basic", &sender, 401),
        ("/graphql", &sender, 401),
        // To the letter: any other path is the readers'.
        ("/push/Bearer", &sender, 401),
        ("/push/bearer/", &sender, 401),
        ("/push%2fbearer", &sender, 401),
        ("/push/bearer/", &reader, 404),
    ] {
        let answer = send(addr, with(path, value)).await;
        assert_eq!(answer.status(), status, "{path} {value}");
    }
    let mut bare = post(addr, "/push/bearer", body.clone());
    bare.headers_mut().remove("authorization");
    let answer = send(addr, bare).await;
    assert_eq!(
        (
            answer.status().as_u16(),
            &answer.headers()["www-authenticate"]
        ),
        (401, &"Bearer".parse().unwrap())
    );
    let mut foreign = post(addr, "/push/bearer", body.clone());
    foreign
        .headers_mut()
        .insert("origin", "https://evil.example".parse().unwrap());
    assert_eq!(send(addr, foreign).await.status(), 403);
    engine.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_is_said_and_the_next_request_works() {
    let engine = start(|_| {}).await;
    let addr = engine.local_addr();
    let good = || async move { check(addr, event("good").to_string(), 200).await };
    // Another method, another type.
    let mut get = post(addr, "/push/bearer", "");
    *get.method_mut() = Method::GET;
    let answer = send(addr, get).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["allow"]),
        (405, &"POST, OPTIONS".parse().unwrap())
    );
    let mut form = post(addr, "/push/bearer", "a=b");
    form.headers_mut().insert(
        "content-type",
        "application/x-www-form-urlencoded".parse().unwrap(),
    );
    assert_eq!(send(addr, form).await.status(), 415);
    good().await;
    // gzip, a bomb, and what is none.
    let packed = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        let mut post = post(addr, "/push/bearer", encoder.finish().unwrap());
        post.headers_mut()
            .insert("content-encoding", "gzip".parse().unwrap());
        post
    };
    assert_eq!(
        send(addr, packed(event("zip").to_string().as_bytes()))
            .await
            .status(),
        200
    );
    assert_eq!(
        send(addr, packed(&vec![b' '; 64 << 20])).await.status(),
        413
    );
    let mut torn = post(addr, "/push/bearer", "no gzip");
    torn.headers_mut()
        .insert("content-encoding", "gzip".parse().unwrap());
    assert_eq!(send(addr, torn).await.status(), 400);
    good().await;
    // 100 MB, announced.
    let mut socket = TcpStream::connect(addr).await.unwrap();
    let head = format!(
        "POST /push/bearer HTTP/1.1\r\nhost: {addr}\r\nauthorization: Bearer {SECRET}\r\n\
         content-type: application/json\r\ncontent-length: 104857600\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(HANG, socket.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    good().await;
    // The same by a client that reads no answer before it has sent everything.
    let (mut reading, mut writing) = TcpStream::connect(addr).await.unwrap().into_split();
    let sent = async {
        writing.write_all(head.as_bytes()).await.unwrap();
        let piece = vec![b' '; 1 << 20];
        for _ in 0..100 {
            writing.write_all(&piece).await.unwrap();
        }
    };
    timeout(HANG, sent).await.unwrap();
    let mut answer = String::new();
    timeout(HANG, reading.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    // And where nobody says how much there is: chunked, without an end.
    let head = head.replace("content-length: 104857600", "transfer-encoding: chunked");
    let mut socket = TcpStream::connect(addr).await.unwrap();
    socket.write_all(head.as_bytes()).await.unwrap();
    let piece = [&b"100000\r\n"[..], &vec![b' '; 1 << 20], b"\r\n"].concat();
    for _ in 0..9 {
        socket.write_all(&piece).await.unwrap();
    }
    let mut answer = String::new();
    timeout(HANG, socket.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    good().await;
    engine.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_slowly_is_told_and_others_are_not_held_up() {
    let engine = start(|settings| {
        settings.serve.timeouts.body = Duration::from_millis(200);
    })
    .await;
    let addr = engine.local_addr();
    let mut socket = TcpStream::connect(addr).await.unwrap();
    let head = format!(
        "POST /push/bearer HTTP/1.1\r\nhost: {addr}\r\nauthorization: Bearer {SECRET}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n{{"
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    check(addr, event("other").to_string(), 200).await;
    let mut answer = String::new();
    timeout(HANG, socket.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    engine.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_come_over_either_version_and_under_a_public_url() {
    let engine = start(|settings| {
        settings.serve.public_urls = vec![PublicUrl::parse("https://gauge.example/live").unwrap()];
        settings.serve.token = Some(TOKEN.into());
    })
    .await;
    let addr = engine.local_addr();
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let mut client = Client::connect(addr, version).await;
        for number in 0..3 {
            let body = event(&format!("{version:?}-{number}")).to_string();
            let answer = client.send(post(addr, "/push/bearer", body)).await;
            assert_eq!(answer.status(), 200, "{version:?}");
            // A refusal whose body was read leaves the connection as it was.
            let answer = client.send(post(addr, "/push/bearer", "[1]")).await;
            assert_eq!(answer.status(), 400, "{version:?}");
        }
    }
    // A proxy may leave the prefix to us.
    let mut post = post(addr, "/live/push/bearer", event("proxied").to_string());
    let host = "gauge.example".parse().unwrap();
    post.headers_mut().insert("host", host);
    assert_eq!(send(addr, post).await.status(), 200);
    connected(&engine, 7).await;
    engine.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn above_the_high_water_mark_senders_are_sent_away() {
    let engine = start(|settings| {
        (settings.push.high_water, settings.push.low_water) = (100, 50);
    })
    .await;
    let addr = engine.local_addr();
    let long = json!([event("a"), event("b")]).to_string();
    let answer = send(addr, post(addr, "/push/bearer", long)).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["retry-after"]),
        (503, &"1".parse().unwrap())
    );
    // Nothing is on its way any more.
    let answer = send(addr, post(addr, "/push/bearer", "[]")).await;
    assert_eq!(answer.status(), 200);
    engine.shutdown().await.unwrap();
}
