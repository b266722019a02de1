//! What takes filled batches: who fills them does not know whether a ring or something else does.

use super::Batch;
use super::Producer;

/// The way on for batches, in order.
pub trait BatchSink {
    /// An empty batch to fill.
    fn lease(&self) -> Batch;

    /// Takes a batch without waiting.
    ///
    /// # Errors
    /// Hands the batch back while there is no room: wait and offer it again, or shed its events.
    #[expect(
        clippy::result_large_err,
        reason = "the batch is handed back, not copied to the heap"
    )]
    fn offer(&mut self, batch: Batch) -> Result<(), Batch>;

    /// Whether nobody takes batches any more: whoever fills them stops.
    fn is_abandoned(&self) -> bool;

    /// After how many events a batch is offered.
    fn batch_events(&self) -> usize;
}

impl BatchSink for Producer {
    #[inline]
    fn lease(&self) -> Batch {
        Self::lease(self)
    }

    #[inline]
    fn offer(&mut self, batch: Batch) -> Result<(), Batch> {
        Self::offer(self, batch)
    }

    #[inline]
    fn is_abandoned(&self) -> bool {
        Self::is_abandoned(self)
    }

    #[inline]
    fn batch_events(&self) -> usize {
        Self::batch_events(self)
    }
}
