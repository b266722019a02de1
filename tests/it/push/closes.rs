//! Every reason to close a WebSocket, by what a client does to deserve it.

use std::time::Duration;

use hyper::Method;
use hyper::Version;
use hyper::header;
use hyper::header::HeaderValue;
use streamgauge::config::ServeSettings;

use crate::http::Client;
use crate::http::Served;
use crate::http::request;
use crate::http::serve;
use crate::http::settings;
use crate::push::rig::CLOSE;
use crate::push::rig::FIN;
use crate::push::rig::HANDSHAKE;
use crate::push::rig::LIVE;
use crate::push::rig::PING;
use crate::push::rig::Raw;
use crate::push::rig::TEXT;
use crate::push::rig::snapshot;

const INIT: &str = r#"{"type":"connection_init"}"#;
const SUBSCRIBE: &str =
    r#"{"type":"subscribe","id":"a","payload":{"query":"subscription{live{__typename}}"}}"#;

/// Longer than any message may be.
const TOO_MANY_BYTES: usize = (64 << 10) + 1_025;

#[tokio::test]
async fn messages_against_the_protocol_are_answered_by_its_codes() {
    let served = serve(settings(), snapshot(1)).await;
    let check = async |messages: &[&str], code: u16, reason: &str| {
        let mut raw = Raw::open(served.addr).await;
        for message in messages {
            raw.say(message).await;
        }
        let (told, why) = raw.closed().await;
        assert_eq!(
            (told, why.contains(reason)),
            (code, true),
            "{messages:?}: {why}"
        );
        assert!(raw.next().await.is_none(), "{messages:?}: goes on");
    };
    check(&[SUBSCRIBE], 4401, "Unauthorized").await;
    check(&[r#"{"type":"ping"}"#, SUBSCRIBE], 4401, "Unauthorized").await;
    check(&[INIT, INIT], 4429, "Too many initialisation requests").await;
    check(
        &[INIT, SUBSCRIBE, SUBSCRIBE],
        4409,
        "Subscriber for a already exists",
    )
    .await;
    for (message, reason) in [
        ("", "not a JSON object"),
        ("hello", "not a JSON object"),
        (r#"["connection_init"]"#, "not a JSON object"),
        (r#"{"type":"connection_init""#, "not a message"),
        (r#"{"type":"connection_init"} {}"#, "not a message"),
        (r#"{"type":"ping","type":"ping"}"#, "type: given twice"),
        (r#"{}"#, "type: missing"),
        (r#"{"type":1}"#, "type: a number"),
        (r#"{"type":"start","id":"a"}"#, "type"),
        (r#"{"type":"next","id":"a","payload":{}}"#, "type"),
        (r#"{"type":"error","id":"a","payload":[]}"#, "type"),
        (r#"{"type":"connection_ack"}"#, "type"),
        (r#"{"type":"connection_init","payload":[]}"#, "payload"),
        (r#"{"type":"ping","payload":"x"}"#, "payload"),
        (r#"{"type":"pong","payload":1}"#, "payload"),
        (r#"{"type":"complete"}"#, "id"),
        (r#"{"type":"complete","id":""}"#, "id"),
        (r#"{"type":"complete","id":7}"#, "id: a number"),
        (r#"{"type":"subscribe","payload":{"query":"{a}"}}"#, "id"),
        (
            r#"{"type":"subscribe","id":"","payload":{"query":"{a}"}}"#,
            "id",
        ),
        (r#"{"type":"subscribe","id":"a"}"#, "payload"),
        (r#"{"type":"subscribe","id":"a","payload":null}"#, "payload"),
        (
            r#"{"type":"subscribe","id":"a","payload":"{a}"}"#,
            "payload",
        ),
    ] {
        check(&[message], 4400, reason).await;
    }
    let long = format!(r#"{{"type":"complete","id":"{}"}}"#, "x".repeat(257));
    check(&[&long], 4400, "id").await;
    for payload in ["{}", r#"{"query":1}"#, r#"{"query":"{a}","variables":[]}"#] {
        let message = format!(r#"{{"type":"subscribe","id":"a","payload":{payload}}}"#);
        check(&[INIT, &message], 4400, "request").await;
    }
}

#[tokio::test]
async fn frames_against_the_rules_are_answered_by_theirs() {
    let served = serve(settings(), snapshot(1)).await;
    let check = async |frames: &[(u8, &[u8])], code: u16| {
        let mut raw = Raw::open(served.addr).await;
        for (first, payload) in frames {
            raw.frame(*first, payload).await;
        }
        let shown: Vec<u8> = frames.iter().map(|(first, _)| *first).collect();
        assert_eq!(raw.closed().await.0, code, "{shown:x?}");
    };
    check(&[(FIN | 2, b"binary")], 4400).await;
    check(&[(FIN | 3, b"")], 1002).await;
    check(&[(FIN | 0x40 | TEXT, b"{}")], 1002).await;
    check(&[(FIN, b"continues nothing")], 1002).await;
    check(&[(TEXT, b"{"), (FIN | TEXT, b"}")], 1002).await;
    check(&[(PING, b"in fragments")], 1002).await;
    check(&[(FIN | PING, &[0; 126])], 1002).await;
    check(&[(FIN | 10, &[0; 126])], 1002).await;
    check(&[(FIN | CLOSE, b"x")], 1002).await;
    check(&[(FIN | CLOSE, &1005_u16.to_be_bytes())], 1002).await;
    check(&[(FIN | CLOSE, b"\x03\xe8\xff")], 1007).await;
    check(&[(FIN | TEXT, b"\xff")], 1007).await;
    check(&[(TEXT, b"\xc3"), (FIN, b"\x28")], 1007).await;
    check(&[(FIN | TEXT, &[b' '; TOO_MANY_BYTES])], 1009).await;
    let half: &[u8] = &[b' '; TOO_MANY_BYTES / 2 + 1];
    check(&[(TEXT, half), (FIN, half)], 1009).await;
    let mut crumbs: Vec<(u8, &[u8])> = vec![(TEXT, b" ")];
    crumbs.extend([(0, &b" "[..]); 1_024]);
    check(&crumbs, 1009).await;

    let mut raw = Raw::open(served.addr).await;
    tokio::io::AsyncWriteExt::write_all(&mut raw.stream, b"\x81\x02{}")
        .await
        .unwrap();
    assert_eq!(raw.closed().await.0, 1002, "unmasked");
}

#[tokio::test]
async fn a_client_that_closes_is_answered_in_kind() {
    let served = serve(settings(), snapshot(1)).await;
    for (payload, echo) in [
        (&b""[..], &b""[..]),
        (b"\x03\xe8", b"\x03\xe8"),
        (b"\x11\x94because", b"\x11\x94"),
    ] {
        let mut raw = Raw::begin(served.addr).await;
        raw.frame(FIN | CLOSE, payload).await;
        assert_eq!(raw.next().await, Some((CLOSE, echo.to_vec())));
        assert!(raw.next().await.is_none());
    }
}

#[tokio::test]
async fn who_does_not_begin_in_time_is_told() {
    let mut settings = settings();
    settings.timeouts.init = Duration::from_millis(20);
    let served = serve(settings, snapshot(1)).await;
    let mut raw = Raw::open(served.addr).await;
    // A sign of life is no beginning.
    raw.say(r#"{"type":"ping"}"#).await;
    let told = (4408, String::from("Connection initialisation timeout"));
    assert_eq!(raw.closed().await, told);
}

/// A server whose readers show the token `s3cret`.
async fn serve_with_token() -> Served {
    let settings = ServeSettings {
        token: Some("s3cret".into()),
        ..settings()
    };
    serve(settings, snapshot(1)).await
}

#[tokio::test]
async fn the_token_is_asked_for_once_and_in_either_place() {
    let served = serve_with_token().await;
    let init = |token: &str| {
        format!(r#"{{"type":"connection_init","payload":{{"authorization":"Bearer {token}"}}}}"#)
    };
    let with = |token: &str| format!("{HANDSHAKE}authorization: Bearer {token}\r\n");
    let (wrong, right) = (init("s3cre"), init("s3cret"));
    for (handshake, message, is_let_in) in [
        (HANDSHAKE, INIT, false),
        (HANDSHAKE, &wrong, false),
        (HANDSHAKE, &right, true),
        (&with("s3cret"), INIT, true),
        (&with("s3cret"), &right, true),
        (&with("s3cret"), &wrong, false),
    ] {
        let (mut raw, head) = Raw::handshake(served.addr, handshake).await;
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        raw.say(message).await;
        raw.subscribe("a", LIVE).await;
        if is_let_in {
            assert_eq!(raw.hear().await["type"], "connection_ack", "{message}");
            assert_eq!(raw.hear().await["type"], "next", "{message}");
        } else {
            let told = (4403, String::from("Forbidden"));
            assert_eq!(raw.closed().await, told, "{message}");
        }
    }
    let (_, head) = Raw::handshake(served.addr, &with("wrong")).await;
    assert!(head.starts_with("HTTP/1.1 401"), "{head}");
}

/// A page in a browser can add no header to an upgrade, but its cookie goes along.
#[tokio::test]
async fn the_cookie_of_a_signed_in_browser_shows_the_token() {
    let served = serve_with_token().await;
    let mut signing_in = request(served.addr, Method::POST, "/session", "");
    let value = HeaderValue::from_static("Bearer s3cret");
    signing_in
        .headers_mut()
        .insert(header::AUTHORIZATION, value);
    let mut client = Client::connect(served.addr, Version::HTTP_11).await;
    let answer = client.send(signing_in).await;
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
    let (cookie, _) = cookie.split_once(';').unwrap();
    for (cookie, is_let_in) in [(cookie, true), ("streamgauge-session=s3cret", false)] {
        let handshake = format!("{HANDSHAKE}cookie: {cookie}\r\n");
        let (mut raw, head) = Raw::handshake(served.addr, &handshake).await;
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        raw.say(INIT).await;
        if is_let_in {
            assert_eq!(raw.hear().await["type"], "connection_ack", "{cookie}");
        } else {
            assert_eq!(raw.closed().await.0, 4403, "{cookie}");
        }
    }
    let from_another_port =
        format!("{HANDSHAKE}cookie: {cookie}\r\norigin: http://localhost:9\r\n");
    let (_, head) = Raw::handshake(served.addr, &from_another_port).await;
    assert!(head.starts_with("HTTP/1.1 403"), "{head}");
}

#[tokio::test]
async fn handshakes_that_lack_something_are_refused() {
    let served = serve(settings(), snapshot(1)).await;
    let check = async |headers: &str, status: &str| {
        let (_, head) = Raw::handshake(served.addr, headers).await;
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status}")),
            "{headers}: {head}"
        );
        let has_policy = head
            .to_ascii_lowercase()
            .contains("\r\ncontent-security-policy: ");
        assert!(has_policy, "{head}");
    };
    let without = |name: &str| {
        let lines = HANDSHAKE.split_inclusive("\r\n");
        lines
            .filter(|line| !line.starts_with(name))
            .collect::<String>()
    };
    let replaced = |from: &str, to: &str| {
        assert!(HANDSHAKE.contains(from), "{from}");
        HANDSHAKE.replace(from, to)
    };
    check(HANDSHAKE, "101").await;
    let both = replaced("graphql-transport-ws", "graphql-ws, graphql-transport-ws");
    check(&both, "101").await;
    check(&without("sec-websocket-protocol"), "400").await;
    check(&replaced("graphql-transport-ws", "graphql-ws"), "400").await;
    check(
        &replaced("graphql-transport-ws", "Graphql-Transport-WS"),
        "400",
    )
    .await;
    check(&without("sec-websocket-key"), "400").await;
    check(&replaced("AQIDBAUGBwgJCgsMDQ4PEA==", "AQID"), "400").await;
    check(&without("sec-websocket-version"), "426").await;
    check(&replaced("version: 13", "version: 8"), "426").await;
    // Not an upgrade at all: an ordinary request without a query.
    check(&without("upgrade"), "400").await;
    check(&format!("path: /\r\n{HANDSHAKE}"), "200").await;
    check(&format!("{HANDSHAKE}origin: http://localhost\r\n"), "101").await;
    check(
        &format!("{HANDSHAKE}origin: http://evil.example\r\n"),
        "403",
    )
    .await;
    check(&format!("{HANDSHAKE}origin: null\r\n"), "403").await;
    check(&format!("host: evil.example\r\n{HANDSHAKE}"), "421").await;
}
