//! Reduces ids to fixed-size keys: sessions to 128 bits and a kind, messages to a fingerprint.
//!
//! A canonical lower-case UUID is its own 128 bits and can be printed back. Anything else is hashed
//! under the keys of the engine, so that nobody who does not know them can make two ids meet.

use std::hash::Hasher;

use siphasher::sip128::Hasher128;
use siphasher::sip128::SipHasher13;

use crate::config::limits::ID_BYTES_MAX;
use crate::event::IdKeys;
use crate::event::IdKind;
use crate::event::Identity;
use crate::event::LegKey;
use crate::event::SessionKey;
use crate::time::EpochMs;

/// Makes keys of ids.
pub(super) struct Ids {
    keys: IdKeys,
    sessions: SipHasher13,
    messages: SipHasher13,
}

/// What a message's identity is made of; part of what is hashed, so that two sources never meet
/// other than by chance.
#[derive(Clone, Copy)]
#[repr(u64)]
enum Source {
    Sequence = 0,
    UuidMessageId = 2,
    HashedMessageId = 4,
    SourcedId = 6,
}

/// The text of an id that is not empty, its form known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Id<'text> {
    /// A canonical lower-case UUID.
    Uuid { hi: u64, lo: u64 },
    /// UTF-8 that is none.
    Other(&'text [u8]),
}

impl<'text> Id<'text> {
    /// The id that `text`, which is UTF-8, writes.
    pub(super) fn of(text: &'text [u8]) -> Self {
        let uuid = text.try_into().ok().and_then(Self::uuid);
        uuid.unwrap_or(Self::Other(text))
    }

    /// The id that `text` writes if it is a canonical UUID: `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`.
    #[inline(always)]
    pub(super) fn uuid(text: &[u8; 36]) -> Option<Self> {
        let (hi, lo) = uuid_bits(text)?;
        Some(Self::Uuid { hi, lo })
    }
}

/// The key that a session's id has under these keys; `None` for what no session can be called.
pub fn session_key(keys: IdKeys, id: &str) -> Option<SessionKey> {
    let is_given = !id.is_empty();
    is_given
        .then(|| Ids::new(keys).session(Id::of(id.as_bytes())))
        .flatten()
}

impl Ids {
    pub(super) fn new(keys: IdKeys) -> Self {
        let IdKeys([k0, k1, k2, k3]) = keys;
        Self {
            keys,
            sessions: SipHasher13::new_with_keys(k0, k1),
            messages: SipHasher13::new_with_keys(k2, k3),
        }
    }

    /// The key of a session id; `None` when it is too long or holds control characters.
    #[inline]
    pub(super) fn session(&self, id: Id<'_>) -> Option<SessionKey> {
        let text = match id {
            Id::Uuid { hi, lo } => {
                let kind = IdKind::Uuid;
                return Some(SessionKey { hi, lo, kind });
            }
            Id::Other(text) => text,
        };
        let hash = within_limits(text).then(|| self.sessions.hash(text))?;
        Some(SessionKey {
            hi: hash.h1,
            lo: hash.h2,
            kind: IdKind::Hashed,
        })
    }

    /// The identity of a message that has an id; `None` when the id is out of its limits.
    #[inline(always)]
    pub(super) fn of_message_id(
        &self,
        session: SessionKey,
        time: EpochMs,
        id: Id<'_>,
    ) -> Option<Identity> {
        let text = match id {
            Id::Uuid { hi, lo } => {
                return Some(self.identity(session, time, Source::UuidMessageId, hi, lo));
            }
            Id::Other(text) => text,
        };
        let hash = within_limits(text).then(|| self.messages.hash(text))?;
        Some(self.identity(session, time, Source::HashedMessageId, hash.h1, hash.h2))
    }

    /// The identity of a message whose id is unique within its source alone; `None` when one of both is
    /// out of its limits.
    pub(super) fn of_sourced_id(
        &self,
        session: SessionKey,
        time: EpochMs,
        source: &[u8],
        id: &[u8],
    ) -> Option<Identity> {
        if !within_limits(source) || !within_limits(id) {
            return None;
        }
        let mut hasher = self.messages;
        hasher.write_usize(source.len());
        hasher.write(source);
        hasher.write(id);
        let hash = hasher.finish128();
        Some(self.identity(session, time, Source::SourcedId, hash.h1, hash.h2))
    }

