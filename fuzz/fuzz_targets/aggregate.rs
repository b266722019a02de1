//! `cargo +nightly fuzz run aggregate`; what it checks stands in `fuzz/targets/aggregate.rs`.
#![no_main]

#[path = "../targets/aggregate.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target::run(bytes));
