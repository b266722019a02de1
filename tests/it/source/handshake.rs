//! How a stream opens, and what an answer that opens none means.

use streamgauge::config::StreamSettings;
use streamgauge::event::IdKeys;
use streamgauge::net::Connector;
use streamgauge::parse::Parser;
use streamgauge::ring::Bell;
use streamgauge::ring::ring;
use streamgauge::source::EventsStream;
use streamgauge::source::Exit;
use streamgauge::stream::LossCause;
use streamgauge::stream::StreamState;
use streamgauge::time::Clock;

use super::peer::event;
use super::peer::serve;
use super::rig::Rig;
use super::rig::settings;
use crate::auth::TokenEndpoint;

#[tokio::test]
async fn an_answer_that_is_no_handshake_is_refused() {
    let answers: [(&str, LossCause, &str); 8] = [
        (
            "101 OK\r\nConnection: Upgrade\r\nUpgrade: websocket",
            LossCause::Protocol,
            "no sec-websocket-accept",
        ),
        (
            "101 OK\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            LossCause::Protocol,
            "wrong sec-websocket-accept",
        ),
        (
            "101 OK\r\nConnection: close\r\nUpgrade: websocket",
            LossCause::Protocol,
            "no connection upgrade",
        ),
        (
            "200 OK\r\nContent-Length: 2\r\n\r\nhi",
            LossCause::Unreachable,
            "status 200 instead of 101",
        ),
        (
            "302 Found\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0",
            LossCause::Unreachable,
            "redirects are not followed",
        ),
        (
            "500 Oops\r\nContent-Length: 0",
            LossCause::Unreachable,
            "status 500",
        ),
        (
            "404 Not Found\r\nContent-Length: 0",
            LossCause::Unreachable,
            "check the stream url",
        ),
        ("garbage", LossCause::Unreachable, "handshake: "),
    ];
    let script = answers;
    let server = serve(move |number, mut peer| async move {
        match script.get(number) {
            Some((answer, _, _)) => {
                peer.write(format!("HTTP/1.1 {answer}\r\n\r\n").as_bytes())
                    .await
            }
            None => peer.open().await,
        }
        peer.until_close().await;
    })
    .await;
    let mut rig = Rig::start(settings(server.address)).await;
    rig.until_live(1).await;
    for ((cause, detail), (_, expected, part)) in rig.losses().iter().zip(&answers) {
        assert_eq!(cause, expected, "{detail}");
        assert!(detail.contains(part), "{detail} lacks {part}");
    }
    assert_eq!(rig.losses().len(), answers.len());
    assert_eq!(rig.protocol_errors(), 3);
    rig.stop().await;
}

#[tokio::test]
async fn a_refused_token_is_replaced_at_once() {
    for refusal in ["401 Unauthorized", "403 Forbidden"] {
        let server = serve(move |number, mut peer| async move {
            assert_eq!(
                peer.header("authorization"),
                format!("Bearer token-{}", number + 1)
            );
            if number == 0 {
                let answer = format!("HTTP/1.1 {refusal}\r\nContent-Length: 0\r\n\r\n");
                peer.write(answer.as_bytes()).await;
                return;
            }
            peer.open().await;
            peer.until_close().await;
        })
        .await;
        let endpoint = TokenEndpoint::granting().await;
        let mut rig = Rig::with(settings(server.address), &endpoint, 64, 64);
        rig.until_live(1).await;
        let losses = rig.losses();
        assert_eq!(losses.len(), 1);
        assert_eq!(losses[0].0, LossCause::Refused);
        for part in ["analytics:events:read", "GENESYS_ENV", &refusal[..3]] {
            assert!(losses[0].1.contains(part), "{}", losses[0].1);
        }
        assert_eq!(endpoint.asked(), 2);
        rig.stop().await;
    }
}

#[tokio::test]
async fn a_client_that_stays_refused_is_a_state_of_its_own() {
    let server = serve(|_, mut peer| async move {
        peer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            .await;
    })
    .await;
    let mut rig = Rig::start(settings(server.address)).await;
    rig.until_losses(2).await;
    assert_eq!(rig.states().last(), Some(&StreamState::Refused));
    // It sleeps for a minute now; the shutdown wakes it.
    assert_eq!(rig.stop().await, Exit::Shutdown);
}

