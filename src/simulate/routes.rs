//! What is served where: tokens, the event stream's handshake, nothing else.

use std::sync::Arc;

use bytes::Bytes;
use fastwebsockets::upgrade;
use http_body_util::Full;
use hyper::Method;
use hyper::Request;
use hyper::Response;
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::header;
use hyper_util::rt::TokioIo;

use super::fault::Endpoint;
use super::fault::Refusal;
use super::reply::json;
use super::shared::Shared;
use super::socket::Socket;
use super::stream::Connection;

/// The token endpoint's path.
pub const TOKEN_PATH: &str = "/oauth/token";
/// The event stream's path.
pub const STREAM_PATH: &str = "/api/v2/analytics/events/stream";

/// Answers one request.
pub(super) async fn answer(
    shared: &Arc<Shared>,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    match (request.method(), request.uri().path()) {
        (&Method::POST, TOKEN_PATH) => token(shared, request).await,
        (&Method::GET, STREAM_PATH) => handshake(shared, request),
        _ => json(
            StatusCode::NOT_FOUND,
            error_body(StatusCode::NOT_FOUND, "not.found"),
        ),
    }
}

async fn token(shared: &Shared, request: Request<Incoming>) -> Response<Full<Bytes>> {
    if let Some(refusal) = shared.take_refusal(Endpoint::Token) {
        shared.counters.tokens_refused.add(1);
        return match refusal.status {
            // Other bodies under these are no refusal: RFC 6749, section 5.2.
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED => {
                let body = r#"{"error":"invalid_client","description":"a fault"}"#;
                json(refusal.status, body.to_owned())
            }
            _ => refuse(&refusal),
        };
    }
    let now_us = shared.timeline.now_us();
    let (response, issued) = shared.tokens.answer(request, now_us).await;
    if issued {
        shared.counters.tokens_issued.add(1);
    } else {
        shared.counters.tokens_refused.add(1);
    }
    response
}

/// Answers the stream's handshake and, when it is right, starts the connection's task.
fn handshake(shared: &Arc<Shared>, mut request: Request<Incoming>) -> Response<Full<Bytes>> {
    let refused = |response| {
        shared.counters.handshakes_refused.add(1);
        response
    };
    if let Some(refusal) = shared.take_refusal(Endpoint::Handshake) {
        return refused(refuse(&refusal));
    }
    let now_us = shared.timeline.now_us();
    let valid = bearer_token(&request).and_then(|token| shared.tokens.check(token, now_us));
    let Some(token_ends_us) = valid else {
        let status = StatusCode::UNAUTHORIZED;
        let mut response = json(status, error_body(status, "authentication.required"));
        response.headers_mut().insert(
            header::WWW_AUTHENTICATE,
            header::HeaderValue::from_static("Bearer"),
        );
        return refused(response);
    };
    let upgraded = upgrade::is_upgrade_request(&request)
        .then(|| upgrade::upgrade(&mut request))
        .and_then(Result::ok);
    let Some((response, websocket)) = upgraded else {
        let status = StatusCode::BAD_REQUEST;
        return refused(json(status, error_body(status, "bad.request")));
    };
    let connection = Connection {
        number: shared.counters.connections.count(),
        shared: Arc::clone(shared),
        token_ends_us,
    };
    shared.tasks.spawn(async move {
        // Only the socket is wanted; the client may be gone before it is there.
        let Ok(websocket) = websocket.await else {
            return;
        };
        let Ok(parts) = websocket
            .into_inner()
            .into_inner()
            .downcast::<TokioIo<Socket>>()
        else {
            unreachable!("every connection is served on a Socket")
        };
        connection
            .serve(parts.io.into_inner(), parts.read_buf)
            .await;
    });
    response.map(|_| Full::default())
}

impl Shared {
    /// The error that a fault wants to be answered now, if any.
    fn take_refusal(&self, endpoint: Endpoint) -> Option<Refusal> {
        let sent = self.counters.sent.value();
        self.refusals.take(endpoint, self.timeline.now_us(), sent)
    }
}

/// The token of the `Authorization` header, else of the query.
fn bearer_token<B>(request: &Request<B>) -> Option<&str> {
    if let Some(value) = request.headers().get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme
            .eq_ignore_ascii_case("bearer")
            .then_some(token.trim());
    }
    let mut fields = request.uri().query()?.split('&');
    fields.find_map(|field| field.strip_prefix("access_token="))
}

fn refuse(refusal: &Refusal) -> Response<Full<Bytes>> {
    let code = match refusal.status.as_u16() {
        401 => "authentication.required",
        403 => "not.authorized",
        429 => "too.many.requests.retry.after",
        _ => "fault",
    };
    let mut response = json(refusal.status, error_body(refusal.status, code));
    if let Some(seconds) = refusal.retry_after_s {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// An error in the real service's form.
fn error_body(status: StatusCode, code: &str) -> String {
    let message = status.canonical_reason().unwrap_or("error");
    format!(
        r#"{{"message":"{message}","code":"{code}","status":{}}}"#,
        status.as_u16()
    )
}
