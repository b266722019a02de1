//! What is recorded of each measure of the table of metrics. A new measure of ended sessions is a line
//! here; one of something else is recorded where that happens.

use crate::metric::Measure;

/// What is known of a session that ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub(super) duration_ms: u64,
    pub(super) messages: u32,
}

impl Ended {
    /// Its value of a measure; `None` for a measure of something else.
    #[inline]
    pub(super) fn value(&self, measure: Measure) -> Option<u64> {
        match measure {
            Measure::Duration => Some(self.duration_ms),
            Measure::Messages => Some(u64::from(self.messages)),
        }
    }
}
