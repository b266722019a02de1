//! Publishing and loading at full speed, under the allocator of the shipped program: a reader never
//! sees the sequence go back, a snapshot of another engine, or a torn one. A binary of its own, since
//! it replaces the allocator.

#![cfg(feature = "mimalloc")]
#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use streamgauge::event::Reject;
use streamgauge::snapshot::Publisher;
use streamgauge::snapshot::Reader;
use streamgauge::snapshot::Snapshot;
use streamgauge::snapshot::WindowStats;
use streamgauge::snapshot::channel;
use streamgauge::stream::Gap;
use streamgauge::stream::LossCause;
use streamgauge::time::EpochMs;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long the threads run.
const RUN: Duration = Duration::from_millis(2_500);
/// Two engines in one process, each with its own readers.
const ENGINES: [u64; 2] = [0x5eed_0001, 0x5eed_0002];
const READERS_PER_ENGINE: usize = 3;

/// Sets every field from the engine's id and the sequence, as a writer sets every field.
fn fill(snapshot: &mut Snapshot, engine_id: u64, sequence: u64) {
    let count = sequence.wrapping_mul(engine_id);
    let at = EpochMs::from_ms(i64::try_from(sequence).unwrap());
    snapshot.engine_id = engine_id;
    snapshot.sequence = sequence;
    snapshot.now = at;
    snapshot.published = at;
    snapshot.counters_since = at;
    // The number of windows changes too, so that their memory is cut, grown and refilled.
    snapshot.windows.clear();
    let windows = 1 + usize::from(!sequence.is_multiple_of(3)) * 4;
    snapshot.windows.extend((0..windows).map(|_| WindowStats {
        length_ms: 60_000,
        start: at,
        active_sessions: count,
        messages: count,
        closed_duration_ms: count,
        coverage_ms: count,
        ..WindowStats::default()
    }));
    snapshot.total_connections = count;
    snapshot.sessions.open = count;
    snapshot.sessions.bytes = count;
    snapshot.counters.received = sequence;
    snapshot.counters.rejected = [0; Reject::COUNT];
    snapshot.counters.rejected[0] = sequence / 2;
    snapshot.counters.accepted = sequence - sequence / 2;
    snapshot.counters.events = sequence - sequence / 2;
    snapshot.counters.applied = sequence - sequence / 2;
    snapshot.counters.bytes = count;
    snapshot.stream.reconnects = count;
    snapshot.stream.gaps = Arc::new([Gap {
        start: at,
        end: Some(at),
        cause: LossCause::Dropped,
    }]);
    snapshot.stream.last_error = Some(sequence.to_string().into());
    snapshot.ring.depth = count;
    snapshot.dedup.fingerprints = count;
}

/// What a reader found out.
#[derive(Debug)]
struct Found {
    loads: u64,
    /// Loads that found a newer snapshot than the one before.
    newer: u64,
}

/// Loads until it is asked to stop; the expected snapshot is rebuilt for each sequence.
fn read(reader: &Reader, engine_id: u64, stop: &AtomicBool, holds: usize) -> Found {
    let mut found = Found { loads: 0, newer: 0 };
    let mut newest = 0;
    let mut expected = Snapshot::default();
    // Held for a while, as slow requests do, so that the publisher finds them in use.
    let mut held: Vec<Arc<Snapshot>> = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let snapshot = reader.load();
        found.loads += 1;
        assert_eq!(snapshot.engine_id, engine_id, "a foreign engine");
        assert!(
            snapshot.sequence >= newest,
            "{} after {newest}",
            snapshot.sequence
        );
        if snapshot.sequence > newest {
            newest = snapshot.sequence;
            found.newer += 1;
            fill(&mut expected, engine_id, newest);
        }
        assert_eq!(*snapshot, expected, "torn");
        assert_eq!(snapshot.counters.accounting_gap(), 0);
        held.push(snapshot);
        if held.len() > holds {
            for old in held.drain(..) {
                // Whoever holds one sees it unchanged.
                assert!(old.sequence <= newest);
                fill(&mut expected, engine_id, old.sequence);
                assert_eq!(*old, expected, "changed under its reader");
            }
            fill(&mut expected, engine_id, newest);
        }
    }
    found
}

fn publish(publisher: &mut Publisher, engine_id: u64, stop: &AtomicBool) -> u64 {
    let mut sequence = 1;
    while !stop.load(Ordering::Relaxed) {
        sequence += 1;
        publisher.publish(|snapshot| fill(snapshot, engine_id, sequence));
    }
    sequence
}

#[test]
fn readers_see_whole_snapshots_of_their_engine_in_order() {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let mut publishers = Vec::new();
        let mut readers = Vec::new();
        for engine_id in ENGINES {
            let mut first = Snapshot::default();
            fill(&mut first, engine_id, 1);
            let (mut publisher, reader) = channel(first);
            let stop = &stop;
            publishers.push(scope.spawn(move || publish(&mut publisher, engine_id, stop)));
            for number in 0..READERS_PER_ENGINE {
                let reader = reader.clone();
                // From one that lets go at once to one that holds more than the publisher keeps.
                let holds = number * 50;
                readers.push(scope.spawn(move || read(&reader, engine_id, stop, holds)));
            }
        }
        // One that fails ends the run for all, or its peers would go on for nothing.
        let ends = thread::Builder::new();
        ends.spawn_scoped(scope, || {
            thread::sleep(RUN);
            stop.store(true, Ordering::Relaxed);
        })
        .unwrap();
        for publisher in publishers {
            let published = publisher.join().unwrap();
            println!("published {published}");
            assert!(published > 1_000, "{published}");
        }
        for reader in readers {
            let found = reader.join().unwrap();
            println!("{found:?}");
            assert!(found.loads > 0 && found.newer > 1, "{found:?}");
        }
    });
}
