//! Every route with every method and every credential, taken from the router's own table.

use http_body_util::Full;
use hyper::header::HeaderValue;

use super::*;
use crate::latency::Histogram;
use crate::latency::Spectra;
use crate::latency::Stage;
use crate::serve::route::ROUTES;
use crate::snapshot;
use crate::snapshot::Snapshot;
use crate::stream::StreamState;
use crate::time::EpochMs;

const TOKEN: &str = "correct horse";
const METHODS: [Method; 8] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
    Method::TRACE,
];
const BOUND: ([u8; 4], u16) = ([127, 0, 0, 1], 4000);

fn handler(settings: ServeSettings) -> Handler {
    let mut snapshot = Snapshot::default();
    snapshot.stream.state = StreamState::Live;
    let mut histogram = Histogram::new();
    histogram.record(2_000_000, 3);
    snapshot.spectra = Spectra::of(vec![histogram; Stage::ALL.len()].into());
    let (_, reader) = snapshot::channel(snapshot);
    let (clock, _) = Clock::manual(EpochMs::from_ms(1_000));
    Handler::new(&settings, BOUND.into(), reader, Mailbox::new(64), clock)
}

fn settings() -> ServeSettings {
    ServeSettings::new(BOUND.into())
}

fn with_token() -> Handler {
    handler(ServeSettings {
        token: Some(TOKEN.into()),
        ..settings()
    })
}

fn request(method: &Method, path: &str, authorization: &[&str]) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::from(r#"{"query":"{__typename}"}"#));
    *request.method_mut() = method.clone();
    *request.uri_mut() = path.parse().unwrap();
    let headers = request.headers_mut();
    headers.insert(header::HOST, HeaderValue::from_static("localhost"));
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    for value in authorization {
        let value = HeaderValue::from_str(value).unwrap();
        headers.append(header::AUTHORIZATION, value);
    }
    request
}

async fn body(answer: Answer) -> Bytes {
    answer.into_body().collect().await.unwrap().to_bytes()
}

#[tokio::test]
async fn nothing_but_health_answers_without_the_token() {
    let handler = with_token();
    let wrong: [&[&str]; 6] = [
        &[],
        &["Bearer wrong"],
        &["Basic Y29ycmVjdCBob3JzZQ=="],
        &["Bearer correct"],
        &["Bearer correct horse", "Bearer correct horse"],
        &["Bearer correct horse", "Bearer wrong"],
    ];
    let paths = ROUTES
        .iter()
        .map(|route| route.path)
        .chain(["/nowhere", "/latency/nowhere.hgrm"]);
    for path in paths.filter(|path| *path != "/healthz") {
        for method in &METHODS {
            for authorization in wrong {
                for uri in [
                    path.to_owned(),
                    format!("{path}?access_token={TOKEN}").replace(' ', "%20"),
                ] {
                    let answer = handler.answer(request(method, &uri, authorization)).await;
                    let case = format!("{method} {uri} {authorization:?}");
                    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{case}");
                    assert_eq!(
                        answer.headers()[header::WWW_AUTHENTICATE],
                        "Bearer",
                        "{case}"
                    );
                    let expected = if *method == Method::HEAD {
                        ""
                    } else {
                        "unauthorized\n"
                    };
                    assert_eq!(body(answer).await, expected, "{case}");
                }
            }
        }
    }
}

#[tokio::test]
async fn each_route_answers_its_methods_and_names_them_to_others() {
    let (open, closed) = (handler(settings()), with_token());
    for (handler, authorization) in [(open, &[][..]), (closed, &["Bearer correct horse"][..])] {
        for route in &ROUTES {
            for method in &METHODS {
                let uri = format!("{}?query=%7B__typename%7D", route.path);
                let answer = handler.answer(request(method, &uri, authorization)).await;
                let case = format!("{method} {uri}");
                if route.allows(method) {
                    assert_eq!(answer.status(), StatusCode::OK, "{case}");
                    let length = answer.headers().get(header::CONTENT_LENGTH).cloned();
                    let bytes = body(answer).await;
                    assert_eq!(bytes.is_empty(), *method == Method::HEAD, "{case}");
                    assert_eq!(length.is_some(), *method == Method::HEAD, "{case}");
                } else {
                    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{case}");
                    assert_eq!(answer.headers()[header::ALLOW], route.allow, "{case}");
                }
            }
        }
        let answer = handler
            .answer(request(&Method::GET, "/nowhere", authorization))
            .await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_token_in_the_url_is_refused_beside_the_right_header() {
    let request = request(&Method::GET, "/readyz?token=x", &["Bearer correct horse"]);
    let answer = with_token().answer(request).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let handler = handler(settings());
    for path in ROUTES.iter().map(|route| route.path).chain(["/nowhere"]) {
        let answer = handler.answer(request(&Method::GET, path, &[])).await;
        let headers = answer.headers();
        assert_eq!(headers[header::CACHE_CONTROL], "no-store", "{path}");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("frame-ancestors 'none'"), "{path}");
    }
}

#[tokio::test]
async fn foreign_names_and_origins_are_refused() {
    let handler = handler(settings());
    let check = async |path: &str, name, value: &'static str, expected: StatusCode| {
        let mut request = request(&Method::GET, path, &[]);
        request
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
        let answer = handler.answer(request).await;
        assert_eq!(answer.status(), expected, "{path} {value}");
    };
    let misdirected = StatusCode::MISDIRECTED_REQUEST;
    check("/readyz", header::HOST, "evil.example:4000", misdirected).await;
    check(
        "/healthz",
        header::HOST,
        "evil.example:4000",
        StatusCode::OK,
    )
    .await;
    check("/readyz", header::HOST, "::", StatusCode::BAD_REQUEST).await;
    check(
        "/",
        header::ORIGIN,
        "http://evil.example",
        StatusCode::FORBIDDEN,
    )
    .await;
    check("/", header::ORIGIN, "http://localhost", StatusCode::OK).await;
}

