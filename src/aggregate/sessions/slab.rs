//! Rows in chunks, and those that an image has set aside.

use super::frozen::CHUNK_ROWS;
use super::frozen::Frozen;
use super::index::Slot;
use super::row::Row;
use crate::event::IdKind;
use crate::event::SessionKey;

/// Rows in chunks that never move; rows given back are used again.
#[derive(Debug)]
pub(super) struct Slab {
    /// All of the same length, except for those that are set aside.
    pub(super) chunks: Vec<Box<[Row]>>,
    /// While an image is made: the rows of its cut.
    pub(super) frozen: Option<Box<Frozen>>,
    /// The first of the rows given back, which are linked by `next`; [`NO_ROW`] ends the chain.
    pub(super) free: u32,
    /// Rows ever taken.
    pub(super) used: u32,
}

pub(super) const NO_ROW: u32 = u32::MAX;

impl Slab {
    pub(super) const fn new() -> Self {
        Self {
            chunks: Vec::new(),
            frozen: None,
            free: NO_ROW,
            used: 0,
        }
    }

    pub(super) fn take(&mut self) -> Slot {
        if self.free != NO_ROW {
            let slot = Slot(self.free);
            self.free = self.row(slot).next;
            return slot;
        }
        let slot = self.used;
        self.used += 1;
        if slot as usize == self.chunks.len() * CHUNK_ROWS {
            self.add_chunk();
        }
        Slot(slot)
    }

    pub(super) fn add_chunk(&mut self) {
        let key = SessionKey {
            hi: 0,
            lo: 0,
            kind: IdKind::Uuid,
        };
        self.chunks
            .push(vec![Row::new(key); CHUNK_ROWS].into_boxed_slice());
    }

    pub(super) fn give_back(&mut self, slot: Slot) {
        let next = self.free;
        let row = self.at(slot.0);
        row.next = next;
        row.set(Row::IS_TAKEN, false);
        self.free = slot.0;
    }

    /// Memory of all rows, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.chunks.len() * CHUNK_ROWS * size_of::<Row>()
    }

    /// Reads the rows beside a row in its list, for the effect on the cache.
    pub(super) fn neighbours(&self, slot: Slot) -> u64 {
        let row = self.row(slot);
        let key_of = |slot: u32| {
            let chunk = self.chunks.get(slot as usize / CHUNK_ROWS);
            let row = chunk.and_then(|chunk| chunk.get(slot as usize % CHUNK_ROWS));
            row.map_or(0, |row| row.key_lo)
        };
        key_of(row.next) ^ key_of(row.previous)
    }

    #[inline]
    pub(super) fn row(&self, slot: Slot) -> &Row {
        let (chunk, place) = place_of(slot.0);
        match self.chunks[chunk].get(place) {
            Some(row) => row,
            None => self.frozen_row(chunk, place),
        }
    }

    #[inline]
    pub(super) fn at(&mut self, slot: u32) -> &mut Row {
        let (chunk, place) = place_of(slot);
        if place < self.chunks[chunk].len() {
            return &mut self.chunks[chunk][place];
        }
        self.frozen_row_mut(chunk, place)
    }

    /// A row by its number, if there is one.
    pub(super) fn get(&self, slot: u32) -> Option<&Row> {
        (slot < self.used).then(|| self.row(Slot(slot)))
    }

    #[cold]
    pub(super) fn frozen_row(&self, chunk: usize, place: usize) -> &Row {
        match self
            .frozen
            .as_ref()
            .and_then(|frozen| frozen.row(chunk, place))
        {
            Some(row) => row,
            None => unreachable!("a chunk is short only while it is set aside"),
        }
    }

    #[cold]
    pub(super) fn frozen_row_mut(&mut self, chunk: usize, place: usize) -> &mut Row {
        match self
            .frozen
            .as_mut()
            .and_then(|frozen| frozen.row_mut(chunk, place))
        {
            Some(row) => row,
            None => unreachable!("a chunk is short only while it is set aside"),
        }
    }
}

/// The chunk of a row, and its place there.
const fn place_of(slot: u32) -> (usize, usize) {
    (slot as usize / CHUNK_ROWS, slot as usize % CHUNK_ROWS)
}
