//! Who else on this machine can use a file that holds a secret, by its permission bits.
//!
//! One rule for every secret, whatever is in the file: secrets in a line, and the private key of our own
//! certificate.

/// The permission to read, of people who are neither the owner nor in the group.
const READ_BY_OTHERS: u32 = 0o004;
/// Their permission to write.
const WRITTEN_BY_OTHERS: u32 = 0o002;
/// The group's.
const WRITTEN_BY_GROUP: u32 = 0o020;

/// Judges the mode of a file: nothing to say, or who can use it too, which is worth a look.
///
/// Containers mount secrets readable by everybody in them (mode 0444), so that is a warning. Whoever can
/// write the file chooses the secret, which is a fault where that is everybody.
///
/// # Errors
/// One reason that says what to do.
pub(super) fn judge(mode: u32) -> Result<Option<String>, String> {
    let mode = mode & 0o7777;
    if mode & WRITTEN_BY_OTHERS != 0 {
        return Err(format!(
            "everybody on this machine can replace it (mode {mode:04o}); run chmod o-rwx on it"
        ));
    }
    if mode & READ_BY_OTHERS != 0 {
        let what = "everybody on this machine can read it";
        return Ok(Some(format!(
            "{what} (mode {mode:04o}); run chmod o-r on it, or mount it with mode 0440"
        )));
    }
    Ok((mode & WRITTEN_BY_GROUP != 0)
        .then(|| format!("its group can replace it (mode {mode:04o}); run chmod g-w on it")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_can_read_is_a_warning_and_who_can_write_a_fault() {
        for (mode, warns) in [
            (0o400, ""),
            (0o600, ""),
            (0o440, ""),
            (0o640, ""),
            (0o100_600, ""),
            (0o444, "can read it (mode 0444)"),
            (0o100_644, "can read it (mode 0644)"),
            (0o604, "can read it"),
            (0o660, "its group can replace it (mode 0660)"),
            (0o620, "its group can replace it"),
            (0o664, "can read it"),
        ] {
            let warning = judge(mode).unwrap().unwrap_or_default();
            assert_eq!(warning.is_empty(), warns.is_empty(), "{mode:o}: {warning}");
            assert!(warning.contains(warns), "{mode:o}: {warning}");
        }
        for mode in [0o602, 0o606, 0o646, 0o666, 0o622, 0o777] {
            let why = judge(mode).unwrap_err();
            assert!(
                why.contains("can replace it") && why.contains("chmod"),
                "{why}"
            );
        }
    }
}
