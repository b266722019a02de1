//! Lists of rows that expire together, threaded through the rows themselves.
//!
//! Every row is in exactly one list. Open rows are in a list of the minute at which they are looked at
//! again; see `open`. Closed and pending rows are in the list of the bucket of their disconnect. The
//! order within a list is unspecified.

use super::Row;
use super::Slot;
use super::slab::Slab;
use crate::aggregate::image;
use crate::aggregate::image::ImageFault;
use crate::aggregate::image::ensure;

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
    pub(super) heads: Vec<u32>,
    /// No list before this time, or after the latest, holds a row; the other way round when none does.
    pub(super) oldest: i64,
    pub(super) latest: i64,
}

impl Lists {
    /// A ring of `length` lists whose numbers start at `first`.
    pub(super) fn new(first: u32, length: usize) -> Self {
        Self {
            first,
            heads: vec![NONE; length.max(1)],
            oldest: i64::MAX,
            latest: i64::MIN,
        }
    }

    /// Forgets all lists; their rows are still threaded, and have to be put in again.
    pub(super) fn clear(&mut self) {
        self.heads.fill(NONE);
        self.oldest = i64::MAX;
        self.latest = i64::MIN;
    }

    /// The number that follows those of this ring.
    pub(super) fn end(&self) -> u32 {
        self.first + u32::try_from(self.heads.len()).unwrap_or(NONE >> 2)
    }

    /// Whether a row is the first one of a list of this ring.
    pub(super) fn is_first(&self, row: &Row) -> bool {
        let list = row.previous & !HEAD;
        row.previous & HEAD != 0 && (self.first..self.end()).contains(&list)
    }

    /// Puts a row that is in no list into the list of `time`, or into the last one there is room for:
    /// while the clock is on hold nothing is taken out.
    pub(super) fn push(&mut self, slab: &mut Slab, time: i64, slot: Slot) {
        let time = match self.oldest <= self.latest {
            true => time.min(self.oldest + self.heads.len() as i64 - 1),
            false => time,
        };
        let list = self.list_of(time);
        let next = std::mem::replace(&mut self.heads[list], slot.0);
        if next != NONE {
            slab.at(next).previous = slot.0;
        }
        let row = slab.at(slot.0);
        row.next = next;
        row.previous = HEAD | (self.first + u32::try_from(list).unwrap_or(NONE));
        self.oldest = self.oldest.min(time);
        self.latest = self.latest.max(time);
    }

    /// Takes a row out of the list it is in. One that is not the first of its list may be in another
    /// ring.
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
        while self.oldest <= latest.min(self.latest) {
            if let Some(slot) = self.first_at(self.oldest) {
                return Some((self.oldest, slot));
            }
            self.oldest += 1;
        }
        if self.oldest > self.latest {
            self.oldest = i64::MAX;
            self.latest = i64::MIN;
        }
        None
    }

    /// The heads as an image holds them.
    pub(super) fn plain(&self) -> image::Lists {
        let heads = (0..).zip(self.heads.iter().copied());
        image::Lists {
            length: u32::try_from(self.heads.len()).unwrap_or(NONE),
            heads: heads.filter(|(_, head)| *head != NONE).collect(),
            oldest: self.oldest,
            latest: self.latest,
        }
    }

    /// Walks all rows of the lists, which are those that `row` finds, and at most so many; how many
    /// there are.
    pub(super) fn walk<'a>(
        &self,
        most: usize,
        row: impl Fn(u32) -> Option<&'a Row>,
    ) -> Result<usize, ImageFault> {
        let (mut walked, broken) = (0, ImageFault::damaged("a broken list of sessions"));
        for (list, &head) in (self.first..).zip(&self.heads) {
            let (mut previous, mut slot) = (HEAD | list, head);
            while slot != NONE {
                let row = row(slot).ok_or(broken)?;
                let is_linked = row.has(Row::IS_TAKEN) && row.previous == previous;
                ensure(is_linked && walked < most, "a broken list of sessions")?;
                walked += 1;
                (previous, slot) = (slot, row.next);
            }
        }
        Ok(walked)
    }

    #[expect(clippy::cast_possible_truncation, reason = "0..heads.len()")]
    fn list_of(&self, time: i64) -> usize {
        time.rem_euclid(self.heads.len() as i64) as usize
    }
}
