//! The latest changes of alerts.

use async_graphql::Enum;
use async_graphql::Result;
use async_graphql::SimpleObject;

use super::alerts::Comparison;
use super::groups::GroupBy;
use super::range;
use super::scalar::Count;
use super::scalar::signed_float;
use crate::config::limits;
use crate::snapshot;
use crate::snapshot::Snapshot;

/// Changes in one answer, at most: all that are kept.
pub(super) const CHANGES_SHOWN_MAX: i32 = 100;

/// The latest changes of alerts: those that began to fire, and those that ended.
#[derive(Debug, SimpleObject)]
pub(super) struct AlertHistory {
    /// Changes since the start of the engine.
    total: Count,
    /// Changes that are kept: the latest 100 at the most.
    kept: Count,
    /// Older changes, which had to make room: `total` less `kept`.
    gone: Count,
    /// Kept changes that meet `name`, shown here or not.
    found: Count,
    /// Newest first.
    items: Vec<AlertChange>,
}

/// An alert began to fire, or one that fired ended.
#[derive(Debug, SimpleObject)]
pub(super) struct AlertChange {
    /// Its place among all changes since the start of the engine, from 1.
    number: Count,
    /// Whether the alert began to fire or ended.
    change: AlertTurn,
    /// When it changed by the engine clock, RFC 3339 in UTC with milliseconds.
    at: String,
    /// `at` in milliseconds since 1970-01-01T00:00:00Z.
    at_ms: f64,
    /// The alert's name in the settings.
    name: String,
    /// Its rule at that time, in words.
    rule: String,
    /// The metric's name in this schema, such as `messagesPerMinute`. Values are in its unit.
    metric: String,
    /// The window it is taken over, in milliseconds; null for a metric without a window.
    window_ms: Option<Count>,
    /// What it is grouped by; null for an alert on the total.
    by: Option<GroupBy>,
    /// The name of the group it watches, as `groups(name:)` takes it; null for an alert on the total.
    group: Option<String>,
    /// What people read for that group now: its name from `names-file`, else `group`.
    group_display_name: Option<String>,
    /// Which side of the threshold is bad.
    comparison: Comparison,
    /// The threshold, in the metric's unit.
    threshold: f64,
    /// Where a firing alert ends, in the metric's unit.
    clear: f64,
    /// How long the value had to be past the threshold before the alert fired, in milliseconds.
    for_ms: Count,
    /// The value that made the change, in the metric's unit. Of an alert that ended with its rule: the
    /// value at the look before; null when the metric had none.
    value: Option<f64>,
    /// When it began to fire, RFC 3339 in UTC with milliseconds; `at` where it began.
    since: String,
    /// How it ended; null where it began to fire.
    ending: Option<AlertEnding>,
    /// How long it had fired, in milliseconds of elapsed time, which steps of the clock do not change;
    /// null where it began to fire.
    lasted_ms: Option<Count>,
    /// Times it had begun to fire since the start of the engine.
    fired: Count,
}

/// What became of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub(super) enum AlertTurn {
    /// It began to fire.
    Began,
    /// It had fired, and ended.
    Ended,
}

/// How a firing alert came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "snapshot::AlertEnding")]
pub(super) enum AlertEnding {
    /// The value came back to the good side of `clear`.
    Cleared,
    /// The settings were read again, and the rule is no longer among them.
    RuleRemoved,
    /// The settings were read again, and another rule has its name.
    RuleChanged,
}

impl AlertHistory {
    /// The latest changes, of one alert if `name` is given.
    pub(super) fn new(snapshot: &Snapshot, first: i32, name: Option<&str>) -> Result<Self> {
        let first = range::within("first", first, 0..=CHANGES_SHOWN_MAX)?;
        let history = &snapshot.alerts.history;
        let is_meant = |change: &&_| name.is_none_or(|name| *AlertChange::name_of(change) == *name);
        let found: Vec<_> = history
            .changes
            .iter()
            .rev()
            .map(AsRef::as_ref)
            .filter(is_meant)
            .collect();
        Ok(Self {
            total: Count(history.total),
            kept: Count(history.changes.len() as u64),
            gone: Count(history.gone()),
            found: Count(found.len() as u64),
            items: found
                .into_iter()
                .take(first)
                .map(|change| AlertChange::new(snapshot, change))
                .collect(),
        })
    }
}

impl AlertChange {
    fn name_of(change: &snapshot::AlertChange) -> &str {
        &change.alert.name
    }

    fn new(snapshot: &Snapshot, change: &snapshot::AlertChange) -> Self {
        let alert = &change.alert;
        let group = alert.group.as_ref();
        Self {
            number: Count(change.number),
            change: match change.end {
                None => AlertTurn::Began,
                Some(_) => AlertTurn::Ended,
            },
            at: alert.since.to_string(),
            at_ms: signed_float(alert.since.ms()),
            name: alert.name.as_ref().to_owned(),
            rule: change.rule.as_ref().to_owned(),
            metric: alert.metric.to_owned(),
            window_ms: alert.window_ms.map(|ms| Count(u64::from(ms))),
            by: group.map(|(by, _)| (*by).into()),
            group: group.map(|(_, name)| name.as_ref().to_owned()),
            group_display_name: group.map(|(by, name)| snapshot.shown(*by, name).into_owned()),
            comparison: alert.comparison.into(),
            threshold: alert.threshold,
            clear: alert.clear,
            for_ms: Count(alert.for_ms),
            value: alert.value,
            since: change.began.to_string(),
            ending: change.end.map(|end| end.how.into()),
            lasted_ms: change.end.map(|end| Count(end.lasted_ms)),
            fired: Count(alert.fired),
        }
    }
}

const _: () = assert!(
    CHANGES_SHOWN_MAX as usize == limits::ALERT_CHANGES_MAX,
    "the whole list can be asked for"
);

#[cfg(test)]
mod tests;
