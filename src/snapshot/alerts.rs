//! Where every alert stands.

use std::sync::Arc;

use super::AlertHistory;
use super::Dimension;
use crate::time::EpochMs;

/// Which side of the threshold an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// The value is above the threshold.
    Above,
    /// The value is below the threshold.
    Below,
}

/// The state of an alert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AlertPhase {
    /// The value is on the good side.
    #[default]
    Ok,
    /// It is past the threshold, not yet for the minimum duration.
    Pending,
    /// It has been past the threshold for the minimum duration, and not come back far enough since.
    Firing,
}

/// One alert: its rule and its state.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Its name in the settings.
    pub name: Arc<str>,
    /// The metric's name in the API, such as `messagesPerMinute`.
    pub metric: &'static str,
    /// The window it is taken over, in milliseconds; `None` for a metric without a window.
    pub window_ms: Option<u32>,
    /// The group it is of; `None` for the total.
    pub group: Option<(Dimension, Arc<str>)>,
    /// Which side of the threshold is bad.
    pub comparison: Comparison,
    /// The threshold, in the metric's unit.
    pub threshold: f64,
    /// Where a firing alert ends: the threshold less the hysteresis, on its good side.
    pub clear: f64,
    /// How long the value must be past the threshold, in milliseconds.
    pub for_ms: u64,
    /// Its state.
    pub phase: AlertPhase,
    /// Since when it stands there; the engine clock.
    pub since: EpochMs,
    /// The value at the latest look; `None` when the metric has none.
    pub value: Option<f64>,
    /// Times it began to fire.
    pub fired: u64,
}

/// What became of the notifications about alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notifications {
    /// Whether there is a webhook.
    pub is_configured: bool,
    /// Delivered.
    pub sent: u64,
    /// Attempts that failed and were tried again.
    pub retried: u64,
    /// Given up.
    pub failed: u64,
    /// What went wrong last, in one line without secrets; `None` after a delivery.
    pub last_error: Option<Arc<str>>,
}

/// Every alert of one cut, looked at once a second.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alerts {
    /// In the order of the settings.
    pub all: Vec<Alert>,
    /// Their latest changes; the same list until the next one.
    pub history: Arc<AlertHistory>,
    /// About their changes.
    pub notifications: Notifications,
}
