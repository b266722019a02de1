//! Alerts: which number is watched, and what is too much or too little of it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::duration;

/// Windows that every group has, in milliseconds, shortest first.
pub const GROUP_WINDOWS_MS: [u32; 4] = [10_000, 60_000, 300_000, 3_600_000];
/// Those of them on which a group's duration percentiles are kept.
pub(super) const GROUP_PERCENTILES_MS: [u32; 2] = [60_000, 3_600_000];
/// A group's window where none is named.
pub(super) const GROUP_WINDOW_MS: u32 = 60_000;

/// A number of the API that can be watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AlertMetric {
    /// Sessions that connected inside the window and have not disconnected.
    ActiveSessions,
    /// Sessions open now, whenever they connected.
    OpenSessions,
    /// Open sessions without any event since the last gap began.
    OpenUncertain,
    /// Messages a minute.
    MessagesPerMinute,
    /// Connections a minute.
    ConnectionsPerMinute,
    /// Disconnects a minute.
    DisconnectionsPerMinute,
    /// Mean duration of the sessions that connected inside the window and have disconnected.
    AvgSessionDurationMs,
    /// Median duration of the sessions that ended inside the window.
    DurationP50Ms,
    /// 90th percentile of the same.
    DurationP90Ms,
    /// 99th percentile of the same.
    DurationP99Ms,
    /// The longest of the same.
    DurationMaxMs,
    /// Mean number of messages of the sessions that ended inside the window.
    MessagesPerSession,
    /// Arrival minus event time of the latest event.
    LagMs,
    /// Events waiting in the ring, as a share of its room: 0 to 1.
    RingFill,
}

impl AlertMetric {
    /// Every metric.
    pub const ALL: [Self; 14] = [
        Self::ActiveSessions,
        Self::OpenSessions,
        Self::OpenUncertain,
        Self::MessagesPerMinute,
        Self::ConnectionsPerMinute,
        Self::DisconnectionsPerMinute,
        Self::AvgSessionDurationMs,
        Self::DurationP50Ms,
        Self::DurationP90Ms,
        Self::DurationP99Ms,
        Self::DurationMaxMs,
        Self::MessagesPerSession,
        Self::LagMs,
        Self::RingFill,
    ];

    /// The name in the API and in the settings.
    pub const fn label(self) -> &'static str {
        match self {
            Self::ActiveSessions => "activeSessions",
            Self::OpenSessions => "openSessions",
            Self::OpenUncertain => "openUncertain",
            Self::MessagesPerMinute => "messagesPerMinute",
            Self::ConnectionsPerMinute => "connectionsPerMinute",
            Self::DisconnectionsPerMinute => "disconnectionsPerMinute",
            Self::AvgSessionDurationMs => "avgSessionDurationMs",
            Self::DurationP50Ms => "durationP50Ms",
            Self::DurationP90Ms => "durationP90Ms",
            Self::DurationP99Ms => "durationP99Ms",
            Self::DurationMaxMs => "durationMaxMs",
            Self::MessagesPerSession => "messagesPerSession",
            Self::LagMs => "lagMs",
            Self::RingFill => "ringFill",
        }
    }

    /// Whether it is taken over a window.
    pub const fn has_window(self) -> bool {
        !matches!(
            self,
            Self::OpenSessions | Self::OpenUncertain | Self::LagMs | Self::RingFill
        )
    }

    /// Whether queues and deployments have it too.
    pub const fn is_of_groups(self) -> bool {
        !matches!(self, Self::LagMs | Self::RingFill)
    }

    /// Whether it comes from the histograms of durations.
    pub(super) const fn is_percentile(self) -> bool {
        matches!(
            self,
            Self::DurationP50Ms | Self::DurationP90Ms | Self::DurationP99Ms | Self::DurationMaxMs
        )
    }
}

/// Which group a rule is about, of those that are shown under one name: a queue may itself be named
/// `(none)` or `other`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AlertKind {
    /// The one that the stream names so.
    Named,
    /// What carries no name, shown as `(none)`.
    Unnamed,
    /// What found no room, shown as `other`.
    Other,
}

