//! What is asked over a WebSocket: subscriptions and queries, their limits and their ends.

use serde_json::Value;
use serde_json::json;
use streamgauge::config::ServeSettings;

use crate::http::serve;
use crate::http::settings;
use crate::push::rig::FIN;
use crate::push::rig::LIVE;
use crate::push::rig::PING;
use crate::push::rig::PONG;
use crate::push::rig::Raw;
use crate::push::rig::counted;
use crate::push::rig::counts;
use crate::push::rig::post;
use crate::push::rig::snapshot;

fn next(id: &str, data: &Value) -> Value {
    json!({ "id": id, "type": "next", "payload": { "data": data } })
}

fn complete(id: &str) -> Value {
    json!({ "id": id, "type": "complete" })
}

/// The message and the code of the one error that ends an operation.
fn refusal(message: &Value) -> (&str, &str) {
    assert_eq!(message["type"], "error", "{message}");
    let error = &message["payload"][0];
    let text = error["message"].as_str().unwrap();
    (text, error["extensions"]["code"].as_str().unwrap())
}

#[tokio::test]
async fn a_subscription_shows_the_newest_snapshot_until_it_is_completed() {
    let mut served = serve(settings(), snapshot(1)).await;
    let mut raw = Raw::begin(served.addr).await;
    raw.subscribe("é\"1", LIVE).await;
    let of = |sequence: u64| {
        next(
            "é\"1",
            &json!({ "live": { "engine": { "snapshotSequence": sequence } } }),
        )
    };
    for sequence in 1..=4 {
        served.publisher.publish(|next| *next = snapshot(sequence));
        // The answer that was made before the snapshot was published may come first.
        while raw.hear().await != of(sequence) {}
    }
    raw.say(r#"{"type":"complete","id":"é\"1"}"#).await;
    raw.say(r#"{"type":"ping","payload":{"n":1}}"#).await;
    loop {
        let message = raw.hear().await;
        if message["type"] == "pong" {
            assert_eq!(message, json!({ "type": "pong", "payload": { "n": 1 } }));
            break;
        }
        assert_eq!(message, of(4), "what was on its way");
    }
    counted(served.addr, "subscribers", |count| count == 0).await;
    counted(served.addr, "feeds", |count| count == 0).await;
    // The id is free again, and nothing of the first operation comes between.
    served.publisher.publish(|next| *next = snapshot(5));
    raw.subscribe("é\"1", LIVE).await;
    assert_eq!(raw.hear().await, of(5));
}

#[tokio::test]
async fn signs_of_life_are_answered_in_kind() {
    let served = serve(settings(), snapshot(1)).await;
    let mut raw = Raw::open(served.addr).await;
    raw.say(r#"{"type":"ping"}"#).await;
    assert_eq!(raw.hear().await, json!({ "type": "pong" }));
    raw.say(r#"{"type":"pong"}"#).await;
    raw.say(r#"{"type":"complete","id":"nobody"}"#).await;
    raw.frame(FIN | PING, b"still there?").await;
    assert_eq!(raw.next().await, Some((PONG, b"still there?".to_vec())));
    // A message in fragments, cut inside a character, with a ping between.
    let text = "{\"type\":\"ping\",\"payload\":{\"é\":1}}".as_bytes();
    let cut = text.iter().position(|&byte| byte == 0xc3).unwrap() + 1;
    raw.frame(1, &text[..cut]).await;
    raw.frame(FIN | PING, b"").await;
    raw.frame(FIN, &text[cut..]).await;
    assert_eq!(raw.next().await, Some((PONG, Vec::new())));
    assert_eq!(
        raw.hear().await,
        json!({ "type": "pong", "payload": { "é": 1 } })
    );
}

#[tokio::test]
async fn a_query_is_answered_once_and_as_by_post() {
    let served = serve(settings(), snapshot(1)).await;
    let mut raw = Raw::begin(served.addr).await;
    let payload = json!({
        "query": "query A { a: __typename } query B($n: Int!) { stream { gaps(last: $n) { cause } } }",
        "operationName": "B",
        "variables": { "n": 3 },
    });
    for _ in 0..2 {
        let message = json!({ "type": "subscribe", "id": "q", "payload": payload });
        raw.say(&message.to_string()).await;
        assert_eq!(
            raw.hear().await,
            next("q", &json!({ "stream": { "gaps": [] } }))
        );
        assert_eq!(raw.hear().await, complete("q"));
    }
    // What fails while it runs is an answer; what is refused before is an error.
    raw.subscribe("f", "{ stream { gaps(last: 101) { cause } } }")
        .await;
    let answer = raw.hear().await;
    assert_eq!(
        (&answer["type"], &answer["payload"]["data"]),
        (&json!("next"), &json!({ "stream": null }))
    );
    assert_eq!(
        answer["payload"]["errors"][0]["extensions"]["code"],
        "BAD_USER_INPUT"
    );
    assert_eq!(raw.hear().await, complete("f"));
    for (query, code) in [
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        (
            "subscription { live { nothing } }",
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            "subscription { a: live { __typename } b: live { __typename } }",
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            "subscription { live(intervalMs: 60001) { __typename } }",
            "BAD_USER_INPUT",
        ),
        (
            "subscription { realTimeMetrics(intervalMs: 99) { asOf } }",
            "BAD_USER_INPUT",
        ),
    ] {
        raw.subscribe("e", query).await;
        assert_eq!(refusal(&raw.hear().await).1, code, "{query}");
    }
    raw.subscribe("m", "subscription { realTimeMetrics { activeSessions } }")
        .await;
    let metrics = json!({ "realTimeMetrics": { "activeSessions": 0 } });
    assert_eq!(raw.hear().await, next("m", &metrics));
}

#[tokio::test]
async fn the_twenty_first_operation_is_refused_alone() {
    let served = serve(settings(), snapshot(1)).await;
    let mut raw = Raw::begin(served.addr).await;
    let slow = "subscription { live(intervalMs: 60000) { __typename } }";
    for n in 0..20 {
        raw.subscribe(&n.to_string(), slow).await;
        assert_eq!(raw.hear().await["id"], n.to_string());
    }
    raw.subscribe("20", slow).await;
    let message = raw.hear().await;
    assert_eq!(refusal(&message).1, "TOO_MANY_SUBSCRIPTIONS");
    let counts = counts(served.addr).await;
    assert_eq!(
        (&counts["subscribers"], &counts["feeds"]),
        (&json!(20), &json!(1))
    );
    assert_eq!(
        counts["executed"], 1,
        "the same request is executed once for all"
    );
    raw.say(r#"{"type":"complete","id":"7"}"#).await;
    raw.subscribe("20", slow).await;
    assert_eq!(raw.hear().await["type"], "next");
}

#[tokio::test]
async fn the_schema_is_not_told_over_a_socket_either() {
    let closed = ServeSettings {
        introspection: Some(false),
        ..settings()
    };
    let served = serve(closed, snapshot(1)).await;
    let mut raw = Raw::begin(served.addr).await;
    for query in [
        "{ __schema { types { name } } }",
        "{ __type(name: \"Query\") { name } }",
        "subscription { live { __schema { types { name } } } }",
        "subscription { live { __type(name: \"Query\") { name } } }",
    ] {
        raw.subscribe("a", query).await;
        let message = raw.hear().await;
        let shown = message.to_string();
        assert!(
            !shown.contains("Metrics") && !shown.contains("\"name\":"),
            "{shown}"
        );
        if message["type"] == "next" {
            raw.say(r#"{"type":"complete","id":"a"}"#).await;
            if query.starts_with('{') {
                assert_eq!(raw.hear().await, complete("a"));
            }
        }
    }
    raw.subscribe("b", "{ nothin }").await;
    loop {
        let message = raw.hear().await;
        if message["id"] == "b" {
            assert!(!message.to_string().contains("Did you mean"), "{message}");
            break;
        }
    }
}

#[tokio::test]
async fn a_document_can_be_asked_for_by_its_hash_everywhere() {
    const HASH: &str = "1ded31ecd9428a2c3d44cb7de36f9c6d5ab27f93ac8c3c3ed5bc2c36cd1a2b1e";
    let served = serve(settings(), snapshot(1)).await;
    let query = "{ __typename }";
    let hash = sha256(query);
    assert_ne!(hash, HASH);
    let extensions = |hash: &str| json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    let by_hash = json!({ "extensions": extensions(&hash) });
    let json_type = "application/json";
    let expected = json!({ "data": { "__typename": "Query" } });

    let mut raw = Raw::begin(served.addr).await;
    let ask = json!({ "type": "subscribe", "id": "p", "payload": by_hash }).to_string();
    raw.say(&ask).await;
    let message = raw.hear().await;
    assert_eq!(
        refusal(&message),
        ("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
    );
    let (status, body) = post(served.addr, json_type, &by_hash).await;
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        (status, &body["errors"][0]["message"]),
        (200, &json!("PersistedQueryNotFound"))
    );

    let wrong = json!({ "query": query, "extensions": extensions(HASH) });
    let (status, body) = post(served.addr, json_type, &wrong).await;
    assert_eq!(status, 400, "{body:?}");
    let (status, _) = post(
        served.addr,
        json_type,
        &json!({ "extensions": extensions(HASH) }),
    )
    .await;
    assert_eq!(status, 200, "what was refused is not kept");

    let with_both = json!({ "query": query, "extensions": extensions(&hash) });
    let (status, body) = post(served.addr, json_type, &with_both).await;
    assert_eq!(
        (status, serde_json::from_slice::<Value>(&body).unwrap()),
        (200, expected.clone())
    );
    for _ in 0..2 {
        let (_, body) = post(served.addr, json_type, &by_hash).await;
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), expected);
        raw.say(&ask).await;
        assert_eq!(raw.hear().await["payload"], expected);
        assert_eq!(raw.hear().await, complete("p"));
    }
    let parameters: String = extensions(&hash)
        .to_string()
        .bytes()
        .map(|byte| format!("%{byte:02x}"))
        .collect();
    let mut client = crate::http::Client::connect(served.addr, hyper::Version::HTTP_11).await;
    let answer = client
        .get(served.addr, &format!("/graphql?extensions={parameters}"))
        .await;
    assert_eq!(
        serde_json::from_slice::<Value>(answer.body()).unwrap(),
        expected
    );
}

/// The SHA-256 of a text in hexadecimal.
fn sha256(text: &str) -> String {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(text);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
