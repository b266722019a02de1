//! An HdrHistogram of times, with the forms that people and their tools read.
//!
//! The range is fixed when it is made, so recording never allocates and never fails.

use std::fmt::Write as _;

use crate::histogram::FineHistogram;

/// The longest time that is distinguished, in nanoseconds: one minute. Longer ones are recorded as this.
pub(super) const MAX_NS: u64 = 60_000_000_000;
/// Lines of the percentile text between two halvings of what is left above.
const LINES_PER_HALVING: u32 = 5;
const NS_PER_MS: f64 = 1e6;

/// Times of 1 ns to 60 s, kept to three significant digits. Memory: about 220 KiB.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram(pub(super) hdrhistogram::Histogram<u64>);

impl Histogram {
    /// An empty histogram.
    pub fn new() -> Self {
        Self(fixed(3))
    }

    /// Records `count` values of `ns` nanoseconds, in constant time.
    pub fn record(&mut self, ns: u64, count: u64) {
        self.0.saturating_record_n(ns.clamp(1, MAX_NS), count);
    }

    /// How many values were recorded.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The least value, to its three digits, that at least the share `quantile` of all values does
    /// not exceed, in nanoseconds; 0 when there is none.
    pub fn quantile_ns(&self, quantile: f64) -> u64 {
        if self.0.is_empty() {
            return 0;
        }
        self.0.value_at_quantile(quantile)
    }

    /// The greatest value, to its three digits, in nanoseconds; 0 when there is none.
    pub fn max_ns(&self) -> u64 {
        self.0.max()
    }

    /// The mean, in nanoseconds; 0 when there is none.
    pub fn mean_ns(&self) -> f64 {
        self.0.mean()
    }

    /// Adds all values of another histogram.
    pub fn add(&mut self, other: &Self) {
        if let Err(error) = self.0.add(&other.0) {
            unreachable!("all have the same bounds: {error}");
        }
    }

    /// Forgets all values; keeps the memory.
    pub fn clear(&mut self) {
        self.0.reset();
    }

    /// The percentile distribution as text (`.hgrm`), values in milliseconds, as the plotters of
    /// HdrHistogram read it.
    pub fn percentile_text(&self) -> String {
        let mut text = "       Value     Percentile TotalCount 1/(1-Percentile)\n\n".to_owned();
        let mut total = 0;
        for step in self.0.iter_quantiles(LINES_PER_HALVING) {
            total += step.count_since_last_iteration();
            let quantile = step.quantile_iterated_to();
            let value = ms(step.value_iterated_to());
            // The last line has no finite inverse and leaves the column out.
            let inverse = match quantile < 1.0 {
                true => format!(" {:14.2}", 1.0 / (1.0 - quantile)),
                false => String::new(),
            };
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{value:12.6} {quantile:14.12} {total:10}{inverse}");
        }
        let (mean, deviation) = (self.0.mean() / NS_PER_MS, self.0.stdev() / NS_PER_MS);
        let (max, count) = (ms(self.0.max()), self.0.len());
        let (buckets, sub_buckets) = (self.0.buckets(), sub_buckets(self.0.sigfig()));
        let _ = write!(
            text,
            "#[Mean    = {mean:12.6}, StdDeviation   = {deviation:12.6}]\n\
             #[Max     = {max:12.6}, Total count    = {count:12}]\n\
             #[Buckets = {buckets:12}, SubBuckets     = {sub_buckets:12}]\n"
        );
        text
    }
}