#[tokio::test]
async fn readiness_tells_of_draining() {
    let handler = handler(settings());
    let ready = async || {
        let answer = handler.answer(request(&Method::GET, "/readyz", &[])).await;
        (answer.status(), body(answer).await)
    };
    let (status, text) = ready().await;
    assert_eq!(status, StatusCode::OK, "{text:?}");
    assert_eq!(text, r#"{"ready":true,"reasons":[]}"#);
    handler.drain();
    let (status, text) = ready().await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let expected = r#"{"ready":false,"reasons":["draining: the server is about to stop"]}"#;
    assert_eq!(text, expected);
}

#[tokio::test]
async fn a_distribution_is_text_and_an_unknown_stage_names_all() {
    let handler = handler(settings());
    let ask = async |path: &str| {
        let answer = handler.answer(request(&Method::GET, path, &[])).await;
        let status = answer.status();
        (
            status,
            String::from_utf8(body(answer).await.to_vec()).unwrap(),
        )
    };
    let (status, text) = ask("/latency/visible.hgrm").await;
    assert_eq!(status, StatusCode::OK);
    assert!(text.contains("Total count    =            3"), "{text}");
    for path in ["/latency/", "/latency/visible", "/latency/nowhere.hgrm"] {
        let (status, text) = ask(path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        for stage in Stage::ALL {
            assert!(text.contains(&format!(" {}", stage.label())), "{text}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_distribution_is_waited_for_but_not_for_ever() {
    let (mut publisher, reader) = snapshot::channel(Snapshot::default());
    let (clock, _) = Clock::manual(EpochMs::from_ms(1_000));
    let handler = Handler::new(&settings(), BOUND.into(), reader, Mailbox::new(1), clock);
    let ask = || handler.answer(request(&Method::GET, "/latency/ring.hgrm", &[]));
    assert_eq!(ask().await.status(), StatusCode::SERVICE_UNAVAILABLE);
    let histograms = vec![Histogram::new(); Stage::ALL.len()];
    let writer = async {
        tokio::time::sleep(Duration::from_millis(900)).await;
        publisher.publish(|snapshot| snapshot.spectra = Spectra::of(histograms.into()));
    };
    let (answer, ()) = tokio::join!(ask(), writer);
    assert_eq!(answer.status(), StatusCode::OK);
}

/// Makes a request one that asks for a WebSocket.
fn upgrading(mut request: Request<Full<Bytes>>) -> Request<Full<Bytes>> {
    let headers = request.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    request
}

#[tokio::test]
async fn only_an_upgrade_of_graphql_may_show_its_token_later() {
    let handler = with_token();
    // Only a connection can take a socket over, so who is let in here gets no further.
    let let_in = StatusCode::NOT_IMPLEMENTED;
    let credentials: [(&[&str], StatusCode); 5] = [
        (&[], let_in),
        (&["Bearer correct horse"], let_in),
        (&["Bearer wrong"], StatusCode::UNAUTHORIZED),
        (&[""], StatusCode::UNAUTHORIZED),
        (
            &["Bearer correct horse", "Bearer correct horse"],
            StatusCode::UNAUTHORIZED,
        ),
    ];
    for route in &ROUTES {
        for method in &METHODS {
            for (authorization, expected) in credentials {
                let asked = upgrading(request(method, route.path, authorization));
                let plain = request(method, route.path, authorization);
                let (answer, plain) = (handler.answer(asked).await, handler.answer(plain).await);
                let case = format!("{method} {} {authorization:?}", route.path);
                if route.endpoint == Endpoint::GraphQl && *method == Method::GET {
                    assert_eq!(answer.status(), expected, "{case}");
                } else {
                    assert_eq!(answer.status(), plain.status(), "{case}");
                }
            }
        }
    }
    let answer = handler.answer(upgrading(request(&Method::GET, "/graphql?token=x", &[])));
    assert_eq!(answer.await.status(), StatusCode::BAD_REQUEST);
    let mut foreign = upgrading(request(&Method::GET, "/graphql", &["Bearer correct horse"]));
    let origin = HeaderValue::from_static("http://evil.example");
    foreign.headers_mut().insert(header::ORIGIN, origin);
    let answer = handler.answer(foreign).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn events_ask_for_the_token_like_everything_else() {
    let handler = with_token();
    for method in [Method::GET, Method::HEAD, Method::POST] {
        for (authorization, expected) in [
            (&[][..], StatusCode::UNAUTHORIZED),
            (&["Bearer wrong"], StatusCode::UNAUTHORIZED),
            (&["Bearer correct horse"], StatusCode::OK),
        ] {
            let path = "/graphql?query=%7B__typename%7D";
            let mut request = request(&method, path, authorization);
            let events = HeaderValue::from_static("text/event-stream");
            request.headers_mut().insert(header::ACCEPT, events);
            let answer = handler.answer(request).await;
            assert_eq!(answer.status(), expected, "{method} {authorization:?}");
            if expected == StatusCode::OK {
                let media = &answer.headers()[header::CONTENT_TYPE];
                assert_eq!(media, "text/event-stream; charset=utf-8");
                assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
                let is_head = method == Method::HEAD;
                assert_eq!(body(answer).await.is_empty(), is_head, "{method}");
            }
        }
    }
}
