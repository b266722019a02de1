//! GraphQL over HTTP: a request's body within its limits, room for the answer, and its form.

use std::error::Error;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use futures_util::poll;
use http_body_util::BodyExt;
use http_body_util::LengthLimitError;
use http_body_util::Limited;
use hyper::Method;
use hyper::Request;
use hyper::StatusCode;
use hyper::body::Body;
use hyper::header;
use tokio::time::timeout;

use super::upload::NoRoom;
use crate::config::ServeTimeouts;
use crate::config::limits;
use crate::serve::access::admission::Pass;
use crate::serve::answer;
use crate::serve::answer::Answer;
use crate::serve::answer::media;
use crate::serve::answer::media::Media;
use crate::serve::answer::reply;
use crate::serve::graphql::Carries;
use crate::serve::graphql::GraphQl;
use crate::serve::graphql::query;
use crate::serve::graphql::query::Wire;
use crate::serve::page::assets;
use crate::serve::push;
use crate::serve::push::Push;
use crate::serve::socket::account::Account;
use crate::serve::socket::account::Held;
use crate::serve::socket::account::PLACE_BYTES;

/// What answers GraphQL requests.
#[derive(Debug)]
pub(super) struct Questions {
    graphql: Arc<GraphQl>,
    push: Push,
    timeouts: ServeTimeouts,
}

impl Questions {
    pub(super) const fn new(graphql: Arc<GraphQl>, push: Push, timeouts: ServeTimeouts) -> Self {
        Self {
            graphql,
            push,
            timeouts,
        }
    }

    /// What answers over WebSockets.
    pub(super) const fn push(&self) -> &Push {
        &self.push
    }

    /// Room to prepare an answer in, as soon as there is some.
    pub(super) async fn place(&self, account: &Account) -> Option<Held> {
        account.place(PLACE_BYTES, self.timeouts.query).await
    }

    /// Answers a request by a method that the route allows.
    pub(super) async fn answer<B>(
        &self,
        request: Request<B>,
        account: Account,
        pass: Arc<Pass>,
    ) -> Answer
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        // A browser that asks nothing gets the explorer to ask with.
        if !is_question(&request)
            && is_browser(&request)
            && let Some(explorer) = assets::explorer()
        {
            return explorer.answer(request.headers());
        }
        let (media, events) = media::accepted(request.headers());
        if media.is_none() && !events {
            return reply::unreadable(
                StatusCode::NOT_ACCEPTABLE,
                "accept: neither application/graphql-response+json nor application/json",
                Media::Json,
            );
        }
        let carries = Carries {
            mutations: request.method() == Method::POST,
            subscriptions: events,
        };
        let busy = || reply::busy(media.unwrap_or(Media::Json));
        let (outcome, held) = if request.method() == Method::POST {
            let body = match self.read_body(request, media.unwrap_or(Media::Json)).await {
                Ok(body) => body,
                Err(answer) => return *answer,
            };
            // Only now: who sends slowly takes no room from those who have asked.
            let Some(held) = self.place(&account).await else {
                return busy();
            };
            (self.graphql.outcome(Wire::Body(&body), carries).await, held)
        } else {
            let Some(held) = self.place(&account).await else {
                return busy();
            };
            let parameters = request.uri().query().unwrap_or_default();
            let wire = Wire::Parameters(parameters);
            (self.graphql.outcome(wire, carries).await, held)
        };
        match (media, outcome) {
            // What is answered once is, where the client takes that too.
            (Some(media), outcome) if !outcome.is_subscription() => {
                answer::within(reply::answer(outcome, media), held).unwrap_or_else(busy)
            }
            (_, outcome) => push::answer_events(&self.push, outcome, pass, account, held),
        }
    }

    /// Reads the body of a POST within its limits of type, size and time.
    async fn read_body<B>(&self, request: Request<B>, media: Media) -> Result<Bytes, Box<Answer>>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let refuse = |status, message| {
            let answer = reply::unreadable(status, message, media);
            // The rest of the body is not read, so nothing else can follow on HTTP/1.
            Err(Box::new(answer::with(answer, header::CONNECTION, "close")))
        };
        let too_large = "request body: over 65536 bytes";
        if !media::is_json(request.headers()) {
            let message = "content-type: not application/json in UTF-8";
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Box::new(reply::unreadable(status, message, media)));
        }
        // What the head announces is refused before any of it is read; what it hides, on the way.
        let announced = request.body().size_hint().lower();
        if announced > limits::REQUEST_BYTES_MAX as u64 {
            return refuse(StatusCode::PAYLOAD_TOO_LARGE, too_large);
        }
        let body = Limited::new(request.into_body(), limits::REQUEST_BYTES_MAX);
        let mut collecting = pin!(body.collect());
        // Most bodies come with their heads, and need no timer.
        let collected = match poll!(collecting.as_mut()) {
            Poll::Ready(collected) => Ok(collected),
            Poll::Pending => timeout(self.timeouts.body, collecting).await,
        };
        match collected {
            Ok(Ok(collected)) => Ok(collected.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                refuse(StatusCode::PAYLOAD_TOO_LARGE, too_large)
            }
            Ok(Err(error)) if is_no_room(&*error) => Err(Box::new(reply::busy(media))),
            Ok(Err(_)) => refuse(StatusCode::BAD_REQUEST, "request body: cut off"),
            Err(_) => {
                let message = "request body: not complete in time";
                refuse(StatusCode::REQUEST_TIMEOUT, message)
            }
        }
    }
}

/// Whether the request opens a page in a browser.
pub(super) fn is_browser<B>(request: &Request<B>) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD) && media::wants_html(request.headers())
}

/// Whether a request asks for something that is executed.
pub(super) fn is_question<B>(request: &Request<B>) -> bool {
    let query = request.uri().query();
    query.is_some_and(|query| query::pairs(query).next().is_some())
}

/// Whether a body was refused because there is no room for it.
fn is_no_room(error: &(dyn Error + Send + Sync + 'static)) -> bool {
    error.is::<NoRoom>() || error.source().is_some_and(|source| source.is::<NoRoom>())
}

const _: () = assert!(
    limits::REQUEST_BYTES_MAX == 65_536,
    "the message that names it"
);
