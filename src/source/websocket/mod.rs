//! The mechanics of a WebSocket client, apart from the protocol that is spoken over it.
//!
//! ```text
//!  handshake       HTTP upgrade, checked in full, on hyper
//!    server_clock  its clock against ours
//!  connection      one open connection: reading, pings, the close
//!    liveness      the peer's deadlines, in time `awake`
//!    frames        bytes → WebSocket messages, in the buffer they were read into
//!    coverage      up to when nothing can be missing
//!  loss            what an ending means for the next try
//!    pace          and how long to wait before it
//! ```

mod awake;
pub(super) mod connection;
mod coverage;
pub(super) mod end;
pub mod frames;
pub(super) mod handshake;
mod liveness;
pub(super) mod loss;
pub(super) mod pace;
pub(super) mod server_clock;
mod wanted;
