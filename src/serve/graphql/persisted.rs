//! Persisted queries: documents that clients ask for by their SHA-256 once they have sent them.
//!
//! The protocol is Apollo's: a request with a hash alone is answered `PersistedQueryNotFound` until
//! one has come with the hash and the text. What is kept is a map that is copied when it changes, so
//! readers take no lock. It is bounded; whoever asks for what has gone sends the text again.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::Digest;
use sha2::Sha256;

use crate::config::limits;
use crate::reloadable::Reloadable;

/// The SHA-256 of a document's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DocumentHash([u8; 32]);

impl DocumentHash {
    /// The hash of a text.
    pub(in crate::serve) fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// Reads 64 hexadecimal digits.
    pub(in crate::serve) fn parse(hex: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if hex.len() != 64 || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&hex[at..at + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }
}

/// The documents kept.
#[derive(Debug, Default)]
pub(super) struct Persisted {
    kept: Reloadable<Kept>,
}

#[derive(Clone, Debug, Default)]
struct Kept {
    /// Each text with its place in the order of coming.
    texts: BTreeMap<DocumentHash, (u64, Arc<str>)>,
    bytes: usize,
    came: u64,
}

impl Persisted {
    /// The text of a hash.
    pub(in crate::serve) fn find(&self, hash: DocumentHash) -> Option<Arc<str>> {
        let kept = self.kept.load();
        kept.texts.get(&hash).map(|(_, text)| Arc::clone(text))
    }

    /// Keeps a text; the oldest go to make room for it.
    pub(in crate::serve) fn keep(&self, hash: DocumentHash, text: &str) {
        if self.kept.load().texts.contains_key(&hash) {
            return;
        }
        let text: Arc<str> = text.into();
        self.kept.update(|kept| {
            let mut kept = kept.clone();
            kept.keep(hash, &text);
            kept
        });
    }
}

impl Kept {
    fn keep(&mut self, hash: DocumentHash, text: &Arc<str>) {
        // Another request may have brought it meanwhile.
        if self.texts.contains_key(&hash) {
            return;
        }
        self.came += 1;
        self.bytes += text.len();
        self.texts.insert(hash, (self.came, Arc::clone(text)));
        while self.texts.len() > limits::PERSISTED_MAX || self.bytes > limits::PERSISTED_BYTES_MAX {
            let oldest = self.texts.iter().min_by_key(|(_, (came, _))| *came);
            let Some(oldest) = oldest.map(|(hash, _)| *hash) else {
                return;
            };
            if let Some((_, gone)) = self.texts.remove(&oldest) {
                self.bytes -= gone.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_read_from_its_digits_alone() {
        // The well-known digest of the empty text.
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(DocumentHash::parse(empty), Some(DocumentHash::of("")));
        let upper = empty.to_uppercase();
        assert_eq!(DocumentHash::parse(&upper), Some(DocumentHash::of("")));
        for wrong in [
            "",
            &empty[1..],
            &format!("{empty}0"),
            &empty.replace('e', "g"),
            &format!("+{}", &empty[1..]),
            &format!("é{}", &empty[2..]),
        ] {
            assert_eq!(DocumentHash::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_oldest_go_first_and_nothing_grows_past_its_limits() {
        let persisted = Persisted::default();
        let text = |n: usize| format!("{{a{n}}}");
        let keep = |text: &str| persisted.keep(DocumentHash::of(text), text);
        let find = |text: &str| persisted.find(DocumentHash::of(text));
        for n in 0..=limits::PERSISTED_MAX {
            keep(&text(n));
            keep(&text(n));
            assert_eq!(find(&text(n)).as_deref(), Some(&*text(n)));
        }
        assert_eq!(find(&text(0)), None);
        assert!(find(&text(1)).is_some());
        assert_eq!(persisted.kept.load().texts.len(), limits::PERSISTED_MAX);

        let large = |n: usize| format!("{n:0>width$}", width = limits::QUERY_BYTES_MAX);
        for n in 0..2 * limits::PERSISTED_BYTES_MAX / limits::QUERY_BYTES_MAX {
            keep(&large(n));
            assert!(find(&large(n)).is_some());
            let kept = persisted.kept.load();
            let bytes: usize = kept.texts.values().map(|(_, text)| text.len()).sum();
            assert_eq!(kept.bytes, bytes);
            assert!(bytes <= limits::PERSISTED_BYTES_MAX, "{bytes}");
        }
    }
}
