//! `cargo +nightly fuzz run parse`; what it checks stands in `fuzz/targets/parse.rs`.
#![no_main]

#[path = "../targets/parse.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target::run(bytes));
