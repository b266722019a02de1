//! Reading secrets and ids from files, and what a secret may look like.
//!
//! Nothing here puts a secret's bytes, or its length, into a text.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use secrecy::SecretString;

use super::error::unreadable;
use super::value;

/// The longest secret, in bytes.
const BYTES_MAX: u64 = 4_096;
/// Permission bits of people who are neither the owner nor in the group.
const OTHERS: u32 = 0o007;

/// A secret that was given as it stands.
///
/// # Errors
/// One reason, without the secret.
pub(super) fn parse(text: &str) -> Result<SecretString, String> {
    if value::is_placeholder(text) {
        return Err(value::PLACEHOLDER.to_owned());
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(
            "has a space, a control character or a letter outside ASCII; copy it again".into(),
        );
    }
    if text.len() as u64 > BYTES_MAX {
        return Err(format!("longer than {BYTES_MAX} B; copy it again"));
    }
    Ok(SecretString::from(text))
}

/// A secret from a file that only its owner and group can read.
///
/// # Errors
/// One reason that says what to do.
pub fn read_file(path: &Path) -> Result<SecretString, String> {
    parse(&read(path, true)?)
}

/// A value that is no secret, such as an id, from a file.
///
/// # Errors
/// One reason that says what to do.
pub(super) fn read_public_file(path: &Path) -> Result<String, String> {
    read(path, false)
}

fn read(path: &Path, is_secret: bool) -> Result<String, String> {
    let refused = |error: std::io::Error| unreadable(&error);
    let file = File::open(path).map_err(refused)?;
    // Of the open file, so that nobody can swap it between the look and the read.
    let mode = file.metadata().map_err(refused)?.permissions().mode();
    if is_secret && mode & OTHERS != 0 {
        return Err(format!(
            "everybody on this machine can use it (mode {:04o}); run chmod o-rwx on it",
            mode & 0o7777
        ));
    }
    let mut text = String::new();
    let read = file.take(BYTES_MAX + 2).read_to_string(&mut text);
    if let Err(error) = read {
        return Err(match error.kind() {
            std::io::ErrorKind::InvalidData => "is no UTF-8 text".to_owned(),
            _ => refused(error),
        });
    }
    // Editors end the last line, and `echo` does; more than that is part of the value.
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        return Err("is empty; write the value into it".to_owned());
    }
    Ok(line.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::fs::Permissions;
    use std::path::PathBuf;

    use secrecy::ExposeSecret;

    use super::*;

    fn file(folder: &tempfile::TempDir, bytes: &[u8], mode: u32) -> PathBuf {
        let path = folder.path().join("secret");
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn one_trailing_newline_is_trimmed() {
        let folder = tempfile::tempdir().unwrap();
        for bytes in ["s3cret", "s3cret\n", "s3cret\r\n"] {
            let secret = read_file(&file(&folder, bytes.as_bytes(), 0o640)).unwrap();
            assert_eq!(secret.expose_secret(), "s3cret");
        }
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let huge = vec![b'x'; 1 << 20];
        let cases: [&[u8]; 7] = [
            b"",
            b"\n",
            b"a\nb",
            b"a b",
            b"\xff\xfe",
            "clé".as_bytes(),
            &huge,
        ];
        for bytes in cases {
            assert!(read_file(&file(&folder, bytes, 0o600)).is_err());
        }
        assert!(read_file(folder.path()).is_err());
        assert!(read_file(&folder.path().join("absent")).is_err());
    }

    #[test]
    fn a_secret_that_everybody_can_use_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for mode in [0o644, 0o666, 0o604, 0o602] {
            let path = file(&folder, b"s3cret", mode);
            let why = read_file(&path).unwrap_err();
            assert!(why.contains("chmod") && !why.contains("s3cret"), "{why}");
            assert_eq!(read_public_file(&path).as_deref(), Ok("s3cret"));
        }
    }
}
