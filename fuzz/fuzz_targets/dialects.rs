//! `cargo +nightly fuzz run dialects`; what it checks stands in `fuzz/targets/dialects.rs`.
#![no_main]

#[path = "../targets/dialects.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target::run(bytes));
