//! How far a run is, for whoever waits for it.

use super::Second;
use super::tally::Tally;

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Events given to the socket, and those that fell due while nobody was subscribed.
    pub passed: u64,
    /// Frames that were seen.
    pub visible: u64,
    /// Frames that were sent and are not seen yet.
    pub pending: u64,
    /// The last second that is complete.
    pub second: Option<Second>,
}

impl Progress {
    pub(super) fn of(tally: &Tally, second: Option<Second>) -> Self {
        Self {
            passed: tally.sums.events + tally.sums.missed,
            visible: tally.sums.visible,
            pending: tally.pending(),
            second,
        }
    }
}
