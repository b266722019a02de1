//! One group: its name, how things are with it, and the sums of its windows.

use std::sync::Arc;

use crate::aggregate::buckets::Sums;
use crate::aggregate::groups::grid::HISTOGRAMS;
use crate::aggregate::groups::names::NameId;
use crate::aggregate::groups::panes::GroupDurations;
use crate::aggregate::image::Stamp;
use crate::snapshot::GroupKind;
use crate::time::EpochMs;

/// One group.
#[derive(Clone, Debug)]
pub(in crate::aggregate::groups) struct Slot {
    pub(in crate::aggregate::groups) name: Arc<str>,
    pub(in crate::aggregate::groups) kind: GroupKind,
    /// Its name in the table of names; `None` when the group is never freed.
    pub(super) name_id: Option<NameId>,
    pub(in crate::aggregate::groups) open: u64,
    /// Those of them of which something was heard since the latest gap began, when `doubts` was the
    /// table's; else there are none.
    pub(super) certain: u64,
    pub(super) doubts: u32,
    /// Guests who wait for a reply, and since when the one who has waited for longest does.
    pub(in crate::aggregate::groups) awaiting: u64,
    pub(in crate::aggregate::groups) awaiting_since: Option<EpochMs>,
    /// Retained coarse cells in which it has an entry. They cover all finer ones.
    pub(super) cells: u32,
    pub(in crate::aggregate::groups) windows: [Sums; 4],
    pub(in crate::aggregate::groups) durations: [GroupDurations; HISTOGRAMS],
    pub(super) is_taken: bool,
    /// The image that it was written for.
    pub(super) written: Stamp,
}

impl Slot {
    /// Open sessions of which nothing was heard since the latest gap began, once the slot has heeded it.
    pub(in crate::aggregate::groups) const fn uncertain(&self) -> u64 {
        self.open.saturating_sub(self.certain)
    }

    /// Forgets who was certain if a gap has begun since.
    pub(super) const fn heed(&mut self, doubts: u32) {
        if self.doubts != doubts {
            self.doubts = doubts;
            self.certain = 0;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        // Panes may reach a little further back than cells where the bucket is an odd number of seconds.
        self.cells == 0 && self.open == 0 && self.durations.iter().all(GroupDurations::is_empty)
    }
}
