//! Durations of ended sessions: log-linear histograms on panes, one ring of panes a window.
//!
//! A cell holds values that agree in their eight leading bits, so its upper bound is at most 1/128
//! above any value in it. Cells stand in groups of 64 with a sum each, so that a quantile takes
//! about a hundred steps. Memory: 13 KiB a pane, about sixty panes a window.

use crate::snapshot::DurationQuantiles;
use crate::window::BucketIndex;
use crate::window::WindowLength;

/// Cells: 128 for the values below 128, and 128 for each of the 25 powers of two up to 2^32.
const CELLS: usize = 26 * 128;
/// Cells in a group.
const GROUP: usize = 64;
const GROUPS: usize = CELLS / GROUP;

/// The durations of one window.
#[derive(Clone, Debug)]
pub(super) struct Durations {
    /// Buckets in a pane.
    pane_buckets: i64,
    /// At the pane's number modulo their count.
    panes: Vec<Pane>,
    /// The pane that holds the clock; covered are the last `panes.len()` ones.
    current: i64,
    /// Sum over the covered panes, by cell.
    cells: Box<[u64]>,
    /// The same by group of cells.
    groups: [u64; GROUPS],
    count: u64,
}

#[derive(Clone, Debug)]
struct Pane {
    cells: Box<[u32]>,
    count: u64,
    max_ms: u64,
}

impl Durations {
    pub(super) fn new(length: WindowLength, current: BucketIndex) -> Self {
        let pane_buckets = length.pane_buckets();
        let panes = length.buckets().div_ceil(pane_buckets) as usize;
        let pane = Pane {
            cells: vec![0; CELLS].into_boxed_slice(),
            count: 0,
            max_ms: 0,
        };
        Self {
            pane_buckets: i64::from(pane_buckets),
            panes: vec![pane; panes],
            current: current.0.div_euclid(i64::from(pane_buckets)),
            cells: vec![0; CELLS].into_boxed_slice(),
            groups: [0; GROUPS],
            count: 0,
        }
    }

    /// Records one ended session by the bucket of its disconnect, if a covered pane holds it.
    pub(super) fn record(&mut self, bucket: BucketIndex, duration_ms: u64) {
        let number = bucket.0.div_euclid(self.pane_buckets);
        if self.current - number >= self.span() || number > self.current {
            return;
        }
        let cell = cell_of(duration_ms);
        let place = self.place_of(number);
        let pane = &mut self.panes[place];
        pane.cells[cell] = pane.cells[cell].saturating_add(1);
        pane.count += 1;
        pane.max_ms = pane.max_ms.max(duration_ms);
        self.cells[cell] += 1;
        self.groups[cell / GROUP] += 1;
        self.count += 1;
    }

    /// Moves the clock to a later bucket: panes past the window are taken out.
    pub(super) fn advance(&mut self, to: BucketIndex) {
        let target = to.0.div_euclid(self.pane_buckets);
        let steps = (target - self.current).min(self.span());
        for step in 1..=steps {
            let place = self.place_of(target - steps + step);
            self.retire(place);
        }
        self.current = target;
    }

    /// Moves the clock back: panes past the one that holds it are taken out.
    pub(super) fn rewind(&mut self, to: BucketIndex) {
        let target = to.0.div_euclid(self.pane_buckets);
        let steps = (self.current - target).min(self.span());
        for step in 0..steps {
            let place = self.place_of(self.current - step);
            self.retire(place);
        }
        self.current = target;
    }

    /// The quantiles over the covered panes; `None` when no session ended there.
    pub(super) fn quantiles(&self) -> Option<DurationQuantiles> {
        if self.count == 0 {
            return None;
        }
        let max_ms = self.panes.iter().map(|pane| pane.max_ms).max().unwrap_or(0);
        let at = |percent| self.quantile(percent).min(max_ms);
        Some(DurationQuantiles {
            count: self.count,
            p50_ms: at(50),
            p90_ms: at(90),
            p99_ms: at(99),
            max_ms,
        })
    }

