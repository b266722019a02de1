//! The aggregate stage: events applied to the state, against the tutorial's way of recomputing
//! everything at each event, which must lose.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a bench ends at its first surprise"
)]

use std::collections::HashMap;
use std::hint::black_box;

use criterion::BatchSize;
use criterion::BenchmarkId;
use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use streamgauge::aggregate::State;
use streamgauge::config::AggregateSettings;
use streamgauge::config::ClockRule;
use streamgauge::event::Actor;
use streamgauge::event::Event;
use streamgauge::event::EventKind;
use streamgauge::event::IdKeys;
use streamgauge::event::IdKind;
use streamgauge::event::Identity;
use streamgauge::event::LabelDefinition;
use streamgauge::event::LabelsId;
use streamgauge::event::SessionKey;
use streamgauge::snapshot::Dimension;
use streamgauge::snapshot::Snapshot;
use streamgauge::time::EpochMs;
use streamgauge::window::Width;

const START_MS: i64 = 1_768_478_400_000;
const EVENTS: u32 = 200_000;

fn event(kind: EventKind, id: u64, at_ms: i64, identity: u64) -> Event {
    Event {
        time: EpochMs::from_ms(START_MS + at_ms),
        session: SessionKey {
            hi: id.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            lo: id.wrapping_mul(0xd6e8_feb8_6659_fd93),
            kind: IdKind::Uuid,
        },
        identity: if identity == 0 {
            Identity::NONE
        } else {
            Identity::from_hash(identity)
        },
        detail: Event::NO_DETAIL,
        kind,
        labels: LabelsId::NONE,
        actor: Actor::Unknown,
    }
}

/// Connects of `sessions`, then messages to random ones with a disconnect and a new connect among
/// every sixteen, at 50,000 events a second.
fn traffic(sessions: u32) -> (Vec<Event>, Vec<Event>) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let connects = (0..sessions)
        .map(|id| event(EventKind::Connected, u64::from(id), 0, 0))
        .collect();
    let mut open: Vec<u64> = (0..u64::from(sessions)).collect();
    let mut next = u64::from(sessions);
    let mut events = Vec::with_capacity(EVENTS as usize);
    for number in 0..EVENTS {
        let at_ms = i64::from(number / 50);
        let place = rng.random_range(0..open.len());
        match number % 16 {
            0 => events.push(event(
                EventKind::Disconnected,
                open.swap_remove(place),
                at_ms,
                0,
            )),
            1 => {
                events.push(event(EventKind::Connected, next, at_ms, 0));
                open.push(next);
                next += 1;
            }
            _ => events.push(event(EventKind::Message, open[place], at_ms, rng.random())),
        }
    }
    (connects, events)
}

fn settings(window_ms: u32) -> AggregateSettings {
    let mut settings = AggregateSettings::new(Width::DEFAULT, window_ms, &[]).unwrap();
    settings.clock = ClockRule::Event {
        max_jump_ms: 86_400_000,
    };
    // Those have a bench of their own.
    settings.groups_max = 0;
    settings
}

fn state_after(connects: &[Event], window_ms: u32) -> State {
    let mut state = State::new(
        settings(window_ms),
        IdKeys::FIXED,
        EpochMs::from_ms(START_MS),
    );
    state.apply_all(connects);
    state
}

fn apply(c: &mut Criterion) {
    let mut group = c.benchmark_group("aggregate");
    group
        .throughput(Throughput::Elements(u64::from(EVENTS)))
        .sample_size(10);
    for (name, sessions, window_ms) in [
        ("1k_sessions_1min", 1_000, 60_000),
        ("1k_sessions_1h", 1_000, 3_600_000),
        ("100k_sessions_1min", 100_000, 60_000),
        ("1m_sessions_1min", 1_000_000, 60_000),
        ("1m_sessions_1h", 1_000_000, 3_600_000),
    ] {
        let (connects, events) = traffic(sessions);
        group.bench_with_input(BenchmarkId::new("apply", name), &events, |b, events| {
            b.iter_batched(
                || state_after(&connects, window_ms),
                |mut state| {
                    state.apply_all(events);
                    let mut snapshot = Snapshot::default();
                    state.fill(&mut snapshot);
                    assert_eq!(
                        snapshot.counters.applied + snapshot.counters.duplicates,
                        u64::from(EVENTS) + connects.len() as u64
                    );
                    state
                },
                BatchSize::PerIteration,
            );
        });
    }
    // What looking many rows up at a time is worth.
    let (connects, events) = traffic(1_000_000);
    group.bench_with_input(
        BenchmarkId::new("apply_one_by_one", "1m_sessions_1min"),
        &events,
        |b, events| {
            b.iter_batched(
                || state_after(&connects, 60_000),
                |mut state| {
                    events.iter().for_each(|event| state.apply(event));
                    state
                },
                BatchSize::PerIteration,
            );
        },
    );
    group.finish();
}

