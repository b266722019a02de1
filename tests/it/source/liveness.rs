//! Peers that prove nothing, our own absence, displacement, and the peer's clock.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use streamgauge::pulse::Part;
use streamgauge::pulse::Pulse;
use streamgauge::stream::LossCause;
use streamgauge::stream::StreamNote;
use streamgauge::stream::StreamState;
use streamgauge::time::Clock;
use tokio_util::sync::CancellationToken;

use super::peer::PING;
use super::peer::PONG;
use super::peer::Peer;
use super::peer::TEXT;
use super::peer::close;
use super::peer::event;
use super::peer::frame;
use super::peer::serve;
use super::rig::Rig;
use super::rig::settings;
use crate::auth::TokenEndpoint;

/// Sends a frame again and again until the client closes or leaves.
async fn repeat(mut peer: Peer, bytes: &[u8]) {
    peer.write(peer.switching_protocols().as_bytes()).await;
    loop {
        peer.write(bytes).await;
        let pause = tokio::time::sleep(Duration::from_millis(20));
        tokio::select! {
            () = pause => {}
            // Whatever the client says is not answered; a close is a close.
            left = peer.until_close_silently() => return assert!(matches!(left, 1000 | 1006)),
        }
    }
}

#[tokio::test]
async fn a_peer_that_never_proves_itself_is_given_up_with_words() {
    let server = serve(|number, mut peer| async move {
        match number {
            0 => repeat(peer, &frame(0x80 | PING, b"there?")).await,
            1 => repeat(peer, &frame(0x80 | PONG, b"unasked")).await,
            2 => {
                let first = frame(TEXT, b"[");
                peer.write(&[peer.switching_protocols().as_bytes(), &first].concat())
                    .await;
                repeat_quietly(peer, &frame(0, b" ")).await;
            }
            // A byte of a frame now and then is not even a fragment.
            3 => {
                let head = [0x80 | TEXT, 100];
                peer.write(&[peer.switching_protocols().as_bytes(), &head].concat())
                    .await;
                repeat_quietly(peer, b" ").await;
            }
            4 => {
                peer.write(peer.switching_protocols().as_bytes()).await;
                assert!(matches!(peer.until_close_silently().await, 1000 | 1006));
            }
            _ => {
                peer.open().await;
                peer.until_close().await;
            }
        }
    })
    .await;
    let mut settings = settings(server.address);
    settings.live_timeout = Duration::from_millis(600);
    let mut rig = Rig::start(settings).await;
    rig.until_live(1).await;
    let losses = rig.losses();
    let expected = [
        "only pings came",
        "only pongs to no ping of ours came",
        "only fragments of a message that did not end came",
        "nothing came",
        "nothing came",
    ];
    for (words, (cause, detail)) in expected.iter().zip(&losses) {
        let all = format!("stream: not live within 600ms of the handshake: {words}, ");
        assert!(detail.starts_with(&all), "{detail}");
        assert_eq!(*cause, LossCause::DeadPeer);
    }
    // Each was an attempt that failed: nothing that was live was lost.
    let is_failure = |note: &&StreamNote| matches!(note, StreamNote::Failed { .. });
    assert!(rig.notes.iter().filter(is_failure).count() >= 5);
    assert!(rig.states().contains(&StreamState::Backoff));
    rig.stop().await;
}

/// The same as [`repeat`], behind a handshake.
async fn repeat_quietly(mut peer: Peer, bytes: &[u8]) {
    loop {
        peer.write(bytes).await;
        let pause = tokio::time::sleep(Duration::from_millis(20));
        tokio::select! {
            () = pause => {}
            left = peer.until_close_silently() => return assert!(matches!(left, 1000 | 1006)),
        }
    }
}

#[tokio::test]
async fn a_blocked_runtime_is_no_silence_of_the_peer() {
    let flag = CancellationToken::new();
    let (sender, receiver) = mpsc::channel();
    let (ask, done) = (flag.clone(), CancellationToken::new());
    let ends = done.clone();
    // On a thread of its own: the source's is blocked.
    let server = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let server = serve(move |_, mut peer| {
                let ask = ask.clone();
                async move {
                    peer.open().await;
                    let mut number = 0;
                    while let Some((opcode, payload)) = peer.read_frame().await {
                        if opcode == PING {
                            peer.write(&frame(0x80 | PONG, &payload)).await;
                        }
                        if ask.is_cancelled() {
                            number += 1;
                            peer.write(&event(number)).await;
                        }
                    }
                }
            })
            .await;
            sender.send(server.address).unwrap();
            ends.cancelled().await;
        });
    });
    let mut settings = settings(receiver.recv().unwrap());
    settings.ping_interval = Duration::from_millis(100);
    settings.dead_after = Duration::from_secs(1);
    let endpoint = TokenEndpoint::granting().await;
    let pulse = Pulse::new(Duration::from_millis(1_500));
    let clock = Clock::system();
    let mut rig = Rig::beating(settings, &endpoint, (64, 64), &pulse, clock.clone());
    rig.until_live(1).await;

    // Nobody on this thread runs meanwhile.
    thread::sleep(Duration::from_millis(2_500));
    let late = |pulse: &Pulse| {
        let beats = pulse.look(clock.mono_ns());
        let late = beats.into_iter().filter(|beat| beat.is_late);
        late.map(|beat| beat.part).collect::<Vec<Part>>()
    };
    assert_eq!(late(&pulse), [Part::Ingest]);
    flag.cancel();
    rig.until_events(3).await;
    assert_eq!(rig.losses(), []);
    rig.until("on time", |_| late(&pulse).is_empty()).await;
    rig.stop().await;
    done.cancel();
    server.join().unwrap();
}

