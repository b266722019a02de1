use std::sync::Arc;

use serde_json::Value;
use serde_json::json;

use super::*;
use crate::config::AlertBy;
use crate::config::Directory;
use crate::config::LinkTemplate;
use crate::config::Names;
use crate::serve::graphql::schema::tests::ask;
use crate::serve::graphql::schema::tests::execute;
use crate::snapshot::GroupKind::Named;
use crate::snapshot::GroupKind::Other;
use crate::snapshot::GroupKind::Unnamed;
use crate::snapshot::GroupTable;
use crate::snapshot::Longest;
use crate::time::EpochMs;

fn session(id: &str, connected: i64, queue: &str, deployment: &str) -> snapshot::OpenSession {
    snapshot::OpenSession {
        id: id.into(),
        connected: EpochMs::from_ms(connected),
        last_seen: EpochMs::from_ms(60_000),
        messages: 3,
        awaiting_since: None,
        is_uncertain: false,
        queue: queue.into(),
        queue_kind: Named,
        deployment: deployment.into(),
        deployment_kind: Named,
    }
}

fn snapshot() -> Snapshot {
    let [a, b, c, d] = [
        session("a", 1_000, "sales", "shop"),
        session("b", 2_000, "sales", "app"),
        session("c", 3_000, "billing", "shop"),
        session("d", 4_000, "billing", "app"),
    ];
    Snapshot {
        now: EpochMs::from_ms(90_500),
        longest: Arc::new(Longest {
            as_of: EpochMs::from_ms(90_000),
            overall: vec![a.clone(), b],
            by_queue: vec![Arc::new(vec![a]), Arc::new(vec![c, d])],
            ..Longest::default()
        }),
        ..Snapshot::default()
    }
}

async fn ids(arguments: &str) -> Value {
    let query = format!("{{ sessions{arguments} {{ items {{ id }} }} }}");
    let data = execute(&query, snapshot()).await.data.into_json().unwrap();
    let items = data["sessions"]["items"].as_array().unwrap().iter();
    items.map(|item| item["id"].clone()).collect()
}

#[tokio::test]
async fn a_session_is_as_long_open_as_the_snapshot_says() {
    let query = "{ sessions(first: 1) { asOf items { id connectedAt connectedAtMs openMs lastSeen \
                 messages queue deployment } } }";
    let response = execute(query, snapshot()).await;
    assert_eq!(response.cache_control.max_age, 0, "an answer can be kept");
    let expected = json!({ "sessions": {
        "asOf": "1970-01-01T00:01:30.000Z",
        "items": [{
            "id": "a", "connectedAt": "1970-01-01T00:00:01.000Z", "connectedAtMs": 1_000.0,
            "openMs": 89_500.0, "lastSeen": "1970-01-01T00:01:00.000Z", "messages": 3,
            "queue": "sales", "deployment": "shop",
        }],
    }});
    assert_eq!(response.data.into_json().unwrap(), expected);
}

#[tokio::test]
async fn names_and_links_come_from_the_directory_and_lost_ids_have_no_link() {
    let query = "{ sessions { items { id queue queueDisplayName deployment deploymentDisplayName link } } }";
    let lost = format!("#{}", "0f".repeat(16));
    let mut snapshot = snapshot();
    let overall = [lost.as_str(), "#1", "a/b", ".."].map(|id| session(id, 1_000, "sales", "shop"));
    snapshot.longest = Arc::new(Longest {
        overall: overall.to_vec(),
        ..Longest::default()
    });
    let links = async |snapshot: &Snapshot| -> Vec<Value> {
        let data = execute(query, snapshot.clone())
            .await
            .data
            .into_json()
            .unwrap();
        let items = data["sessions"]["items"].as_array().unwrap();
        assert_eq!(items[0]["queue"], "sales");
        let named = !snapshot.directory.names.is_empty();
        let name = if named { "Sales, north" } else { "sales" };
        assert_eq!(items[0]["queueDisplayName"], name);
        assert_eq!(items[0]["deploymentDisplayName"], "shop");
        items.iter().map(|item| item["link"].clone()).collect()
    };
    assert_eq!(links(&snapshot).await, vec![Value::Null; 4]);
    let names = [(AlertBy::Queue, "sales".into(), "Sales, north".into())];
    snapshot.directory = Arc::new(Directory {
        names: Names::new(names),
        session_link: Some(LinkTemplate::parse("https://a.example/#/{id}").unwrap()),
    });
    let expected = [
        Value::Null,
        json!("https://a.example/#/%231"),
        json!("https://a.example/#/a%2Fb"),
        Value::Null,
    ];
    assert_eq!(links(&snapshot).await, expected);
}

#[tokio::test]
async fn a_filter_chooses_among_all_lists_longest_first() {
    let check = async |arguments: &str, expected: Value| {
        assert_eq!(ids(arguments).await, expected, "{arguments}");
    };
    check("", json!(["a", "b"])).await;
    check("(filter: {})", json!(["a", "b"])).await;
    check("(filter: {queue: \"sales\"})", json!(["a", "b"])).await;
    check("(filter: {queue: \"billing\"})", json!(["c", "d"])).await;
    check("(first: 1, filter: {queue: \"billing\"})", json!(["c"])).await;
    check("(filter: {deployment: \"shop\"})", json!(["a", "c"])).await;
    check("(filter: {deployment: \"app\"})", json!(["b", "d"])).await;
    let both = "(filter: {queue: \"billing\", deployment: \"app\"})";
    check(both, json!(["d"])).await;
    check("(filter: {queue: \"nobody\"})", json!([])).await;
    check("(first: 0)", json!([])).await;
}

