//! The session table as an image holds it, and back.

use super::Sessions;
use super::Slot;
use super::frozen::CHUNK_ROWS;
use super::frozen::Frozen;
use super::lists::Lists;
use super::open::OpenRows;
use super::row::Phase;
use super::row::Row;
use super::slab::NO_ROW;
use crate::aggregate::image;
use crate::aggregate::image::Frames;
use crate::aggregate::image::ImageFault;
use crate::aggregate::image::ensure;
use crate::config::AggregateSettings;
use crate::event::IdKeys;
use crate::window::BucketIndex;

impl Sessions {
    /// Cuts: the rows of an image are those of now. Cost: a word or two for each thousand rows, and the
    /// heads of the lists.
    pub(in crate::aggregate) fn cut(&mut self) -> image::Sessions {
        let chunks = &mut self.slab.chunks;
        let empty = chunks.iter().map(|_| Box::default()).collect();
        let frozen = Frozen::new(std::mem::replace(chunks, empty), self.slab.used);
        self.slab.frozen = Some(Box::new(frozen));
        image::Sessions {
            current: self.current.0,
            fresh: self.open.fresh.plain(),
            silent: self.open.silent.plain(),
            closed: self.closed.plain(),
            pending: self.pending.plain(),
            minute: self.open.minute,
            is_doubted: self.open.is_doubted,
        }
    }

    /// Writes some of the rows at the cut; whether there are more.
    pub(in crate::aggregate) fn write_some(&mut self, to: &mut Frames) -> bool {
        let written = self.slab.frozen.as_mut();
        if let Some((number, rows)) = written.and_then(|frozen| frozen.write_next(to)) {
            self.slab.chunks[number] = rows;
            return true;
        }
        if let Some(frozen) = self.slab.frozen.take() {
            frozen.finish(to);
        }
        false
    }

    /// Writes no more of an image that nobody wants.
    pub(in crate::aggregate) fn write_none(&mut self) {
        if let Some(frozen) = &mut self.slab.frozen {
            for (number, rows) in frozen.give_up() {
                self.slab.chunks[number] = rows;
            }
        }
        self.slab.frozen = None;
    }

    /// The table of an image.
    pub(in crate::aggregate) fn restore(
        settings: &AggregateSettings,
        keys: IdKeys,
        plain: &image::Sessions,
        rows: &[image::Row],
    ) -> Result<Self, ImageFault> {
        let mut sessions = Self::new(settings, keys);
        sessions.current = BucketIndex(plain.current);
        let furthest = crate::time::EpochMs::MAX.ms();
        ensure(
            plain.current.unsigned_abs() <= furthest.unsigned_abs(),
            "rows that expire at a time that cannot be",
        )?;
        sessions.put_rows(rows)?;
        sessions.open.minute = plain.minute;
        sessions.open.is_doubted = plain.is_doubted;
        let OpenRows { fresh, silent, .. } = &mut sessions.open;
        let rings = [
            (fresh, &plain.fresh, Phase::Open),
            (silent, &plain.silent, Phase::Open),
            (&mut sessions.closed, &plain.closed, Phase::Closed),
            (&mut sessions.pending, &plain.pending, Phase::Pending),
        ];
        let slab = &sessions.slab;
        let mut listed = 0;
        for (lists, plain, phase) in rings {
            lists.put_back(plain)?;
            listed += lists.walk(rows.len(), |slot| {
                slab.get(slot).filter(|row| row.phase == phase)
            })?;
        }
        ensure(listed == rows.len(), "a session in no list")?;
        Ok(sessions)
    }

    /// Puts rows into the slab and the index. Those between them are free.
    fn put_rows(&mut self, rows: &[image::Row]) -> Result<(), ImageFault> {
        let used = rows.iter().map(|row| row.slot as usize + 1).max();
        let used = used.unwrap_or(0);
        ensure(
            used <= self.rows_max,
            "more sessions than there is room for",
        )?;
        while self.slab.chunks.len() * CHUNK_ROWS < used {
            self.slab.add_chunk();
        }
        self.slab.used = u32::try_from(used).unwrap_or(NO_ROW);
        for number in 0..self.slab.used {
            self.slab.at(number).set(Row::IS_TAKEN, false);
        }
        for plain in rows {
            let row = self.slab.at(plain.slot);
            ensure(!row.has(Row::IS_TAKEN), "two sessions in one row")?;
            *row = Row::of_plain(plain)?;
            let (key, phase) = (row.key(), row.phase);
            self.counts[phase as usize] += 1;
            self.index.insert(self.hash(key), Slot(plain.slot));
        }
        for number in (0..self.slab.used).rev() {
            if !self.slab.at(number).has(Row::IS_TAKEN) {
                self.slab.give_back(Slot(number));
            }
        }
        Ok(())
    }

    /// The open rows and their slots.
    pub(in crate::aggregate) fn open_rows(&self) -> impl Iterator<Item = (Slot, &Row)> {
        let taken = (0..self.slab.used).filter_map(|number| {
            let row = self.slab.get(number)?;
            Some((Slot(number), row))
        });
        taken.filter(|(_, row)| row.has(Row::IS_TAKEN) && row.phase == Phase::Open)
    }
}

impl Lists {
    fn put_back(&mut self, plain: &image::Lists) -> Result<(), ImageFault> {
        let length = self.heads.len();
        ensure(plain.length as usize == length, "lists of another length")?;
        self.clear();
        for (place, first) in &plain.heads {
            let head = self.heads.get_mut(*place as usize);
            let head = head.ok_or(ImageFault::damaged("a list that is not there"))?;
            *head = *first;
        }
        if !plain.heads.is_empty() {
            let span = plain.latest.checked_sub(plain.oldest);
            let is_far = plain.oldest.unsigned_abs() > 1 << 60;
            ensure(
                !is_far && span.is_some_and(|span| (0..length as i64).contains(&span)),
                "lists that begin after they end",
            )?;
            (self.oldest, self.latest) = (plain.oldest, plain.latest);
        }
        Ok(())
    }
}
