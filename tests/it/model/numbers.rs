//! Every published number, counted again from the lists of everything that was booked.

use std::sync::Arc;

use streamgauge::histogram::Histogram;
use streamgauge::histogram::Quantile;
use streamgauge::metric::Measure;
use streamgauge::snapshot::DedupStats;
use streamgauge::snapshot::Measured;
use streamgauge::snapshot::SessionStats;
use streamgauge::snapshot::Snapshot;
use streamgauge::snapshot::WindowStats;
use streamgauge::time::EpochMs;
use streamgauge::window::BucketIndex;
use streamgauge::window::WindowLength;

use super::Model;
use super::clock::NOWHERE;
use super::minute;
use super::reply::Reply;
use super::table::Open;
use super::table::Row;

impl Model {
    /// What the engine has to publish now. Fields that are no numbers of the model (ids, memory,
    /// latency, times of publishing and arrival) keep their defaults.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let windows = self.settings.windows.iter();
        Snapshot {
            now: self.now(),
            windows: windows.map(|length| self.window(*length)).collect(),
            total_connections: self.total,
            sessions: self.sessions(),
            counters: self.counters,
            stream: self.connection.status(self.newest),
            dedup: self.dedup(),
            ..Snapshot::default()
        }
    }

    pub(super) fn window(&self, length: WindowLength) -> WindowStats {
        let current = self.bucket(self.now());
        let oldest = current - i64::from(length.buckets());
        let covers = |bucket: i64| oldest < bucket && bucket <= current;
        let start = self.settings.width.start_of(BucketIndex(oldest + 1));

        let connected_inside = self.ended.iter().filter(|end| covers(end.connect_bucket));
        let ended_inside = self
            .ended
            .iter()
            .filter(|end| covers(end.disconnect_bucket));
        let replies = self.replies.iter().filter(|reply| covers(reply.bucket));
        let first = replies.clone().filter(|reply| reply.is_first);
        WindowStats {
            length_ms: length.ms(),
            start,
            active_sessions: count(self.open_rows().filter(|open| covers(open.connect_bucket))),
            connections: count(self.connects.iter().filter(|bucket| covers(**bucket))),
            disconnections: count(ended_inside.clone()),
            messages: count(self.messages.iter().filter(|bucket| covers(**bucket))),
            closed_sessions: count(connected_inside.clone()),
            closed_duration_ms: connected_inside.map(|end| end.duration_ms).sum(),
            ended_messages: ended_inside.clone().map(|end| end.messages).sum(),
            responses: count(replies.clone()),
            response_ms: replies.map(|reply| reply.waited_ms).sum(),
            first_responses: count(first.clone()),
            first_response_ms: first.map(|reply| reply.waited_ms).sum(),
            unanswered: count(ended_inside.clone().filter(|end| end.left[0])),
            never_answered: count(ended_inside.filter(|end| end.left[1])),
            measured: Measured::from_fn(|measure| self.measured(length, measure)),
            pane_ms: u32::try_from(self.pane_buckets(length)).unwrap() * self.settings.width.ms(),
            coverage_ms: self.coverage_ms(start, start + i64::from(length.ms())),
        }
    }

    /// Over whole panes: those whose first bucket is in `(p − W, p]`, where `p` is the first bucket of the
    /// clock's pane and `W` as many panes as fit into the window; of them only what is retained.
    fn measured(&self, length: WindowLength, measure: Measure) -> Option<Arc<Histogram>> {
        let pane = self.pane_buckets(length);
        // As many panes as make up no more than the window.
        let buckets = i64::from(length.buckets()) / pane * pane;
        let first_of_pane = |bucket: i64| bucket.div_euclid(pane) * pane;
        let newest = first_of_pane(self.bucket(self.now()));
        let oldest = newest - buckets;
        let covers = |(bucket, rewinds): (i64, usize)| {
            if bucket == NOWHERE {
                return false;
            }
            let first = first_of_pane(bucket);
            // Where the clock went back, the pane that held it stayed as it was.
            let has_stayed = self.clocks.rewinds[rewinds..].iter().all(|(from, to)| {
                let (from, to) = (first_of_pane(*from), first_of_pane(*to));
                from - buckets < first && first <= to
            });
            oldest < first && first <= newest && has_stayed && self.is_retained(bucket)
        };
        let ended = self.ended.iter().filter(|end| covers(end.recorded));
        let ends = ended.filter_map(|end| value_of(measure, end.duration_ms, end.messages));
        let replies = self.replies.iter().filter(|reply| covers(reply.recorded));
        let replies = replies.filter_map(|reply| value_of_reply(measure, reply));
        histogram(ends.chain(replies).collect())
    }

    /// A pane is a sixtieth of the window, rounded up to whole buckets.
    fn pane_buckets(&self, length: WindowLength) -> i64 {
        (i64::from(length.buckets()) + 59) / 60
    }

    pub(super) fn coverage_ms(&self, start: EpochMs, end: EpochMs) -> u64 {
        self.connection.coverage_ms(start, end)
    }

    fn sessions(&self) -> SessionStats {
        let rows = || self.rows.values();
        SessionStats {
            open: count(self.open_rows()),
            open_uncertain: count(self.open_rows().filter(|open| !open.certain)),
            awaiting: count(self.awaiting()),
            awaiting_since: self.awaiting().map(|(_, since)| since).min(),
            open_since: self.connection.known_since(),
            is_open_complete: self.connection.known_since().is_some_and(|since| {
                let now = self.elapsed().unwrap_or_else(|| self.now());
                let idle = self.settings.idle_timeout_ms.div_ceil(60_000);
                minute(now) > minute(since) + i64::try_from(idle).unwrap()
            }),
            pending: count(rows().filter(|row| matches!(row, Row::Pending { .. }))),
            closed: count(rows().filter(|row| matches!(row, Row::Closed { .. }))),
            bytes: 0,
        }
    }

    pub(super) fn open_rows(&self) -> impl Iterator<Item = &Open> {
        self.rows.values().filter_map(|row| match row {
            Row::Open(open) => Some(open),
            _ => None,
        })
    }

    fn dedup(&self) -> DedupStats {
        let kept = self.fingerprints.iter();
        DedupStats {
            fingerprints: count(kept.filter(|(bucket, _)| self.is_retained(*bucket))),
            bytes: 0,
            forgotten_before: None,
        }
    }
}

