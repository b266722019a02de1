//! Tokens and refusals: the stream goes on while tokens change, and a refusal costs one more try.

use std::time::Duration;

use serde_json::Value;
use streamgauge::snapshot::Snapshot;
use streamgauge::stream::LossCause;
use streamgauge::stream::StreamState;
use tokio::time::Instant;

use super::rig::Ended;
use super::rig::Rig;
use super::rig::simulator;

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_expires_interrupts_nothing() {
    let mut settings = simulator(&[]);
    settings.token_lifetime = Duration::from_secs(1);
    let mut rig = Rig::start(settings).await;
    let observer = rig.observer();
    let refreshed = |_: &Snapshot| observer.stats().tokens_issued >= 2;
    let received = rig
        .until("a second token", refreshed)
        .await
        .counters
        .received;
    rig.until_received(received + 100).await;
    let ended = rig.stop().await;
    ended.assert_all_arrived();
    assert_eq!(ended.stats.connections, 1);
    assert_eq!(ended.last.stream.gaps_total, 0);
    assert_eq!(ended.last.stream.failed_attempts, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_ends_with_its_token_reconnects_with_a_fresh_one() {
    // The first as the token's life ends, the second before it.
    for (fault, lifetime_s) in [("expire-token", 2), ("expire-token@1000ev", 3_600)] {
        let mut settings = simulator(&[fault]);
        settings.token_lifetime = Duration::from_secs(lifetime_s);
        let mut rig = Rig::start(settings).await;
        rig.until_reconnected(1).await;
        let ended = rig.stop().await;
        assert_eq!(ended.lost_on_the_way(), 0);
        ended.assert_gaps_cover(1);
        assert!(ended.stats.tokens_issued >= 2);
        assert_eq!(ended.last.stream.gaps[0].cause, LossCause::Refused);
    }
}

/// A run against refusals, until events come, and how long that took.
async fn recover(faults: &[&str]) -> (Ended, Duration) {
    let begun = Instant::now();
    let mut rig = Rig::start(simulator(faults)).await;
    rig.until_received(100).await;
    let took = begun.elapsed();
    let ended = rig.stop().await;
    ended.assert_all_arrived();
    assert_eq!(ended.stats.connections, 1);
    // What was missed before the first connection is no gap: nothing is claimed for that time.
    assert_eq!(ended.last.stream.gaps_total, 0);
    assert_eq!(ended.last.stream.last_error, None);
    (ended, took)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_handshake_is_tried_again_with_a_fresh_token() {
    for status in [401, 403] {
        let (ended, _) = recover(&[&format!("handshake={status}:1")]).await;
        assert_eq!(ended.stats.tokens_issued, 2, "{status}");
        assert_eq!(ended.last.stream.failed_attempts, 1, "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_after_is_kept() {
    for (fault, tokens_refused, handshakes_refused) in
        [("token=429:1:1", 1, 0), ("handshake=429:1:1", 0, 1)]
    {
        let (ended, took) = recover(&[fault]).await;
        assert!(took >= Duration::from_secs(1), "{fault}: {took:?}");
        assert_eq!(ended.stats.tokens_refused, tokens_refused);
        assert_eq!(ended.stats.handshakes_refused, handshakes_refused);
        assert_eq!(ended.stats.tokens_issued, 1);
        assert_eq!(ended.last.stream.failed_attempts, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn server_errors_are_waited_out() {
    let (ended, _) = recover(&["token=503:1", "handshake=502:3"]).await;
    assert_eq!(ended.stats.tokens_refused, 1);
    assert_eq!(ended.stats.handshakes_refused, 3);
    assert_eq!(ended.stats.tokens_issued, 1);
    assert_eq!(ended.last.stream.failed_attempts, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lasting_refusal_says_what_to_check() {
    for (fault, parts) in [
        ("token=401:always", ["invalid_client", "client"]),
        ("handshake=401:always", ["analytics:events:read", "region"]),
        ("handshake=403:always", ["analytics:events:read", "region"]),
    ] {
        let mut rig = Rig::start(simulator(&[fault])).await;
        let refused = rig
            .until("refused", |snapshot| {
                snapshot.stream.state == StreamState::Refused
            })
            .await;
        let error = refused.stream.last_error.as_deref().unwrap();
        let ready = rig.readiness().await;
        assert_eq!(ready.status(), 503);
        let ready: Value = serde_json::from_slice(ready.body()).unwrap();
        let reason = ready["reasons"][0].as_str().unwrap();
        for part in parts {
            assert!(error.contains(part), "{fault}: {error}");
            assert!(reason.contains(part), "{fault}: {reason}");
        }
        // The shutdown does not wait for the next try.
        let ended = rig.stop().await;
        assert_eq!(ended.last.counters.received, 0);
    }
}
