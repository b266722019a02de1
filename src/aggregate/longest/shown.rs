//! A session's id as it is shown, in the order of its text, without making the text.

use std::cmp::Ordering;
use std::fmt;
use std::io::Write;
use std::sync::Arc;

use crate::aggregate::sessions::Row;
use crate::event::Uuid;
use crate::event::session_uuid;

/// An id. Ordered like the UTF-8 bytes of what it displays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown<'ids> {
    /// A UUID in its canonical form.
    Uuid(u64, u64),
    /// An id that was kept as the stream spelt it.
    Kept(&'ids Arc<str>),
    /// `#` and a number in hexadecimal.
    Number(u64, u64),
}

impl<'ids> Shown<'ids> {
    /// The id of a row's session, where `kept` is what was kept of it.
    pub(super) fn new(row: &Row, kept: Option<&'ids Arc<str>>) -> Self {
        let key = row.key();
        match (session_uuid(key), kept) {
            (Some(_), _) => Self::Uuid(key.hi, key.lo),
            (None, Some(kept)) => Self::Kept(kept),
            (None, None) => Self::Number(key.hi, key.lo),
        }
    }

    /// Its text.
    pub(super) fn text(self) -> Arc<str> {
        match self {
            Self::Kept(kept) => Arc::clone(kept),
            made => Arc::from(made.to_string()),
        }
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Uuid(hi, lo) => Uuid { hi, lo }.fmt(f),
            Self::Kept(kept) => f.write_str(kept),
            Self::Number(hi, lo) => write!(f, "#{hi:016x}{lo:016x}"),
        }
    }
}

impl Ord for Shown<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (*self, *other) {
            // Digits stand in the same places.
            (Self::Uuid(hi, lo), Self::Uuid(other_hi, other_lo))
            | (Self::Number(hi, lo), Self::Number(other_hi, other_lo)) => {
                (hi, lo).cmp(&(other_hi, other_lo))
            }
            (Self::Kept(own), Self::Kept(other)) => own.cmp(other),
            (own, other) => {
                let (mut left, mut right) = ([0; TEXT_BYTES], [0; TEXT_BYTES]);
                own.bytes(&mut left).cmp(other.bytes(&mut right))
            }
        }
    }
}

impl PartialOrd for Shown<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Bytes of the longest text that is made: a UUID has 36.
const TEXT_BYTES: usize = 36;

impl<'ids> Shown<'ids> {
    /// Its text, made in `room` where it is not kept.
    fn bytes<'room>(self, room: &'room mut [u8; TEXT_BYTES]) -> &'room [u8]
    where
        'ids: 'room,
    {
        if let Self::Kept(kept) = self {
            return kept.as_bytes();
        }
        let mut left = &mut room[..];
        // It always fits.
        let _ = write!(left, "{self}");
        let length = TEXT_BYTES - left.len();
        &room[..length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_ordered_like_their_texts() {
        let kept: Vec<Arc<str>> = [
            "",
            "#",
            "0",
            "00000000-0000-0000-0000-000000000001z",
            "a",
            "é",
            "zz",
        ]
        .map(Arc::from)
        .to_vec();
        let mut all: Vec<Shown<'_>> = kept.iter().map(Shown::Kept).collect();
        for number in [0, 1, 9, 0xa0, u64::MAX, 0xabcd << 48] {
            all.extend([Shown::Uuid(number, 7), Shown::Uuid(7, number)]);
            all.extend([Shown::Number(number, 7), Shown::Number(7, number)]);
        }
        for one in &all {
            for other in &all {
                let texts = one.to_string().cmp(&other.to_string());
                assert_eq!(one.cmp(other), texts, "{one} and {other}");
            }
        }
    }
}