    /// The identity of a message that is only numbered.
    pub(super) fn of_sequence(&self, session: SessionKey, time: EpochMs, seq: u64) -> Identity {
        self.identity(session, time, Source::Sequence, seq, 0)
    }

    /// The key of a leg's session id; none of an empty one, and of one out of its limits.
    pub(super) fn leg(&self, id: &str) -> LegKey {
        if id.is_empty() {
            return LegKey::NONE;
        }
        let words = match Id::of(id.as_bytes()) {
            Id::Uuid { hi, lo } => Some((hi, lo)),
            Id::Other(text) => within_limits(text).then(|| {
                let hash = self.messages.hash(text);
                (hash.h1, hash.h2)
            }),
        };
        let IdKeys([k0, _, k2, _]) = self.keys;
        words.map_or(LegKey::NONE, |(hi, lo)| {
            LegKey::from_hash(fold(hi ^ k0, lo ^ k2))
        })
    }

    fn identity(
        &self,
        session: SessionKey,
        time: EpochMs,
        source: Source,
        hi: u64,
        lo: u64,
    ) -> Identity {
        let IdKeys([k0, k1, k2, k3]) = self.keys;
        let tag = source as u64 + session.kind as u64;
        let mixed = fold(session.hi ^ k0, session.lo ^ k1);
        let mixed = fold(mixed ^ time.ms().cast_unsigned(), tag ^ k2);
        let mixed = fold(mixed ^ hi, lo ^ k3);
        Identity::from_hash(fold(mixed ^ k1, k2 | 1))
    }
}

/// Both halves of the 128-bit product, xored: a fast keyed mix of two words.
/// Source: wyhash, by Wang Yi; foldhash, by Orson Peters.
fn fold(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    let (high, low) = halves(product);
    high ^ low
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "each half is cut out on purpose"
)]
const fn halves(value: u128) -> (u64, u64) {
    ((value >> 64) as u64, value as u64)
}

/// Whether a text is short enough and holds no control character.
pub(super) fn within_limits(id: &[u8]) -> bool {
    id.len() <= ID_BYTES_MAX && !id.iter().any(u8::is_ascii_control)
}

/// The bits of a canonical lower-case UUID. Written so that all digits are worked on at once.
#[inline(always)]
fn uuid_bits(text: &[u8; 36]) -> Option<(u64, u64)> {
    let mut digits = [0; 32];
    for (from, to, length) in [(0, 0, 8), (9, 8, 4), (14, 12, 4), (19, 16, 4), (24, 20, 12)] {
        digits[to..to + length].copy_from_slice(&text[from..from + length]);
    }
    let mut odd = 0;
    for digit in &mut digits {
        let (decimal, letter) = (digit.wrapping_sub(b'0'), digit.wrapping_sub(b'a'));
        odd |= u8::from(decimal > 9) & u8::from(letter > 5);
        *digit = if decimal > 9 {
            letter.wrapping_add(10)
        } else {
            decimal
        };
    }
    for dash in [8, 13, 18, 23] {
        odd |= text[dash] ^ b'-';
    }
    let (words, _) = digits.as_chunks::<8>();
    let [first, second, third, fourth] = words else {
        unreachable!("32 digits are four words")
    };
    (odd == 0).then(|| {
        (
            joined(first) << 32 | joined(second),
            joined(third) << 32 | joined(fourth),
        )
    })
}

