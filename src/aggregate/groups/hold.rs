//! What a clock does to groups that is set for the first time, runs on, is on hold, or is set back.

use std::sync::Arc;

use super::Groups;
use super::Table;
use super::Total;
use crate::histogram::Histogram;
use crate::time::EpochMs;
use crate::time::SECOND_MS;

impl Groups {
    /// Says how things stand now that the second of the clock has passed.
    pub(in crate::aggregate) fn pass_second(
        &mut self,
        [open, active, awaiting]: [u64; 3],
        durations: Option<Arc<Histogram>>,
    ) {
        self.total.pass([open, active, awaiting], durations);
    }

    /// The clock goes on from a second, not from the one it was in: nothing is published of those between.
    pub(in crate::aggregate) fn skip_seconds(&mut self, second: i64) {
        self.total.skip_to(second);
    }

    /// The clock is set for the first time.
    pub(in crate::aggregate) fn begin(&mut self, now: EpochMs) {
        self.total.begin(now);
    }

    /// Takes over what never shrinks from groups that were counted on another clock.
    pub(in crate::aggregate) fn keep_counts(&mut self, other: &Self) {
        self.overflowed = other.overflowed;
    }

    /// From now on no group is freed, or again.
    pub(in crate::aggregate) fn hold(&mut self, is_holding: bool) {
        self.is_holding = is_holding;
        if !is_holding {
            self.tables.iter_mut().for_each(Table::doubt_empty);
        }
    }

    /// The clock is set back from `before` to `now`: windows and series start again there. Groups, what is open in
    /// them, and what was defined stay.
    pub(in crate::aggregate) fn begin_anew(
        &mut self,
        before: EpochMs,
        now: EpochMs,
        coverage_ms: impl Fn(EpochMs, u32) -> u64,
    ) {
        self.begin_tick(before, |_, _| 0);
        self.work(usize::MAX);
        for table in &mut self.tables {
            table.begin_anew(&self.grid, now.ms());
        }
        self.total = Total::new(now);
        self.seconds.begin_anew();
        self.begun = Some(now);
        // The series are rebuilt, whatever second it is.
        self.cut.as_of = now - 2 * SECOND_MS;
        self.journal.begin(self.tick_of(now));
        self.begin_tick(now, coverage_ms);
    }
}
