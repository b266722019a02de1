//! Clients that ask for much and take little, over either version of HTTP: they hold a bounded part of
//! the server's memory and the system's, are cut, and others are answered meanwhile.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Method;
use hyper::Request;
use hyper::StatusCode;
use hyper::Version;
use hyper::client::conn::http2;
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use streamgauge::config::ServeBytes;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Client;
use super::HANG;
use super::Served;
use super::request;
use super::serve;
use super::settings;
use crate::push::rig::Events;
use crate::push::rig::HANDSHAKE;
use crate::push::rig::Raw;
use crate::push::rig::counted;
use crate::push::rig::snapshot;
use crate::push::slow::large;
use crate::push::slow::narrow;

/// A path that is answered with about 300 kB.
fn large_path() -> String {
    let query = large().replace("subscription { live(intervalMs: 100) {", "{");
    let query = query.strip_suffix(" }").unwrap().to_owned();
    let encoded: String = query.bytes().map(|byte| format!("%{byte:02x}")).collect();
    format!("/graphql?query={encoded}")
}

/// A client of HTTP/2 that opens no window: heads come, bodies do not.
async fn closed(addr: SocketAddr) -> SendRequest<Full<Bytes>> {
    let stream = TokioIo::new(TcpStream::connect(addr).await.unwrap());
    let (client, connection) = http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(0)
        .handshake(stream)
        .await
        .unwrap();
    // It answers pings, as any client.
    tokio::spawn(connection);
    client
}

