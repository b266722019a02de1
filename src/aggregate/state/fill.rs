//! What the state publishes.

use super::State;
use super::clock::minute_of;
use crate::aggregate::longest::LongestOpen;
use crate::snapshot::DedupStats;
use crate::snapshot::SessionStats;
use crate::snapshot::Snapshot;
use crate::snapshot::WindowStats;

impl State {
    /// Writes everything this state knows into a snapshot, except what the writer knows: engine id,
    /// sequence, time of publishing, rings and latency.
    pub fn fill(&self, snapshot: &mut Snapshot) {
        snapshot.now = self.now.unwrap_or(self.started);
        snapshot.clock = self.clock_status;
        snapshot.counters_since = self.started;
        snapshot.total_connections = self.total_connections;
        snapshot.counters = self.counters;
        snapshot.sessions = SessionStats {
            open: self.sessions.open_count() as u64,
            open_uncertain: self.open_uncertain,
            open_since: self.coverage.first_live(),
            is_open_complete: self.is_open_complete(),
            pending: self.sessions.pending_count() as u64,
            closed: self.sessions.closed_count() as u64,
            bytes: (self.sessions.bytes() + self.longest.as_ref().map_or(0, LongestOpen::bytes))
                as u64,
        };
        let forgotten = self.dedup.forgotten_before(self.live.buckets.current());
        snapshot.dedup = DedupStats {
            fingerprints: self.dedup.fingerprints(),
            bytes: self.dedup.bytes(),
            forgotten_before: forgotten.map(|bucket| self.settings.width.start_of(bucket)),
        };
        let newest = self.newest.map(|(time, _)| time);
        self.coverage.fill(&mut snapshot.stream, newest);
        if let Some(groups) = &self.live.groups {
            snapshot.groups.clone_from(groups.published());
            snapshot.series.clone_from(groups.series());
        }
        if let Some(longest) = &self.longest {
            snapshot.longest.clone_from(longest.published());
        }
        snapshot
            .windows
            .resize_with(self.settings.windows.len(), WindowStats::default);
        for (index, stats) in snapshot.windows.iter_mut().enumerate() {
            self.fill_window(index, stats);
        }
    }

    /// Whether an open session from before the stream was first live would have been let go by now.
    fn is_open_complete(&self) -> bool {
        // While the clock is on hold nobody is let go.
        let hold = self.hold.as_deref();
        let now = hold.map_or_else(|| self.clock(), |hold| hold.timeline.now);
        let since = self.coverage.first_live();
        since.is_some_and(|since| {
            let idle_minutes = self.settings.idle_timeout_ms.div_ceil(60_000);
            let passed = minute_of(now).saturating_sub(minute_of(since));
            u64::from(passed) > idle_minutes
        })
    }

    fn fill_window(&self, index: usize, stats: &mut WindowStats) {
        let length = self.settings.windows[index];
        let sums = self.live.buckets.window(length);
        let start = self
            .settings
            .width
            .start_of(length.first_bucket(self.live.buckets.current()));
        *stats = WindowStats {
            length_ms: length.ms(),
            start,
            active_sessions: sums.active,
            connections: sums.connections,
            disconnections: sums.disconnections,
            messages: sums.messages,
            closed_sessions: sums.closed,
            closed_duration_ms: sums.closed_duration_ms,
            ended_messages: sums.ended_messages,
            durations: self.live.durations[index].quantiles(),
            pane_ms: length.pane_buckets() * self.settings.width.ms(),
            coverage_ms: self.coverage.covered_ms(start, length.ms()),
        };
    }
}
