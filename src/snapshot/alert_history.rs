//! The latest changes of alerts: which began to fire, and which ended and how.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::Alert;
use crate::time::EpochMs;

/// How a firing alert came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AlertEnding {
    /// The value came back over the threshold, by the hysteresis.
    Cleared,
    /// Its rule is no longer among the settings that were read again.
    RuleRemoved,
    /// Another rule has its name in the settings that were read again.
    RuleChanged,
}

/// The end of a firing alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertEnd {
    /// How it ended.
    pub how: AlertEnding,
    /// How long it had fired by the monotonic clock, in milliseconds.
    pub lasted_ms: u64,
}

/// One change: an alert began to fire, or one that fired ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertChange {
    /// Its place among all changes since the start, from 1.
    pub number: u64,
    /// The alert after the change. `since` is when it changed; `value` the value at that look, or, of an
    /// alert that ended with its rule, at the look before.
    pub alert: Alert,
    /// The alert's rule in the words of `check`.
    pub rule: Arc<str>,
    /// When it began to fire; the engine clock.
    pub began: EpochMs,
    /// `None` where it began to fire.
    pub end: Option<AlertEnd>,
}

/// The latest changes. It is replaced at each change and shared by all snapshots until the next.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AlertHistory {
    /// Oldest first, at most [`crate::config::limits::ALERT_CHANGES_MAX`].
    pub changes: Vec<Arc<AlertChange>>,
    /// Changes since the start: those above and all that had to make room.
    pub total: u64,
}

impl AlertHistory {
    /// Changes that had to make room for later ones.
    pub fn gone(&self) -> u64 {
        self.total - self.changes.len() as u64
    }
}
