//! Push: subscriptions over WebSockets and server-sent events, against a running server.

mod npm;
mod rig;
