//! Responses: every one leaves with the same headers for security, and none may be kept.

pub(in crate::serve) mod delivery;
pub(in crate::serve) mod media;
pub(in crate::serve) mod reply;

use std::convert::Infallible;
use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use hyper::HeaderMap;
use hyper::Response;
use hyper::StatusCode;
use hyper::body::Body;
use hyper::body::Frame;
use hyper::body::SizeHint;
use hyper::header;
use hyper::header::HeaderName;
use hyper::header::HeaderValue;

use crate::serve::socket::account::Held;

/// What the server sends.
pub(in crate::serve) type Answer = Response<AnswerBody>;

/// The body of an answer.
#[derive(Default)]
pub struct AnswerBody(pub(in crate::serve) Form);

/// How the body of an answer comes to be.
pub(in crate::serve) enum Form {
    /// All of it at once.
    Whole(Piece),
    /// Piece by piece.
    Pieces(BoxStream<'static, Piece>),
}

/// Bytes of a body, and the room they take unless they are part of the program.
#[derive(Debug, Default)]
pub(in crate::serve) struct Piece {
    pub(in crate::serve) bytes: Bytes,
    pub(in crate::serve) held: Option<Held>,
}

impl AnswerBody {
    /// A body that ends with a stream of pieces.
    pub(in crate::serve) fn pieces(pieces: impl Stream<Item = Piece> + Send + 'static) -> Self {
        Self(Form::Pieces(pieces.boxed()))
    }
}

impl Default for Form {
    fn default() -> Self {
        Self::Whole(Piece::default())
    }
}

impl fmt::Debug for AnswerBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerBody").finish_non_exhaustive()
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = |piece: Piece| Ok(Frame::data(piece.bytes));
        match &mut self.get_mut().0 {
            Form::Whole(whole) if whole.bytes.is_empty() => Poll::Ready(None),
            Form::Whole(whole) => Poll::Ready(Some(frame(mem::take(whole)))),
            Form::Pieces(pieces) => {
                let piece = pieces.poll_next_unpin(context);
                piece.map(|piece| piece.map(frame))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.0, Form::Whole(whole) if whole.bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Form::Whole(whole) => SizeHint::with_exact(whole.bytes.len() as u64),
            Form::Pieces(_) => SizeHint::default(),
        }
    }
}

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

/// An answer without a body.
pub(in crate::serve) fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(AnswerBody::default());
    *answer.status_mut() = status;
    // Room for all of them and two more, so that it is not made in steps.
    let mut headers = HeaderMap::with_capacity(HEADERS.len() + 2);
    headers.extend(HEADERS);
    *answer.headers_mut() = headers;
    answer
}

/// An answer of any media type.
pub(in crate::serve) fn new(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Answer {
    let mut answer = empty(status);
    let whole = Piece {
        bytes: body.into(),
        held: None,
    };
    *answer.body_mut() = AnswerBody(Form::Whole(whole));
    with(answer, header::CONTENT_TYPE, content_type)
}

/// An answer of one line of text.
pub(in crate::serve) fn text(status: StatusCode, line: &'static str) -> Answer {
    new(status, "text/plain; charset=utf-8", line)
}

/// An answer that sends the client to another place.
pub(in crate::serve) fn elsewhere(location: String) -> Answer {
    let mut answer = text(StatusCode::PERMANENT_REDIRECT, "elsewhere\n");
    // What was read from a request's URI is a header.
    if let Ok(location) = HeaderValue::try_from(location) {
        answer.headers_mut().insert(header::LOCATION, location);
    }
    answer
}

/// The answer while there is no room for the one asked for.
pub(in crate::serve) fn busy() -> Answer {
    let line = "too many bytes wait for their clients; ask again\n";
    with(
        text(StatusCode::SERVICE_UNAVAILABLE, line),
        header::RETRY_AFTER,
        "1",
    )
}

/// An answer that takes the room that was found for it, as much of it as it needs; `None` when it is
/// larger and there is no more.
pub(in crate::serve) fn within(mut answer: Answer, mut held: Held) -> Option<Answer> {
    if let Form::Whole(whole) = &mut answer.body_mut().0 {
        if !held.resize(whole.bytes.len()) {
            return None;
        }
        whole.held = Some(held);
    }
    Some(answer)
}

/// Adds a header to an answer.
pub(in crate::serve) fn with(mut answer: Answer, name: HeaderName, value: &'static str) -> Answer {
    answer
        .headers_mut()
        .insert(name, HeaderValue::from_static(value));
    answer
}

/// The answer to `HEAD`: the headers of `answer`, its length included, without its body.
pub(in crate::serve) fn head_of(answer: Answer) -> Answer {
    let length = answer.body().size_hint().exact();
    let (mut parts, _) = answer.into_parts();
    if let Some(length) = length {
        parts
            .headers
            .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    Response::from_parts(parts, AnswerBody::default())
}
