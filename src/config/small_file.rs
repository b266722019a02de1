//! Small files that settings name. Reading one neither hangs nor takes more memory than it may.

use std::fs::File;
use std::io;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::error::unreadable;

/// How long a file may take: one may be a pipe that nobody writes to, or lie on a server that is gone.
const READ_MAX: Duration = Duration::from_secs(2);

/// What is read of a file.
#[derive(Debug)]
pub(super) struct SmallFile {
    pub(super) bytes: Vec<u8>,
    /// Its permission bits. Of the open file, so that nobody can swap it between the look and the
    /// read.
    pub(super) mode: u32,
}

impl SmallFile {
    /// Reads a file of `bytes_max` at the most, or a pipe such as a shell's `<(...)`.
    ///
    /// # Errors
    /// One reason that says what is wrong with it.
    pub(super) fn read(path: &Path, bytes_max: u64) -> Result<Self, String> {
        let (done, is_done) = mpsc::sync_channel(1);
        let path = path.to_owned();
        // A read of a pipe cannot be given a deadline, so a thread does it, and is left behind.
        thread::Builder::new()
            .name("read-file".to_owned())
            .spawn(move || {
                // Nobody waits any more: it took too long.
                let _ = done.send(read(&path, bytes_max));
            })
            .map_err(|error| unreadable(&error))?;
        let read = is_done.recv_timeout(READ_MAX).map_err(|_| {
            let seconds = READ_MAX.as_secs();
            format!("cannot be read within {seconds} s; is it a pipe that nobody writes to?")
        })?;
        let file = read.map_err(|error| unreadable(&error))?;
        if file.bytes.len() as u64 > bytes_max {
            return Err(format!("longer than {bytes_max} B; name another file"));
        }
        Ok(file)
    }

    /// The text, without the mark that some editors begin it with.
    ///
    /// # Errors
    /// When it is not UTF-8.
    pub(super) fn text(self) -> Result<String, String> {
        let text = String::from_utf8(self.bytes).map_err(|_| "is no UTF-8 text".to_owned())?;
        Ok(match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        })
    }
}

fn read(path: &Path, bytes_max: u64) -> io::Result<SmallFile> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let mut bytes = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut bytes)?;
    Ok(SmallFile {
        bytes,
        mode: metadata.permissions().mode(),
    })
}

/// Checks that a path names a plain file that can be opened, for what is read elsewhere and twice.
///
/// # Errors
/// One reason.
pub(super) fn check_plain(path: &Path) -> Result<(), String> {
    let metadata = path.metadata().map_err(|error| unreadable(&error))?;
    if metadata.is_dir() {
        return Err(unreadable(&io::ErrorKind::IsADirectory.into()));
    }
    if !metadata.is_file() {
        return Err("is no plain file; name one".to_owned());
    }
    File::open(path)
        .map(drop)
        .map_err(|error| unreadable(&error))
}
