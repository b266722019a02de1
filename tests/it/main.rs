//! All integration tests in one binary: it links once.

mod check;
mod cli;
mod graphql;
mod http;
mod parse;
mod simulate;
