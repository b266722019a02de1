//! Server-sent events: the same answers over a plain HTTP response.
//!
//! The form is that of the GraphQL over SSE protocol's distinct connections: an event `next` an
//! answer, and `complete` at the end. When the server stops, or the token is replaced, the response ends without it, which tells
//! clients to ask again.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::ServerError;
use bytes::Bytes;
use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::stream;
use hyper::StatusCode;
use hyper::header;
use tokio::select;
use tokio::time::timeout;

use super::Push;
use super::subscriber::Subscriber;
use crate::serve::admission::Pass;
use crate::serve::answer;
use crate::serve::answer::Answer;
use crate::serve::answer::AnswerBody;
use crate::serve::graphql;
use crate::serve::graphql::Outcome;
use crate::serve::media::Media;
use crate::serve::reply;

/// The last event.
const COMPLETE: &[u8] = b"event: complete\ndata:\n\n";
/// A comment: opens the stream, and later shows that it still stands.
const COMMENT: &[u8] = b":\n\n";

/// The answer that tells of an outcome by events. What is no request is answered as everywhere.
pub(in crate::serve) async fn answer(push: &Push, outcome: Outcome, pass: Arc<Pass>) -> Answer {
    match outcome {
        Outcome::Subscription(ask) => match push.hub().subscribe(ask).await {
            Ok(subscriber) => events(following(subscriber, push.timeouts().keep_alive, pass)),
            Err(declined) => once(refusal(&declined.errors())),
        },
        Outcome::Ran(body) => once(body),
        Outcome::Refused(errors) => once(refusal(&errors)),
        Outcome::Unfinished(unfinished) => once(refusal(&[graphql::unfinished(unfinished)])),
        outcome @ (Outcome::Malformed(_) | Outcome::OnlyByPost) => {
            reply::answer(outcome, Media::Json)
        }
    }
}

fn refusal(errors: &[ServerError]) -> Bytes {
    graphql::body(None, errors)
}

/// One answer and the end.
fn once(body: Bytes) -> Answer {
    events(stream::iter([next(&body), Bytes::from_static(COMPLETE)]))
}

/// Every answer of a subscription, and comments while there is none, for as long as the token counts
/// that the request was let in by.
fn following(
    subscriber: Subscriber,
    keep_alive: Duration,
    pass: Arc<Pass>,
) -> impl Stream<Item = Bytes> + Send {
    stream::unfold(
        (subscriber, pass),
        move |(mut subscriber, pass)| async move {
            let event = select! {
                biased;
                () = pass.revoked() => return None,
                body = timeout(keep_alive, subscriber.next()) => match body {
                    Ok(body) => next(&body?),
                    Err(_) => Bytes::from_static(COMMENT),
                },
            };
            Some((event, (subscriber, pass)))
        },
    )
}

fn next(body: &[u8]) -> Bytes {
    // A body is one line: JSON escapes what would end it.
    [b"event: next\ndata: ", body, b"\n\n"].concat().into()
}

fn events(events: impl Stream<Item = Bytes> + Send + 'static) -> Answer {
    let opening = stream::iter([Bytes::from_static(COMMENT)]);
    let mut answer = answer::empty(StatusCode::OK);
    *answer.body_mut() = AnswerBody::pieces(opening.chain(events));
    answer::with(
        answer,
        header::CONTENT_TYPE,
        "text/event-stream; charset=utf-8",
    )
}
