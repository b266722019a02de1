//! The longest that the writer is held up by an image of 1,000,000 open sessions, with traffic.
//!
//! Opens a million sessions in a thousand queues, or in as many as asked for, then plays messages, connects and disconnects of random
//! ones while an image is cut and written, as the writer's duty cycle does it. Each batch, each piece of
//! work and each piece of the image is timed by itself, with the image and without; of several processes
//! the shortest time of each step counts.
//!
//!     cargo run --release --example image_stall
//!     cargo run --release --example image_stall 10000
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

use streamgauge::aggregate::Image;
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
use streamgauge::snapshot::Snapshot;
use streamgauge::time::Clock;
use streamgauge::time::EpochMs;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const START: EpochMs = EpochMs::from_ms(1_768_478_400_000);
const SESSIONS: u64 = 1_000_000;
const QUEUES: u16 = 1_000;
const BATCH_EVENTS: u64 = 256;
/// Batches with an image, and as many without one before.
const TURNS: usize = 4_000;
const RUNS: usize = 3;
const STEPS: [&str; 3] = ["batch", "work", "image"];

fn main() {
    let queues = shortest::argument().map_or(QUEUES, |queues| queues.parse().unwrap());
    if shortest::is_one_run() {
        return play(queues);
    }
    let (shortest_ns, found) = shortest::times::<{ STEPS.len() }>(RUNS);
    println!("{found}");
    let (without, with) = shortest_ns.split_at(TURNS);
    for (what, turns) in [("without an image", without), ("with one", with)] {
        for (place, step) in STEPS.iter().enumerate() {
            let mut times: Vec<u64> = turns.iter().map(|times| times[place]).collect();
            times.sort_unstable();
            let at = |per_mille: usize| times[(times.len() - 1) * per_mille / 1_000] / 1_000;
            println!(
                "{what}: {step}: p50 {} µs, p99 {} µs, max {} µs",
                at(500),
                at(990),
                at(1_000)
            );
        }
    }
}

/// Plays the traffic once; prints the nanoseconds of each step of each turn, and what came of it.
fn play(queues: u16) {
    let clock = Clock::system();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let settings = AggregateSettings::default();
    let mut state = State::new(settings.clone(), IdKeys::FIXED, START);
    state.advance(START);
    for number in 1..=queues {
        state.define(&LabelDefinition {
            from: 0,
            labels: LabelsId::from_number(number),
            queue: Some(&format!("queue {number}")),
            deployment: Some(&format!("page {}", number % 8)),
        });
    }
    for first in (0..SESSIONS).step_by(BATCH_EVENTS as usize) {
        let ids = first..SESSIONS.min(first + BATCH_EVENTS);
        let now = (first / 500) as i64;
        state.advance(START + now);
        let events: Vec<Event> = ids
            .map(|id| event(EventKind::Connected, id, queues, now, 0))
            .collect();
        state.apply_all(&events);
        state.work(limits::WORK_PIECES);
    }
    let mut snapshot = Snapshot::default();
    let mut lines = String::new();
    let mut image = Vec::new();
    let (mut begun_at, mut ended_at, mut cut_ns) = (0, 0, 0);
    for turn in 0..2 * TURNS {
        // A hundred thousand events a second and more.
        let now = 2_000 + turn as i64 * 2;
        let events: Vec<Event> = (0..BATCH_EVENTS)
            .map(|place| {
                let kind = match place % 16 {
                    0 => EventKind::Connected,
                    1 => EventKind::Disconnected,
                    _ => EventKind::Message,
                };
                event(
                    kind,
                    rng.random_range(0..SESSIONS),
                    queues,
                    now,
                    rng.random(),
                )
            })
            .collect();
        let mut begun_ns = clock.mono_ns();
        let mut lap = || {
            let now_ns = clock.mono_ns();
            now_ns - std::mem::replace(&mut begun_ns, now_ns)
        };
        state.advance(START + now);
        state.apply_all(&events);
        let batch = lap();
        state.work(limits::WORK_PIECES);
        let work = lap();
        let mut piece = 0;
        if turn == TURNS {
            state.cut_image(clock.mono_ns());
            cut_ns = lap();
            (piece, begun_at) = (cut_ns, clock.mono_ns());
        } else if state.is_writing_image() {
            let piece_begun_ns = clock.mono_ns();
            while clock.mono_ns() - piece_begun_ns < limits::IMAGE_WORK_NS && state.write_image() {}
            piece = lap();
            // Whoever asked for them takes them, on a thread of its own.
            while let Some(frame) = state.take_image_frame() {
                image.push(frame);
            }
            ended_at = clock.mono_ns();
        }
        lines += &format!("{batch} {work} {piece}\n");
        if turn % 8 == 0 {
            state.fill(&mut snapshot);
        }
    }
    assert!(!state.is_writing_image(), "TURNS are enough");
    print!("{lines}");
    let bytes = image.concat();
    let begun_ns = clock.mono_ns();
    let restored = State::restore(settings, Image::decode(&bytes).unwrap()).unwrap();
    let restore_ms = (clock.mono_ns() - begun_ns) / 1_000_000;
    restored.fill(&mut snapshot);
    println!(
        "{} open sessions, {} fingerprints: cut in {} µs, written in {} ms with traffic, {} MiB in {} frames, \
         restored in {restore_ms} ms",
        snapshot.sessions.open,
        snapshot.dedup.fingerprints,
        cut_ns / 1_000,
        (ended_at - begun_at) / 1_000_000,
        bytes.len() >> 20,
        image.len(),
    );
}

fn event(kind: EventKind, session: u64, queues: u16, ms: i64, identity: u64) -> Event {
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
        labels: LabelsId::from_number(u16::try_from(session % u64::from(queues)).unwrap() + 1),
        kind,
        actor: match kind {
            EventKind::Message => Actor::Guest,
            _ => Actor::Unknown,
        },
    }
}
