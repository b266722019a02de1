//! Stage 3 of 6: the bounded hand-off from an ingest thread to the writer.
//!
//! One ring per input, so order per input holds and no producer stalls another.
//! What passes is a [`Batch`]: events and counter deltas together, so that a snapshot is one
//! consistent cut. Emptied batches go back by a second queue and are filled again: in steady state
//! nothing is allocated. The ring only reports that it is full; the producer's owner decides
//! whether to wait or to shed.
//!
//! There is no mutex in it, but a producer that is descheduled between taking a slot and stamping
//! it can delay the writer (Vyukov's queue, by way of `crossbeam`).
//!
//! This module is the one place that names `crossbeam`.

mod batch;
mod bell;
mod mailbox;
mod rings;
mod sink;
mod sync;
mod wait;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crossbeam::queue::ArrayQueue;

use crate::input::InputId;

pub use batch::{Batch, Delta};
pub use bell::Bell;
pub use mailbox::Mailbox;
pub use rings::{Inlet, Rings, rings, rings_from};
pub use sink::BatchSink;
pub use wait::Waiter;

/// The shared part of one ring.
#[derive(Debug)]
struct Shared {
    /// Filled batches on their way to the writer.
    filled: ArrayQueue<Batch>,
    /// Emptied batches on their way back.
    empty: ArrayQueue<Batch>,
    /// Events in `filled`: counter only, orders nothing.
    depth_events: AtomicUsize,
    /// Events one batch holds.
    batch_events: usize,
    /// Whose batches pass.
    input: InputId,
    /// Whether the producer is gone.
    is_closed: AtomicBool,
    /// Whether the consumer is gone.
    is_abandoned: AtomicBool,
}

/// A batch that held so many times its events has its memory cut back: one payload may hold any number.
const KEPT_MAX: usize = 4;

/// Makes a ring of `capacity` batches of `batch_events` events each, whose consumer is woken by `bell`.
///
/// Memory: `2 × capacity × batch_events × 48` bytes, allocated as batches are first used; four times that
/// where payloads hold several events each. Waiting batches have what their payloads held besides.
pub fn ring(capacity: usize, batch_events: usize, bell: Bell) -> (Producer, Consumer) {
    ring_of(InputId::default(), capacity, batch_events, bell)
}

/// The ring of one input.
fn ring_of(
    input: InputId,
    capacity: usize,
    batch_events: usize,
    bell: Bell,
) -> (Producer, Consumer) {
    let shared = Arc::new(Shared {
        filled: ArrayQueue::new(capacity.max(1)),
        empty: ArrayQueue::new(capacity.max(1) + 1),
        depth_events: AtomicUsize::new(0),
        batch_events: batch_events.max(1),
        input,
        is_closed: AtomicBool::new(false),
        is_abandoned: AtomicBool::new(false),
    });
    (
        Producer {
            shared: Arc::clone(&shared),
            bell,
        },
        Consumer { shared },
    )
}

/// The ingest thread's end. Not `Clone`: one producer per ring.
#[derive(Debug)]
pub struct Producer {
    shared: Arc<Shared>,
    bell: Bell,
}

impl Producer {
    /// An empty batch to fill: a recycled one when there is one.
    pub fn lease(&self) -> Batch {
        let fresh = || Batch {
            input: self.shared.input,
            ..Batch::with_capacity(self.shared.batch_events)
        };
        self.shared.empty.pop().unwrap_or_else(fresh)
    }

    /// Whose batches pass.
    pub fn input(&self) -> InputId {
        self.shared.input
    }

    /// Offers a batch to the writer without waiting, and wakes the writer if it is parked.
    ///
    /// Order: kept. Cost: two atomic operations; never allocates.
    ///
    /// # Errors
    /// Hands the batch back when the ring is full: wait and offer it again, or shed its events.
    #[expect(
        clippy::result_large_err,
        reason = "the batch is handed back, not copied to the heap"
    )]
    pub fn offer(&mut self, batch: Batch) -> Result<(), Batch> {
        let events = batch.events.len();
        // Added before the push, so that the consumer's subtraction never goes below zero.
        // Relaxed: counter only, orders nothing.
        self.shared
            .depth_events
            .fetch_add(events, Ordering::Relaxed);
        if let Err(batch) = self.shared.filled.push(batch) {
            self.shared
                .depth_events
                .fetch_sub(events, Ordering::Relaxed);
            return Err(batch);
        }
        self.bell.ring();
        Ok(())
    }

    /// Whether nobody takes batches any more: the writer has ended, and what is offered is lost.
    pub fn is_abandoned(&self) -> bool {
        // Relaxed: nothing is read that the consumer wrote.
        self.shared.is_abandoned.load(Ordering::Relaxed)
    }

    /// How many events one batch holds.
    pub fn batch_events(&self) -> usize {
        self.shared.batch_events
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        // Release: pairs with the Acquire in `Consumer::is_over`; what was offered before is seen.
        self.shared.is_closed.store(true, Ordering::Release);
        self.bell.ring();
    }
}

/// The writer's end. Not `Clone`: one consumer per ring.
#[derive(Debug)]
pub struct Consumer {
    shared: Arc<Shared>,
}

impl Consumer {
    /// Takes the oldest batch, if there is one.
    pub fn drain(&mut self) -> Option<Batch> {
        let batch = self.shared.filled.pop()?;
        // Relaxed: counter only, orders nothing.
        self.shared
            .depth_events
            .fetch_sub(batch.events.len(), Ordering::Relaxed);
        Some(batch)
    }

    /// Gives an applied batch back to the producer.
    pub fn recycle(&mut self, mut batch: Batch) {
        batch.clear();
        let events = self.shared.batch_events;
        if batch.events.capacity() > KEPT_MAX * events {
            batch.events.shrink_to(events);
        }
        // Full only when more batches exist than the ring can hold: then this one is let go.
        drop(self.shared.empty.push(batch));
    }

    /// Whose batches pass.
    pub fn input(&self) -> InputId {
        self.shared.input
    }

    /// Whether the producer is gone and every batch was taken.
    pub fn is_over(&self) -> bool {
        // Acquire: pairs with the Release of the producer's drop. Looked at first: nothing is offered
        // after it.
        self.shared.is_closed.load(Ordering::Acquire) && self.shared.filled.is_empty()
    }

    /// Whether a batch is waiting.
    pub fn is_ready(&self) -> bool {
        !self.shared.filled.is_empty()
    }

    /// Events waiting now, at most [`Consumer::capacity_events`].
    pub fn depth_events(&self) -> usize {
        // Relaxed: counter only, orders nothing. While a full ring refuses a batch, the batch is
        // counted for a moment.
        let depth = self.shared.depth_events.load(Ordering::Relaxed);
        depth.min(self.capacity_events())
    }

    /// Events the ring holds when every batch in it is full.
    pub fn capacity_events(&self) -> usize {
        self.shared.filled.capacity() * self.shared.batch_events
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.shared.is_abandoned.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
