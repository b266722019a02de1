//! Fingerprints while the clock may yet be set back: those of the buckets before it ran ahead are kept apart.

use std::collections::VecDeque;

use super::Dedup;
use super::Table;
use crate::window::BucketIndex;

impl Dedup {
    /// The clock has run ahead and may yet be set back: keeps the tables of the buckets before `until`,
    /// which is past all of them, whatever the clock does.
    pub(in crate::aggregate) fn hold(&mut self, until: BucketIndex) {
        let near = usize::try_from(until.0 - self.first.0).unwrap_or(0);
        let ahead = self.tables.split_off(near.min(self.tables.len()));
        self.held = Some((std::mem::replace(&mut self.tables, ahead), self.first));
        self.first = self.first.max(until);
    }

    /// The clock is set back and still ahead, so that it may be set back further: what `rewind` does, while
    /// the buckets from `until` on are kept apart from those before.
    pub(in crate::aggregate) fn rewind_on_hold(
        &mut self,
        floor: BucketIndex,
        oldest: BucketIndex,
        until: BucketIndex,
        newest: BucketIndex,
    ) {
        let Some((held, first)) = self.held.take() else {
            return;
        };
        let mut near = std::mem::replace(&mut self.tables, held);
        let from = std::mem::replace(&mut self.first, first);
        let length = usize::try_from(until.0 - from.0).unwrap_or(0);
        let mut far = near.split_off(length.min(near.len()));
        self.advance(floor);
        self.append(near, from);
        self.keep(oldest, newest);
        self.hold(until);
        // Those that are far ahead begin where they did.
        self.first = self.first.max(from);
        std::mem::swap(&mut self.tables, &mut far);
        self.cut_after(newest);
    }

    /// The clock was right: buckets before `oldest` go.
    pub(in crate::aggregate) fn release(&mut self, oldest: BucketIndex) {
        if let Some((mut held, first)) = self.held.take() {
            let end = first.0 + i64::try_from(held.len()).unwrap_or(i64::MAX);
            if oldest.0 < end {
                let length = usize::try_from(self.first.0 - first.0).unwrap_or(0);
                held.resize_with(length, Table::default);
                held.append(&mut self.tables);
                (self.tables, self.first) = (held, first);
            } else {
                held.into_iter().for_each(|table| self.retire(table));
            }
        }
        self.reach_back(oldest);
        self.advance(oldest);
    }

    /// The clock is set back: buckets before `floor` and after `newest` go, and those from `oldest` on
    /// are remembered.
    pub(in crate::aggregate) fn rewind(
        &mut self,
        floor: BucketIndex,
        oldest: BucketIndex,
        newest: BucketIndex,
    ) {
        if let Some((held, first)) = self.held.take() {
            let ahead = std::mem::replace(&mut self.tables, held);
            let from = std::mem::replace(&mut self.first, first);
            self.advance(floor);
            match from <= newest {
                true => self.append(ahead, from),
                false => ahead.into_iter().for_each(|table| self.retire(table)),
            }
        }
        self.advance(floor);
        self.keep(oldest, newest);
    }

    /// The clock stands in `newest`: buckets after it go, and those from `oldest` on are remembered.
    fn keep(&mut self, oldest: BucketIndex, newest: BucketIndex) {
        self.cut_after(newest);
        self.reach_back(oldest);
        self.forgotten_before = self.forgotten_before.filter(|before| *before <= newest);
        self.advance(oldest);
    }

    /// Puts the tables of the buckets from `from` on behind those that are there, which end before.
    fn append(&mut self, tables: VecDeque<Table>, from: BucketIndex) {
        if tables.is_empty() {
            return;
        }
        if self.tables.is_empty() {
            self.first = from;
        }
        // Fewer when time has passed the first of them.
        let length = usize::try_from(from.0 - self.first.0).unwrap_or(0);
        let gone = usize::try_from(self.first.0 - from.0).unwrap_or(0);
        self.tables
            .resize_with(length.max(self.tables.len()), Table::default);
        for (place, table) in tables.into_iter().enumerate() {
            match place < gone {
                true => self.retire(table),
                false => self.tables.push_back(table),
            }
        }
    }

    /// Lets the buckets after `newest` go.
    fn cut_after(&mut self, newest: BucketIndex) {
        let kept = usize::try_from(newest.0 - self.first.0 + 1).unwrap_or(0);
        while self.tables.len() > kept {
            if let Some(table) = self.tables.pop_back() {
                self.retire(table);
            }
        }
    }

    /// Makes room for the buckets from `oldest` on; they are retained, so they are not many.
    fn reach_back(&mut self, oldest: BucketIndex) {
        while !self.tables.is_empty() && self.first > oldest {
            self.tables.push_front(Table::default());
            self.first.0 -= 1;
        }
    }

    /// The same in a bucket that is held: its tables change places with the others meanwhile.
    #[cold]
    pub(super) fn insert_held(&mut self, bucket: BucketIndex, fingerprint: u64) -> bool {
        let Some((held, first)) = self.held.take() else {
            return true;
        };
        let (tables, until) = (std::mem::replace(&mut self.tables, held), self.first);
        self.first = first;
        let is_new = self.insert(bucket, fingerprint);
        let held = std::mem::replace(&mut self.tables, tables);
        self.held = Some((held, std::mem::replace(&mut self.first, until)));
        is_new
    }
}
