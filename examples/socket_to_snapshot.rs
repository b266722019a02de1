//! How fast events come from a socket into a published snapshot, against a loop that only reads the
//! same socket and throws the bytes away.
//!
//! ```text
//! cargo run --release --example socket_to_snapshot -- [SECONDS] [RUNS]
//! ```
//!
//! One thread serves prebuilt WebSocket text frames of 335-byte events on loopback TCP as fast as they
//! are taken. Three readers take turns, RUNS times (5) for SECONDS seconds (1) each:
//!
//! - `sink`: a blocking read loop that drops what it reads;
//! - `ring`: handshake, frames, parser and ring as in the engine, batches dropped at the other end;
//! - `snapshot`: the same, with the writer behind it; an event counts when a published snapshot has it.
//!
//! Prints for each the median in events and bytes a second and its ratio to the sink's, the least and
//! greatest of the single ratios of a turn, and the median of the processor time of all threads an event
//! (Linux only, otherwise 0); then, on lines that begin with `cpu`, that of each thread by its name. The
//! server, the ingest and the writer thread want a core each: with less, they take it from one another,
//! and only the processor time holds.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement ends at its first surprise, and prints its figures"
)]

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::io::Read;
use std::io::Write as _;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::Digest;
use sha1::Sha1;
use streamgauge::aggregate::State;
use streamgauge::aggregate::Writer;
use streamgauge::auth::TokenSource;
use streamgauge::config::AggregateSettings;
use streamgauge::config::AuthSettings;
use streamgauge::config::StreamSettings;
use streamgauge::config::WaitStrategy;
use streamgauge::config::limits;
use streamgauge::event::IdKeys;
use streamgauge::net::Connector;
use streamgauge::parse::Parser;
use streamgauge::ring;
use streamgauge::ring::Bell;
use streamgauge::ring::Consumer;
use streamgauge::ring::Mailbox;
use streamgauge::snapshot;
use streamgauge::snapshot::Reader;
use streamgauge::snapshot::Snapshot;
use streamgauge::source::EventsStream;
use streamgauge::time::Clock;
use streamgauge::time::EpochMs;
use streamgauge::window::Width;
use tokio_util::sync::CancellationToken;

/// Payload bytes of an event; its frame has four more.
const EVENT_BYTES: usize = 335;
const FRAME_BYTES: usize = EVENT_BYTES + 4;
/// What the server writes at a time, and how many such blocks it goes through in turn.
const BLOCK_EVENTS: usize = 3_000;
const BLOCKS: usize = 16;
/// Events of one session: it connects, sends messages and disconnects.
const SESSION_EVENTS: usize = 10;
/// `2026-01-15T12:00:00.000Z`
const TIME_BYTES: usize = 24;
/// Before a reader's rate is taken.
const WARM_UP: Duration = Duration::from_millis(300);

