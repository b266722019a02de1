//! What a conversation's table is read from, and what it comes to so far.

use super::stint::Stints;
use crate::aggregate::legs::Booking;
use crate::aggregate::legs::Is;
use crate::aggregate::legs::Reading;
use crate::aggregate::legs::Standing;
use crate::aggregate::legs::Terms;
use crate::aggregate::legs::What;
use crate::aggregate::legs::Whose;
use crate::config::limits;
use crate::event::Actor;
use crate::time::EpochMs;

/// One conversation's table.
pub(super) struct Table<'a> {
    pub(super) stints: &'a Stints,
    ends: &'a [(EpochMs, Actor)],
    pub(super) terms: Terms,
    pub(super) reading: &'a mut Reading,
    /// When the guest left while it waited.
    abandoned: Vec<EpochMs>,
}

impl<'a> Table<'a> {
    pub(super) const fn new(
        stints: &'a Stints,
        ends: &'a [(EpochMs, Actor)],
        terms: &Terms,
        reading: &'a mut Reading,
    ) -> Self {
        Self {
            stints,
            ends,
            terms: *terms,
            reading,
            abandoned: Vec::new(),
        }
    }

    /// The end of the conversation that is the first at or after a leg began, or a little before it: two
    /// clocks may have stamped them. Whoever says first who ended it is believed.
    pub(super) fn end_of(&self, began: EpochMs) -> Option<(EpochMs, Actor)> {
        let mut ends = self.ends.iter();
        let (end, by) = *ends.find(|(end, _)| began.since(*end) <= limits::SAME_LEG_MS)?;
        let mut same = ends.take_while(|(other, _)| other.since(end) <= limits::SAME_LEG_MS);
        let said = match by {
            Actor::Unknown => same.find(|(_, by)| *by != Actor::Unknown),
            _ => None,
        };
        Some((end.max(began), said.map_or(by, |(_, by)| *by)))
    }

    /// Whether the conversation ended, or the guest left a queue of it, near a time.
    pub(super) fn has_ended_near(&self, time: EpochMs) -> bool {
        let ends = self.ends.iter().map(|(end, _)| *end);
        let mut all = ends.chain(self.abandoned.iter().copied());
        all.any(|end| is_near(end, time))
    }

    /// Whether the conversation ended between two times.
    pub(super) fn has_ended_between(&self, from: EpochMs, to: EpochMs) -> bool {
        self.ends.iter().any(|(end, _)| (from..=to).contains(end))
    }

    /// Something follows once a fact is settled.
    pub(super) fn wait_for(&mut self, time: EpochMs) {
        let known = [self.reading.unsettled, Some(time)];
        self.reading.unsettled = known.into_iter().flatten().min();
    }

    pub(super) fn book(&mut self, time: EpochMs, what: What, whose: Whose, ms: u64) {
        let ms = u32::try_from(ms).unwrap_or(u32::MAX);
        if matches!(what, What::Abandoned | What::ShortAbandoned) {
            self.abandoned.push(time);
        }
        self.reading.bookings.push(Booking {
            time,
            what,
            whose,
            ms,
        });
    }

    pub(super) fn stand(&mut self, is: Is, since: EpochMs, whose: Whose) {
        self.reading.standing.push(Standing { is, since, whose });
    }
}

/// Whether two times are so near each other that they may be of one moment.
pub(super) fn is_near(time: EpochMs, of: EpochMs) -> bool {
    time.since(of) <= limits::SAME_LEG_MS && of.since(time) <= limits::SAME_LEG_MS
}
