//! Text of the system or of a library, made fit for a line of ours. What a peer says goes through
//! [`super::Redactor`] instead.

/// Characters of such a text that are shown.
const CHARS_MAX: usize = 64;

/// Text from outside, escaped and cut, so that it can stand in one line of ours.
pub(crate) fn printable(text: &str) -> String {
    text.escape_debug().take(CHARS_MAX).collect()
}
