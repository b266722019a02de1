//! Stage 2: one message to an event, the tape path beside its rivals.
//!
//! Every way gets a fresh copy of the message, since simd-json changes its input, and has to give the
//! same answer: the sum of all event times. `serde_json` does less than the others: it makes no
//! session key, checks no duplicates and no numbers that it does not want.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on stops")]

use std::fmt::Write;
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
    fn new() -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut payloads = Vec::new();
        let mut times_sum = 0;
        for seq in 0..MESSAGES {
            let time = START + rng.random_range(0..60_000);
            times_sum += time.ms();
            let mut line = String::new();
            write!(
                line,
                r#"{{"eventType":"webchat:message","timestamp":"{time}","data":{{"sessionId":"{}","conversationId":"{}","deploymentId":"{}","queueId":"q-{:03}","direction":"inbound","textLength":{}}},"metadata":{{"seq":{},"region":"use1"}}}}"#,
                uuid(&mut rng),
                uuid(&mut rng),
                uuid(&mut rng),
                rng.random_range(0..40),
                rng.random_range(10..100),
                100 + seq % 900,
            )
            .unwrap();
            assert_eq!(line.len(), 335, "the benches' names say so");
            payloads.push(line.into_bytes());
        }
        Self {
            payloads,
            times_sum,
        }
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

fn message_335b(criterion: &mut Criterion) {
    let traffic = Traffic::new();
    let mut scratch = Vec::with_capacity(512);
    let mut group = criterion.benchmark_group("parse/message_335B");
    group.throughput(Throughput::ElementsAndBytes {
        elements: MESSAGES,
        bytes: MESSAGES * 335,
    });

    group.bench_function(BenchmarkId::from_parameter("tape"), |bencher| {
        let mut parser = Parser::new(IdKeys::FIXED);
        bencher.iter(|| traffic.run(&mut scratch, |bytes| event_ms(parser.parse(bytes))));
    });
    // Must lose to "tape": the same with new buffers for every message.
    group.bench_function(
        BenchmarkId::from_parameter("tape_without_reuse"),
        |bencher| {
            let parse = |bytes: &mut [u8]| event_ms(Parser::new(IdKeys::FIXED).parse(bytes));
            bencher.iter(|| traffic.run(&mut scratch, parse));
        },
    );
    group.bench_function(BenchmarkId::from_parameter("serde_json_typed"), |bencher| {
        let parse = |bytes: &mut [u8]| typed_ms(&serde_json::from_slice(bytes).unwrap());
        bencher.iter(|| traffic.run(&mut scratch, parse));
    });
    group.finish();
}

criterion_group!(benches, message_335b);
criterion_main!(benches);
