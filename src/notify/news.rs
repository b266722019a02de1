//! What has changed between two snapshots, and how it is told.

use std::sync::Arc;

use serde::Serialize;

use crate::snapshot::Alert;
use crate::snapshot::AlertPhase;
use crate::snapshot::Alerts;
use crate::snapshot::Comparison;
use crate::snapshot::Snapshot;

/// A change of an alert, as the webhook gets it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Change {
    /// The alert's name.
    pub(super) alert: String,
    /// `FIRING`, or `OK` when it has ended.
    pub(super) phase: &'static str,
    metric: &'static str,
    window_ms: Option<u32>,
    group: Option<Group>,
    comparison: &'static str,
    threshold: f64,
    /// Where a firing alert ends.
    clear: f64,
    /// The value at the change; null when the metric has none.
    value: Option<f64>,
    /// Since when it is in this phase: RFC 3339, and milliseconds since 1970.
    since: String,
    since_ms: i64,
    /// How often it has begun to fire since the engine's start. With `engine.id` and `phase` it
    /// names the change, so that a receiver can tell a repetition.
    fired: u64,
    engine: Engine,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Group {
    by: &'static str,
    name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Engine {
    id: String,
    version: &'static str,
}

impl Change {
    fn new(alert: &Alert, engine_id: u64) -> Self {
        Self {
            alert: alert.name.to_string(),
            phase: match alert.phase {
                AlertPhase::Firing => "FIRING",
                AlertPhase::Ok | AlertPhase::Pending => "OK",
            },
            metric: alert.metric,
            window_ms: alert.window_ms,
            group: alert.group.as_ref().map(|(by, name)| Group {
                by: by.label(),
                name: name.to_string(),
            }),
            comparison: match alert.comparison {
                Comparison::Above => "ABOVE",
                Comparison::Below => "BELOW",
            },
            threshold: alert.threshold,
            clear: alert.clear,
            value: alert.value,
            since: alert.since.to_string(),
            since_ms: alert.since.ms(),
            fired: alert.fired,
            engine: Engine {
                id: format!("{engine_id:016x}"),
                version: env!("CARGO_PKG_VERSION"),
            },
        }
    }

    /// The body of the post.
    pub(super) fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self)
            .unwrap_or_else(|error| unreachable!("no key is no string: {error}"))
    }
}

/// What has been told of.
#[derive(Debug, Default)]
pub(super) struct News {
    seen: Arc<Alerts>,
    /// By the place of the alert: whether the last that was told of it is that it fires, and for the
    /// how many-th time.
    told: Vec<(bool, u64)>,
}

impl News {
    /// The changes since the snapshot before.
    pub(super) fn of(&mut self, snapshot: &Snapshot) -> Vec<Change> {
        let alerts = &snapshot.alerts;
        if Arc::ptr_eq(alerts, &self.seen) {
            return Vec::new();
        }
        self.seen = Arc::clone(alerts);
        self.told.resize(alerts.all.len(), (false, 0));
        let mut changes = Vec::new();
        for (alert, told) in alerts.all.iter().zip(&mut self.told) {
            let now = (alert.phase == AlertPhase::Firing, alert.fired);
            let is_news = match (told.0, now.0) {
                (was, is) if was != is => true,
                // It ended and began again between two looks.
                (true, true) => told.1 != now.1,
                _ => false,
            };
            if is_news {
                *told = now;
                changes.push(Change::new(alert, snapshot.engine_id));
            }
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Dimension;
    use crate::time::EpochMs;

    fn snapshot(phase: AlertPhase, fired: u64) -> Snapshot {
        let alert = Alert {
            name: "flood \"1\"".into(),
            metric: "messagesPerMinute",
            window_ms: Some(60_000),
            group: Some((Dimension::Queue, "sales".into())),
            comparison: Comparison::Above,
            threshold: 10.0,
            clear: 9.0,
            for_ms: 0,
            phase,
            since: EpochMs::from_ms(1_768_478_400_000),
            value: Some(12.5),
            fired,
        };
        Snapshot {
            engine_id: 0xabc,
            alerts: Arc::new(Alerts {
                all: vec![alert],
                ..Alerts::default()
            }),
            ..Snapshot::default()
        }
    }

    #[test]
    fn each_change_is_told_once() {
        let mut news = News::default();
        let mut check = |phase, fired, expected: &[&str]| {
            let snapshot = snapshot(phase, fired);
            let changes = news.of(&snapshot);
            let phases: Vec<&str> = changes.iter().map(|change| change.phase).collect();
            assert_eq!(phases, expected, "{phase:?} {fired}");
            assert!(news.of(&snapshot).is_empty(), "the same snapshot again");
        };
        check(AlertPhase::Ok, 0, &[]);
        check(AlertPhase::Pending, 0, &[]);
        check(AlertPhase::Firing, 1, &["FIRING"]);
        check(AlertPhase::Firing, 1, &[]);
        check(AlertPhase::Ok, 1, &["OK"]);
        check(AlertPhase::Pending, 1, &[]);
        check(AlertPhase::Firing, 2, &["FIRING"]);
        check(AlertPhase::Firing, 3, &["FIRING"]);
        check(AlertPhase::Pending, 3, &["OK"]);
        // Began and ended unseen: no news.
        check(AlertPhase::Ok, 4, &[]);
    }

    #[test]
    fn the_webhook_gets_everything_that_a_message_needs() {
        let changes = News::default().of(&snapshot(AlertPhase::Firing, 1));
        let expected = r#"{"alert":"flood \"1\"","phase":"FIRING","metric":"messagesPerMinute","windowMs":60000,"group":{"by":"queue","name":"sales"},"comparison":"ABOVE","threshold":10.0,"clear":9.0,"value":12.5,"since":"2026-01-15T12:00:00.000Z","sinceMs":1768478400000,"fired":1,"engine":{"id":"0000000000000abc","version":"VERSION"}}"#;
        let expected = expected.replace("VERSION", env!("CARGO_PKG_VERSION"));
        assert_eq!(String::from_utf8(changes[0].json()).unwrap(), expected);
    }
}
