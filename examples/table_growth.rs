//! How long the writer stalls while the session table grows from nothing to a million open rows.
//!
//! Growth is spread over the insertions, so no batch should take much longer than another. Each of
//! several processes grows a table of its own and times every batch; of each batch the shortest time
//! counts.
//!
//!     cargo run --release --example table_growth
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::print_stdout,
    reason = "a program that measures prints, and ends at its first surprise"
)]

mod shortest;

use streamgauge::aggregate::State;
use streamgauge::config::AggregateSettings;
use streamgauge::event::Actor;
use streamgauge::event::Event;
use streamgauge::event::EventKind;
use streamgauge::event::IdKeys;
use streamgauge::event::IdKind;
use streamgauge::event::Identity;
use streamgauge::event::LabelsId;
use streamgauge::event::SessionKey;
use streamgauge::ring::Batch;
use streamgauge::snapshot::Snapshot;
use streamgauge::time::Clock;
use streamgauge::time::EpochMs;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROWS: u64 = 1_000_000;
const BATCH_EVENTS: u64 = 256;
const RUNS: usize = 7;

fn main() {
    if shortest::is_one_run() {
        return grow();
    }
    let (shortest_ns, memory) = shortest::times::<1>(RUNS);
    println!("{memory}");
    report(shortest_ns.as_flattened());
}

/// Grows one table; prints the nanoseconds of each batch and then the memory.
fn grow() {
    let start = EpochMs::from_ms(1_768_478_400_000);
    let clock = Clock::system();
    let mut state = State::new(AggregateSettings::default(), IdKeys::FIXED, start);
    state.advance(start);
    let mut batch = Batch::with_capacity(BATCH_EVENTS as usize);
    let mut times_ns = Vec::with_capacity(ROWS.div_ceil(BATCH_EVENTS) as usize);
    for first in (0..ROWS).step_by(BATCH_EVENTS as usize) {
        batch.clear();
        let ids = first..ROWS.min(first + BATCH_EVENTS);
        batch.events.extend(ids.map(|id| connect(id, start)));
        let begun_ns = clock.mono_ns();
        state.apply_batch(&batch);
        times_ns.push(clock.mono_ns() - begun_ns);
    }
    let mut snapshot = Snapshot::default();
    state.fill(&mut snapshot);
    assert_eq!(snapshot.sessions.open, ROWS);
    for time_ns in times_ns {
        println!("{time_ns}");
    }
    let bytes = snapshot.sessions.bytes;
    let (whole, tenths) = (bytes / ROWS, bytes * 10 / ROWS % 10);
    println!("{ROWS} open sessions take {whole}.{tenths} bytes each");
}

fn connect(id: u64, time: EpochMs) -> Event {
    Event {
        time,
        session: SessionKey {
            hi: id.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            lo: id.wrapping_mul(0xd6e8_feb8_6659_fd93),
            kind: IdKind::Uuid,
        },
        identity: Identity::NONE,
        detail: Event::NO_DETAIL,
        kind: EventKind::Connected,
        labels: LabelsId::NONE,
        actor: Actor::Unknown,
    }
}

/// Prints how many batches took how long, in powers of two, and the longest.
fn report(times_ns: &[u64]) {
    let mut counts = [0_u64; 64];
    for &time_ns in times_ns {
        counts[time_ns.max(1).ilog2() as usize] += 1;
    }
    println!("{} batches of {BATCH_EVENTS} connects:", times_ns.len());
    for (power, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        println!(
            "  under {:>6} us: {count}",
            (2_u64 << power).div_ceil(1_000)
        );
    }
    let (number, longest_ns) = times_ns
        .iter()
        .enumerate()
        .max_by_key(|(_, ns)| **ns)
        .unwrap();
    let rows = (number as u64 + 1) * BATCH_EVENTS;
    println!("the longest took {} us, at {rows} rows", longest_ns / 1_000);
}
