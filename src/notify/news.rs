//! What has changed between two snapshots, and how it is reported.

use std::collections::BTreeMap;
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
#[serde(rename_all = "camelCase")]
struct Group {
    by: &'static str,
    /// Its id.
    name: String,
    /// What people read for it.
    display_name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Engine {
    id: String,
    version: &'static str,
}

impl Change {
    fn new(alert: &Alert, snapshot: &Snapshot) -> Self {
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
                display_name: snapshot.shown(*by, name).into_owned(),
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
                id: format!("{:016x}", snapshot.engine_id),
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

/// What has been reported.
#[derive(Debug, Default)]
pub(super) struct News {
    seen: Arc<Alerts>,
    /// The alerts of which the last report is that they fire, as they were then. By name: the
    /// settings may be read again, and places change.
    firing: BTreeMap<Arc<str>, Alert>,
}

impl News {
    /// The changes since the snapshot before.
    pub(super) fn of(&mut self, snapshot: &Snapshot) -> Vec<Change> {
        let alerts = &snapshot.alerts;
        if Arc::ptr_eq(alerts, &self.seen) {
            return Vec::new();
        }
        self.seen = Arc::clone(alerts);
        let mut changes = Vec::new();
        // Taken out of the settings, or replaced by another rule of that name, it ends: whoever was
        // notified that it fires would wait for the end for ever.
        let is_watched = |told: &Alert| alerts.all.iter().any(|alert| is_same(alert, told));
        self.firing.retain(|_, told| {
            if is_watched(told) {
                return true;
            }
            told.phase = AlertPhase::Ok;
            told.since = snapshot.now;
            told.value = None;
            changes.push(Change::new(told, snapshot));
            false
        });
        for alert in &alerts.all {
            let told = self.firing.get(&alert.name);
            let is_news = match (told, alert.phase == AlertPhase::Firing) {
                // It may have ended and begun again between two looks.
                (Some(told), true) => told.fired != alert.fired,
                (told, is_firing) => told.is_some() != is_firing,
            };
            if !is_news {
                continue;
            }
            changes.push(Change::new(alert, snapshot));
            match alert.phase {
                AlertPhase::Firing => {
                    drop(self.firing.insert(Arc::clone(&alert.name), alert.clone()))
                }
                AlertPhase::Ok | AlertPhase::Pending => drop(self.firing.remove(&alert.name)),
            }
        }
        changes
    }
}

/// Whether two alerts are of the same rule.
fn is_same(a: &Alert, b: &Alert) -> bool {
    a.name == b.name
        && (a.metric, a.window_ms, &a.group) == (b.metric, b.window_ms, &b.group)
        && (a.comparison, a.threshold, a.clear) == (b.comparison, b.threshold, b.clear)
        && a.for_ms == b.for_ms
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
    fn an_alert_that_fires_and_goes_is_told_to_have_ended() {
        let mut news = News::default();
        let firing = snapshot(AlertPhase::Firing, 1);
        assert_eq!(news.of(&firing).len(), 1);
        // The settings are read again, and it is not among them.
        let mut without = Snapshot {
            now: EpochMs::from_ms(1_768_478_500_000),
            ..snapshot(AlertPhase::Ok, 0)
        };
        without.alerts = Arc::default();
        let changes = news.of(&without);
        assert_eq!(changes.len(), 1);
        let Change {
            alert,
            phase,
            value,
            since_ms,
            fired,
            ..
        } = &changes[0];
        assert_eq!(
            (alert.as_str(), *phase, *value),
            ("flood \"1\"", "OK", None)
        );
        assert_eq!((*since_ms, *fired), (1_768_478_500_000, 1));
        // It is back, and began to fire for the second time.
        let phases = |changes: Vec<Change>| -> Vec<&str> {
            changes.iter().map(|change| change.phase).collect()
        };
        assert_eq!(
            phases(news.of(&snapshot(AlertPhase::Firing, 2))),
            ["FIRING"]
        );
        // Another rule of its name: the one before ends, and this one fires already.
        let mut other = snapshot(AlertPhase::Firing, 3);
        let mut alerts = Alerts::clone(&other.alerts);
        alerts.all[0].threshold = 20.0;
        other.alerts = Arc::new(alerts);
        assert_eq!(phases(news.of(&other)), ["OK", "FIRING"]);
        assert!(news.of(&other).is_empty());
    }

    #[test]
    fn the_webhook_gets_everything_that_a_message_needs() {
        let changes = News::default().of(&snapshot(AlertPhase::Firing, 1));
        let expected = r#"{"alert":"flood \"1\"","phase":"FIRING","metric":"messagesPerMinute","windowMs":60000,"group":{"by":"queue","name":"sales","displayName":"sales"},"comparison":"ABOVE","threshold":10.0,"clear":9.0,"value":12.5,"since":"2026-01-15T12:00:00.000Z","sinceMs":1768478400000,"fired":1,"engine":{"id":"0000000000000abc","version":"VERSION"}}"#;
        let expected = expected.replace("VERSION", env!("CARGO_PKG_VERSION"));
        assert_eq!(String::from_utf8(changes[0].json()).unwrap(), expected);
    }
}
