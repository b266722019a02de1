//! Session ids that are UUIDs, printed back from their keys.

use std::fmt;

use super::IdKind;
use super::SessionKey;

/// The UUID a session's key was made of; `None` for a hashed id.
pub const fn session_uuid(session: SessionKey) -> Option<Uuid> {
    match session.kind {
        IdKind::Uuid => Some(Uuid {
            hi: session.hi,
            lo: session.lo,
        }),
        IdKind::Hashed => None,
    }
}

/// A UUID that displays in its canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uuid {
    pub(crate) hi: u64,
    pub(crate) lo: u64,
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hi, lo } = self;
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            hi >> 32,
            hi >> 16 & 0xffff,
            hi & 0xffff,
            lo >> 48,
            lo & 0xffff_ffff_ffff,
        )
    }
}