/// What groups cost: the same traffic without them, with 12 queues and with 10,000. The clock moves
/// on by the event's time, so the work of every tick is in it.
fn groups(c: &mut Criterion) {
    let mut group = c.benchmark_group("aggregate");
    group
        .throughput(Throughput::Elements(u64::from(EVENTS)))
        .sample_size(10);
    let (mut connects, mut events) = traffic(100_000);
    for (name, queues, groups_max) in [
        ("off", 1, 0),
        ("12_queues", 12, 10_000),
        ("10k_queues", 10_000, 10_000),
    ] {
        for event in connects.iter_mut().chain(&mut events) {
            let number = event.session.lo % queues + 1;
            event.labels = LabelsId::from_number(u16::try_from(number).unwrap());
            if event.kind == EventKind::Message {
                event.actor = Actor::Guest;
            }
        }
        let state = || {
            let mut settings = settings(60_000);
            settings.groups_max = groups_max;
            let mut state = State::new(settings, IdKeys::FIXED, EpochMs::from_ms(START_MS));
            for number in 1..=queues {
                state.define(&LabelDefinition {
                    from: 0,
                    labels: LabelsId::from_number(u16::try_from(number).unwrap()),
                    queue: Some(&format!("queue {number}")),
                    deployment: Some(if number % 2 == 0 { "page" } else { "shop" }),
                });
            }
            state.apply_all(&connects);
            state
        };
        group.bench_with_input(BenchmarkId::new("groups", name), &events, |b, events| {
            b.iter_batched(
                state,
                |mut state| {
                    state.apply_all(events);
                    let mut snapshot = Snapshot::default();
                    state.fill(&mut snapshot);
                    let found = snapshot.groups.by(Dimension::Queue).count() as u64;
                    assert_eq!(found, if groups_max == 0 { 0 } else { queues });
                    state
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

/// Messages in the window, and the recount that the tutorial makes at every event.
fn recompute(c: &mut Criterion) {
    let mut group = c.benchmark_group("aggregate");
    group.throughput(Throughput::Elements(200)).sample_size(10);
    let (connects, events) = traffic(1_000);
    group.bench_function(
        BenchmarkId::new("recompute_must_lose", "1k_sessions_1min"),
        |b| {
            b.iter(|| {
                let mut sessions: HashMap<SessionKey, (i64, Option<i64>)> = HashMap::new();
                let mut messages: Vec<i64> = vec![START_MS; 10_000];
                let mut active = 0;
                sessions.extend(
                    connects
                        .iter()
                        .map(|event| (event.session, (START_MS, None))),
                );
                for event in &events[..200] {
                    match event.kind {
                        EventKind::Connected => {
                            sessions.insert(event.session, (event.time.ms(), None));
                        }
                        EventKind::Disconnected => {
                            sessions
                                .entry(event.session)
                                .and_modify(|row| row.1 = Some(event.time.ms()));
                        }
                        EventKind::Message => messages.push(event.time.ms()),
                        EventKind::Fact => {}
                    }
                    let since = event.time.ms() - 60_000;
                    active = sessions
                        .values()
                        .filter(|row| row.1.is_none() && row.0 >= since)
                        .count();
                    black_box(messages.iter().filter(|&&at| at >= since).count());
                }
                // Thirteen disconnects and thirteen connects.
                assert_eq!(active, 1_000);
            });
        },
    );
    group.finish();
}

criterion_group!(benches, apply, groups, recompute);
criterion_main!(benches);
