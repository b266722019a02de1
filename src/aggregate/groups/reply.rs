//! Waiting for a reply, in groups: those of the session.

use super::Groups;
use super::Membership;
use crate::aggregate::measures::Replied;
use crate::snapshot::Dimension;
use crate::snapshot::GroupId;
use crate::time::EpochMs;

impl Groups {
    /// So many more guests wait for a reply.
    pub(in crate::aggregate) fn wait(&mut self, membership: Membership, more: i32, now: EpochMs) {
        self.change(membership, now, |change| change.awaiting += more);
    }

    /// Since when the guest of a group does who has waited for longest now; `None` while nobody waits.
    pub(in crate::aggregate) fn put_oldest(
        &mut self,
        dimension: Dimension,
        group: GroupId,
        since: Option<EpochMs>,
    ) {
        self.journal.put_oldest(dimension, group, since);
    }

    /// A guest who waited has a reply.
    pub(in crate::aggregate) fn reply(
        &mut self,
        membership: Membership,
        reply: &Replied,
        time: EpochMs,
    ) {
        let (ms, first) = (reply.response_ms, u32::from(reply.is_first));
        self.change(membership, time, |change| {
            change.responses = change.responses.wrapping_add(1);
            change.response_ms = change.response_ms.wrapping_add(ms);
            change.first_responses = change.first_responses.wrapping_add(first);
            change.first_response_ms = change.first_response_ms.wrapping_add(u64::from(first) * ms);
        });
        self.record(membership, time, reply);
    }
}
