//! A run second by second: what the table of the run as a whole hides.

use crate::latency::Histogram;

/// One second of the plan. Latencies are corrected, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Second {
    /// Counted from 0, the first one measured.
    pub index: u64,
    /// Events due in it that a reader has seen.
    pub visible: u64,
    /// Half of them took no longer.
    pub p50_ms: f64,
    /// 99 % of them took no longer.
    pub p99_ms: f64,
    /// 99.9 % of them took no longer.
    pub p99_9_ms: f64,
    /// The slowest.
    pub max_ms: f64,
    /// The latest that one was sent after it was due.
    pub slip_ms_max: f64,
    /// The greatest share of the ring that was seen in use meanwhile, from 0 to 1.
    pub ring_share_max: f64,
}

impl Second {
    pub(super) fn new(index: u64, latency: &Histogram, slip_ns_max: u64, ring_share: f64) -> Self {
        let quantile = |share| ms(latency.quantile_ns(share));
        Self {
            index,
            visible: latency.count(),
            p50_ms: quantile(0.5),
            p99_ms: quantile(0.99),
            p99_9_ms: quantile(0.999),
            max_ms: ms(latency.max_ns()),
            slip_ms_max: ms(slip_ns_max),
            ring_share_max: ring_share,
        }
    }
}

/// The seconds as comma-separated values with a line of names.
pub fn csv(seconds: &[Second]) -> String {
    let mut text =
        "second,visible,p50_ms,p99_ms,p99_9_ms,max_ms,slip_max_ms,ring_share_max\n".to_owned();
    for second in seconds {
        text.push_str(&format!(
            "{},{},{:.3},{:.3},{:.3},{:.3},{:.3},{:.4}\n",
            second.index,
            second.visible,
            second.p50_ms,
            second.p99_ms,
            second.p99_9_ms,
            second.max_ms,
            second.slip_ms_max,
            second.ring_share_max,
        ));
    }
    text
}

/// Nanoseconds in milliseconds.
#[expect(clippy::cast_precision_loss, reason = "times stay far below 2^53 ns")]
pub(super) fn ms(ns: u64) -> f64 {
    ns as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_a_second() {
        let mut histogram = Histogram::new();
        histogram.record(1_000_000, 10);
        let second = Second::new(3, &histogram, 2_000_000, 0.25);
        let text = csv(&[second]);
        let (names, line) = text.split_once('\n').unwrap();
        assert_eq!(names.split(',').count(), line.split(',').count());
        assert_eq!(line, "3,10,1.000,1.000,1.000,1.000,2.000,0.2500\n");
    }
}
