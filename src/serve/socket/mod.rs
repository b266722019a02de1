//! The socket of one client, under every protocol: its bytes, plain or encrypted, where requests begin
//! and end in them, how many may be under way, and for how long.

pub(in crate::serve) mod account;
pub(in crate::serve) mod framing;
mod room;
pub(in crate::serve) mod watch;
pub(in crate::serve) mod wire;
