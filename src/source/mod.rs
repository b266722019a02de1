//! Stage 1 of 6: where events come from: the sources `events-stream` and `push`. All that is vendor- or
//! transport-specific ends here: what leaves is a batch of events on the ring.
//!
//! ```text
//!  push            what others post
//!  events_stream   the life of the tutorial's protocol: token → connect → live → lost → wait → again
//!  websocket       what any WebSocket client needs: handshake, frames, liveness, loss
//!  intake          payloads → decoder → batch → ring, or whatever else takes batches
//!    refusals      what is refused, in the log; quoted by `quote`
//! ```
//!
//! No stage after this one knows of sockets, and nothing here knows what events are counted for.

mod events_stream;
mod intake;
pub mod push;
mod quote;
mod refusals;
pub mod websocket;

pub use events_stream::EventsStream;
pub use events_stream::Exit;
pub use intake::Intake;
pub use push::Push;
