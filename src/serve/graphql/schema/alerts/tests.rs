use std::sync::Arc;

use serde_json::json;

use crate::serve::graphql::schema::tests::execute;
use crate::snapshot::Alert;
use crate::snapshot::AlertPhase;
use crate::snapshot::Alerts;
use crate::snapshot::Comparison;
use crate::snapshot::Dimension;
use crate::snapshot::Notifications;
use crate::snapshot::Snapshot;
use crate::time::EpochMs;

#[tokio::test]
async fn an_alert_is_shown_with_its_rule_and_where_it_stands() {
    let total = Alert {
        name: "quiet".into(),
        metric: "messagesPerMinute",
        window_ms: Some(60_000),
        group: None,
        comparison: Comparison::Below,
        threshold: 10.0,
        clear: 12.0,
        for_ms: 30_000,
        phase: AlertPhase::Pending,
        since: EpochMs::from_ms(1_000),
        value: None,
        fired: 0,
    };
    let group = Alert {
        name: "full".into(),
        metric: "openSessions",
        window_ms: None,
        group: Some((Dimension::Queue, "sales".into())),
        comparison: Comparison::Above,
        phase: AlertPhase::Firing,
        value: Some(11.5),
        fired: 2,
        ..total.clone()
    };
    let alerts = Alerts {
        all: vec![total, group],
        history: Arc::default(),
        notifications: Notifications {
            is_configured: true,
            sent: 1,
            retried: 2,
            failed: 3,
            last_error: Some("alerts: webhook: refused".into()),
        },
    };
    let snapshot = Snapshot {
        alerts: alerts.into(),
        ..Snapshot::default()
    };
    let query = "{ alerts { \
                 items { name metric windowMs by group comparison threshold clear forMs phase since value \
                 fired } notifications { configured sent retried failed lastError } } }";
    let data = execute(query, snapshot).await.data.into_json().unwrap();
    let expected = json!({ "alerts": {
        "items": [{
            "name": "quiet", "metric": "messagesPerMinute", "windowMs": 60_000, "by": null,
            "group": null, "comparison": "BELOW", "threshold": 10.0, "clear": 12.0,
            "forMs": 30_000, "phase": "PENDING", "since": "1970-01-01T00:00:01.000Z",
            "value": null, "fired": 0,
        }, {
            "name": "full", "metric": "openSessions", "windowMs": null, "by": "QUEUE",
            "group": "sales", "comparison": "ABOVE", "threshold": 10.0, "clear": 12.0,
            "forMs": 30_000, "phase": "FIRING", "since": "1970-01-01T00:00:01.000Z",
            "value": 11.5, "fired": 2,
        }],
        "notifications": {
            "configured": true, "sent": 1, "retried": 2, "failed": 3,
            "lastError": "alerts: webhook: refused",
        },
    }});
    assert_eq!(data, expected);
}
