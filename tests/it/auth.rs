//! The token source against a token endpoint over real sockets.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use streamgauge::auth::AuthError;
use streamgauge::auth::TokenSource;
use streamgauge::config::AuthSettings;
use streamgauge::config::CredentialsIn;
use streamgauge::net::Connector;
use streamgauge::time::Clock;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpSocket;

/// The secret that must never be seen; so must its base64 in the `Authorization` header.
pub(crate) const SECRET: &str = "canary-secret";
pub(crate) const CLIENT: &str = "client-1";
const BASIC: &str = "Basic Y2xpZW50LTE6Y2FuYXJ5LXNlY3JldA==";

/// A token endpoint that gives the n-th request (from 0) the n-th answer of a function.
pub(crate) struct TokenEndpoint {
    pub(crate) address: SocketAddr,
    asked: Arc<AtomicUsize>,
}

impl TokenEndpoint {
    /// Serves raw answers: status line, headers and body.
    pub(crate) async fn start<A: Into<Vec<u8>>>(
        answer: impl Fn(usize) -> A + Send + Sync + 'static,
    ) -> Self {
        Self::checked(check_request, answer).await
    }

    /// The same for requests that look otherwise.
    async fn checked<A: Into<Vec<u8>>>(
        check: impl Fn(&str) + Send + 'static,
        answer: impl Fn(usize) -> A + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let request = read_request(&mut socket).await;
                check(&request);
                let number = counter.fetch_add(1, Ordering::SeqCst);
                // A client may leave in the middle of an answer it has seen enough of.
                let _ = socket.write_all(&answer(number).into()).await;
            }
        });
        Self { address, asked }
    }

    /// Grants `token-1`, `token-2` and so on, for an hour each.
    pub(crate) async fn granting() -> Self {
        Self::start(|number| grant(&format!("token-{}", number + 1), 3_600)).await
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub(crate) fn tokens(&self) -> TokenSource {
        tokens(&format!("http://{}/oauth/token", self.address))
    }
}

pub(crate) fn tokens(url: &str) -> TokenSource {
    let settings = AuthSettings::new(url.parse().unwrap(), CLIENT.to_owned(), SECRET.into());
    let connector = Connector::new(None).unwrap();
    TokenSource::start(settings, connector, Clock::system()).unwrap()
}

pub(crate) fn grant(token: &str, lifetime_s: u64) -> String {
    let body =
        format!(r#"{{"access_token":"{token}","token_type":"bearer","expires_in":{lifetime_s}}}"#);
    answer("200 OK", "application/json", &body)
}

pub(crate) fn answer(status: &str, content_type: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Reads a request's head and the body that `Content-Length` announces.
pub(crate) async fn read_request(socket: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .filter_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length: ")?
                        .parse()
                        .ok()
                })
                .next()
                .unwrap_or(0);
            if body.len() >= length {
                return text.into_owned();
            }
        }
        if socket.read_buf(&mut bytes).await.unwrap() == 0 {
            return String::from_utf8_lossy(&bytes).into_owned();
        }
    }
}

fn check_request(request: &str) {
    let lower = request.to_ascii_lowercase();
    assert!(
        request.starts_with("POST /oauth/token HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(request.contains(BASIC), "{request}");
    assert!(
        lower.contains("content-type: application/x-www-form-urlencoded"),
        "{request}"
    );
    assert!(
        request.ends_with("\r\n\r\ngrant_type=client_credentials"),
        "{request}"
    );
}

/// The error of the first try against an endpoint that answers `raw`.
async fn first_error(raw: impl Into<Vec<u8>>) -> AuthError {
    let raw: Vec<u8> = raw.into();
    let endpoint = TokenEndpoint::start(move |_| raw.clone()).await;
    let error = endpoint.tokens().token().await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("canary"), "{shown}");
    error
}

#[tokio::test]
async fn fifty_askers_cost_one_request() {
    let endpoint = TokenEndpoint::granting().await;
    let tokens = endpoint.tokens();
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let tokens = tokens.clone();
        asking.spawn(async move { tokens.token().await.unwrap() });
    }
    for token in asking.join_all().await {
        assert_eq!(token.expose(), "token-1");
    }
    assert_eq!(endpoint.asked(), 1);
}

#[tokio::test]
async fn an_invalidated_token_is_replaced() {
    let endpoint = TokenEndpoint::granting().await;
    let tokens = endpoint.tokens();
    let first = tokens.token().await.unwrap();
    tokens.invalidate(&first);
    assert_eq!(tokens.token().await.unwrap().expose(), "token-2");
    tokens.invalidate(&first);
    assert_eq!(tokens.token().await.unwrap().expose(), "token-2");
    assert_eq!(endpoint.asked(), 2);
}

