//! What a connection answers by itself, before a request is looked into.

use hyper::Request;
use hyper::StatusCode;
use hyper::header;

use super::route;
use crate::serve::answer;
use crate::serve::answer::Answer;

/// The answer to plain HTTP where TLS is spoken.
pub(super) const NO_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\
    content-type: text/plain; charset=utf-8\r\n\
    content-length: 32\r\n\
    connection: close\r\n\
    \r\n\
    this port speaks TLS; use https\n";

/// The refusal of a request, if it is one: when it is not certain where it ends, and when it comes over
/// a kept place for connections and is no operator's.
pub(super) fn before<B>(request: &Request<B>, is_uncertain: bool, is_kept: bool) -> Option<Answer> {
    let close = |answer| answer::with(answer, header::CONNECTION, "close");
    if is_uncertain {
        let line = "content-length, transfer-encoding: give one length, or chunked alone\n";
        return Some(close(answer::text(StatusCode::BAD_REQUEST, line)));
    }
    let route = route::find(request.uri().path());
    if is_kept && !route.is_some_and(|route| route.is_for_probes) {
        let line = "too many connections; ask again\n";
        let answer = answer::text(StatusCode::SERVICE_UNAVAILABLE, line);
        let answer = answer::with(answer, header::RETRY_AFTER, "1");
        return Some(close(answer));
    }
    None
}
