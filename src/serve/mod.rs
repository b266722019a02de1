//! Stage 6 of 6: answers queries over HTTP/1.1 and HTTP/2 from immutable snapshots.
//!
//! ```text
//!  server      accepts (descriptors, warden), drains
//!   └ connection    one socket: wire (tls, framing), watch over its time, account of its bytes
//!      └ handler       one request: front (forwarded, host), bearer, route
//!         ├ graphql       cache, query, persisted → precheck (lexer, measure) → execute → schema
//!         │  ├ reply         answers over HTTP (media)
//!         │  └ push          answers over WebSockets and server-sent events, subscriptions
//!         └ health, latency, prometheus, assets (page without them), session
//! ```
//!
//! A request loads one snapshot and is answered from it alone. Nothing here knows of events or can
//! reach the writer, but for the mailbox into which the time each query took is posted, and the flag
//! on a snapshot that asks for whole histograms. This module
//! is the one place that names `async_graphql`.

mod account;
mod admission;
mod answer;
mod ask;
mod assets;
mod bearer;
mod cache;
mod connection;
mod delivery;
mod descriptors;
mod execute;
mod fetch_site;
mod forwarded;
mod framing;
mod front;
mod graphql;
mod handler;
mod health;
mod host;
mod latency;
mod lexer;
mod measure;
mod media;
mod page;
mod persisted;
mod precheck;
mod prometheus;
mod push;
mod push_counters;
mod query;
mod questions;
mod refusal;
mod reply;
mod room;
mod route;
mod schema;
mod server;
mod session;
mod shape;
mod tls;
mod upload;
mod viewer;
mod warden;
mod watch;
mod wire;

pub use admission::Admission;
pub use handler::Handler;
pub use precheck::refusal_of;
pub use push_counters::PushCounts;
pub use schema::schema_sdl;
pub use server::Reloader;
pub use server::ServeError;
pub use server::Server;
pub use tls::TlsError;
