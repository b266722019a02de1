//! Recognising copies of messages: fingerprints kept by the bucket of their event time.
//!
//! A copy repeats its event time, so it can only meet its original in the same bucket, and a bucket's
//! fingerprints go with the bucket. They stand in open-addressed tables of 64-bit words. A
//! bucket's table is made as long as the bucket before it needs, of a table that has gone if there is
//! one of that length: in even traffic nothing is rehashed and nothing allocated. The memory is bounded: at the limit the oldest buckets
//! lose theirs, and from when on copies are recognised is published.

mod hold;
mod restore;

use std::collections::VecDeque;
use std::hint::black_box;

use crate::window::BucketIndex;

use restore::Writing;

/// The least length of a table, in fingerprints.
const TABLE_MIN: usize = 64;
/// Emptied tables kept to be used again; a few, so that an idle night gives the memory back.
const SPARE_MAX: usize = 4;

/// Fingerprints of the messages in the retained buckets.
#[derive(Debug)]
pub(super) struct Dedup {
    /// The tables of the buckets from `first` on.
    tables: VecDeque<Table>,
    first: BucketIndex,
    /// Tables of buckets that have gone, emptied.
    spare: Vec<Table>,
    /// Words in all tables and spare ones.
    words: usize,
    words_max: usize,
    fingerprints: u64,
    /// Buckets before this one have lost their fingerprints to the limit.
    forgotten_before: Option<BucketIndex>,
    /// While the clock may yet be set back: the tables of the buckets before `first`, and the first of
    /// those.
    held: Option<(VecDeque<Table>, BucketIndex)>,
    /// While an image is made.
    writing: Option<Box<Writing>>,
}

/// An open-addressed set; 0 is an empty place.
#[derive(Debug, Default)]
struct Table {
    words: Vec<u64>,
    count: usize,
    /// From how many fingerprints on it is full: three quarters of its length; 0 while it is frozen.
    full_at: usize,
}

impl Dedup {
    pub(super) fn new(bytes_max: usize, oldest: BucketIndex) -> Self {
        Self {
            tables: VecDeque::new(),
            first: oldest,
            spare: Vec::new(),
            words: 0,
            words_max: bytes_max / size_of::<u64>(),
            fingerprints: 0,
            forgotten_before: None,
            held: None,
            writing: None,
        }
    }

    /// Remembers a fingerprint of a message in a retained bucket; `false` when it is a copy.
    ///
    /// Cost: about one cache miss; a table doubles when it is three quarters full.
    pub(super) fn insert(&mut self, bucket: BucketIndex, fingerprint: u64) -> bool {
        if self.is_off() {
            return true;
        }
        if bucket < self.first && self.held.is_some() {
            return self.insert_held(bucket, fingerprint);
        }
        let Ok(place) = usize::try_from(bucket.0 - self.first.0) else {
            // Forgotten for want of memory: taken as new, as `forgotten_before` says.
            return true;
        };
        while self.tables.len() <= place {
            self.tables.push_back(Table::default());
        }
        if self.tables[place].is_full() {
            if self.tables[place].is_frozen() && !self.tables[place].has_no_room() {
                return self.insert_frozen(place, fingerprint);
            }
            if !self.grow(bucket) {
                return true;
            }
        }
        // Growing may have forgotten older buckets.
        let Ok(place) = usize::try_from(bucket.0 - self.first.0) else {
            return true;
        };
        let is_new = self.tables[place].insert(fingerprint);
        self.fingerprints += u64::from(is_new);
        is_new
    }

    /// Where the search for a fingerprint in the newest bucket begins, whatever stands there.
    #[inline]
    pub(super) fn first_word(&self, fingerprint: u64) -> u64 {
        let words = self.tables.back().map_or(&[][..], |table| &table.words);
        #[expect(clippy::cast_possible_truncation, reason = "masked to the table")]
        let place = fingerprint as usize & words.len().wrapping_sub(1);
        words.get(place).copied().unwrap_or(0)
    }

    /// The length of a table to begin or to go on with in a bucket.
    fn wanted(&self, place: usize) -> usize {
        let length = self.tables[place].words.len();
        if length > 0 {
            return length * 2;
        }
        // At three quarters of this length the table would be an eighth fuller than the last one.
        let before = place
            .checked_sub(1)
            .map_or(0, |before| self.tables[before].count);
        (before + before / 2).next_power_of_two().max(TABLE_MIN)
    }

