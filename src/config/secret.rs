//! Reading secrets and ids from files, and what a secret may look like.
//!
//! Nothing here puts a secret's bytes, or its length, into a text.

use std::path::Path;

use secrecy::SecretString;

use super::exposure;
use super::small_file::SmallFile;
use super::value;

/// The longest secret, in bytes.
const BYTES_MAX: u64 = 4_096;
/// What a file may hold around it: a byte-order mark, and the end of its line.
const AROUND_BYTES_MAX: u64 = 5;

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

/// A secret from a file.
#[derive(Debug)]
pub struct SecretFile {
    /// The secret.
    pub secret: SecretString,
    /// Who can use the file too, if that is worth a look.
    pub warning: Option<String>,
}

impl SecretFile {
    /// Reads a secret from a file that not everybody can write; see [`exposure`].
    ///
    /// # Errors
    /// One reason that says what to do.
    pub fn read(path: &Path) -> Result<Self, String> {
        let file = SmallFile::read(path, BYTES_MAX + AROUND_BYTES_MAX)?;
        let warning = exposure::judge(file.mode)?;
        Ok(Self {
            secret: parse(&line(file)?)?,
            warning,
        })
    }
}

/// A value that is no secret, such as an id, from a file.
///
/// # Errors
/// One reason that says what to do.
pub(super) fn read_public_file(path: &Path) -> Result<String, String> {
    line(SmallFile::read(path, BYTES_MAX + AROUND_BYTES_MAX)?)
}

fn line(file: SmallFile) -> Result<String, String> {
    let text = file.text()?;
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
    use std::io::Write;
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;
    use std::process::Command;

    use secrecy::ExposeSecret;

    use super::*;

    fn file(folder: &tempfile::TempDir, bytes: &[u8], mode: u32) -> PathBuf {
        let path = folder.path().join("secret");
        let _ = fs::remove_file(&path);
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn what_editors_and_shells_put_around_a_value_is_taken_off() {
        let folder = tempfile::tempdir().unwrap();
        for bytes in ["s3cret", "s3cret\n", "s3cret\r\n", "\u{feff}s3cret\r\n"] {
            let read = SecretFile::read(&file(&folder, bytes.as_bytes(), 0o640)).unwrap();
            assert_eq!(read.secret.expose_secret(), "s3cret");
            assert_eq!(read.warning, None);
        }
        let longest = format!("\u{feff}{}\r\n", "s".repeat(4_096));
        assert!(SecretFile::read(&file(&folder, longest.as_bytes(), 0o600)).is_ok());
        let longer = "s".repeat(4_097);
        assert!(SecretFile::read(&file(&folder, longer.as_bytes(), 0o600)).is_err());
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let huge = vec![b'x'; 1 << 20];
        let cases: [&[u8]; 10] = [
            b"",
            b"\n",
            b"\xef\xbb\xbf\n",
            b"a\nb",
            b"a\n\n",
            b"a b",
            b"\xff\xfe",
            b"\xff\xfes\0e\0c\0",
            "clé".as_bytes(),
            &huge,
        ];
        for bytes in cases {
            let why = SecretFile::read(&file(&folder, bytes, 0o600)).unwrap_err();
            assert!(why.len() < 120 && !why.contains('\n'), "{why}");
        }
        let why = SecretFile::read(folder.path()).unwrap_err();
        assert!(why.contains("is a directory"), "{why}");
        assert!(SecretFile::read(&folder.path().join("absent")).is_err());
    }

    #[test]
    fn who_can_read_a_secret_is_a_warning_and_who_can_write_it_a_fault() {
        let folder = tempfile::tempdir().unwrap();
        for (mode, warns) in [
            (0o640, ""),
            (0o444, "can read it (mode 0444)"),
            (0o660, "its group can replace it (mode 0660)"),
        ] {
            let read = SecretFile::read(&file(&folder, b"s3cret", mode)).unwrap();
            let warning = read.warning.unwrap_or_default();
            assert_eq!(warning.is_empty(), warns.is_empty(), "{mode:o}: {warning}");
            assert!(
                warning.contains(warns) && !warning.contains("s3cret"),
                "{warning}"
            );
        }
        for mode in [0o602, 0o666] {
            let path = file(&folder, b"s3cret", mode);
            let why = SecretFile::read(&path).unwrap_err();
            assert!(why.contains("chmod") && !why.contains("s3cret"), "{why}");
            assert_eq!(read_public_file(&path).as_deref(), Ok("s3cret"));
        }
    }

    /// Kubernetes: the name is a link to a link, whose own mode says nothing.
    #[test]
    fn links_are_followed_to_the_file_that_counts() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("..2026")).unwrap();
        fs::write(path("..2026/token"), "s3cret").unwrap();
        fs::set_permissions(path("..2026/token"), Permissions::from_mode(0o440)).unwrap();
        symlink("..2026", path("..data")).unwrap();
        symlink("..data/token", path("token")).unwrap();
        assert_eq!(SecretFile::read(&path("token")).unwrap().warning, None);
        fs::set_permissions(path("..2026/token"), Permissions::from_mode(0o666)).unwrap();
        assert!(SecretFile::read(&path("token")).is_err());
    }

    #[test]
    fn a_pipe_that_nobody_writes_to_is_no_hang() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let made = Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        let why = SecretFile::read(&path).unwrap_err();
        assert!(why.contains("a pipe that nobody writes to"), "{why}");
        // A shell's <(...) is one that somebody writes to.
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(b"s3cret\n").unwrap();
        drop(writer);
        let path = format!("/dev/fd/{}", reader.as_raw_fd());
        let read = SecretFile::read(Path::new(&path)).unwrap();
        assert_eq!(read.secret.expose_secret(), "s3cret");
    }
}
