//! One client's end of a feed.

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;

use super::counters::Present;
use super::counters::PushCounters;
use super::feed::Seat;

/// Fetches the answers of a feed, the latest first of all, and counts those that went by meanwhile.
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
            self.seat.changed().await.ok()?;
        }
        let tick = self.seat.borrow_and_update();
        let missed = self.fetched.map_or(0, |last| tick.number - last - 1);
        self.fetched = Some(tick.number);
        self.counters.sent(missed);
        Some(tick.body.clone())
    }
}
