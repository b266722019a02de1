//! Push: the same GraphQL operations over WebSockets (`graphql-transport-ws`) and server-sent events,
//! subscriptions among them.
//!
//! ```text
//!  handshake, extended → socket → session ─┐                        ┌ feed: one request, interval and phase;
//!       (frames, message, close)  ├ hub: topics by request ┤  executed once a tick on the newest
//!  events (server-sent) ──────────┘   and interval         └  snapshot, for all its subscribers
//! ```
//!
//! A tick executes and serialises once; every subscriber fetches the same bytes, the latest win, and
//! what it did not fetch in time is counted as skipped. No client waits for another.

mod close;
mod credential;
mod events;
mod extended;
mod feed;
mod frames;
mod handshake;
mod hub;
mod message;
mod pieces;
mod seat;
mod session;
mod socket;
mod spelling;
mod subscriber;
mod works;

use std::sync::Arc;

use hyper::Request;
use hyper::StatusCode;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::config::ServeTimeouts;
use crate::serve::answer;
use crate::serve::answer::Answer;
use crate::serve::graphql::GraphQl;
use crate::serve::push_counters::PushCounters;
use crate::serve::socket::account::Account;
use crate::serve::socket::watch::Busy;

pub(super) use credential::Credential;
pub(super) use events::answer as answer_events;
pub(super) use socket::Opening;

use hub::Hub;
use socket::Upgrading;

/// Whether a request asks for a WebSocket, by either version of HTTP.
pub(super) fn is_upgrade<B>(request: &Request<B>) -> bool {
    handshake::is_upgrade(request) || extended::is_connect(request)
}

/// What sessions and streams of events work with. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Push(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    graphql: Arc<GraphQl>,
    hub: Hub,
    counters: PushCounters,
    timeouts: ServeTimeouts,
}

/// Where a request's connection takes over the socket that the request is upgraded to.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) openings: mpsc::UnboundedSender<Box<Opening>>,
    /// The request, which is in progress for as long as the socket is.
    pub(super) busy: Busy,
}

impl Push {
    /// Push for an endpoint, until `stop`.
    pub(super) fn new(
        graphql: Arc<GraphQl>,
        counters: PushCounters,
        timeouts: ServeTimeouts,
        stop: &CancellationToken,
    ) -> Self {
        let hub = Hub::new(Arc::clone(&graphql), counters.clone(), stop);
        Self(Arc::new(Parts {
            graphql,
            hub,
            counters,
            timeouts,
        }))
    }

    /// Opens a WebSocket: the answer to its handshake, after which the connection serves it.
    pub(super) fn open<B>(
        &self,
        mut request: Request<B>,
        credential: Credential,
        account: Account,
    ) -> Answer {
        let Some(line) = request.extensions_mut().remove::<Line>() else {
            let line = "websocket: not on this connection\n";
            return answer::text(StatusCode::NOT_IMPLEMENTED, line);
        };
        let agreed = match extended::is_connect(&request) {
            true => extended::agree(&mut request)
                .map(|(answer, stream)| (answer, Upgrading::Stream(stream))),
            false => handshake::agree(&mut request)
                .map(|(answer, whole)| (answer, Upgrading::Whole(whole))),
        };
        let (answer, upgrading) = match agreed {
            Ok(agreed) => agreed,
            Err(refusal) => return spelling::spelled(*refusal),
        };
        let opening = Opening {
            upgrading,
            credential,
            push: self.clone(),
            account,
            _busy: line.busy,
        };
        // The connection waits for it until after the answer.
        line.openings.send(Box::new(opening)).ok();
        spelling::spelled(answer)
    }

    fn graphql(&self) -> &GraphQl {
        &self.0.graphql
    }

    fn hub(&self) -> &Hub {
        &self.0.hub
    }

    fn counters(&self) -> &PushCounters {
        &self.0.counters
    }

    fn timeouts(&self) -> ServeTimeouts {
        self.0.timeouts
    }
}
