//! Durations of ended sessions: a histogram on panes, one ring of panes a window, and their sum.
//!
//! Memory: 8 bytes a cell between the shortest and the longest duration, 1 KiB for each power of two, a
//! pane; about sixty panes a window. The sum is shared with snapshots: it is copied before its first
//! change after one was published, so what is published costs a copy a window and snapshot while
//! sessions end, and nothing while none does.

mod restore;

use std::sync::Arc;

use crate::aggregate::image::Scribe;
use crate::aggregate::image::Stamp;
use crate::histogram::Histogram;
use crate::snapshot::Retired;
use crate::window::BucketIndex;
use crate::window::Span;
use crate::window::Width;
use crate::window::WindowLength;

/// The durations of one window.
#[derive(Clone, Debug)]
pub(super) struct Durations {
    span: Span,
    width: Width,
    /// At the pane's number modulo their count.
    panes: Vec<Histogram>,
    /// The pane that holds the clock; covered are the last `panes.len()` ones.
    current: i64,
    /// Sum over the covered panes.
    sum: Arc<Histogram>,
    /// Sums that were published.
    retired: Retired<Histogram>,
    /// The image that each pane was written for, by its place.
    written: Vec<Stamp>,
    /// The pane that held the clock when the latest image was cut, and the next place to write.
    cut: i64,
    next: usize,
    /// The window, as an image numbers it.
    window: u8,
    scribe: Scribe,
}

/// Published sums kept for their memory: as many as snapshots that readers may still hold.
const RETIRED_MAX: usize = 16;

impl Durations {
    pub(super) fn new(length: WindowLength, width: Width, current: BucketIndex) -> Self {
        let span = Span::of(length, width);
        let panes = usize::try_from(span.panes()).unwrap_or(1);
        Self {
            span,
            width,
            panes: vec![Histogram::dense(); panes],
            current: span.pane_of(width.start_of(current)),
            sum: Arc::new(Histogram::dense()),
            retired: Retired::new(RETIRED_MAX),
            written: vec![Stamp::default(); panes],
            cut: 0,
            next: 0,
            window: 0,
            scribe: Scribe::default(),
        }
    }

    /// Records one ended session by the bucket of its disconnect, if a covered pane holds it.
    pub(super) fn record(&mut self, bucket: BucketIndex, duration_ms: u64) {
        let number = self.pane_of(bucket);
        if self.current - number >= self.span.panes() || number > self.current {
            return;
        }
        let place = self.place_of(number);
        if self.scribe.is_due(&mut self.written[place]) {
            self.write(place);
        }
        self.panes[place].record(duration_ms);
        self.retired.make_mut(&mut self.sum).record(duration_ms);
    }

    /// Moves the clock to a later bucket: panes past the window are taken out.
    pub(super) fn advance(&mut self, to: BucketIndex) {
        let target = self.pane_of(to);
        let steps = (target - self.current).min(self.span.panes());
        for step in 1..=steps {
            let place = self.place_of(target - steps + step);
            self.retire(place);
        }
        self.current = target;
    }

    /// Moves the clock back: panes past the one that holds it are taken out.
    pub(super) fn rewind(&mut self, to: BucketIndex) {
        let target = self.pane_of(to);
        let steps = (self.current - target).min(self.span.panes());
        for step in 0..steps {
            let place = self.place_of(self.current - step);
            self.retire(place);
        }
        self.current = target;
    }

    /// The durations in the covered panes; `None` when no session ended there.
    pub(super) fn shared(&self) -> Option<Arc<Histogram>> {
        (!self.sum.is_empty()).then(|| Arc::clone(&self.sum))
    }

    fn retire(&mut self, place: usize) {
        if self.scribe.is_due(&mut self.written[place]) {
            self.write(place);
        }
        if self.panes[place].is_empty() {
            return;
        }
        let others = self.panes.iter().enumerate();
        let max_ms = others
            .filter(|(other, _)| *other != place)
            .map(|(_, pane)| pane.max())
            .max();
        let pane = &mut self.panes[place];
        let sum = self.retired.make_mut(&mut self.sum);
        sum.subtract(pane, max_ms.unwrap_or(0));
        pane.clear();
    }

    fn pane_of(&self, bucket: BucketIndex) -> i64 {
        self.span.pane_of(self.width.start_of(bucket))
    }

    #[expect(clippy::cast_possible_truncation, reason = "0..panes.len()")]
    fn place_of(&self, number: i64) -> usize {
        number.rem_euclid(self.span.panes()) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::histogram::Quantile;

    #[test]
    fn quantiles_and_forgetting() {
        let length = WindowLength::new(1_000, Width::DEFAULT).unwrap();
        let mut durations = Durations::new(length, Width::DEFAULT, BucketIndex(100));
        assert_eq!(durations.shared(), None);
        for duration in 1..=100 {
            durations.record(BucketIndex(91), duration);
        }
        durations.record(BucketIndex(100), 1_000_003);
        // Not covered: one bucket before the window.
        durations.record(BucketIndex(90), 5);
        let published = durations.shared().unwrap();
        let quantile = |quantile| published.quantile(quantile);
        assert_eq!(
            (published.count(), quantile(Quantile::P50), published.max()),
            (101, 51, 1_000_003)
        );
        assert_eq!(
            (quantile(Quantile::P90), quantile(Quantile::P99)),
            (91, 100)
        );
        durations.advance(BucketIndex(101));
        let next = durations.shared().unwrap();
        assert_eq!(
            (next.count(), next.quantile(Quantile::P50), next.max()),
            (1, 1_000_003, 1_000_003)
        );
        assert_eq!(published.count(), 101, "what is published does not change");
        durations.advance(BucketIndex(1_000));
        assert_eq!(durations.shared(), None);
        assert_eq!(*durations.sum, Histogram::default());
    }
}
