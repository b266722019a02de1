//! Durations of one group's ended sessions over one window, on panes; and the panes of all groups.
//!
//! A group has a pane only where one of its sessions ended. Which groups have one is listed by pane,
//! so sliding walks those alone.

use std::collections::VecDeque;

use super::grid::ceiling;
use super::histogram::Histogram;
use crate::snapshot::DurationQuantiles;
use crate::snapshot::GroupId;

/// The clock of one window's panes, and who has which.
#[derive(Clone, Debug)]
pub(super) struct Panes {
    pane_ms: i64,
    /// The pane that holds the clock; covered are the last `holders.len()` ones.
    current: i64,
    /// Groups that have a pane, by its number modulo their count.
    holders: Vec<Vec<GroupId>>,
    /// Histograms that were emptied, to be used again.
    spare: Vec<Histogram>,
    /// Memory of all histograms in use, in bytes.
    histogram_bytes: usize,
}

/// One group's durations.
#[derive(Clone, Debug, Default)]
pub(super) struct GroupDurations {
    /// Ascending by number.
    panes: VecDeque<Pane>,
    /// Sum over all panes.
    sum: Histogram,
    /// Panes and values of which the greatest is the first: numbers ascend, values descend.
    maxima: VecDeque<(i64, u64)>,
    count: u64,
}

#[derive(Clone, Debug)]
struct Pane {
    number: i64,
    histogram: Histogram,
    count: u64,
}

/// Groups there is room for in a pane that was touched at all.
const HOLDERS_MIN: usize = 16;
/// Emptied histograms kept; what is beyond goes back to the system.
const SPARE_MAX: usize = 4_096;

impl Panes {
    pub(super) fn new(pane_ms: i64, window_ms: i64, now_ms: i64) -> Self {
        let count = usize::try_from(ceiling(window_ms, pane_ms)).unwrap_or(1);
        Self {
            pane_ms,
            current: now_ms.div_euclid(pane_ms),
            holders: vec![Vec::new(); count.max(1)],
            spare: Vec::new(),
            histogram_bytes: 0,
        }
    }

    /// Records a session of a group that ended at a time; `false` when no covered pane holds it.
    pub(super) fn record(
        &mut self,
        group: GroupId,
        own: &mut GroupDurations,
        ended_ms: i64,
        duration_ms: u64,
    ) -> bool {
        let number = ended_ms.div_euclid(self.pane_ms);
        if number <= self.current - self.length() || number > self.current {
            return false;
        }
        let found = own.panes.binary_search_by_key(&number, |pane| pane.number);
        let place = found.unwrap_or_else(|place| {
            let histogram = self.spare.pop().unwrap_or_default();
            self.histogram_bytes += histogram.bytes();
            own.panes.insert(
                place,
                Pane {
                    number,
                    histogram,
                    count: 0,
                },
            );
            let holders = self.place_of(number);
            if self.holders[holders].capacity() == 0 {
                self.holders[holders].reserve(HOLDERS_MIN);
            }
            self.holders[holders].push(group);
            place
        });
        let pane = &mut own.panes[place];
        let before = pane.histogram.bytes() + own.sum.bytes();
        pane.histogram.record(duration_ms);
        pane.count += 1;
        own.sum.record(duration_ms);
        own.count += 1;
        self.histogram_bytes += pane.histogram.bytes() + own.sum.bytes() - before;
        own.raise(number, duration_ms);
        true
    }