/// What an ended session adds to the histogram of a measure.
pub(super) fn value_of(measure: Measure, duration_ms: u64, messages: u64) -> Option<u64> {
    match measure {
        Measure::Duration => Some(duration_ms),
        Measure::Messages => Some(messages),
        Measure::Response | Measure::FirstResponse => None,
    }
}

/// What a reply adds to it.
pub(super) fn value_of_reply(measure: Measure, reply: &Reply) -> Option<u64> {
    match measure {
        Measure::Response => Some(reply.waited_ms),
        Measure::FirstResponse => reply.is_first.then_some(reply.waited_ms),
        Measure::Duration | Measure::Messages => None,
    }
}

/// The histogram of values, whose quantiles are those of a sorted list; `None` of nothing.
pub(super) fn histogram(mut durations: Vec<u64>) -> Option<Arc<Histogram>> {
    durations.sort_unstable();
    let max = *durations.last()?;
    let quantile = |percent: usize| {
        let rank = (durations.len() * percent).div_ceil(100).max(1);
        upper_bound(durations[rank - 1]).min(max)
    };
    let histogram: Histogram = durations.iter().copied().collect();
    assert_eq!(
        (histogram.count(), histogram.max()),
        (count(&durations), max)
    );
    assert_eq!(histogram.quantile(Quantile::P50), quantile(50));
    assert_eq!(histogram.quantile(Quantile::P90), quantile(90));
    assert_eq!(histogram.quantile(Quantile::P99), quantile(99));
    Some(Arc::new(histogram))
}

/// The last value of the histogram cell that holds `value`: exact below 256, then seven
/// binary digits after the leading one.
fn upper_bound(value: u64) -> u64 {
    let mut cell_width = 1;
    while value / cell_width >= 256 {
        cell_width *= 2;
    }
    value / cell_width * cell_width + (cell_width - 1)
}

pub(super) fn count<T>(items: impl IntoIterator<Item = T>) -> u64 {
    u64::try_from(items.into_iter().count()).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_at_most_a_hundredth_wide() {
        for exact in [0, 1, 127, 128, 255] {
            assert_eq!(upper_bound(exact), exact);
        }
        assert_eq!(upper_bound(256), 257);
        assert_eq!(upper_bound(257), 257);
        assert_eq!(upper_bound(511), 511);
        assert_eq!(upper_bound(512), 515);
        assert_eq!(upper_bound(u64::MAX), u64::MAX);
        for value in [1_000_u64, 60_000, 3_600_001, 4_000_000_000] {
            let bound = upper_bound(value);
            assert!(bound >= value && (bound - value) * 100 <= value, "{value}");
        }
    }
}