#[tokio::test]
async fn more_than_are_listed_cannot_be_asked_for() {
    for first in [-1, 101] {
        let query = format!("{{ sessions(first: {first}) {{ asOf }} }}");
        let response = ask(&query, snapshot()).await;
        let expected = format!("first: {first} is out of range; choose 0 to 100");
        assert_eq!(response.errors[0].message, expected);
    }
}

#[tokio::test]
async fn silent_ones_are_marked_and_left_out() {
    let mut snapshot = snapshot();
    snapshot.sessions.open_since = Some(EpochMs::from_ms(500));
    // Six minutes after the one in which something came last, and in the second of them.
    snapshot.now = EpochMs::from_ms(7 * 60_000);
    let mut longest = Longest::clone(&snapshot.longest);
    longest.overall[1].last_seen = EpochMs::from_ms(2 * 60_000);
    longest.overall[1].is_uncertain = true;
    snapshot.longest = Arc::new(longest);
    let check = async |arguments: &str, expected: Value| {
        let query = format!("{{ sessions{arguments} {{ items {{ id silent uncertain }} }} }}");
        let data = execute(&query, snapshot.clone()).await.data.into_json();
        assert_eq!(data.unwrap()["sessions"]["items"], expected, "{arguments}");
    };
    let item =
        |id, silent, uncertain| json!({ "id": id, "silent": silent, "uncertain": uncertain });
    let (a, b) = (item("a", true, false), item("b", false, true));
    check("", json!([a, b])).await;
    check("(leaveOutSilent: true)", json!([b])).await;
    check("(first: 1, leaveOutSilent: true)", json!([b])).await;
    check(
        "(silentAfter: 6, leaveOutSilent: true)",
        json!([item("a", false, false), b]),
    )
    .await;
    check("(silentAfter: 4)", json!([a, item("b", true, true)])).await;
    check("(silentAfter: 4, leaveOutSilent: true)", json!([])).await;
    let data = execute("{ sessions { openSince openComplete } }", snapshot.clone()).await;
    let expected = json!({ "openSince": "1970-01-01T00:00:00.500Z", "openComplete": false });
    assert_eq!(data.data.into_json().unwrap()["sessions"], expected);
    for minutes in [0, 1_441] {
        let query = format!("{{ sessions(silentAfter: {minutes}) {{ asOf }} }}");
        let response = ask(&query, snapshot.clone()).await;
        let expected = format!("silentAfter: {minutes} is out of range; choose 1 to 1440");
        assert_eq!(response.errors[0].message, expected);
    }
}

#[tokio::test]
async fn a_queue_named_like_ours_is_another() {
    let of = |id: &str, kind| {
        let mut session = session(id, 1_000, "(none)", "other");
        session.queue_kind = kind;
        session.deployment_kind = if kind == Named { Named } else { Other };
        session
    };
    let (named, unnamed) = (of("named", Named), of("unnamed", Unnamed));
    for has_named in [true, false] {
        let mut snapshot = snapshot();
        let lists = [vec![unnamed.clone()], vec![named.clone()]];
        snapshot.longest = Arc::new(Longest {
            as_of: snapshot.now,
            overall: lists.concat(),
            by_queue: lists.map(Arc::new).to_vec(),
            ..Longest::default()
        });
        let group = |kind| snapshot::Group {
            id: snapshot::GroupId::default(),
            name: "(none)".into(),
            kind,
            open_sessions: 1,
            open_uncertain: 0,
            awaiting: 0,
            awaiting_since: None,
            windows: Default::default(),
        };
        let mut groups = snapshot::Groups::default();
        let kinds = if has_named {
            vec![Unnamed, Named]
        } else {
            vec![Unnamed]
        };
        let all = kinds.into_iter().map(group).collect();
        groups.tables[Dimension::Queue.index()] = GroupTable::new(vec![Arc::new(all)]);
        snapshot.groups = Arc::new(groups);
        let check = async |filter: &str, expected: Value| {
            let query = format!("{{ sessions(filter: {{{filter}}}) {{ items {{ id }} }} }}");
            let data = execute(&query, snapshot.clone()).await.data.into_json();
            let ids: Value = data.unwrap()["sessions"]["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["id"].clone())
                .collect();
            assert_eq!(ids, expected, "{filter}");
        };
        let name = r#"queue: "(none)""#;
        check(name, json!([if has_named { "named" } else { "unnamed" }])).await;
        check(&format!("{name}, queueKind: UNNAMED"), json!(["unnamed"])).await;
        check(&format!("{name}, queueKind: NAMED"), json!(["named"])).await;
        check("queueKind: UNNAMED", json!(["unnamed"])).await;
        check("queueKind: OTHER", json!([])).await;
        let other = r#"deployment: "other""#;
        check(
            &format!("{other}, deploymentKind: OTHER"),
            json!(["unnamed"]),
        )
        .await;
        check(&format!("{other}, deploymentKind: NAMED"), json!(["named"])).await;
        check(r#"queue: """#, json!([])).await;
    }
}
