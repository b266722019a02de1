//! Which list a row belongs to when the clock has moved in a way that lists do not follow.

use super::Phase;
use super::Row;
use super::Sessions;
use super::Slot;
use crate::window::BucketIndex;

impl Sessions {
    /// The bucket from which on a closed or pending row is remembered: that of its disconnect, which
    /// is further ahead than the skew only while the clock may be wrong.
    pub(super) fn kept(&self, row: &Row) -> i64 {
        let ahead_most = self.current.0.saturating_add(self.skew_buckets);
        self.width.bucket_of(row.ended()).0.min(ahead_most)
    }

    /// Puts every row into the list it belongs to now that the clock is in another bucket and minute,
    /// wherever it was before; `change` gets each open row first. What has had its time is next to
    /// expire. Cost: a walk over all rows.
    pub(in crate::aggregate) fn relist(
        &mut self,
        current: BucketIndex,
        minute: u32,
        mut change: impl FnMut(&mut Row),
    ) {
        self.current = current;
        self.open.clear();
        self.closed.clear();
        self.pending.clear();
        let (minute, last) = (i64::from(minute), current.0 - self.lateness_buckets - 1);
        for number in 0..self.slab.used {
            let row = self.slab.at(number);
            if !row.has(Row::IS_TAKEN) {
                continue;
            }
            let (slot, phase) = (Slot(number), row.phase);
            if phase == Phase::Open {
                change(row);
            }
            let row = self.slab.row(slot);
            let kept = self.kept(row).max(last);
            match phase {
                Phase::Open => self.open.push_old(&mut self.slab, minute, slot),
                Phase::Closed => self.closed.push(&mut self.slab, kept, slot),
                Phase::Pending => self.pending.push(&mut self.slab, kept, slot),
            }
        }
    }
}