impl AlertKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Named, Self::Unnamed, Self::Other];

    /// The name in the settings.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Named => "named",
            Self::Unnamed => "unnamed",
            Self::Other => "other",
        }
    }

    /// The only name that a group of this kind has; `None` where it may have any.
    pub const fn shown_as(self) -> Option<&'static str> {
        match self {
            Self::Named => None,
            Self::Unnamed => Some("(none)"),
            Self::Other => Some("other"),
        }
    }
}

/// What a group is one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AlertBy {
    /// A queue.
    Queue,
    /// A deployment.
    Deployment,
    /// A direction.
    Direction,
}

impl AlertBy {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Queue, Self::Deployment, Self::Direction];

    /// The name in the settings.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Deployment => "deployment",
            Self::Direction => "direction",
        }
    }
}

/// What is too much or too little, in the metric's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold {
    /// Above this.
    Above(f64),
    /// Below this.
    Below(f64),
}

impl Threshold {
    /// The number.
    pub const fn value(self) -> f64 {
        match self {
            Self::Above(value) | Self::Below(value) => value,
        }
    }
}

/// One alert of the settings.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertRule {
    /// Its name; no two have the same.
    pub name: Arc<str>,
    /// What is watched.
    pub metric: AlertMetric,
    /// Over which window, in milliseconds; `None` for a metric without one.
    pub window_ms: Option<u32>,
    /// Of which group; `None` for the total.
    pub group: Option<(AlertBy, Arc<str>)>,
    /// Which of the groups of that name; without it a name from the stream wins over one of ours.
    pub kind: Option<AlertKind>,
    /// What is too much or too little.
    pub threshold: Threshold,
    /// How far back the value must come before a firing alert ends, at least 0.
    pub hysteresis: f64,
    /// How long the value must be past the threshold before the alert fires, in milliseconds.
    pub for_ms: u64,
}

impl AlertRule {
    /// A rule about the total, that fires at once.
    pub fn new(
        name: &str,
        metric: AlertMetric,
        window_ms: Option<u32>,
        threshold: Threshold,
    ) -> Self {
        Self {
            name: name.into(),
            metric,
            window_ms,
            group: None,
            kind: None,
            threshold,
            hysteresis: 0.0,
            for_ms: 0,
        }
    }

    /// Whether a value is on the bad side.
    pub fn is_past(&self, value: f64) -> bool {
        match self.threshold {
            Threshold::Above(threshold) => value > threshold,
            Threshold::Below(threshold) => value < threshold,
        }
    }

    /// Where a firing alert ends: the threshold less the hysteresis, on its good side.
    pub fn clear(&self) -> f64 {
        match self.threshold {
            Threshold::Above(threshold) => threshold - self.hysteresis,
            Threshold::Below(threshold) => threshold + self.hysteresis,
        }
    }

    /// Whether a value ends a firing alert.
    pub fn is_clear(&self, value: f64) -> bool {
        match self.threshold {
            Threshold::Above(_) => value <= self.clear(),
            Threshold::Below(_) => value >= self.clear(),
        }
    }
}

/// `messagesPerMinute over 1m of queue "sales" above 100 for 30s, until 90`.
impl fmt::Display for AlertRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.metric.label())?;
        if let Some(ms) = self.window_ms {
            write!(f, " over {}", written(u64::from(ms)))?;
        }
        if let Some((by, name)) = &self.group {
            write!(f, " of {} \"{}\"", by.label(), name.escape_debug())?;
        }
        if let Some(kind) = self.kind {
            write!(f, " ({})", kind.label())?;
        }
        let side = match self.threshold {
            Threshold::Above(_) => "above",
            Threshold::Below(_) => "below",
        };
        write!(f, " {side} {}", self.threshold.value())?;
        if self.for_ms > 0 {
            write!(f, " for {}", written(self.for_ms))?;
        }
        if self.hysteresis > 0.0 {
            write!(f, ", until {}", self.clear())?;
        }
        Ok(())
    }
}

/// A length of time as the settings have it.
pub(super) fn written(ms: u64) -> String {
    duration::format(Duration::from_millis(ms))
}
