//! Lists of rows that expire together, threaded through the rows themselves.
//!
//! Every row is in exactly one list. Open rows are in the wheel of minutes, in the list of the minute
//! at which they would be evicted if nothing had come since they were put there; when that minute
//! comes, rows that had events since move on. Closed and pending rows are in the list of the bucket
//! of their disconnect. The order within a list is unspecified.

use super::Slab;
use super::Slot;

/// No row.
const NONE: u32 = u32::MAX;
/// Set in `previous` of a list's first row; the rest is the list's number.
const HEAD: u32 = 1 << 31;

/// The heads of a ring of lists, numbered by time modulo their count. At any moment the times of its
/// rows span less than that count, because what has expired is taken out before the clock moves on.
#[derive(Debug)]
pub(super) struct Lists {
    /// Offset of this ring's numbers, so that all rings' lists have numbers of their own.
    first: u32,
    heads: Vec<u32>,
    /// No list before this time holds a row; without meaning while there are none.
    oldest: i64,
    count: usize,
}

impl Lists {
    /// A ring of `length` lists whose numbers start at `first`.
    pub(super) fn new(first: u32, length: usize) -> Self {
        Self {
            first,
            heads: vec![NONE; length.max(1)],
            oldest: i64::MAX,
            count: 0,
        }
    }

    /// Forgets all lists; their rows are still threaded, and have to be put in again.
    pub(super) fn clear(&mut self) {
        self.heads.fill(NONE);
        self.count = 0;
    }

    /// Rows in all lists.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Puts a row that is in no list into the list of `time`.
    pub(super) fn push(&mut self, slab: &mut Slab, time: i64, slot: Slot) {
        let list = self.list_of(time);
        let next = std::mem::replace(&mut self.heads[list], slot.0);
        if next != NONE {
            slab.at(next).previous = slot.0;
        }
        let row = slab.at(slot.0);
        row.next = next;
        row.previous = HEAD | (self.first + u32::try_from(list).unwrap_or(NONE));
        self.oldest = if self.count == 0 {
            time
        } else {
            self.oldest.min(time)
        };
        self.count += 1;
    }

    /// Takes a row out of the list it is in.
    pub(super) fn remove(&mut self, slab: &mut Slab, slot: Slot) {
        let row = slab.at(slot.0);
        let (next, previous) = (row.next, row.previous);
        if next != NONE {
            slab.at(next).previous = previous;
        }
        if previous & HEAD == 0 {
            slab.at(previous).next = next;
        } else {
            self.heads[((previous & !HEAD) - self.first) as usize] = next;
        }
        self.count -= 1;
    }

    /// A row of the list of `time`, if it holds one.
    fn first_at(&self, time: i64) -> Option<Slot> {
        let head = self.heads[self.list_of(time)];
        (head != NONE).then_some(Slot(head))
    }

    /// A row of the oldest list that holds one, and the list's time, which is at most `latest`.
    ///
    /// Cost: a step for every list passed; each is passed once, because the oldest only moves back
    /// when an older row is put in.
    pub(super) fn oldest(&mut self, latest: i64) -> Option<(i64, Slot)> {
        if self.count == 0 {
            return None;
        }
        while self.oldest <= latest {
            if let Some(slot) = self.first_at(self.oldest) {
                return Some((self.oldest, slot));
            }
            self.oldest += 1;
        }
        None
    }

    #[expect(clippy::cast_possible_truncation, reason = "0..heads.len()")]
    fn list_of(&self, time: i64) -> usize {
        time.rem_euclid(self.heads.len() as i64) as usize
    }
}
