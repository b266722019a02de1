//! The letters of the answers to handshakes. HTTP does not care for their case, clients do: one that
//! looks for `Sec-WebSocket-Protocol` as it is spelled in the standard takes us for another protocol.

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::http::serve;
use crate::http::settings;
use crate::push::rig::HANDSHAKE;
use crate::push::rig::Raw;
use crate::push::rig::snapshot;

/// The names of a head's headers, in order of the alphabet.
fn names(head: &str) -> Vec<&str> {
    let lines = head.lines().skip(1).filter(|line| !line.is_empty());
    let mut names: Vec<&str> = lines.map(|line| line.split_once(':').unwrap().0).collect();
    names.sort_unstable();
    names
}

const AGREED: [&str; 9] = [
    "Cache-Control",
    "Connection",
    "Content-Security-Policy",
    "Date",
    "Referrer-Policy",
    "Sec-WebSocket-Accept",
    "Sec-WebSocket-Protocol",
    "Upgrade",
    "X-Content-Type-Options",
];

#[tokio::test]
async fn names_are_spelled_as_clients_look_for_them() {
    let served = serve(settings(), snapshot(1)).await;
    // However the client spells its own.
    for headers in [
        HANDSHAKE.to_owned(),
        HANDSHAKE.replace("sec-websocket", "SEC-WEBSOCKET"),
        HANDSHAKE.replace("sec-websocket-protocol", "Sec-Websocket-Protocol"),
        format!("{HANDSHAKE}origin: http://localhost\r\n"),
    ] {
        let (mut raw, head) = Raw::handshake(served.addr, &headers).await;
        assert_eq!(names(&head), AGREED, "{head}");
        assert!(
            head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"),
            "{head}"
        );
        for line in [
            "Connection: upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Protocol: graphql-transport-ws",
        ] {
            let is_there = head.lines().any(|other| other.eq_ignore_ascii_case(line));
            assert!(is_there, "{line}: {head}");
        }
        raw.say(r#"{"type":"connection_init"}"#).await;
        assert_eq!(raw.hear().await["type"], "connection_ack");
    }
}

#[tokio::test]
async fn refusals_are_spelled_alike_and_other_answers_stay_as_they_are() {
    let served = serve(settings(), snapshot(1)).await;
    let old = HANDSHAKE.replace("version: 13", "version: 8");
    let (_, head) = Raw::handshake(served.addr, &old).await;
    assert!(head.starts_with("HTTP/1.1 426"), "{head}");
    assert!(head.contains("\r\nSec-WebSocket-Version: 13\r\n"), "{head}");
    let (_, head) = Raw::handshake(served.addr, &HANDSHAKE.replace("-ws", "-x")).await;
    assert!(head.starts_with("HTTP/1.1 400"), "{head}");
    assert!(names(&head).contains(&"Content-Length"), "{head}");

    // On one connection after another request, which is answered in lower case.
    let mut stream = TcpStream::connect(served.addr).await.unwrap();
    let health = b"GET /healthz HTTP/1.1\r\nHOST: localhost\r\n\r\n";
    stream.write_all(health).await.unwrap();
    let mut read = Vec::new();
    while !read.ends_with(b"ok\n") {
        assert!(stream.read_buf(&mut read).await.unwrap() > 0);
    }
    let text = String::from_utf8(read).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, "ok\n");
    assert!(
        names(head)
            .iter()
            .all(|name| name.bytes().all(|byte| !byte.is_ascii_uppercase()))
    );
    let (_, head) = Raw::over(stream, HANDSHAKE).await;
    assert_eq!(names(&head), AGREED, "{head}");
}
