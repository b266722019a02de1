//! Responses: every one leaves with the same headers for security, and none may be kept.

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::StatusCode;
use hyper::header;
use hyper::header::HeaderName;
use hyper::header::HeaderValue;

/// What the server sends: the whole body at once.
pub(super) type Answer = Response<Full<Bytes>>;

/// Headers of every answer. Nothing served here loads anything, runs a script or may be framed.
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
];

/// An answer of any media type.
pub(super) fn new(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.extend(HEADERS);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

/// An answer of one line of text.
pub(super) fn text(status: StatusCode, line: &'static str) -> Answer {
    new(status, "text/plain; charset=utf-8", line)
}

/// Adds a header to an answer.
pub(super) fn with(mut answer: Answer, name: HeaderName, value: &'static str) -> Answer {
    answer
        .headers_mut()
        .insert(name, HeaderValue::from_static(value));
    answer
}

/// The answer to `HEAD`: the headers of `answer`, its length included, without its body.
pub(super) fn head_of(answer: Answer) -> Answer {
    use hyper::body::Body;

    let length = answer.body().size_hint().exact().unwrap_or_default();
    let (mut parts, _) = answer.into_parts();
    parts
        .headers
        .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    Response::from_parts(parts, Full::default())
}
