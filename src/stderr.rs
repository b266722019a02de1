//! Standard error: lines for people, which never hold up who writes them.
//!
//! ```text
//!  log, notes, panics → spool (bounded in lines and bytes) → a thread of its own → standard error
//! ```
//!
//! Whoever reads standard error may stop reading: a pipe fills up, a terminal is held by Ctrl-S. Then
//! only the spool's thread waits. What finds no room is dropped and counted, and a line says so at
//! the place of the gap once there is room again. Standard error is the process's, and so is this: there
//! is one, without a handle to pass around.

mod notice;
mod panics;
mod spool;

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::sync::OnceLock;
use std::time::Duration;

pub use notice::Level;
pub use panics::catch as catch_panics;

use spool::Spool;

static SPOOL: OnceLock<Spool> = OnceLock::new();

fn spool() -> &'static Spool {
    SPOOL.get_or_init(|| {
        // A descriptor of its own, so that nobody waits for the lock of the standard library's. Where
        // there is no descriptor left, every line is dropped and counted.
        let owned = io::stderr().as_fd().try_clone_to_owned();
        Spool::start(owned.ok().map(File::from))
    })
}

/// Writes a line of its own for people. Never waits; lost, and counted, where there is no room.
pub fn line(level: Level, text: &str) {
    let spool = spool();
    spool.put(&notice::line(level, text, spool.is_json()));
}

/// Writes text as it is, such as a line that is redrawn in place. Never waits.
pub fn raw(text: &str) {
    spool().put(text.as_bytes());
}

/// From here on lines are JSON objects, as those of the log are.
pub fn use_json() {
    spool().use_json();
}

/// Lines dropped since the start: nobody read standard error, or it could not be written.
pub fn dropped() -> u64 {
    SPOOL.get().map_or(0, Spool::dropped)
}

/// Waits until all lines are written, for `at_most` where nobody reads them.
pub fn flush(at_most: Duration) {
    if let Some(spool) = SPOOL.get() {
        spool.flush(at_most);
    }
}

/// Takes whole lines, one a call, as the log writes them.
#[derive(Clone, Copy, Debug)]
pub struct Lines;

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        spool().put(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
