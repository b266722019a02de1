use std::sync::Arc;

use serde_json::Value;
use serde_json::json;

use super::*;
use crate::config::AlertBy;
use crate::config::Directory;
use crate::config::Names;
use crate::histogram::Histogram;
use crate::metric::Measure;
use crate::serve::graphql::schema::tests::ask;
use crate::serve::graphql::schema::tests::execute;
use crate::snapshot::GROUP_WINDOWS_MS;
use crate::snapshot::GroupId;
use crate::snapshot::GroupRoom;
use crate::snapshot::GroupTable;
use crate::snapshot::Measured;
use crate::snapshot::WindowStats;

/// A group whose windows have `numbers × (place + 1)` messages, connections, disconnects and active
/// sessions.
fn group(id: u16, name: &str, kind: snapshot::GroupKind, numbers: [u64; 4]) -> snapshot::Group {
    let [messages, connections, disconnections, active_sessions] = numbers;
    let windows = [0, 1, 2, 3].map(|place| {
        let times = place as u64 + 1;
        WindowStats {
            length_ms: GROUP_WINDOWS_MS[place],
            messages: times * messages,
            connections: times * connections,
            disconnections: times * disconnections,
            active_sessions: times * active_sessions,
            closed_sessions: 2,
            closed_duration_ms: 1_000 * connections,
            coverage_ms: 10_000,
            measured: match place % 2 {
                1 => Measured::of(Measure::Duration, Histogram::default()),
                _ => Measured::default(),
            },
            ..WindowStats::default()
        }
    });
    snapshot::Group {
        id: GroupId(id),
        name: name.into(),
        kind,
        open_sessions: 10 * active_sessions,
        open_uncertain: active_sessions,
        awaiting: 0,
        awaiting_since: None,
        windows,
    }
}

fn snapshot() -> Snapshot {
    use snapshot::GroupKind::{Named, Other, Unnamed};
    let queues = GroupTable::new(vec![
        Arc::new(vec![
            group(0, "(none)", Unnamed, [7, 0, 0, 0]),
            group(1, "sales", Named, [5, 3, 1, 4]),
        ]),
        Arc::new(vec![]),
        Arc::new(vec![
            group(2, "billing", Named, [5, 9, 2, 1]),
            group(3, "other", Named, [1, 1, 9, 2]),
            group(4, "other", Other, [0, 2, 3, 9]),
        ]),
    ]);
    let directions = GroupTable::new(vec![Arc::new(vec![group(
        0,
        "inbound",
        Named,
        [8, 0, 0, 0],
    )])]);
    let groups = snapshot::Groups {
        tables: [queues, GroupTable::default(), directions],
        room: GroupRoom {
            capacity: 10_000,
            overflowed: [12, 0, 3],
            bytes: 1,
        },
        ..snapshot::Groups::default()
    };
    Snapshot {
        groups: Arc::new(groups),
        ..Snapshot::default()
    }
}

async fn groups(arguments: &str, selection: &str) -> Value {
    let query = format!("{{ groups({arguments}) {{ {selection} }} }}");
    let mut data = execute(&query, snapshot()).await.data.into_json().unwrap();
    data["groups"].take()
}

