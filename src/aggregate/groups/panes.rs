//! Durations of one group's ended sessions over one window, on panes; and the panes of all groups.
//!
//! A group has a pane only where one of its sessions ended. Which groups have one is listed by pane,
//! so sliding walks those alone.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::aggregate::image;
use crate::aggregate::image::ImageFault;
use crate::aggregate::image::Piece;
use crate::aggregate::image::Scribe;
use crate::aggregate::image::Stamp;
use crate::aggregate::image::ensure;
use crate::histogram::Histogram;
use crate::snapshot::GroupId;
use crate::snapshot::Retired;
use crate::time::EpochMs;
use crate::window::Span;

/// The clock of one window's panes, and who has which.
#[derive(Clone, Debug)]
pub(super) struct Panes {
    span: Span,
    /// The pane that holds the clock; covered are the last `holders.len()` ones.
    current: i64,
    /// Groups that have a pane, by its number modulo their count.
    holders: Vec<Vec<GroupId>>,
    /// Histograms that were emptied, to be used again.
    spare: Vec<Histogram>,
    /// Sums that were published, likewise.
    retired: Retired<Histogram>,
    /// Memory of all histograms in use, in bytes.
    histogram_bytes: usize,
    /// The dimension and the window, as an image numbers them.
    of: (u8, u8),
}

/// One group's durations.
#[derive(Clone, Debug, Default)]
pub(super) struct GroupDurations {
    /// Ascending by number.
    panes: VecDeque<Pane>,
    /// Sum over all panes, shared with snapshots: copied before it changes while one holds it. `None`
    /// without a pane.
    sum: Option<Arc<Histogram>>,
}

#[derive(Clone, Debug)]
struct Pane {
    number: i64,
    histogram: Histogram,
    /// The image that it was written for.
    written: Stamp,
}

/// Groups there is room for in a pane that was touched at all.
const HOLDERS_MIN: usize = 16;
/// Emptied histograms kept; what is beyond goes back to the system.
const SPARE_MAX: usize = 4_096;
/// Published sums kept, likewise.
const RETIRED_MAX: usize = 4_096;

impl Panes {
    pub(super) fn new(span: Span, now: EpochMs) -> Self {
        let count = usize::try_from(span.panes()).unwrap_or(1);
        Self {
            span,
            current: span.pane_of(now),
            holders: vec![Vec::new(); count],
            spare: Vec::new(),
            retired: Retired::new(RETIRED_MAX),
            histogram_bytes: 0,
            of: (0, 0),
        }
    }

    /// Records values of a group of one time, if a covered pane holds it.
    pub(super) fn record(
        &mut self,
        group: GroupId,
        own: &mut GroupDurations,
        time_ms: i64,
        values: &Histogram,
        scribe: &mut Scribe,
    ) {
        let number = self.span.pane_of(EpochMs::from_ms(time_ms));
        if number <= self.current - self.length() || number > self.current {
            return;
        }
        let found = own.panes.binary_search_by_key(&number, |pane| pane.number);
        let place = found.unwrap_or_else(|place| {
            let histogram = self.spare.pop().unwrap_or_default();
            self.histogram_bytes += histogram.bytes();
            let written = scribe.stamp();
            own.panes.insert(
                place,
                Pane {
                    number,
                    histogram,
                    written,
                },
            );
            let holders = self.place_of(number);
            if self.holders[holders].capacity() == 0 {
                self.holders[holders].reserve(HOLDERS_MIN);
            }
            self.holders[holders].push(group);
            place
        });
        own.panes[place].write_before(group, self.of, scribe);
        let pane = &mut own.panes[place].histogram;
        let before = pane.bytes() + bytes_of(own.sum.as_ref());
        pane.add(values);
        let sum = own
            .sum
            .get_or_insert_with(|| self.retired.refill(Histogram::clear));
        self.retired.make_mut(sum).add(values);
        self.histogram_bytes += pane.bytes() + sum.bytes();
        self.histogram_bytes -= before;
    }

