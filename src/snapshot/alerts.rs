//! The state of every alert.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::Alert;
use super::AlertHistory;

/// What became of the notifications about alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
