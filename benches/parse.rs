//! Stage 2: one message to an event, the guided path beside the tape and its rivals.
//!
//! Every way gets a fresh copy of the message, since simd-json changes its input, and has to give the
//! same answer: the sum of all event times. The typed rivals do less than ours: they make no session
//! key, check no duplicates and no numbers that they do not want.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on stops")]

use std::fmt;
use std::hint::black_box;

use criterion::BenchmarkId;
use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

use streamgauge::event::Definitions;
use streamgauge::event::IdKeys;
use streamgauge::parse::Parser;
use streamgauge::parse::Verdict;
use streamgauge::time::EpochMs;

/// Enough that they do not fit the branch predictor, few enough for the second-level cache.
const MESSAGES: u64 = 1_000;
/// 2026-01-15T12:00:00Z
const START: EpochMs = EpochMs::from_ms(1_768_478_400_000);

/// Messages of a fixed seed, and the sum of their times.
struct Traffic {
    payloads: Vec<Vec<u8>>,
    times_sum: i64,
}

impl Traffic {
    /// Messages of one layout, all of one length.
    fn messages() -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let traffic = Self::of(|seq| {
            let time = START + rng.random_range(0..60_000);
            let data = Data::new(&mut rng);
            let length = rng.random_range(10..100);
            let seq = 100 + seq % 900;
            let line = format!(
                r#"{{"eventType":"webchat:message","timestamp":"{time}","data":{{{data},"direction":"inbound","textLength":{length}}},"metadata":{{"seq":{seq},"region":"use1"}}}}"#,
            );
            assert_eq!(line.len(), 335, "the benches' names say so");
            (time, line)
        });
        assert_eq!(traffic.bytes(), MESSAGES * 335);
        traffic
    }

    /// Connects, messages and disconnects as they are mixed in a recorded file.
    fn mixed() -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(8);
        Self::of(|seq| {
            let time = START + rng.random_range(0..60_000);
            let data = Data::new(&mut rng);
            let (kind, rest) = match rng.random_range(0..100) {
                0..11 => ("connected", String::new()),
                11..17 if rng.random() => ("disconnected", r#","reason":"guest""#.to_owned()),
                11..17 => ("disconnected", r#","reason":"timeout""#.to_owned()),
                _ => {
                    let direction = if rng.random() { "inbound" } else { "outbound" };
                    let length = rng.random_range(1..400);
                    let rest = format!(r#","direction":"{direction}","textLength":{length}"#);
                    ("message", rest)
                }
            };
            let line = format!(
                r#"{{"eventType":"webchat:{kind}","timestamp":"{time}","data":{{{data}{rest}}},"metadata":{{"seq":{seq},"region":"use1"}}}}"#,
            );
            (time, line)
        })
    }

    fn of(mut line: impl FnMut(u64) -> (EpochMs, String)) -> Self {
        let (times, payloads): (Vec<i64>, Vec<Vec<u8>>) = (0..MESSAGES)
            .map(&mut line)
            .map(|(time, line)| (time.ms(), line.into_bytes()))
            .unzip();
        Self {
            payloads,
            times_sum: times.iter().sum(),
        }
    }

    fn bytes(&self) -> u64 {
        self.payloads
            .iter()
            .map(|payload| payload.len() as u64)
            .sum()
    }

    /// Runs every message through `parse`, which gives its time.
    fn run(&self, scratch: &mut Vec<u8>, mut parse: impl FnMut(&mut [u8]) -> i64) {
        let mut sum = 0;
        for payload in &self.payloads {
            scratch.clear();
            scratch.extend_from_slice(payload);
            sum += parse(black_box(scratch.as_mut_slice()));
        }
        assert_eq!(sum, self.times_sum);
    }
}

fn uuid(rng: &mut ChaCha8Rng) -> String {
    let hex = format!("{:032x}", rng.random::<u128>());
    let (a, b, c) = (&hex[..8], &hex[8..12], &hex[12..16]);
    format!("{a}-{b}-{c}-{}-{}", &hex[16..20], &hex[20..])
}

/// The pages that carry the messenger: a contact centre has a handful.
const DEPLOYMENTS: [&str; 4] = [
    "5f1d0c9a-3b7e-4c52-9a41-6d2e8f70b1c3",
    "0a4e7b21-88c3-4f0d-b6d5-19e2c7a3f504",
    "c2b96f1e-5d07-4a8b-8f36-e0417d5ca982",
    "71d3a0c8-e94b-4265-9b1f-3c8057f6e2ad",
];

/// The fields that every kind of event has.
struct Data {
    ids: [String; 3],
    queue: u8,
}

impl Data {
    fn new(rng: &mut ChaCha8Rng) -> Self {
        Self {
            ids: [
                uuid(rng),
                uuid(rng),
                DEPLOYMENTS[rng.random_range(0..4)].to_owned(),
            ],
            queue: rng.random_range(0..40),
        }
    }
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            ids: [session, conversation, deployment],
            queue,
        } = self;
        write!(
            f,
            r#""sessionId":"{session}","conversationId":"{conversation}","deploymentId":"{deployment}","queueId":"q-{queue:03}""#
        )
    }
}

