//! GraphQL over HTTP: the tutorial's query, statuses and media types, limits, and one snapshot per
//! answer.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use hyper::Response;
use hyper::StatusCode;
use hyper::Version;
use hyper::header;
use hyper::header::HeaderValue;
use serde_json::Value;
use serde_json::json;
use streamgauge::config::ServeSettings;
use streamgauge::event::Reject;
use streamgauge::histogram::Histogram;
use streamgauge::latency::Latencies;
use streamgauge::latency::Stage;
use streamgauge::metric::Measure;
use streamgauge::snapshot::Measured;
use streamgauge::snapshot::Snapshot;
use streamgauge::snapshot::WindowStats;
use streamgauge::stream::Gap;
use streamgauge::stream::LossCause;
use streamgauge::stream::StreamState;

use crate::http::Client;
use crate::http::NOW;
use crate::http::Served;
use crate::http::request;
use crate::http::serve;
use crate::http::settings;

const TUTORIAL: &str = "query {
  realTimeMetrics {
    activeSessions
    totalConnections
    avgSessionDurationMs
    messagesPerMinute
  }
}";

const GRAPHQL: &str = "application/graphql-response+json";

/// Of a hundred sessions.
fn durations() -> Histogram {
    let mut durations = Histogram::default();
    for (ms, sessions) in [(10_000, 60), (20_000, 35), (30_000, 4), (30_100, 1)] {
        durations.record_n(ms, sessions);
    }
    durations
}

/// A snapshot whose numbers give the tutorial's answer.
fn snapshot() -> Snapshot {
    let window = WindowStats {
        length_ms: 60_000,
        start: NOW - 60_000,
        active_sessions: 14,
        connections: 20,
        disconnections: 4,
        messages: 35,
        closed_sessions: 5,
        closed_duration_ms: 92_251,
        ended_messages: 10,
        responses: 0,
        response_ms: 0,
        first_responses: 0,
        first_response_ms: 0,
        unanswered: 0,
        never_answered: 0,
        measured: Measured::of(Measure::Duration, durations()),
        pane_ms: 1_000,
        coverage_ms: 60_000,
    };
    let short = WindowStats {
        length_ms: 10_000,
        messages: 1,
        coverage_ms: 9_999,
        ..WindowStats::default()
    };
    let mut snapshot = Snapshot {
        engine_id: 0xabc,
        sequence: 7,
        now: NOW,
        published: NOW - 5,
        counters_since: NOW - 90_000,
        windows: vec![window, short],
        total_connections: 892,
        ..Snapshot::default()
    };
    snapshot.stream.state = StreamState::Live;
    snapshot.counters.received = 10;
    snapshot.counters.accepted = 7;
    snapshot.counters.events = 7;
    snapshot.counters.applied = 7;
    snapshot.counters.rejected[Reject::Utf8.index()] = 3;
    snapshot
}

pub(crate) async fn post(served: &Served, accept: Option<&str>, query: &str) -> Response<Bytes> {
    let body = json!({ "query": query }).to_string();
    post_body(served, accept, Some("application/json"), &body).await
}

async fn post_body(
    served: &Served,
    accept: Option<&str>,
    content_type: Option<&str>,
    body: &str,
) -> Response<Bytes> {
    let mut client = Client::connect(served.addr, Version::HTTP_11).await;
    let mut request = request(served.addr, Method::POST, "/graphql", body);
    for (name, value) in [
        (header::ACCEPT, accept),
        (header::CONTENT_TYPE, content_type),
    ] {
        if let Some(value) = value {
            let value = HeaderValue::from_str(value).unwrap();
            request.headers_mut().insert(name, value);
        }
    }
    client.send(request).await
}

pub(crate) fn body(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

#[tokio::test]
async fn the_tutorials_query_is_answered_in_the_tutorials_shape() {
    let served = serve(settings(), snapshot()).await;
    let expected = r#"{"data":{"realTimeMetrics":{"activeSessions":14,"totalConnections":892,"avgSessionDurationMs":18450.2,"messagesPerMinute":35.0}}}"#;
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let mut client = Client::connect(served.addr, version).await;
        let json_body = json!({ "query": TUTORIAL }).to_string();
        let mut post = request(served.addr, Method::POST, "/graphql", &json_body);
        let json = HeaderValue::from_static("application/json");
        post.headers_mut().insert(header::CONTENT_TYPE, json);
        let answer = client.send(post).await;
        assert_eq!(*answer.body(), expected, "{version:?}");
        let content_type = &answer.headers()[header::CONTENT_TYPE];
        assert_eq!(content_type, "application/json; charset=utf-8");

        let path = "/graphql?query=query+A%7B__typename%7Dquery%20B($n:Int!)%7Bstream%7Bgaps(last:$n)\
                    %7Bcause%7D%7D%7D&operationName=B&variables=%7B%22n%22:1%7D";
        let answer = client.get(served.addr, path).await;
        assert_eq!(
            *answer.body(),
            r#"{"data":{"stream":{"gaps":[]}}}"#,
            "{version:?}"
        );
    }
    assert!(
        served.samples.take().is_some(),
        "the time it took is posted"
    );
}