fn main() {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().map_or(1.0, |text| text.parse().unwrap());
    let runs = arguments.next().map_or(5, |text| text.parse().unwrap());
    let span = Duration::from_secs_f64(seconds);
    let clock = Clock::system();
    let address = serve(&clock);

    let mut taken = [const { Vec::new() }; 3];
    for _ in 0..runs {
        taken[0].push(sink(address, span, &clock));
        taken[1].push(to_ring(address, span, &clock));
        taken[2].push(to_snapshot(address, span, &clock));
    }
    println!("reader      events/s      GB/s   ratio   least    most  cpu ns/event");
    let base = median(taken[0].iter().map(|sample| sample.rate));
    for (name, own) in ["sink", "ring", "snapshot"].into_iter().zip(&taken) {
        let rate = median(own.iter().map(|sample| sample.rate));
        let ratios = || {
            own.iter()
                .zip(&taken[0])
                .map(|(own, sink)| own.rate / sink.rate)
        };
        println!(
            "{name:8} {rate:11.0} {:9.3} {:7.3} {:7.3} {:7.3} {:13.1}",
            rate * FRAME_BYTES as f64 / 1e9,
            rate / base,
            ratios().fold(f64::INFINITY, f64::min),
            ratios().fold(0.0, f64::max),
            median(own.iter().map(Sample::cpu_ns)),
        );
    }
    for (reader, own) in ["sink", "ring", "snapshot"].into_iter().zip(&taken) {
        for thread in ["sender", "sink", "ingest", "writer"] {
            let ns = |sample: &Sample| sample.cpu_ns.get(thread).copied();
            if own.iter().any(|sample| ns(sample).is_some()) {
                let ns = median(own.iter().filter_map(ns));
                println!("cpu {reader} {thread} {ns:.1}");
            }
        }
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// What one run of a reader showed.
struct Sample {
    /// Events a second.
    rate: f64,
    /// Processor time an event by the threads' names, in nanoseconds.
    cpu_ns: BTreeMap<String, f64>,
}

impl Sample {
    /// Of all threads together.
    fn cpu_ns(&self) -> f64 {
        self.cpu_ns.values().sum()
    }
}

/// Watches a count of events that grows for `span`, and the threads of this process.
fn sample(span: Duration, clock: &Clock, events: impl Fn() -> f64) -> Sample {
    while events() == 0.0 {
        thread::sleep(Duration::from_millis(1));
    }
    thread::sleep(WARM_UP);
    let (before, start_ns, cpu_before) = (events(), clock.mono_ns(), threads());
    thread::sleep(span);
    let (after, end_ns, cpu_after) = (events(), clock.mono_ns(), threads());
    let count = after - before;
    let mut cpu_ns = BTreeMap::new();
    for (task, (name, ns)) in cpu_after {
        let earlier_ns = cpu_before.get(&task).map_or(0.0, |(_, ns)| *ns);
        // The main thread only waits.
        if ["sender", "sink", "ingest", "writer"].contains(&name.as_str()) {
            *cpu_ns.entry(name).or_insert(0.0) += (ns - earlier_ns) / count;
        }
    }
    Sample {
        rate: count * 1e9 / (end_ns - start_ns) as f64,
        cpu_ns,
    }
}

/// Name and processor time so far of each thread of this process, by its folder in `/proc`.
fn threads() -> BTreeMap<PathBuf, (String, f64)> {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else {
        return BTreeMap::new();
    };
    tasks
        .filter_map(|task| {
            let path = task.ok()?.path();
            let name = fs::read_to_string(path.join("comm")).ok()?;
            let times = fs::read_to_string(path.join("schedstat")).ok()?;
            let ns = times.split(' ').next()?.parse().ok()?;
            Some((path, (name.trim().to_owned(), ns)))
        })
        .collect()
}

/// A thread that is distinguished by its name.
fn named<T: Send + 'static>(name: &str, run: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let builder = thread::Builder::new().name(name.to_owned());
    builder.spawn(run).unwrap()
}

/// Reads and drops.
fn sink(address: SocketAddr, span: Duration, clock: &Clock) -> Sample {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.write_all(b"GET /sink HTTP/1.1\r\n\r\n").unwrap();
    let bytes = Arc::new(AtomicU64::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let reader = {
        let (bytes, stop) = (Arc::clone(&bytes), Arc::clone(&stop));
        named("sink", move || {
            let mut buffer = vec![0; 256 << 10];
            // Relaxed, here and below: counters and flags only, they order nothing.
            while !stop.load(Ordering::Relaxed) {
                let read = socket.read(&mut buffer).unwrap();
                bytes.fetch_add(read as u64, Ordering::Relaxed);
            }
        })
    };
    let sample = sample(span, clock, || {
        bytes.load(Ordering::Relaxed) as f64 / FRAME_BYTES as f64
    });
    stop.store(true, Ordering::Relaxed);
    reader.join().unwrap();
    sample
}

/// Through the ring, whose other end drops the batches.
fn to_ring(address: SocketAddr, span: Duration, clock: &Clock) -> Sample {
    let bell = Bell::new();
    let (ingest, mut consumer) = Ingest::start(address, clock, &bell);
    let events = Arc::new(AtomicU64::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let drain = {
        let (events, stop) = (Arc::clone(&events), Arc::clone(&stop));
        named("writer", move || {
            let mut waiter = bell.waiter(WaitStrategy::Park);
            while !stop.load(Ordering::Relaxed) {
                match consumer.drain() {
                    Some(batch) => {
                        waiter.found_work();
                        events.fetch_add(batch.events.len() as u64, Ordering::Relaxed);
                        consumer.recycle(batch);
                    }
                    None => waiter.wait(Duration::from_millis(100), || consumer.is_ready()),
                }
            }
        })
    };
    let sample = sample(span, clock, || events.load(Ordering::Relaxed) as f64);
    ingest.stop();
    stop.store(true, Ordering::Relaxed);
    drain.join().unwrap();
    sample
}

/// Through the writer into snapshots.
fn to_snapshot(address: SocketAddr, span: Duration, clock: &Clock) -> Sample {
    let bell = Bell::new();
    let (ingest, consumer) = Ingest::start(address, clock, &bell);
    let stop = Arc::new(AtomicBool::new(false));
    let (writer, reader) = writer(consumer, clock);
    let writing = {
        let (stop, bell) = (Arc::clone(&stop), bell.clone());
        named("writer", move || {
            _ = writer.run(&bell, WaitStrategy::Park, &stop)
        })
    };
    let applied = || reader.load().counters.applied as f64;
    let sample = sample(span, clock, applied);
    let counters = reader.load().counters;
    assert!(
        counters.applied * 10 >= counters.received * 9,
        "most events are worth applying: {counters:?}"
    );
    ingest.stop();
    stop.store(true, Ordering::Release);
    bell.ring_always();
    writing.join().unwrap();
    sample
}

fn writer(consumer: Consumer, clock: &Clock) -> (Writer, Reader) {
    let settings = AggregateSettings::new(
        Width::DEFAULT,
        AggregateSettings::WINDOW_MS,
        &AggregateSettings::FURTHER_WINDOWS_MS,
    );
    let state = State::new(settings.unwrap(), IdKeys::FIXED, clock.wall());
    let mut first = Snapshot::default();
    state.fill(&mut first);
    let (publisher, reader) = snapshot::channel(first);
    let samples = Mailbox::new(1);
    let writer = Writer::new(state, consumer.into(), publisher, samples, clock.clone(), 1);
    (writer, reader)
}

/// The engine's ingest thread.
struct Ingest {
    thread: JoinHandle<()>,
    stop: CancellationToken,
}

impl Ingest {
    /// Starts it on a ring of the engine's size.
    fn start(address: SocketAddr, clock: &Clock, bell: &Bell) -> (Self, Consumer) {
        let (producer, consumer) =
            ring::ring(limits::RING_BATCHES, limits::BATCH_EVENTS, bell.clone());
        let stop = CancellationToken::new();
        let (stopped, clock) = (stop.clone(), clock.clone());
        let thread = named("ingest", move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let connector = Connector::new(None).unwrap();
                let auth = AuthSettings::new(
                    format!("http://{address}/token").parse().unwrap(),
                    "client".to_owned(),
                    "secret".into(),
                );
                let tokens = TokenSource::start(auth, connector.clone(), clock.clone()).unwrap();
                let settings = StreamSettings::new(format!("ws://{address}/").parse().unwrap());
                let parser = Parser::new(IdKeys::FIXED);
                let source =
                    EventsStream::new(settings, connector, tokens, parser, producer, clock)
                        .unwrap();
                // Cut off rather than shut down: a server that never reads answers no close.
                let running = source.run(CancellationToken::new());
                stopped.run_until_cancelled(running).await;
            });
        });
        (Self { thread, stop }, consumer)
    }

    fn stop(self) {
        self.stop.cancel();
        self.thread.join().unwrap();
    }
}

