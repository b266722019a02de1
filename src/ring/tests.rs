use std::thread;
use std::time::Duration;

use super::*;
use crate::config::WaitStrategy;
use crate::event::{Actor, Event, EventKind, IdKind, Identity, LabelsId, SessionKey};
use crate::time::EpochMs;

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

fn offer_one(producer: &mut Producer, number: u64) -> bool {
    let mut batch = producer.lease();
    batch.events.push(event(number));
    producer.offer(batch).is_ok()
}

#[test]
fn smoke() {
    let (mut producer, mut consumer) = ring(2, 4, Bell::new());
    assert!(consumer.drain().is_none());
    assert!(offer_one(&mut producer, 7));
    assert!(consumer.is_ready());
    assert_eq!(consumer.depth_events(), 1);
    let batch = consumer.drain().unwrap();
    assert_eq!(batch.events[0].session.lo, 7);
    assert_eq!(consumer.depth_events(), 0);
}

#[test]
fn capacity() {
    let (mut producer, mut consumer) = ring(2, 4, Bell::new());
    assert_eq!(consumer.capacity_events(), 8);
    assert!(offer_one(&mut producer, 0));
    assert!(offer_one(&mut producer, 1));
    let mut batch = producer.lease();
    batch.events.push(event(2));
    let back = producer.offer(batch).unwrap_err();
    assert_eq!(back.events[0].session.lo, 2);
    assert_eq!(consumer.depth_events(), 2);
    drop(consumer.drain());
    assert!(producer.offer(back).is_ok());
}

#[test]
fn recycles() {
    let (mut producer, mut consumer) = ring(2, 4, Bell::new());
    let mut batch = producer.lease();
    batch.events.extend([event(1), event(2)]);
    batch.delta.received = 2;
    let memory = batch.events.as_ptr();
    producer.offer(batch).unwrap();
    let batch = consumer.drain().unwrap();
    consumer.recycle(batch);
    let again = producer.lease();
    assert!(again.is_empty());
    assert_eq!(again.events.as_ptr(), memory);
}

#[test]
fn order_and_wake() {
    let bell = Bell::new();
    let (mut producer, mut consumer) = ring(4, 8, bell.clone());
    let writer = thread::spawn(move || {
        let mut waiter = bell.waiter(WaitStrategy::Park);
        let mut next = 0;
        while next < 20_000 {
            match consumer.drain() {
                Some(batch) => {
                    waiter.found_work();
                    for event in &batch.events {
                        assert_eq!(event.session.lo, next);
                        next += 1;
                    }
                    consumer.recycle(batch);
                }
                // The timeout is far longer than the test: a lost wake-up shows as a hang.
                None => waiter.wait(Duration::from_secs(600), || consumer.is_ready()),
            }
        }
        next
    });
    for number in 0..20_000 {
        while !offer_one(&mut producer, number) {
            thread::yield_now();
        }
        if number % 1_000 == 0 {
            // Let the writer run dry, so that it parks.
            thread::sleep(Duration::from_millis(1));
        }
    }
    assert_eq!(writer.join().unwrap(), 20_000);
}

#[test]
fn mailbox_counts_what_it_drops() {
    let mailbox = Mailbox::new(2);
    for value in 0..5 {
        mailbox.post(value);
    }
    assert_eq!(
        (mailbox.take(), mailbox.take(), mailbox.take()),
        (Some(0), Some(1), None)
    );
    assert_eq!(mailbox.dropped(), 3);
}

#[test]
fn the_depth_is_never_more_than_the_capacity() {
    let (producer, consumer) = ring(2, 4, Bell::new());
    // As in the middle of an offer that a full ring refuses.
    producer
        .shared
        .depth_events
        .fetch_add(12, Ordering::Relaxed);
    assert_eq!(consumer.depth_events(), 8);
}

#[test]
fn a_producer_sees_that_nobody_takes_its_batches_any_more() {
    let (producer, consumer) = ring(1, 4, Bell::new());
    assert!(!producer.is_abandoned());
    drop(consumer);
    assert!(producer.is_abandoned());
}

#[test]
fn a_batch_of_large_payloads_gives_its_memory_back() {
    let (producer, mut consumer) = ring(1, 4, Bell::new());
    let mut batch = producer.lease();
    batch.events.reserve_exact(1_000);
    consumer.recycle(batch);
    assert!(producer.lease().events.capacity() <= 4 * KEPT_MAX);
}
