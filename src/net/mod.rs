//! Connections to the outside: where to, how, and when to try again.
//!
//! Used by `auth`, `source` and `notify`; it knows nothing of tokens, events or WebSockets. It must never let
//! credentials travel over plain TCP except to this machine itself, and never print a URL's query.

mod backoff;
mod connector;
mod date;
mod endpoint;
mod error;
mod http;
mod retry_after;
mod stream;
mod tls;

pub use backoff::Backoff;
pub use connector::Connector;
pub use date::server_date;
pub use endpoint::Endpoint;
pub(crate) use error::printable;
pub use error::{CertificateFault, ConnectPhase, NetError};
pub use http::exchange;
pub use retry_after::{RETRY_AFTER_MAX, retry_after};
pub use stream::{ReadHalf, Stream, WriteHalf};
