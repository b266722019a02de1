//! `cargo +nightly fuzz run graphql`; what it checks stands in `fuzz/targets/graphql.rs`.
#![no_main]

#[path = "../targets/graphql.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target::run(bytes));