async fn names(arguments: &str) -> Vec<String> {
    let found = groups(arguments, "items { name }").await;
    let items = found["items"].as_array().unwrap().iter();
    items
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn every_order_is_descending_but_names_and_ties_are_by_name() {
    let check = async |order: &str, expected: [&str; 5]| {
        let found = names(&format!("by: QUEUE, orderBy: {order}")).await;
        assert_eq!(found, expected, "{order}");
    };
    check("NAME", ["(none)", "billing", "other", "other", "sales"]).await;
    check("MESSAGES", ["(none)", "billing", "sales", "other", "other"]).await;
    check(
        "CONNECTIONS",
        ["billing", "sales", "other", "other", "(none)"],
    )
    .await;
    check(
        "DISCONNECTIONS",
        ["other", "other", "billing", "sales", "(none)"],
    )
    .await;
    check(
        "ACTIVE_SESSIONS",
        ["other", "sales", "other", "billing", "(none)"],
    )
    .await;
    check(
        "OPEN_SESSIONS",
        ["other", "sales", "other", "billing", "(none)"],
    )
    .await;
    check("DURATION", ["billing", "sales", "other", "other", "(none)"]).await;
    assert_eq!(names("by: DIRECTION").await, ["inbound"]);
    assert!(names("by: DEPLOYMENT").await.is_empty());
}

#[tokio::test]
async fn a_part_is_the_head_of_the_whole() {
    for order in ["NAME", "MESSAGES", "ACTIVE_SESSIONS", "DURATION"] {
        let whole = names(&format!("by: QUEUE, orderBy: {order}")).await;
        for first in 0..=6 {
            let part = names(&format!("by: QUEUE, orderBy: {order}, first: {first}")).await;
            assert_eq!(part, whole[..whole.len().min(first)], "{order} {first}");
        }
    }
}

#[tokio::test]
async fn pages_of_one_snapshot_are_the_whole() {
    for order in ["NAME", "MESSAGES", "ACTIVE_SESSIONS", "DURATION"] {
        let whole = names(&format!("by: QUEUE, orderBy: {order}")).await;
        for first in 1..=6 {
            let mut pages = Vec::new();
            for offset in (0..=6).step_by(first) {
                let page = format!("by: QUEUE, orderBy: {order}, first: {first}, offset: {offset}");
                pages.extend(names(&page).await);
            }
            assert_eq!(pages, whole, "{order} {first}");
        }
    }
    assert!(names("by: QUEUE, first: 0, offset: 2").await.is_empty());
    assert!(names("by: QUEUE, offset: 65535").await.is_empty());
    for offset in ["-1", "65536"] {
        let query = format!("{{ groups(by: QUEUE, offset: {offset}) {{ count }} }}");
        let response = ask(&query, snapshot()).await;
        let expected = format!("offset: {offset} is out of range; choose 0 to 65535");
        assert_eq!(response.errors[0].message, expected);
    }
}

/// The whole schema of a group, found by introspection so that a new field cannot be forgotten.
#[tokio::test]
async fn a_full_page_with_every_field_is_answered() {
    let fields = async |of: &str| {
        let query = format!(
            "{{ __type(name: \"{of}\") {{ fields {{ name args {{ name }} type {{ kind ofType {{ kind }} }} }} }} }}"
        );
        let data = execute(&query, snapshot()).await.data.into_json().unwrap();
        let fields = data["__type"]["fields"].as_array().unwrap().clone();
        let is_leaf = |field: &&Value| {
            let kinds = field["type"].to_string();
            field["args"] == json!([]) && (kinds.contains("SCALAR") || kinds.contains("ENUM"))
        };
        let names = fields.iter().filter(is_leaf);
        let names: Vec<String> = names
            .map(|field| field["name"].as_str().unwrap().to_owned())
            .collect();
        names.join(" ")
    };
    let (group, window, durations) = (
        fields("Group").await,
        fields("Window").await,
        fields("Durations").await,
    );
    assert!(window.contains("messagesPerMinute") && durations.contains("p99Ms"));
    let query = format!(
        "{{ groups(by: QUEUE, first: 500) {{ count items {{ {group} window {{ {window} durations {{ {durations} }} }} }} }} }}"
    );
    let response = ask(&query, snapshot()).await;
    assert_eq!(response.errors, [], "{query}");
}

#[tokio::test]
async fn the_window_asked_for_is_the_one_shown() {
    let selection = "count capacity overflowed items { name kind openSessions \
                     window { windowMs messagesPerMinute activeSessions durations { count } complete } }";
    let of = async |window: &str| {
        let arguments = format!("by: QUEUE, name: \"sales\", window: {window}");
        groups(&arguments, selection).await
    };
    let shown = of("FIVE_MINUTES").await;
    let expected = json!({
        "count": 5, "capacity": 10_000, "overflowed": 12,
        "items": [{
            "name": "sales", "kind": "NAMED", "openSessions": 40,
            "window": {
                "windowMs": 300_000, "messagesPerMinute": 3.0, "activeSessions": 12,
                "durations": null, "complete": false,
            },
        }],
    });
    assert_eq!(shown, expected);
    for (window, ms) in ["TEN_SECONDS", "ONE_MINUTE", "FIVE_MINUTES", "ONE_HOUR"]
        .iter()
        .zip(GROUP_WINDOWS_MS)
    {
        let shown = of(window).await;
        let shown = &shown["items"][0]["window"];
        assert_eq!(shown["windowMs"], ms, "{window}");
        assert_eq!(shown["complete"], ms == 10_000, "{window}");
        let has_durations = ["ONE_MINUTE", "ONE_HOUR"].contains(window);
        assert_eq!(shown["durations"].is_object(), has_durations, "{window}");
    }
}

#[tokio::test]
async fn a_name_finds_what_is_named_before_what_is_ours() {
    let kinds = async |name: &str| {
        let arguments = format!("by: QUEUE, name: \"{name}\"");
        groups(&arguments, "items { kind }").await["items"].take()
    };
    assert_eq!(kinds("other").await, json!([{ "kind": "NAMED" }]));
    assert_eq!(kinds("(none)").await, json!([{ "kind": "UNNAMED" }]));
    assert_eq!(kinds("Sales").await, json!([]));
}

#[tokio::test]
async fn arguments_out_of_range_are_refused_by_name() {
    for first in ["-1", "501", "2147483647", "-2147483648"] {
        let query = format!("{{ groups(by: QUEUE, first: {first}) {{ count }} }}");
        let response = ask(&query, snapshot()).await;
        let [error] = &response.errors[..] else {
            panic!("{response:?}");
        };
        let expected = format!("first: {first} is out of range; choose 0 to 500");
        assert_eq!(error.message, expected);
        assert_eq!(error.path.len(), 1, "{error:?}");
        let extensions = error.extensions.as_ref().unwrap();
        assert_eq!(extensions.get("code"), Some(&"BAD_USER_INPUT".into()));
    }
}

#[tokio::test]
async fn wide_answers_are_refused_before_they_are_made() {
    let of = async |first: i32, fields: usize| {
        let fields: String = (0..fields)
            .map(|n| format!("f{n}: activeSessions "))
            .collect();
        let query = format!(
            "{{ groups(by: QUEUE, first: {first}) {{ items {{ window {{ {fields} }} }} }} }}"
        );
        ask(&query, snapshot()).await.errors.len()
    };
    assert_eq!(of(500, 20).await, 0);
    assert_eq!(of(500, 40).await, 1);
    assert_eq!(of(100, 30).await, 0);
}

#[tokio::test]
async fn a_search_finds_names_that_hold_it_and_says_how_many() {
    let check = async |search: &str, first: i32, expected: &[&str], found: i32| {
        let arguments = format!("by: QUEUE, orderBy: NAME, first: {first}, search: \"{search}\"");
        let all = groups(&arguments, "count found items { name }").await;
        assert_eq!(
            (&all["count"], &all["found"]),
            (&json!(5), &json!(found)),
            "{search}"
        );
        assert_eq!(names(&arguments).await, expected, "{search}");
    };
    check("", 9, &["(none)", "billing", "other", "other", "sales"], 5).await;
    check("L", 9, &["billing", "sales"], 2).await;
    check("L", 1, &["billing"], 2).await;
    check("(NO", 9, &["(none)"], 1).await;
    check("nobody", 9, &[], 0).await;
    // With a name, both have to hold.
    let both = names("by: QUEUE, name: \"sales\", search: \"bill\"").await;
    assert!(both.is_empty(), "{both:?}");
}

#[tokio::test]
async fn every_order_can_be_turned_round() {
    for order in [
        "NAME",
        "MESSAGES",
        "CONNECTIONS",
        "OPEN_SESSIONS",
        "DURATION",
    ] {
        let mut there = names(&format!("by: QUEUE, orderBy: {order}")).await;
        let back = names(&format!("by: QUEUE, orderBy: {order}, reverse: true")).await;
        there.reverse();
        assert_eq!(back, there, "{order}");
        let head = names(&format!(
            "by: QUEUE, orderBy: {order}, reverse: true, first: 2"
        ))
        .await;
        assert_eq!(head, back[..2], "{order}");
    }
}

#[test]
fn groups_without_ended_sessions_come_last_whichever_way_round() {
    let of = |id: u16, p50_ms: Option<u64>| {
        let mut group = group(
            id,
            &format!("queue-{id}"),
            snapshot::GroupKind::Named,
            [0; 4],
        );
        group.windows[1].measured = p50_ms.map_or_else(Measured::default, |p50_ms| {
            Measured::of(Measure::Duration, Histogram::from_iter([p50_ms]))
        });
        group
    };
    let all = [of(0, None), of(1, Some(5)), of(2, Some(9)), of(3, None)];
    let check = |reverse: bool, expected: [u16; 4]| {
        let whole = Snapshot::default();
        let shown = |group| {
            let key = GroupOrder::EndedDuration.key(1, group, EpochMs::default());
            Shown::new(&whole, Dimension::Queue, group, key)
        };
        let mut found: Vec<Shown<'_>> = all.iter().map(shown).collect();
        first_by(&mut found, 4, |a, b| compare(reverse, a, b));
        let ids: Vec<u16> = found.iter().map(|shown| shown.group.id.0).collect();
        assert_eq!(ids, expected);
    };
    check(false, [2, 1, 0, 3]);
    check(true, [1, 2, 3, 0]);
}

#[tokio::test]
async fn a_kind_says_which_of_two_groups_of_one_name_is_meant() {
    let kinds = async |arguments: &str| {
        let query = format!("{{ groups(by: QUEUE, {arguments}) {{ items {{ kind }} }} }}");
        let data = execute(&query, snapshot()).await.data.into_json().unwrap();
        let items = data["groups"]["items"].as_array().unwrap().iter();
        items.map(|item| item["kind"].clone()).collect::<Value>()
    };
    assert_eq!(kinds("name: \"other\"").await, json!(["NAMED"]));
    assert_eq!(
        kinds("name: \"other\", kind: OTHER").await,
        json!(["OTHER"])
    );
    assert_eq!(
        kinds("name: \"other\", kind: NAMED").await,
        json!(["NAMED"])
    );
    assert_eq!(kinds("name: \"other\", kind: UNNAMED").await, json!([]));
    assert_eq!(kinds("kind: UNNAMED").await, json!(["UNNAMED"]));
    assert_eq!(kinds("name: \"(none)\", kind: NAMED").await, json!([]));
    assert_eq!(kinds("name: \"\"").await, json!([]));
}

#[tokio::test]
async fn names_are_shown_searched_and_ordered_and_ids_stay() {
    let names = [
        (AlertBy::Queue, "sales", "Ärzte"),
        (AlertBy::Queue, "billing", "Zahlungen"),
        (AlertBy::Queue, "other", "zahlungen"),
        (AlertBy::Queue, "never seen", "Zzz"),
        (AlertBy::Deployment, "sales", "a deployment"),
    ];
    let names = names.map(|(by, id, name)| (by, id.into(), name.into()));
    let mut snapshot = snapshot();
    snapshot.directory = Arc::new(Directory {
        names: Names::new(names),
        session_link: None,
    });
    let rows = async |arguments: &str| -> Vec<String> {
        let query =
            format!("{{ groups(by: QUEUE, {arguments}) {{ items {{ name displayName kind }} }} }}");
        let data = execute(&query, snapshot.clone())
            .await
            .data
            .into_json()
            .unwrap();
        let items = data["groups"]["items"].as_array().unwrap();
        let text = |item: &Value, field: &str| item[field].as_str().unwrap().to_owned();
        let row = |item| format!("{}={}", text(item, "name"), text(item, "displayName"));
        items.iter().map(row).collect()
    };
    // The group of what found no room is none of the stream's names, whatever the file says.
    let by_name = [
        "(none)=(none)",
        "billing=Zahlungen (billing)",
        "other=other",
        "other=zahlungen (other)",
        "sales=Ärzte",
    ];
    assert_eq!(rows("orderBy: NAME").await, by_name);
    let mut back = by_name;
    back.reverse();
    assert_eq!(rows("orderBy: NAME, reverse: true").await, back);
    assert_eq!(
        rows("orderBy: NAME, search: \"ZAHL\"").await,
        [by_name[1], by_name[3]]
    );
    assert_eq!(rows("search: \"äRZ\"").await, ["sales=Ärzte"]);
    assert_eq!(rows("search: \"ale\"").await, ["sales=Ärzte"]);
    assert_eq!(rows("name: \"sales\"").await, ["sales=Ärzte"]);
    assert_eq!(
        rows("name: \"Ärzte\"").await,
        [""; 0],
        "clients ask by the id"
    );
    let query = "{ timeSeries(metric: MESSAGES, by: QUEUE, name: \"sales\") { name displayName } }";
    let data = execute(query, snapshot.clone())
        .await
        .data
        .into_json()
        .unwrap();
    assert_eq!(
        data["timeSeries"],
        json!([{ "name": "sales", "displayName": "Ärzte" }])
    );
}
