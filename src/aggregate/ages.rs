//! Sessions in the order of a time of theirs: a connect, or since when their guest waits.
//!
//! Sorted runs of up to 256 keys, themselves in order: connects come mostly in order, so runs fill up
//! from behind. Finding a place is a binary search over runs and within one; a change moves at most
//! 2 KiB. Memory: 8 bytes a session, up to 16 where half a run has left, and up to four emptied runs, 8 KiB,
//! of an order that was so long before.

use super::sessions::Slot;
use crate::time::EpochMs;

/// A time and a row, in one word: [`Reach::key`].
pub(super) type Key = u64;

/// Bits of a key that hold the row: rows beyond have none.
const ROW_BITS: u32 = 24;
/// Half of what the bits above can tell apart, in milliseconds: 17 years. Times are counted from so
/// long before the first clock.
const REACH_MS: i64 = 1 << (63 - ROW_BITS);

/// What times in keys are counted from, in milliseconds since the epoch.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reach {
    pub(super) base_ms: i64,
}

impl Reach {
    /// Keys of times around that of the first clock.
    pub(super) fn around(now: EpochMs) -> Self {
        Self {
            base_ms: now.ms() - REACH_MS,
        }
    }

    /// A key that orders sessions by a time, then by row; `None` of a row beyond the bits.
    pub(super) fn key(self, time: EpochMs, slot: Slot) -> Option<Key> {
        let time = (time.ms() - self.base_ms).clamp(0, 2 * REACH_MS - 1);
        let row = u64::from(slot.number());
        (row < 1 << ROW_BITS).then(|| time.cast_unsigned() << ROW_BITS | row)
    }

    /// The time of a key.
    pub(super) fn time(self, key: Key) -> EpochMs {
        EpochMs::from_ms(self.base_ms + time_of(key).cast_signed())
    }
}

/// What orders the keys of sessions of different times.
pub(super) const fn time_of(key: Key) -> Key {
    key >> ROW_BITS
}

/// The row of a key.
pub(super) fn row_of(key: Key) -> Slot {
    Slot::from_number((key & ((1 << ROW_BITS) - 1)) as u32)
}

/// Keys in a run at the most.
const RUN: usize = 256;
/// Emptied runs that are kept.
const SPARE_MAX: usize = 4;

/// Keys in ascending order.
#[derive(Debug, Default)]
pub(super) struct Ages {
    /// No run is empty.
    runs: Vec<Vec<Key>>,
    /// Keys that the runs and the spare ones have room for.
    room: usize,
    /// Runs that were emptied, for the next new ones: in most orders keys come and go.
    spare: Vec<Vec<Key>>,
}

impl Ages {
    /// Puts in a key that is not there.
    #[inline]
    pub(super) fn insert(&mut self, key: Key) {
        match self.runs.last_mut() {
            // Mostly it is the newest, and its run has room.
            Some(run)
                if run.len() < run.capacity().min(RUN)
                    && run.last().is_some_and(|last| *last < key) =>
            {
                run.push(key);
            }
            _ => self.insert_anywhere(key),
        }
    }

    fn insert_anywhere(&mut self, key: Key) {
        let Some(mut at) = self.run_of(key) else {
            return self.push_run(key);
        };
        if self.runs[at].len() == RUN {
            let is_newest = at + 1 == self.runs.len() && self.runs[at].last() < Some(&key);
            if is_newest {
                return self.push_run(key);
            }
            let mut rest = self.spare.pop().unwrap_or_default();
            let before = rest.capacity();
            rest.extend_from_slice(&self.runs[at][RUN / 2..]);
            self.runs[at].truncate(RUN / 2);
            let goes_there = rest.first().is_some_and(|first| *first <= key);
            self.room += rest.capacity() - before;
            self.runs.insert(at + 1, rest);
            at += usize::from(goes_there);
        }
        let run = &mut self.runs[at];
        let place = run.partition_point(|other| *other < key);
        let before = run.capacity();
        run.insert(place, key);
        self.room += run.capacity() - before;
    }

