//! What is counted of a session, in every timeline there is.

use super::State;
use crate::aggregate::groups::Membership;
use crate::aggregate::sessions::Row;
use crate::aggregate::sessions::Slot;
use crate::aggregate::timeline::Booking;
use crate::aggregate::timeline::Ending;
use crate::aggregate::timeline::Placed;
use crate::event::Event;
use crate::time::EpochMs;

impl State {
    /// The groups that an event names.
    pub(super) fn membership(&mut self, event: &Event) -> Membership {
        if let Some(hold) = &mut self.hold {
            // Both number new groups alike.
            hold.timeline.membership(event);
        }
        self.live.membership(event)
    }

    pub(super) fn count_connection(&mut self, membership: Membership, placed: &Placed) {
        self.total_connections += 1;
        self.live.connection(membership, placed);
        if let Some(hold) = &mut self.hold {
            hold.timeline.connection(membership, placed);
        }
    }

    pub(super) fn activate(
        &mut self,
        slot: Slot,
        connected: EpochMs,
        membership: Membership,
        placed: &Placed,
    ) {
        self.live.open(membership, placed);
        if let Some(hold) = &mut self.hold {
            hold.timeline.open(membership, placed);
        }
        if let Some(longest) = &mut self.longest {
            longest.insert(membership, connected, slot);
        }
    }

    pub(super) fn deactivate(&mut self, slot: Slot, row: &Row) {
        self.stop_waiting(slot, row);
        let was_certain = row.loss_epoch == self.loss_epoch;
        self.live
            .drop_open(row.membership, Booking::of(row), was_certain);
        if let Some(hold) = &mut self.hold {
            let booking = Booking::of(row).unless(row.has(Row::IS_STRAY));
            hold.timeline
                .drop_open(row.membership, booking, was_certain);
        }
        if let Some(longest) = &mut self.longest {
            longest.remove(row.membership, row.connected, slot);
        }
    }

    /// Books the end of a session that was open, or of one whose connect comes now.
    pub(super) fn book(&mut self, ending: &Ending) {
        self.live.end(ending);
        if let Some(hold) = &mut self.hold {
            let mut ending = *ending;
            ending.connected = ending.connected.unless(ending.is_stray);
            hold.timeline.end(&ending);
        }
    }

    /// Whether something is booked in the live timeline alone.
    pub(super) fn is_stray(&self, placed: &Placed) -> bool {
        self.hold
            .as_ref()
            .is_some_and(|hold| placed.time > hold.timeline.now)
    }
}

impl Booking {
    /// The booking of a connect that comes now.
    pub(super) const fn new(time: EpochMs) -> Self {
        Self {
            time,
            in_buckets: true,
            in_groups: true,
        }
    }

    /// That of an open row.
    pub(super) fn of(row: &Row) -> Self {
        Self {
            time: row.booked(),
            in_buckets: row.has(Row::IN_BUCKETS),
            in_groups: row.has(Row::IN_GROUPS),
        }
    }

    /// The same, unless it is not there.
    pub(super) const fn unless(self, is_missing: bool) -> Self {
        Self {
            time: self.time,
            in_buckets: self.in_buckets && !is_missing,
            in_groups: self.in_groups && !is_missing,
        }
    }
}
