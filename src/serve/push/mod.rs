//! Push: subscriptions over WebSockets and server-sent events.

mod counters;

pub use counters::PushCounts;
