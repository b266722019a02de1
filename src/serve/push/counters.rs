//! What push does, in numbers: for the API and for `/metrics`.

/// Counts of push at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PushCounts {
    /// WebSockets open now.
    pub sockets: u64,
    /// Subscriptions open now, over WebSockets and server-sent events.
    pub subscribers: u64,
    /// Feeds running now: one for each different request, interval and phase.
    pub feeds: u64,
    /// Executions by feeds since the start; each serves every subscriber of its feed.
    pub executed: u64,
    /// Answers handed to subscribers since the start.
    pub sent: u64,
    /// Answers that a subscriber missed since the start, because it had not read the one before.
    pub skipped: u64,
    /// WebSockets cut since the start because their client did not read or did not answer.
    pub cut: u64,
}
