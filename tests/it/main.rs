//! All integration tests in one binary: it links once.

mod check;
mod cli;
mod parse;
mod simulate;