    /// Moves one pane on towards the one that holds `to_ms`; `retire` gets every group that has
    /// a pane that is no longer covered, to take it out. Answers how many that were; `None` when it
    /// is there.
    pub(super) fn step(&mut self, to_ms: i64) -> Option<Vec<GroupId>> {
        let target = to_ms.div_euclid(self.pane_ms);
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
    pub(super) fn retire(&mut self, own: &mut GroupDurations) {
        let oldest = self.current - self.length() + 1;
        while own.panes.front().is_some_and(|pane| pane.number < oldest) {
            let Some(mut pane) = own.panes.pop_front() else {
                return;
            };
            own.sum.subtract(&pane.histogram);
            own.count -= pane.count;
            self.histogram_bytes -= pane.histogram.bytes();
            pane.histogram.clear();
            if self.spare.len() < SPARE_MAX {
                self.spare.push(pane.histogram);
            }
        }
        while own
            .maxima
            .front()
            .is_some_and(|(number, _)| *number < oldest)
        {
            own.maxima.pop_front();
        }
    }

    /// Takes all of a group's panes out: it is freed.
    pub(super) fn free(&mut self, own: &mut GroupDurations) {
        let own = std::mem::take(own);
        self.histogram_bytes -= own.sum.bytes();
        for pane in own.panes {
            self.histogram_bytes -= pane.histogram.bytes();
        }
    }

    pub(super) fn bytes(&self) -> usize {
        let holders = self.holders.iter().map(Vec::capacity).sum::<usize>();
        let spare = self.spare.iter().map(Histogram::bytes).sum::<usize>();
        self.histogram_bytes + spare + holders * size_of::<GroupId>()
    }

    fn length(&self) -> i64 {
        i64::try_from(self.holders.len()).unwrap_or(i64::MAX)
    }

    #[expect(clippy::cast_possible_truncation, reason = "0..holders.len()")]
    fn place_of(&self, number: i64) -> usize {
        number.rem_euclid(self.length()) as usize
    }
}

impl GroupDurations {
    /// The quantiles over the covered panes; `None` when no session ended there.
    pub(super) fn quantiles(&self) -> Option<DurationQuantiles> {
        let (_, max_ms) = *self.maxima.front()?;
        let [p50_ms, p90_ms, p99_ms] = self.sum.quantiles(self.count, [50, 90, 99]);
        Some(DurationQuantiles {
            count: self.count,
            p50_ms: p50_ms.min(max_ms),
            p90_ms: p90_ms.min(max_ms),
            p99_ms: p99_ms.min(max_ms),
            max_ms,
        })
    }

    /// Keeps a value if it can ever be the greatest: it is above all that leave later.
    fn raise(&mut self, number: i64, value: u64) {
        let later = self.maxima.partition_point(|(other, _)| *other < number);
        if self
            .maxima
            .get(later)
            .is_some_and(|(_, other)| *other >= value)
        {
            return;
        }
        // Those before are lower the later they leave; what leaves no later and is no higher goes.
        let same = usize::from(
            self.maxima
                .get(later)
                .is_some_and(|(other, _)| *other == number),
        );
        let kept = self
            .maxima
            .iter()
            .take(later)
            .filter(|(_, other)| *other > value)
            .count();
        self.maxima.drain(kept..later + same);
        self.maxima.insert(kept, (number, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: GroupId = GroupId(2);

    #[test]
    fn panes_leave_one_by_one_and_the_greatest_value_is_exact() {
        let mut panes = Panes::new(1_000, 3_000, 10_000);
        let mut own = GroupDurations::default();
        assert_eq!(own.quantiles(), None);
        for (second, duration) in [(9, 500_003), (8, 700_001), (10, 7), (10, 9), (9, 3)] {
            assert!(panes.record(GROUP, &mut own, second * 1_000, duration));
        }
        assert!(!panes.record(GROUP, &mut own, 7_999, 1));
        let mut seen = Vec::new();
        for to_ms in [10_999, 11_000, 12_000, 13_000] {
            while let Some(holders) = panes.step(to_ms) {
                for group in &holders {
                    assert_eq!(*group, GROUP);
                    panes.retire(&mut own);
                }
                panes.give_back(holders);
            }
            seen.push(
                own.quantiles()
                    .map(|found| (found.count, found.p50_ms, found.max_ms)),
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
        let spare: usize = panes.spare.iter().map(Histogram::bytes).sum();
        assert_eq!(panes.histogram_bytes, own.sum.bytes());
        assert!(spare > 0);
    }

    #[test]
    fn a_jump_takes_everything_out() {
        let mut panes = Panes::new(1_000, 3_000, 0);
        let mut own = GroupDurations::default();
        panes.record(GROUP, &mut own, 0, 5);
        let mut steps = 0;
        while let Some(holders) = panes.step(1_000_000_000) {
            holders.iter().for_each(|_| panes.retire(&mut own));
            steps += 1;
        }
        assert!(steps <= 6, "{steps}");
        assert_eq!(own.quantiles(), None);
    }
}
