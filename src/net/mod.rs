//! Connections to the outside: where to, how, and when to try again.
//!
//! ```text
//!  client      requests and whole answers, on pooled connections
//!   ├ dial        how the pool makes a connection
//!   └ body        an answer's body, within limits
//!  http        one exchange on one connection: for what is no single request
//!  connector   a connection to an endpoint: proxy, name, TCP, TLS
//!   ├ race        the address of a name that answers first
//!   ├ tunnel      through a proxy
//!   └ tls         who is trusted
//!  redactor    what a peer says, fit for our lines; reason: what a refusal says
//! ```
//!
//! Used by `auth`, `source`, `notify` and `top`; it knows nothing of tokens, events or WebSockets. It
//! must never let credentials travel over plain TCP except to this machine itself, and never print a
//! URL's query.

mod backoff;
mod body;
mod client;
mod connector;
mod date;
mod dial;
mod endpoint;
mod error;
mod http;
mod percent;
mod printable;
mod proxy_header;
mod race;
mod reason;
mod redactor;
mod retry_after;
mod stream;
mod tls;
mod tls_fault;
mod tunnel;

pub use backoff::Backoff;
pub use body::{BodyFault, is_packed, unpacked};
pub use client::{Answer, CallError, Client, Repeat, Terms};
pub use connector::Connector;
pub use date::server_date;
pub use endpoint::Endpoint;
pub use error::{ConnectPhase, NetError};
pub(crate) use http::USER_AGENT_NAME;
pub use http::exchange;
pub(crate) use percent::percent_encoded;
pub(crate) use printable::printable;
pub use reason::Reason;
pub(crate) use reason::is_html;
pub use redactor::Redactor;
pub use retry_after::{RETRY_AFTER_MAX, retry_after};
pub use stream::{ReadHalf, Stream, WriteHalf};
pub use tls_fault::CertificateFault;
