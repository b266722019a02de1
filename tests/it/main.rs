//! All integration tests in one binary: it links once.

mod aggregate;
mod model;
