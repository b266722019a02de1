//! The longest that the writer is held up by groups: 10,000 queues at 100,000 events a second.
//!
//! Plays 20 seconds of traffic millisecond by millisecond, as the writer's duty cycle does it: advance
//! the clock, apply what came, work on what is left to do for groups, and fill a snapshot. Each step
//! is timed by itself, and of several processes the shortest time of each counts.
//!
//!     cargo run --release --example group_stall
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::print_stdout,
    reason = "a program that measures prints, and ends at its first surprise"
)]

mod shortest;

use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use streamgauge::aggregate::State;
use streamgauge::config::AggregateSettings;
use streamgauge::config::limits;
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
use streamgauge::time::Clock;
use streamgauge::time::EpochMs;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const START: EpochMs = EpochMs::from_ms(1_768_478_400_000);
const QUEUES: u16 = 10_000;
const MILLISECONDS: i64 = 20_000;
const EVENTS_PER_MS: u64 = 100;
const RUNS: usize = 5;
const STEPS: [&str; 4] = ["advance", "apply", "work", "fill"];

fn main() {
    if shortest::is_one_run() {
        return play();
    }
    let (shortest_ns, found) = shortest::times::<{ STEPS.len() }>(RUNS);
    println!("{found}");
    for (place, step) in STEPS.iter().enumerate() {
        let mut times: Vec<u64> = shortest_ns.iter().map(|times| times[place]).collect();
        times.sort_unstable();
        let at = |per_mille: usize| times[(times.len() - 1) * per_mille / 1_000] / 1_000;
        let total_ms = times.iter().sum::<u64>() / 1_000_000;
        println!(
            "{step}: p50 {} µs, p99 {} µs, max {} µs, all {total_ms} ms of {MILLISECONDS}",
            at(500),
            at(990),
            at(1_000)
        );
    }
}

/// Plays the traffic once; prints the nanoseconds of each step of each millisecond, and what came of it.
fn play() {
    let clock = Clock::system();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut state = State::new(AggregateSettings::default(), IdKeys::FIXED, START);
    state.advance(START);
    for number in 1..=QUEUES {
        state.define(&LabelDefinition {
            from: 0,
            labels: LabelsId::from_number(number),
            queue: Some(&format!("queue {number}")),
            deployment: Some(&format!("page {}", number % 8)),
        });
    }
    let mut snapshot = Snapshot::default();
    let mut lines = String::new();
    let mut session = 0;
    for ms in 0..MILLISECONDS {
        let events: Vec<Event> = (0..EVENTS_PER_MS)
            .map(|place| {
                let kind = match place % 16 {
                    0 => EventKind::Connected,
                    1 => EventKind::Disconnected,
                    _ => EventKind::Message,
                };
                session += u64::from(kind == EventKind::Connected);
                let known = rng.random_range(session.saturating_sub(20_000)..=session);
                event(kind, known, ms, rng.random())
            })
            .collect();
        let mut begun_ns = clock.mono_ns();
        let mut lap = || {
            let now_ns = clock.mono_ns();
            now_ns - std::mem::replace(&mut begun_ns, now_ns)
        };
        state.advance(START + ms);
        let advance = lap();
        state.apply_all(&events);
        let apply = lap();
        state.work(limits::WORK_PIECES);
        let work = lap();
        state.fill(&mut snapshot);
        lines += &format!("{advance} {apply} {work} {}\n", lap());
    }
    print!("{lines}");
    let room = snapshot.groups.room;
    println!(
        "{} queues, {} MiB for groups, {} sessions open",
        snapshot.groups.by(Dimension::Queue).count(),
        room.bytes >> 20,
        snapshot.sessions.open
    );
}

fn event(kind: EventKind, session: u64, ms: i64, identity: u64) -> Event {
    Event {
        time: START + ms,
        session: SessionKey {
            hi: session.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            lo: session,
            kind: IdKind::Uuid,
        },
        identity: match kind {
            EventKind::Message => Identity::from_hash(identity),
            EventKind::Connected | EventKind::Disconnected | EventKind::Fact => Identity::NONE,
        },
        detail: Event::NO_DETAIL,
        labels: LabelsId::from_number(u16::try_from(session % u64::from(QUEUES)).unwrap() + 1),
        kind,
        actor: match kind {
            EventKind::Message => Actor::Guest,
            _ => Actor::Unknown,
        },
    }
}
