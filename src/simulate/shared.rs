//! What all connections of the stand-in share.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::desk::Desk;
use super::feed::Timeline;
use super::refusals::Refusals;
use super::stats::Counters;
use super::token::Tokens;

/// What all connections share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) tokens: Tokens,
    pub(super) desk: Desk,
    pub(super) counters: Arc<Counters>,
    pub(super) stopping: CancellationToken,
    pub(super) refusals: Refusals,
    pub(super) timeline: Timeline,
    pub(super) tasks: TaskTracker,
}
