//! `cargo +nightly fuzz run frames`; what it checks stands in `fuzz/targets/frames.rs`.
#![no_main]

#[path = "../targets/frames.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target::run(bytes));
