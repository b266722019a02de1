//! Publishing a snapshot, and loading it while it is replaced, against locks around a shared pointer.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    missing_docs,
    reason = "a bench ends at its first surprise; the locks are the rivals"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::RwLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use criterion::BenchmarkId;
use criterion::Criterion;
use criterion::criterion_group;
use criterion::criterion_main;

use streamgauge::aggregate::State;
use streamgauge::config::AggregateSettings;
use streamgauge::event::IdKeys;
use streamgauge::snapshot;
use streamgauge::snapshot::Snapshot;
use streamgauge::time::EpochMs;
use streamgauge::window::Width;

const START: EpochMs = EpochMs::from_ms(1_768_478_400_000);

fn state() -> State {
    let settings = AggregateSettings::new(
        Width::DEFAULT,
        AggregateSettings::WINDOW_MS,
        &AggregateSettings::FURTHER_WINDOWS_MS,
    );
    let mut state = State::new(settings.unwrap(), IdKeys::FIXED, START);
    state.advance(START);
    state
}

fn publish(c: &mut Criterion) {
    let mut group = c.benchmark_group("publish");
    let state = state();
    group.bench_function(BenchmarkId::new("fill_and_store", "4_windows"), |b| {
        let (mut publisher, reader) = snapshot::channel(Snapshot::default());
        let mut sequence = 0;
        b.iter(|| {
            sequence += 1;
            publisher.publish(|snapshot| {
                state.fill(snapshot);
                snapshot.sequence = sequence;
            });
        });
        assert_eq!(reader.load().sequence, sequence);
        assert_eq!(reader.load().windows.len(), 4);
    });
    group.bench_function(
        BenchmarkId::new("fill_and_store", "fresh_arc_each_must_lose"),
        |b| {
            let shared = RwLock::new(Arc::new(Snapshot::default()));
            b.iter(|| {
                let mut snapshot = Snapshot::default();
                state.fill(&mut snapshot);
                *shared.write().unwrap() = Arc::new(snapshot);
            });
            assert_eq!(shared.read().unwrap().windows.len(), 4);
        },
    );
    group.finish();
}

/// Loads while another thread stores a new snapshot every hundred microseconds or so.
fn load(c: &mut Criterion) {
    let mut group = c.benchmark_group("publish");
    let (mut publisher, reader) = snapshot::channel(Snapshot::default());
    let lock = Arc::new(RwLock::new(Arc::new(Snapshot::default())));
    let mutex = Arc::new(Mutex::new(Arc::new(Snapshot::default())));
    let stop = Arc::new(AtomicBool::new(false));
    let writer = {
        let (lock, mutex, stop) = (Arc::clone(&lock), Arc::clone(&mutex), Arc::clone(&stop));
        thread::spawn(move || {
            let mut sequence = 0;
            while !stop.load(Ordering::Relaxed) {
                sequence += 1;
                publisher.publish(|snapshot| snapshot.sequence = sequence);
                let fresh = Arc::new(Snapshot {
                    sequence,
                    ..Snapshot::default()
                });
                *lock.write().unwrap() = Arc::clone(&fresh);
                *mutex.lock().unwrap() = fresh;
                thread::sleep(Duration::from_micros(100));
            }
            sequence
        })
    };
    // In smoke mode the loads would else be over before the first store.
    while lock.read().unwrap().sequence == 0 {
        thread::yield_now();
    }
    group.bench_function(BenchmarkId::new("load_while_stored", "arc_swap"), |b| {
        let mut check = in_order();
        b.iter(|| check(black_box(reader.load())));
    });
    group.bench_function(BenchmarkId::new("load_while_stored", "rwlock"), |b| {
        let mut check = in_order();
        b.iter(|| check(black_box(Arc::clone(&lock.read().unwrap()))));
    });
    group.bench_function(BenchmarkId::new("load_while_stored", "mutex"), |b| {
        let mut check = in_order();
        b.iter(|| check(black_box(Arc::clone(&mutex.lock().unwrap()))));
    });
    stop.store(true, Ordering::Relaxed);
    assert!(writer.join().unwrap() > 0);
    group.finish();
}

/// Asserts that sequences never go back.
fn in_order() -> impl FnMut(Arc<Snapshot>) {
    let mut last = 0;
    move |snapshot| {
        assert!(snapshot.sequence >= last);
        last = snapshot.sequence;
    }
}

criterion_group!(benches, publish, load);
criterion_main!(benches);
