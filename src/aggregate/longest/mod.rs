//! The sessions that have been open for longest, and those whose guest has waited for a reply for longest:
//! of those open 100 overall and 10 a queue, of those who wait as many; once a second, equally long ones
//! by id.
//!
//! Each queue keeps its open sessions in order; nothing scans the rows. Once a second the lists of the
//! queues in which something happened are rebuilt, a few at a time, and then the overall list from
//! the queues whose oldest session can be on it. A list is as its queue stood when it was made, within
//! the second after the clock that is published with it. What is published is a used one made new
//! queue by queue, so that neither filling nor freeing a list of every queue is a piece of work.
//!
//! The order kept is by connect and row. Which of those that connected at the very time of the last
//! listed one are listed follows their ids, so all of that time are looked at when a list is made. The
//! overall list has more than 100: whoever leaves the silent ones out finds 100 others.

mod choice;
mod listing;
mod restore;
mod shown;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::ages::Ages;
use super::ages::Key;
use super::ages::Reach;
use super::ages::row_of;
use super::ages::time_of;
use super::awaiting::Awaiting;
use super::groups::Groups;
use super::groups::Membership;
use super::sessions::Sessions;
use super::sessions::Slot;
use crate::config::limits;
use crate::snapshot::Dimension;
use crate::snapshot::LONGEST_LOOKED_AT;
use crate::snapshot::LONGEST_OVERALL;
use crate::snapshot::Longest;
use crate::snapshot::Retired;
use crate::time::EpochMs;

use choice::by_id;
use choice::first;
use listing::Listing;
use listing::Of;
use restore::Writing;

/// The oldest key of a queue that has none.
const NO_KEY: Key = Key::MAX;
/// Retired lists kept to be made new: one is published a second, and readers soon let go.
const RETIRED_MAX: usize = 4;

/// Every open session in order, and the lists made of them.
#[derive(Debug)]
pub(super) struct LongestOpen {
    reach: Reach,
    /// By the queue's number.
    queues: Vec<Queue>,
    /// The memory of their orders.
    ages_bytes: usize,
    /// The oldest key of every queue, beside each other.
    oldest: Vec<Key>,
    /// The ids of open sessions whose keys cannot be printed back, by row.
    ids: BTreeMap<u32, Arc<str>>,
    /// The next queue whose list is made; `None` between the rounds.
    next: Option<usize>,
    /// The clock of the round, and the count of losses: rows that have heard of fewer are uncertain.
    as_of: EpochMs,
    loss_epoch: u16,
    /// What the round makes, of what an earlier one made.
    making: Longest,
    published: Arc<Longest>,
    retired: Retired<Longest>,
    /// While an image is made.
    writing: Option<Box<Writing>>,
}

#[derive(Debug, Default)]
struct Queue {
    ages: Ages,
    /// Whether anything happened to its sessions since its list was made.
    is_changed: bool,
    open: Listing,
    awaiting: Listing,
}

impl LongestOpen {
    pub(super) fn new() -> Self {
        Self {
            reach: Reach::default(),
            queues: Vec::new(),
            ages_bytes: 0,
            oldest: Vec::new(),
            ids: BTreeMap::new(),
            next: None,
            as_of: EpochMs::default(),
            loss_epoch: 0,
            making: Longest::default(),
            published: Arc::default(),
            retired: Retired::new(RETIRED_MAX),
            writing: None,
        }
    }

    /// The clock is set for the first time.
    pub(super) fn begin(&mut self, now: EpochMs) {
        self.reach = Reach::around(now);
    }

    /// A session opens in a row.
    pub(super) fn insert(&mut self, membership: Membership, connected: EpochMs, slot: Slot) {
        let Some(key) = self.reach.key(connected, slot) else {
            return;
        };
        let index = usize::from(membership.of(Dimension::Queue).0);
        if index >= self.queues.len() {
            self.queues.resize_with(index + 1, Queue::default);
            self.oldest.resize(index + 1, NO_KEY);
        }
        let queue = &mut self.queues[index];
        let before = queue.ages.bytes();
        queue.ages.insert(key);
        self.ages_bytes = self.ages_bytes + queue.ages.bytes() - before;
        queue.is_changed = true;
        self.oldest[index] = self.oldest[index].min(key);
    }

