//! One session's row.

use crate::aggregate::groups::Membership;
use crate::event::IdKind;
use crate::event::SessionKey;
use crate::time::EpochMs;

/// Where a session stands. A session that is not known has no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(in crate::aggregate) enum Phase {
    /// Connected, not disconnected.
    Open,
    /// Disconnected; remembered for the allowed lateness.
    Closed,
    /// A disconnect that waits for its connect, for the allowed lateness.
    Pending,
}

/// A session's row, one cache line. A message touches nothing but this.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(in crate::aggregate) struct Row {
    pub(super) key_hi: u64,
    pub(super) key_lo: u64,
    /// The connect's own time; without meaning in a pending row.
    pub connected: EpochMs,
    /// The disconnect's own time; without meaning in an open row.
    pub ended: EpochMs,
    /// Messages while it was open.
    pub messages: u32,
    /// The clock's minute at its latest event.
    pub seen_minute: u32,
    /// How far the connect was booked before its own time, because that was ahead of the clock.
    pub booked_back_ms: u32,
    /// The neighbours in the list the row is in; see `lists`.
    pub(super) next: u32,
    pub(super) previous: u32,
    /// The groups of its connect; without meaning in a pending row.
    pub membership: Membership,
    /// The count of losses at its latest event.
    pub loss_epoch: u16,
    pub(super) kind: IdKind,
    pub phase: Phase,
    /// Whether the connect is booked in buckets and groups: it is not after the clock was set back
    /// to before it.
    pub in_buckets: bool,
    pub in_groups: bool,
    /// Whether it was booked ahead of elapsed time, while the clock may yet be set back.
    pub is_stray: bool,
    /// Whether it is the row of a session, and not a free one.
    pub(super) is_taken: bool,
}

// The budget is 96 bytes a session with the index at its emptiest: 64 + 8 / 0.375 = 86.
const _: () = assert!(size_of::<Row>() == 64);

impl Row {
    pub(super) const fn new(key: SessionKey) -> Self {
        Self {
            key_hi: key.hi,
            key_lo: key.lo,
            connected: EpochMs::from_ms(0),
            ended: EpochMs::from_ms(0),
            messages: 0,
            seen_minute: 0,
            booked_back_ms: 0,
            next: 0,
            previous: 0,
            membership: Membership::NONE,
            loss_epoch: 0,
            is_stray: false,
            in_buckets: true,
            in_groups: true,
            kind: key.kind,
            phase: Phase::Open,
            is_taken: true,
        }
    }

    /// Whether it is the row of this session.
    pub(super) fn is(&self, key: SessionKey) -> bool {
        self.key_lo == key.lo && self.key_hi == key.hi && self.kind == key.kind && self.is_taken
    }

    pub(in crate::aggregate) const fn key(&self) -> SessionKey {
        SessionKey {
            hi: self.key_hi,
            lo: self.key_lo,
            kind: self.kind,
        }
    }

    /// The first millisecond of the minute of its latest event.
    pub(in crate::aggregate) fn last_seen(&self) -> EpochMs {
        EpochMs::from_ms(i64::from(self.seen_minute) * 60_000)
    }

    /// The time at which the connect is booked: its own, or the clock's when that was behind.
    pub(in crate::aggregate) fn booked(&self) -> EpochMs {
        self.connected - i64::from(self.booked_back_ms)
    }
}