/// A firewall between us and the endpoint once ended the stream for minutes.
#[tokio::test]
async fn the_old_token_serves_while_a_firewall_is_in_the_way() {
    // Lives 10 s, so the refresh begins after 5 s. As a refusal it would be tried again after 300.
    let endpoint = TokenEndpoint::start(|number| match number {
        0 => grant("token-1", 10),
        1 => answer(
            "403 Forbidden",
            "text/html",
            "<html>Blocked by the firewall</html>",
        ),
        2 => answer("401 Unauthorized", "text/plain", ""),
        _ => grant("token-2", 3_600),
    })
    .await;
    let tokens = endpoint.tokens();
    let mut seen = vec![tokens.token().await.unwrap().expose().to_owned()];
    while seen.last().unwrap() != "token-2" {
        // Never an error: the old one is good until the new one comes.
        seen.push(tokens.token().await.unwrap().expose().to_owned());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(endpoint.asked(), 4);
}

#[tokio::test]
async fn what_gateways_answer_is_taken() {
    let body = r#"{"access_token":"token-1","expires_in":60}"#;
    let packed = |encoding: &str, plain: &[u8]| {
        let packed = gzip(plain);
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {}\r\n\r\n",
            packed.len()
        );
        [head.into_bytes(), packed].concat()
    };
    let marked = format!("\u{feff}{body}");
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    for raw in [
        answer("201 Created", "application/json", body).into_bytes(),
        answer("200 OK", "application/json", &marked).into_bytes(),
        packed("gzip", body.as_bytes()),
        packed("x-gzip", marked.as_bytes()),
        chunked.into_bytes(),
        format!("HTTP/1.0 200 OK\r\n\r\n{body}").into_bytes(),
    ] {
        let shown = String::from_utf8_lossy(&raw).into_owned();
        let endpoint = TokenEndpoint::start(move |_| raw.clone()).await;
        let token = endpoint.tokens().token().await;
        assert_eq!(token.unwrap().expose(), "token-1", "{shown}");
    }
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(plain).unwrap();
    packer.finish().unwrap()
}

#[tokio::test]
async fn a_few_bytes_do_not_become_gigabytes() {
    for (encoding, plain, why) in [
        ("gzip", vec![b' '; 10_000_000], "longer than 65536 bytes"),
        (
            "br",
            vec![b' '; 10],
            "a content-encoding that cannot be read",
        ),
        (
            "gzip, gzip",
            vec![b' '; 10],
            "a content-encoding that cannot be read",
        ),
    ] {
        let packed = gzip(&plain);
        assert!(packed.len() < 65_536);
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {}\r\n\r\n",
            packed.len()
        );
        let raw = [head.into_bytes(), packed].concat();
        let error = first_error(raw).await;
        assert!(
            matches!(&error, AuthError::Unusable { why: found, .. } if found == why),
            "{error}"
        );
    }
}

#[tokio::test]
async fn scope_audience_and_credentials_are_sent_as_set() {
    for (credentials_in, is_in_body) in
        [(CredentialsIn::Header, false), (CredentialsIn::Body, true)]
    {
        let check = move |request: &str| {
            let fields = "grant_type=client_credentials&scope=a%3Aread%20b&audience=https%3A%2F%2Fapi.example%2F";
            let credentials = "&client_id=client-1&client_secret=canary-secret";
            let (_, body) = request.split_once("\r\n\r\n").unwrap();
            let expected = format!("{fields}{}", if is_in_body { credentials } else { "" });
            assert_eq!(body, expected);
            assert_eq!(request.contains(BASIC), !is_in_body);
        };
        let endpoint = TokenEndpoint::checked(check, |_| grant("token-1", 60)).await;
        let mut settings = AuthSettings::new(
            format!("http://{}/oauth/token", endpoint.address)
                .parse()
                .unwrap(),
            CLIENT.to_owned(),
            SECRET.into(),
        );
        settings.scope = Some("a:read b".to_owned());
        settings.audience = Some("https://api.example/".to_owned());
        settings.credentials_in = credentials_in;
        let connector = Connector::new(None).unwrap();
        let tokens = TokenSource::start(settings, connector, Clock::system()).unwrap();
        assert_eq!(tokens.token().await.unwrap().expose(), "token-1");
    }
}