    /// The open session of a row is in another queue from now on.
    pub(super) fn change_queue(
        &mut self,
        from: Membership,
        to: Membership,
        connected: EpochMs,
        slot: Slot,
    ) {
        self.take_out(from, connected, slot);
        self.insert(to, connected, slot);
    }

    /// The session of a row is no longer open.
    pub(super) fn remove(&mut self, membership: Membership, connected: EpochMs, slot: Slot) {
        self.take_out(membership, connected, slot);
        if !self.ids.is_empty() {
            self.write_before(slot.number());
            self.ids.remove(&slot.number());
        }
    }

    fn take_out(&mut self, membership: Membership, connected: EpochMs, slot: Slot) {
        let Some(key) = self.reach.key(connected, slot) else {
            return;
        };
        let index = usize::from(membership.of(Dimension::Queue).0);
        let queue = &mut self.queues[index];
        let before = queue.ages.bytes();
        queue.ages.remove(key);
        self.ages_bytes = self.ages_bytes + queue.ages.bytes() - before;
        queue.is_changed = true;
        if self.oldest[index] == key {
            self.oldest[index] = queue.ages.iter().next().unwrap_or(NO_KEY);
        }
    }

    /// Something happened to an open session.
    #[inline]
    pub(super) fn touch(&mut self, membership: Membership) {
        let index = usize::from(membership.of(Dimension::Queue).0);
        if let Some(queue) = self.queues.get_mut(index) {
            queue.is_changed = true;
        }
    }

    /// A gap began, the last of so many: every open session is uncertain.
    pub(super) fn doubt(&mut self, loss_epoch: u16) {
        self.loss_epoch = loss_epoch;
        self.touch_all();
    }

    /// Something may have happened to every open session.
    pub(super) fn touch_all(&mut self) {
        for queue in &mut self.queues {
            queue.is_changed = true;
        }
    }

    /// Keeps the id of the open session of a row, if there is room.
    pub(super) fn keep_id(&mut self, slot: Slot, id: &str) {
        if self.ids.len() < limits::SESSION_IDS_MAX {
            self.write_before(slot.number());
            self.ids.insert(slot.number(), Arc::from(id));
        }
    }

    /// Begins a round at a clock, unless one is under way.
    pub(super) fn begin_round(&mut self, now: EpochMs) {
        if self.next.is_none() {
            self.next = Some(0);
            self.as_of = now;
        }
    }

    /// Makes lists until about so many small pieces of work are done; whether there is more.
    pub(super) fn work(
        &mut self,
        mut pieces: usize,
        sessions: &Sessions,
        groups: &Groups,
        awaiting: &Awaiting,
    ) -> bool {
        while let Some(index) = self.next {
            if pieces == 0 {
                return true;
            }
            if index < self.queues.len() {
                let cost = self.make_queue(index, sessions, groups, awaiting);
                pieces = pieces.saturating_sub(cost);
                self.next = Some(index + 1);
            } else {
                self.publish(sessions, groups, awaiting);
                self.next = None;
            }
        }
        false
    }

    pub(super) fn published(&self) -> &Arc<Longest> {
        &self.published
    }

    /// Makes a queue's lists and puts them in their places; answers what that cost.
    fn make_queue(
        &mut self,
        index: usize,
        sessions: &Sessions,
        groups: &Groups,
        awaiting: &Awaiting,
    ) -> usize {
        let queue = &mut self.queues[index];
        let mut cost = 1;
        if std::mem::take(&mut queue.is_changed) {
            let of = Of {
                sessions,
                groups,
                ids: &self.ids,
                loss_epoch: self.loss_epoch,
            };
            cost += queue.open.renew(queue.ages.iter(), &of);
            cost += queue.awaiting.renew(awaiting.keys_of_queue(index), &of);
        }
        let making = &mut self.making;
        for (places, made) in [
            (&mut making.by_queue, &queue.open),
            (&mut making.awaiting_by_queue, &queue.awaiting),
        ] {
            match places.get_mut(index) {
                // A round begins with the first queue, so this place is the next.
                None => places.push(Arc::clone(made.listed())),
                // Mostly the last that holds the list before: its sessions are freed here.
                Some(place) => place.clone_from(made.listed()),
            }
        }
        cost
    }

