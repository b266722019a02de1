use std::sync::Arc;

use serde_json::Value;
use serde_json::json;

use super::*;
use crate::serve::graphql::schema::tests::ask;
use crate::serve::graphql::schema::tests::execute;
use crate::snapshot;
use crate::snapshot::GroupChange;
use crate::snapshot::GroupId;
use crate::snapshot::GroupTable;
use crate::snapshot::SecondOfGroups;
use crate::snapshot::WindowStats;
use crate::time::EpochMs;

/// The newest second kept is `[1006 s, 1007 s)`; ten are kept, of which second `s` has `s - 996`
/// messages in the total.
fn snapshot() -> Snapshot {
    let second = |s: i64| TotalSecond {
        start: EpochMs::from_ms(1_000 * s),
        messages: u32::try_from(s - 996).unwrap(),
        connections: 1,
        disconnections: 2,
        open_sessions: u32::try_from(s).unwrap(),
        active_sessions: 5,
        awaiting: 0,
        durations: (s % 2 == 0).then(|| Arc::new((1..=100).collect())),
    };
    let of_groups = |s: i64| {
        let change = GroupChange {
            messages: 3,
            connections: 1,
            opened: 1,
            ..GroupChange::default()
        };
        let queues = if s >= 1_004 {
            vec![(GroupId(4), change)]
        } else {
            vec![]
        };
        Arc::new(SecondOfGroups {
            start: EpochMs::from_ms(1_000 * s),
            groups: [queues, vec![], vec![]],
        })
    };
    let chunks = vec![
        Arc::new((997..1_000).map(second).collect()),
        Arc::new((1_000..1_007).map(second).collect()),
    ];
    let group = |id: u16, name: &str, messages: u64| {
        let mut windows = [0, 1, 2, 3].map(|_| WindowStats::default());
        windows[1].messages = messages;
        Group {
            id: GroupId(id),
            name: name.into(),
            kind: snapshot::GroupKind::Named,
            open_sessions: 20,
            open_uncertain: 0,
            awaiting: 0,
            awaiting_since: None,
            windows,
        }
    };
    let queues = GroupTable::new(vec![Arc::new(vec![
        group(3, "quiet", 1),
        group(4, "busy", 9),
    ])]);
    Snapshot {
        now: EpochMs::from_ms(1_007_040),
        series: Arc::new(snapshot::Series::new(
            chunks,
            (997..1_007).map(of_groups).collect(),
        )),
        groups: Arc::new(snapshot::Groups {
            tables: [queues, GroupTable::default(), GroupTable::default()],
            ..snapshot::Groups::default()
        }),
        ..Snapshot::default()
    }
}

async fn series_of(snapshot: Snapshot, arguments: &str) -> Value {
    let query = format!("{{ timeSeries({arguments}) {{ name metric startMs stepMs values }} }}");
    let mut data = execute(&query, snapshot).await.data.into_json().unwrap();
    data["timeSeries"].take()
}

async fn coverage_of(snapshot: Snapshot, arguments: &str) -> Value {
    let query = format!("{{ timeSeries({arguments}) {{ coverage }} }}");
    let mut data = execute(&query, snapshot).await.data.into_json().unwrap();
    data["timeSeries"][0]["coverage"].take()
}

async fn series(arguments: &str) -> Value {
    series_of(snapshot(), arguments).await
}

