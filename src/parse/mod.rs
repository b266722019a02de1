//! Stage 2 of 6: the bytes of one payload become events, or the reason why they do not.
//!
//! ```text
//!  decoder         the seam: what every dialect implements
//!   └ events_stream   the dialect of the source of that name
//!      ├ guided          payloads laid out like recent ones
//!      ├ tape            all others, on simd-json's tape; faults in words by `fault`
//!      └ id, labels, timestamp   what is made of their fields
//!  posted          the dialects of posted events, on the same tape
//!   ├ genesys, amazon_connect, twilio, cloud_event   the presets
//!   ├ mapped          what the settings map
//!   ├ happening       what a kind's name comes to, in the last two
//!   ├ layouts         tapes of payloads laid out like recent ones
//!   ├ value           the way to what stands on the tape
//!   ├ agents          numbers of agents' names
//!   └ draft           an event before its ids and names are numbers
//!  any             a decoder that is chosen by the settings
//!  elements        where the payloads of a posted text lie; walk: where an object ends
//!  records         what the records of a request of Firehose hold
//! ```
//!
//! The only place that spells the wire's field names, and the only one that names `simd_json`. It
//! knows neither sockets nor the ring, never logs, never panics whatever the bytes, and allocates
//! nothing per event once its buffers have grown to the traffic.

mod agents;
mod amazon_connect;
mod any;
mod cloud_event;
mod decoder;
mod draft;
mod elements;
mod events_stream;
mod fault;
mod genesys;
mod guided;
mod happening;
mod id;
mod labels;
mod lanes;
mod layouts;
mod mapped;
mod posted;
mod records;
mod tape;
mod timestamp;
mod twilio;
mod value;
mod verdict;
mod walk;
mod worth;

pub use any::AnyDecoder;
pub use decoder::{Decoded, Decoder, Output};
pub use elements::{ElementFault, Elements};
pub use events_stream::Parser;
pub use id::session_key;
pub use posted::PostedDecoder;
pub use records::{Records, RecordsFault};
pub use verdict::Verdict;
pub use walk::{RECORD_SEPARATOR, Walk, WalkEnd};

pub use crate::event::Uuid;
pub use crate::event::session_uuid;
