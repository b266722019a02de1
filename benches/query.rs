//! The query stage: a request's bytes to its answer's bytes, in process, without a socket.
//!
//! `constant` is the rival that must win: the same service answering bytes it has ready. The other
//! three are the ways to an answer: kept from an equal request on the same snapshot; executed from a
//! document that was checked before, because the request differs elsewhere; and all of it again.
//! Over real sockets the same pair is run by `perf/graphql.sh`.
//!
//! `heaviest` is the most that passes the limits; the `refuse` cases are the documents that cost the
//! check before execution most.

#![expect(clippy::unwrap_used, reason = "a bench that fails has to stop")]

use std::cell::Cell;
use std::convert::Infallible;
use std::hint::black_box;
use std::net::SocketAddr;

use bytes::Bytes;
use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use http_body_util::BodyExt;
use http_body_util::Full;
use hyper::Method;
use hyper::Request;
use hyper::Response;
use hyper::body::Body;
use hyper::header;
use streamgauge::config::ServeSettings;
use streamgauge::ring::Mailbox;
use streamgauge::serve::Handler;
use streamgauge::snapshot::Snapshot;
use streamgauge::snapshot::WindowStats;
use streamgauge::snapshot::channel;
use streamgauge::time::Clock;
use tokio::runtime::Runtime;

const QUERY: &str = r#"{"query":"{ realTimeMetrics { activeSessions totalConnections avgSessionDurationMs messagesPerMinute } }"}"#;
const ANSWER: &str = r#"{"data":{"realTimeMetrics":{"activeSessions":14,"totalConnections":892,"avgSessionDurationMs":18450.2,"messagesPerMinute":35.0}}}"#;

fn handler() -> Handler {
    let window = WindowStats {
        length_ms: 60_000,
        active_sessions: 14,
        messages: 35,
        closed_sessions: 5,
        closed_duration_ms: 92_251,
        ..WindowStats::default()
    };
    let (_, reader) = channel(Snapshot {
        windows: vec![window],
        total_connections: 892,
        ..Snapshot::default()
    });
    let listen = SocketAddr::from(([127, 0, 0, 1], 4000));
    let settings = ServeSettings::new(listen);
    Handler::new(&settings, listen, reader, Mailbox::new(1), Clock::system())
}

fn request(body: &Bytes) -> Request<Full<Bytes>> {
    Request::builder()
        .method(Method::POST)
        .uri("/graphql")
        .header(header::HOST, "localhost:4000")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(body.clone()))
        .unwrap()
}

async fn body_of<B: Body<Data = Bytes, Error = Infallible>>(answer: Response<B>) -> Bytes {
    answer.into_body().collect().await.unwrap().to_bytes()
}

/// Reads the request and answers what it always answers.
async fn constant(request: Request<Full<Bytes>>) -> Response<Full<Bytes>> {
    black_box(request.into_body().collect().await.unwrap());
    Response::new(Full::from(ANSWER))
}

fn query(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let mut group = criterion.benchmark_group("query");
    group.throughput(Throughput::Elements(1));
    let body = Bytes::from_static(QUERY.as_bytes());

    group.bench_function("real_time_metrics/constant", |bencher| {
        bencher.to_async(&runtime).iter(async || {
            let answer = body_of(constant(request(&body)).await).await;
            assert_eq!(answer, ANSWER);
        });
    });

    let handler = handler();
    group.bench_function("real_time_metrics/cached", |bencher| {
        bencher.to_async(&runtime).iter(async || {
            let answer = body_of(handler.answer(request(&body)).await).await;
            assert_eq!(answer, ANSWER);
        });
    });

    // More of either than a worker keeps.
    let same_document = |n| format!(r#"{},"n":{n}}}"#, &QUERY[..QUERY.len() - 1]);
    let other_document = |n| QUERY.replacen("{ ", &format!("{{#{n}\\n"), 1);
    let document_cached: Vec<Bytes> = (0..1_000).map(|n| same_document(n).into()).collect();
    let uncached: Vec<Bytes> = (0..1_000).map(|n| other_document(n).into()).collect();
    for (name, bodies) in [
        ("document_cached", document_cached),
        ("uncached_must_lose", uncached),
    ] {
        let next = Cell::new(0);
        group.bench_function(format!("real_time_metrics/{name}"), |bencher| {
            bencher.to_async(&runtime).iter(async || {
                let body = &bodies[next.get()];
                next.set((next.get() + 1) % bodies.len());
                let answer = body_of(handler.answer(request(body)).await).await;
                assert_eq!(answer, ANSWER);
            });
        });
    }

    let body = Bytes::from(serde_json::json!({ "query": heaviest() }).to_string());
    group.bench_function("heaviest/execute", |bencher| {
        bencher.to_async(&runtime).iter(async || {
            let answer = body_of(handler.answer(request(&body)).await).await;
            assert!(answer.starts_with(br#"{"data":{"engine":{"uptimeMs":"#));
        });
    });

    for (name, query) in costly() {
        let body = Bytes::from(serde_json::json!({ "query": query }).to_string());
        group.bench_function(format!("refuse/{name}"), |bencher| {
            bencher.to_async(&runtime).iter(async || {
                let answer = body_of(handler.answer(request(&body)).await).await;
                assert!(answer.starts_with(br#"{"errors":["#), "{answer:?}");
            });
        });
    }
    group.finish();
}

/// A document just below the limit of expanded size, by fragments: the most that is executed. Its
/// answer depends on the moment, so it is not kept.
fn heaviest() -> String {
    let eight = |text: &str| text.repeat(8);
    format!(
        "{{engine{{...A}}}} fragment A on Engine{{{}}} fragment B on Engine{{{}}} \
         fragment C on Engine{{{}}} fragment D on Engine{{{}}}",
        eight("...B "),
        eight("...C "),
        eight("...D "),
        eight("uptimeMs "),
    )
}

/// Documents inside the limits of size and tokens that the parser or the measure takes longest for.
fn costly() -> [(&'static str, String); 4] {
    let spread = |n: usize| format!("fragment F{n} on Q{{...F{0} ...F{0}}}", n + 1);
    let fan_out: String = (0..70).map(spread).collect();
    let blank = " ".repeat(15_000);
    [
        ("fan_out", format!("{{...F0}}{fan_out}")),
        ("brackets", "{".repeat(16_000)),
        ("blank_in_depth", format!("{}{blank}", "{a".repeat(32))),
        ("lists_in_depth", format!("{{a(x:{}{blank}", "[".repeat(30))),
    ]
}

criterion_group!(benches, query);
criterion_main!(benches);
