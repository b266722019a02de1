//! The open rows, by the minute at which they are looked at again.
//!
//! A row is let go once it was silent for the idle timeout, or uncertain and silent for the shorter
//! uncertain timeout. All open rows become uncertain at once, when a gap begins, so none is looked for
//! then. A row is *fresh* until it was silent for the shorter of the two timeouts; then it goes, or is
//! *silent*. The fresh ones are in the list of the minute at which that may be so. The silent ones are
//! in that of their idle timeout, and all of them are looked at again in the first minute after a gap
//! began: those of which nothing was heard go, so every walk is paid for by what it ends. Rows that had
//! events since they were put into a list move on when its minute comes.

use super::Row;
use super::Slot;
use super::lists::Lists;
use super::slab::Slab;
use crate::config::AggregateSettings;

/// Why an open row is let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::aggregate) enum Lapse {
    /// Nothing came for the idle timeout.
    Idle,
    /// Its end may lie in a gap, and nothing came for the uncertain timeout.
    Uncertain,
}

/// The lists of open rows.
#[derive(Debug)]
pub(super) struct OpenRows {
    pub(super) fresh: Lists,
    pub(super) silent: Lists,
    /// Minutes of silence after which a row goes in any case, and if it is uncertain.
    idle_minutes: i64,
    uncertain_minutes: i64,
    /// The minute in which rows were let go last.
    pub(super) minute: i64,
    /// Whether a gap has begun since.
    pub(super) is_doubted: bool,
}

impl OpenRows {
    /// Empty lists whose numbers start at `first`.
    pub(super) fn new(settings: &AggregateSettings, first: u32) -> Self {
        let minutes = |timeout_ms: u64| {
            let minutes = timeout_ms.div_ceil(60_000).max(1);
            i64::try_from(minutes).unwrap_or(i64::MAX >> 1)
        };
        let idle_minutes = minutes(settings.idle_timeout_ms);
        let uncertain_minutes = minutes(settings.uncertain_timeout_ms);
        let ring = |minutes: i64| usize::try_from(minutes + 2).unwrap_or(usize::MAX);
        let fresh = Lists::new(first, ring(idle_minutes.min(uncertain_minutes)));
        // Where the idle timeout is the shorter one no row ever is silent.
        let has_silent = uncertain_minutes < idle_minutes;
        let silent = if has_silent { ring(idle_minutes) } else { 1 };
        Self {
            silent: Lists::new(fresh.end(), silent),
            fresh,
            idle_minutes,
            uncertain_minutes,
            minute: i64::MIN,
            is_doubted: false,
        }
    }

    /// The number that follows those of these lists.
    pub(super) fn end(&self) -> u32 {
        self.silent.end()
    }

    /// A gap began: every open row is uncertain.
    pub(super) fn doubt(&mut self) {
        self.is_doubted = true;
    }

    /// Forgets all lists, whose rows are put in again.
    pub(super) fn clear(&mut self) {
        self.fresh.clear();
        self.silent.clear();
        self.is_doubted = true;
    }

    /// Puts in a row of which something was heard in the clock's minute.
    pub(super) fn push(&mut self, slab: &mut Slab, slot: Slot) {
        let due = self.checked_at(slab.row(slot));
        self.fresh.push(slab, due, slot);
    }

    /// Puts in a row that may have been silent for any time; what is due by `minute` is looked at then.
    pub(super) fn push_old(&mut self, slab: &mut Slab, minute: i64, slot: Slot) {
        let due = self.checked_at(slab.row(slot)).max(minute);
        self.fresh.push(slab, due, slot);
    }

    pub(super) fn remove(&mut self, slab: &mut Slab, slot: Slot) {
        let lists = match self.silent.is_first(slab.row(slot)) {
            true => &mut self.silent,
            false => &mut self.fresh,
        };
        lists.remove(slab, slot);
    }

    /// The next row to let go at `minute`, where rows that have heard of fewer losses than `loss_epoch`
    /// are uncertain. Call it until it answers `None`, removing each row.
    pub(super) fn next_lapsed(
        &mut self,
        slab: &mut Slab,
        minute: i64,
        loss_epoch: u16,
    ) -> Option<(Slot, Lapse)> {
        self.minute = minute;
        if std::mem::take(&mut self.is_doubted) {
            while let Some((_, slot)) = self.silent.oldest(i64::MAX - 1) {
                self.silent.remove(slab, slot);
                self.push_old(slab, minute, slot);
            }
        }
        while let Some((due, slot)) = self.fresh.oldest(minute) {
            let row = slab.row(slot);
            let (checked, idle) = (self.checked_at(row), self.idle_at(row));
            let is_uncertain = row.loss_epoch != loss_epoch;
            if checked > due {
                self.fresh.remove(slab, slot);
                self.fresh.push(slab, checked, slot);
            } else if is_uncertain && self.uncertain_minutes < self.idle_minutes {
                return Some((slot, Lapse::Uncertain));
            } else if idle <= minute {
                return Some((slot, Lapse::Idle));
            } else {
                self.fresh.remove(slab, slot);
                self.silent.push(slab, idle, slot);
            }
        }
        while let Some((due, slot)) = self.silent.oldest(minute) {
            let idle = self.idle_at(slab.row(slot));
            if idle <= due {
                return Some((slot, Lapse::Idle));
            }
            self.silent.remove(slab, slot);
            self.silent.push(slab, idle, slot);
        }
        None
    }

    /// The row that has been silent for longest.
    pub(super) fn longest_silent(&mut self, slab: &mut Slab) -> Option<Slot> {
        while let Some((due, slot)) = self.silent.oldest(i64::MAX - 1) {
            let row = slab.row(slot);
            let (checked, idle) = (self.checked_at(row), self.idle_at(row));
            if idle <= due {
                return Some(slot);
            }
            // Something was heard of it: of those that are fresh again it is one.
            self.silent.remove(slab, slot);
            match checked > self.minute {
                true => self.fresh.push(slab, checked, slot),
                false => self.silent.push(slab, idle, slot),
            }
        }
        while let Some((due, slot)) = self.fresh.oldest(i64::MAX - 1) {
            let checked = self.checked_at(slab.row(slot));
            if checked <= due {
                return Some(slot);
            }
            self.fresh.remove(slab, slot);
            self.fresh.push(slab, checked, slot);
        }
        None
    }

    /// The first minute in which a row may be let go if it is uncertain.
    fn checked_at(&self, row: &Row) -> i64 {
        i64::from(row.seen_minute) + self.idle_minutes.min(self.uncertain_minutes) + 1
    }

    /// The first minute in which a row is idle.
    fn idle_at(&self, row: &Row) -> i64 {
        i64::from(row.seen_minute) + self.idle_minutes + 1
    }
}
