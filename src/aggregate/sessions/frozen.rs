//! Rows as they were at an image's cut, while events go on.
//!
//! At the cut the chunks of rows are set aside, and empty ones stand in their places. Whoever looks for
//! a row there finds a chunk that is too short, and comes here. A row is written down before its first
//! change, so while no image is made this costs nothing, and a change costs no more than a row.

use super::row::Row;
use crate::aggregate::image::Frames;
use crate::aggregate::image::Out;

/// Rows in one chunk of the slab, a power of two: 64 KiB, so that growing is never felt.
pub(super) const CHUNK_ROWS: usize = 1_024;
/// Words of a chunk's bits.
const WORDS: usize = CHUNK_ROWS / 64;

/// The chunks that are set aside.
#[derive(Debug)]
pub(super) struct Frozen {
    /// By number; `None` once it is written.
    chunks: Vec<Option<Chunk>>,
    /// The next one to write.
    next: usize,
    /// Rows at the cut: those beyond are new.
    used: u32,
    out: Out,
}

#[derive(Debug)]
struct Chunk {
    rows: Box<[Row]>,
    /// The rows that are written down.
    is_written: [u64; WORDS],
}

impl Frozen {
    /// Sets chunks aside, of which so many rows were ever taken.
    pub(super) fn new(chunks: Vec<Box<[Row]>>, used: u32) -> Self {
        let chunk = |rows| {
            Some(Chunk {
                rows,
                is_written: [0; WORDS],
            })
        };
        Self {
            chunks: chunks.into_iter().map(chunk).collect(),
            next: 0,
            used,
            out: Out::default(),
        }
    }

    /// A row of a chunk that is set aside.
    pub(super) fn row(&self, chunk: usize, place: usize) -> Option<&Row> {
        self.chunks.get(chunk)?.as_ref()?.rows.get(place)
    }

    /// The same to be changed: as it was at the cut it is written down first.
    pub(super) fn row_mut(&mut self, number: usize, place: usize) -> Option<&mut Row> {
        let chunk = self.chunks.get_mut(number)?.as_mut()?;
        let row = chunk.rows.get_mut(place)?;
        let (word, bit) = (&mut chunk.is_written[place / 64], 1 << (place % 64));
        if *word & bit == 0 {
            *word |= bit;
            let slot = slot_of(number, place);
            if row.has(Row::IS_TAKEN) && slot < self.used {
                self.out.row(&row.plain(slot));
            }
        }
        Some(row)
    }

    /// Writes the next chunk down, and gives it back with its number. `None` when all are.
    pub(super) fn write_next(&mut self, to: &mut Frames) -> Option<(usize, Box<[Row]>)> {
        let number = self.next;
        let chunk = self.chunks.get_mut(number)?.take()?;
        self.next += 1;
        for (place, row) in chunk.rows.iter().enumerate() {
            let is_written = chunk.is_written[place / 64] & 1 << (place % 64) != 0;
            let slot = slot_of(number, place);
            if row.has(Row::IS_TAKEN) && !is_written && slot < self.used {
                self.out.row(&row.plain(slot));
            }
        }
        self.out.hand_on(to);
        Some((number, chunk.rows))
    }

    /// Gives all chunks back that are not written.
    pub(super) fn give_up(&mut self) -> impl Iterator<Item = (usize, Box<[Row]>)> {
        let chunks = self.chunks.iter_mut().enumerate();
        chunks.filter_map(|(number, chunk)| Some((number, chunk.take()?.rows)))
    }

    /// Hands the rest on: all chunks are written.
    pub(super) fn finish(self, to: &mut Frames) {
        self.out.finish(to);
    }
}

fn slot_of(chunk: usize, place: usize) -> u32 {
    u32::try_from(chunk * CHUNK_ROWS + place).unwrap_or(u32::MAX)
}
