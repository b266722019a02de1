//! Where a number comes from, as data: snapshots hold sums, counts and histograms, and a source says
//! what is made of them. How it merges follows from it.

use super::Measure;
use super::leg::DeskSource;
use crate::histogram::Quantile;

/// A sum that every window keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tally {
    /// Sessions that connected inside the window and have not disconnected.
    ActiveSessions,
    /// Connects inside the window.
    Connections,
    /// Disconnects inside the window that closed a session.
    Disconnections,
    /// Messages inside the window.
    Messages,
    /// Sessions that connected inside the window and have disconnected.
    ClosedSessions,
    /// Their durations together, in milliseconds.
    ClosedDurationMs,
    /// Messages of the sessions whose disconnect is inside the window.
    EndedMessages,
    /// Replies inside the window to guests who waited for one.
    Responses,
    /// How long those guests had waited together, in milliseconds.
    ResponseMs,
    /// Those of them that were the first of their session.
    FirstResponses,
    /// How long the guests had waited together for those, in milliseconds.
    FirstResponseMs,
    /// Sessions whose disconnect is inside the window and whose guest waited for a reply then.
    Unanswered,
    /// Those of them that never had one.
    NeverAnswered,
}

/// A number of the present, of no window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gauge {
    /// Sessions open now.
    Open,
    /// Those of them of which nothing was heard since the latest gap began.
    OpenUncertain,
    /// Those of the open ones whose guest waits for a reply.
    Awaiting,
    /// How long the one has waited who has waited for longest, in milliseconds; 0 while nobody waits.
    LongestAwaitingMs,
    /// Arrival minus event time of the latest event, in milliseconds. Of the whole only.
    LagMs,
    /// Events waiting in the ring, as a share of its room. Of the whole only.
    RingFill,
}

impl Gauge {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::Open,
        Self::OpenUncertain,
        Self::Awaiting,
        Self::LongestAwaitingMs,
        Self::LagMs,
        Self::RingFill,
    ];

    /// Its place in [`Gauge::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Its value of the whole, by those of two parts.
    pub const fn merged(self, one: f64, other: f64) -> f64 {
        match self {
            Self::LongestAwaitingMs => one.max(other),
            _ => one + other,
        }
    }
}

/// What a number is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A sum.
    Count(Tally),
    /// A sum per minute of the window: `(n × 60000) / W`, in that order.
    PerMinute(Tally),
    /// A ratio of two sums; nothing while the second is 0.
    Mean {
        /// What is divided.
        sum: Tally,
        /// What it is divided by.
        of: Tally,
    },
    /// A quantile of a histogram; nothing while it is empty.
    Quantile(Measure, Quantile),
    /// The greatest value of a histogram, exact; nothing while it is empty.
    Greatest(Measure),
    /// Of the present.
    Now(Gauge),
    /// Of legs, which have a table of their own.
    Desk(DeskSource),
}

impl Source {
    /// Whether it is taken over a window.
    pub const fn has_window(self) -> bool {
        match self {
            Self::Now(_) => false,
            Self::Desk(from) => from.has_window(),
            _ => true,
        }
    }

    /// Whether queues and deployments have it too.
    pub const fn is_of_groups(self) -> bool {
        !matches!(
            self,
            Self::Now(Gauge::LagMs | Gauge::RingFill) | Self::Desk(_)
        )
    }

    /// Whether it comes from a histogram: groups keep those for some windows only.
    pub const fn is_of_histogram(self) -> bool {
        matches!(self, Self::Quantile(..) | Self::Greatest(_))
    }

    /// Whether it is about messages alone, which have a direction; sessions have none.
    pub const fn is_of_messages(self) -> bool {
        matches!(
            self,
            Self::Count(Tally::Messages) | Self::PerMinute(Tally::Messages)
        )
    }

    /// How the numbers of two parts become that of the whole.
    pub const fn merge(self) -> &'static str {
        match self {
            Self::Count(_) => "sum",
            Self::PerMinute(_) => "rate of the sum",
            Self::Mean { .. } => "ratio of the sums",
            Self::Quantile(..) => "of the merged histogram",
            Self::Greatest(_) => "greatest",
            Self::Now(Gauge::Open | Gauge::OpenUncertain | Gauge::Awaiting) => "sum",
            Self::Now(Gauge::LongestAwaitingMs) => "greatest",
            Self::Now(Gauge::LagMs | Gauge::RingFill) => "of each engine",
            Self::Desk(from) => from.merge(),
        }
    }
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Sessions.
    Sessions,
    /// Messages.
    Messages,
    /// Connects or disconnects.
    Events,
    /// Per minute.
    PerMinute,
    /// Milliseconds; seconds in `/metrics`.
    Milliseconds,
    /// A share from 0 to 1.
    Share,
}

impl Unit {
    /// The unit as people read it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Messages => "messages",
            Self::Events => "events",
            Self::PerMinute => "a minute",
            Self::Milliseconds => "ms",
            Self::Share => "share, 0 to 1",
        }
    }
}
