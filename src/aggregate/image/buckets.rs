//! Buckets: what of them is small, and what is summed in each.

use serde::Deserialize;
use serde::Serialize;

/// Buckets without their sums.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct Buckets {
    /// The bucket that holds the clock.
    pub(in crate::aggregate) current: i64,
}

/// What is summed: in a bucket, in a window. Arithmetic wraps, so that a difference of two wrapped
/// sums is right again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::aggregate) struct Sums {
    /// Connections that count in the total, by the bucket of the connect.
    pub connections: u64,
    /// Open sessions, by the bucket of their connect.
    pub active: u64,
    /// Closed sessions, by the bucket of their connect.
    pub closed: u64,
    /// Their durations in milliseconds, by the bucket of their connect.
    pub closed_duration_ms: u64,
    /// Disconnects that closed a session, by their own bucket.
    pub disconnections: u64,
    /// Messages of those sessions, by the bucket of the disconnect.
    pub ended_messages: u64,
    /// Messages, by their own bucket.
    pub messages: u64,
    /// Replies to guests who waited for one, by the bucket of the reply.
    pub responses: u64,
    /// How long those guests had waited, in milliseconds.
    pub response_ms: u64,
    /// Those of them that were the first of their session.
    pub first_responses: u64,
    /// How long the guests had waited for those, in milliseconds.
    pub first_response_ms: u64,
    /// Sessions whose guest waited for a reply when they ended, by the bucket of the disconnect.
    pub unanswered: u64,
    /// Those of them that never had one.
    pub never_answered: u64,
}
