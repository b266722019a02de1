use std::sync::Arc;

use serde_json::Value;
use serde_json::json;

use crate::serve::graphql::schema::tests::ask as try_to_execute;
use crate::serve::graphql::schema::tests::execute;
use crate::snapshot::Alert;
use crate::snapshot::AlertChange;
use crate::snapshot::AlertEnd;
use crate::snapshot::AlertEnding;
use crate::snapshot::AlertHistory;
use crate::snapshot::AlertPhase;
use crate::snapshot::Alerts;
use crate::snapshot::Comparison;
use crate::snapshot::Dimension;
use crate::snapshot::Snapshot;
use crate::time::EpochMs;

/// A history of three changes, with so many before them.
fn snapshot(gone: u64) -> Snapshot {
    let change = |number: u64, name: &str, phase, end: Option<AlertEnd>| AlertChange {
        number: gone + number,
        alert: Alert {
            name: name.into(),
            metric: "messagesPerMinute",
            window_ms: Some(60_000),
            group: Some((Dimension::Queue, "sales".into())),
            comparison: Comparison::Above,
            threshold: 500.0,
            clear: 450.0,
            for_ms: 30_000,
            phase,
            since: EpochMs::from_ms(number as i64 * 60_000),
            value: Some(2_045.0),
            fired: 1,
        },
        rule: format!("rule of {name}").into(),
        began: EpochMs::from_ms(60_000),
        end,
    };
    let end = |how| {
        Some(AlertEnd {
            how,
            lasted_ms: 59_500,
        })
    };
    let changes = vec![
        change(1, "busy", AlertPhase::Firing, None),
        change(2, "busy", AlertPhase::Ok, end(AlertEnding::Cleared)),
        change(3, "gone", AlertPhase::Ok, end(AlertEnding::RuleRemoved)),
    ];
    let history = AlertHistory {
        changes: changes.into_iter().map(Arc::new).collect(),
        total: gone + 3,
    };
    Snapshot {
        alerts: Arc::new(Alerts {
            history: Arc::new(history),
            ..Alerts::default()
        }),
        ..Snapshot::default()
    }
}

async fn ask(query: &str, snapshot: Snapshot) -> Value {
    let answer = execute(query, snapshot).await;
    assert!(answer.errors.is_empty(), "{:?}", answer.errors);
    answer.data.into_json().unwrap()
}

#[tokio::test]
async fn changes_are_shown_newest_first_with_their_rule_and_their_end() {
    let query = "{ alertHistory { total kept gone found items { \
                 number change at atMs name rule metric windowMs by group groupDisplayName comparison \
                 threshold clear forMs value since ending lastedMs fired } } }";
    let data = ask(query, snapshot(7)).await;
    let history = &data["alertHistory"];
    assert_eq!(
        (
            &history["total"],
            &history["kept"],
            &history["gone"],
            &history["found"]
        ),
        (&json!(10), &json!(3), &json!(7), &json!(3))
    );
    let expected = json!({
        "number": 9, "change": "ENDED", "at": "1970-01-01T00:02:00.000Z", "atMs": 120_000.0,
        "name": "busy", "rule": "rule of busy", "metric": "messagesPerMinute", "windowMs": 60_000,
        "by": "QUEUE", "group": "sales", "groupDisplayName": "sales", "comparison": "ABOVE",
        "threshold": 500.0, "clear": 450.0, "forMs": 30_000, "value": 2_045.0,
        "since": "1970-01-01T00:01:00.000Z", "ending": "CLEARED", "lastedMs": 59_500, "fired": 1,
    });
    assert_eq!(history["items"][1], expected);
    assert_eq!(history["items"][0]["ending"], "RULE_REMOVED");
    let began = &history["items"][2];
    assert_eq!(
        (&began["change"], &began["ending"]),
        (&json!("BEGAN"), &Value::Null)
    );
    assert_eq!(began["lastedMs"], Value::Null);
}

#[tokio::test]
async fn one_alert_and_a_few_changes_can_be_asked_for() {
    let query = r#"{ alertHistory(first: 1, name: "busy") { total found items { number } } }"#;
    let data = ask(query, snapshot(0)).await;
    let expected = json!({ "total": 3, "found": 2, "items": [{ "number": 2 }] });
    assert_eq!(data["alertHistory"], expected);
    let query = r#"{ alertHistory(first: 0) { kept items { number } } }"#;
    let data = ask(query, Snapshot::default()).await;
    assert_eq!(data["alertHistory"], json!({ "kept": 0, "items": [] }));
    for first in [-1, 101] {
        let query = format!("{{ alertHistory(first: {first}) {{ total }} }}");
        let answer = try_to_execute(&query, snapshot(0)).await;
        assert!(
            answer.errors[0].message.starts_with("first: "),
            "{:?}",
            answer.errors
        );
    }
}
