//! Where a part of a state writes what an image holds of it: frames that are handed on when full.

use std::collections::VecDeque;

use serde::Serialize;

use super::frame;
use super::frame::FRAME_BYTES;
use super::frame::HEADER_BYTES;
use super::frame::Kind;
use super::piece::Piece;
use super::row::ROW_BYTES;
use super::row::Row;

/// Frames on their way to whoever keeps them.
pub(in crate::aggregate) type Frames = VecDeque<Vec<u8>>;

/// The frames of one part of an image as they are made. Nothing here waits or reads a clock.
#[derive(Clone, Debug, Default)]
pub(in crate::aggregate) struct Out {
    full: Frames,
    /// Frames that are being filled; empty before the first use.
    rows: Vec<u8>,
    pieces: Vec<u8>,
}

impl Out {
    /// Writes a row.
    pub(in crate::aggregate) fn row(&mut self, row: &Row) {
        if self.rows.is_empty() {
            self.rows = frame::begin(Kind::Rows);
        }
        row.write(&mut self.rows);
        if self.rows.len() + ROW_BYTES > FRAME_BYTES + HEADER_BYTES {
            self.full.push_back(ended(&mut self.rows));
        }
    }

    /// Writes a piece.
    pub(in crate::aggregate) fn piece(&mut self, piece: &Piece) {
        if self.pieces.is_empty() {
            self.pieces = frame::begin(Kind::Pieces);
        }
        write(&mut self.pieces, piece);
        if self.pieces.len() >= FRAME_BYTES {
            self.full.push_back(ended(&mut self.pieces));
        }
    }

    /// Writes fingerprints of a bucket, in frames of their own.
    pub(in crate::aggregate) fn fingerprints(&mut self, bucket: i64, fingerprints: &[u64]) {
        for fingerprints in fingerprints.chunks(FRAME_BYTES / size_of::<u64>()) {
            let mut made = frame::begin(Kind::Fingerprints);
            made.extend_from_slice(&bucket.to_le_bytes());
            for fingerprint in fingerprints {
                made.extend_from_slice(&fingerprint.to_le_bytes());
            }
            self.full.push_back(ended(&mut made));
        }
    }

    /// Hands on the frames that are full.
    pub(in crate::aggregate) fn hand_on(&mut self, to: &mut Frames) {
        to.append(&mut self.full);
    }

    /// Hands on everything: nothing more is written.
    pub(in crate::aggregate) fn finish(mut self, to: &mut Frames) {
        self.hand_on(to);
        for mut partly in [self.rows, self.pieces] {
            if !partly.is_empty() {
                to.push_back(ended(&mut partly));
            }
        }
    }
}

/// A frame of its own for a value that is written once; `before` stands before it.
pub(in crate::aggregate) fn single(kind: Kind, before: &[u8], value: &impl Serialize) -> Vec<u8> {
    let mut made = frame::begin(kind);
    made.extend_from_slice(before);
    write(&mut made, value);
    ended(&mut made)
}

/// Takes a frame that is filled.
fn ended(made: &mut Vec<u8>) -> Vec<u8> {
    frame::end(made);
    std::mem::take(made)
}

/// Writes a value behind some bytes.
fn write(to: &mut Vec<u8>, value: &impl Serialize) {
    if postcard::to_io(value, to).is_err() {
        unreachable!("a vector takes everything, and every value has a plain form");
    }
}
