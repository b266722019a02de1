//! One session's row.

use crate::aggregate::groups::Membership;
use crate::aggregate::image;
use crate::aggregate::image::ImageFault;
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

    /// The row as an image holds it.
    pub(super) fn plain(&self, slot: u32) -> image::Row {
        let flag = |is_set: bool, flag: u16| if is_set { flag } else { 0 };
        let [queue, deployment] = self.membership.plain();
        image::Row {
            slot,
            key: [self.key_hi, self.key_lo],
            connected_ms: self.connected.ms(),
            ended_ms: self.ended.ms(),
            messages: self.messages,
            seen_minute: self.seen_minute,
            booked_back_ms: self.booked_back_ms,
            next: self.next,
            previous: self.previous,
            queue,
            deployment,
            loss_epoch: self.loss_epoch,
            flags: self.phase as u16
                | flag(self.kind == IdKind::Hashed, image::Row::IS_HASHED)
                | flag(self.in_buckets, image::Row::IN_BUCKETS)
                | flag(self.in_groups, image::Row::IN_GROUPS)
                | flag(self.is_stray, image::Row::IS_STRAY),
        }
    }

    /// The row that an image holds.
    pub(super) fn of_plain(plain: &image::Row) -> Result<Self, ImageFault> {
        let kind = match plain.has(image::Row::IS_HASHED) {
            true => IdKind::Hashed,
            false => IdKind::Uuid,
        };
        let [hi, lo] = plain.key;
        let phases = [Phase::Open, Phase::Closed, Phase::Pending];
        let phase = phases.get(usize::from(plain.flags & image::Row::PHASE));
        Ok(Self {
            connected: EpochMs::from_ms(plain.connected_ms),
            ended: EpochMs::from_ms(plain.ended_ms),
            messages: plain.messages,
            seen_minute: plain.seen_minute,
            booked_back_ms: plain.booked_back_ms,
            next: plain.next,
            previous: plain.previous,
            membership: Membership::of_plain([plain.queue, plain.deployment]),
            loss_epoch: plain.loss_epoch,
            phase: *phase.ok_or(ImageFault::damaged("a session in no phase"))?,
            in_buckets: plain.has(image::Row::IN_BUCKETS),
            in_groups: plain.has(image::Row::IN_GROUPS),
            is_stray: plain.has(image::Row::IS_STRAY),
            ..Self::new(SessionKey { hi, lo, kind })
        })
    }
}
