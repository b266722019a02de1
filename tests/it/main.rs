//! All integration tests in one binary: it links once.
#![expect(
    clippy::unwrap_used,
    reason = "fixtures and generators are tests too, but clippy sees only test functions as such"
)]

mod aggregate;
mod auth;
mod browser;
mod check;
mod cli;
mod client;
mod commands;
mod dashboard;
mod day;
mod docs;
mod engine;
mod english;
mod forward_proxy;
mod fuzz;
mod graphql;
mod graphql_cache;
mod http;
mod labels;
mod load;
mod metrics;
mod model;
mod notify;
mod packages;
mod parse;
mod posts;
mod proxy;
mod push;
mod readiness;
mod replay;
mod schema;
mod seeds;
mod simulate;
mod source;
mod tidy;
mod tls;