/// Serves tokens, and events with and without a handshake, until the process ends.
fn serve(clock: &Clock) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let clock = clock.clone();
    let mut blocks: Vec<Block> = (0..BLOCKS).map(Block::new).collect();
    named("sender", move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let request = read_head(&mut socket);
            if request.starts_with("POST ") {
                let body = r#"{"access_token":"t","token_type":"bearer","expires_in":86400}"#;
                let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ";
                write!(socket, "{head}{}\r\n\r\n{body}", body.len()).unwrap();
                continue;
            }
            if let Some(key) = header(&request, "sec-websocket-key: ") {
                let digest = Sha1::new()
                    .chain_update(key)
                    .chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
                let accept = STANDARD.encode(digest.finalize());
                let head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ";
                write!(socket, "{head}{accept}\r\n\r\n").unwrap();
            }
            feed(&mut socket, &mut blocks, &clock);
        }
    });
    address
}

fn read_head(socket: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let value = |line: &'a str| {
        let (start, value) = line.split_at_checked(name.len())?;
        start.eq_ignore_ascii_case(name).then_some(value)
    };
    request.lines().find_map(value)
}

/// Writes events until the reader leaves.
fn feed(socket: &mut TcpStream, blocks: &mut [Block], clock: &Clock) {
    for index in (0..blocks.len()).cycle() {
        let block = &mut blocks[index];
        block.set_time(clock.wall());
        match socket.write_all(&block.bytes) {
            Ok(()) => {}
            Err(error) => {
                let gone = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset];
                assert!(gone.contains(&error.kind()), "{error}");
                return;
            }
        }
    }
}

