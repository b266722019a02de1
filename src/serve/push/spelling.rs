//! Header names as their standards spell them, for the answers to handshakes.
//!
//! hyper writes names in lower case, which HTTP allows, but clients of WebSockets are found that look
//! for `Sec-WebSocket-Protocol` letter by letter. An answer is written with the names of a message
//! that hyper has read before, kept in a private part of that message; so hyper is made to read them
//! once.

use std::convert::Infallible;
use std::sync::LazyLock;

use futures_util::FutureExt;
use http_body_util::Empty;
use hyper::Request;
use hyper::Response;
use hyper::body::Bytes;
use hyper::body::Incoming;
use hyper::http::Extensions;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io;
use tokio::sync::mpsc;

use crate::serve::answer::Answer;

/// Every name that an answer to a handshake has.
const MESSAGE: &[u8] = b"GET / HTTP/1.1\r\n\
    Cache-Control:\r\n\
    Connection: close\r\n\
    Content-Length: 0\r\n\
    Content-Security-Policy:\r\n\
    Content-Type:\r\n\
    Date:\r\n\
    Referrer-Policy:\r\n\
    Sec-WebSocket-Accept:\r\n\
    Sec-WebSocket-Protocol:\r\n\
    Sec-WebSocket-Version:\r\n\
    Upgrade:\r\n\
    X-Content-Type-Options:\r\n\r\n";

static SPELLED: LazyLock<Extensions> = LazyLock::new(|| read(MESSAGE));

/// The same answer, whose names are written as their standards spell them where the protocol has
/// names in other than lower case.
pub(super) fn spelled(mut answer: Answer) -> Answer {
    answer.extensions_mut().extend(SPELLED.clone());
    answer
}

/// What hyper keeps beside a message that is all there; nothing where it could not be read.
fn read(message: &'static [u8]) -> Extensions {
    let (kept, mut read) = mpsc::unbounded_channel();
    let service = service_fn(|request: Request<Incoming>| {
        let (parts, _) = request.into_parts();
        kept.send(parts.extensions).ok();
        async { Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())) }
    });
    let stream = TokioIo::new(io::join(message, io::sink()));
    let mut server = http1::Builder::new();
    let reading = server
        .preserve_header_case(true)
        .serve_connection(stream, service);
    // Both ends are memory, so nothing is waited for. What comes of it shows below.
    let _ended = reading.now_or_never();
    read.try_recv().unwrap_or_default()
}
