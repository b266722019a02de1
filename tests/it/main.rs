//! All integration tests in one binary: it links once.

mod graphql;
mod http;
