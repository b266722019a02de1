//! How a stream opens, and what an answer that opens none means.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
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

use super::peer::close;
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

#[tokio::test]
async fn a_refusal_says_what_the_server_said_and_blames_nothing_else() {
    const SCOPE: &str = "analytics:events:read";
    let long = "x".repeat(500);
    let html = "<html><body>Access denied by the web filter</body></html>";
    // What the server answers, a part of what is told, and whether the scope is blamed.
    let script: Vec<(String, String, bool)> = [
        (
            "403 Forbidden\r\n",
            "Origin not allowed",
            "\"Origin not allowed\"; it wants an Origin",
            false,
        ),
        (
            "400 Bad Request\r\n",
            "missing subprotocol v2.stream",
            "it wants a subprotocol",
            false,
        ),
        (
            "403 No\r\nSec-WebSocket-Protocol: v2.stream\r\n",
            "",
            "it wants a subprotocol",
            false,
        ),
        (
            "400 Bad Request\r\n",
            "permessage-deflate is required",
            "it wants compression",
            false,
        ),
        (
            "426 Upgrade Required\r\nSec-WebSocket-Version: 8, 7\r\n",
            "",
            "another version",
            false,
        ),
        (
            "403 Forbidden\r\nContent-Type: text/html\r\n",
            html,
            "a proxy or firewall may be in between",
            false,
        ),
        (
            "403 Forbidden\r\n",
            "quota of streams exceeded",
            "status 403: \"quota of streams exceeded\"",
            false,
        ),
        (
            "403 Forbidden\r\nX-Error: your plan has no streams\r\n",
            "",
            ": \"your plan has no streams\"",
            false,
        ),
        (
            "403 Your plan has no streams\r\n",
            "",
            ": \"Your plan has no streams\"",
            false,
        ),
        (
            "401 Unauthorized\r\nWWW-Authenticate: Bearer error=\"invalid_token\"\r\n",
            "",
            "invalid_token",
            true,
        ),
        (
            "403 Forbidden\r\n",
            "missing permission",
            "missing permission",
            true,
        ),
        (
            "403 Forbidden\r\n",
            "",
            "refused with status 403; check",
            true,
        ),
        (
            "500 Oops\r\n",
            "database down",
            "status 500 instead of 101: \"database down\"; trying again",
            false,
        ),
        ("500 Oops\r\n", &long, "xxx...\"", false),
    ]
    .map(|(head, body, part, blames)| {
        let length = body.len();
        let raw = format!("HTTP/1.1 {head}Content-Length: {length}\r\n\r\n{body}");
        (raw, part.to_owned(), blames)
    })
    .into();
    for (raw, part, blames) in script {
        let shown = raw.clone();
        let server = serve(move |_, mut peer| {
            let raw = raw.clone();
            async move { peer.write(raw.as_bytes()).await }
        })
        .await;
        let mut rig = Rig::start(settings(server.address)).await;
        rig.until_losses(1).await;
        let (_, detail) = rig.losses().remove(0);
        assert!(detail.contains(&part), "{shown}: {detail} lacks {part}");
        assert_eq!(detail.contains(SCOPE), blames, "{shown}: {detail}");
        assert!(detail.len() < 400 && !detail.contains('\n'), "{detail}");
        rig.stop().await;
    }
}

#[tokio::test]
async fn a_refusal_that_never_ends_is_quoted_as_far_as_it_came() {
    let server = serve(|_, mut peer| async move {
        peer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 1000000\r\n\r\nquota exceeded")
            .await;
        std::future::pending().await
    })
    .await;
    let mut settings = settings(server.address);
    // The body has until then, and 2 s at the most.
    settings.connect_timeout = std::time::Duration::from_secs(20);
    let mut rig = Rig::start(settings).await;
    rig.until_losses(1).await;
    let (cause, detail) = rig.losses().remove(0);
    assert_eq!(cause, LossCause::Refused);
    assert!(detail.contains("\"quota exceeded\""), "{detail}");
    rig.stop().await;
}

#[tokio::test]
async fn a_date_to_wait_for_is_one_of_the_servers_own_clock() {
    let server = serve(|number, mut peer| async move {
        if number == 0 {
            // By our clock years ago, which would be a wait of one second.
            peer.write(
                b"HTTP/1.1 503 Busy\r\nDate: Thu, 15 Jan 2015 12:00:00 GMT\r\n\
                  Retry-After: Thu, 15 Jan 2015 12:00:03 GMT\r\nContent-Length: 0\r\n\r\n",
            )
            .await;
            return;
        }
        peer.open().await;
        peer.until_close().await;
    })
    .await;
    let clock = Clock::system();
    let mut rig = Rig::start(settings(server.address)).await;
    rig.until_live(1).await;
    assert!(clock.mono_ns() >= 3_000_000_000);
    rig.stop().await;
}

/// A server that repeats in every place what it was sent.
#[tokio::test]
async fn the_token_is_never_told_however_the_server_repeats_it() {
    const TOKEN: &str = "c4n4ry/t0ken+x==";
    let server = serve(|number, mut peer| async move {
        let bearer = peer.header("authorization");
        let token = bearer.strip_prefix("Bearer ").unwrap().to_owned();
        let body = match number {
            0 => peer.request.clone(),
            1 => format!("{{\"you sent\":\"{}\"}}", token.replace('/', "\\/")),
            2 => STANDARD.encode(&bearer),
            3 => token
                .replace('/', "%2F")
                .replace('+', "%2b")
                .replace('=', "%3D"),
            4 => format!("{}{token}", "x".repeat(115)),
            _ => {
                peer.open().await;
                let reason = match number {
                    5 => format!("token {token} has expired"),
                    _ => format!("{}{}", "y".repeat(110), &token[..13]),
                };
                peer.write(&close(4401, &reason)).await;
                peer.until_close().await;
                return;
            }
        };
        let length = body.len();
        let head = format!(
            "HTTP/1.1 400 Bad {token}\r\nX-Error: {token}\r\nContent-Length: {length}\r\n\r\n"
        );
        peer.write(format!("{head}{body}").as_bytes()).await;
    })
    .await;
    let endpoint = TokenEndpoint::start(|_| crate::auth::grant(TOKEN, 3_600)).await;
    let mut settings = settings(server.address);
    settings.token_in_query = true;
    let mut rig = Rig::with(settings, &endpoint, 64, 64);
    rig.until_losses(7).await;
    let told = format!("{:?}", rig.notes);
    assert!(told.matches("[hidd").count() >= 7, "{told}");
    for form in ["c4n4", "t0ken", "YzRuNHJ5", "M0bjRyeS", "NG40cnk"] {
        assert!(!told.contains(form), "{form} in {told}");
    }
    rig.stop().await;
}
