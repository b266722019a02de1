//! Instructions executed a stage, counted by valgrind: the gate against regressions, because wall time
//! on shared machines swings by more than most changes. `perf/gate.sh` compares with `perf/baseline.tsv`.
//!
//! Needs valgrind and `gungraun-runner`; without them `cargo bench` says what is missing and goes on.
//! Under `cargo test --benches` every case runs once, uncounted.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    unused_qualifications,
    reason = "a bench ends at its first surprise; the macros define and qualify what need not be"
)]

use std::env;
use std::hint::black_box;
use std::io::Read;
use std::net::SocketAddr;
use std::process::Command;

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::Full;
use hyper::Request;
use hyper::header;

use streamgauge::aggregate::State;
use streamgauge::config::AggregateSettings;
use streamgauge::config::ServeSettings;
use streamgauge::event::Definitions;
use streamgauge::event::Event;
use streamgauge::event::IdKeys;
use streamgauge::parse::AnyDecoder;
use streamgauge::parse::Decoded;
use streamgauge::parse::Decoder;
use streamgauge::parse::Output;
use streamgauge::parse::Parser;
use streamgauge::parse::Verdict;
use streamgauge::ring::Mailbox;
use streamgauge::serve::Handler;
use streamgauge::simulate::FILE_START;
use streamgauge::simulate::SimulatorSettings;
use streamgauge::simulate::write_file;
use streamgauge::snapshot::Snapshot;
use streamgauge::snapshot::channel;
use streamgauge::source::websocket::frames::Frames;
use streamgauge::source::websocket::frames::Received;
use streamgauge::time::Clock;
use tokio::runtime::Builder;
use tokio::runtime::Runtime;

#[path = "dialects/payloads.rs"]
mod payloads;

const EVENTS: usize = 5_000;
const POSTED: usize = 1_000;
const FILLS: usize = 100;
const ANSWERS: usize = 100;
const QUERY: &[u8] = br#"{"query":"{ realTimeMetrics { activeSessions totalConnections avgSessionDurationMs messagesPerMinute } }"}"#;

/// What has to be installed, and how.
const NEEDED: [(&str, &str); 2] = [
    ("valgrind", "install it (Debian: apt-get install valgrind)"),
    (
        "gungraun-runner",
        "cargo install --locked --version 0.20.0 gungraun-runner",
    ),
];

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if has("--gungraun-run") {
        return counted::run();
    }
    if !has("--bench") {
        return smoke();
    }
    for (program, remedy) in NEEDED {
        let set = env::var("GUNGRAUN_RUNNER").ok();
        let program = set
            .filter(|_| program != "valgrind")
            .unwrap_or_else(|| program.to_owned());
        if Command::new(&program).arg("--version").output().is_err() {
            eprintln!("instructions: not counted: {program}: not found; {remedy}");
            return;
        }
    }
    counted::run();
}

/// Every case once.
fn smoke() {
    frames(framed());
    parse(parsing(Parser::new));
    parse(parsing(Parser::reference));
    for traffic in 0..payloads::Traffic::all(0).len() {
        decode(decoding(traffic));
    }
    apply(applying());
    fill(applied());
    answer(answering());
    eprintln!("instructions: every case has run once, uncounted");
}

/// The macros make a module of every case, and a `main` of them all.
mod counted {
    use gungraun::library_benchmark;
    use gungraun::library_benchmark_group;

    use super::*;

    #[library_benchmark(setup = framed)]
    #[bench::simulated_5000()]
    fn frames(stream: Vec<u8>) -> usize {
        super::frames(stream)
    }

    #[library_benchmark(setup = parsing)]
    #[bench::guided(Parser::new)]
    #[bench::tape(Parser::reference)]
    fn parse(input: (Parser, Vec<Vec<u8>>)) -> usize {
        super::parse(input)
    }

    #[library_benchmark(setup = decoding)]
    #[bench::genesys_details(0)]
    #[bench::genesys_views(1)]
    #[bench::amazon_connect(2)]
    #[bench::twilio(3)]
    #[bench::cloudevents(4)]
    #[bench::mapped(5)]
    fn decode(input: Decoding) -> Decoding {
        super::decode(input)
    }

    #[library_benchmark(setup = applying)]
    #[bench::simulated_5000()]
    fn apply(input: (State, Vec<Event>)) -> State {
        super::apply(input)
    }

    #[library_benchmark(setup = applied)]
    #[bench::four_windows()]
    fn fill(input: (State, Snapshot)) -> (State, Snapshot) {
        super::fill(input)
    }

    #[library_benchmark(setup = answering)]
    #[bench::kept_100()]
    fn answer(input: (Runtime, Handler)) -> (Runtime, Handler) {
        super::answer(input)
    }

    library_benchmark_group!(
        name = stages,
        benchmarks = [frames, parse, decode, apply, fill, answer]
    );
    gungraun::main!(library_benchmark_groups = stages);

    pub(super) fn run() {
        main();
    }
}

/// The first events of the simulator, a payload each.
fn payloads() -> Vec<Vec<u8>> {
    let settings = SimulatorSettings::new(SimulatorSettings::LISTEN);
    let mut bytes = Vec::new();
    write_file(&mut bytes, EVENTS as u64, &settings, |_| {}).unwrap();
    bytes
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(<[u8]>::to_vec)
        .collect()
}

