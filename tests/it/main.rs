//! All integration tests in one binary: it links once.
#![expect(
    clippy::unwrap_used,
    reason = "fixtures and generators are tests too, but clippy sees only test functions as such"
)]

mod aggregate;
mod auth;
mod check;
mod cli;
mod fuzz;
mod graphql;
mod http;
mod model;
mod parse;
mod replay;
mod simulate;
mod source;
mod tls;
