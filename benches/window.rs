//! The sliding window: one message into buckets against the tutorial's way, which filters every message
//! of the window at each event and must lose. The cost of the first is flat in the messages inside.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a bench ends at its first surprise"
)]

use criterion::BenchmarkId;
use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;

use streamgauge::aggregate::State;
use streamgauge::config::AggregateSettings;
use streamgauge::config::ClockRule;
use streamgauge::event::Actor;
use streamgauge::event::Event;
use streamgauge::event::EventKind;
use streamgauge::event::IdKeys;
use streamgauge::event::IdKind;
use streamgauge::event::Identity;
use streamgauge::event::LabelsId;
use streamgauge::event::SessionKey;
use streamgauge::snapshot::Snapshot;
use streamgauge::time::EpochMs;
use streamgauge::window::Width;

const START_MS: i64 = 1_768_478_400_000;
const WINDOW_MS: i64 = 60_000;
const MESSAGES: [i64; 3] = [1_000, 10_000, 100_000];

fn message(at_ms: i64) -> Event {
    Event {
        time: EpochMs::from_ms(START_MS + at_ms),
        session: SessionKey {
            hi: 1,
            lo: 2,
            kind: IdKind::Uuid,
        },
        identity: Identity::NONE,
        detail: Event::NO_DETAIL,
        kind: EventKind::Message,
        labels: LabelsId::NONE,
        actor: Actor::Unknown,
    }
}

/// A state whose window holds `messages` of one window's length, evenly spread.
fn state(messages: i64) -> State {
    let window_ms = u32::try_from(WINDOW_MS).unwrap();
    let mut settings = AggregateSettings::new(Width::DEFAULT, window_ms, &[]).unwrap();
    settings.groups_max = 0;
    settings.clock = ClockRule::Event {
        max_jump_ms: 86_400_000,
    };
    let mut state = State::new(settings, IdKeys::FIXED, EpochMs::from_ms(START_MS));
    (0..messages).for_each(|number| state.apply(&message(number * WINDOW_MS / messages)));
    state
}

fn count(state: &State) -> u64 {
    let mut snapshot = Snapshot::default();
    state.fill(&mut snapshot);
    snapshot.main().messages
}

fn one_message(c: &mut Criterion) {
    let mut group = c.benchmark_group("window");
    group.throughput(Throughput::Elements(1)).sample_size(20);
    for messages in MESSAGES {
        group.bench_function(BenchmarkId::new("buckets", messages), |b| {
            let mut state = state(messages);
            let before = count(&state);
            let mut added = 0;
            b.iter(|| {
                state.apply(&message(WINDOW_MS - 1));
                added += 1;
            });
            assert_eq!(count(&state), before + added);
        });
        group.bench_function(BenchmarkId::new("recompute_must_lose", messages), |b| {
            let mut queue: Vec<i64> = (0..messages)
                .map(|number| START_MS + number * WINDOW_MS / messages)
                .collect();
            let now = START_MS + WINDOW_MS - 1;
            b.iter(|| {
                queue.push(now);
                let inside: Vec<i64> = queue
                    .iter()
                    .copied()
                    .filter(|&at| at >= now - WINDOW_MS)
                    .collect();
                assert_eq!(inside.len(), usize::try_from(messages).unwrap() + 1);
                queue.pop();
            });
        });
    }
    group.finish();
}

criterion_group!(benches, one_message);
criterion_main!(benches);