#[tokio::test]
async fn counts_are_summed_and_levels_are_those_at_the_end_of_a_step() {
    let of = async |metric: &str, last: i32, step: i32| {
        series(&format!("metric: {metric}, last: {last}, step: {step}")).await[0].take()
    };
    let expected = json!({
        "name": null, "metric": "MESSAGES", "startMs": 1_003_000.0, "stepMs": 1_000.0,
        "values": [7.0, 8.0, 9.0, 10.0],
    });
    assert_eq!(of("MESSAGES", 4, 1).await, expected);
    // Second 1006 begins a step of three that is not complete: the newest whole one is 1002 to 1004.
    let expected = json!({
        "name": null, "metric": "MESSAGES", "startMs": 1_002_000.0, "stepMs": 2_000.0,
        "values": [13.0, 17.0],
    });
    assert_eq!(of("MESSAGES", 5, 2).await, expected);
    let values = async |metric: &str| of(metric, 6, 3).await["values"].take();
    assert_eq!(of("MESSAGES", 6, 3).await["startMs"], 999_000.0);
    assert_eq!(values("MESSAGES").await, json!([12.0, 21.0]));
    assert_eq!(values("CONNECTIONS").await, json!([3.0, 3.0]));
    assert_eq!(values("DISCONNECTIONS").await, json!([6.0, 6.0]));
    assert_eq!(values("OPEN_SESSIONS").await, json!([1_001.0, 1_004.0]));
    assert_eq!(values("ACTIVE_SESSIONS").await, json!([5.0, 5.0]));
    assert_eq!(values("DURATION_P50").await, json!([null, 50.0]));
    assert_eq!(values("DURATION_P90").await, json!([null, 90.0]));
    assert_eq!(values("DURATION_P99").await, json!([null, 99.0]));
}

#[tokio::test]
async fn what_is_known_of_a_step_is_given_with_its_share_and_the_grid_stays() {
    let shown = series("metric: MESSAGES, last: 15, step: 3").await;
    // Of the step 996 to 998 one second is missing; of those before all are.
    assert_eq!(shown[0]["startMs"], 990_000.0);
    assert_eq!(shown[0]["values"], json!([null, null, 3.0, 12.0, 21.0]));
    for metric in ["MESSAGES", "OPEN_SESSIONS", "DURATION_P50"] {
        let shown = coverage_of(snapshot(), &format!("metric: {metric}, last: 15, step: 3")).await;
        assert_eq!(shown, json!([0.0, 0.0, 2.0 / 3.0, 1.0, 1.0]), "{metric}");
    }
    let of_group = "metric: MESSAGES, by: QUEUE, name: \"busy\", last: 15, step: 3";
    let shown = coverage_of(snapshot(), of_group).await;
    assert_eq!(shown, json!([0.0, 0.0, 2.0 / 3.0, 1.0, 1.0]));
    let shown = series(of_group).await;
    assert_eq!(shown[0]["values"], json!([null, null, 0.0, 0.0, 3.0]));
    let shown = series("metric: OPEN_SESSIONS, last: 15, step: 3").await;
    assert_eq!(
        shown[0]["values"],
        json!([null, null, 998.0, 1_001.0, 1_004.0])
    );
    let young = Snapshot {
        now: EpochMs::from_ms(1_007_040),
        ..Snapshot::default()
    };
    let shown = series_of(young, "metric: MESSAGES, last: 3").await;
    assert_eq!(shown[0]["startMs"], 1_004_000.0);
    assert_eq!(shown[0]["values"], json!([null, null, null]));
    let young = Snapshot {
        now: EpochMs::from_ms(1_007_040),
        ..Snapshot::default()
    };
    let shown = coverage_of(young, "metric: MESSAGES, last: 3").await;
    assert_eq!(shown, json!([0.0, 0.0, 0.0]));
}

#[tokio::test]
async fn groups_come_busiest_first_or_by_name() {
    let shown = series("metric: MESSAGES, by: QUEUE, last: 4").await;
    let row = |name: &str, values: Value| {
        json!({
            "name": name, "metric": "MESSAGES", "startMs": 1_003_000.0, "stepMs": 1_000.0,
            "values": values,
        })
    };
    let busy = row("busy", json!([0.0, 3.0, 3.0, 3.0]));
    let quiet = row("quiet", json!([0.0, 0.0, 0.0, 0.0]));
    assert_eq!(shown, json!([busy, quiet]));
    let first = series("metric: MESSAGES, by: QUEUE, last: 4, first: 1").await;
    assert_eq!(first, json!([busy]));
    let named = series("metric: MESSAGES, by: QUEUE, last: 4, name: \"quiet\"").await;
    assert_eq!(named, json!([quiet]));
    let unknown = series("metric: MESSAGES, by: DEPLOYMENT, last: 4, name: \"quiet\"").await;
    assert_eq!(unknown, json!([]));
    let open = series("metric: OPEN_SESSIONS, by: QUEUE, name: \"busy\", last: 4, step: 2").await;
    assert_eq!(open[0]["values"], json!([17.0, 19.0]));
}

