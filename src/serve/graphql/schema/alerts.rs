//! Where every alert stands.

use async_graphql::Enum;
use async_graphql::SimpleObject;

use super::groups::GroupBy;
use super::scalar::Count;
use crate::snapshot;
use crate::snapshot::Snapshot;

/// The alerts of the settings, looked at once a second.
#[derive(Debug, SimpleObject)]
pub(super) struct Alerts {
    /// Every alert, in the order of the settings.
    items: Vec<Alert>,
    /// What became of the notifications about their changes.
    notifications: Notifications,
}

/// One alert: its rule and its state.
#[derive(Debug, SimpleObject)]
pub(super) struct Alert {
    /// Its name in the settings.
    name: String,
    /// The metric's name in this schema, such as `messagesPerMinute`. Values are in its unit.
    metric: String,
    /// The window it is taken over, in milliseconds; null for a metric without a window.
    window_ms: Option<Count>,
    /// What it is grouped by; null for an alert on the total.
    by: Option<GroupBy>,
    /// The name of the group it watches, as `groups(name:)` takes it; null for an alert on the total.
    group: Option<String>,
    /// What people read for that group: its name from `names-file`, else `group`.
    group_display_name: Option<String>,
    /// Which side of the threshold is bad.
    comparison: Comparison,
    /// The threshold, in the metric's unit.
    threshold: f64,
    /// Where a firing alert ends, in the metric's unit: the threshold less the hysteresis, on its good
    /// side.
    clear: f64,
    /// How long the value must be past the threshold before the alert fires, in milliseconds.
    for_ms: Count,
    /// Its state.
    phase: AlertPhase,
    /// Since when it has been in that state by the engine clock, RFC 3339 in UTC with milliseconds.
    since: String,
    /// The value at the latest look, in the metric's unit; null when the metric has none.
    value: Option<f64>,
    /// Times it began to fire since the start.
    fired: Count,
}

/// What became of the notifications about alerts.
#[derive(Debug, SimpleObject)]
pub(super) struct Notifications {
    /// Whether there is somewhere to send them: a webhook in the settings.
    configured: bool,
    /// Notifications delivered.
    sent: Count,
    /// Attempts that failed and were tried again.
    retried: Count,
    /// Notifications given up.
    failed: Count,
    /// What went wrong last, in one line; null after a delivery.
    last_error: Option<String>,
}

/// Which side of a threshold an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "snapshot::Comparison")]
pub(super) enum Comparison {
    /// Values above the threshold are bad.
    Above,
    /// Values below the threshold are bad.
    Below,
}

/// The state of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "snapshot::AlertPhase")]
pub(super) enum AlertPhase {
    /// The value is on the good side.
    Ok,
    /// The value is past the threshold, not yet for the minimum duration.
    Pending,
    /// The value has been past the threshold for the minimum duration, and not come back far enough
    /// since.
    Firing,
}

impl Alerts {
    pub(super) fn new(snapshot: &Snapshot) -> Self {
        let alerts = &snapshot.alerts;
        let notifications = &alerts.notifications;
        Self {
            items: alerts
                .all
                .iter()
                .map(|alert| Alert::new(snapshot, alert))
                .collect(),
            notifications: Notifications {
                configured: notifications.is_configured,
                sent: Count(notifications.sent),
                retried: Count(notifications.retried),
                failed: Count(notifications.failed),
                last_error: notifications.last_error.as_deref().map(str::to_owned),
            },
        }
    }
}

impl Alert {
    fn new(snapshot: &Snapshot, alert: &snapshot::Alert) -> Self {
        let group = alert.group.as_ref();
        Self {
            name: alert.name.as_ref().to_owned(),
            metric: alert.metric.to_owned(),
            window_ms: alert.window_ms.map(|ms| Count(u64::from(ms))),
            by: group.map(|(dimension, _)| (*dimension).into()),
            group: group.map(|(_, name)| name.as_ref().to_owned()),
            group_display_name: group.map(|(by, name)| snapshot.shown(*by, name).into_owned()),
            comparison: alert.comparison.into(),
            threshold: alert.threshold,
            clear: alert.clear,
            for_ms: Count(alert.for_ms),
            phase: alert.phase.into(),
            since: alert.since.to_string(),
            value: alert.value,
            fired: Count(alert.fired),
        }
    }
}

#[cfg(test)]
mod tests;
