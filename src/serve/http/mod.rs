//! HTTP/1.1 and HTTP/2: connections are accepted, requests read, answered by whom their path names.
//!
//! ```text
//!  server        accepts (descriptors, warden), drains
//!   └ connection    one socket: TLS, its time, what it answers by itself (refusal)
//!      └ handler       one request: front (forwarded, host), route, the body (upload)
//!         ├ questions     GraphQL over HTTP
//!         └ posts         what is posted to the endpoints for events
//! ```

mod connection;
mod descriptors;
mod forwarded;
mod front;
mod handler;
mod host;
mod intent;
mod latency;
mod posts;
mod questions;
mod refusal;
mod route;
mod server;
mod tls;
mod upload;
mod warden;

pub use handler::Handler;
pub use server::Reloader;
pub use server::ServeError;
pub use server::Server;
pub use tls::TlsError;