/// A histogram of the same cells: what it says is the same.
impl From<&FineHistogram> for Histogram {
    fn from(times: &FineHistogram) -> Self {
        let mut histogram = Self::new();
        for (ns, count) in times.cells() {
            histogram.record(ns, count);
        }
        histogram
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

/// A histogram of the full range with `digits` significant digits.
fn fixed(digits: u8) -> hdrhistogram::Histogram<u64> {
    match hdrhistogram::Histogram::new_with_bounds(1, MAX_NS, digits) {
        Ok(histogram) => histogram,
        Err(error) => unreachable!("constant bounds are valid: {error}"),
    }
}

/// Cells of one bucket: the power of two that tells twice `10^digits` values apart.
fn sub_buckets(digits: u8) -> u64 {
    (2 * 10_u64.pow(u32::from(digits))).next_power_of_two()
}

#[expect(clippy::cast_precision_loss, reason = "a minute has far below 2^53 ns")]
fn ms(ns: u64) -> f64 {
    ns as f64 / NS_PER_MS
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::histogram::Quantile;

    #[test]
    fn the_text_of_a_known_histogram() {
        let mut histogram = Histogram::new();
        for ms in 1..=4 {
            histogram.record(ms * 1_000_000, 1);
        }
        let text = histogram.percentile_text();
        let expected = "       Value     Percentile TotalCount 1/(1-Percentile)

    1.000447 0.000000000000          1           1.00
    1.000447 0.100000000000          1           1.11
    1.000447 0.200000000000          1           1.25
";
        assert!(text.starts_with(expected), "{text}");
        let last = "    4.001791 1.000000000000          4
#[Mean    =     2.500160, StdDeviation   =     1.118106]
#[Max     =     4.001791, Total count    =            4]
#[Buckets =           26, SubBuckets     =         2048]
";
        assert!(text.ends_with(last), "{text}");
    }

    #[test]
    fn every_line_of_the_text_has_four_numbers_that_never_fall() {
        let mut histogram = Histogram::new();
        for ns in 1..50_000 {
            histogram.record(ns * 37, 1 + ns % 3);
        }
        let text = histogram.percentile_text();
        let mut last = [0.0; 4];
        for line in text
            .lines()
            .skip(2)
            .take_while(|line| !line.starts_with('#'))
        {
            let numbers: Vec<f64> = line
                .split_whitespace()
                .map(|number| number.parse().unwrap())
                .collect();
            assert_eq!(
                numbers.len(),
                if numbers[1] < 1.0 { 4 } else { 3 },
                "{line}"
            );
            for (number, before) in numbers.iter().zip(&mut last) {
                assert!(number >= before, "{line}");
                *before = *number;
            }
        }
        assert_eq!(last[1], 1.0);
        assert_eq!(last[2], histogram.count() as f64);
    }

    proptest! {
        #[test]
        fn our_histograms_say_what_an_hdr_histogram_says(times in vec(1..MAX_NS, 0..200)) {
            let mut expected = Histogram::new();
            times.iter().for_each(|ns| expected.record(*ns, 1));
            let ours: FineHistogram = times.iter().copied().collect();
            prop_assert_eq!(&Histogram::from(&ours), &expected);
            let coarse: crate::histogram::Histogram = times.iter().copied().collect();
            let mut expected_coarse = hdrhistogram::Histogram::<u64>::new_with_bounds(1, MAX_NS, 2).unwrap();
            times.iter().for_each(|ns| expected_coarse.record(*ns).unwrap());
            for (quantile, share) in [(Quantile::P50, 0.5), (Quantile::P90, 0.9), (Quantile::P99, 0.99), (Quantile::P999, 0.999)] {
                // Ours are no more than the greatest value, which is exact.
                prop_assert_eq!(ours.quantile(quantile), expected.quantile_ns(share).min(ours.max()));
                if !times.is_empty() {
                    let expected = expected_coarse.value_at_quantile(share);
                    prop_assert_eq!(coarse.quantile(quantile), expected.min(coarse.max()));
                }
            }
        }
    }

    #[test]
    fn an_empty_histogram_has_zeros_and_a_text() {
        let histogram = Histogram::new();
        assert_eq!((histogram.quantile_ns(0.99), histogram.max_ns()), (0, 0));
        assert!(
            histogram
                .percentile_text()
                .contains("Total count    =            0")
        );
    }

    #[test]
    fn sums_hold_the_values_of_both() {
        let (mut sum, mut other) = (Histogram::new(), Histogram::new());
        sum.record(1_000, 2);
        other.record(u64::MAX, 1);
        sum.add(&other);
        assert_eq!((sum.count(), sum.quantile_ns(0.5)), (3, 1_000));
        assert!(sum.max_ns() >= MAX_NS);
        sum.clear();
        assert_eq!(sum, Histogram::new());
    }
}
