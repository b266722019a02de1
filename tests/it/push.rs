//! Push: subscriptions over WebSockets and server-sent events, against a running server.

mod closes;
mod events;
mod faults;
mod handshake;
mod npm;
mod operations;
pub(crate) mod rig;
pub(crate) mod slow;