    /// Adds a run of a key that is after all others.
    fn push_run(&mut self, key: Key) {
        let mut run = self.spare.pop().unwrap_or_default();
        let before = run.capacity();
        run.push(key);
        self.room += run.capacity() - before;
        self.runs.push(run);
    }

    /// Takes out a key that is there.
    pub(super) fn remove(&mut self, key: Key) {
        let Some(at) = self.run_of(key) else { return };
        let run = &mut self.runs[at];
        let Ok(place) = run.binary_search(&key) else {
            return;
        };
        run.remove(place);
        let left = run.len();
        if left == 0 {
            let emptied = self.runs.remove(at);
            self.spare(emptied);
        } else if left <= RUN / 4
            && self
                .runs
                .get(at + 1)
                .is_some_and(|next| left + next.len() <= RUN / 2)
        {
            let next = self.runs.remove(at + 1);
            let before = self.runs[at].capacity();
            self.runs[at].extend_from_slice(&next);
            self.room += self.runs[at].capacity() - before;
            self.spare(next);
        }
    }

    /// Keeps the memory of a run that is not needed any more, while there are few of them.
    fn spare(&mut self, mut run: Vec<Key>) {
        if self.spare.len() < SPARE_MAX {
            run.clear();
            self.spare.push(run);
        } else {
            self.room -= run.capacity();
        }
    }

    /// The oldest key.
    #[inline]
    pub(super) fn first(&self) -> Option<Key> {
        self.runs.first()?.first().copied()
    }

    /// The keys, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = Key> + '_ {
        self.runs.iter().flatten().copied()
    }

    /// Their memory. Cost: the same however many there are.
    pub(super) const fn bytes(&self) -> usize {
        let runs = self.runs.capacity() + self.spare.capacity();
        self.room * size_of::<Key>() + runs * size_of::<Vec<Key>>()
    }

    /// The run in which a key is or belongs; `None` while there is none.
    fn run_of(&self, key: Key) -> Option<usize> {
        let after = self
            .runs
            .partition_point(|run| run.first().is_some_and(|first| *first <= key));
        (!self.runs.is_empty()).then(|| after.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::RngExt;
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn equals_a_set_through_any_changes() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        for is_mostly_ascending in [false, true] {
            let (mut ages, mut model) = (Ages::default(), BTreeSet::new());
            for step in 0..20_000_u64 {
                let key = match is_mostly_ascending {
                    true => step * 4 + rng.random_range(0..64),
                    false => rng.random_range(0..4_000),
                };
                if model.insert(key) {
                    ages.insert(key);
                }
                let leaves = rng.random_range(0..if step < 10_000 { 3 } else { 2 });
                if leaves == 0
                    && let Some(gone) = model.range(rng.random_range(0..=key)..).next().copied()
                {
                    model.remove(&gone);
                    ages.remove(gone);
                }
                if step % 500 == 0 {
                    assert!(ages.iter().eq(model.iter().copied()), "after step {step}");
                    assert!(
                        ages.runs
                            .iter()
                            .all(|run| !run.is_empty() && run.len() <= RUN)
                    );
                    let runs = ages.runs.iter().chain(&ages.spare);
                    let room = runs.map(Vec::capacity).sum::<usize>();
                    assert_eq!(ages.room, room, "after step {step}");
                }
            }
            while let Some(gone) = model.pop_first() {
                ages.remove(gone);
            }
            assert!(ages.runs.is_empty());
        }
    }

    #[test]
    fn a_session_takes_at_most_twelve_bytes_while_runs_fill_up() {
        let mut ages = Ages::default();
        (0..100_000).for_each(|key| ages.insert(key));
        assert!(ages.bytes() <= 12 * 100_000, "{}", ages.bytes());
    }
}
