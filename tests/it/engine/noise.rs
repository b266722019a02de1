//! Frames that are no events, copies and events out of order: counted, and nothing else changes.

use super::rig::Rig;
use super::rig::simulator;

#[tokio::test(flavor = "multi_thread")]
async fn malformed_frames_are_counted_and_the_connection_is_kept() {
    let mut rig = Rig::start(simulator(&["malformed=5%"])).await;
    rig.until_received(2_000).await;
    let ended = rig.stop().await;
    ended.assert_all_arrived();
    assert!(ended.stats.malformed > 0);
    assert_eq!(ended.stats.connections, 1);
    assert_eq!(ended.last.stream.protocol_errors, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_are_counted_and_change_no_number() {
    let mut rig = Rig::start(simulator(&["duplicate=20%"])).await;
    rig.until_received(2_000).await;
    let ended = rig.stop().await;
    ended.assert_all_arrived();
    assert!(ended.stats.copies > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_changes_no_number() {
    for bound in ["reorder=50", "reorder=100ms"] {
        let mut rig = Rig::start(simulator(&[bound])).await;
        rig.until("out of order", |snapshot| {
            snapshot.counters.out_of_order > 0 && snapshot.counters.received > 1_000
        })
        .await;
        rig.stop().await.assert_all_arrived();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_noise_together_changes_no_number() {
    let faults = [
        "malformed=2%",
        "duplicate=5%",
        "reorder=50",
        "pause=100ms@every:300ms",
    ];
    let mut rig = Rig::start(simulator(&faults)).await;
    rig.until_received(2_000).await;
    let ended = rig.stop().await;
    ended.assert_all_arrived();
    assert_eq!(ended.last.stream.gaps_total, 0);
}
