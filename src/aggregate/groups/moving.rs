//! An open session that moves to another queue: facts of its legs say so.

use super::Groups;
use super::Membership;
use crate::time::EpochMs;

impl Groups {
    /// The membership of a session that is in a queue of this name.
    pub(in crate::aggregate) fn in_queue(
        &mut self,
        queue: &str,
        membership: Membership,
    ) -> Membership {
        Membership {
            queue: self.definitions.queue_group(queue, &mut self.tables[0]),
            ..membership
        }
    }

    /// An open session is in other groups from now on. Of its past nothing moves but that it is active, by
    /// the time at which its connect is booked, if it is.
    pub(in crate::aggregate) fn move_open(
        &mut self,
        from: Membership,
        to: Membership,
        connected: Option<EpochMs>,
        is_certain: bool,
        now: EpochMs,
    ) {
        self.drop_open(from, connected, is_certain, now);
        if let Some(connected) = connected {
            self.change(to, connected, |change| {
                change.active = change.active.wrapping_add(1);
            });
        }
        self.change(to, now, |change| {
            change.opened += 1;
            change.certain += i32::from(is_certain);
        });
    }
}
