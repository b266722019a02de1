//! What an event costs as more sessions are open, as the window grows, and as more messages stand in it
//! beside the tutorial's algorithm; and the memory that closed rows and fingerprints take.
//!
//! ```text
//! cargo run --release --example scale -- [ROUNDS] [CASE]
//! ```
//!
//! Every line is a median of ROUNDS (5) turns, all cases in turn, with the processor time of that turn behind
//! it; with CASE only those whose name holds it. Traffic is as in `benches/aggregate.rs`: a
//! disconnect and a connect among every sixteen events, the rest messages to random open sessions.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement ends at its first surprise, and prints its figures"
)]

use std::hint::black_box;

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
use streamgauge::event::LabelsId;
use streamgauge::event::SessionKey;
use streamgauge::snapshot::Snapshot;
use streamgauge::time::Clock;
use streamgauge::time::EpochMs;
use streamgauge::window::Width;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const START: EpochMs = EpochMs::from_ms(1_768_478_400_000);
const MINUTE_MS: u32 = 60_000;
const EVENTS: u32 = 500_000;
/// Of the tutorial's algorithm, which is slow.
const RECOUNTS: u32 = 50;

fn main() {
    let rounds: usize = std::env::args()
        .nth(1)
        .map_or(5, |text| text.parse().unwrap());
    let clock = Clock::system();
    let mut cases: Vec<(String, Box<dyn Fn() -> Took>)> = Vec::new();
    for (name, sessions, window_ms) in [
        ("sessions/1000", 1_000, MINUTE_MS),
        ("sessions/10000", 10_000, MINUTE_MS),
        ("sessions/100000", 100_000, MINUTE_MS),
        ("sessions/1000000", 1_000_000, MINUTE_MS),
        ("window/1min", 100_000, MINUTE_MS),
        ("window/1h", 100_000, 60 * MINUTE_MS),
    ] {
        let clock = clock.clone();
        let traffic = Traffic::new(sessions);
        let run = move || traffic.run(window_ms, &clock);
        cases.push((name.to_owned(), Box::new(run)));
    }
    for messages in [1_000, 3_000, 10_000, 30_000, 100_000, 1_000_000] {
        let ours = clock.clone();
        let run = move || buckets(messages, &ours);
        cases.push((format!("messages/{messages}/buckets"), Box::new(run)));
        if messages <= 100_000 {
            let tutorials = clock.clone();
            let run = move || recount(messages, &tutorials);
            cases.push((format!("messages/{messages}/recount"), Box::new(run)));
        }
    }
    let only = std::env::args().nth(2);
    if let Some(only) = &only {
        cases.retain(|(name, _)| name.contains(only.as_str()));
    }
    let mut taken = vec![Vec::new(); cases.len()];
    for _ in 0..rounds {
        for ((_, run), taken) in cases.iter().zip(&mut taken) {
            taken.push(run());
        }
    }
    for ((name, _), mut taken) in cases.into_iter().zip(taken) {
        taken.sort_by(|a: &Took, b| a.ns.total_cmp(&b.ns));
        let Took { ns, cpu_ns } = taken[taken.len() / 2];
        println!("{name:28} {ns:12.1} ns/event cpu {cpu_ns:.1}");
    }
    if only.is_none() {
        memory();
    }
}

/// What an event took, in nanoseconds.
#[derive(Clone, Copy)]
struct Took {
    ns: f64,
    /// Of the processor.
    cpu_ns: f64,
}

impl Took {
    /// What each of so many events took that are handled in `run`.
    fn of(clock: &Clock, events: u32, run: impl FnOnce()) -> Self {
        let (begun_ns, begun_cpu_ns) = (clock.mono_ns(), cpu_ns());
        run();
        let (ns, cpu_ns) = (clock.mono_ns() - begun_ns, cpu_ns() - begun_cpu_ns);
        Self {
            ns: ns as f64 / f64::from(events),
            cpu_ns: cpu_ns as f64 / f64::from(events),
        }
    }
}

/// Processor time of this thread so far.
fn cpu_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    u64::try_from(now.tv_sec * 1_000_000_000 + now.tv_nsec).unwrap_or(0)
}

fn event(kind: EventKind, id: u64, at_ms: i64, identity: Identity) -> Event {
    Event {
        time: START + at_ms,
        session: SessionKey {
            hi: id.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            lo: id.wrapping_mul(0xd6e8_feb8_6659_fd93),
            kind: IdKind::Uuid,
        },
        identity,
        detail: Event::NO_DETAIL,
        kind,
        labels: LabelsId::NONE,
        actor: Actor::Unknown,
    }
}

fn state(window_ms: u32) -> State {
    let mut settings = AggregateSettings::new(Width::DEFAULT, window_ms, &[]).unwrap();
    settings.clock = ClockRule::Event {
        max_jump_ms: 86_400_000,
    };
    State::new(settings, IdKeys::FIXED, START)
}

