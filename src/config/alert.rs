//! Alerts: which number is watched, and what is too much or too little of it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

use super::duration;
use crate::metric::Metric;

/// Windows that every group has, in milliseconds, shortest first.
pub const GROUP_WINDOWS_MS: [u32; 4] = [10_000, 60_000, 300_000, 3_600_000];
/// Those of them on which a group's duration percentiles are kept.
pub(super) const GROUP_PERCENTILES_MS: [u32; 2] = [60_000, 3_600_000];
/// A group's window where none is named.
pub(super) const GROUP_WINDOW_MS: u32 = 60_000;

/// Which group a rule is about, of those that are shown under one name: a queue may itself be named
/// `(none)` or `other`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertRule {
    /// Its name; no two have the same.
    pub name: Arc<str>,
    /// What is watched.
    pub metric: Metric,
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
    pub fn new(name: &str, metric: Metric, window_ms: Option<u32>, threshold: Threshold) -> Self {
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