#[tokio::test]
async fn a_source_that_waits_for_the_ring_beats_and_the_ring_is_late() {
    let server = serve(|_, mut peer| async move {
        peer.open().await;
        peer.write(&(0..200).flat_map(event).collect::<Vec<u8>>())
            .await;
        peer.until_close().await;
    })
    .await;
    let endpoint = TokenEndpoint::granting().await;
    let pulse = Pulse::new(Duration::from_millis(1_500));
    let clock = Clock::system();
    let settings = settings(server.address);
    let mut rig = Rig::beating(settings, &endpoint, (2, 16), &pulse, clock.clone());
    pulse.begin(clock.mono_ns());
    let looking = async {
        loop {
            // The writer that nobody started beats.
            let now_ns = clock.mono_ns();
            pulse.writer(now_ns);
            pulse.published(now_ns);
            let beats = pulse.look(now_ns);
            let late: Vec<Part> = beats
                .iter()
                .filter(|beat| beat.is_late)
                .map(|beat| beat.part)
                .collect();
            if late == [Part::Ring] {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(super::rig::HANG, looking)
        .await
        .unwrap();
    rig.until_events(200).await;
    rig.stop().await;
}

#[tokio::test]
async fn the_third_displacement_is_said_and_paced() {
    let server = serve(|number, mut peer| async move {
        peer.open().await;
        match number {
            0 | 2 => peer.write(&close(4409, "displaced")).await,
            // Not every server has a code for it.
            1 => peer.write(&close(1008, "another connection")).await,
            _ => {}
        }
        peer.until_close().await;
    })
    .await;
    let mut settings = settings(server.address);
    settings.displaced_retry = Duration::from_millis(50);
    let endpoint = TokenEndpoint::granting().await;
    let mut rig = Rig::with(settings, &endpoint, 64, 64);
    rig.until_live(4).await;
    let losses = rig.losses();
    assert_eq!(losses.len(), 3);
    for (number, (cause, detail)) in losses.iter().enumerate() {
        assert_eq!(*cause, LossCause::Displaced);
        let is_said =
            detail.contains("3 times in a row: another engine uses this client's stream; ");
        assert_eq!(is_said, number == 2, "{detail}");
    }
    use StreamState::{Backoff, Connecting, Displaced, Live};
    let states = [
        Connecting, Live, Backoff, Connecting, Live, Backoff, Connecting, Live, Displaced,
        Connecting, Live,
    ];
    assert_eq!(rig.states(), states);
    assert_eq!(endpoint.asked(), 1, "the token is not to blame");
    rig.stop().await;
}

#[tokio::test]
async fn a_close_again_and_again_says_what_it_may_mean() {
    let server = serve(|number, mut peer| async move {
        peer.open().await;
        if number < 4 {
            peer.write(&close(4000, "bye")).await;
        }
        peer.until_close().await;
    })
    .await;
    let mut rig = Rig::start(settings(server.address)).await;
    rig.until_live(5).await;
    let said: Vec<bool> = rig
        .losses()
        .iter()
        .map(|(_, detail)| detail.contains("if another engine uses this client's stream"))
        .collect();
    assert_eq!(said, [false, false, true, true]);
    assert!(!rig.states().contains(&StreamState::Displaced));
    rig.stop().await;
}

#[tokio::test]
async fn the_date_of_the_handshake_is_compared_at_each_connect() {
    let server = serve(|number, mut peer| async move {
        let now = Clock::system().wall();
        let date = match number {
            0 => Some(now + 600_000),
            1 => Some(now),
            2 => None,
            _ => Some(now - 86_400_000),
        };
        let header = date.map_or_else(String::new, |date| {
            let since = Duration::from_millis(u64::try_from(date.ms()).unwrap());
            let date = httpdate::fmt_http_date(std::time::UNIX_EPOCH + since);
            format!("Date: {date}\r\n")
        });
        let head = peer.switching_protocols();
        let head = head.replacen("\r\n", &format!("\r\n{header}"), 1);
        peer.open_with(&head).await;
        if number < 3 {
            peer.write(&close(1001, "")).await;
        }
        peer.until_close().await;
    })
    .await;
    let mut rig = Rig::start(settings(server.address)).await;
    rig.until_live(4).await;
    let told = |rig: &Rig| {
        let told = rig.notes.iter().filter_map(|note| match note {
            StreamNote::ServerClock { offset_ms, is_off } => Some((*offset_ms, *is_off)),
            _ => None,
        });
        told.collect::<Vec<(i64, bool)>>()
    };
    rig.until("compared", |rig| told(rig).len() >= 3).await;
    let told = told(&rig);
    assert_eq!(told.len(), 3, "{told:?}");
    let (ahead, same, behind) = (told[0], told[1], told[2]);
    assert!(
        (590_000..=600_000).contains(&ahead.0) && ahead.1,
        "{told:?}"
    );
    assert!(!same.1, "{told:?}");
    assert!(behind.0 < -86_000_000 && behind.1, "{told:?}");
    rig.stop().await;
}
