//! Every route with every method and every credential, taken from the router's own table.

use http_body_util::BodyExt;
use http_body_util::Full;
use hyper::header::HeaderValue;

use super::*;
use crate::config::PublicUrl;
use crate::latency::Latencies;
use crate::latency::Stage;
use crate::serve::http::route::ROUTES;
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
    snapshot.windows = vec![Default::default()];
    let mut latencies = Latencies::default();
    for times in &mut latencies.since_start {
        times.record_n(2_000_000, 3);
    }
    snapshot.latency = Arc::new(latencies);
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

fn is_read(method: &Method) -> bool {
    [Method::GET, Method::HEAD].contains(method)
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
        .chain(assets::ASSETS.iter().map(|asset| asset.path))
        .chain(["/nowhere", "/latency/nowhere.hgrm"]);
    for path in paths.filter(|path| *path != "/healthz") {
        for method in &METHODS {
            for authorization in wrong {
                for uri in [
                    path.to_owned(),
                    format!("{path}?access_token={TOKEN}").replace(' ', "%20"),
                ] {
                    if uri == "/readyz" && is_read(method) && authorization.is_empty() {
                        // It says no more than its verdict.
                        continue;
                    }
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

/// A browser gets the page that asks for the token, on every path the same one, and still no more
/// than 401; once it has the cookie, it gets what the header gets.
#[tokio::test]
async fn a_browser_is_asked_for_the_token_and_let_in_by_its_cookie() {
    let handler = with_token();
    let browser = |method: &Method, path: &str, cookie: Option<&HeaderValue>| {
        let mut request = request(method, path, &[]);
        let headers = request.headers_mut();
        let accept = HeaderValue::from_static("text/html,*/*;q=0.8");
        headers.insert(header::ACCEPT, accept);
        if let Some(cookie) = cookie {
            headers.insert(header::COOKIE, cookie.clone());
        }
        request
    };
    let paths = || {
        ROUTES
            .iter()
            .map(|route| route.path)
            .filter(|path| *path != "/healthz")
    };
    let wrong = HeaderValue::from_static("streamgauge-session=correct horse");
    let closed = paths().filter(|path| *path != "/readyz");
    for path in closed.chain(["/nowhere"]) {
        for cookie in [None, Some(&wrong)] {
            let answer = handler.answer(browser(&Method::GET, path, cookie)).await;
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
            assert_eq!(answer.headers()[header::WWW_AUTHENTICATE], "Bearer");
            assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
            let text = String::from_utf8(body(answer).await.to_vec()).unwrap();
            assert!(text.contains("Access token"), "{path} {text}");
            let answer = handler.answer(browser(&Method::POST, path, cookie)).await;
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
            assert_eq!(body(answer).await, "unauthorized\n", "{path}");
        }
    }
    let signing_in = request(&Method::POST, "/session", &["Bearer correct horse"]);
    let answer = handler.answer(signing_in).await;
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
    let cookie = HeaderValue::from_str(cookie.split_once(';').unwrap().0).unwrap();
    for path in paths() {
        let answer = handler
            .answer(browser(&Method::GET, path, Some(&cookie)))
            .await;
        let expected = match (path, assets::ABSENT) {
            // Without the explorer, GraphQL does not speak HTML.
            ("/graphql", Some(_)) => StatusCode::BAD_REQUEST,
            _ => StatusCode::OK,
        };
        assert_eq!(answer.status(), expected, "{path}");
    }
    let mut both = browser(&Method::GET, "/", Some(&cookie));
    let value = HeaderValue::from_static("Bearer wrong");
    both.headers_mut().insert(header::AUTHORIZATION, value);
    let answer = handler.answer(both).await;
    assert_eq!(
        answer.status(),
        StatusCode::UNAUTHORIZED,
        "the header decides"
    );
    let mut foreign = browser(&Method::DELETE, "/session", Some(&cookie));
    let value = HeaderValue::from_static("http://localhost:9");
    foreign.headers_mut().insert(header::ORIGIN, value);
    let answer = handler.answer(foreign).await;
    assert_eq!(
        answer.status(),
        StatusCode::FORBIDDEN,
        "a port is another site"
    );
}

/// A server under a path, of which the proxy passes the path on or takes it away.
fn under_a_path() -> Handler {
    handler(ServeSettings {
        token: Some(TOKEN.into()),
        public_urls: vec![PublicUrl::parse("https://apps.example/gauge/").unwrap()],
        ..settings()
    })
}

/// The headers of an answer that another one to the same request has too, whenever it is given: the metrics
/// tell the process's own time and memory, so two answers may differ in length.
fn lasting_headers<B>(path: &str, answer: &hyper::Response<B>) -> hyper::HeaderMap {
    let mut headers = answer.headers().clone();
    if path == "/metrics" {
        headers.remove(header::CONTENT_LENGTH);
    }
    headers
}

#[tokio::test]
async fn under_a_prefix_every_route_is_the_same() {
    let handler = under_a_path();
    let paths = ROUTES.iter().map(|route| route.path);
    for path in paths.chain(["/nowhere", "/latency/nowhere.hgrm"]) {
        for method in [Method::GET, Method::HEAD, Method::PUT] {
            for authorization in [&[][..], &["Bearer correct horse"]] {
                let taken = handler.answer(request(&method, path, authorization)).await;
                let on = format!("/gauge{path}");
                let passed_on = handler.answer(request(&method, &on, authorization)).await;
                assert_eq!(taken.status(), passed_on.status(), "{method} {path}");
                let [taken, passed_on] =
                    [taken, passed_on].map(|answer| lasting_headers(path, &answer));
                assert_eq!(taken, passed_on, "{method} {path}");
            }
        }
    }
    for path in [
        "/gauges/healthz",
        "/Gauge/healthz",
        "/gauge/gauge/healthz",
        "//gauge/healthz",
    ] {
        let answer = handler.answer(request(&Method::GET, path, &["Bearer correct horse"]));
        assert_eq!(answer.await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_prefix_without_its_slash_leads_to_the_one_with_it() {
    let handler = under_a_path();
    for (path, expected) in [
        ("/gauge", "gauge/"),
        ("/gauge?window=5m&by=queue", "gauge/?window=5m&by=queue"),
    ] {
        let answer = handler.answer(request(&Method::GET, path, &[])).await;
        assert_eq!(answer.status(), StatusCode::PERMANENT_REDIRECT, "{path}");
        assert_eq!(answer.headers()[header::LOCATION], expected);
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    }
    let mut foreign = request(&Method::GET, "/gauge", &[]);
    let origin = HeaderValue::from_static("https://evil.example");
    foreign.headers_mut().insert(header::ORIGIN, origin);
    let answer = handler.answer(foreign).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
}

/// The page that asks for the token finds the way from wherever it is shown, and the cookie that
/// comes of it is bound to what the browser sees.
#[tokio::test]
async fn a_browser_signs_in_under_a_prefix() {
    let handler = under_a_path();
    for (path, place) in [
        ("/", "/"),
        ("/gauge/", "/"),
        ("/gauge/graphql", ""),
        ("/gauge/latency/visible.hgrm", "../"),
        ("/gauge/no/where/", "../../"),
    ] {
        let mut request = request(&Method::GET, path, &[]);
        let html = HeaderValue::from_static("text/html");
        request.headers_mut().insert(header::ACCEPT, html);
        let answer = handler.answer(request).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
        let text = String::from_utf8(body(answer).await.to_vec()).unwrap();
        assert!(
            text.contains(&format!(" data-place=\"{place}\"")),
            "{path}: {text}"
        );
    }
    let with = |method: &Method, path: &str, authorization: &[&str]| {
        let mut request = request(method, path, authorization);
        let origin = HeaderValue::from_static("https://apps.example");
        request.headers_mut().insert(header::ORIGIN, origin);
        request
    };
    for path in ["/session", "/gauge/session"] {
        let request = with(&Method::POST, path, &["Bearer correct horse"]);
        let answer = handler.answer(request).await;
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
        let (pair, rest) = cookie.split_once("; ").unwrap();
        assert!(
            pair.starts_with("__Secure-streamgauge-session-gauge="),
            "{cookie}"
        );
        assert!(
            rest.starts_with("Path=/gauge/; ") && rest.ends_with("; Secure"),
            "{cookie}"
        );
        for path in ["/graphql", "/gauge/graphql"] {
            let mut request = with(&Method::POST, path, &[]);
            let cookie = HeaderValue::from_str(pair).unwrap();
            request.headers_mut().insert(header::COOKIE, cookie);
            let answer = handler.answer(request).await;
            assert_eq!(answer.status(), StatusCode::OK, "{path}");
        }
    }
    // A word alone makes no cookie secure.
    let mut request = request(&Method::POST, "/session", &["Bearer correct horse"]);
    let origin = HeaderValue::from_static("https://localhost");
    request.headers_mut().insert(header::ORIGIN, origin);
    let answer = handler.answer(request).await;
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("streamgauge-session="), "{cookie}");
    assert!(!cookie.contains("Secure"), "{cookie}");
}

/// What a browser gets where the dashboard is built in, and where it is not.
#[tokio::test]
async fn a_browser_gets_the_page_and_the_explorer() {
    let handler = handler(settings());
    let open = async |path: &str, accept: &'static str| {
        let mut request = request(&Method::GET, path, &[]);
        let accept = HeaderValue::from_static(accept);
        request.headers_mut().insert(header::ACCEPT, accept);
        handler.answer(request).await
    };
    let page = open("/", "text/html").await;
    assert_eq!(page.status(), StatusCode::OK);
    let type_of = |answer: &Answer| answer.headers()[header::CONTENT_TYPE].clone();
    assert_eq!(type_of(&page), "text/html; charset=utf-8");
    if let Some(why) = assets::ABSENT {
        let text = String::from_utf8(body(page).await.to_vec()).unwrap();
        assert!(text.contains(why), "{text}");
        return;
    }
    let kept = &page.headers()[header::CACHE_CONTROL];
    assert_eq!(kept, "private, no-cache");
    let explorer = open("/graphql", "text/html,*/*;q=0.8").await;
    assert_eq!(explorer.status(), StatusCode::OK);
    assert_eq!(type_of(&explorer), "text/html; charset=utf-8");
    let question = "/graphql?query=%7B__typename%7D";
    let answer = open(question, "text/html,*/*;q=0.8").await;
    assert_eq!(type_of(&answer), "application/json; charset=utf-8");
    for asset in assets::ASSETS {
        let answer = open(asset.path, "*/*").await;
        let is_hashed = asset.path.starts_with(assets::HASHED);
        let expected = match is_hashed {
            true => StatusCode::OK,
            false => StatusCode::NOT_FOUND,
        };
        assert_eq!(answer.status(), expected, "{}", asset.path);
    }
}

/// The page of a program without the dashboard offers a first query.
#[tokio::test]
async fn the_query_of_the_plain_page_is_answered() {
    let page = unbuilt::render(BOUND.into(), false, "node: not found");
    let (_, rest) = page.split_once("<a href=\"").unwrap();
    let (link, _) = rest.split_once('"').unwrap();
    let answer = handler(settings())
        .answer(request(&Method::GET, &format!("/{link}"), &[]))
        .await;
    let text = String::from_utf8(body(answer).await.to_vec()).unwrap();
    assert!(
        text.starts_with(r#"{"data":{"realTimeMetrics":{"#),
        "{text}"
    );
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
        let kept = match (path, assets::ABSENT) {
            ("/", None) => "private, no-cache",
            _ => "no-store",
        };
        assert_eq!(headers[header::CACHE_CONTROL], kept, "{path}");
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

#[tokio::test]
async fn a_distribution_without_a_time_is_answered_at_once() {
    let (_, reader) = snapshot::channel(Snapshot::default());
    let (clock, _) = Clock::manual(EpochMs::from_ms(1_000));
    let handler = Handler::new(&settings(), BOUND.into(), reader, Mailbox::new(1), clock);
    let answer = handler
        .answer(request(&Method::GET, "/latency/ring.hgrm", &[]))
        .await;
    assert_eq!(answer.status(), StatusCode::OK);
    let text = String::from_utf8(body(answer).await.to_vec()).unwrap();
    assert!(text.contains("Total count    =            0"), "{text}");
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
                assert_eq!(
                    answer.headers()[header::CACHE_CONTROL],
                    "no-store, no-transform"
                );
                assert_eq!(answer.headers()["x-accel-buffering"], "no");
                let is_head = method == Method::HEAD;
                assert_eq!(body(answer).await.is_empty(), is_head, "{method}");
            }
        }
    }
}

/// Whoever serves a connection moves what an answer needs, so rare answers keep their room elsewhere.
#[test]
fn an_answer_takes_little_room() {
    let handler = handler(settings());
    let answer = handler.answer(request(&Method::POST, "/graphql", &[]));
    let bytes = size_of_val(&answer);
    assert!(bytes <= 3_072, "{bytes}");
}

#[tokio::test]
async fn without_a_token_readiness_is_one_word() {
    let (open, closed) = (handler(settings()), with_token());
    for is_draining in [false, true] {
        let (status, word) = match is_draining {
            false => (StatusCode::OK, "ready\n"),
            true => (StatusCode::SERVICE_UNAVAILABLE, "unready\n"),
        };
        for method in [Method::GET, Method::HEAD] {
            let answer = closed.answer(request(&method, "/readyz", &[])).await;
            assert_eq!(answer.status(), status, "{method}");
            let is_head = method == Method::HEAD;
            let expected = if is_head { "" } else { word };
            assert_eq!(body(answer).await, expected, "{method}");
        }
        // With the token, and where there is none, the reasons.
        let token = ["Bearer correct horse"];
        for (handler, authorization) in [(&closed, &token[..]), (&open, &[])] {
            let answer = handler.answer(request(&Method::GET, "/readyz", authorization));
            let answer = answer.await;
            assert_eq!(answer.status(), status);
            let text = body(answer).await;
            assert!(text.starts_with(b"{\"ready\":"), "{text:?}");
        }
        let answer = closed.answer(request(&Method::GET, "/readyz", &["Bearer wrong"]));
        assert_eq!(answer.await.status(), StatusCode::UNAUTHORIZED);
        open.drain();
        closed.drain();
    }
}

#[tokio::test]
async fn probes_need_no_host() {
    for route in &ROUTES {
        for host in [None, Some("")] {
            let mut request = request(&Method::GET, route.path, &[]);
            request.headers_mut().remove(header::HOST);
            if let Some(host) = host {
                let host = HeaderValue::from_static(host);
                request.headers_mut().insert(header::HOST, host);
            }
            let answer = handler(settings()).answer(request).await;
            let expected = match route.path {
                "/healthz" | "/readyz" | "/metrics" => StatusCode::OK,
                _ => StatusCode::BAD_REQUEST,
            };
            assert_eq!(answer.status(), expected, "{} {host:?}", route.path);
        }
    }
    // A page that says where it comes from is no probe.
    let mut request = request(&Method::GET, "/metrics", &[]);
    request.headers_mut().remove(header::HOST);
    let origin = HeaderValue::from_static("http://evil.example");
    request.headers_mut().insert(header::ORIGIN, origin);
    let answer = handler(settings()).answer(request).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
}

/// What an image, a script, a frame or a form of another site makes a browser ask for.
#[tokio::test]
async fn other_sites_have_nothing_executed() {
    let handler = handler(settings());
    let ask = async |uri: &str, method: &Method, site, mode, dest, is_socket: bool| {
        let mut request = request(method, uri, &[]);
        let headers = request.headers_mut();
        for (name, value) in [
            ("sec-fetch-site", site),
            ("sec-fetch-mode", mode),
            ("sec-fetch-dest", dest),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let accept = HeaderValue::from_static("text/html,*/*;q=0.8");
        headers.insert(header::ACCEPT, accept);
        let request = if is_socket {
            upgrading(request)
        } else {
            request
        };
        handler.answer(request).await.status()
    };
    let question = "/graphql?query=%7B__typename%7D";
    let get = Method::GET;
    for site in ["cross-site", "same-site"] {
        let paths = ROUTES
            .iter()
            .map(|route| route.path)
            .filter(|path| *path != "/healthz");
        for path in paths.chain([question, "/nowhere"]) {
            for (mode, dest) in [
                ("no-cors", "image"),
                ("cors", "empty"),
                ("navigate", "iframe"),
            ] {
                let status = ask(path, &get, site, mode, dest, false).await;
                assert_eq!(status, StatusCode::FORBIDDEN, "{path} {site} {mode} {dest}");
            }
        }
        for (path, is_linked) in [("/", true), (question, false), ("/metrics", false)] {
            let status = ask(path, &get, site, "navigate", "document", false).await;
            assert_eq!(status != StatusCode::FORBIDDEN, is_linked, "{path} {site}");
        }
        let explorer = ask("/graphql", &get, site, "navigate", "document", false).await;
        assert_ne!(explorer, StatusCode::FORBIDDEN);
        let form = ask(
            "/graphql",
            &Method::POST,
            site,
            "navigate",
            "document",
            false,
        )
        .await;
        assert_eq!(form, StatusCode::FORBIDDEN);
        let socket = ask("/graphql", &get, site, "websocket", "empty", true).await;
        assert_eq!(socket, StatusCode::FORBIDDEN);
    }
    for site in ["same-origin", "none"] {
        let status = ask(question, &get, site, "cors", "empty", false).await;
        assert_ne!(status, StatusCode::FORBIDDEN, "{site}");
    }
}
