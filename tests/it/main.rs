//! All integration tests in one binary: it links once.

mod auth;
mod source;
mod tls;
