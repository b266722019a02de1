//! Nothing goes wrong: every event that was sent is counted, and the answers say so.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use streamgauge::simulate::Rate;
use streamgauge::stream::StreamState;

use super::rig::Rig;
use super::rig::simulator;

/// As the tutorial asks.
const TUTORIAL: &str = "query {
  realTimeMetrics {
    activeSessions
    totalConnections
    avgSessionDurationMs
    messagesPerMinute
  }
}";

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_is_what_is_published() {
    let mut rig = Rig::start(simulator(&[])).await;
    rig.until_received(3_000).await;
    let ended = rig.stop().await;
    ended.assert_all_arrived();
    assert_eq!(ended.stats.connections, 1);
    assert_eq!(ended.stats.tokens_issued, 1);
    assert_eq!(ended.last.stream.gaps_total, 0);
    assert_eq!(ended.last.stream.last_error, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tutorials_query_gets_the_tutorials_answer() {
    // The stream falls silent, so that two looks see the same.
    let mut rig = Rig::start(simulator(&["pause=1h@1000ev"])).await;
    let snapshot = rig.until_received(1_000).await;
    let answer = rig.ask(TUTORIAL).await;
    let window = snapshot.main();
    assert_eq!(
        answer,
        json!({ "data": { "realTimeMetrics": {
            "activeSessions": window.active_sessions,
            "totalConnections": snapshot.total_connections,
            "avgSessionDurationMs": window.avg_session_duration_ms(),
            "messagesPerMinute": window.messages_per_minute(),
        }}})
    );
    assert!(
        window.active_sessions > 0 && window.messages > 0,
        "{window:?}"
    );

    let all = "{ stream { state reconnects gapsTotal }
        counters { received ignored rejected { total } shed late future duplicates applied
                   accountingGap } }";
    let data = &rig.ask(all).await["data"];
    assert_eq!(
        data["stream"],
        json!({ "state": "LIVE", "reconnects": 0, "gapsTotal": 0 })
    );
    let counters = &data["counters"];
    assert_eq!(counters["received"], 1_000);
    assert_eq!(counters["accountingGap"].as_f64(), Some(0.0));
    assert_eq!(sum_of_fates(counters), 1_000);
    assert_eq!(rig.readiness().await.status(), 200);
    rig.stop().await.assert_all_arrived();
}

fn sum_of_fates(counters: &Value) -> u64 {
    let count = |value: &Value| value.as_u64().unwrap();
    let fates = ["ignored", "shed", "late", "future", "duplicates", "applied"];
    let sum: u64 = fates.iter().map(|fate| count(&counters[*fate])).sum();
    sum + count(&counters["rejected"]["total"])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_under_load_counts_everything_sent_before_the_close() {
    // As fast as it is read: the stand-in is ahead of the engine all the time. At most 3,000 events
    // are under way at the end, because the engine waits for them only so long, and a machine may be
    // slow.
    let mut settings = simulator(&["pause=1h@23000ev"]);
    settings.rate = Rate::Max;
    let mut rig = Rig::start(settings).await;
    rig.until_received(20_000).await;
    let ended = rig.stop().await;
    ended.assert_all_arrived();
    assert_eq!(ended.last.stream.state, StreamState::Closed);
    assert_eq!(ended.last.stream.gaps_total, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_no_loss() {
    let faults = ["pause=300ms@500ev", "pause=2500ms@1000ev"];
    // Silent for longer than the peer may be dead, but it answers pings.
    let mut rig = Rig::start_with(simulator(&faults), |stream| {
        stream.ping_interval = Duration::from_millis(50);
        stream.dead_after = Duration::from_secs(2);
    })
    .await;
    rig.until_received(1_500).await;
    let ended = rig.stop().await;
    ended.assert_all_arrived();
    assert_eq!(ended.stats.faults, 2);
    assert_eq!(ended.last.stream.gaps_total, 0);
}