/// The number that eight hexadecimal digits make, the first one the highest.
#[inline(always)]
fn joined(digits: &[u8; 8]) -> u64 {
    // Neighbours meet twice; then the first digit stands in the lowest byte.
    let digits = u64::from_le_bytes(*digits);
    let bytes = (digits << 4 | digits >> 8) & 0x00ff_00ff_00ff_00ff;
    let words = (bytes | bytes >> 8) & 0x0000_ffff_0000_ffff;
    let joined = (words | words >> 16) & 0xffff_ffff;
    joined.swap_bytes() >> 32
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;
    use crate::event::Uuid;
    use crate::event::session_uuid;

    const CANONICAL: &str = "0123abcd-4567-89ef-8123-456789abcdef";

    fn ids() -> Ids {
        Ids::new(IdKeys::FIXED)
    }

    fn session_of(id: &str) -> Option<SessionKey> {
        ids().session(Id::of(id.as_bytes()))
    }

    fn uuid_bits(text: &str) -> Option<(u64, u64)> {
        super::uuid_bits(text.as_bytes().try_into().ok()?)
    }

    #[test]
    fn a_canonical_uuid_is_its_bits() {
        let session = session_of(CANONICAL).unwrap();
        assert_eq!(session.kind, IdKind::Uuid);
        assert_eq!(
            (session.hi, session.lo),
            (0x0123_abcd_4567_89ef, 0x8123_4567_89ab_cdef)
        );
        assert_eq!(session_uuid(session).unwrap().to_string(), CANONICAL);
    }

    #[test]
    fn each_byte_of_a_uuid_is_checked() {
        for index in 0..CANONICAL.len() {
            for byte in 0..0x80_u8 {
                let mut text = CANONICAL.as_bytes().to_vec();
                text[index] = byte;
                let text = String::from_utf8(text).unwrap();
                let is_dash = [8, 13, 18, 23].contains(&index);
                let fits = match byte {
                    b'-' => is_dash,
                    b'0'..=b'9' | b'a'..=b'f' => !is_dash,
                    _ => false,
                };
                assert_eq!(uuid_bits(&text).is_some(), fits, "{text}");
            }
        }
        assert_eq!(uuid_bits("0123abcd-4567-89ef-8123-456789abcde\u{e9}"), None);
    }

    #[test]
    fn other_ids_are_hashed_under_the_keys() {
        let upper = CANONICAL.to_uppercase();
        let mut seen = HashSet::new();
        for id in ["a", "b", "A", upper.as_str(), "{0123}", "\u{e9}"] {
            let session = session_of(id).unwrap();
            assert_eq!(session.kind, IdKind::Hashed, "{id}");
            assert_eq!(session_uuid(session), None, "{id}");
            assert_eq!(session_of(id), Some(session), "{id}: the same each time");
            assert!(seen.insert(session), "{id}");
        }
        let other = Ids::new(IdKeys([1, 2, 3, 4]));
        assert_ne!(other.session(Id::of(b"a")), session_of("a"));
    }

    #[test]
    fn ids_have_limits() {
        let longest = "x".repeat(ID_BYTES_MAX);
        assert!(session_of(&longest).is_some());
        assert!(session_of(&(longest + "x")).is_none());
        for bad in ["a\0", "\n", "\u{1f}", "x\u{7f}"] {
            assert!(session_of(bad).is_none(), "{bad:?}");
        }
        assert!(session_of("\u{80}\u{9f} ").is_some());
    }

    #[test]
    fn every_part_of_an_identity_counts() {
        let ids = ids();
        let uuid = session_of(CANONICAL).unwrap();
        let twin = SessionKey {
            kind: IdKind::Hashed,
            ..uuid
        };
        let mut seen = HashSet::new();
        for session in [uuid, twin, session_of("a").unwrap()] {
            for time in [0, 1, 1_768_478_400_000].map(EpochMs::from_ms) {
                for seq in [0, 1, u64::MAX] {
                    assert!(seen.insert(ids.of_sequence(session, time, seq)));
                }
                for id in ["0", "1", "m-1", CANONICAL] {
                    assert!(
                        seen.insert(
                            ids.of_message_id(session, time, Id::of(id.as_bytes()))
                                .unwrap()
                        )
                    );
                }
                // The same two words from three sources.
                let (hi, lo) = (7, 0);
                for source in [Source::UuidMessageId, Source::HashedMessageId] {
                    assert!(seen.insert(ids.identity(session, time, source, hi, lo)));
                }
                assert!(seen.insert(ids.of_sequence(session, time, hi)));
            }
        }
        assert!(seen.iter().all(|identity| *identity != Identity::NONE));
    }

    #[test]
    fn identities_of_a_busy_session_do_not_meet() {
        let ids = ids();
        let session = session_of(CANONICAL).unwrap();
        let mut seen = HashSet::new();
        for ms in 0..100 {
            for seq in 0..1_000 {
                seen.insert(ids.of_sequence(session, EpochMs::from_ms(ms), seq));
            }
        }
        assert_eq!(seen.len(), 100_000);
    }

    proptest! {
        #[test]
        fn uuids_round_trip(hi: u64, lo: u64) {
            let uuid = Uuid { hi, lo };
            prop_assert_eq!(uuid_bits(&uuid.to_string()), Some((hi, lo)));
        }
    }
}
