//! A bounded box of small values from many threads to the writer, such as latency samples.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam::queue::ArrayQueue;

/// Many producers, one consumer; a full box refuses and counts.
#[derive(Debug)]
pub struct Mailbox<T> {
    shared: Arc<(ArrayQueue<T>, AtomicU64)>,
}

impl<T> Clone for Mailbox<T> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T> Mailbox<T> {
    /// A box of `capacity` values.
    pub fn new(capacity: usize) -> Self {
        Self {
            shared: Arc::new((ArrayQueue::new(capacity.max(1)), AtomicU64::new(0))),
        }
    }

    /// Puts a value in without waiting; when the box is full the value is dropped and counted.
    pub fn post(&self, value: T) {
        if self.shared.0.push(value).is_err() {
            // Relaxed: counter only, orders nothing.
            self.shared.1.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes the oldest value out.
    pub fn take(&self) -> Option<T> {
        self.shared.0.pop()
    }

    /// Values dropped so far because the box was full.
    pub fn dropped(&self) -> u64 {
        // Relaxed: counter only, orders nothing.
        self.shared.1.load(Ordering::Relaxed)
    }
}