    /// Lets the buckets before `oldest` go.
    pub(super) fn advance(&mut self, oldest: BucketIndex) {
        while self.first < oldest {
            let Some(mut table) = self.tables.pop_front() else {
                break;
            };
            if table.is_frozen() {
                self.write_before(self.first, &mut table);
            }
            self.first.0 += 1;
            self.retire(table);
        }
        if self.tables.is_empty() && (self.held.is_none() || oldest > self.first) {
            self.first = oldest;
        }
    }

    pub(super) fn fingerprints(&self) -> u64 {
        self.fingerprints
    }

    pub(super) fn bytes(&self) -> u64 {
        (self.words * size_of::<u64>()) as u64
    }

    /// From which bucket on copies are recognised, if not from the `oldest` on that is retained; `current`
    /// holds the clock.
    pub(super) fn forgotten_before(
        &self,
        oldest: BucketIndex,
        current: BucketIndex,
    ) -> Option<BucketIndex> {
        if self.is_off() {
            return Some(BucketIndex(current.0 + 1));
        }
        self.forgotten_before.filter(|before| *before > oldest)
    }

    /// Without any memory every message is new.
    const fn is_off(&self) -> bool {
        self.words_max == 0
    }

    /// Gives a bucket a longer table, a spare one if there is one of that length; `false` when the
    /// limit does not allow it even after every older bucket was forgotten.
    fn grow(&mut self, bucket: BucketIndex) -> bool {
        let Ok(mut place) = usize::try_from(bucket.0 - self.first.0) else {
            return false;
        };
        if self.tables[place].is_frozen() {
            let mut table = std::mem::take(&mut self.tables[place]);
            self.write_before(bucket, &mut table);
            self.tables[place] = table;
        }
        let wanted = self.wanted(place);
        let spare = self
            .spare
            .iter()
            .rposition(|table| table.words.len() == wanted);
        let fresh = match spare {
            Some(spare) => self.spare.swap_remove(spare),
            None => {
                while self.words + wanted > self.words_max {
                    if let Some(table) = self.spare.pop() {
                        self.words -= table.words.len();
                    } else if self.forget_held() {
                        continue;
                    } else if place > 0 {
                        self.forget_oldest();
                        place -= 1;
                    } else {
                        self.forgotten_before = Some(BucketIndex(bucket.0 + 1));
                        return false;
                    }
                }
                self.words += wanted;
                Table::new(wanted)
            }
        };
        let old = std::mem::replace(&mut self.tables[place], fresh);
        for &fingerprint in old.words.iter().filter(|&&word| word != 0) {
            self.tables[place].insert(fingerprint);
        }
        self.keep_spare(old);
        true
    }

    /// Lets the oldest table go that is only held; `false` when there is none.
    fn forget_held(&mut self) -> bool {
        let Some((held, first)) = &mut self.held else {
            return false;
        };
        let Some(mut table) = held.pop_front() else {
            return false;
        };
        let bucket = *first;
        first.0 += 1;
        self.forgotten_before = self.forgotten_before.max(Some(*first));
        if table.is_frozen() {
            self.write_before(bucket, &mut table);
        }
        self.fingerprints -= table.count as u64;
        self.words -= table.words.len();
        true
    }

    fn forget_oldest(&mut self) {
        if let Some(mut table) = self.tables.pop_front() {
            if table.is_frozen() {
                self.write_before(self.first, &mut table);
            }
            self.first.0 += 1;
            self.forgotten_before = self.forgotten_before.max(Some(self.first));
            self.fingerprints -= table.count as u64;
            self.words -= table.words.len();
        }
    }

    fn retire(&mut self, table: Table) {
        self.fingerprints -= table.count as u64;
        self.keep_spare(table);
    }

    /// Keeps a table to be used again, in place of the one that has waited longest.
    fn keep_spare(&mut self, mut table: Table) {
        if table.words.is_empty() {
            return;
        }
        if self.spare.len() == SPARE_MAX {
            self.words -= self.spare.remove(0).words.len();
        }
        table.words.fill(0);
        table.count = 0;
        self.spare.push(table);
    }
}

impl Table {
    /// An empty table of a length. Its pages are written to at once: a page of zeros that the system
    /// lends for reading is replaced at the first write, for which all other cores are interrupted.
    fn new(length: usize) -> Self {
        let mut words = Vec::with_capacity(length);
        // Not a length the compiler knows to be fresh: it would ask for lent zeros again.
        words.resize(black_box(length), 0);
        Self {
            words,
            count: 0,
            full_at: length / 4 * 3,
        }
    }

