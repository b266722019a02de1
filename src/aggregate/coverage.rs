//! The stream connection as ingest reports it: its state, its gaps, and how much of a window it
//! covers.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::config::limits;
use crate::event::Reject;
use crate::ring::Batch;
use crate::snapshot::StreamStatus;
use crate::snapshot::Unusable;
use crate::snapshot::UnusableFate;
use crate::stream::Gap;
use crate::stream::LossCause;
use crate::stream::StreamNote;
use crate::stream::StreamState;
use crate::time::EpochMs;

/// What is known of the stream connection.
#[derive(Debug, Default)]
pub(super) struct Coverage {
    status: StreamStatus,
    gaps: VecDeque<Gap>,
    /// Since when anything can be covered at all; `None` before the stream was first live.
    since: Option<EpochMs>,
    /// The latest time of a report. Reports of an earlier one, after the wall clock has stepped back,
    /// count from here, so that gaps are in order.
    reported: EpochMs,
    /// Whether anything usable came since the stream is live.
    has_been_usable: bool,
}

impl Coverage {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Covers from `since` on without a report: a replay's input has no connection.
    pub(super) fn begin(&mut self, since: EpochMs) {
        self.since.get_or_insert(since);
    }

    /// Takes a report of the ingest thread; says whether a gap began.
    pub(super) fn note(&mut self, note: &StreamNote) -> bool {
        match note {
            StreamNote::State(state) => {
                self.status.state = *state;
                if *state != StreamState::Live {
                    self.status.connected_since = None;
                }
                if *state == StreamState::Connecting {
                    // The next answer may be another server's, or without a date.
                    self.status.server_clock_offset_ms = None;
                    self.status.is_clock_off = false;
                }
            }
            StreamNote::Live { at } => {
                let at = self.in_order(*at);
                self.live(at);
            }
            StreamNote::Lost {
                since,
                cause,
                detail,
            } => {
                self.failed(detail);
                let start = self.in_order(*since);
                return self.lost(Gap {
                    start,
                    end: None,
                    cause: *cause,
                });
            }
            StreamNote::Failed { detail, .. } => {
                self.status.failed_attempts += 1;
                self.failed(detail);
            }
            StreamNote::ProtocolError => self.status.protocol_errors += 1,
            StreamNote::ServerClock { offset_ms, is_off } => {
                self.status.server_clock_offset_ms = Some(*offset_ms);
                self.status.is_clock_off = *is_off;
            }
        }
        false
    }

    /// The engine clock, which could not be trusted from `since` on, goes on at `to`: that is a gap, and
    /// what was reported of later times is void. What lies before `held_from` is not counted any more.
    pub(super) fn rebase(&mut self, since: EpochMs, to: EpochMs, held_from: Option<EpochMs>) {
        let start = since.min(to);
        let open = self.gaps.back().filter(|gap| gap.end.is_none()).copied();
        while self.gaps.back().is_some_and(|gap| gap.start >= start) {
            self.gaps.pop_back();
        }
        if let Some(gap) = self.gaps.back_mut() {
            gap.end = Some(gap.end.map_or(start, |end| end.min(start)));
        }
        self.add_gap(Gap {
            start,
            end: Some(to),
            cause: LossCause::Clock,
        });
        if let Some(open) = open {
            self.add_gap(Gap { start: to, ..open });
        }
        self.status.gaps_total += 1;
        let status_since = &mut self.status.connected_since;
        *status_since = status_since.map(|since| since.min(to));
        let from = held_from.map(|from| from.min(to));
        self.since = self
            .since
            .map(|since| since.min(to))
            .max(from.filter(|_| self.since.is_some()));
        self.reported = to;
        self.share_gaps();
    }

    /// Takes note of the latest event of a batch.
    pub(super) fn arrived(&mut self, arrival: EpochMs, latest: Option<EpochMs>) {
        self.status.last_arrival = Some(arrival);
        if let Some(latest) = latest {
            // Both may be any time there is.
            self.status.lag_ms = Some(arrival.ms().saturating_sub(latest.ms()));
        }
    }

    /// Judges a batch that payloads were read into: whether any came to something. What was shed tells
    /// nothing about the payloads.
    pub(super) fn judge(&mut self, batch: &Batch, is_usable: bool, is_future: bool) {
        if is_usable {
            self.status.unusable = None;
            self.has_been_usable = true;
            return;
        }
        let delta = &batch.delta;
        let rejected = Reject::ALL
            .iter()
            .find(|reason| delta.rejected[reason.index()] > 0);
        let fate = match rejected {
            Some(reason) => UnusableFate::Rejected(*reason),
            None if is_future => UnusableFate::Future,
            None if !batch.events.is_empty() => UnusableFate::Late,
            None if delta.shed > 0 => return,
            None => UnusableFate::Ignored,
        };
        let is_ignored = fate == UnusableFate::Ignored;
        // Heartbeats and the like, on a stream that has brought what was asked for.
        if is_ignored && self.has_been_usable && self.status.unusable.is_none() {
            return;
        }
        let run = self.status.unusable.get_or_insert(Unusable {
            since: batch.arrival,
            latest: batch.arrival,
            payloads: 0,
            fate,
        });
        run.latest = batch.arrival;
        run.payloads += delta.received - delta.shed;
        if !is_ignored {
            run.fate = fate;
        }
    }