    /// Moves one pane on towards the one that holds `to_ms`; `retire` gets every group that has
    /// a pane that is no longer covered, to take it out. Answers how many that were; `None` when it
    /// is there.
    pub(super) fn step(&mut self, to_ms: i64) -> Option<Vec<GroupId>> {
        let target = self.span.pane_of(EpochMs::from_ms(to_ms));
        if target <= self.current {
            return None;
        }
        let skipped = (target - self.current - self.length()).max(0);
        self.current += skipped / self.length() * self.length() + 1;
        let place = self.place_of(self.current);
        Some(std::mem::take(&mut self.holders[place]))
    }

    /// Gives the list of a step back, to be filled again.
    pub(super) fn give_back(&mut self, mut holders: Vec<GroupId>) {
        holders.clear();
        let place = self.place_of(self.current);
        if self.holders[place].is_empty() {
            self.holders[place] = holders;
        }
    }

    /// Takes a group's panes out that are no longer covered.
    pub(super) fn retire(&mut self, group: GroupId, own: &mut GroupDurations, scribe: &mut Scribe) {
        let oldest = self.current - self.length() + 1;
        let before = bytes_of(own.sum.as_ref());
        while own.panes.front().is_some_and(|pane| pane.number < oldest) {
            let Some(mut pane) = own.panes.pop_front() else {
                return;
            };
            pane.write_before(group, self.of, scribe);
            let Pane { mut histogram, .. } = pane;
            if let Some(sum) = &mut own.sum {
                let max_ms = own.panes.iter().map(|pane| pane.histogram.max()).max();
                let sum = self.retired.make_mut(sum);
                sum.subtract(&histogram, max_ms.unwrap_or(0));
            }
            self.histogram_bytes -= histogram.bytes();
            histogram.clear();
            if self.spare.len() < SPARE_MAX {
                self.spare.push(histogram);
            }
        }
        if let Some(empty) = own.sum.take_if(|sum| sum.is_empty()) {
            self.retired.retire(empty);
        }
        self.histogram_bytes += bytes_of(own.sum.as_ref());
        self.histogram_bytes -= before;
    }

    /// Takes all of a group's panes out: it is freed.
    pub(super) fn free(&mut self, group: GroupId, own: &mut GroupDurations, scribe: &mut Scribe) {
        self.write(group, own, scribe);
        let own = std::mem::take(own);
        self.histogram_bytes -= bytes_of(own.sum.as_ref());
        for pane in own.panes {
            self.histogram_bytes -= pane.histogram.bytes();
        }
    }

    // Images.

    /// Cuts: answers the pane that holds the clock. The dimension and the window have these numbers.
    pub(super) const fn cut(&mut self, dimension: u8, window: u8) -> i64 {
        self.of = (dimension, window);
        self.current
    }

    /// Writes a group's panes of the cut that are not written; answers how many it has.
    pub(super) fn write(
        &self,
        group: GroupId,
        own: &mut GroupDurations,
        scribe: &mut Scribe,
    ) -> usize {
        for pane in &mut own.panes {
            pane.write_before(group, self.of, scribe);
        }
        own.panes.len()
    }

    /// Sets which pane holds the clock, while everything is empty.
    pub(super) const fn put_current(&mut self, current: i64) {
        self.current = current;
    }

    /// Puts a pane of a group back.
    pub(super) fn put(
        &mut self,
        group: GroupId,
        own: &mut GroupDurations,
        number: i64,
        durations: &image::Histogram,
    ) -> Result<(), ImageFault> {
        let histogram = durations.restore(Histogram::default())?;
        let found = own.panes.binary_search_by_key(&number, |pane| pane.number);
        let Err(place) = found else {
            return Err(ImageFault::damaged("two panes of one time"));
        };
        let is_known = number <= self.current && number.unsigned_abs() < 1 << 60;
        ensure(is_known, "a pane that has not begun")?;
        let sum = own.sum.get_or_insert_default();
        let before = sum.bytes();
        self.retired.make_mut(sum).add(&histogram);
        self.histogram_bytes += histogram.bytes() + sum.bytes();
        self.histogram_bytes -= before;
        let holders = self.place_of(number);
        self.holders[holders].push(group);
        let written = Stamp::default();
        own.panes.insert(
            place,
            Pane {
                number,
                histogram,
                written,
            },
        );
        Ok(())
    }

