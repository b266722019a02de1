//! Frames, legal and illegal.

use std::sync::Arc;

use streamgauge::config::limits::MESSAGE_BYTES_MAX;
use streamgauge::event::Reject;
use streamgauge::stream::LossCause;
use streamgauge::time::Clock;

use super::peer::BINARY;
use super::peer::PING;
use super::peer::PONG;
use super::peer::TEXT;
use super::peer::close;
use super::peer::event;
use super::peer::frame;
use super::peer::json;
use super::peer::serve;
use super::rig::Rig;
use super::rig::settings;

#[tokio::test]
async fn broken_protocol_ends_the_connection_with_its_code() {
    let masked = [
        vec![0x80 | TEXT, 0x80 | 2, 1, 2, 3, 4],
        vec![b'h' ^ 1, b'i' ^ 2],
    ]
    .concat();
    let cases: [(&str, Vec<u8>, u16); 12] = [
        ("masked", masked, 1002),
        ("reserved bit", frame(0xC0 | TEXT, b"{}"), 1002),
        ("opcode", frame(0x83, b""), 1002),
        ("orphan continuation", frame(0x80, b"x"), 1002),
        (
            "interleaved",
            [frame(TEXT, b"a"), frame(0x80 | TEXT, b"b")].concat(),
            1002,
        ),
        ("long pong", frame(0x80 | PONG, &[0; 200]), 1002),
        ("long ping", frame(0x80 | PING, &[0; 126]), 1002),
        ("fragmented ping", frame(PING, b""), 1002),
        ("illegal close", close(1005, ""), 1002),
        ("utf-8", frame(0x80 | TEXT, b"\xff"), 1007),
        (
            "utf-8 in fragments",
            [frame(TEXT, b"\xc3"), frame(0x80, b"x")].concat(),
            1007,
        ),
        (
            "frame over the limit",
            {
                let mut head = vec![0x80 | TEXT, 127];
                head.extend((MESSAGE_BYTES_MAX as u64 + 1).to_be_bytes());
                head
            },
            1009,
        ),
    ];
    let count = cases.len();
    let cases = Arc::new(cases);
    let server = serve(move |number, mut peer| {
        let cases = Arc::clone(&cases);
        async move {
            peer.open().await;
            if let Some((name, bytes, code)) = cases.get(number) {
                peer.write(bytes).await;
                assert_eq!(peer.until_close().await, *code, "{name}");
            }
            peer.write(&event(number)).await;
            peer.until_close().await;
        }
    })
    .await;
    let mut rig = Rig::start(settings(server.address)).await;
    rig.until_events(1).await;
    let losses = rig.losses();
    assert_eq!(losses.len(), count, "{losses:?}");
    assert!(
        losses
            .iter()
            .all(|(cause, _)| *cause == LossCause::Protocol),
        "{losses:?}"
    );
    assert_eq!(rig.protocol_errors(), count);
    assert_eq!(rig.lives().len(), count + 1);
    assert_eq!(rig.delta.rejected[Reject::Utf8.index()], 2);
    assert_eq!(rig.delta.rejected[Reject::TooBig.index()], 1);
    rig.stop().await;
}

#[tokio::test]
async fn the_sum_of_fragments_is_limited() {
    let server = serve(|number, mut peer| async move {
        peer.open().await;
        if number == 0 {
            peer.write(&frame(TEXT, &[b' '; 4_096])).await;
            for _ in 0..600 {
                peer.write(&frame(0, &[b' '; 4_096])).await;
            }
        }
        peer.until_close().await;
    })
    .await;
    let mut rig = Rig::start(settings(server.address)).await;
    rig.until_live(2).await;
    assert_eq!(rig.losses().len(), 1);
    assert_eq!(rig.losses()[0].0, LossCause::Protocol);
    assert_eq!(rig.delta.rejected[Reject::TooBig.index()], 1);
    assert_eq!(rig.delta.received, 1);
    rig.stop().await;
}

#[tokio::test]
async fn fragments_and_controls_between_them_are_fine() {
    let server = serve(|_, mut peer| async move {
        peer.open().await;
        let json = json(1, Clock::system().wall());
        peer.write(&frame(TEXT, &json[..10])).await;
        peer.write(&frame(0x80 | PING, b"still there?")).await;
        assert_eq!(
            peer.read_frame().await.unwrap(),
            (PONG, b"still there?".to_vec())
        );
        peer.write(&frame(0, &json[10..20])).await;
        peer.write(&frame(0x80, &json[20..])).await;
        peer.until_close().await;
    })
    .await;
    let mut rig = Rig::start(settings(server.address)).await;
    rig.until_events(1).await;
    rig.stop().await;
    assert_eq!(rig.delta.received, 1);
    assert!(rig.losses().is_empty());
}

#[tokio::test]
async fn only_binary_messages_are_another_protocol() {
    let server = serve(|number, mut peer| async move {
        peer.open().await;
        if number == 0 {
            peer.write(&frame(0x80 | BINARY, b"x").repeat(100)).await;
        }
        peer.until_close().await;
    })
    .await;
    let mut rig = Rig::start(settings(server.address)).await;
    rig.until_live(2).await;
    assert_eq!(rig.delta.rejected[Reject::Binary.index()], 100);
    assert_eq!(rig.losses()[0].0, LossCause::Protocol);
    rig.stop().await;
}
