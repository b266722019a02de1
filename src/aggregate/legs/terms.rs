//! What the facts of a conversation are read by.

use crate::time::EpochMs;
use crate::window::BucketIndex;
use crate::window::Width;

/// What the table of legs is read by: settings, and how far the clock is.
#[derive(Clone, Copy, Debug)]
pub(in crate::aggregate) struct Terms {
    pub(in crate::aggregate) width: Width,
    /// How long what belongs to a fact may come after it.
    pub(in crate::aggregate) lateness_buckets: i64,
    /// Facts before this are settled: nothing that belongs to them is to be expected any more.
    pub(in crate::aggregate) settled_before: EpochMs,
    /// A guest who leaves within this is short abandoned, in milliseconds.
    pub(in crate::aggregate) short_abandon_ms: u64,
}

impl Terms {
    /// Moves on to what is settled at a clock.
    pub(in crate::aggregate) const fn settle(&mut self, now: EpochMs) {
        self.settled_before = self.settled_at(now);
    }

    /// Whether a fact is settled.
    pub(in crate::aggregate) const fn is_settled(&self, time: EpochMs) -> bool {
        self.settled_before.ms() > time.ms()
    }

    /// Whether a fact was settled before another one happened.
    pub(in crate::aggregate) const fn is_settled_before(
        &self,
        time: EpochMs,
        other: EpochMs,
    ) -> bool {
        self.settled_at(other).ms() > time.ms()
    }

    /// The clock at which a fact is settled.
    pub(in crate::aggregate) const fn settles(&self, time: EpochMs) -> EpochMs {
        let bucket = self.width.bucket_of(time).0 + self.lateness_buckets + 1;
        self.width.start_of(BucketIndex(bucket))
    }

    const fn settled_at(&self, now: EpochMs) -> EpochMs {
        let bucket = self.width.bucket_of(now).0 - self.lateness_buckets;
        self.width.start_of(BucketIndex(bucket))
    }
}
