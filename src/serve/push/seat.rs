//! Where a subscriber sits at a feed: the answers it fetches, and the count of those it missed.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;

/// One answer, and its place among those of its feed.
#[derive(Clone, Debug)]
pub(super) struct Tick {
    pub(super) number: u64,
    pub(super) body: Bytes,
    pub(super) at: Instant,
}

/// Where a subscriber fetches answers.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    pub(super) ticks: watch::Receiver<Tick>,
    pub(super) tally: Tally,
}

/// Answers that the subscribers of one feed have missed.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally(Arc<AtomicU64>);

impl Tally {
    /// Counts more of them.
    pub(super) fn skipped(&self, answers: u64) {
        // Relaxed: for people, orders nothing.
        self.0.fetch_add(answers, Ordering::Relaxed);
    }

    /// How many were missed so far.
    pub(super) fn so_far(&self) -> u64 {
        // Relaxed: for people, orders nothing.
        self.0.load(Ordering::Relaxed)
    }
}
