//! Kept answers: under a publishing writer each is what an execution on its snapshot gives, and what
//! must not be kept is not.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::Full;
use hyper::Method;
use hyper::Request;
use hyper::header;
use hyper::header::HeaderValue;
use serde_json::Value;
use serde_json::json;
use streamgauge::config::ServeSettings;
use streamgauge::ring::Mailbox;
use streamgauge::serve::Handler;
use streamgauge::snapshot::GroupKind;
use streamgauge::snapshot::Longest;
use streamgauge::snapshot::OpenSession;
use streamgauge::snapshot::Reader;
use streamgauge::snapshot::Snapshot;
use streamgauge::snapshot::WindowStats;
use streamgauge::snapshot::channel;
use streamgauge::time::Clock;
use streamgauge::time::ManualClock;

use crate::http::NOW;
use crate::http::settings;

const GRAPHQL: &str = "application/graphql-response+json";
const JSON: &str = "application/json";

/// A request that can be sent any number of times.
#[derive(Clone, Debug)]
struct Ask {
    method: Method,
    accept: &'static str,
    path: String,
    body: String,
}

fn post(accept: &'static str, body: &Value) -> Ask {
    Ask {
        method: Method::POST,
        accept,
        path: String::from("/graphql"),
        body: body.to_string(),
    }
}

fn get(accept: &'static str, parameters: &str) -> Ask {
    Ask {
        method: Method::GET,
        accept,
        path: format!("/graphql?{parameters}"),
        body: String::new(),
    }
}

/// Status, media type and body. A kept answer shares its body's memory with the one before.
type Answered = (u16, HeaderValue, Bytes);

async fn send(handler: &Handler, ask: &Ask) -> Answered {
    let request = Request::builder()
        .method(ask.method.clone())
        .uri(&ask.path)
        .header(header::HOST, "localhost")
        .header(header::ACCEPT, ask.accept)
        .header(header::CONTENT_TYPE, JSON)
        .body(Full::from(ask.body.clone()))
        .unwrap();
    let (parts, body) = handler.answer(request).await.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let media = parts.headers[header::CONTENT_TYPE].clone();
    (parts.status.as_u16(), media, body)
}

fn handler(settings: &ServeSettings, reader: Reader) -> (Handler, ManualClock) {
    let (clock, hands) = Clock::manual(NOW);
    let samples = Mailbox::new(1);
    (
        Handler::new(settings, settings.listen, reader, samples, clock),
        hands,
    )
}

/// Sets every number that the requests below select.
fn fill(snapshot: &mut Snapshot, sequence: u64) {
    snapshot.engine_id = 7;
    snapshot.sequence = sequence;
    snapshot.total_connections = 3 * sequence;
    snapshot.counters.applied = sequence + 1;
    // The age of an open session is that of the snapshot's moment.
    snapshot.now = NOW + 7 * i64::try_from(sequence).unwrap();
    snapshot.longest = Arc::new(Longest {
        as_of: NOW,
        overall: vec![OpenSession {
            id: "a".into(),
            connected: NOW,
            last_seen: NOW,
            messages: 1,
            awaiting_since: None,
            is_uncertain: false,
            queue: "q".into(),
            queue_kind: GroupKind::Named,
            deployment: "d".into(),
            deployment_kind: GroupKind::Named,
        }],
        by_queue: Vec::new(),
        ..Longest::default()
    });
    snapshot.windows = vec![WindowStats {
        length_ms: 60_000,
        active_sessions: sequence,
        messages: 2 * sequence,
        ..WindowStats::default()
    }];
}

fn filled(sequence: u64) -> Snapshot {
    let mut snapshot = Snapshot::default();
    fill(&mut snapshot, sequence);
    snapshot
}

fn asks() -> Vec<Ask> {
    let metrics = "{ realTimeMetrics { activeSessions totalConnections messagesPerMinute } \
                   engine { snapshotSequence } }";
    let several = "query A { counters { applied } engine { snapshotSequence } } \
                   query B { engine { snapshotSequence } counters { received } }";
    let variables = "query Q($x: Boolean!) { counters { applied received @include(if: $x) } \
                     engine { snapshotSequence } }";
    let with = |x: bool| json!({ "query": variables, "variables": { "x": x } });
    let named = |name: &str| json!({ "query": several, "operationName": name });
    vec![
        post(JSON, &json!({ "query": metrics })),
        post(GRAPHQL, &json!({ "query": metrics })),
        post(JSON, &json!({ "query": metrics, "extensions": {} })),
        get(JSON, &format!("query={}", metrics.replace(' ', "+"))),
        get(GRAPHQL, &format!("query={}", metrics.replace(' ', "%20"))),
        post(JSON, &named("A")),
        post(JSON, &named("B")),
        post(GRAPHQL, &named("C")),
        post(JSON, &json!({ "query": several })),
        post(JSON, &with(true)),
        post(JSON, &with(false)),
        get(JSON, "query={engine{snapshotSequence}__typename}"),
        post(
            JSON,
            &json!({ "query": "{ engine { snapshotSequence } sessions { items { id openMs } } }" }),
        ),
        post(
            JSON,
            &json!({ "query": "{ engine { snapshotSequence } groups(by: QUEUE) { count capacity } }" }),
        ),
    ]
}

