//! A histogram of durations that holds only cells with a value: most groups see few durations.
//!
//! The cells are those of the total's histograms, so the error is the same: a percentile is the upper
//! bound of its cell, at most 1 % above the exact value.

use std::cmp::Ordering;

use crate::aggregate::durations::cell_of;
use crate::aggregate::durations::upper_bound;

/// Cells and how many values each holds, ascending by cell; no cell is empty. 8 bytes a cell.
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    cells: Vec<(u16, u32)>,
}

impl Histogram {
    /// Adds a value. Cost: a binary search, and a new cell moves those above it.
    pub(super) fn record(&mut self, duration_ms: u64) {
        let cell = u16::try_from(cell_of(duration_ms)).unwrap_or(u16::MAX);
        match self.cells.binary_search_by_key(&cell, |(cell, _)| *cell) {
            Ok(place) => self.cells[place].1 += 1,
            Err(place) => self.cells.insert(place, (cell, 1)),
        }
    }

    /// Takes out values that are all in it.
    pub(super) fn subtract(&mut self, other: &Self) {
        let mut gone = other.cells.iter().peekable();
        self.cells.retain_mut(|(cell, count)| {
            while let Some((other, less)) = gone.peek() {
                match other.cmp(cell) {
                    Ordering::Less => gone.next(),
                    Ordering::Equal => {
                        *count -= less;
                        break;
                    }
                    Ordering::Greater => break,
                };
            }
            *count > 0
        });
    }

    /// Upper bounds of the cells that hold the `ceil(percent / 100 × count)`-th smallest values of
    /// `count`; `percents` ascend.
    pub(super) fn quantiles<const N: usize>(&self, count: u64, percents: [u64; N]) -> [u64; N] {
        let mut cells = self.cells.iter();
        let (mut seen, mut bound) = (0, 0);
        percents.map(|percent| {
            let rank = (count * percent).div_ceil(100).max(1);
            while seen < rank {
                let Some((cell, count)) = cells.next() else {
                    break;
                };
                seen += u64::from(*count);
                bound = upper_bound(usize::from(*cell));
            }
            bound
        })
    }

    pub(super) fn clear(&mut self) {
        self.cells.clear();
    }

    pub(super) fn bytes(&self) -> usize {
        self.cells.capacity() * size_of::<(u16, u32)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_what_is_left() {
        let mut all = Histogram::default();
        let mut low = Histogram::default();
        for duration in 1..=100 {
            all.record(duration);
            if duration <= 50 {
                low.record(duration);
            }
        }
        assert_eq!(all.quantiles(100, [50, 90, 99]), [50, 90, 99]);
        all.subtract(&low);
        assert_eq!(all.quantiles(50, [50, 90, 99]), [75, 95, 100]);
        assert_eq!(all.cells.len(), 50);
        let mut rest = Histogram::default();
        (51..=100).for_each(|duration| rest.record(duration));
        all.subtract(&rest);
        assert!(all.cells.is_empty());
        assert_eq!(all.quantiles(0, [50]), [0]);
    }
}
