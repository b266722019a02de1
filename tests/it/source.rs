//! The `events-stream` source against a hostile WebSocket server over real sockets.

mod frames;
mod handshake;
mod life;
mod liveness;
mod overload;
pub(crate) mod peer;
pub(crate) mod rig;
mod walker;
