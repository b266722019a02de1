//! The life of the connection: gaps, and how much of a window the stream was live.

use std::sync::Arc;

use streamgauge::snapshot::StreamStatus;
use streamgauge::stream::Gap;
use streamgauge::stream::LossCause;
use streamgauge::stream::StreamNote;
use streamgauge::stream::StreamState;
use streamgauge::time::EpochMs;

use super::Model;
use super::table::Row;

#[derive(Clone, Debug, Default)]
pub(super) struct Connection {
    state: StreamState,
    connected_since: Option<EpochMs>,
    first_live: Option<EpochMs>,
    /// The same, and never moved on: what began earlier is unknown.
    known_since: Option<EpochMs>,
    reconnects: u64,
    failed_attempts: u64,
    protocol_errors: u64,
    gaps: Vec<Gap>,
    last_error: Option<String>,
    /// No report counts as earlier than one before it.
    reported: EpochMs,
    server_clock: Option<(i64, bool)>,
    gaps_total: u64,
}

impl Model {
    pub(crate) fn note(&mut self, note: &StreamNote) {
        let connection = &mut self.connection;
        if let StreamNote::Live { at } | StreamNote::Lost { since: at, .. } = note {
            connection.reported = connection.reported.max(*at);
        }
        let reported = connection.reported;
        match note {
            StreamNote::State(state) => {
                connection.state = *state;
                if *state != StreamState::Live {
                    connection.connected_since = None;
                }
                if *state == StreamState::Connecting {
                    connection.server_clock = None;
                }
            }
            StreamNote::Live { .. } => connection.live(reported),
            StreamNote::Lost { cause, detail, .. } => {
                connection.last_error = Some(detail.clone());
                connection.connected_since = None;
                if connection.is_in_gap() {
                    return;
                }
                connection.gaps_total += 1;
                connection.gaps.push(Gap {
                    start: reported,
                    end: None,
                    cause: *cause,
                });
                self.doubt_open_sessions();
            }
            StreamNote::Failed { detail, .. } => {
                connection.failed_attempts += 1;
                connection.last_error = Some(detail.clone());
            }
            StreamNote::ProtocolError => connection.protocol_errors += 1,
            StreamNote::ServerClock { offset_ms, is_off } => {
                connection.server_clock = Some((*offset_ms, *is_off));
            }
        }
    }

    pub(super) fn doubt_open_sessions(&mut self) {
        for row in self.rows.values_mut() {
            if let Row::Open(open) = row {
                open.certain = false;
            }
        }
        // It is the same sessions whose clock may yet be set back.
        if let Some(other) = self.other() {
            other.doubt_open_sessions();
        }
    }
}

impl Connection {
    fn is_in_gap(&self) -> bool {
        self.gaps.last().is_some_and(|gap| gap.end.is_none())
    }

    /// The clock was wrong from `since` on, and is now at `to`.
    pub(super) fn rebase(&mut self, since: EpochMs, to: EpochMs, held_from: Option<EpochMs>) {
        let start = since.min(to);
        let open = self.gaps.last().filter(|gap| gap.end.is_none()).copied();
        self.gaps.retain(|gap| gap.start < start);
        for gap in &mut self.gaps {
            gap.end = Some(gap.end.unwrap_or(start).min(start));
        }
        self.gaps.push(Gap {
            start,
            end: Some(to),
            cause: LossCause::Clock,
        });
        if let Some(gap) = open {
            self.gaps.push(Gap { start: to, ..gap });
        }
        self.gaps_total += 1;
        self.reported = to;
        self.connected_since = self.connected_since.map(|since| since.min(to));
        self.known_since = self.known_since.map(|since| since.min(to));
        if let Some(live) = &mut self.first_live {
            *live = (*live).min(to);
            if let Some(held) = held_from {
                *live = (*live).max(held.min(to));
            }
        }
    }

    fn live(&mut self, at: EpochMs) {
        self.first_live.get_or_insert(at);
        self.known_since.get_or_insert(at);
        self.state = StreamState::Live;
        self.connected_since = Some(at);
        self.last_error = None;
        if let Some(gap) = self.gaps.last_mut()
            && gap.end.is_none()
        {
            gap.end = Some(at);
            self.reconnects += 1;
        }
    }

    /// Milliseconds of `[start, end)` in which the stream was live, counted one by one in spans
    /// between the points where anything changes.
    pub(super) fn coverage_ms(&self, start: EpochMs, end: EpochMs) -> u64 {
        let mut points = vec![start, end];
        points.extend(self.first_live);
        for gap in &self.gaps {
            points.push(gap.start);
            points.extend(gap.end);
        }
        points.retain(|point| (start..=end).contains(point));
        points.sort_unstable();
        points
            .windows(2)
            .filter(|span| self.is_live_at(span[0]))
            .map(|span| span[1].since(span[0]))
            .sum()
    }

    fn is_live_at(&self, time: EpochMs) -> bool {
        let in_gap = |gap: &Gap| gap.start <= time && gap.end.is_none_or(|end| time < end);
        self.first_live.is_some_and(|live| live <= time) && !self.gaps.iter().any(in_gap)
    }

    pub(super) const fn known_since(&self) -> Option<EpochMs> {
        self.known_since
    }

    /// A file has no connection: it begins with its first event.
    pub(super) fn begin(&mut self, at: EpochMs) {
        self.known_since.get_or_insert(at);
    }

    pub(super) fn status(&self, last_event: Option<EpochMs>) -> StreamStatus {
        StreamStatus {
            state: self.state,
            connected_since: self.connected_since,
            reconnects: self.reconnects,
            failed_attempts: self.failed_attempts,
            protocol_errors: self.protocol_errors,
            gaps_total: self.gaps_total,
            gaps: self.gaps.clone().into(),
            last_error: self.last_error.as_deref().map(Arc::from),
            last_event,
            last_arrival: None,
            lag_ms: None,
            unusable: None,
            server_clock_offset_ms: self.server_clock.map(|(offset_ms, _)| offset_ms),
            inputs: Vec::new(),
            covered_since: self.first_live,
            is_clock_off: self.server_clock.is_some_and(|(_, is_off)| is_off),
        }
    }
}