#[tokio::test]
async fn a_refused_client_reaches_the_notes() {
    let endpoint = TokenEndpoint::start(|_| {
        let body = r#"{"error":"invalid_client"}"#;
        crate::auth::answer("401 Unauthorized", "application/json", body)
    })
    .await;
    let nowhere = "127.0.0.1:1".parse().unwrap();
    let mut rig = Rig::with(settings(nowhere), &endpoint, 64, 64);
    rig.until_losses(1).await;
    rig.until("refused", |rig| {
        rig.states().last() == Some(&StreamState::Refused)
    })
    .await;
    let (cause, detail) = rig.losses()[0].clone();
    assert_eq!(cause, LossCause::Refused);
    assert!(detail.contains("invalid_client"), "{detail}");
    assert_eq!(rig.stop().await, Exit::Shutdown);
    assert_eq!(endpoint.asked(), 1);
}

#[tokio::test]
async fn retry_after_is_waited_for() {
    for status in ["429 Too Many Requests", "503 Unavailable"] {
        let server = serve(move |number, mut peer| async move {
            if number == 0 {
                let answer =
                    format!("HTTP/1.1 {status}\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n");
                peer.write(answer.as_bytes()).await;
                return;
            }
            peer.open().await;
            peer.until_close().await;
        })
        .await;
        let clock = Clock::system();
        let mut rig = Rig::start(settings(server.address)).await;
        rig.until_live(1).await;
        assert!(clock.mono_ns() >= 1_000_000_000);
        assert_eq!(rig.losses().len(), 1);
        rig.stop().await;
    }
}

#[tokio::test]
async fn the_token_stands_in_the_query_only_if_asked_and_is_never_told() {
    for in_query in [false, true] {
        let server = serve(move |number, mut peer| async move {
            assert_eq!(
                peer.request
                    .contains("?access_token=canary%2Ftoken HTTP/1.1"),
                in_query
            );
            assert_eq!(
                peer.request.lines().next().unwrap().contains("canary"),
                in_query
            );
            assert_eq!(peer.header("authorization"), "Bearer canary/token");
            match number {
                0 => {
                    peer.write(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")
                        .await
                }
                1 => peer.write(b"nonsense\r\n\r\n").await,
                _ => peer.open().await,
            }
            peer.until_close().await;
        })
        .await;
        let endpoint = TokenEndpoint::start(|_| crate::auth::grant("canary/token", 3_600)).await;
        let mut settings = settings(server.address);
        settings.token_in_query = in_query;
        let mut rig = Rig::with(settings, &endpoint, 64, 64);
        rig.until_live(1).await;
        assert_eq!(rig.losses().len(), 2);
        let told = format!("{:?}", rig.notes);
        assert!(!told.contains("canary"), "{told}");
        rig.stop().await;
    }
}

#[tokio::test]
async fn a_stream_url_that_credentials_must_not_be_sent_to_is_refused() {
    for url in [
        "ws://example.com/",
        "ws://10.1.2.3/",
        "wss://id:pass@example.com/",
    ] {
        let endpoint = TokenEndpoint::granting().await;
        let (producer, _consumer) = ring(1, 1, Bell::new());
        let source = EventsStream::new(
            StreamSettings::new(url.parse().unwrap()),
            Connector::new(None).unwrap(),
            endpoint.tokens(),
            Parser::new(IdKeys::FIXED),
            producer,
            Clock::system(),
        );
        let error = source.unwrap_err().to_string();
        assert!(error.contains("credentials"), "{error}");
        assert!(!error.contains("pass@"), "{error}");
    }
}

#[tokio::test]
async fn frames_right_behind_the_answer_are_read() {
    let server = serve(|_, mut peer| async move {
        let mut bytes = peer.switching_protocols().into_bytes();
        bytes.extend(event(1));
        bytes.extend(event(2));
        peer.write(&bytes).await;
        peer.until_close().await;
    })
    .await;
    let mut rig = Rig::start(settings(server.address)).await;
    rig.until_events(2).await;
    assert_eq!(rig.lives().len(), 1);
    rig.stop().await;
}