/// The payloads as text frames, each of a length that takes two bytes.
fn framed() -> Vec<u8> {
    let frame = |payload: Vec<u8>| {
        let length = u16::try_from(payload.len()).unwrap();
        assert!(length > 125);
        [&[0x81, 126], &length.to_be_bytes()[..], &payload].concat()
    };
    payloads().into_iter().flat_map(frame).collect()
}

fn frames(stream: Vec<u8>) -> usize {
    let mut frames = Frames::new(&[]);
    let mut rest = stream.as_slice();
    let mut messages = 0;
    loop {
        let bytes = rest.read(frames.room()).unwrap();
        if bytes == 0 {
            break;
        }
        frames.filled(bytes);
        while let Some(received) = frames.take().unwrap() {
            messages += usize::from(matches!(received, Received::Text(_)));
        }
    }
    assert_eq!(messages, EVENTS);
    messages
}

/// A parser that has seen the payloads once, and the payloads.
fn parsing(parser: fn(IdKeys) -> Parser) -> (Parser, Vec<Vec<u8>>) {
    let mut parser = parser(IdKeys::FIXED);
    for mut payload in payloads() {
        black_box(parser.parse(&mut payload));
    }
    (parser, payloads())
}

fn parse((mut parser, mut payloads): (Parser, Vec<Vec<u8>>)) -> usize {
    let events = payloads
        .iter_mut()
        .map(|payload| parser.parse(payload))
        .filter(|verdict| matches!(verdict, Verdict::Event(_)))
        .count();
    assert_eq!(events, EVENTS);
    events
}

/// A decoder of what is posted that has seen the payloads once, the payloads, and room for the events.
struct Decoding {
    decoder: AnyDecoder,
    payloads: Vec<Vec<u8>>,
    events: Vec<Event>,
    facts: Vec<streamgauge::event::Fact>,
    definitions: Definitions,
}

/// Of the traffic at a place.
fn decoding(traffic: usize) -> Decoding {
    let traffic = payloads::Traffic::all(POSTED).swap_remove(traffic);
    assert_eq!(traffic.payloads.len(), POSTED, "{}", traffic.name);
    let decoding = Decoding {
        decoder: AnyDecoder::new(&traffic.dialect, IdKeys::FIXED),
        payloads: traffic.payloads.clone(),
        events: Vec::new(),
        facts: Vec::new(),
        definitions: Definitions::default(),
    };
    Decoding {
        payloads: traffic.payloads,
        ..decode(decoding)
    }
}

/// Gives back what it was given, so that to free it does not count.
fn decode(mut decoding: Decoding) -> Decoding {
    let mut known = 0;
    for payload in &mut decoding.payloads {
        decoding.events.clear();
        decoding.facts.clear();
        decoding.definitions.clear();
        let mut output = Output {
            events: &mut decoding.events,
            facts: &mut decoding.facts,
            definitions: &mut decoding.definitions,
        };
        let decoded = decoding.decoder.take(payload, &mut output);
        known += usize::from(matches!(decoded, Decoded::Events(_) | Decoded::Ignored));
    }
    assert_eq!(known, POSTED);
    decoding
}

/// A fresh state and the events, all of them inside its window.
fn applying() -> (State, Vec<Event>) {
    let (mut parser, mut payloads) = parsing(Parser::new);
    let events = payloads
        .iter_mut()
        .filter_map(|payload| match parser.parse(payload) {
            Verdict::Event(event) => Some(event),
            Verdict::Ignored | Verdict::Rejected(_) => None,
        })
        .collect();
    let mut state = State::new(AggregateSettings::default(), IdKeys::FIXED, FILE_START);
    state.advance(FILE_START + 60_000);
    (state, events)
}

fn apply((mut state, events): (State, Vec<Event>)) -> State {
    state.apply_all(&events);
    state
}

/// A state with events, and a snapshot that it has filled before.
fn applied() -> (State, Snapshot) {
    let state = apply(applying());
    let mut snapshot = Snapshot::default();
    state.fill(&mut snapshot);
    (state, snapshot)
}

/// Gives back what it was given, so that to free it does not count.
fn fill((state, mut snapshot): (State, Snapshot)) -> (State, Snapshot) {
    for _ in 0..FILLS {
        state.fill(&mut snapshot);
    }
    assert_eq!(snapshot.counters.applied, EVENTS as u64);
    (state, snapshot)
}

/// A handler that has answered the query once, and what it runs on.
fn answering() -> (Runtime, Handler) {
    let (_state, snapshot) = applied();
    let (_, reader) = channel(snapshot);
    let listen = SocketAddr::from(([127, 0, 0, 1], 4000));
    let settings = ServeSettings::new(listen);
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let handler = Handler::new(&settings, listen, reader, Mailbox::new(1), Clock::system());
    assert!(runtime.block_on(ask(&handler)) > 0);
    (runtime, handler)
}

/// Gives back what it was given, so that dropping it is not counted.
fn answer((runtime, handler): (Runtime, Handler)) -> (Runtime, Handler) {
    for _ in 0..ANSWERS {
        black_box(runtime.block_on(ask(&handler)));
    }
    (runtime, handler)
}

/// The length of an answer.
async fn ask(handler: &Handler) -> usize {
    let request = Request::post("/graphql")
        .header(header::HOST, "localhost:4000")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from_static(QUERY)))
        .unwrap();
    let answer = handler.answer(request).await;
    answer.into_body().collect().await.unwrap().to_bytes().len()
}
