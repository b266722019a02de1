//! What happened in groups since the latest tick began, before it is booked.
//!
//! An event costs one entry in each dimension; cells and windows are brought up to date once a tick,
//! away from the events. Until then published groups stay one cut.

use super::change::Change;
use super::touched::Touched;
use crate::snapshot::Dimension;
use crate::snapshot::GroupId;

/// The changes of one tick.
#[derive(Debug, Default)]
pub(super) struct Journal {
    /// What is booked inside the tick, by [`Dimension::index`]; every group that anything is booked
    /// in has an entry.
    pub(super) changes: [Touched; 3],
    /// What is booked before it.
    pub(super) strays: Vec<Stray>,
    pub(super) ended: Vec<Ended>,
    /// The tick's first millisecond.
    pub(super) start_ms: i64,
}

/// A change of a group at an earlier time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stray {
    pub(super) dimension: Dimension,
    pub(super) group: GroupId,
    pub(super) time_ms: i64,
    pub(super) change: Change,
}

/// The duration of a session that ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub(super) dimension: Dimension,
    pub(super) group: GroupId,
    pub(super) time_ms: i64,
    pub(super) duration_ms: u64,
}

impl Journal {
    /// Changes a group at a time that is not after the clock.
    #[inline]
    pub(super) fn change(
        &mut self,
        dimension: Dimension,
        group: GroupId,
        time_ms: i64,
        change: impl Fn(&mut Change),
    ) {
        let (own, _) = self.changes[dimension.index()].at(group);
        if time_ms >= self.start_ms {
            change(own);
            return;
        }
        let mut stray = Change::default();
        change(&mut stray);
        self.strays.push(Stray {
            dimension,
            group,
            time_ms,
            change: stray,
        });
    }

    /// Whether nothing happened.
    pub(super) fn is_empty(&self) -> bool {
        // A stray and an end leave an entry too.
        self.changes
            .iter()
            .all(|changes| changes.entries().is_empty())
    }

    /// Whether anything is to be booked in a group.
    pub(super) fn holds(&self, dimension: Dimension, group: GroupId) -> bool {
        self.changes[dimension.index()].contains(group)
    }

    /// Empties it for a tick.
    pub(super) fn begin(&mut self, start_ms: i64) {
        self.changes.iter_mut().for_each(Touched::clear);
        self.strays.clear();
        self.ended.clear();
        self.start_ms = start_ms;
    }

    pub(super) fn bytes(&self) -> usize {
        self.changes.iter().map(Touched::bytes).sum::<usize>()
            + self.strays.capacity() * size_of::<Stray>()
            + self.ended.capacity() * size_of::<Ended>()
    }
}
