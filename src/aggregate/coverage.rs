//! The stream connection as ingest reports it: its state, its gaps, and how much of a window it
//! covers.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::config::limits;
use crate::snapshot::StreamStatus;
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
        }
        false
    }

    /// The engine clock, which could not be trusted from `since` on, goes on at `to`: that is a gap, and
    /// what was told of later times is void. What lies before `held_from` is not counted any more.
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
            self.status.lag_ms = Some(arrival.ms() - latest.ms());
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
