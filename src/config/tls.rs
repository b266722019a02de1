//! The files for TLS on our own server: both or neither, and a key that others cannot change.
//!
//! What is in them is judged where TLS is spoken.

use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::error::unreadable;
use super::layers::Layers;
use super::serve::TlsFiles;

/// Permission bits by which people who are neither the owner nor in the group read and write.
const OTHERS_READ: u32 = 0o004;
const OTHERS_WRITE: u32 = 0o002;

/// The files, if both were given; a fault for what is missing, and a note on a key that others read.
pub(super) fn files(layers: &mut Layers) -> Option<TlsFiles> {
    let draft = layers.draft.clone();
    let (cert, key) = match (draft.tls_cert, draft.tls_key) {
        (Some(cert), Some(key)) => (cert, key),
        (Some(_), None) if layers.are_good(&["tls-key"]) => {
            layers.fault("tls-cert", "without its key; give --tls-key too");
            return None;
        }
        (None, Some(_)) if layers.are_good(&["tls-cert"]) => {
            layers.fault("tls-key", "without its certificate; give --tls-cert too");
            return None;
        }
        _ => return None,
    };
    if let Err(error) = File::open(&cert) {
        layers.fault("tls-cert", unreadable(&error));
    }
    match exposure(&key) {
        Ok(None) => {}
        Ok(Some(note)) => layers.warnings.push(format!("tls-key: {note}")),
        Err(why) => layers.fault("tls-key", why),
    }
    Some(TlsFiles { cert, key })
}

/// Who else can use a private key: nothing to say, or a note.
///
/// # Errors
/// When others can replace it, or it cannot be read.
fn exposure(key: &Path) -> Result<Option<String>, String> {
    let metadata = File::open(key).and_then(|file| file.metadata());
    let mode = metadata
        .map_err(|error| unreadable(&error))?
        .permissions()
        .mode();
    let shown = mode & 0o7777;
    if mode & OTHERS_WRITE != 0 {
        return Err(format!(
            "everybody on this machine can change it (mode {shown:04o}); run chmod o-rwx on it"
        ));
    }
    Ok((mode & OTHERS_READ != 0).then(|| {
        format!("everybody on this machine can read it (mode {shown:04o}); run chmod o-r on it")
    }))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::fs::Permissions;

    use super::*;

    #[test]
    fn a_key_that_others_change_is_refused_and_one_that_they_read_is_noted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        fs::write(&path, "a key").unwrap();
        for (mode, is_noted, is_refused) in [
            (0o600, false, false),
            (0o640, false, false),
            (0o644, true, false),
            (0o444, true, false),
            (0o646, false, true),
            (0o602, false, true),
        ] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let exposure = exposure(&path);
            assert_eq!(exposure.is_err(), is_refused, "{mode:o}");
            assert_eq!(
                exposure.is_ok_and(|note| note.is_some()),
                is_noted,
                "{mode:o}"
            );
        }
        assert!(exposure(&folder.path().join("absent")).is_err());
    }
}