    /// The upper bound of the cell that holds the `ceil(percent / 100 × count)`-th smallest value.
    fn quantile(&self, percent: u64) -> u64 {
        let mut rank = (self.count * percent).div_ceil(100).max(1);
        let mut cell = 0;
        for &sum in &self.groups {
            if sum >= rank {
                break;
            }
            rank -= sum;
            cell += GROUP;
        }
        for &count in &self.cells[cell.min(CELLS - GROUP)..] {
            if count >= rank {
                break;
            }
            rank -= count;
            cell += 1;
        }
        upper_bound(cell)
    }

    fn retire(&mut self, place: usize) {
        let pane = &mut self.panes[place];
        if pane.count == 0 {
            return;
        }
        for (group, cells) in pane.cells.chunks_exact_mut(GROUP).enumerate() {
            let sums = &mut self.cells[group * GROUP..];
            let mut gone = 0;
            for (count, sum) in cells.iter_mut().zip(sums) {
                *sum -= u64::from(*count);
                gone += u64::from(*count);
                *count = 0;
            }
            self.groups[group] -= gone;
        }
        self.count -= pane.count;
        pane.count = 0;
        pane.max_ms = 0;
    }

    fn span(&self) -> i64 {
        i64::try_from(self.panes.len()).unwrap_or(i64::MAX)
    }

    #[expect(clippy::cast_possible_truncation, reason = "0..panes.len()")]
    fn place_of(&self, number: i64) -> usize {
        number.rem_euclid(self.span()) as usize
    }
}

/// The cell of a duration; durations past 2^32 ms share the last one.
pub(super) fn cell_of(duration_ms: u64) -> usize {
    let value = u32::try_from(duration_ms).unwrap_or(u32::MAX);
    if value < 128 {
        return value as usize;
    }
    let shift = value.ilog2() - 7;
    (shift as usize + 1) * 128 + ((value >> shift) as usize - 128)
}

/// The greatest value of a cell.
pub(super) fn upper_bound(cell: usize) -> u64 {
    let cell = cell as u64;
    if cell < 128 {
        return cell;
    }
    let (shift, leading) = (cell / 128 - 1, cell % 128 + 128);
    ((leading + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::Width;

    #[test]
    fn every_value_is_at_most_one_percent_below_its_bound() {
        let mut value = 0_u64;
        while value <= u64::from(u32::MAX) {
            let bound = upper_bound(cell_of(value));
            assert!(bound >= value, "{value}");
            assert!(
                (bound - value) * 100 <= value,
                "{value} is reported as {bound}"
            );
            value += 1 + value / 97;
        }
        assert_eq!(cell_of(u64::MAX), CELLS - 1);
        assert_eq!(upper_bound(CELLS - 1), u64::from(u32::MAX));
    }

    #[test]
    fn cells_are_in_order_and_without_holes() {
        for cell in 1..CELLS {
            assert_eq!(cell_of(upper_bound(cell - 1) + 1), cell);
        }
    }

    #[test]
    fn quantiles_and_forgetting() {
        let length = WindowLength::new(1_000, Width::DEFAULT).unwrap();
        let mut durations = Durations::new(length, BucketIndex(100));
        assert_eq!(durations.quantiles(), None);
        for duration in 1..=100 {
            durations.record(BucketIndex(91), duration);
        }
        durations.record(BucketIndex(100), 1_000_003);
        // Not covered: one bucket before the window.
        durations.record(BucketIndex(90), 5);
        let quantiles = durations.quantiles().unwrap();
        assert_eq!(
            (quantiles.count, quantiles.p50_ms, quantiles.max_ms),
            (101, 51, 1_000_003)
        );
        assert_eq!((quantiles.p90_ms, quantiles.p99_ms), (91, 100));
        durations.advance(BucketIndex(101));
        let quantiles = durations.quantiles().unwrap();
        assert_eq!(
            (quantiles.count, quantiles.p50_ms, quantiles.max_ms),
            (1, 1_000_003, 1_000_003)
        );
        durations.advance(BucketIndex(1_000));
        assert_eq!(durations.quantiles(), None);
        assert!(durations.cells.iter().all(|&count| count == 0));
        assert!(durations.groups.iter().all(|&count| count == 0));
    }
}