#[tokio::test]
async fn arguments_out_of_range_are_refused_by_name() {
    let check = async |arguments: &str, expected: &str| {
        let query = format!("{{ timeSeries({arguments}) {{ values }} }}");
        let response = ask(&query, snapshot()).await;
        let [error] = &response.errors[..] else {
            panic!("{query}: {response:?}");
        };
        assert!(
            error.message.starts_with(expected),
            "{query}: {}",
            error.message
        );
        let code = error.extensions.as_ref().unwrap().get("code");
        assert_eq!(code, Some(&"BAD_USER_INPUT".into()));
    };
    let total = "last: 3601 is out of range; choose 1 to 3600";
    check("metric: MESSAGES, last: 3601", total).await;
    check("metric: MESSAGES, last: 0", "last: 0").await;
    let group = "last: 301 is out of range; choose 1 to 300";
    check("metric: MESSAGES, by: QUEUE, last: 301", group).await;
    check("metric: MESSAGES, step: 0", "step: 0").await;
    let step = "step: 301 is out of range; choose 1 to 300";
    check("metric: MESSAGES, step: 301", step).await;
    check("metric: MESSAGES, by: QUEUE, first: 51", "first: 51").await;
    check("metric: MESSAGES, by: QUEUE, first: -1", "first: -1").await;
    check("metric: MESSAGES, name: \"x\"", "name: ").await;
    for metric in ["ACTIVE_SESSIONS", "DURATION_P50", "DURATION_P99"] {
        check(&format!("metric: {metric}, by: QUEUE"), "metric: ").await;
    }
}

#[tokio::test]
async fn the_usual_charts_fit_and_a_flood_of_them_does_not() {
    let of = async |count: usize, arguments: &str| {
        let fields: String = (0..count)
            .map(|n| format!("s{n}: timeSeries({arguments}) {{ name startMs stepMs values }} "))
            .collect();
        ask(&format!("{{ {fields} }}"), snapshot())
            .await
            .errors
            .len()
    };
    assert_eq!(of(4, "metric: MESSAGES, by: QUEUE").await, 0);
    assert_eq!(of(10, "metric: MESSAGES, last: 3600").await, 0);
    assert_eq!(of(4, "metric: MESSAGES, by: QUEUE, first: 50").await, 0);
    assert_eq!(of(20, "metric: MESSAGES, by: QUEUE, first: 50").await, 1);
}

#[tokio::test]
async fn every_group_has_the_series_that_its_name_has() {
    for arguments in [
        "metric: MESSAGES, last: 3",
        "metric: OPEN_SESSIONS, last: 4, step: 2",
    ] {
        let by_name = series(&format!("by: QUEUE, first: 50, {arguments}")).await;
        let query = format!(
            "{{ groups(by: QUEUE, first: 50) {{ items {{ \
             timeSeries({arguments}) {{ name metric startMs stepMs values }} }} }} }}"
        );
        let data = execute(&query, snapshot()).await.data.into_json().unwrap();
        let items = data["groups"]["items"].as_array().unwrap().iter();
        let nested: Vec<Value> = items.map(|item| item["timeSeries"].clone()).collect();
        assert!(!nested.is_empty());
        assert_eq!(Value::from(nested), by_name, "{arguments}");
    }
    let query = "{ groups(by: QUEUE) { items { timeSeries(metric: DURATION_P50) { values } } } }";
    let response = ask(query, snapshot()).await;
    assert!(
        response.errors[0]
            .message
            .starts_with("metric: kept for the total only")
    );
}
