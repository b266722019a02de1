//! The message of a panic, by the spool: the standard library's own would wait for whoever has
//! stopped reading, and with it the thread that has to end.

use std::backtrace::Backtrace;
use std::backtrace::BacktraceStatus;
use std::panic;
use std::thread;

use super::Level;

/// Has panics reported like every other line; once per process, before there are threads.
pub fn catch() {
    panic::set_hook(Box::new(|info| {
        let thread = thread::current();
        let name = thread.name().unwrap_or("unnamed");
        let mut text = format!("thread '{name}' {info}");
        // Taken only where RUST_BACKTRACE asks for it.
        let trace = Backtrace::capture();
        if trace.status() == BacktraceStatus::Captured {
            text.push_str(&format!("\n{trace}"));
        }
        super::line(Level::Error, &text);
    }));
}
