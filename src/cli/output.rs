//! Writing to the standard streams without the panics of `println!`: data to standard output, all
//! else to standard error.

use std::io;
use std::io::ErrorKind;
use std::io::Write;

use super::Failure;

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

/// Writes a line for people to standard error; lost when nobody reads it.
pub(super) fn note(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