/// Asks for a path so many times at once: the answers' heads, the bodies of which are kept untaken.
async fn ask(
    client: &mut SendRequest<Full<Bytes>>,
    addr: SocketAddr,
    path: &str,
    times: usize,
) -> Vec<(StatusCode, hyper::Response<hyper::body::Incoming>)> {
    let asked: Vec<_> = (0..times)
        .map(|_| client.send_request(request(addr, Method::GET, path, "")))
        .collect();
    let mut answers = Vec::new();
    for answer in asked {
        // The connection may have been cut meanwhile.
        if let Ok(answer) = timeout(HANG, answer).await.unwrap() {
            answers.push((answer.status(), answer));
        }
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_that_stays_shut_holds_little_and_ends_the_connection() {
    let mut settings = settings();
    settings.bytes = ServeBytes {
        per_connection: 1 << 20,
        total: 64 << 20,
    };
    settings.timeouts.query = Duration::from_millis(200);
    settings.timeouts.silent = Duration::from_secs(2);
    let served = serve(settings, snapshot(1)).await;
    let mut client = closed(served.addr).await;
    let answers = ask(&mut client, served.addr, &large_path(), 120).await;
    let count = |status| answers.iter().filter(|(found, _)| *found == status).count();
    let (whole, refused) = (
        count(StatusCode::OK),
        count(StatusCode::SERVICE_UNAVAILABLE),
    );
    // Of a megabyte in places of 32 kB each, all of which may turn out larger.
    assert!((3..=32).contains(&whole), "{whole} of {}", answers.len());
    assert!(refused > 0, "{whole} of {}", answers.len());
    for (status, answer) in &answers {
        let retry = answer.headers().contains_key("retry-after");
        assert_eq!(*status == StatusCode::SERVICE_UNAVAILABLE, retry);
    }
    let end = async {
        while !client.is_closed() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(HANG, end).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_others_take_all_room_a_good_client_is_answered() {
    let mut settings = settings();
    settings.bytes = ServeBytes {
        per_connection: 1 << 20,
        total: 2 << 20,
    };
    settings.timeouts.query = Duration::from_millis(500);
    // Nobody is cut for the time alone, and for want of room after a thirtieth of it.
    settings.timeouts.silent = HANG * 5 / 4;
    let served = serve(settings, snapshot(1)).await;
    let path = large_path();
    let mut bad = Vec::new();
    for _ in 0..6 {
        let mut client = closed(served.addr).await;
        let answers = ask(&mut client, served.addr, &path, 20).await;
        bad.push((client, answers));
    }
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let mut good = Client::connect(served.addr, version).await;
        let answered = async {
            loop {
                let answer = good.get(served.addr, &path).await;
                if answer.status() == StatusCode::OK {
                    break answer;
                }
                assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
            }
        };
        let answer = timeout(HANG, answered).await.unwrap();
        assert!(answer.body().len() > 100_000, "{}", answer.body().len());
    }
    assert!(bad.iter().any(|(client, _)| client.is_closed()));
}

/// WebSockets whose clients ask for much, beside a subscription, and read none of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_sockets_take_all_room_a_good_client_is_answered() {
    let mut settings = settings();
    settings.bytes = ServeBytes {
        per_connection: 1 << 20,
        total: 2 << 20,
    };
    settings.timeouts.query = Duration::from_millis(500);
    settings.timeouts.silent = HANG * 5 / 4;
    settings.timeouts.ping = HANG * 2;
    let served = serve(settings, snapshot(1)).await;
    let query = large().replace("subscription { live(intervalMs: 100) {", "{");
    let query = query.strip_suffix(" }").unwrap();
    let mut bad = Vec::new();
    for _ in 0..6 {
        let (mut socket, _) = Raw::over(narrow(&served).await, HANDSHAKE).await;
        socket.say(r#"{"type":"connection_init"}"#).await;
        for id in ["a", "b", "c"] {
            socket.subscribe(id, query).await;
        }
        socket.subscribe("d", &large()).await;
        bad.push(socket);
    }
    let mut good = Client::connect(served.addr, Version::HTTP_11).await;
    let answered =
        async { while good.get(served.addr, &large_path()).await.status() != StatusCode::OK {} };
    timeout(HANG, answered).await.unwrap();
    // A good socket gets all of its answers, however many wait for their turn.
    let mut socket = Raw::begin(served.addr).await;
    socket.subscribe("s", &large()).await;
    for id in ["a", "b", "c"] {
        socket.subscribe(id, query).await;
    }
    let mut told = 0;
    while told < 3 {
        let message = socket.hear().await;
        told += usize::from(message["type"] == "next" && message["id"] != "s");
    }
    drop(bad);
}

/// Frames of HTTP/2 by hand.
struct Frames(TcpStream);

impl Frames {
    /// A connection with windows of no bytes.
    async fn open(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).await.unwrap();
        let mut frames = Self(stream);
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        frames.0.write_all(preface).await.unwrap();
        // SETTINGS_INITIAL_WINDOW_SIZE: 0
        frames.send(4, 0, 0, &[0, 4, 0, 0, 0, 0]).await.unwrap();
        frames
    }

    async fn send(&mut self, kind: u8, flags: u8, stream: u32, body: &[u8]) -> std::io::Result<()> {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        let mut frame = vec![length[1], length[2], length[3], kind, flags];
        frame.extend(stream.to_be_bytes());
        frame.extend(body);
        self.0.write_all(&frame).await
    }

    /// GET of a path, as a request without a body.
    async fn get(&mut self, stream: u32, path: &str) -> std::io::Result<()> {
        // From the static table GET, http and :path; then the authority.
        let mut head = vec![0x82, 0x86, 0x04];
        let length = path.len();
        match u8::try_from(length).unwrap_or(127) {
            length @ 0..127 => head.push(length),
            _ => {
                head.push(127);
                let mut rest = length - 127;
                while rest >= 128 {
                    head.push(u8::try_from(rest % 128).unwrap() | 128);
                    rest /= 128;
                }
                head.push(u8::try_from(rest).unwrap());
            }
        }
        head.extend(path.as_bytes());
        head.extend([0x01, 9]);
        head.extend(b"localhost");
        self.send(1, 0b101, stream, &head).await
    }
}

/// A window that opens byte by byte is no progress worth waiting for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_that_drips_ends_the_connection() {
    let mut settings = settings();
    settings.timeouts.silent = Duration::from_secs(1);
    let served = serve(settings, snapshot(1)).await;
    let mut frames = Frames::open(served.addr).await;
    frames.get(1, &large_path()).await.unwrap();
    let (mut read, write) = frames.0.into_split();
    let drip = async move {
        let mut frames = write;
        // WINDOW_UPDATE of stream 1 by one byte
        let window = [0, 0, 4, 8, 0, 0, 0, 0, 1, 0, 0, 0, 1];
        loop {
            if frames.write_all(&window).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let dripping = tokio::spawn(drip);
    let mut taken = Vec::new();
    // A reset is an end as well.
    let _ = timeout(HANG, read.read_to_end(&mut taken)).await.unwrap();
    assert!(taken.len() < 16 << 10, "{}", taken.len());
    dripping.abort();
}

/// Requests that are given up at once leave nothing behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_are_reset_leave_nothing_behind() {
    let mut settings = settings();
    settings.bytes.total = 1 << 20;
    let served = serve(settings, snapshot(1)).await;
    for _ in 0..3 {
        let mut frames = Frames::open(served.addr).await;
        for stream in (1..2_000).step_by(2) {
            // The server may end it before.
            let asked = frames.get(stream, "/metrics").await;
            let reset = frames.send(3, 0, stream, &[0, 0, 0, 8]).await;
            if asked.and(reset).is_err() {
                break;
            }
        }
        let mut good = Client::connect(served.addr, Version::HTTP_2).await;
        let answer = good.get(served.addr, &large_path()).await;
        assert_eq!(answer.status(), StatusCode::OK);
        drop(frames);
    }
}

/// Bytes that the system keeps of what this server has sent, from its own table of sockets.
fn kept_by_the_system(served: &Served) -> (usize, usize) {
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let port = format!(":{:04X}", served.addr.port());
    let rows = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let ours = rows.filter(|row| row.len() > 4 && row[1].ends_with(&port) && row[3] == "01");
    let queues: Vec<_> = ours
        .map(|row| usize::from_str_radix(row[4].split(':').next().unwrap(), 16).unwrap())
        .collect();
    (queues.iter().sum(), queues.len())
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscribers_that_never_read_hold_little_of_the_systems_memory() {
    const EACH: usize = 5;
    let served = serve(settings(), snapshot(1)).await;
    let mut sockets = Vec::new();
    let mut streams = Vec::new();
    for _ in 0..EACH {
        let (mut socket, _) = Raw::over(narrow(&served).await, HANDSHAKE).await;
        socket.say(r#"{"type":"connection_init"}"#).await;
        socket.subscribe("a", &large()).await;
        sockets.push(socket);
        streams.push(Events::over(narrow(&served).await, &large()).await);
    }
    counted(served.addr, "subscribers", |count| count == 2 * EACH as u64).await;
    // Every one of them has missed answers for want of room.
    counted(served.addr, "executed", |count| count >= 15).await;
    let (bytes, count) = kept_by_the_system(&served);
    assert!(count >= 2 * EACH, "{count}");
    // What is not sent, and the one segment on top of it.
    assert!(
        bytes <= count * (160 << 10),
        "{bytes} bytes for {count} sockets"
    );
}

/// Requests in a row, none of whose answers is read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_in_a_row_without_reading_hold_little_and_end_the_connection() {
    let mut settings = settings();
    settings.timeouts.silent = Duration::from_secs(1);
    let served = serve(settings, snapshot(1)).await;
    let head = format!("GET {} HTTP/1.1\r\nhost: localhost\r\n\r\n", large_path());
    let mut stream = narrow(&served).await;
    let send = async {
        loop {
            if stream.write_all(head.as_bytes()).await.is_err() {
                return;
            }
        }
    };
    timeout(HANG, send).await.unwrap();
}

#[tokio::test]
async fn what_is_read_slowly_but_steadily_arrives_whole() {
    let mut settings = settings();
    settings.timeouts.silent = Duration::from_secs(2);
    let served = serve(settings, snapshot(1)).await;
    let mut stream = narrow(&served).await;
    let path = large_path();
    let head = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut read, mut piece) = (0, [0; 4_096]);
    let all = async {
        loop {
            match stream.read(&mut piece).await.unwrap() {
                0 => break,
                bytes => read += bytes,
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(HANG, all).await.unwrap();
    let mut quick = Client::connect(served.addr, Version::HTTP_11).await;
    let request: Request<Full<Bytes>> = request(served.addr, Method::GET, &path, "");
    assert!(read > quick.send(request).await.body().len(), "{read}");
}
