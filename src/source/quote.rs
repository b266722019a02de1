//! What a peer has sent, as it may stand in one line of ours.

use std::fmt::Write;

use crate::net::Redactor;

/// Bytes of a payload that are quoted at the most.
pub(super) const QUOTE_BYTES_MAX: usize = 120;

/// The beginning of a payload, kept from before a parser changes it in place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    bytes: [u8; QUOTE_BYTES_MAX],
    length: usize,
    /// Of the whole payload.
    total: usize,
}

impl Head {
    pub(super) const EMPTY: Self = Self {
        bytes: [0; QUOTE_BYTES_MAX],
        length: 0,
        total: 0,
    };

    /// Keeps the beginning of a payload.
    pub(super) fn keep(&mut self, payload: &[u8]) {
        self.length = payload.len().min(QUOTE_BYTES_MAX);
        self.bytes[..self.length].copy_from_slice(&payload[..self.length]);
        self.total = payload.len();
    }

    /// The quote, without what `redactor` knows.
    pub(super) fn quote(&self, redactor: &Redactor) -> String {
        // Before it is known to be cut: a secret may end there.
        let mut quote = redactor.redact(quote(&self.bytes[..self.length]));
        if self.total > self.length {
            // Writing to a string cannot fail.
            let _ = write!(quote, "... ({} bytes)", self.total);
        }
        quote
    }
}

/// Bytes from the peer in a line of ours: text with its control characters escaped, anything else as
/// `\xNN`. Every quote of a payload passes here.
fn quote(bytes: &[u8]) -> String {
    let mut quoted = String::new();
    for chunk in bytes.utf8_chunks() {
        quoted.extend(chunk.valid().escape_debug());
        for byte in chunk.invalid() {
            let _ = write!(quoted, "\\x{byte:02x}");
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_escaped_and_cut() {
        let redactor = Redactor::default().with("canary-token");
        let check = |payload: &[u8], expected: &str| {
            let mut head = Head::EMPTY;
            head.keep(payload);
            assert_eq!(head.quote(&redactor), expected);
        };
        check(b"", "");
        check(br#"{"a":1}"#, r#"{\"a\":1}"#);
        check(b"a\n\x1b[31m\x7f", r"a\n\u{1b}[31m\u{7f}");
        check(b"\xff\xc3\xa9\xc3", r"\xffé\xc3");
        let long = [b'x'; 1_000];
        check(&long, &format!("{}... (1000 bytes)", "x".repeat(120)));
        check(&long[..120], &"x".repeat(120));
        check(b"{\"t\":\"canary-token\"}", r#"{\"t\":\"[hidden]\"}"#);
        let cut = [&long[..110], b"canary-token"].concat();
        check(&cut, &format!("{}[hidden]... (122 bytes)", "x".repeat(110)));
    }
}
