//! The sessions that have been open for longest, as an image holds them.

use serde::Deserialize;
use serde::Serialize;

use crate::time::EpochMs;

/// What is small of them. The order of the open sessions follows from their rows.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct Longest {
    pub(in crate::aggregate) base_ms: i64,
    /// The next queue whose list is made.
    pub(in crate::aggregate) next: Option<u16>,
    pub(in crate::aggregate) as_of: EpochMs,
    pub(in crate::aggregate) loss_epoch: u16,
    /// Queues that had an open session.
    pub(in crate::aggregate) queues: u32,
    /// The clock of the published lists, and how many queues have one.
    pub(in crate::aggregate) published_as_of: EpochMs,
    pub(in crate::aggregate) published_queues: u32,
}
