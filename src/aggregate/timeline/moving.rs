//! Sessions of which facts of legs are known: opened without being counted, moved to another queue.

use super::Booking;
use super::Timeline;
use crate::aggregate::groups::Membership;

impl Timeline {
    /// A session is open that counts in no window.
    pub(in crate::aggregate) fn open_carried(&mut self, membership: Membership) {
        if let Some(groups) = &mut self.groups {
            groups.open(membership, None, self.now);
        }
    }

    /// The groups of a session that is in a queue of this name.
    pub(in crate::aggregate) fn in_queue(
        &mut self,
        queue: &str,
        membership: Membership,
    ) -> Membership {
        match &mut self.groups {
            Some(groups) => groups.in_queue(queue, membership),
            None => membership,
        }
    }

    /// An open session is in other groups from now on; what was counted of it stays.
    pub(in crate::aggregate) fn move_open(
        &mut self,
        from: Membership,
        to: Membership,
        connected: Booking,
        was_certain: bool,
    ) {
        if let Some(groups) = &mut self.groups {
            let is_booked = connected.in_groups && connected.time <= self.now;
            let connected = is_booked.then_some(connected.time);
            groups.move_open(from, to, connected, was_certain, self.now);
        }
    }
}
