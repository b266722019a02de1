//! Server-sent events: the same answers over a response.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::http::HANG;
use crate::http::serve;
use crate::http::settings;
use crate::push::rig::Events;
use crate::push::rig::LIVE;
use crate::push::rig::Raw;
use crate::push::rig::counted;
use crate::push::rig::post;
use crate::push::rig::snapshot;

/// The next event that is no comment.
async fn next(events: &mut Events) -> Option<(String, Value)> {
    loop {
        let (name, data) = events.next().await?;
        if name != ":" {
            let data = if data.is_empty() { "null" } else { &data };
            return Some((name, serde_json::from_str(data).unwrap()));
        }
    }
}

#[tokio::test]
async fn a_subscription_is_followed_until_the_client_goes() {
    let mut served = serve(settings(), snapshot(1)).await;
    let (mut events, head) = Events::open(served.addr, LIVE, "").await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(
        head.contains("\r\ncontent-type: text/event-stream; charset=utf-8\r\n"),
        "{head}"
    );
    for sequence in 1..=3 {
        served.publisher.publish(|next| *next = snapshot(sequence));
        let of = json!({ "data": { "live": { "engine": { "snapshotSequence": sequence } } } });
        while next(&mut events).await.unwrap() != (String::from("next"), of.clone()) {}
    }
    // The same request over a socket sits at the same feed.
    let mut raw = Raw::begin(served.addr).await;
    raw.subscribe("a", LIVE).await;
    raw.hear().await;
    counted(served.addr, "subscribers", |count| count == 2).await;
    counted(served.addr, "feeds", |count| count == 1).await;
    drop((events, raw));
    counted(served.addr, "subscribers", |count| count == 0).await;
    counted(served.addr, "feeds", |count| count == 0).await;
}

#[tokio::test]
async fn what_is_answered_once_completes() {
    let served = serve(settings(), snapshot(1)).await;
    let check = async |query: &str, expected: Value| {
        let (mut events, _) = Events::open(served.addr, query, "connection: close\r\n").await;
        let answered = next(&mut events).await.unwrap();
        assert_eq!(answered.0, "next");
        match expected {
            Value::String(code) => assert_eq!(answered.1["errors"][0]["extensions"]["code"], code),
            data => assert_eq!(answered.1, json!({ "data": data })),
        }
        assert_eq!(
            next(&mut events).await,
            Some((String::from("complete"), Value::Null))
        );
        assert_eq!(next(&mut events).await, None, "{query}");
    };
    check("{ __typename }", json!({ "__typename": "Query" })).await;
    check("{ nothing }", json!("GRAPHQL_VALIDATION_FAILED")).await;
    check("{", json!("GRAPHQL_PARSE_FAILED")).await;
    check(
        "subscription { nothing }",
        json!("GRAPHQL_VALIDATION_FAILED"),
    )
    .await;
    let tooth = "subscription { live(intervalMs: 1) { __typename } }";
    check(tooth, json!("BAD_USER_INPUT")).await;
}

#[tokio::test]
async fn the_accept_header_decides() {
    let served = serve(settings(), snapshot(1)).await;
    let body = |query: &str| json!({ "query": query });
    let check = async |accept: &str, query: &str, status: u16, begins: &str| {
        let (told, answer) = post(served.addr, accept, &body(query)).await;
        let answer = String::from_utf8(answer.to_vec()).unwrap();
        assert_eq!(told, status, "{accept} {query}: {answer}");
        assert!(answer.starts_with(begins), "{accept} {query}: {answer}");
    };
    let (query, invalid) = ("{ __typename }", "{ nothing }");
    check(
        "text/event-stream",
        query,
        200,
        ":\n\nevent: next\ndata: {\"data\":",
    )
    .await;
    check(
        "text/event-stream",
        invalid,
        200,
        ":\n\nevent: next\ndata: {\"errors\":",
    )
    .await;
    check(
        "application/json, text/event-stream",
        query,
        200,
        "{\"data\":",
    )
    .await;
    check("text/html", query, 406, "{\"errors\":").await;
    check("text/event-stream;q=0", query, 406, "{\"errors\":").await;
    let told = "{\"errors\":[{\"message\":\"operation: a subscription;";
    check("application/json", LIVE, 200, told).await;
    check("application/graphql-response+json", LIVE, 400, told).await;
    let (status, _) = post(served.addr, "text/event-stream", &json!([])).await;
    assert_eq!(status, 400, "no request");
}

#[tokio::test]
async fn comments_keep_a_quiet_stream_alive() {
    let mut settings = settings();
    settings.timeouts.keep_alive = Duration::from_millis(10);
    let served = serve(settings, snapshot(1)).await;
    let slow = "subscription { live(intervalMs: 60000) { __typename } }";
    let (mut events, _) = Events::open(served.addr, slow, "").await;
    let mut names = Vec::new();
    while names.len() < 5 {
        names.push(events.next().await.unwrap().0);
    }
    assert_eq!(names, [":", "next", ":", ":", ":"]);
}

/// A proxy learns from the head that nothing may be held back, and has something to pass on at once,
/// also one that speaks the HTTP of a plain nginx.
#[tokio::test]
async fn the_first_bytes_come_at_once_and_are_for_passing_on() {
    let served = serve(settings(), snapshot(1)).await;
    let slow = "subscription { live(intervalMs: 60000) { __typename } }";
    for query in [slow, "{ __typename }", "{ nothing }"] {
        for version in ["1.1", "1.0"] {
            let mut stream = TcpStream::connect(served.addr).await.unwrap();
            let query: String = query.bytes().map(|byte| format!("%{byte:02x}")).collect();
            let head = format!(
                "GET /graphql?query={query} HTTP/{version}\r\nhost: localhost\r\n\
                 accept: text/event-stream\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut read = Vec::new();
            let read_on = async {
                while !read.windows(3).any(|bytes| bytes == b":\n\n") {
                    assert!(stream.read_buf(&mut read).await.unwrap() > 0);
                }
            };
            tokio::time::timeout(HANG, read_on).await.unwrap();
            let text = String::from_utf8(read).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            for line in [
                "cache-control: no-store, no-transform",
                "content-type: text/event-stream; charset=utf-8",
                "x-accel-buffering: no",
            ] {
                assert!(head.lines().any(|other| other == line), "{version}: {head}");
            }
            // The length of a chunk comes before.
            let first =
                body.trim_start_matches(|c: char| c.is_ascii_hexdigit() || c.is_whitespace());
            assert!(first.starts_with(":\n"), "{version}: {body:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_stops_says_goodbye_and_waits_for_nobody() {
    let mut settings = settings();
    settings.timeouts.drain = HANG * 2;
    let served = serve(settings, snapshot(1)).await;
    let (mut events, _) = Events::open(served.addr, LIVE, "").await;
    assert_eq!(next(&mut events).await.unwrap().0, "next");
    let (mut raw, mut idle) = (Raw::begin(served.addr).await, Raw::open(served.addr).await);
    raw.subscribe("a", LIVE).await;
    raw.hear().await;
    served.shutdown.cancel();
    assert_eq!(raw.closed().await.0, 1001);
    // This one does not answer, and is not waited for either.
    while idle.next().await.is_some() {}
    while let Some((name, _)) = next(&mut events).await {
        assert_eq!(name, "next", "the end is not the subscription's");
    }
    tokio::time::timeout(HANG, served.run)
        .await
        .unwrap()
        .unwrap();
}
