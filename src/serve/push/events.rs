//! Server-sent events: the same answers over a plain HTTP response.
//!
//! The form is that of the GraphQL over SSE protocol's distinct connections: an event `next` an
//! answer, and `complete` at the end. When the server stops, or the token is replaced, the response ends without it, which tells
//! clients to ask again.

use std::sync::Arc;
use std::time::Duration;

use crate::serve::graphql::ServerError;
use bytes::Bytes;
use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::stream;
use hyper::StatusCode;
use hyper::header;
use hyper::header::HeaderName;
use tokio::select;
use tokio::time::timeout;

use super::Push;
use super::subscriber::Subscriber;
use crate::serve::access::admission::Pass;
use crate::serve::answer;
use crate::serve::answer::Answer;
use crate::serve::answer::AnswerBody;
use crate::serve::answer::Piece;
use crate::serve::answer::media::Media;
use crate::serve::answer::reply;
use crate::serve::graphql;
use crate::serve::graphql::Outcome;
use crate::serve::graphql::ask::Ask;
use crate::serve::socket::account::Account;
use crate::serve::socket::account::Held;

/// By which nginx, and others after it, knows that nothing is to be held back.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// The last event.
const COMPLETE: &[u8] = b"event: complete\ndata:\n\n";
/// A comment: opens the stream, and later shows that it still stands.
const COMMENT: &[u8] = b":\n\n";

/// The answer that tells of an outcome by events. What is no request is answered as everywhere.
/// What is answered once takes the room of `held`.
pub(in crate::serve) fn answer(
    push: &Push,
    outcome: Outcome,
    pass: Arc<Pass>,
    account: Account,
    held: Held,
) -> Answer {
    match outcome {
        Outcome::Subscription(ask) => events(subscribed(push.clone(), ask, pass, account)),
        Outcome::Ran(body) => whole(&body, held),
        Outcome::Refused(errors) => whole(&refusal(&errors), held),
        Outcome::Unfinished(unfinished) => {
            whole(&refusal(&[graphql::unfinished(unfinished)]), held)
        }
        outcome @ (Outcome::Malformed(_) | Outcome::OnlyByPost) => {
            reply::answer(outcome, Media::Json)
        }
    }
}

fn refusal(errors: &[ServerError]) -> Bytes {
    graphql::body(None, errors)
}

/// One answer and the end.
fn whole(body: &[u8], mut held: Held) -> Answer {
    match held.resize(body.len()) {
        true => events(once(body, Some(held))),
        false => reply::busy(Media::Json),
    }
}

fn once(body: &[u8], held: Option<Held>) -> impl Stream<Item = Piece> + Send + use<> {
    let answer = Piece {
        bytes: next(body),
        held,
    };
    stream::iter([answer, fixed(COMPLETE)])
}

/// A piece that takes no room.
const fn fixed(bytes: &'static [u8]) -> Piece {
    Piece {
        bytes: Bytes::from_static(bytes),
        held: None,
    }
}

/// A subscription's answers, or why there are none. It is asked for once the client has the first
/// bytes, because the first answer may take its time.
fn subscribed(
    push: Push,
    ask: Ask,
    pass: Arc<Pass>,
    account: Account,
) -> impl Stream<Item = Piece> + Send {
    let asked = async move {
        let keep_alive = push.timeouts().keep_alive;
        match push.hub().subscribe(ask).await {
            Ok(subscriber) => following(subscriber, keep_alive, pass, account).left_stream(),
            Err(declined) => once(&refusal(&declined.errors()), None).right_stream(),
        }
    };
    stream::once(asked).flatten()
}

/// Every answer of a subscription, and comments while there is none, for as long as the token counts
/// that the request was let in by.
fn following(
    subscriber: Subscriber,
    keep_alive: Duration,
    pass: Arc<Pass>,
    account: Account,
) -> impl Stream<Item = Piece> + Send {
    stream::unfold(
        (subscriber, pass, account),
        move |(mut subscriber, pass, account)| async move {
            let event = select! {
                biased;
                () = pass.revoked() => return None,
                body = timeout(keep_alive, subscriber.next()) => match body {
                    Ok(body) => {
                        let body = body?;
                        let held = account.hold(body.len()).await;
                        Piece {
                            bytes: next(&body),
                            held: Some(held),
                        }
                    }
                    Err(_) => fixed(COMMENT),
                },
            };
            Some((event, (subscriber, pass, account)))
        },
    )
}

fn next(body: &[u8]) -> Bytes {
    // A body is one line: JSON escapes what would end it.
    [b"event: next\ndata: ", body, b"\n\n"].concat().into()
}

fn events(events: impl Stream<Item = Piece> + Send + 'static) -> Answer {
    let opening = stream::iter([fixed(COMMENT)]);
    let mut answer = answer::empty(StatusCode::OK);
    *answer.body_mut() = AnswerBody::pieces(opening.chain(events));
    let answer = answer::with(
        answer,
        header::CONTENT_TYPE,
        "text/event-stream; charset=utf-8",
    );
    // What is compressed on the way is held back until a block is full.
    let answer = answer::with(answer, header::CACHE_CONTROL, "no-store, no-transform");
    answer::with(answer, X_ACCEL_BUFFERING, "no")
}
