//! What the state publishes.

use std::sync::Arc;

use super::State;
use super::clock::minute_of;
use crate::aggregate::groups::Groups;
use crate::aggregate::longest::LongestOpen;
use crate::snapshot::DedupStats;
use crate::snapshot::Measured;
use crate::snapshot::SessionStats;
use crate::snapshot::Snapshot;
use crate::snapshot::WindowStats;
use crate::window::Span;

impl State {
    /// Writes everything this state knows into a snapshot, except what the writer knows: engine id,
    /// sequence, time of publishing, rings, latency and alerts.
    pub fn fill(&self, snapshot: &mut Snapshot) {
        // Every field by name, because the snapshot is a used one: what is not set here would go on
        // saying what it said then.
        let Snapshot {
            now,
            clock,
            counters_since,
            windows,
            total_connections,
            sessions,
            counters,
            stream,
            dedup,
            groups,
            series,
            longest,
            desk,
            // `Writer::publish` sets these.
            engine_id: _,
            sequence: _,
            published: _,
            ring: _,
            latency: _,
            directory: _,
            alerts: _,
        } = snapshot;
        *now = self.now.unwrap_or(self.started);
        *clock = self.clock_status;
        *counters_since = self.started;
        *total_connections = self.total_connections;
        *counters = self.counters;
        *sessions = SessionStats {
            open: self.sessions.open_count() as u64,
            open_uncertain: self.open_uncertain,
            awaiting: self.awaiting.count(),
            awaiting_since: self.awaiting.since(),
            open_since: self.coverage.first_live(),
            is_open_complete: self.is_open_complete(),
            pending: self.sessions.pending_count() as u64,
            closed: self.sessions.closed_count() as u64,
            bytes: (self.sessions.bytes()
                + self.awaiting.bytes()
                + self.longest.as_ref().map_or(0, LongestOpen::bytes)) as u64,
        };
        let forgotten = self
            .dedup
            .forgotten_before(self.live.buckets.oldest(), self.live.buckets.current());
        *dedup = DedupStats {
            fingerprints: self.dedup.fingerprints(),
            bytes: self.dedup.bytes(),
            forgotten_before: forgotten.map(|bucket| self.settings.width.start_of(bucket)),
        };
        let newest = self.newest.map(|(time, _)| time);
        self.coverage.fill(stream, newest);
        let of_groups = self.live.groups.as_ref();
        share(groups, of_groups.map(Groups::published));
        share(series, of_groups.map(Groups::series));
        share(desk, self.desk.as_ref().map(|desk| desk.published()));
        share(longest, self.longest.as_ref().map(LongestOpen::published));
        windows.resize_with(self.settings.windows.len(), WindowStats::default);
        for (index, stats) in windows.iter_mut().enumerate() {
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
        let width = self.settings.width;
        let span = Span::of(length, width);
        let start = span.start(width.start_of(self.live.buckets.current()));
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
            responses: sums.responses,
            response_ms: sums.response_ms,
            first_responses: sums.first_responses,
            first_response_ms: sums.first_response_ms,
            unanswered: sums.unanswered,
            never_answered: sums.never_answered,
            measured: Measured::from_fn(|measure| self.live.measured(index, measure)),
            pane_ms: u32::try_from(span.pane_ms()).unwrap_or(u32::MAX),
            coverage_ms: self.coverage.covered_ms(start, length.ms()),
        };
    }
}

/// Lets `to` share what was made; nothing where nothing is made.
fn share<T: Default + PartialEq>(to: &mut Arc<T>, made: Option<&Arc<T>>) {
    match made {
        Some(made) => to.clone_from(made),
        // Compared, so that nothing is allocated where there was nothing before.
        None if **to == T::default() => {}
        None => *to = Arc::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::AggregateSettings;
    use crate::event::IdKeys;
    use crate::snapshot;
    use crate::stream::StreamState;
    use crate::time::EpochMs;
    use crate::window::Width;

    /// A snapshot in which every field that [`State::fill`] sets says something wrong.
    fn used() -> Snapshot {
        let wrong = EpochMs::from_ms(7);
        let mut used = Snapshot {
            now: wrong,
            counters_since: wrong,
            windows: vec![WindowStats::default(); 9],
            total_connections: 7,
            ..Snapshot::default()
        };
        used.clock.step_ms = 7;
        used.windows[0].messages = 7;
        used.sessions.open = 7;
        used.counters.received = 7;
        used.stream.state = StreamState::Live;
        used.stream.last_error = Some("wrong".into());
        used.dedup.forgotten_before = Some(wrong);
        used.groups = Arc::new(snapshot::Groups {
            as_of: wrong,
            ..snapshot::Groups::default()
        });
        let second = snapshot::TotalSecond::default();
        used.series = Arc::new(snapshot::Series::new(
            vec![Arc::new(vec![second])],
            Vec::new(),
        ));
        used.desk = Arc::new(snapshot::Desk {
            as_of: wrong,
            ..snapshot::Desk::default()
        });
        used.longest = Arc::new(snapshot::Longest {
            as_of: wrong,
            ..snapshot::Longest::default()
        });
        used
    }

    #[test]
    fn nothing_of_a_used_snapshot_is_left() {
        let start = EpochMs::from_ms(1_768_478_400_000);
        for groups in [true, false] {
            let mut settings = AggregateSettings::new(Width::DEFAULT, 60_000, &[10_000]).unwrap();
            settings.groups_max = if groups { 10 } else { 0 };
            let state = State::new(settings, IdKeys::FIXED, start);
            let (mut filled, mut refilled) = (Snapshot::default(), used());
            state.fill(&mut filled);
            state.fill(&mut refilled);
            assert_eq!(refilled, filled, "with groups: {groups}");
        }
    }
}
