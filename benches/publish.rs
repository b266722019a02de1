//! Publishing a snapshot and loading it, against a lock around a copy.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    missing_docs,
    reason = "a bench ends at its first surprise; the lock is the rival"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::RwLock;

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
    group.bench_function(BenchmarkId::new("fill_and_store", "fresh_arc_each"), |b| {
        let shared = RwLock::new(Arc::new(Snapshot::default()));
        b.iter(|| {
            let mut snapshot = Snapshot::default();
            state.fill(&mut snapshot);
            *shared.write().unwrap() = Arc::new(snapshot);
        });
        assert_eq!(shared.read().unwrap().windows.len(), 4);
    });
    group.finish();
}

fn load(c: &mut Criterion) {
    let mut group = c.benchmark_group("publish");
    let (mut publisher, reader) = snapshot::channel(Snapshot::default());
    publisher.publish(|snapshot| snapshot.sequence = 7);
    group.bench_function(BenchmarkId::new("load", "arc_swap"), |b| {
        b.iter(|| assert_eq!(black_box(reader.load()).sequence, 7));
    });
    let shared = RwLock::new(reader.load());
    group.bench_function(BenchmarkId::new("load", "rwlock"), |b| {
        b.iter(|| assert_eq!(black_box(Arc::clone(&shared.read().unwrap())).sequence, 7));
    });
    group.finish();
}

criterion_group!(benches, publish, load);
criterion_main!(benches);
