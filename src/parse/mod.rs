//! Stage 2 of 6: the bytes of one payload become events, or the reason why they do not.
//!
//! ```text
//!  decoder         the seam: what every dialect implements
//!   └ events_stream   the dialect of the source of that name
//!      ├ guided          payloads laid out like recent ones
//!      ├ tape            all others, on simd-json's tape; faults in words by `fault`
//!      └ id, labels, timestamp   what is made of their fields
//!  any             a decoder that is chosen by the settings
//!  elements        where the payloads of a posted text lie; walk: where an object ends
//! ```
//!
//! The only place that spells the wire's field names, and the only one that names `simd_json`. It
//! knows neither sockets nor the ring, never logs, never panics whatever the bytes, and allocates
//! nothing per event once its buffers have grown to the traffic.

mod any;
mod decoder;
mod elements;
mod events_stream;
mod fault;
mod guided;
mod id;
mod labels;
mod lanes;
mod tape;
mod timestamp;
mod verdict;
mod walk;

pub use any::AnyDecoder;
pub use decoder::{Decoded, Decoder, Output};
pub use elements::{ElementFault, Elements};
pub use events_stream::Parser;
pub use verdict::Verdict;
pub use walk::{RECORD_SEPARATOR, Walk, WalkEnd};

pub use crate::event::Uuid;
pub use crate::event::session_uuid;