/// Connects of the sessions, and what follows at 50,000 events a second.
struct Traffic {
    connects: Vec<Event>,
    events: Vec<Event>,
}

impl Traffic {
    fn new(sessions: u32) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let connect = |id: u64, at_ms| event(EventKind::Connected, id, at_ms, Identity::NONE);
        let mut open: Vec<u64> = (0..u64::from(sessions)).collect();
        let connects = open.iter().map(|&id| connect(id, 0)).collect();
        let mut next = u64::from(sessions);
        let follow = |number: u32| {
            let at_ms = i64::from(number / 50);
            let place = rng.random_range(0..open.len());
            match number % 16 {
                0 => {
                    let id = open.swap_remove(place);
                    event(EventKind::Disconnected, id, at_ms, Identity::NONE)
                }
                1 => {
                    open.push(next);
                    next += 1;
                    connect(next - 1, at_ms)
                }
                _ => {
                    let identity = Identity::from_hash(rng.random());
                    event(EventKind::Message, open[place], at_ms, identity)
                }
            }
        };
        let events = (0..EVENTS).map(follow).collect();
        Self { connects, events }
    }

    /// Nanoseconds an event.
    fn run(&self, window_ms: u32, clock: &Clock) -> Took {
        let mut state = state(window_ms);
        state.apply_all(&self.connects);
        let took = Took::of(clock, EVENTS, || state.apply_all(&self.events));
        let mut snapshot = Snapshot::default();
        state.fill(&mut snapshot);
        let expected = self.connects.len() + self.events.len();
        assert_eq!(snapshot.counters.applied, expected as u64);
        took
    }
}

/// A message of a window that holds so many, in nanoseconds.
fn buckets(messages: u32, clock: &Clock) -> Took {
    let window_ms = i64::from(MINUTE_MS);
    let message = |at_ms| event(EventKind::Message, 1, at_ms, Identity::NONE);
    let mut state = state(MINUTE_MS);
    for number in 0..messages {
        state.apply(&message(
            i64::from(number) * window_ms / i64::from(messages),
        ));
    }
    let last = message(window_ms - 1);
    let took = Took::of(clock, EVENTS, || {
        (0..EVENTS).for_each(|_| state.apply(black_box(&last)));
    });
    let mut snapshot = Snapshot::default();
    state.fill(&mut snapshot);
    assert_eq!(snapshot.main().messages, u64::from(messages + EVENTS));
    took
}

/// The same by the tutorial's algorithm, which keeps every message and filters them all into a new list
/// at every event.
fn recount(messages: u32, clock: &Clock) -> Took {
    let window_ms = i64::from(MINUTE_MS);
    let at = |number: u32| i64::from(number) * window_ms / i64::from(messages);
    let mut queue: Vec<i64> = (0..messages).map(at).collect();
    let took = Took::of(clock, RECOUNTS, || {
        for _ in 0..RECOUNTS {
            queue.push(window_ms - 1);
            queue = black_box(&queue)
                .iter()
                .copied()
                .filter(|&at| at >= 0)
                .collect();
        }
    });
    assert_eq!(queue.len(), (messages + RECOUNTS) as usize);
    took
}

/// What an open row, a closed one and a fingerprint take, in bytes.
fn memory() {
    const ROWS: u32 = 1_000_000;
    let settings = AggregateSettings {
        sessions_max: 2 * ROWS as usize,
        dedup_bytes_max: 1 << 30,
        ..AggregateSettings::default()
    };
    let mut state = State::new(settings, IdKeys::FIXED, START);
    state.advance(START);
    let mut snapshot = Snapshot::default();
    let mut apply = |kind: EventKind, identity: fn(u32) -> Identity| {
        let each = |id: u32| event(kind, u64::from(id), 0, identity(id));
        let events: Vec<Event> = (0..ROWS).map(each).collect();
        state.apply_all(&events);
        state.fill(&mut snapshot);
        (snapshot.sessions, snapshot.dedup)
    };
    let each = |bytes: u64| bytes as f64 / f64::from(ROWS);
    let (open, _) = apply(EventKind::Connected, |_| Identity::NONE);
    assert_eq!(open.open, u64::from(ROWS));
    println!(
        "{:28} {:12.1} bytes",
        "memory/open_session",
        each(open.bytes)
    );
    let (_, dedup) = apply(EventKind::Message, |id| {
        Identity::from_hash((u64::from(id) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    });
    assert_eq!(dedup.fingerprints, u64::from(ROWS));
    println!(
        "{:28} {:12.1} bytes",
        "memory/fingerprint",
        each(dedup.bytes)
    );
    let (closed, _) = apply(EventKind::Disconnected, |_| Identity::NONE);
    assert_eq!(closed.closed, u64::from(ROWS));
    println!(
        "{:28} {:12.1} bytes",
        "memory/closed_session",
        each(closed.bytes)
    );
}