#[tokio::test]
async fn a_refusal_says_what_to_check() {
    let body = r#"{"error":"invalid_client","description":"client not found"}"#;
    for status in ["400 Bad Request", "401 Unauthorized"] {
        let error = first_error(answer(status, "application/json", body)).await;
        assert!(matches!(error, AuthError::Refused { .. }), "{error:?}");
        let text = error.to_string();
        for part in [
            "invalid_client: client not found",
            "GENESYS_CLIENT_ID",
            "GENESYS_ENV",
            "127.0.0.1:",
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert!(!text.contains('\n'), "{text}");
    }
}

#[tokio::test]
async fn a_rate_limit_is_waited_for() {
    let endpoint = TokenEndpoint::start(|number| match number {
        0 => "HTTP/1.1 429 Slow Down\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n".to_owned(),
        _ => grant("token-1", 3_600),
    })
    .await;
    let tokens = endpoint.tokens();
    let clock = Clock::system();
    let error = tokens.token().await.unwrap_err();
    assert!(
        matches!(&error, AuthError::RateLimited { why, wait, .. } if why == "status 429" && wait.as_secs() == 2),
        "{error:?}"
    );
    tokens.token().await.unwrap();
    assert!(clock.mono_ns() >= 2_000_000_000);
}

#[tokio::test]
async fn unusable_answers_are_named_and_quoted() {
    let json = "application/json";
    let long = format!(r#"{{"access_token":"{}"}}"#, "canary".repeat(20_000));
    for (raw, why) in [
        (
            answer("200 OK", "text/html", "<html>log in, canary-secret</html>"),
            r#"a page for people: "<html>log in, [hidden]</html>""#,
        ),
        (answer("200 OK", json, ""), "empty"),
        (answer("200 OK", json, "yes"), r#"not json: "yes""#),
        (
            answer("200 OK", json, r#"{"refresh_token":"canary"}"#),
            r#"no access_token: "{\"refresh_token\":\"[hidden]\"}""#,
        ),
        (answer("200 OK", json, &long), "longer than 65536 bytes"),
        (
            answer("404 Not Found", json, "no page"),
            r#"status 404: "no page""#,
        ),
        (
            "HTTP/1.1 302 Found\r\nLocation: http://canary/\r\nContent-Length: 0\r\n\r\n"
                .to_owned(),
            "status 302, redirects are not followed",
        ),
    ] {
        let error = first_error(raw).await;
        assert!(
            matches!(&error, AuthError::Unusable { why: found, .. } if found == why),
            "{error}"
        );
        assert!(error.to_string().contains("unusable answer"), "{error}");
    }
}

#[tokio::test]
async fn what_passes_by_is_told_apart_from_what_does_not() {
    let json = "application/json";
    for (raw, why) in [
        (
            answer("500 Oops", "text/plain", BASIC),
            r#"status 500: "Basic [hidden]""#,
        ),
        (answer("429 Slow Down", "text/plain", ""), "status 429"),
        (
            answer("403 Forbidden", "text/html", "<html>\nno</html>"),
            r#"status 403: "<html>\nno</html>""#,
        ),
        (answer("400 Bad", json, ""), "status 400"),
        (
            answer("200 OK", json, r#"{"error":"invalid_client"}"#),
            r#"status 200: "{\"error\":\"invalid_client\"}""#,
        ),
        (
            answer("400 Bad", json, r#"{"error":"temporarily_unavailable"}"#),
            r#"status 400: "{\"error\":\"temporarily_unavailable\"}""#,
        ),
        (String::new(), "connection closed before the answer"),
        ("SSH-2.0-OpenSSH\r\n".to_owned(), "the answer is not http"),
        (
            format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(300_000)),
            "headers over 65536 B, or too many, in the answer",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncanary".to_owned(),
            "connection closed within the answer",
        ),
    ] {
        let error = first_error(raw).await;
        assert!(
            matches!(&error, AuthError::Unavailable { why: found, .. } if found == why),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_date_to_wait_for_is_one_of_the_endpoints_own_clock() {
    // Its clock is years behind ours.
    let error = first_error(
        "HTTP/1.1 503 Busy\r\nDate: Thu, 15 Jan 2015 12:00:00 GMT\r\n\
         Retry-After: Thu, 15 Jan 2015 12:01:00 GMT\r\nContent-Length: 0\r\n\r\n",
    )
    .await;
    assert!(
        matches!(&error, AuthError::RateLimited { wait, .. } if wait.as_secs() == 60),
        "{error:?}"
    );
}

#[tokio::test]
async fn nobody_there_is_a_refused_connection() {
    // Bound and never listening: it refuses, and nobody else is given its port meanwhile.
    let nobody = TcpSocket::new_v4().unwrap();
    nobody.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = nobody.local_addr().unwrap();
    let error = tokens(&format!("http://{address}/oauth/token"))
        .token()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("connection refused"), "{error}");
}

#[tokio::test]
async fn debug_forms_show_no_secret() {
    let endpoint = TokenEndpoint::start(|_| grant("canary-token", 3_600)).await;
    let settings = AuthSettings::new(
        "https://example.com/".parse().unwrap(),
        CLIENT.to_owned(),
        SECRET.into(),
    );
    let tokens = endpoint.tokens();
    let token = tokens.token().await.unwrap();
    let shown = format!("{settings:?} {tokens:?} {token:?}");
    assert!(!shown.contains("canary"), "{shown}");
}
