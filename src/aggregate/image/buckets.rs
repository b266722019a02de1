//! What of the buckets is small.

use serde::Deserialize;
use serde::Serialize;

/// Buckets without their sums.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct Buckets {
    /// The bucket that holds the clock.
    pub(in crate::aggregate) current: i64,
}
