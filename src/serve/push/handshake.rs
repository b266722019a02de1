//! The opening of a WebSocket: what a request must say before it is taken over.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fastwebsockets::upgrade;
use fastwebsockets::upgrade::UpgradeFut;
use hyper::HeaderMap;
use hyper::Method;
use hyper::Request;
use hyper::StatusCode;
use hyper::Version;
use hyper::header;
use hyper::header::HeaderName;

use crate::serve::answer;
use crate::serve::answer::Answer;

/// The one subprotocol. `graphql-ws` is the name of an older one, which is another protocol.
pub(super) const SUBPROTOCOL: &str = "graphql-transport-ws";
/// What is said to a client that does not offer it.
pub(super) const NO_SUBPROTOCOL: &str = "websocket: subprotocol: offer graphql-transport-ws\n";

/// Whether a request asks for its connection to become a WebSocket.
pub(super) fn is_upgrade<B>(request: &Request<B>) -> bool {
    request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && upgrade::is_upgrade_request(request)
}

/// Checks an opening handshake and agrees to it.
///
/// # Errors
/// The answer that says what is missing.
pub(super) fn agree<B>(request: &mut Request<B>) -> Result<(Answer, UpgradeFut), Box<Answer>> {
    let refuse = |line| Err(Box::new(answer::text(StatusCode::BAD_REQUEST, line)));
    let headers = request.headers();
    if !matches!(only(headers, &header::SEC_WEBSOCKET_VERSION), Some(b"13")) {
        let line = "websocket: version: not 13\n";
        let answer = answer::text(StatusCode::UPGRADE_REQUIRED, line);
        let answer = answer::with(answer, header::SEC_WEBSOCKET_VERSION, "13");
        return Err(Box::new(answer));
    }
    let key = only(headers, &header::SEC_WEBSOCKET_KEY);
    let is_key = key.is_some_and(|key| STANDARD.decode(key).is_ok_and(|key| key.len() == 16));
    if !is_key {
        return refuse("websocket: key: not 16 bytes in base64\n");
    }
    if !offers_ours(headers) {
        return refuse(NO_SUBPROTOCOL);
    }
    // The key and the version are there, which is all this checks.
    let Ok((agreed, upgraded)) = upgrade::upgrade(request) else {
        return refuse("websocket: handshake: not one\n");
    };
    let (parts, _) = agreed.into_parts();
    let mut answer = answer::empty(parts.status);
    answer.headers_mut().extend(parts.headers);
    Ok((
        answer::with(answer, header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL),
        upgraded,
    ))
}

/// Whether a client offers the one subprotocol.
pub(super) fn offers_ours(headers: &HeaderMap) -> bool {
    let offered = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    offered
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|name| name.trim() == SUBPROTOCOL)
}

/// The value of a header that stands there once.
pub(super) fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => Some(value.as_bytes()),
        _ => None,
    }
}
