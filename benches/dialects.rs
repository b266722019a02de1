//! Stage 2 for what is posted: the decoder of each dialect beside rivals that read the same bytes into
//! types of their own.
//!
//! Every way gets a fresh copy of the payload. The rivals do less than ours: of a payload they read kind,
//! time, session, queue and deployment as texts, look for no key that stands twice, and make neither a key
//! of the session nor a number of the queue. What each found is summed and has to be the same every time.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on stops")]

use std::hint::black_box;

use criterion::BenchmarkId;
use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;

use streamgauge::event::Definitions;
use streamgauge::event::IdKeys;
use streamgauge::parse::AnyDecoder;
use streamgauge::parse::Decoded;
use streamgauge::parse::Decoder;
use streamgauge::parse::Elements;
use streamgauge::parse::Output;

#[path = "dialects/payloads.rs"]
mod payloads;
#[path = "dialects/typed.rs"]
mod typed;

use payloads::Traffic;
use typed::Typed;

/// Enough that they do not fit the branch predictor.
const PAYLOADS: usize = 1_000;

fn dialects(criterion: &mut Criterion) {
    for traffic in Traffic::all(PAYLOADS) {
        race(criterion, &traffic);
    }
}

fn race(criterion: &mut Criterion, traffic: &Traffic) {
    let mut group = criterion.benchmark_group(format!("dialects/{}", traffic.name));
    group.throughput(Throughput::ElementsAndBytes {
        elements: PAYLOADS as u64,
        bytes: traffic.payloads.iter().map(|text| text.len() as u64).sum(),
    });
    let mut scratch = Vec::new();
    let mut copies = |read: &mut dyn FnMut(&mut [u8]) -> usize| {
        let read = |payload: &Vec<u8>| {
            scratch.clear();
            scratch.extend_from_slice(payload);
            read(black_box(scratch.as_mut_slice()))
        };
        traffic.payloads.iter().map(read).sum::<usize>()
    };
    let expected = copies(&mut |bytes| typed::serde_json(bytes).known());
    assert!(expected > PAYLOADS / 8, "{expected} known");

    group.bench_function(BenchmarkId::from_parameter("ours"), |bencher| {
        let mut ours = Ours::new(traffic);
        let events = copies(&mut |bytes| ours.decode(bytes));
        assert!(events >= expected, "{events} events, {expected} known");
        bencher.iter(|| assert_eq!(copies(&mut |bytes| ours.decode(bytes)), events));
    });
    // As they come in a request: a line each, whose ends have to be found.
    group.bench_function(BenchmarkId::from_parameter("ours_of_lines"), |bencher| {
        let body = traffic.payloads.join(&b'\n');
        let mut ours = Ours::new(traffic);
        bencher.iter(|| {
            scratch_of(&body, |text| {
                let mut elements = Elements::default();
                let mut events = 0;
                while let Some(element) = elements.next(text) {
                    events += ours.decode(&mut text[element.unwrap()]);
                }
                assert!(events >= expected);
            });
        });
    });
    group.bench_function(BenchmarkId::from_parameter("sonic_rs_typed"), |bencher| {
        let mut read = |bytes: &mut [u8]| typed::sonic_rs(bytes).known();
        bencher.iter(|| assert_eq!(copies(&mut read), expected));
    });
    group.bench_function(BenchmarkId::from_parameter("serde_json_typed"), |bencher| {
        let mut read = |bytes: &mut [u8]| typed::serde_json(bytes).known();
        bencher.iter(|| assert_eq!(copies(&mut read), expected));
    });
    // Must lose: a tree of every value.
    group.bench_function(
        BenchmarkId::from_parameter("serde_json_value_must_lose"),
        |bencher| {
            let mut read = |bytes: &mut [u8]| {
                let value: serde_json::Value = serde_json::from_slice(bytes).unwrap();
                Typed::of(&value).known()
            };
            bencher.iter(|| assert_eq!(copies(&mut read), expected));
        },
    );
    group.finish();
}

/// Runs on a copy of the text.
fn scratch_of(text: &[u8], run: impl FnOnce(&mut [u8])) {
    let mut copy = text.to_vec();
    run(black_box(copy.as_mut_slice()));
}

/// A decoder and where its events go.
struct Ours {
    decoder: AnyDecoder,
    events: Vec<streamgauge::event::Event>,
    facts: Vec<streamgauge::event::Fact>,
    definitions: Definitions,
}

impl Ours {
    fn new(traffic: &Traffic) -> Self {
        Self {
            decoder: AnyDecoder::new(&traffic.dialect, IdKeys::FIXED),
            events: Vec::new(),
            facts: Vec::new(),
            definitions: Definitions::default(),
        }
    }

    /// As an intake does it. How many events it came to.
    fn decode(&mut self, payload: &mut [u8]) -> usize {
        self.events.clear();
        self.facts.clear();
        self.definitions.clear();
        let mut output = Output {
            events: &mut self.events,
            facts: &mut self.facts,
            definitions: &mut self.definitions,
        };
        let decoded = self.decoder.take(payload, &mut output);
        match black_box(decoded) {
            Decoded::Events(events) => events,
            Decoded::Ignored => 0,
            Decoded::Control | Decoded::Rejected(..) => panic!("{decoded:?}"),
        }
    }
}

criterion_group!(benches, dialects);
criterion_main!(benches);