    pub(super) fn bytes(&self) -> usize {
        let holders = self.holders.iter().map(Vec::capacity).sum::<usize>();
        let spare = self.spare.iter().chain(self.retired.kept());
        self.histogram_bytes
            + spare.map(Histogram::bytes).sum::<usize>()
            + holders * size_of::<GroupId>()
    }

    fn length(&self) -> i64 {
        i64::try_from(self.holders.len()).unwrap_or(i64::MAX)
    }

    #[expect(clippy::cast_possible_truncation, reason = "0..holders.len()")]
    fn place_of(&self, number: i64) -> usize {
        number.rem_euclid(self.length()) as usize
    }
}

impl Pane {
    /// Writes a pane of the cut before it changes.
    fn write_before(&mut self, group: GroupId, of: (u8, u8), scribe: &mut Scribe) {
        if scribe.is_due(&mut self.written) {
            scribe.write(|side| Piece::GroupDurations {
                side,
                dimension: of.0,
                window: of.1,
                pane: self.number,
                group: group.0,
                durations: image::Histogram::of(&self.histogram),
            });
        }
    }
}

impl GroupDurations {
    pub(super) fn is_empty(&self) -> bool {
        self.panes.is_empty()
    }

    /// The durations in the covered panes; `None` when no session ended there.
    pub(super) fn shared(&self) -> Option<Arc<Histogram>> {
        self.sum.clone()
    }
}

fn bytes_of(sum: Option<&Arc<Histogram>>) -> usize {
    sum.map_or(0, |sum| sum.bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::histogram::Quantile;
    use crate::window::Width;

    const GROUP: GroupId = GroupId(2);

    fn panes_of_three_seconds(now_ms: i64) -> Panes {
        let width = Width::from_ms(1_000).unwrap();
        Panes::new(Span::new(3_000, 1_000, width), EpochMs::from_ms(now_ms))
    }

    #[test]
    fn panes_leave_one_by_one_and_the_greatest_value_is_exact() {
        let mut panes = panes_of_three_seconds(10_000);
        let (mut own, mut scribe) = (GroupDurations::default(), Scribe::default());
        assert_eq!(own.shared(), None);
        for (second, duration) in [(9, 500_003), (8, 700_001), (10, 7), (10, 9), (9, 3)] {
            let duration = Histogram::from_iter([duration]);
            panes.record(GROUP, &mut own, second * 1_000, &duration, &mut scribe);
        }
        // Not covered.
        let one = Histogram::from_iter([1]);
        panes.record(GROUP, &mut own, 7_999, &one, &mut scribe);
        let published = own.shared().unwrap();
        let mut seen = Vec::new();
        for to_ms in [10_999, 11_000, 12_000, 13_000] {
            while let Some(holders) = panes.step(to_ms) {
                for group in &holders {
                    assert_eq!(*group, GROUP);
                    panes.retire(GROUP, &mut own, &mut scribe);
                }
                panes.give_back(holders);
            }
            seen.push(
                own.shared()
                    .map(|found| (found.count(), found.quantile(Quantile::P50), found.max())),
            );
        }
        assert_eq!(
            seen,
            [
                Some((5, 9, 700_001)),
                Some((4, 7, 500_003)),
                Some((2, 7, 9)),
                None
            ]
        );
        assert_eq!(published.count(), 5, "what is published does not change");
        let spare: usize = panes.spare.iter().map(Histogram::bytes).sum();
        assert_eq!(panes.histogram_bytes, 0);
        assert!(spare > 0);
    }

    #[test]
    fn a_jump_takes_everything_out() {
        let mut panes = panes_of_three_seconds(0);
        let (mut own, mut scribe) = (GroupDurations::default(), Scribe::default());
        let five = Histogram::from_iter([5]);
        panes.record(GROUP, &mut own, 0, &five, &mut scribe);
        let mut steps = 0;
        while let Some(holders) = panes.step(1_000_000_000) {
            holders
                .iter()
                .for_each(|_| panes.retire(GROUP, &mut own, &mut scribe));
            steps += 1;
        }
        assert!(steps <= 6, "{steps}");
        assert_eq!(own.shared(), None);
    }
}
