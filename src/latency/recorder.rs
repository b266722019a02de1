//! The histograms of one thread.

use super::Latencies;
use super::Stage;
use super::Steps;
use super::hdr::MAX_NS;
use crate::histogram::FineHistogram;
use crate::histogram::Histogram;

/// Panes of the last minute and their length.
const PANES: usize = 12;
const PANE_NS: u64 = 5_000_000_000;

/// Histograms of every stage since start and over the last minute, owned by one thread.
///
/// Memory: 8 KiB a stage since start and 13 times 1 KiB a stage for the last minute, for each power of two
/// between the shortest time and the longest: mostly about 250 KiB a stage.
#[derive(Debug)]
pub struct Recorder {
    stages: Vec<StageHistograms>,
    pane: u64,
}

#[derive(Debug)]
struct StageHistograms {
    since_start: FineHistogram,
    /// Sum of `panes`.
    last_minute: Histogram,
    panes: Vec<Histogram>,
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
        histograms.since_start.record_n(ns, count);
        histograms.last_minute.record_n(ns, count);
        histograms.panes[pane].record_n(ns, count);
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

    /// A copy of the histograms of every stage, only the cells with a value: a walk over each.
    pub fn latencies(&self) -> Latencies {
        let mut latencies = Latencies::default();
        for (index, histograms) in self.stages.iter().enumerate() {
            latencies.since_start[index].refill(&histograms.since_start);
            latencies.last_minute[index].refill(&histograms.last_minute);
            latencies.steps[index] = histograms.steps;
        }
        latencies
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
            since_start: FineHistogram::dense(),
            last_minute: Histogram::dense(),
            panes: vec![Histogram::dense(); PANES],
            steps: Steps::default(),
        }
    }

    /// Takes a pane out of the last minute and empties it.
    fn retire(&mut self, pane: usize) {
        if self.panes[pane].is_empty() {
            return;
        }
        let others = self.panes.iter().enumerate();
        let max_ns = others
            .filter(|(other, _)| *other != pane)
            .map(|(_, pane)| pane.max())
            .max();
        let pane = &mut self.panes[pane];
        self.last_minute.subtract(pane, max_ns.unwrap_or(0));
        pane.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::histogram::Quantile;

    #[test]
    fn quantiles_are_within_a_thousandth() {
        let mut recorder = Recorder::new();
        for ns in 1..=100_000 {
            recorder.record(Stage::Ring, ns, 1);
        }
        let latencies = recorder.latencies();
        let times = &latencies.since_start[Stage::Ring.index()];
        assert_eq!(times.count(), 100_000);
        let steps = latencies.steps[Stage::Ring.index()];
        assert_eq!((steps.count, steps.sum_ns), (100_000, 5_000_050_000));
        assert_eq!(steps.counts[..5], [1_000, 4_000, 5_000, 40_000, 50_000]);
        for (quantile, exact) in [(Quantile::P50, 50_000_u64), (Quantile::P999, 99_900)] {
            let value = times.quantile(quantile);
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
            let latencies = recorder.latencies();
            let index = Stage::Visible.index();
            (
                latencies.last_minute[index].count(),
                latencies.since_start[index].count(),
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
