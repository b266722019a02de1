//! The opening of a WebSocket over one stream of HTTP/2 (RFC 8441): `CONNECT` with a `:protocol`.
//!
//! There is no key and nothing to switch to: an answer of 200 opens the socket, and the stream carries
//! its frames from there on.

use hyper::Method;
use hyper::Request;
use hyper::StatusCode;
use hyper::ext::Protocol;
use hyper::header;
use hyper::upgrade;
use hyper::upgrade::OnUpgrade;

use super::handshake;
use crate::serve::answer;
use crate::serve::answer::Answer;

/// Whether a request asks for its stream to become a WebSocket.
pub(super) fn is_connect<B>(request: &Request<B>) -> bool {
    let protocol = request.extensions().get::<Protocol>();
    request.method() == Method::CONNECT
        && protocol.is_some_and(|protocol| protocol.as_str().eq_ignore_ascii_case("websocket"))
}

/// Checks an opening handshake and agrees to it.
///
/// # Errors
/// The answer that says what is missing.
pub(super) fn agree<B>(request: &mut Request<B>) -> Result<(Answer, OnUpgrade), Box<Answer>> {
    let headers = request.headers();
    let version = handshake::only(headers, &header::SEC_WEBSOCKET_VERSION);
    if !matches!(version, Some(b"13")) {
        let line = "websocket: version: not 13\n";
        let answer = answer::text(StatusCode::BAD_REQUEST, line);
        let answer = answer::with(answer, header::SEC_WEBSOCKET_VERSION, "13");
        return Err(Box::new(answer));
    }
    if !handshake::offers_ours(headers) {
        let line = handshake::NO_SUBPROTOCOL;
        return Err(Box::new(answer::text(StatusCode::BAD_REQUEST, line)));
    }
    let answer = answer::empty(StatusCode::OK);
    let answer = answer::with(
        answer,
        header::SEC_WEBSOCKET_PROTOCOL,
        handshake::SUBPROTOCOL,
    );
    Ok((answer, upgrade::on(request)))
}
