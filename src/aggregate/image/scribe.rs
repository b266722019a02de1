//! How a part of a state writes its pieces while it goes on: each item bears the number of the image that
//! it was written for, or was made under.

use super::out::Frames;
use super::out::Out;
use super::piece::Piece;
use super::piece::Side;

/// The image that an item is done with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::aggregate) struct Stamp(u32);

/// Writes the pieces of one part.
#[derive(Clone, Debug, Default)]
pub(in crate::aggregate) struct Scribe {
    /// The number of the latest image.
    number: u32,
    /// While an image is made.
    out: Option<Box<(Side, Out)>>,
}

impl Scribe {
    /// Cuts: items whose stamp is older are to be written as they are now.
    pub(in crate::aggregate) fn cut(&mut self, side: Side) {
        self.number = self.number.wrapping_add(1);
        self.out = Some(Box::new((side, Out::default())));
    }

    /// The stamp of an item that is made now: no image that is under way holds it.
    pub(in crate::aggregate) const fn stamp(&self) -> Stamp {
        Stamp(self.number)
    }

    /// Whether an item has to be written before it changes; it counts as written from now on.
    #[inline]
    pub(in crate::aggregate) fn is_due(&self, stamp: &mut Stamp) -> bool {
        let before = std::mem::replace(stamp, self.stamp());
        before != self.stamp() && self.out.is_some()
    }

    /// Writes a piece of an image that is under way.
    #[cold]
    pub(in crate::aggregate) fn write(&mut self, piece: impl FnOnce(Side) -> Piece) {
        if let Some(writing) = &mut self.out {
            let (side, out) = &mut **writing;
            out.piece(&piece(*side));
        }
    }

    /// Hands on the frames that are full.
    pub(in crate::aggregate) fn hand_on(&mut self, to: &mut Frames) {
        if let Some(writing) = &mut self.out {
            writing.1.hand_on(to);
        }
    }

    /// Hands on everything: all pieces are written.
    pub(in crate::aggregate) fn finish(&mut self, to: &mut Frames) {
        if let Some(writing) = self.out.take() {
            writing.1.finish(to);
        }
    }

    /// Writes no more of an image that nobody wants.
    pub(in crate::aggregate) fn give_up(&mut self) {
        self.out = None;
    }

    /// Whether an image is under way.
    pub(in crate::aggregate) const fn is_busy(&self) -> bool {
        self.out.is_some()
    }
}
