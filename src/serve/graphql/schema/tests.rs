//! The schema's text, and what a cache could know of an answer.

use async_graphql::Request;
use async_graphql::Response;

use super::*;
use crate::event::Field;
use crate::event::LabelFault;
use crate::event::Reject;
use crate::pulse::Pulse;
use crate::serve::post_counters::PostCounters;
use crate::snapshot::WindowStats;

pub(in crate::serve) async fn execute(query: &str, snapshot: Snapshot) -> Response {
    let response = ask(query, snapshot).await;
    assert_eq!(response.errors, [], "{query}");
    response
}

/// What a query comes to, errors and all.
pub(in crate::serve) async fn ask(query: &str, snapshot: Snapshot) -> Response {
    let view = View {
        snapshot: Arc::new(snapshot),
        wall: EpochMs::from_ms(2_500),
        started: EpochMs::from_ms(1_000),
        uptime_ms: 1_500,
        push: PushCounts::default(),
        posts: PostCounters::default(),
        beats: Pulse::default().look(0),
        age_max: Duration::from_secs(5),
        wait_levels: WaitLevels::DEFAULT,
        is_draining: false,
    };
    let request = Request::new(query).data(view);
    build(true).execute(request).await
}

fn snapshot() -> Snapshot {
    Snapshot {
        published: EpochMs::from_ms(2_000),
        windows: vec![WindowStats {
            length_ms: 60_000,
            ..WindowStats::default()
        }],
        ..Snapshot::default()
    }
}

#[test]
fn the_schema_is_reviewed() {
    insta::assert_snapshot!(schema_sdl());
}

#[test]
fn every_reason_is_in_the_description() {
    let sdl = schema_sdl();
    let reasons = Reject::ALL.iter().map(|reason| reason.label());
    let fields = Field::ALL.iter().map(|field| field.label());
    let faults = LabelFault::ALL.iter().map(|fault| fault.label());
    for label in reasons.chain(fields).chain(faults) {
        assert!(sdl.contains(&format!("`{label}`")), "{label}");
    }
}

#[test]
fn what_walks_a_whole_table_is_known_by_name() {
    let sdl = schema_sdl();
    for field in crate::serve::graphql::cost::measure::COSTLY {
        assert!(sdl.contains(&format!("\t{field}(")), "{field}");
    }
}

#[tokio::test]
async fn everything_has_a_description() {
    let query = "{ __schema { types { name description enumValues { name description } \
                 inputFields { name description } \
                 fields { name description args { name description } } } } }";
    let data = execute(query, snapshot()).await.data.into_json().unwrap();
    let types = data["__schema"]["types"].as_array().unwrap();
    let foreign = ["ID", "Int", "Float", "String", "Boolean"];
    let own = |named: &&serde_json::Value| {
        let name = named["name"].as_str().unwrap();
        !name.starts_with("__") && !foreign.contains(&name)
    };
    let mut seen = 0;
    for owner in types.iter().filter(own) {
        let members = ["fields", "inputFields", "enumValues"].map(|key| owner[key].as_array());
        let members: Vec<_> = members.into_iter().flatten().flatten().collect();
        let arguments = members
            .iter()
            .filter_map(|member| member["args"].as_array());
        for named in arguments
            .flatten()
            .chain(members.iter().copied())
            .chain([owner])
        {
            let text = named["description"].as_str().unwrap_or_default();
            assert!(
                text.ends_with('.'),
                "{} of {}",
                named["name"],
                owner["name"]
            );
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
}

#[tokio::test]
async fn answers_that_age_say_so() {
    let check = async |query: &str, max_age: i32| {
        let response = execute(query, snapshot()).await;
        assert_eq!(response.cache_control.max_age, max_age, "{query}");
    };
    check("{ realTimeMetrics { activeSessions asOf } }", 0).await;
    check("{ engine { version snapshotSequence startedAt } }", 0).await;
    check("{ stream { lagMs lastArrival } }", 0).await;
    check("{ engine { uptimeMs } realTimeMetrics { asOf } }", -1).await;
    check("{ engine { snapshotAgeMs } }", -1).await;
    check("{ engine { push { sent } } }", -1).await;
    let breakdowns = "{ windows { windowMs } groups(by: QUEUE) { count } alerts { items { name } } \
                      timeSeries(metric: MESSAGES) { values } sessions { asOf } }";
    check(breakdowns, 0).await;
}

#[tokio::test]
async fn counts_are_whole_numbers_beyond_32_bits() {
    let mut snapshot = snapshot();
    snapshot.total_connections = 3_000_000_000;
    snapshot.windows[0].active_sessions = 3_000_000_000;
    snapshot.counters.received = u64::MAX;
    let query = "{ realTimeMetrics { activeSessions totalConnections totalConnectionsExact } \
                 counters { received } }";
    let data = execute(query, snapshot).await.data.into_json().unwrap();
    let expected = serde_json::json!({
        "realTimeMetrics": {
            "activeSessions": 2_147_483_647,
            "totalConnections": 2_147_483_647,
            "totalConnectionsExact": 3_000_000_000.0,
        },
        "counters": { "received": u64::MAX },
    });
    assert_eq!(data, expected);
}
