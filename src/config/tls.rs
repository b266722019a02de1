//! The files for TLS on our own server: both or neither, and a key that others cannot change.
//!
//! What is in them is judged where TLS is spoken.

use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::error::unreadable;
use super::exposure;
use super::layers::Layers;
use super::serve::TlsFiles;

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

/// Who else can use a private key: nothing to say, or a note; see [`exposure`].
///
/// # Errors
/// When everybody can replace it, or it cannot be read.
fn exposure(key: &Path) -> Result<Option<String>, String> {
    let metadata = File::open(key).and_then(|file| file.metadata());
    let metadata = metadata.map_err(|error| unreadable(&error))?;
    exposure::judge(metadata.permissions().mode())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::fs::Permissions;

    use super::*;

    #[test]
    fn a_key_is_judged_like_any_other_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        fs::write(&path, "a key").unwrap();
        for (mode, is_noted, is_refused) in [
            (0o600, false, false),
            (0o640, false, false),
            (0o660, true, false),
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
