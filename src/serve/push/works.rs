//! What the hub and its feeds give each other.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::seat::Seat;
use crate::serve::graphql::GraphQl;
use crate::serve::graphql::ask::Ask;
use crate::serve::push_counters::PushCounters;

/// What feeds work with.
#[derive(Clone, Debug)]
pub(super) struct Works {
    pub(super) graphql: Arc<GraphQl>,
    pub(super) counters: PushCounters,
    pub(super) stop: CancellationToken,
}

/// What the hub's task is asked.
#[derive(Debug)]
pub(super) enum Command {
    /// To a topic that is known.
    Join(Ask, oneshot::Sender<Option<Seat>>),
    /// To a topic that may be new.
    Open {
        ask: Ask,
        interval: Duration,
        first: Bytes,
        reply: oneshot::Sender<Option<Seat>>,
    },
    /// Nobody sits at the feed of this phase.
    Deserted(Ask, usize),
}