    /// How many milliseconds of `[start, start + length_ms)` the stream was live. While a gap is open
    /// it lasts to the end of the span. Cost: a step for each remembered gap inside the span.
    pub(super) fn covered_ms(&self, start: EpochMs, length_ms: u32) -> u64 {
        let end = start + i64::from(length_ms);
        let Some(since) = self.since else { return 0 };
        let inside = self
            .gaps
            .iter()
            .rev()
            .take_while(|gap| gap.end.is_none_or(|gap| gap > start));
        // Newest first; gaps are in order and do not overlap.
        let mut uncovered = since.min(end).since(start);
        for gap in inside {
            let gap_end = gap.end.unwrap_or(end).min(end);
            uncovered += gap_end.since(gap.start.max(start).max(since));
        }
        u64::from(length_ms).saturating_sub(uncovered)
    }

    /// Writes the status down, with the greatest event time applied so far.
    pub(super) fn fill(&self, status: &mut StreamStatus, last_event: Option<EpochMs>) {
        status.clone_from(&self.status);
        status.last_event = last_event;
    }

    fn live(&mut self, at: EpochMs) {
        self.status.state = StreamState::Live;
        self.status.connected_since = Some(at);
        self.status.last_error = None;
        self.status.unusable = None;
        self.has_been_usable = false;
        self.since.get_or_insert(at);
        if let Some(gap) = self.gaps.back_mut()
            && gap.end.is_none()
        {
            gap.end = Some(at);
            self.status.reconnects += 1;
            self.share_gaps();
        }
    }

    fn lost(&mut self, gap: Gap) -> bool {
        self.status.connected_since = None;
        if self.gaps.back().is_some_and(|gap| gap.end.is_none()) {
            return false;
        }
        self.add_gap(gap);
        self.status.gaps_total += 1;
        self.share_gaps();
        true
    }

    fn add_gap(&mut self, gap: Gap) {
        if self.gaps.len() == limits::GAPS_MAX {
            self.gaps.pop_front();
        }
        self.gaps.push_back(gap);
    }

    fn in_order(&mut self, at: EpochMs) -> EpochMs {
        self.reported = self.reported.max(at);
        self.reported
    }

    fn failed(&mut self, detail: &str) {
        self.status.last_error = Some(Arc::from(detail));
    }

