//! The ring: batches handed from one thread to another, against single events and against the channels
//! one would reach for first. Single events must lose against batches of 256.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a bench ends at its first surprise"
)]

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use criterion::BenchmarkId;
use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;

use streamgauge::config::WaitStrategy;
use streamgauge::event::Actor;
use streamgauge::event::Event;
use streamgauge::event::EventKind;
use streamgauge::event::IdKind;
use streamgauge::event::Identity;
use streamgauge::event::LabelsId;
use streamgauge::event::SessionKey;
use streamgauge::ring::Bell;
use streamgauge::ring::ring;
use streamgauge::time::EpochMs;

const EVENTS: u64 = 1 << 20;
/// Room of the rivals, in events: as much as a ring of 256 batches of 256.
const SLOTS: usize = 65_536;

fn event(number: u64) -> Event {
    Event {
        time: EpochMs::from_ms(0),
        session: SessionKey {
            hi: 0,
            lo: number,
            kind: IdKind::Uuid,
        },
        identity: Identity::NONE,
        detail: Event::NO_DETAIL,
        kind: EventKind::Message,
        labels: LabelsId::NONE,
        actor: Actor::Unknown,
    }
}

const fn expected() -> u64 {
    EVENTS * (EVENTS - 1) / 2
}

/// Hands `EVENTS` events over in batches of `batch` and answers the sum of their numbers.
fn through_ring(batch: usize) -> u64 {
    let bell = Bell::new();
    let (mut producer, mut consumer) = ring(256, batch, bell.clone());
    let writer = thread::spawn(move || {
        let mut waiter = bell.waiter(WaitStrategy::Park);
        let (mut seen, mut sum) = (0, 0);
        while seen < EVENTS {
            match consumer.drain() {
                Some(batch) => {
                    waiter.found_work();
                    seen += batch.events.len() as u64;
                    sum += batch
                        .events
                        .iter()
                        .map(|event| event.session.lo)
                        .sum::<u64>();
                    consumer.recycle(batch);
                }
                None => waiter.wait(Duration::from_millis(10), || consumer.is_ready()),
            }
        }
        sum
    });
    let mut next = 0;
    while next < EVENTS {
        let mut filled = producer.lease();
        while filled.events.len() < batch && next < EVENTS {
            filled.events.push(event(next));
            next += 1;
        }
        while let Err(back) = producer.offer(filled) {
            filled = back;
            thread::yield_now();
        }
    }
    writer.join().unwrap()
}

/// The same through the standard library's bounded channel, one event at a time.
fn through_std_channel() -> u64 {
    let (sender, receiver) = mpsc::sync_channel::<Event>(SLOTS);
    let writer = thread::spawn(move || receiver.iter().map(|event| event.session.lo).sum::<u64>());
    (0..EVENTS).for_each(|number| sender.send(event(number)).unwrap());
    drop(sender);
    writer.join().unwrap()
}

/// The same through tokio's bounded channel, from thread to thread.
fn through_tokio_channel() -> u64 {
    let (sender, mut receiver) = tokio::sync::mpsc::channel::<Event>(SLOTS);
    let writer = thread::spawn(move || {
        let mut sum = 0;
        while let Some(event) = receiver.blocking_recv() {
            sum += event.session.lo;
        }
        sum
    });
    (0..EVENTS).for_each(|number| sender.blocking_send(event(number)).unwrap());
    drop(sender);
    writer.join().unwrap()
}

/// The same through a ring made for one producer and one consumer, in chunks of `chunk`.
fn through_rtrb(chunk: usize) -> u64 {
    let (mut producer, mut consumer) = rtrb::RingBuffer::<Event>::new(SLOTS);
    let writer = thread::spawn(move || {
        let (mut seen, mut sum) = (0, 0);
        while seen < EVENTS {
            let ready = consumer.slots().min(chunk);
            if ready == 0 {
                thread::yield_now();
                continue;
            }
            let events = consumer.read_chunk(ready).unwrap();
            seen += ready as u64;
            sum += events
                .into_iter()
                .map(|event| event.session.lo)
                .sum::<u64>();
        }
        sum
    });
    let mut next = 0;
    while next < EVENTS {
        let free = producer.slots().min(chunk);
        if free == 0 {
            thread::yield_now();
            continue;
        }
        let slots = producer.write_chunk_uninit(free).unwrap();
        next += slots.fill_from_iter((next..EVENTS).map(event)) as u64;
    }
    writer.join().unwrap()
}

fn hand_over(c: &mut Criterion) {
    let mut group = c.benchmark_group("ring");
    group
        .throughput(Throughput::Elements(EVENTS))
        .sample_size(10);
    for batch in [1, 64, 256] {
        group.bench_with_input(
            BenchmarkId::new("one_to_one", batch),
            &batch,
            |b, &batch| {
                b.iter(|| assert_eq!(through_ring(batch), expected()));
            },
        );
    }
    for (rival, run) in [
        ("std_sync_channel", through_std_channel as fn() -> u64),
        ("tokio_mpsc", through_tokio_channel),
        ("rtrb_1", || through_rtrb(1)),
        ("rtrb_256", || through_rtrb(256)),
    ] {
        group.bench_function(BenchmarkId::new("one_to_one", rival), |b| {
            b.iter(|| assert_eq!(run(), expected()));
        });
    }
    group.finish();
}

criterion_group!(benches, hand_over);
criterion_main!(benches);