    /// Makes the overall lists and publishes all.
    fn publish(&mut self, sessions: &Sessions, groups: &Groups, awaiting: &Awaiting) {
        let longest = self.longest();
        // The minutes of the latest events of those listed so far, the latest 100 of them.
        let mut seen = BinaryHeap::new();
        let longest: Vec<(Key, usize)> = by_id(longest, LONGEST_LOOKED_AT, sessions, &self.ids)
            .filter(|&(key, _)| {
                let minute = sessions.row(row_of(key)).seen_minute;
                if seen.len() < LONGEST_OVERALL {
                    seen.push(Reverse(minute));
                    return true;
                }
                // Whoever leaves it out as silent has 100 others before it that are not; else it is
                // needed when those that are silent longer are left out.
                let is_needed = seen.peek().is_some_and(|Reverse(least)| *least < minute);
                if is_needed {
                    seen.pop();
                    seen.push(Reverse(minute));
                }
                is_needed
            })
            .collect();
        let of = Of {
            sessions,
            groups,
            ids: &self.ids,
            loss_epoch: self.loss_epoch,
        };
        let overall = longest.into_iter().map(|(key, index)| {
            let row = sessions.row(row_of(key));
            of.session(key, self.queues[index].open.id(key, row))
        });
        let oldest = first(awaiting.keys().map(|key| (key, 0)), LONGEST_OVERALL);
        let waiting = by_id(oldest, LONGEST_OVERALL, sessions, &self.ids).map(|(key, _)| {
            let row = sessions.row(row_of(key));
            let queue = self
                .queues
                .get(usize::from(row.membership.of(Dimension::Queue).0));
            of.session(key, queue.and_then(|queue| queue.awaiting.id(key, row)))
        });
        self.making.overall.clear();
        self.making.overall.extend(overall);
        self.making.awaiting.clear();
        self.making.awaiting.extend(waiting);
        self.making.as_of = self.as_of;
        let making = &mut self.making;
        let next = self.retired.refill(|used| std::mem::swap(used, making));
        let old = std::mem::replace(&mut self.published, next);
        self.retired.retire(old);
    }

    /// The keys of the longest-open sessions overall and their queues, longest first, all of those that
    /// connected at the time of the last one included.
    fn longest(&self) -> Vec<(Key, usize)> {
        let mut oldest: Vec<(Key, usize)> = self
            .oldest
            .iter()
            .copied()
            .zip(0..)
            .filter(|(key, _)| *key != NO_KEY)
            .collect();
        // A queue whose oldest session is behind that of so many others has none on the list.
        if oldest.len() > LONGEST_LOOKED_AT {
            let (_, last, _) = oldest.select_nth_unstable(LONGEST_LOOKED_AT - 1);
            let last = time_of(last.0);
            oldest.retain(|(key, _)| time_of(*key) <= last);
        }
        let mut rest: Vec<_> = oldest
            .iter()
            .map(|(_, index)| self.queues[*index].ages.iter())
            .collect();
        let next = |rest: &mut Vec<_>, place: usize| -> Option<Reverse<(Key, usize)>> {
            let key = Iterator::next(rest.get_mut(place)?)?;
            Some(Reverse((key, place)))
        };
        let mut heads: BinaryHeap<_> = (0..oldest.len())
            .filter_map(|place| next(&mut rest, place))
            .collect();
        let in_order = std::iter::from_fn(|| {
            let Reverse((key, place)) = heads.pop()?;
            heads.extend(next(&mut rest, place));
            Some((key, oldest[place].1))
        });
        first(in_order, LONGEST_LOOKED_AT)
    }

    /// The memory of the orders. Cost: the same however many queues there are, as each snapshot asks.
    pub(super) const fn bytes(&self) -> usize {
        self.ages_bytes + self.queues.capacity() * size_of::<Queue>()
    }
}

#[cfg(test)]
mod tests;