fn event_ms(verdict: Verdict) -> i64 {
    match black_box(verdict) {
        Verdict::Event(event) => event.time.ms(),
        Verdict::Ignored | Verdict::Rejected(_) => 0,
    }
}

/// The rival: what a program without a tape would write.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Typed<'a> {
    event_type: &'a str,
    timestamp: &'a str,
    data: TypedData<'a>,
    metadata: TypedMetadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TypedData<'a> {
    session_id: &'a str,
}

#[derive(Deserialize)]
struct TypedMetadata {
    seq: u64,
}

fn typed_ms(typed: &Typed<'_>) -> i64 {
    black_box((typed.event_type, typed.data.session_id, typed.metadata.seq));
    let time: jiff::Timestamp = typed.timestamp.parse().unwrap();
    time.as_millisecond()
}

fn parse(criterion: &mut Criterion) {
    race(criterion, "parse/message_335B", &Traffic::messages());
    race(criterion, "parse/mixed", &Traffic::mixed());
}

fn race(criterion: &mut Criterion, name: &str, traffic: &Traffic) {
    let mut scratch = Vec::with_capacity(512);
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::ElementsAndBytes {
        elements: MESSAGES,
        bytes: traffic.bytes(),
    });

    group.bench_function(BenchmarkId::from_parameter("guided"), |bencher| {
        let mut parser = Parser::new(IdKeys::FIXED);
        bencher.iter(|| traffic.run(&mut scratch, |bytes| event_ms(parser.parse(bytes))));
        let last = traffic.payloads.last().unwrap();
        assert!(parser.recognize(last).is_some(), "it was the guided path");
    });
    // The same, with queue, deployment and direction read.
    group.bench_function(BenchmarkId::from_parameter("guided_labels"), |bencher| {
        let mut parser = Parser::new(IdKeys::FIXED).with_labels();
        let mut definitions = Definitions::default();
        bencher.iter(|| {
            traffic.run(&mut scratch, |bytes| {
                let verdict = parser.parse(bytes);
                parser.define(0, &mut definitions);
                event_ms(verdict)
            });
            definitions.clear();
        });
        let last = traffic.payloads.last().unwrap();
        assert!(parser.recognize(last).is_some(), "it was the guided path");
    });
    group.bench_function(BenchmarkId::from_parameter("tape"), |bencher| {
        let mut parser = Parser::reference(IdKeys::FIXED);
        bencher.iter(|| traffic.run(&mut scratch, |bytes| event_ms(parser.parse(bytes))));
    });
    // Must lose to "tape": the same with new buffers for every message.
    group.bench_function(
        BenchmarkId::from_parameter("tape_without_reuse_must_lose"),
        |bencher| {
            let parse = |bytes: &mut [u8]| event_ms(Parser::reference(IdKeys::FIXED).parse(bytes));
            bencher.iter(|| traffic.run(&mut scratch, parse));
        },
    );
    group.bench_function(BenchmarkId::from_parameter("sonic_rs_typed"), |bencher| {
        let parse = |bytes: &mut [u8]| typed_ms(&sonic_rs::from_slice(bytes).unwrap());
        bencher.iter(|| traffic.run(&mut scratch, parse));
    });
    group.bench_function(BenchmarkId::from_parameter("serde_json_typed"), |bencher| {
        let parse = |bytes: &mut [u8]| typed_ms(&serde_json::from_slice(bytes).unwrap());
        bencher.iter(|| traffic.run(&mut scratch, parse));
    });
    // What every way pays for the copy.
    group.bench_function(BenchmarkId::from_parameter("copy_alone"), |bencher| {
        bencher.iter(|| {
            for payload in &traffic.payloads {
                scratch.clear();
                scratch.extend_from_slice(payload);
                black_box(scratch.as_mut_slice());
            }
        });
    });
    group.finish();
}

criterion_group!(benches, parse);
criterion_main!(benches);