/// Frames of events of one moment.
struct Block {
    bytes: Vec<u8>,
    /// Where the events' times stand.
    times: Vec<usize>,
}

impl Block {
    fn new(number: usize) -> Self {
        let mut block = Self {
            bytes: Vec::with_capacity(BLOCK_EVENTS * FRAME_BYTES),
            times: Vec::with_capacity(BLOCK_EVENTS),
        };
        for event in 0..BLOCK_EVENTS {
            block.push(number * BLOCK_EVENTS + event);
        }
        block
    }

    fn push(&mut self, number: usize) {
        let session = number / SESSION_EVENTS;
        let kind = match number % SESSION_EVENTS {
            0 => "connected",
            9 => "disconnected",
            _ => "message",
        };
        let mut json = format!(
            r#"{{"eventType":"webchat:{kind}","timestamp":"{}","data":{{"sessionId":"0a1b2c3d-4e5f-4a6b-8c7d-{session:012x}","conversationId":"9f8e7d6c-5b4a-4938-8271-{session:012x}","deploymentId":"1c2d3e4f-5a6b-4c7d-8e9f-0a1b2c3d4e5f","queueId":"queue-{:03}"}},"metadata":{{"seq":{number},"region":""#,
            EpochMs::from_ms(0),
            session % 40,
        );
        let filler = EVENT_BYTES - json.len() - 3;
        json.extend(std::iter::repeat_n('x', filler));
        json.push_str(r#""}}"#);
        assert_eq!(json.len(), EVENT_BYTES);
        self.bytes.extend([0x81, 126]);
        self.bytes
            .extend(u16::try_from(EVENT_BYTES).unwrap().to_be_bytes());
        let time = json.find("1970").unwrap();
        self.times.push(self.bytes.len() + time);
        self.bytes.extend(json.as_bytes());
    }

    fn set_time(&mut self, now: EpochMs) {
        let text = now.to_string();
        for &at in &self.times {
            self.bytes[at..at + TIME_BYTES].copy_from_slice(text.as_bytes());
        }
    }
}