#[tokio::test]
async fn status_and_media_type_follow_graphql_over_http() {
    let served = serve(settings(), snapshot()).await;
    let json_type = "application/json; charset=utf-8";
    let graphql_type = "application/graphql-response+json; charset=utf-8";
    // Query, statuses by media type, and whether the answer has data.
    let cases = [
        ("{ __typename }", 200, 200, true),
        ("{ stream { gaps(last: -1) { cause } } }", 200, 200, true),
        ("{ nothing }", 400, 200, false),
        ("{", 400, 200, false),
        ("mutation { x }", 400, 200, false),
        ("subscription { x }", 400, 200, false),
    ];
    for (query, graphql, json, has_data) in cases {
        let answer = post(&served, Some(GRAPHQL), query).await;
        assert_eq!(answer.status(), graphql, "{query}");
        assert_eq!(answer.headers()[header::CONTENT_TYPE], graphql_type);
        assert_eq!(body(&answer).get("data").is_some(), has_data, "{query}");
        for accept in [Some("application/json"), Some("*/*"), None] {
            let answer = post(&served, accept, query).await;
            assert_eq!(answer.status(), json, "{query} {accept:?}");
            assert_eq!(answer.headers()[header::CONTENT_TYPE], json_type);
            assert_eq!(body(&answer).get("data").is_some(), has_data, "{query}");
        }
    }

    let json_in = Some("application/json");
    let not_acceptable = post(&served, Some("text/html"), "{__typename}").await;
    assert_eq!(not_acceptable.status(), StatusCode::NOT_ACCEPTABLE);
    for accept in [Some(GRAPHQL), None] {
        for wrong in [
            r#"[{"query":"{__typename}"}]"#,
            "{}",
            "query",
            r#"{"query":7}"#,
            "",
        ] {
            let answer = post_body(&served, accept, json_in, wrong).await;
            assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{wrong}");
            let is_text = body(&answer)["errors"][0]["message"].is_string();
            assert!(is_text, "{wrong}");
        }
        let form = Some("application/x-www-form-urlencoded");
        for content_type in [None, form, Some("text/plain"), Some("multipart/form-data")] {
            let query = r#"{"query":"{__typename}"}"#;
            let answer = post_body(&served, accept, content_type, query).await;
            assert_eq!(
                answer.status(),
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "{content_type:?}"
            );
        }
    }
    let mut client = Client::connect(served.addr, Version::HTTP_11).await;
    let mutation = client
        .get(served.addr, "/graphql?query=mutation%7Bx%7D")
        .await;
    assert_eq!(mutation.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(mutation.headers()[header::ALLOW], "POST");
    let nothing = client.get(served.addr, "/graphql").await;
    assert_eq!(nothing.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn costly_documents_are_refused_by_name() {
    let served = serve(settings(), snapshot()).await;
    let spreads = |n: usize| format!("fragment F{n} on Query{{...F{0} ...F{0}}}", n + 1);
    let twice: String = (0..25).map(spreads).collect();
    let fan_out = format!("{{...F0}}{twice}fragment F25 on Query{{__typename}}");
    for query in [
        fan_out,
        "{".repeat(16_000),
        format!("{{a{}}}", "@a".repeat(8_000)),
    ] {
        let answer = post(&served, Some(GRAPHQL), &query).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        let error = &body(&answer)["errors"][0];
        assert_eq!(error["extensions"]["code"], "QUERY_TOO_COMPLEX", "{error}");
        let message = error["message"].as_str().unwrap();
        assert!(
            message.starts_with("query refused: too complex ("),
            "{message}"
        );
    }
    let many: String = (0..400).map(|n| format!("nothing{n} ")).collect();
    let answer = post(&served, None, &format!("{{ stream {{ {many} }} }}")).await;
    let errors = body(&answer)["errors"].as_array().map(Vec::len);
    assert_eq!(errors, Some(20));
}

#[tokio::test]
async fn a_query_past_the_deadline_is_answered_503() {
    let mut settings = settings();
    settings.timeouts.query = Duration::ZERO;
    let served = serve(settings, snapshot()).await;
    let costly = format!("{{ stream {{ {} }} }}", "state ".repeat(900));
    let answer = post(&served, None, &costly).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()[header::RETRY_AFTER], "1");
    let error = &body(&answer)["errors"][0];
    assert_eq!(error["extensions"]["code"], "DEADLINE_EXCEEDED");
}

#[tokio::test]
async fn arguments_out_of_range_are_named() {
    let served = serve(settings(), snapshot()).await;
    for last in ["-1", "101", "2147483647"] {
        let query = format!("{{ stream {{ gaps(last: {last}) {{ cause }} }} }}");
        let error = body(&post(&served, None, &query).await)["errors"][0].clone();
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT");
        let expected = format!("last: {last} is out of range; choose 0 to 100");
        assert_eq!(error["message"], expected);
    }
}

#[tokio::test]
async fn the_schema_is_shown_only_where_no_token_is_asked_for() {
    // As deep as the usual tools ask.
    let of_type = "ofType { kind name ".repeat(9) + &"}".repeat(9);
    let query = format!(
        "{{ __schema {{ types {{ name fields {{ args {{ type {{ kind name {of_type} }} }} }} }} }} }}"
    );
    let served = serve(settings(), snapshot()).await;
    let shown = body(&post(&served, None, &query).await);
    assert!(shown["data"]["__schema"]["types"].is_array(), "{shown}");
    let unknown = body(&post(&served, None, "{ strem }").await);
    let message = unknown["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("stream"), "suggests: {message}");

    let with_token = ServeSettings {
        token: Some("t".into()),
        ..settings()
    };
    let served = serve(with_token, snapshot()).await;
    let mut client = Client::connect(served.addr, Version::HTTP_11).await;
    let mut ask = async |query: &str| {
        let json_body = json!({ "query": query }).to_string();
        let mut request = request(served.addr, Method::POST, "/graphql", &json_body);
        let headers = request.headers_mut();
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer t"));
        body(&client.send(request).await)
    };
    let hidden = ask(&query).await;
    assert!(hidden["data"]["__schema"]["types"].is_null(), "{hidden}");
    let unknown = ask("{ strem }").await;
    let message = unknown["errors"][0]["message"].as_str().unwrap();
    assert!(!message.contains("stream"), "suggests: {message}");
}

#[tokio::test]
async fn every_field_shows_its_number() {
    let mut first = snapshot();
    first.stream.gaps_total = 2;
    first.stream.connected_since = Some(NOW - 1_000);
    first.stream.last_error = Some("peer closed".into());
    first.stream.lag_ms = Some(-3);
    first.stream.gaps = Arc::new([
        Gap {
            start: NOW - 9_000,
            end: Some(NOW - 8_000),
            cause: LossCause::DeadPeer,
        },
        Gap {
            start: NOW - 500,
            end: None,
            cause: LossCause::Dropped,
        },
    ]);
    first.sessions.open = 3;
    first.sessions.pending = 1;
    first.sessions.closed = 2;
    first.ring.capacity = 65_536;
    let mut latency = Latencies::default();
    latency.last_minute[Stage::Visible.index()] = [1_500_000, 2_000_000].into_iter().collect();
    first.latency = Arc::new(latency);
    let served = serve(settings(), first).await;
    let query = "{
        realTimeMetrics {
            totalConnectionsExact openSessions connectionsPerMinute disconnectionsPerMinute
            durations { count p50Ms p90Ms p99Ms maxMs paneMs } messagesPerSession
            windowMs coverageMs complete asOf asOfMs countersSince
            windows { windowMs complete messagesPerMinute durations { count } messagesPerSession }
        }
        stream { state connectedSince gapsTotal gaps(last: 1) { start end cause } lastError lagMs lastArrival }
        counters { received applied rejected { total byReason { reason count } } accountingGap dedup { bytes } }
        latency { stage lastMinute { count p50Ms maxMs } }
        engine { version engineId uptimeMs ringCapacity sessionsTracked snapshotSequence snapshotAgeMs }
    }";
    let answer = body(&post(&served, None, query).await);
    let data = &answer["data"];
    let expected = json!({
        "totalConnectionsExact": 892.0, "openSessions": 3,
        "connectionsPerMinute": 20.0, "disconnectionsPerMinute": 4.0,
        "durations": {
            "count": 100, "p50Ms": 10_047.0, "p90Ms": 20_095.0, "p99Ms": 30_079.0,
            "maxMs": 30_100.0, "paneMs": 1_000,
        },
        "messagesPerSession": 2.5, "windowMs": 60_000, "coverageMs": 60_000, "complete": true,
        "asOf": "2026-01-15T12:00:00.000Z", "asOfMs": 1_768_478_400_000.0,
        "countersSince": "2026-01-15T11:58:30.000Z",
        "windows": [
            {
                "windowMs": 60_000, "complete": true, "messagesPerMinute": 35.0,
                "durations": { "count": 100 }, "messagesPerSession": 2.5,
            },
            {
                "windowMs": 10_000, "complete": false, "messagesPerMinute": 6.0,
                "durations": null, "messagesPerSession": null,
            },
        ],
    });
    assert_eq!(data["realTimeMetrics"], expected);
    let expected = json!({
        "state": "LIVE", "connectedSince": "2026-01-15T11:59:59.000Z", "gapsTotal": 2,
        "gaps": [{ "start": "2026-01-15T11:59:59.500Z", "end": null, "cause": "DROPPED" }],
        "lastError": "peer closed", "lagMs": -3.0, "lastArrival": null,
    });
    assert_eq!(data["stream"], expected);
    let counters = &data["counters"];
    let by_reason = counters["rejected"]["byReason"].as_array().unwrap();
    assert_eq!(by_reason.len(), Reject::COUNT);
    assert_eq!(
        by_reason[Reject::Utf8.index()],
        json!({ "reason": "utf8", "count": 3 })
    );
    assert_eq!(counters["rejected"]["total"], 3);
    assert_eq!(counters["accountingGap"], 0.0);
    assert_eq!(data["latency"].as_array().unwrap().len(), Stage::ALL.len());
    let expected = json!({
        "stage": "VISIBLE", "lastMinute": { "count": 2, "p50Ms": 1.507327, "maxMs": 2.0 },
    });
    assert_eq!(data["latency"][Stage::Visible.index()], expected);
    let expected = json!({
        "version": env!("CARGO_PKG_VERSION"), "engineId": "0000000000000abc", "uptimeMs": 0,
        "ringCapacity": 65_536, "sessionsTracked": 6, "snapshotSequence": 7, "snapshotAgeMs": 5,
    });
    assert_eq!(data["engine"], expected);
}

/// Publishes as fast as it can while answers are read: the numbers of an answer are always of one
/// snapshot, and snapshots never go back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_comes_from_one_snapshot() {
    const SWAPS: u64 = 2_000;
    let mut served = serve(settings(), snapshot()).await;
    let mut publisher = served.publisher;
    publisher.publish(|next| fill(next, 1));
    let enough = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&enough);
    let writer = thread::spawn(move || {
        let mut sequence = 1;
        while sequence < SWAPS || !stop.load(Ordering::Relaxed) {
            sequence += 1;
            publisher.publish(|next| fill(next, sequence));
            thread::yield_now();
        }
        publisher
    });
    let query = "{ realTimeMetrics { totalConnectionsExact windows { messagesPerMinute } } \
                 counters { received } engine { snapshotSequence } stream { reconnects } }";
    let json_body = json!({ "query": query }).to_string();
    let mut client = Client::connect(served.addr, Version::HTTP_11).await;
    let (mut before, mut distinct) = (0, 0);
    for _ in 0..500 {
        let mut request = request(served.addr, Method::POST, "/graphql", &json_body);
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
        let answer = body(&client.send(request).await);
        let sequence = answer["data"]["engine"]["snapshotSequence"]
            .as_u64()
            .unwrap();
        let number = answer["data"]["engine"]["snapshotSequence"]
            .as_f64()
            .unwrap();
        let expected = json!({
            "realTimeMetrics": {
                "totalConnectionsExact": number,
                "windows": [{ "messagesPerMinute": number }, { "messagesPerMinute": number }],
            },
            "counters": { "received": sequence },
            "engine": { "snapshotSequence": sequence },
            "stream": { "reconnects": sequence },
        });
        assert_eq!(answer["data"], expected);
        assert!(sequence >= before, "{sequence} after {before}");
        distinct += u64::from(sequence > before);
        before = sequence;
    }
    enough.store(true, Ordering::Relaxed);
    served.publisher = writer.join().unwrap();
    assert!(distinct > 1, "the writer published meanwhile");
}

fn fill(next: &mut Snapshot, sequence: u64) {
    next.sequence = sequence;
    next.total_connections = sequence;
    next.counters.received = sequence;
    next.stream.reconnects = sequence;
    next.windows.resize(2, WindowStats::default());
    for window in &mut next.windows {
        window.length_ms = 60_000;
        window.messages = sequence;
    }
}
