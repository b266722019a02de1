//! Live, lost, live again, and the end.

use std::time::Duration;

use streamgauge::event::Reject;
use streamgauge::source::Exit;
use streamgauge::stream::LossCause;
use streamgauge::stream::StreamNote;
use streamgauge::stream::StreamState;
use streamgauge::time::Clock;

use super::peer::BINARY;
use super::peer::PING;
use super::peer::PONG;
use super::peer::TEXT;
use super::peer::close;
use super::peer::event;
use super::peer::event_at;
use super::peer::frame;
use super::peer::serve;
use super::rig::HANG;
use super::rig::Rig;
use super::rig::settings;
use crate::auth::TokenEndpoint;

#[tokio::test]
async fn smoke() {
    let server = serve(|_, mut peer| async move {
        let request = peer.request.clone();
        assert!(
            request.starts_with("GET /api/v2/analytics/events/stream HTTP/1.1\r\n"),
            "{request}"
        );
        assert_eq!(peer.header("authorization"), "Bearer token-1");
        assert_eq!(peer.header("sec-websocket-version"), "13");
        assert_eq!(peer.header("sec-websocket-extensions"), "");
        peer.open().await;
        peer.write(&event(1)).await;
        peer.write(&frame(0x80 | TEXT, br#"{"eventType":"webchat:typing"}"#))
            .await;
        peer.write(&frame(0x80 | TEXT, b"{")).await;
        peer.write(&frame(0x80 | BINARY, b"x")).await;
        peer.write(&event(2)).await;
        assert_eq!(peer.until_close().await, 1000);
        // What was on its way when the close came is still counted.
        peer.write(&event(3)).await;
        peer.write(&close(1000, "")).await;
    })
    .await;
    let mut rig = Rig::start(settings(server.address)).await;
    rig.until_events(2).await;
    assert_eq!(rig.stop().await, Exit::Shutdown);
    assert_eq!(rig.events.len(), 3);
    assert_eq!(rig.delta.received, 6);
    assert_eq!(rig.delta.ignored, 1);
    assert_eq!(rig.delta.rejected[Reject::NotJson.index()], 1);
    assert_eq!(rig.delta.rejected[Reject::Binary.index()], 1);
    use StreamState::{Closed, Connecting, Live};
    assert_eq!(rig.states(), [Connecting, Live, Closed]);
    assert_eq!(rig.lives().len(), 1);
    assert!(rig.losses().is_empty());
}

#[tokio::test]
async fn each_loss_costs_one_reconnect_and_says_why() {
    let codes = [1000, 1001, 1011, 4000, 4401];
    let server = serve(move |number, mut peer| async move {
        peer.open().await;
        if let Some(code) = codes.get(number) {
            peer.write(&close(*code, "bye\n")).await;
            assert_eq!(peer.until_close().await, *code);
        } else if number == codes.len() {
            return;
        }
        assert_eq!(
            peer.header("authorization"),
            if number > 4 {
                "Bearer token-2"
            } else {
                "Bearer token-1"
            }
        );
        peer.until_close().await;
    })
    .await;
    let endpoint = TokenEndpoint::granting().await;
    let mut rig = Rig::with(settings(server.address), &endpoint, 64, 64);
    let connections = codes.len() + 2;
    rig.until_live(connections).await;
    let losses = rig.losses();
    assert_eq!(losses.len(), connections - 1);
    for (code, (cause, detail)) in codes.iter().zip(&losses) {
        let refused = *code == 4401;
        assert_eq!(
            *cause,
            if refused {
                LossCause::Refused
            } else {
                LossCause::Closed
            }
        );
        assert!(detail.contains(&format!("({code}): bye\\n")), "{detail}");
    }
    assert_eq!(losses[codes.len()].0, LossCause::Dropped);
    assert_eq!(endpoint.asked(), 2);
    rig.stop().await;
}

#[tokio::test]
async fn a_gap_begins_with_the_newest_event() {
    let server = serve(|number, mut peer| async move {
        peer.open().await;
        if number == 0 {
            // The second ping comes 2 s after the first: the time between is credible and live.
            let (opcode, _) = peer.read_frame().await.unwrap();
            assert_eq!(opcode, PING);
            let now = Clock::system().wall();
            peer.write(&event_at(1, now - 500)).await;
            peer.write(&event_at(2, now - 30_000)).await;
            return;
        }
        peer.until_close().await;
    })
    .await;
    let mut settings = settings(server.address);
    settings.ping_interval = Duration::from_secs(2);
    let mut rig = Rig::start(settings).await;
    rig.until_live(2).await;
    let since = rig.notes.iter().find_map(|note| match note {
        StreamNote::Lost { since, .. } => Some(*since),
        _ => None,
    });
    assert_eq!(since, Some(rig.events[0].time));
    assert!(rig.lives()[0] <= rig.events[0].time);
    rig.stop().await;
}

#[tokio::test]
async fn a_gap_after_silence_begins_no_earlier_than_live() {
    let server = serve(|number, mut peer| async move {
        peer.open().await;
        if number > 0 {
            peer.until_close().await;
        }
    })
    .await;
    let mut rig = Rig::start(settings(server.address)).await;
    rig.until_live(2).await;
    let lost = rig.notes.iter().find_map(|note| match note {
        StreamNote::Lost { since, cause, .. } => Some((*since, *cause)),
        _ => None,
    });
    assert_eq!(lost, Some((rig.lives()[0], LossCause::Dropped)));
    rig.stop().await;
}

#[tokio::test]
async fn a_half_open_peer_is_given_up() {
    let server = serve(|number, mut peer| async move {
        peer.open().await;
        if number == 0 {
            // Neither reads nor writes nor closes.
            tokio::time::sleep(HANG).await;
        }
        peer.until_close().await;
    })
    .await;
    let mut settings = settings(server.address);
    settings.ping_interval = Duration::from_millis(50);
    settings.dead_after = Duration::from_secs(1);
    let mut rig = Rig::start(settings).await;
    rig.until_live(2).await;
    assert_eq!(rig.losses().len(), 1);
    assert_eq!(rig.losses()[0].0, LossCause::DeadPeer);
    rig.stop().await;
}

#[tokio::test]
async fn a_peer_that_answers_pings_is_not_dead() {
    let server = serve(|_, mut peer| async move {
        peer.open().await;
        for _ in 0..30 {
            let (opcode, payload) = peer.read_frame().await.unwrap();
            assert_eq!(opcode, PING);
            peer.write(&frame(0x80 | PONG, &payload)).await;
        }
        peer.write(&event(1)).await;
        peer.until_close().await;
    })
    .await;
    let mut settings = settings(server.address);
    settings.ping_interval = Duration::from_millis(100);
    settings.dead_after = Duration::from_secs(2);
    let mut rig = Rig::start(settings).await;
    rig.until_events(1).await;
    assert!(rig.losses().is_empty(), "{:?}", rig.losses());
    rig.stop().await;
}
