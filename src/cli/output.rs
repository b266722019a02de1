//! Writing to the standard streams without the panics of `println!`: data to standard output, all
//! else to standard error.
//!
//! Data waits for whoever reads it: that is what a pipe is for. Lines for people wait for nobody.

use std::io;
use std::io::ErrorKind;
use std::io::Write;
use std::time::Duration;

use clap::ValueEnum;
use tokio::task::spawn_blocking;

use crate::stderr;
use crate::stderr::Level;

use super::Failure;

/// How long the last lines for people may take to be written when a command ends.
const LAST_LINES: Duration = Duration::from_secs(1);

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Whether anybody still reads standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// Go on.
    Present,
    /// The pipe is closed: there is nobody left to work for, which is no failure.
    Gone,
}

/// Writes data to standard output, at once.
pub(super) fn data(text: &str) -> Result<Reader, Failure> {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match written {
        Ok(()) => Ok(Reader::Present),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(Failure::Failed(format!(
            "standard output: cannot be written: {error}"
        ))),
    }
}

/// The same, so that whoever waits for it can wait for signals too. Must be called inside a runtime;
/// where nobody reads, the write goes on in a thread of its own when this is dropped.
pub(super) async fn data_beside(text: String) -> Result<Reader, Failure> {
    let written = spawn_blocking(move || data(&text)).await;
    // It fails when the runtime ends first, and then nobody asks.
    written.unwrap_or(Ok(Reader::Gone))
}

/// Writes a line for people to standard error; lost when nobody reads it.
pub(super) fn note(line: &str) {
    stderr::line(Level::Info, line);
}

/// The same for a fault.
pub(super) fn fault(line: &str) {
    stderr::line(Level::Error, line);
}

/// Waits a moment for lines for people that are not written yet.
pub(super) fn finish() {
    stderr::flush(LAST_LINES);
}