    fn is_full(&self) -> bool {
        self.count >= self.full_at
    }

    /// Whether it is three quarters full, frozen or not.
    fn has_no_room(&self) -> bool {
        self.count >= self.words.len() / 4 * 3
    }

    /// Whether an image is to hold what was in it at its cut.
    fn is_frozen(&self) -> bool {
        self.full_at == 0 && !self.words.is_empty()
    }

    fn freeze(&mut self) {
        self.full_at = 0;
    }

    fn thaw(&mut self) {
        self.full_at = self.words.len() / 4 * 3;
    }

    /// Puts a fingerprint in, unless it is there. The table must not be full.
    fn insert(&mut self, fingerprint: u64) -> bool {
        let mask = self.words.len() - 1;
        // The fingerprint is a keyed hash: its lower bits are as good as any.
        #[expect(clippy::cast_possible_truncation, reason = "masked to the table")]
        let mut place = fingerprint as usize & mask;
        loop {
            match self.words[place] {
                0 => {
                    self.words[place] = fingerprint;
                    self.count += 1;
                    return true;
                }
                word if word == fingerprint => return false,
                _ => place = (place + 1) & mask,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixed(number: u64) -> u64 {
        (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    #[test]
    fn copies_are_recognised_in_their_bucket_only() {
        let mut dedup = Dedup::new(1 << 20, BucketIndex(10));
        for number in 0..1_000 {
            assert!(dedup.insert(BucketIndex(12), mixed(number)));
        }
        for number in 0..1_000 {
            assert!(!dedup.insert(BucketIndex(12), mixed(number)));
            assert!(dedup.insert(BucketIndex(11), mixed(number)));
        }
        assert_eq!(dedup.fingerprints(), 2_000);
    }

    fn forgotten(dedup: &Dedup, oldest: i64, current: i64) -> Option<BucketIndex> {
        dedup.forgotten_before(BucketIndex(oldest), BucketIndex(current))
    }

    #[test]
    fn gone_buckets_give_their_memory_back() {
        let mut dedup = Dedup::new(1 << 20, BucketIndex(0));
        for bucket in 0..1_000 {
            dedup.advance(BucketIndex(bucket - 3));
            for number in 0..500 {
                assert!(dedup.insert(BucketIndex(bucket), mixed(number)));
            }
        }
        assert_eq!(dedup.fingerprints(), 4 * 500);
        assert!(dedup.bytes() <= 100_000, "{}", dedup.bytes());
        assert_eq!(forgotten(&dedup, 996, 999), None);
    }

    #[test]
    fn at_the_limit_the_oldest_buckets_are_forgotten_and_it_is_said() {
        let limit = 64 * 1_024;
        let mut dedup = Dedup::new(limit, BucketIndex(0));
        for bucket in 0..100 {
            for number in 0..500 {
                assert!(dedup.insert(BucketIndex(bucket), mixed(number)));
            }
            assert!(dedup.bytes() <= limit as u64);
        }
        let horizon = forgotten(&dedup, 0, 99).unwrap();
        assert!(
            horizon > BucketIndex(50) && horizon < BucketIndex(100),
            "{horizon:?}"
        );
        assert!(!dedup.insert(BucketIndex(99), mixed(1)));
        assert!(
            dedup.insert(BucketIndex(1), mixed(1)),
            "forgotten: taken as new"
        );
        dedup.advance(BucketIndex(99));
        assert_eq!(forgotten(&dedup, 99, 99), None);
    }

    #[test]
    fn without_memory_every_message_is_new_and_it_is_said() {
        let mut dedup = Dedup::new(0, BucketIndex(0));
        assert!(dedup.insert(BucketIndex(1), 7) && dedup.insert(BucketIndex(1), 7));
        let next = Some(BucketIndex(2));
        assert_eq!((forgotten(&dedup, 0, 1), dedup.bytes()), (next, 0));
    }

    #[test]
    fn one_bucket_over_the_limit_stays_bounded() {
        let mut dedup = Dedup::new(4_096, BucketIndex(0));
        for number in 0..10_000 {
            dedup.insert(BucketIndex(0), mixed(number));
        }
        assert!(dedup.bytes() <= 4_096);
        assert_eq!(forgotten(&dedup, 0, 99), Some(BucketIndex(1)));
    }
}
