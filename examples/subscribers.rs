//! Thousands of subscribers over WebSockets, and what they cost: when events become visible without
//! them and with them, in turns of one run against a running engine.
//!
//! ```text
//! cargo run --release --example subscribers -- ADDRESS [COUNT] [INTERVAL_MS] [ROUNDS]
//! ```
//!
//! COUNT (5000) sockets subscribe to the four main numbers every INTERVAL_MS (1000). A round, of which
//! there are ROUNDS (1), is a minute without subscribers and a minute with all of them; each ends with
//! the engine's own latency of the last minute, arrival to visible. All sockets are read by one
//! thread. `perf/push.sh` starts an engine under load and runs this against it.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement ends at its first surprise, and prints its figures"
)]

use std::cell::Cell;
use std::env;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::join_all;
use rustix::process::Resource;
use rustix::process::getrlimit;
use rustix::process::setrlimit;
use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::LocalSet;
use tokio::time::sleep;

/// The engine's latency looks a minute back, in steps of five seconds.
const LOOK_BACK: Duration = Duration::from_secs(66);
/// Sockets opened at a time.
const OPENING: usize = 100;

fn main() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();

    let mut arguments = env::args().skip(1);
    let address = arguments.next().unwrap();
    let mut number = |default: usize| {
        arguments
            .next()
            .map_or(default, |text| text.parse().unwrap())
    };
    let (count, interval_ms, rounds) = (number(5_000), number(1_000), number(1));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let measured = measure(address, count, interval_ms, rounds);
    LocalSet::new().block_on(&runtime.unwrap(), measured);
}

async fn measure(address: String, count: usize, interval_ms: usize, rounds: usize) {
    println!(
        "subscribers   p50 ms   p99 ms  p99.9 ms   events/s   frames/s   executed/s   skipped  cut"
    );
    let mut ratios = Vec::new();
    for _ in 0..rounds {
        let alone = minute(&address, 0, &Rc::default()).await;
        let frames = Rc::new(Cell::new(0));
        let mut sockets = Vec::new();
        while sockets.len() < count {
            let some = OPENING.min(count - sockets.len());
            let opened = (0..some).map(|_| subscribe(&address, interval_ms));
            for stream in join_all(opened).await {
                let reading = read(stream, Rc::clone(&frames));
                sockets.push(tokio::task::spawn_local(reading));
            }
        }
        let together = minute(&address, count, &frames).await;
        ratios.push(together / alone);
        for socket in sockets {
            assert!(!socket.is_finished(), "a socket was closed");
            socket.abort();
        }
    }
    let ratios: Vec<String> = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
    println!(
        "p99 with subscribers by p99 without, in each round: {}",
        ratios.join(" ")
    );
}

/// Waits until the engine's last minute is one with `count` subscribers; gives its 99th percentile.
async fn minute(address: &str, count: usize, frames: &Cell<u64>) -> f64 {
    let (before, frames_before) = (ask(address).await, frames.get());
    sleep(LOOK_BACK).await;
    let (after, frames_after) = (ask(address).await, frames.get());
    let seconds = LOOK_BACK.as_secs_f64();
    let number = |value: &Value| value.as_f64().unwrap();
    let push = |name: &str| {
        let of = |answer: &Value| number(&answer["engine"]["push"][name]);
        of(&after) - of(&before)
    };
    let received = |answer: &Value| number(&answer["counters"]["received"]);
    let stages = after["latency"].as_array().unwrap();
    let visible = stages
        .iter()
        .find(|stage| stage["stage"] == "VISIBLE")
        .unwrap();
    let latency = |name: &str| number(&visible["lastMinute"][name]);
    println!(
        "{count:11} {:8.3} {:8.3} {:9.3} {:10.0} {:10.0} {:12.1} {:9.0} {:4.0}",
        latency("p50Ms"),
        latency("p99Ms"),
        latency("p999Ms"),
        (received(&after) - received(&before)) / seconds,
        (frames_after - frames_before) as f64 / seconds,
        push("executed") / seconds,
        push("skipped"),
        push("cut"),
    );
    latency("p99Ms")
}

/// The engine's own figures.
async fn ask(address: &str) -> Value {
    let query = "{ latency { stage lastMinute { p50Ms p99Ms p999Ms } } counters { received } \
                 engine { push { executed skipped cut } } }";
    let body = json!({ "query": query }).to_string();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str::<Value>(body).unwrap()["data"].take()
}

/// Opens a socket and subscribes.
async fn subscribe(address: &str, interval_ms: usize) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let handshake = format!(
        "GET /graphql HTTP/1.1\r\nhost: {address}\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n\
         sec-websocket-protocol: graphql-transport-ws\r\n\r\n"
    );
    stream.write_all(handshake.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        assert!(stream.read_buf(&mut head).await.unwrap() > 0, "refused");
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "refused");
    let query = format!(
        "subscription {{ realTimeMetrics(intervalMs: {interval_ms}) {{ activeSessions \
         totalConnections avgSessionDurationMs messagesPerMinute }} }}"
    );
    let message = json!({ "type": "subscribe", "id": "1", "payload": { "query": query } });
    for text in [json!({ "type": "connection_init" }), message] {
        stream
            .write_all(&frame(0x81, text.to_string().as_bytes()))
            .await
            .unwrap();
    }
    stream
}

/// Counts the frames that come, and answers pings.
async fn read(mut stream: TcpStream, frames: Rc<Cell<u64>>) {
    let mut bytes = Vec::with_capacity(4_096);
    while stream.read_buf(&mut bytes).await.unwrap() > 0 {
        let mut at = 0;
        while let Some(&[first, short]) = bytes.get(at..at + 2) {
            let (head, length) = match (short, bytes.get(at + 2..at + 4)) {
                (126, Some(long)) => (4, usize::from(long[0]) << 8 | usize::from(long[1])),
                (126, None) => break,
                _ => (2, usize::from(short)),
            };
            if bytes.len() < at + head + length {
                break;
            }
            match first {
                0x81 => frames.set(frames.get() + 1),
                0x89 => stream.write_all(&frame(0x8a, b"")).await.unwrap(),
                _ => return,
            }
            at += head + length;
        }
        bytes.drain(..at);
    }
}

/// A masked frame of less than 64 KiB; the mask is 0, which changes nothing.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    [&[first, 0x80 | 126], &length[..], &[0; 4], payload].concat()
}
