//! The histograms of one thread.

use std::sync::Arc;

use super::histogram::MAX_NS;
use super::histogram::fixed;
use super::{Histogram, LatencySummary, Quantiles, Stage, Steps};

/// Panes of the last minute and their length.
const PANES: usize = 12;
const PANE_NS: u64 = 5_000_000_000;

/// Histograms of every stage since start and over the last minute, owned by one thread.
///
/// Memory: about 220 KiB a stage since start, and 13 times 30 KiB a stage for the last minute.
#[derive(Debug)]
pub struct Recorder {
    stages: Vec<StageHistograms>,
    pane: u64,
}

#[derive(Debug)]
struct StageHistograms {
    since_start: Histogram,
    /// Sum of `panes`.
    last_minute: hdrhistogram::Histogram<u64>,
    panes: Vec<hdrhistogram::Histogram<u64>>,
    steps: Steps,
}

impl Recorder {
    /// Empty histograms.
    pub fn new() -> Self {
        let stages = Stage::ALL.iter().map(|_| StageHistograms::new()).collect();
        Self { stages, pane: 0 }
    }

    /// Records `count` values of `ns` nanoseconds, in constant time.
    pub fn record(&mut self, stage: Stage, ns: u64, count: u64) {
        if count == 0 {
            return;
        }
        let pane = usize::try_from(self.pane).unwrap_or_default() % PANES;
        let ns = ns.clamp(1, MAX_NS);
        let histograms = &mut self.stages[stage.index()];
        histograms.since_start.record(ns, count);
        histograms.last_minute.saturating_record_n(ns, count);
        histograms.panes[pane].saturating_record_n(ns, count);
        histograms.steps.record(ns, count);
    }

    /// Lets the panes go that are older than a minute at `now_ns` of the monotonic clock.
    pub fn slide(&mut self, now_ns: u64) {
        let target = now_ns / PANE_NS;
        if target <= self.pane {
            return;
        }
        let steps = (target - self.pane).min(PANES as u64);
        for step in 1..=steps {
            let pane = target - steps + step;
            let index = usize::try_from(pane).unwrap_or_default() % PANES;
            for histograms in &mut self.stages {
                histograms.retire(index);
            }
        }
        self.pane = target;
    }

    /// The quantiles of every stage: six scans of each histogram, some ten microseconds a stage.
    pub fn summary(&self) -> LatencySummary {
        let mut summary = LatencySummary::default();
        for (index, histograms) in self.stages.iter().enumerate() {
            summary.since_start[index] = quantiles(&histograms.since_start.0);
            summary.last_minute[index] = quantiles(&histograms.last_minute);
            summary.steps[index] = histograms.steps;
        }
        summary
    }

    /// A copy of every stage's histogram since start, by [`Stage::index`]: some 1.5 MB.
    pub fn spectra(&self) -> Arc<[Histogram]> {
        self.stages
            .iter()
            .map(|histograms| histograms.since_start.clone())
            .collect()
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}

impl StageHistograms {
    fn new() -> Self {
        Self {
            since_start: Histogram::new(),
            last_minute: fixed(2),
            panes: (0..PANES).map(|_| fixed(2)).collect(),
            steps: Steps::default(),
        }
    }

    /// Takes a pane out of the last minute and empties it.
    fn retire(&mut self, pane: usize) {
        if self.panes[pane].is_empty() {
            return;
        }
        // Both have the same bounds and every value of the pane was recorded in the minute.
        if self.last_minute.subtract(&self.panes[pane]).is_err() {
            unreachable!("a pane holds only what the minute holds");
        }
        self.panes[pane].reset();
    }
}

fn quantiles(histogram: &hdrhistogram::Histogram<u64>) -> Quantiles {
    if histogram.is_empty() {
        return Quantiles::default();
    }
    Quantiles {
        count: histogram.len(),
        p50_ns: histogram.value_at_quantile(0.5),
        p90_ns: histogram.value_at_quantile(0.9),
        p99_ns: histogram.value_at_quantile(0.99),
        p999_ns: histogram.value_at_quantile(0.999),
        max_ns: histogram.max(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_a_thousandth() {
        let mut recorder = Recorder::new();
        for ns in 1..=100_000 {
            recorder.record(Stage::Ring, ns, 1);
        }
        let quantiles = recorder.summary().since_start[Stage::Ring.index()];
        assert_eq!(quantiles.count, 100_000);
        let steps = recorder.summary().steps[Stage::Ring.index()];
        assert_eq!((steps.count, steps.sum_ns), (100_000, 5_000_050_000));
        assert_eq!(steps.counts[..5], [1_000, 4_000, 5_000, 40_000, 50_000]);
        for (value, exact) in [(quantiles.p50_ns, 50_000_u64), (quantiles.p999_ns, 99_900)] {
            assert!(
                value.abs_diff(exact) * 1_000 <= exact,
                "{value} against {exact}"
            );
        }
    }

    #[test]
    fn the_last_minute_forgets() {
        let mut recorder = Recorder::new();
        recorder.record(Stage::Visible, 500, 3);
        let visible = |recorder: &Recorder| {
            let summary = recorder.summary();
            let index = Stage::Visible.index();
            (
                summary.last_minute[index].count,
                summary.since_start[index].count,
            )
        };
        recorder.slide(59 * 1_000_000_000);
        assert_eq!(visible(&recorder), (3, 3));
        recorder.slide(60 * 1_000_000_000);
        assert_eq!(visible(&recorder), (0, 3));
        recorder.slide(600 * 1_000_000_000);
        recorder.record(Stage::Visible, u64::MAX, 1);
        assert_eq!(visible(&recorder), (1, 4));
    }
}
