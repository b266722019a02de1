//! Server-sent events: the same answers over a plain HTTP response.
//!
//! The form is that of the GraphQL over SSE protocol's distinct connections: an event `next` an
//! answer, and `complete` at the end. When the server stops the response ends without it, which tells
//! clients to ask again.

use std::time::Duration;

use async_graphql::ServerError;
use bytes::Bytes;
use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::stream;
use hyper::StatusCode;
use hyper::header;
use tokio::time::timeout;

use super::Push;
use super::subscriber::Subscriber;
use crate::serve::account::Account;
use crate::serve::account::Held;
use crate::serve::answer;
use crate::serve::answer::Answer;
use crate::serve::answer::AnswerBody;
use crate::serve::answer::Piece;
use crate::serve::graphql;
use crate::serve::graphql::Outcome;
use crate::serve::media::Media;
use crate::serve::reply;

/// The last event.
const COMPLETE: &[u8] = b"event: complete\ndata:\n\n";
/// A comment: opens the stream, and later shows that it still stands.
const COMMENT: &[u8] = b":\n\n";

/// The answer that tells of an outcome by events. What is no request is answered as everywhere.
/// What is answered once takes the room of `held`.
pub(in crate::serve) async fn answer(
    push: &Push,
    outcome: Outcome,
    account: Account,
    held: Held,
) -> Answer {
    match outcome {
        Outcome::Subscription(ask) => match push.hub().subscribe(ask).await {
            Ok(subscriber) => events(following(subscriber, push.timeouts().keep_alive, account)),
            Err(declined) => once(refusal(&declined.errors()), held),
        },
        Outcome::Ran(body) => once(body, held),
        Outcome::Refused(errors) => once(refusal(&errors), held),
        Outcome::Unfinished(unfinished) => once(refusal(&[graphql::unfinished(unfinished)]), held),
        outcome @ (Outcome::Malformed(_) | Outcome::OnlyByPost) => {
            reply::answer(outcome, Media::Json)
        }
    }
}

fn refusal(errors: &[ServerError]) -> Bytes {
    graphql::body(None, errors)
}

/// One answer and the end.
fn once(body: Bytes, mut held: Held) -> Answer {
    if !held.resize(body.len()) {
        return reply::busy(Media::Json);
    }
    let answer = Piece {
        bytes: next(&body),
        held: Some(held),
    };
    events(stream::iter([answer, fixed(COMPLETE)]))
}

/// A piece that takes no room.
const fn fixed(bytes: &'static [u8]) -> Piece {
    Piece {
        bytes: Bytes::from_static(bytes),
        held: None,
    }
}

/// Every answer of a subscription, and comments while there is none.
fn following(
    subscriber: Subscriber,
    keep_alive: Duration,
    account: Account,
) -> impl Stream<Item = Piece> + Send {
    stream::unfold(
        (subscriber, account),
        move |(mut subscriber, account)| async move {
            let event = match timeout(keep_alive, subscriber.next()).await {
                Ok(body) => {
                    let body = body?;
                    let held = account.hold(body.len()).await;
                    Piece {
                        bytes: next(&body),
                        held: Some(held),
                    }
                }
                Err(_) => fixed(COMMENT),
            };
            Some((event, (subscriber, account)))
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
    answer::with(
        answer,
        header::CONTENT_TYPE,
        "text/event-stream; charset=utf-8",
    )
}
