//! The sessions whose guest waits for a reply, in the order in which they began to wait: all of them, and
//! those of each queue and deployment.
//!
//! It follows from the rows. Who begins or ends to wait costs a step in each of three orders; who has
//! waited for longest is the first of one.

use super::ages::Ages;
use super::ages::Key;
use super::ages::Reach;
use super::groups::Membership;
use super::sessions::Slot;
use crate::snapshot::Dimension;
use crate::snapshot::GroupId;
use crate::time::EpochMs;

/// Dimensions that sessions have.
pub(super) const DIMENSIONS: [Dimension; 2] = [Dimension::Queue, Dimension::Deployment];

/// Everybody who waits.
#[derive(Debug)]
pub(super) struct Awaiting {
    reach: Reach,
    count: u64,
    all: Ages,
    /// By dimension and group; empty where nobody wants groups.
    by: [Vec<Ages>; 2],
    /// The memory of those.
    by_bytes: usize,
    has_groups: bool,
}

/// The dimensions in which somebody else has waited for longest now.
pub(super) type OldestChanged = [bool; 2];

impl Awaiting {
    pub(super) fn new(has_groups: bool) -> Self {
        Self {
            reach: Reach::default(),
            count: 0,
            all: Ages::default(),
            by: Default::default(),
            by_bytes: 0,
            has_groups,
        }
    }

    /// The clock is set for the first time.
    pub(super) fn begin(&mut self, now: EpochMs) {
        self.reach = Reach::around(now);
    }

    /// The guest of a session begins to wait.
    pub(super) fn insert(
        &mut self,
        membership: Membership,
        since: EpochMs,
        slot: Slot,
    ) -> OldestChanged {
        self.count += 1;
        let Some(key) = self.reach.key(since, slot) else {
            return [false; 2];
        };
        self.all.insert(key);
        self.change(membership, |ages| ages.insert(key))
    }

    /// The guest of a session waits no more.
    pub(super) fn remove(
        &mut self,
        membership: Membership,
        since: EpochMs,
        slot: Slot,
    ) -> OldestChanged {
        self.count -= 1;
        let Some(key) = self.reach.key(since, slot) else {
            return [false; 2];
        };
        self.all.remove(key);
        self.change(membership, |ages| ages.remove(key))
    }

    fn change(&mut self, membership: Membership, change: impl Fn(&mut Ages)) -> OldestChanged {
        if !self.has_groups {
            return [false; 2];
        }
        let mut changed = [false; 2];
        for (place, dimension) in DIMENSIONS.into_iter().enumerate() {
            let index = usize::from(membership.of(dimension).0);
            let groups = &mut self.by[place];
            if index >= groups.len() {
                groups.resize_with(index + 1, Ages::default);
            }
            let ages = &mut groups[index];
            let (first, bytes) = (ages.first(), ages.bytes());
            change(ages);
            changed[place] = ages.first() != first;
            self.by_bytes = self.by_bytes + ages.bytes() - bytes;
        }
        changed
    }

    /// How many guests wait.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// Since when the guest does who has waited for longest; `None` while nobody waits.
    pub(super) fn since(&self) -> Option<EpochMs> {
        self.all.first().map(|key| self.reach.time(key))
    }

    /// The same of a group.
    pub(super) fn since_of(&self, dimension: Dimension, group: GroupId) -> Option<EpochMs> {
        let groups = self.by.get(dimension.index())?;
        let first = groups.get(usize::from(group.0))?.first();
        first.map(|key| self.reach.time(key))
    }

    /// Everybody, who has waited for longest first.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        self.all.iter()
    }

    /// Everybody of a queue, in the same order.
    pub(super) fn keys_of_queue(&self, queue: usize) -> impl Iterator<Item = Key> + '_ {
        let queue = self.by[0].get(queue);
        queue.into_iter().flat_map(Ages::iter)
    }

    /// Their memory. Cost: the same however many groups there are, as each snapshot asks.
    pub(super) fn bytes(&self) -> usize {
        let room: usize = self.by.iter().map(Vec::capacity).sum();
        self.all.bytes() + self.by_bytes + room * size_of::<Ages>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_waited_for_longest_is_known_of_all_and_of_each_group() {
        let mut awaiting = Awaiting::new(true);
        let now = EpochMs::from_ms(1_000_000);
        awaiting.begin(now);
        let of = |queue, deployment| Membership::of_plain([queue, deployment]);
        let slot = Slot::from_number;
        assert_eq!(awaiting.insert(of(2, 2), now, slot(0)), [true, true]);
        assert_eq!(awaiting.insert(of(3, 2), now + 5, slot(1)), [true, false]);
        assert_eq!(awaiting.insert(of(2, 3), now + 7, slot(2)), [false, true]);
        assert_eq!((awaiting.count(), awaiting.since()), (3, Some(now)));
        let queue =
            |awaiting: &Awaiting, group| awaiting.since_of(Dimension::Queue, GroupId(group));
        assert_eq!(queue(&awaiting, 3), Some(now + 5));
        assert_eq!(awaiting.remove(of(2, 2), now, slot(0)), [true, true]);
        assert_eq!((awaiting.count(), awaiting.since()), (2, Some(now + 5)));
        assert_eq!(queue(&awaiting, 2), Some(now + 7));
        assert_eq!((queue(&awaiting, 9), queue(&awaiting, 0)), (None, None));
        assert_eq!(awaiting.keys_of_queue(2).count(), 1);
        let by: usize = awaiting.by.iter().flatten().map(Ages::bytes).sum();
        assert_eq!(awaiting.by_bytes, by);
        awaiting.remove(of(3, 2), now + 5, slot(1));
        awaiting.remove(of(2, 3), now + 7, slot(2));
        assert_eq!((awaiting.count(), awaiting.since()), (0, None));
    }
}
