//! More events than anybody takes.

use std::time::Duration;

use streamgauge::config::Overload;
use streamgauge::source::Exit;
use streamgauge::time::Clock;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::peer::PING;
use super::peer::PONG;
use super::peer::event;
use super::peer::frame;
use super::peer::json;
use super::peer::serve;
use super::rig::HANG;
use super::rig::Rig;
use super::rig::settings;
use crate::auth::TokenEndpoint;

const FLOOD: usize = 10_000;

fn flood() -> Vec<u8> {
    (0..FLOOD).flat_map(event).collect()
}

#[tokio::test]
async fn many_frames_of_one_write_are_batched() {
    let server = serve(|_, mut peer| async move {
        peer.open().await;
        peer.write(&flood()).await;
        peer.until_close().await;
    })
    .await;
    let mut rig = Rig::start(settings(server.address)).await;
    rig.until_events(FLOOD).await;
    rig.stop().await;
    assert_eq!(rig.events.len(), FLOOD);
    assert!(rig.batches < FLOOD / 4, "{} batches", rig.batches);
    let sent: usize = (0..FLOOD)
        .map(|number| json(number, Clock::system().wall()).len())
        .sum();
    assert_eq!(rig.delta.bytes, sent as u64);
}

#[tokio::test]
async fn a_full_ring_loses_nothing_and_is_not_held_against_the_peer() {
    let server = serve(|_, mut peer| async move {
        peer.open().await;
        peer.write(&flood()).await;
        peer.until_close().await;
    })
    .await;
    let mut settings = settings(server.address);
    settings.ping_interval = Duration::from_millis(50);
    settings.dead_after = Duration::from_secs(1);
    let endpoint = TokenEndpoint::granting().await;
    let mut rig = Rig::with(settings, &endpoint, 2, 16);
    rig.until_live(1).await;
    // The consumer sleeps far longer than a silent peer would be given.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(rig.consumer.depth_events() <= rig.consumer.capacity_events());
    rig.until_events(FLOOD).await;
    rig.stop().await;
    assert_eq!(rig.events.len(), FLOOD);
    assert!(rig.losses().is_empty(), "{:?}", rig.losses());
    assert_eq!(rig.delta.shed, 0);
    rig.events.dedup_by_key(|event| event.session);
    assert_eq!(rig.events.len(), FLOOD, "nothing comes twice");
}

#[tokio::test]
async fn a_ping_is_answered_once_while_the_ring_is_full() {
    let answered = CancellationToken::new();
    let seen = answered.clone();
    let server = serve(move |_, mut peer| {
        let seen = seen.clone();
        async move {
            peer.open().await;
            peer.write(&(0..200).flat_map(event).collect::<Vec<u8>>())
                .await;
            peer.write(&frame(0x80 | PING, b"there?")).await;
            while peer.read_frame().await.unwrap() != (PONG, b"there?".to_vec()) {}
            seen.cancel();
            peer.write(&frame(0x80 | PING, b"still?")).await;
            loop {
                match peer.read_frame().await.unwrap() {
                    (PONG, payload) if payload == b"still?" => break,
                    (PONG, payload) => panic!("answered twice: {payload:?}"),
                    _ => {}
                }
            }
            peer.write(&event(200)).await;
            peer.until_close().await;
        }
    })
    .await;
    let endpoint = TokenEndpoint::granting().await;
    let mut rig = Rig::with(settings(server.address), &endpoint, 2, 16);
    // The ring takes 32 events and the batch 16; nothing is drained before the ping is answered.
    timeout(HANG, answered.cancelled()).await.unwrap();
    rig.until_events(201).await;
    rig.stop().await;
    assert_eq!(rig.events.len(), 201);
    assert!(rig.losses().is_empty(), "{:?}", rig.losses());
}

#[tokio::test]
async fn shedding_counts_every_event() {
    let all_read = CancellationToken::new();
    let seen = all_read.clone();
    let server = serve(move |_, mut peer| {
        let seen = seen.clone();
        async move {
            peer.open().await;
            peer.write(&flood()).await;
            peer.write(&frame(0x80 | PING, b"read all?")).await;
            while peer.read_frame().await.unwrap() != (PONG, b"read all?".to_vec()) {}
            seen.cancel();
            peer.until_close().await;
        }
    })
    .await;
    let mut settings = settings(server.address);
    settings.overload = Overload::Shed;
    let endpoint = TokenEndpoint::granting().await;
    let mut rig = Rig::with(settings, &endpoint, 2, 16);
    // Nothing is drained before the source has read everything.
    timeout(HANG, all_read.cancelled()).await.unwrap();
    rig.until("all counted", |rig| rig.delta.received == FLOOD as u64)
        .await;
    rig.stop().await;
    assert!(rig.delta.shed > 0);
    assert_eq!(rig.events.len() as u64 + rig.delta.shed, FLOOD as u64);
    assert_eq!(rig.lives().len(), 1, "notes are never shed");
    assert!(rig.losses().is_empty());
}

#[tokio::test]
async fn a_shutdown_ends_the_wait_for_a_full_ring() {
    let server = serve(|_, mut peer| async move {
        peer.open().await;
        peer.write(&flood()).await;
        peer.until_close().await;
    })
    .await;
    let endpoint = TokenEndpoint::granting().await;
    let rig = Rig::with(settings(server.address), &endpoint, 2, 16);
    tokio::time::sleep(Duration::from_millis(200)).await;
    rig.shutdown.cancel();
    // Nobody drains the ring any more.
    let exit = timeout(HANG, rig.source).await.unwrap().unwrap();
    assert_eq!(exit, Exit::Shutdown);
}