/// The snapshot an answer is of; 0 when it is of none.
fn sequence_of(body: &Bytes) -> u64 {
    let body: Value = serde_json::from_slice(body).unwrap();
    let sequence = &body["data"]["engine"]["snapshotSequence"];
    sequence.as_u64().unwrap_or_default()
}

#[tokio::test]
async fn kept_answers_are_those_of_an_execution_on_their_snapshot() {
    const ROUNDS: usize = 150;
    const SWAP_EVERY: usize = 50;
    let (mut publisher, reader) = channel(filled(1));
    let (subject, _) = handler(&settings(), reader);
    let asked = Arc::new(AtomicUsize::new(0));
    let progress = Arc::clone(&asked);
    let published = Arc::new(AtomicU64::new(1));
    let newest = Arc::clone(&published);
    let asks = asks();
    let total = ROUNDS * asks.len();
    // Publishes while requests are under way, but seldom enough that some meet the same snapshot.
    let writer = thread::spawn(move || {
        let (mut sequence, mut due) = (1, SWAP_EVERY);
        while due < total {
            if progress.load(Ordering::Relaxed) >= due {
                sequence += 1;
                due += SWAP_EVERY;
                publisher.publish(|next| fill(next, sequence));
                newest.store(sequence, Ordering::Release);
            }
            thread::yield_now();
        }
    });
    let mut seen: HashMap<(usize, u64), Vec<Answered>> = HashMap::new();
    for _ in 0..ROUNDS {
        for (index, ask) in asks.iter().enumerate() {
            let known = published.load(Ordering::Acquire);
            let answered = send(&subject, ask).await;
            let sequence = sequence_of(&answered.2);
            let is_refused = sequence == 0;
            assert!(is_refused || sequence >= known, "{sequence} after {known}");
            seen.entry((index, sequence)).or_default().push(answered);
            asked.fetch_add(1, Ordering::Relaxed);
        }
    }
    writer.join().unwrap();

    let mut shared = 0;
    for ((index, sequence), answers) in &seen {
        // A server of its own has kept nothing yet.
        let (_publisher, reader) = channel(filled(*sequence));
        let (fresh, _) = handler(&settings(), reader);
        let expected = send(&fresh, &asks[*index]).await;
        for answered in answers {
            assert_eq!(*answered, expected, "{:?}", asks[*index]);
        }
        let pairs = answers.windows(2);
        shared += pairs
            .filter(|pair| pair[0].2.as_ptr() == pair[1].2.as_ptr())
            .count();
    }
    let snapshots = seen.keys().filter(|(index, _)| *index == 0).count();
    assert!(snapshots > 5, "{snapshots} snapshots");
    assert!(shared > total / 4, "{shared} of {total} answers were kept");
}

#[tokio::test]
async fn what_depends_on_the_moment_and_what_fails_is_not_kept() {
    let (_publisher, reader) = channel(filled(1));
    let (handler, hands) = handler(&settings(), reader);
    for (query, ages) in [
        ("{ engine { uptimeMs } }", true),
        (
            "{ counters { applied } ...A } fragment A on Query { engine { snapshotAgeMs } }",
            true,
        ),
        ("{ nothing }", false),
        ("{", false),
    ] {
        for media in [JSON, GRAPHQL] {
            let ask = post(media, &json!({ "query": query }));
            let first = send(&handler, &ask).await;
            hands.advance_ms(3);
            let second = send(&handler, &ask).await;
            assert_eq!(first != second, ages, "{query}");
            assert_ne!(first.2.as_ptr(), second.2.as_ptr(), "{query}");
        }
    }
    let ask = post(JSON, &json!({ "query": "{ __schema { types { name } } }" }));
    let (first, second) = (send(&handler, &ask).await, send(&handler, &ask).await);
    assert_eq!(first.2.as_ptr(), second.2.as_ptr(), "kept all the same");
}

#[tokio::test]
async fn servers_of_one_process_do_not_answer_for_each_other() {
    let (_publisher, reader) = channel(filled(1));
    let (open, _) = handler(&settings(), reader.clone());
    let closed = ServeSettings {
        introspection: Some(false),
        ..settings()
    };
    let (closed, _) = handler(&closed, reader);
    let ask = post(
        GRAPHQL,
        &json!({ "query": "{ __schema { queryType { name } } }" }),
    );
    for _ in 0..2 {
        let (_, _, body) = send(&open, &ask).await;
        assert_eq!(
            body,
            r#"{"data":{"__schema":{"queryType":{"name":"Query"}}}}"#
        );
        let (_, _, body) = send(&closed, &ask).await;
        assert!(!body.starts_with(br#"{"data":{"__schema":{"#), "{body:?}");
    }
}
