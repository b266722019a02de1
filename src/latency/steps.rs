//! Counts of one stage's times under fixed bounds: what monitoring can add up over processes and
//! take rates of, which percentiles cannot.

/// Upper bounds of the steps, in nanoseconds: a microsecond to ten seconds. Times above the last are
/// in the count alone.
pub const STEP_BOUNDS_NS: [u64; 16] = [
    1_000,
    5_000,
    10_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    50_000_000,
    100_000_000,
    500_000_000,
    1_000_000_000,
    10_000_000_000,
];

/// Times of one stage since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// How many times were at most the bound of [`STEP_BOUNDS_NS`] in the same place and above the
    /// one before it.
    pub counts: [u64; STEP_BOUNDS_NS.len()],
    /// How many times there were.
    pub count: u64,
    /// Their sum, in nanoseconds; stops at the greatest number.
    pub sum_ns: u64,
}

impl Steps {
    /// Adds the times of another engine.
    pub(super) fn add(&mut self, other: &Self) {
        for (own, more) in self.counts.iter_mut().zip(other.counts) {
            *own += more;
        }
        self.count += other.count;
        self.sum_ns = self.sum_ns.saturating_add(other.sum_ns);
    }

    /// Counts `count` times of `ns` nanoseconds.
    pub(super) fn record(&mut self, ns: u64, count: u64) {
        self.count += count;
        self.sum_ns = self.sum_ns.saturating_add(ns.saturating_mul(count));
        let step = STEP_BOUNDS_NS.partition_point(|bound| *bound < ns);
        if let Some(counted) = self.counts.get_mut(step) {
            *counted += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_on_a_bound_is_under_it() {
        let mut steps = Steps::default();
        for (ns, count) in [(0, 1), (1_000, 2), (1_001, 4), (10_000_000_000, 8)] {
            steps.record(ns, count);
        }
        steps.record(10_000_000_001, 16);
        assert_eq!((steps.counts[0], steps.counts[1]), (3, 4));
        assert_eq!((steps.counts[15], steps.count), (8, 31));
        assert_eq!(
            steps.sum_ns,
            2_000 + 4_004 + 80_000_000_000 + 160_000_000_016
        );
        assert!(STEP_BOUNDS_NS.is_sorted());
    }
}