    /// Makes the list that snapshots share; only when a gap begins or ends.
    fn share_gaps(&mut self) {
        self.status.gaps = self.gaps.iter().copied().collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::State;
    use crate::config::AggregateSettings;
    use crate::event::Event;
    use crate::event::EventKind;
    use crate::event::IdKeys;
    use crate::event::IdKind;
    use crate::event::Identity;
    use crate::event::Labels;
    use crate::event::SessionKey;
    use crate::snapshot::Snapshot;
    use crate::window::Width;

    fn ms(ms: i64) -> EpochMs {
        EpochMs::from_ms(ms)
    }

    fn lost(since: i64) -> StreamNote {
        StreamNote::Lost {
            since: ms(since),
            cause: LossCause::Dropped,
            detail: String::new(),
        }
    }

    #[test]
    fn nothing_is_covered_before_the_stream_was_live() {
        let mut coverage = Coverage::new();
        assert_eq!(coverage.covered_ms(ms(0), 1_000), 0);
        coverage.note(&StreamNote::Live { at: ms(600) });
        assert_eq!(coverage.covered_ms(ms(0), 1_000), 400);
        assert_eq!(coverage.covered_ms(ms(600), 1_000), 1_000);
        assert_eq!(coverage.covered_ms(ms(-1_000), 1_000), 0);
    }

    /// What a batch of these counts is judged to be.
    fn judge(coverage: &mut Coverage, at: i64, change: impl FnOnce(&mut Batch)) {
        let mut batch = Batch {
            arrival: ms(at),
            ..Batch::default()
        };
        change(&mut batch);
        coverage.judge(&batch, false, false);
    }

    fn unusable(coverage: &Coverage) -> Option<(i64, i64, u64, &'static str)> {
        coverage.status.unusable.map(|run| {
            let fate = run.fate.label();
            (run.since.ms(), run.latest.ms(), run.payloads, fate)
        })
    }

    #[test]
    fn payloads_are_unusable_until_one_comes_to_something() {
        let mut coverage = Coverage::new();
        coverage.note(&StreamNote::Live { at: ms(0) });
        let ignored = |batch: &mut Batch| {
            (batch.delta.received, batch.delta.ignored) = (2, 2);
        };
        let refused = |batch: &mut Batch| {
            batch.delta.received = 1;
            batch.delta.reject(Reject::Field);
        };
        // Other types only: perhaps the wrong subscription.
        judge(&mut coverage, 10, ignored);
        assert_eq!(unusable(&coverage), Some((10, 10, 2, "ignored")));
        judge(&mut coverage, 20, refused);
        judge(&mut coverage, 30, ignored);
        assert_eq!(unusable(&coverage), Some((10, 30, 5, "field")));
        // What was shed may have been of use.
        judge(&mut coverage, 40, |batch| {
            (batch.delta.received, batch.delta.shed) = (3, 3);
        });
        assert_eq!(unusable(&coverage), Some((10, 30, 5, "field")));

        coverage.judge(&Batch::default(), true, false);
        assert_eq!(unusable(&coverage), None);
        // Heartbeats on a quiet stream that has brought what was asked for.
        judge(&mut coverage, 50, ignored);
        assert_eq!(unusable(&coverage), None);
        judge(&mut coverage, 60, refused);
        assert_eq!(unusable(&coverage), Some((60, 60, 1, "field")));
        // A new connection is judged by what it brings itself.
        coverage.note(&StreamNote::Live { at: ms(70) });
        assert_eq!(unusable(&coverage), None);
        judge(&mut coverage, 80, ignored);
        assert_eq!(unusable(&coverage), Some((80, 80, 2, "ignored")));
    }

    #[test]
    fn what_an_earlier_server_said_of_the_clock_is_forgotten() {
        let mut coverage = Coverage::new();
        let clock = |coverage: &Coverage| {
            let StreamStatus {
                server_clock_offset_ms,
                is_clock_off,
                ..
            } = coverage.status;
            (server_clock_offset_ms, is_clock_off)
        };
        coverage.note(&StreamNote::ServerClock {
            offset_ms: -9_000,
            is_off: true,
        });
        coverage.note(&StreamNote::State(StreamState::Backoff));
        assert_eq!(clock(&coverage), (Some(-9_000), true));
        coverage.note(&StreamNote::State(StreamState::Connecting));
        assert_eq!(clock(&coverage), (None, false));
    }

    #[test]
    fn copies_are_usable_and_what_is_late_or_ahead_is_not() {
        const START: i64 = 1_768_478_400_000;
        let settings = AggregateSettings::new(Width::DEFAULT, 60_000, &[]).unwrap();
        let mut state = State::new(settings, IdKeys::FIXED, ms(START));
        state.advance(ms(START));
        state.note(&StreamNote::Live { at: ms(START) });
        let mut fate = |time: i64| {
            let mut batch = Batch {
                arrival: ms(START),
                ..Batch::default()
            };
            batch.delta.received = 1;
            batch.events.push(Event {
                time: ms(time),
                session: SessionKey {
                    hi: 1,
                    lo: 1,
                    kind: IdKind::Uuid,
                },
                identity: Identity::NONE,
                duration_ms: Event::NO_DURATION,
                kind: EventKind::Connected,
                labels: Labels::NONE,
                direction: None,
            });
            state.apply_batch(&batch);
            let mut snapshot = Snapshot::default();
            state.fill(&mut snapshot);
            snapshot.stream.unusable.map(|run| run.fate.label())
        };
        assert_eq!(fate(START), None);
        assert_eq!(fate(START), None, "a copy");
        assert_eq!(fate(START + 3_600_000), Some("future"));
        assert_eq!(fate(START - 3_600_000), Some("late"));
        assert_eq!(fate(EpochMs::MAX.ms()), Some("future"));
        assert_eq!(fate(0), Some("late"));
        assert_eq!(fate(START), None);
    }

    #[test]
    fn gaps_are_taken_out_once() {
        let mut coverage = Coverage::new();
        coverage.note(&StreamNote::Live { at: ms(0) });
        assert!(coverage.note(&lost(1_000)));
        assert!(!coverage.note(&lost(1_100)), "a gap is open");
        assert_eq!(coverage.covered_ms(ms(500), 1_000), 500);
        coverage.note(&StreamNote::Live { at: ms(1_200) });
        assert!(coverage.note(&lost(1_150)), "a step back of the wall clock");
        coverage.note(&StreamNote::Live { at: ms(1_300) });
        assert_eq!(coverage.covered_ms(ms(500), 1_000), 700);
        assert_eq!(coverage.covered_ms(ms(1_300), 1_000), 1_000);
        let mut status = StreamStatus::default();
        coverage.fill(&mut status, None);
        assert_eq!(
            (status.reconnects, status.gaps_total, status.gaps.len()),
            (2, 2, 2)
        );
    }
}
