//! Durations as an image holds them, and back. Their sum follows from the panes.

use super::Durations;
use crate::aggregate::image;
use crate::aggregate::image::Frames;
use crate::aggregate::image::ImageFault;
use crate::aggregate::image::Piece;
use crate::aggregate::image::Side;
use crate::aggregate::image::ensure;
use crate::histogram::Histogram;
use crate::window::BucketIndex;
use crate::window::Width;
use crate::window::WindowLength;

/// Panes written for one piece of an image.
const PANES_MAX: usize = 16;

impl Durations {
    /// Cuts: the panes of an image are those of now. Answers which one holds the clock.
    pub(in crate::aggregate) fn cut(&mut self, side: Side, window: usize) -> i64 {
        self.scribe.cut(side);
        self.window = u8::try_from(window).unwrap_or(u8::MAX);
        (self.cut, self.next) = (self.current, 0);
        self.current
    }

    /// Writes some of the panes at the cut; whether there are more.
    pub(in crate::aggregate) fn write_some(&mut self, to: &mut Frames) -> bool {
        let until = self.panes.len().min(self.next + PANES_MAX);
        for place in self.next..until {
            if self.scribe.is_due(&mut self.written[place]) {
                self.write(place);
            }
        }
        self.next = until;
        if self.scribe.is_busy() && until < self.panes.len() {
            self.scribe.hand_on(to);
            return true;
        }
        self.scribe.finish(to);
        false
    }

    /// Writes no more of an image that nobody wants.
    pub(in crate::aggregate) fn write_none(&mut self) {
        self.scribe.give_up();
    }

    /// Writes a pane of the cut.
    #[cold]
    pub(super) fn write(&mut self, place: usize) {
        let pane = &self.panes[place];
        if pane.is_empty() {
            return;
        }
        let (window, number) = (self.window, self.number_at_cut(place));
        self.scribe.write(|side| Piece::Durations {
            side,
            window,
            pane: number,
            durations: image::Histogram::of(pane),
        });
    }

    /// The durations of an image.
    pub(in crate::aggregate) fn restore(
        length: WindowLength,
        width: Width,
        current: i64,
        panes: Vec<(i64, image::Histogram)>,
    ) -> Result<Self, ImageFault> {
        ensure(current.unsigned_abs() < 1 << 48, "a pane that cannot be")?;
        let mut durations = Self::new(length, width, BucketIndex(0));
        durations.current = current;
        for (number, pane) in panes {
            let first = current - durations.span.panes() + 1;
            ensure((first..=current).contains(&number), "a pane that is gone")?;
            let place = durations.place_of(number);
            let pane = pane.restore(Histogram::dense())?;
            ensure(durations.panes[place].is_empty(), "two panes of one time")?;
            durations.retired.make_mut(&mut durations.sum).add(&pane);
            durations.panes[place] = pane;
        }
        Ok(durations)
    }

    /// The number of the pane at a place when the latest image was cut.
    fn number_at_cut(&self, place: usize) -> i64 {
        let place = i64::try_from(place).unwrap_or(0);
        self.cut - (self.cut - place).rem_euclid(self.span.panes())
    }
}
