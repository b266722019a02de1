//! One client's end of a feed.

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;

use super::seat::Seat;
use crate::serve::push_counters::Present;
use crate::serve::push_counters::PushCounters;

/// Fetches the answers of a feed, the latest first of all, and counts those that went by meanwhile:
/// when it fetches again, or when it is dropped.
#[derive(Debug)]
pub(super) struct Subscriber {
    seat: Seat,
    /// The number of the answer fetched last; `None` before the first.
    fetched: Option<u64>,
    counters: PushCounters,
    _counted: Present,
    _slot: OwnedSemaphorePermit,
}

impl Subscriber {
    pub(super) fn new(seat: Seat, counters: PushCounters, slot: OwnedSemaphorePermit) -> Self {
        Self {
            seat,
            fetched: None,
            _counted: counters.subscriber(),
            counters,
            _slot: slot,
        }
    }

    /// The next answer: at once when there is one that was not fetched. `None` when the feed has ended,
    /// which it does only when the server stops. Can be dropped while it waits.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        if self.fetched.is_some() {
            self.seat.ticks.changed().await.ok()?;
        }
        let tick = self.seat.ticks.borrow_and_update().clone();
        self.missed(tick.number);
        self.fetched = Some(tick.number);
        self.counters.sent();
        Some(tick.body)
    }

    /// Counts what lies between the answer fetched last and number `until`.
    fn missed(&self, until: u64) {
        let missed = self
            .fetched
            .map_or(0, |last| until.saturating_sub(last + 1));
        if missed > 0 {
            self.counters.skipped(missed);
            self.seat.tally.skipped(missed);
        }
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        // The newest answer may have been on its way to be fetched.
        let newest = self.seat.ticks.borrow().number;
        self.missed(newest);
    }
}
