//! One mergeable histogram: fixed log-linear cells, so that histograms of any parts add up to that of
//! the whole, cell by cell, and what has left can be subtracted again.
//!
//! It holds whole numbers: milliseconds, nanoseconds, counts. A quantile is the upper bound of the cell
//! that holds it: at or above the exact value, by at most `2^-BITS` of it. [`Histogram`] is within 1 %
//! (1/128), [`FineHistogram`] within 0.1 % (1/1024). The number of values and the greatest are exact.
//! Quantiles are never merged: whoever shows one takes it from the sum.

mod cells;
mod storage;

use cells::cell_of;
use cells::upper_bound;
use storage::Storage;

/// Values within 1 %: of sessions.
pub type Histogram = LogLinear<7>;
/// Values within 0.1 %: of stages.
pub type FineHistogram = LogLinear<10>;

/// How many values lie in each cell, how many there are, and the greatest.
///
/// Two are equal when they hold the same, however it is stored.
///
/// ```
/// use streamgauge::histogram::{Histogram, Quantile};
///
/// let mut all = Histogram::default();
/// let mut part = Histogram::default();
/// (1..=60).for_each(|ms| all.record(ms));
/// (61..=100).for_each(|ms| part.record(ms));
/// all.add(&part);
/// assert_eq!((all.count(), all.quantile(Quantile::P90), all.max()), (100, 90, 100));
/// all.subtract(&part, 60);
/// assert_eq!((all.count(), all.quantile(Quantile::P90), all.max()), (60, 54, 60));
/// ```
#[derive(Debug)]
pub struct LogLinear<const BITS: u32> {
    storage: Storage,
    count: u64,
    max: u64,
}

/// A share of all values, the least first: the 50th percentile is half of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantile(u32);

impl Quantile {
    /// The median.
    pub const P50: Self = Self(5_000);
    /// The 90th percentile.
    pub const P90: Self = Self(9_000);
    /// The 99th percentile.
    pub const P99: Self = Self(9_900);
    /// The 99.9th percentile.
    pub const P999: Self = Self(9_990);

    /// The place of the value among `count` in ascending order, from 1: `ceil(share × count)`.
    fn rank(self, count: u64) -> u64 {
        let rank = (u128::from(count) * u128::from(self.0)).div_ceil(10_000);
        u64::try_from(rank).unwrap_or(u64::MAX).max(1)
    }
}

impl<const BITS: u32> LogLinear<BITS> {
    /// An empty one for many values: 8 bytes a cell between the least and the greatest, each value is
    /// counted in constant time. [`Default`] is one for few values: 8 bytes a cell with any, and a binary
    /// search for each value.
    pub const fn dense() -> Self {
        Self {
            storage: Storage::DENSE,
            count: 0,
            max: 0,
        }
    }

    /// Counts a value.
    #[inline]
    pub fn record(&mut self, value: u64) {
        self.record_n(value, 1);
    }

    /// Counts a value so many times.
    #[inline]
    pub fn record_n(&mut self, value: u64, times: u64) {
        if times == 0 {
            return;
        }
        self.storage.add(cell_of::<BITS>(value), times);
        self.count += times;
        self.max = self.max.max(value);
    }

    /// Counts values that ascend from those that it holds, each in constant time; others are counted too.
    #[inline]
    pub fn record_ascending(&mut self, values: impl IntoIterator<Item = u64>) {
        for value in values {
            match self.storage.push(cell_of::<BITS>(value)) {
                true => {
                    self.count += 1;
                    self.max = self.max.max(value);
                }
                false => self.record(value),
            }
        }
    }

    /// Adds all values of another: those of both are in it then.
    pub fn add(&mut self, other: &Self) {
        let fits = u32::try_from(self.count.saturating_add(other.count)).is_ok();
        self.storage.add_all(&other.storage, fits);
        self.count += other.count;
        self.max = self.max.max(other.max);
    }

    /// Takes out the values of another, which are all in it. `max` is the greatest of those that stay:
    /// only who keeps the parts knows it.
    pub fn subtract(&mut self, other: &Self, max: u64) {
        self.storage.subtract(&other.storage);
        self.count = self.count.saturating_sub(other.count);
        self.max = max;
    }

    /// How many values there are, exact.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The greatest value, exact; 0 when there is none.
    pub const fn max(&self) -> u64 {
        self.max
    }

    /// The upper bound of the cell that holds the `ceil(share × count)`-th smallest value, and no more
    /// than the greatest; 0 when there is none. Cost: a walk over the cells.
    pub fn quantile(&self, quantile: Quantile) -> u64 {
        let [value] = self.quantiles([quantile]);
        value
    }

    /// Several quantiles in one walk; they ascend.
    pub fn quantiles<const N: usize>(&self, quantiles: [Quantile; N]) -> [u64; N] {
        let mut cells = self.storage.iter();
        let (mut seen, mut bound) = (0, 0);
        quantiles.map(|quantile| {
            let rank = quantile.rank(self.count);
            while seen < rank {
                let Some((cell, count)) = cells.next() else {
                    break;
                };
                seen += count;
                bound = upper_bound::<BITS>(cell);
            }
            bound.min(self.max)
        })
    }

    /// The upper bound of every cell with a value, ascending, and how many it holds.
    pub fn cells(&self) -> impl Iterator<Item = (u64, u64)> {
        let cells = self.storage.iter();
        cells.map(|(cell, count)| (upper_bound::<BITS>(cell), count))
    }

    /// Makes it hold what another holds, in its own kind of storage and in the memory that it has.
    pub fn refill(&mut self, other: &Self) {
        self.clear();
        self.add(other);
    }

    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.storage.clear();
        self.count = 0;
        self.max = 0;
    }

    /// Memory beside itself, in bytes.
    pub fn bytes(&self) -> usize {
        self.storage.bytes()
    }
}

impl<const BITS: u32> Default for LogLinear<BITS> {
    fn default() -> Self {
        Self {
            storage: Storage::Sparse(Vec::new()),
            count: 0,
            max: 0,
        }
    }
}

impl<const BITS: u32> Clone for LogLinear<BITS> {
    fn clone(&self) -> Self {
        Self {
            storage: self.storage.clone(),
            count: self.count,
            max: self.max,
        }
    }

    /// Copies into memory that is there.
    fn clone_from(&mut self, other: &Self) {
        self.storage.clone_from(&other.storage);
        self.count = other.count;
        self.max = other.max;
    }
}

impl<const BITS: u32> PartialEq for LogLinear<BITS> {
    fn eq(&self, other: &Self) -> bool {
        (self.count, self.max) == (other.count, other.max)
            && self.storage.iter().eq(other.storage.iter())
    }
}

impl<const BITS: u32> Eq for LogLinear<BITS> {}

/// A histogram of values, for few of them.
impl<const BITS: u32> FromIterator<u64> for LogLinear<BITS> {
    fn from_iter<I: IntoIterator<Item = u64>>(values: I) -> Self {
        let mut histogram = Self::default();
        values.into_iter().for_each(|value| histogram.record(value));
        histogram
    }
}

#[cfg(test)]
mod tests;
