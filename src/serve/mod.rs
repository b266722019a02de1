//! Stage 6 of 6: answers queries over HTTP/1.1 and HTTP/2 from immutable snapshots.
//!
//! ```text
//!  http          accepts connections, reads requests, finds out who answers
//!   ├ push          answers again and again: WebSockets, server-sent events
//!   ├ prometheus    `/metrics`
//!   ├ page          the page's files
//!   ├ access        who may ask
//!   ├ answer        what an answer looks like, and its way out
//!   ├ graphql       a request in, an outcome out, whatever the transport
//!   └ socket        one client's bytes and time
//! ```
//!
//! Each may import what stands below it. A request loads one snapshot and is answered from it alone.
//! Nothing here knows of events or can reach the writer, but for the mailbox into which the time each
//! query took is posted, and the flag on a snapshot that asks for whole histograms.

// What every part may need: readiness, and what posts and push count.
mod health;
mod post_counters;
mod push_counters;

// The parts, each below those that use it.
mod socket;

mod graphql;

mod answer;

mod access;

mod page;

mod prometheus;

mod push;

mod http;

pub use access::admission::Admission;
pub use graphql::cost::precheck::refusal_of;
pub use graphql::schema::schema_sdl;
pub use http::Handler;
pub use http::Reloader;
pub use http::ServeError;
pub use http::Server;
pub use http::TlsError;
pub use push_counters::PushCounts;
