//! One HTTP/1.1 request on one connection. Redirects are not followed: an answer is an answer.

use std::error::Error;
use std::io;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::Response;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tracing::debug;

use super::Stream;
use super::error::io_words;
use super::error::tls_words;
use super::printable::printable;

/// Bytes of headers that are read before the answer is refused.
pub(super) const HEADER_BYTES_MAX: usize = 64 * 1_024;
/// How we introduce ourselves.
pub(crate) const USER_AGENT_NAME: &str = concat!("streamgauge/", env!("CARGO_PKG_VERSION"));

/// Sends a request and waits for the head of its answer. The connection stays usable for the body,
/// or as what it is upgraded to, and ends when both are dropped.
///
/// # Errors
/// One line that says what went wrong.
pub async fn exchange(
    stream: Stream,
    request: Request<Full<Bytes>>,
) -> Result<Response<Incoming>, String> {
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEADER_BYTES_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| describe(&error))?;
    tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            debug!(error = %describe(&error), "http connection ended");
        }
    });
    sender
        .send_request(request)
        .await
        .map_err(|error| describe(&error))
}

/// hyper's own words do not quote what was sent or received. A server that wants a client
/// certificate says so only after the TLS handshake, in answer to the first request.
pub(super) fn describe(error: &hyper::Error) -> String {
    if let Some(words) = tls_words(error) {
        return words;
    }
    if error.is_incomplete_message() {
        return "connection closed before the answer".to_owned();
    }
    if error.is_canceled() {
        return "the peer ended the connection before the request".to_owned();
    }
    if error.is_parse_too_large() {
        return format!("headers over {HEADER_BYTES_MAX} B, or too many, in the answer");
    }
    if error.is_parse() {
        return "the answer is not http".to_owned();
    }
    match error
        .source()
        .and_then(|cause| cause.downcast_ref::<io::Error>())
    {
        Some(error) => io_words(error),
        None => printable(&error.to_string()),
    }
}
