//! Stage 1 of 6: where events come from: the `events-stream` source. All that is vendor- or
//! transport-specific ends here: what leaves is a batch of events on the ring.
//!
//! ```text
//!  events_stream   the life: token → connect → live → lost → wait → again
//!    handshake     HTTP upgrade, checked in full, on hyper
//!      server_clock  its clock against ours
//!    connection    one open connection: reading, pings, the close
//!      liveness    the peer's deadlines, in time `awake`
//!      frames      bytes → WebSocket messages, in the buffer they were read into
//!      coverage    up to when nothing can be missing
//!      intake      payloads → decoder → batch → ring
//!        refusals  what is refused, in the log; quoted by `quote`
//!    loss          what an ending means for the next try
//!      pace        and how long to wait before it
//! ```
//!
//! No stage after this one knows of sockets, and nothing here knows what events are counted for.

mod awake;
mod connection;
mod coverage;
mod end;
mod events_stream;
pub mod frames;
mod handshake;
mod intake;
mod liveness;
mod loss;
mod pace;
mod quote;
mod refusals;
mod server_clock;
mod wanted;

pub use events_stream::EventsStream;
pub use events_stream::Exit;
pub use intake::Intake;
