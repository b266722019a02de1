//! What an endpoint hands to the ingest thread, and what comes back.

use tokio::sync::oneshot;

use super::flight::Held;
use crate::time::EpochMs;

/// A whole body.
#[derive(Debug)]
pub(super) struct Parcel {
    /// The place of its endpoint.
    pub(super) place: usize,
    /// Unpacked.
    pub(super) body: Vec<u8>,
    /// Wall time and the monotonic clock after the read that completed it.
    pub(super) read_at: (EpochMs, u64),
    /// Counts its bytes while they are on their way.
    pub(super) held: Held,
    /// Where the answer goes; closed when nobody waits for it any more.
    pub(super) answer: oneshot::Sender<Result<Taken, Bad>>,
}

/// What was taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    /// Elements of the body.
    pub(super) elements: u64,
    /// What they held.
    pub(super) events: u64,
    /// Elements of a type that nobody counts.
    pub(super) ignored: u64,
}

/// Why nothing was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bad {
    /// The first bad element, from 0.
    pub(super) index: u64,
    /// What is wrong with it.
    pub(super) why: String,
    /// The counter that it is counted in.
    pub(super) reason: &'static str,
}
