//! The numbers of the table of metrics, taken from a snapshot: sums and histograms in, one number out.

use super::Group;
use super::Snapshot;
use super::WindowStats;
use super::float;
use crate::metric::Gauge;
use crate::metric::Source;
use crate::metric::Tally;
use crate::time::EpochMs;

impl WindowStats {
    /// What a source comes to over this window; `None` when there is nothing to make it of, or it is of
    /// no window.
    #[inline]
    pub fn number(&self, from: Source) -> Option<f64> {
        match from {
            Source::Count(tally) => Some(float(self.tally(tally))),
            Source::PerMinute(tally) => Some(self.per_minute(self.tally(tally))),
            Source::Mean { sum, of } => {
                let count = self.tally(of);
                (count > 0).then(|| float(self.tally(sum)) / float(count))
            }
            Source::Quantile(measure, quantile) => {
                Some(float(self.measured.get(measure)?.quantile(quantile)))
            }
            Source::Greatest(measure) => Some(float(self.measured.get(measure)?.max())),
            Source::Now(_) | Source::Desk(_) => None,
        }
    }

    /// A sum of this window.
    #[inline]
    pub const fn tally(&self, tally: Tally) -> u64 {
        match tally {
            Tally::ActiveSessions => self.active_sessions,
            Tally::Connections => self.connections,
            Tally::Disconnections => self.disconnections,
            Tally::Messages => self.messages,
            Tally::ClosedSessions => self.closed_sessions,
            Tally::ClosedDurationMs => self.closed_duration_ms,
            Tally::EndedMessages => self.ended_messages,
            Tally::Responses => self.responses,
            Tally::ResponseMs => self.response_ms,
            Tally::FirstResponses => self.first_responses,
            Tally::FirstResponseMs => self.first_response_ms,
            Tally::Unanswered => self.unanswered,
            Tally::NeverAnswered => self.never_answered,
        }
    }
}

impl Group {
    /// A number of the present, which is the clock of the cut: [`super::Groups::as_of`]. `None` where
    /// groups have none.
    #[inline]
    pub fn gauge(&self, gauge: Gauge, as_of: EpochMs) -> Option<f64> {
        match gauge {
            Gauge::Open => Some(float(self.open_sessions)),
            Gauge::OpenUncertain => Some(float(self.open_uncertain)),
            Gauge::Awaiting => Some(float(self.awaiting)),
            Gauge::LongestAwaitingMs => Some(age(self.awaiting_since, as_of)),
            Gauge::LagMs | Gauge::RingFill => None,
        }
    }
}

impl Snapshot {
    /// A number of the present; `None` while there is none.
    #[inline]
    pub fn gauge(&self, gauge: Gauge) -> Option<f64> {
        match gauge {
            Gauge::Open => Some(float(self.sessions.open)),
            Gauge::OpenUncertain => Some(float(self.sessions.open_uncertain)),
            Gauge::Awaiting => Some(float(self.sessions.awaiting)),
            Gauge::LongestAwaitingMs => Some(age(self.sessions.awaiting_since, self.now)),
            #[expect(clippy::cast_precision_loss, reason = "far below 2^53 ms")]
            Gauge::LagMs => self.stream.lag_ms.map(|ms| ms as f64),
            Gauge::RingFill => {
                let ring = &self.ring;
                (ring.capacity > 0).then(|| float(ring.depth) / float(ring.capacity))
            }
        }
    }
}

/// How long ago a time is, in milliseconds; 0 of none, and of one that is ahead of the clock.
fn age(since: Option<EpochMs>, now: EpochMs) -> f64 {
    since.map_or(0.0, |since| float(now.since(since)))
}
