//! Percent-encoding, for queries and forms.

use std::fmt::Write;

/// Escapes all but the characters that RFC 3986 reserves for nothing. Forms may hold the result too.
pub(crate) fn percent_encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_is_escaped() {
        assert_eq!(
            percent_encoded("aZ9-._~+/=&# é"),
            "aZ9-._~%2B%2F%3D%26%23%20%C3%A9"
        );
    }
}
