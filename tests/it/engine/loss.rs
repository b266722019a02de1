//! Connections that end: one reconnect for each loss, and every event that is missing lies inside a
//! recorded gap.

use std::time::Duration;

use streamgauge::stream::LossCause;

use super::rig::Rig;
use super::rig::simulator;

#[tokio::test(flavor = "multi_thread")]
async fn after_a_drop_every_missing_event_lies_in_the_gap() {
    let mut rig = Rig::start(simulator(&["drop@2000ev"])).await;
    rig.until_reconnected(1).await;
    let ended = rig.stop().await;
    ended.assert_gaps_cover(1);
    assert_eq!(ended.stats.connections, 2);
    assert_eq!(ended.stats.tokens_issued, 1);
    let [gap] = &ended.last.stream.gaps[..] else {
        panic!("{:?}", ended.last.stream)
    };
    assert_eq!(gap.cause, LossCause::Dropped);
    assert!(gap.end.is_some_and(|end| gap.start <= end));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_before_a_close_frame_arrives() {
    let faults = ["close=1001@500ev", "close@1000ev", "close=1011@1500ev"];
    let mut rig = Rig::start(simulator(&faults)).await;
    rig.until_reconnected(3).await;
    let ended = rig.stop().await;
    assert_eq!(ended.lost_on_the_way(), 0);
    ended.assert_gaps_cover(1);
    assert_eq!(ended.stats.connections, 4);
    assert_eq!(ended.last.stream.gaps_total, 3);
    assert_eq!(ended.last.stream.reconnects, 3);
    let causes: Vec<LossCause> = ended.last.stream.gaps.iter().map(|gap| gap.cause).collect();
    assert_eq!(causes, [LossCause::Closed; 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_open_peer_is_noticed_and_its_silence_is_a_gap() {
    let mut rig = Rig::start_with(simulator(&["half-open@1000ev"]), |stream| {
        stream.ping_interval = Duration::from_millis(100);
        // Long enough for a busy machine: no other connection may look dead.
        stream.dead_after = Duration::from_secs(3);
    })
    .await;
    rig.until_reconnected(1).await;
    let ended = rig.stop().await;
    assert_eq!(ended.lost_on_the_way(), 0);
    ended.assert_gaps_cover(1);
    let [gap] = &ended.last.stream.gaps[..] else {
        panic!("{:?}", ended.last.stream)
    };
    assert_eq!(gap.cause, LossCause::DeadPeer);
    // The whole silence, not only what came after it was noticed.
    let length = gap.end.map(|end| end.since(gap.start));
    assert!(length >= Some(2_900), "{gap:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_stream_comes_back_with_a_fresh_token() {
    for code in [1008, 4401, 4403] {
        let fault = format!("close={code}@500ev");
        let mut rig = Rig::start(simulator(&[&fault])).await;
        rig.until_reconnected(1).await;
        let ended = rig.stop().await;
        assert_eq!(ended.lost_on_the_way(), 0);
        ended.assert_gaps_cover(1);
        assert_eq!(ended.stats.tokens_issued, 2, "{code}");
        assert_eq!(ended.last.stream.gaps_total, 1);
        assert_eq!(
            ended.last.stream.gaps[0].cause,
            LossCause::Refused,
            "{code}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_cut_again_and_again_keeps_its_account() {
    let mut rig = Rig::start(simulator(&["drop@every:400ev"])).await;
    rig.until("cut four times", |snapshot| snapshot.stream.reconnects >= 4)
        .await;
    let ended = rig.stop().await;
    let stream = &ended.last.stream;
    // One cut before anything came is a failed try inside the gap that is open already.
    let told = stream.gaps_total + stream.failed_attempts;
    // The last cut may have met the shutdown: then it is not told, or it has no reconnect.
    assert!(
        told == ended.stats.faults || told + 1 == ended.stats.faults,
        "{stream:?} {:?}",
        ended.stats
    );
    assert!(stream.gaps_total - stream.reconnects <= 1, "{stream:?}");
    for pair in stream.gaps.windows(2) {
        assert!(
            pair[0].end.is_some_and(|end| end <= pair[1].start),
            "{pair:?}"
        );
    }
}
