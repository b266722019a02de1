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
    /// The disconnect's own time; of an open row the newest message of its guest or of an agent, the
    /// epoch before there is one.
    latest: EpochMs,
    /// Messages while it was open.
    pub messages: u32,
    /// The clock's minute at its latest event.
    pub seen_minute: u32,
    /// How far the connect was booked before its own time, because that was ahead of the clock.
    pub booked_back_ms: u32,
    /// The neighbours in the list the row is in; see `lists`.
    pub(super) next: u32,
    pub(super) previous: u32,
    /// The groups of its connect; none of a row that is not open.
    pub membership: Membership,
    /// While its guest waits for a reply: how long before `latest` that began, in milliseconds;
    /// [`NOBODY_WAITS`] else.
    waited_ms: u32,
    /// The count of losses at its latest event.
    pub loss_epoch: u16,
    pub phase: Phase,
    /// [`Row::IN_BUCKETS`] and its like.
    flags: u8,
}

/// [`Row::waited_ms`] where nobody waits for a reply.
const NOBODY_WAITS: u32 = u32::MAX;
/// What a guest has waited at the most when the newest message comes: 49.7 days. One who goes on
/// writing for longer has waited so long.
const WAITED_MAX: u32 = NOBODY_WAITS - 1;

// The budget is 96 bytes a session with the index at its emptiest: 64 + 8 / 0.375 = 86.
const _: () = assert!(size_of::<Row>() == 64);

impl Row {
    /// Its id is hashed: [`IdKind::Hashed`].
    const IS_HASHED: u8 = IdKind::Hashed as u8;
    /// The connect is booked in buckets: it is not after the clock was set back to before it.
    pub(in crate::aggregate) const IN_BUCKETS: u8 = 2;
    /// The connect is booked in groups, likewise.
    pub(in crate::aggregate) const IN_GROUPS: u8 = 4;
    /// It was booked ahead of elapsed time, while the clock may yet be set back.
    pub(in crate::aggregate) const IS_STRAY: u8 = 8;
    /// It is the row of a session, and not a free one.
    pub(super) const IS_TAKEN: u8 = 16;
    /// Its guest had a reply.
    const HAS_REPLY: u8 = 32;
    /// Its source knows of legs, and it was not offered to a queue or an agent yet.
    pub(in crate::aggregate) const IS_BEFORE_QUEUE: u8 = 64;

    pub(super) const fn new(key: SessionKey) -> Self {
        Self {
            key_hi: key.hi,
            key_lo: key.lo,
            connected: EpochMs::from_ms(0),
            latest: EpochMs::from_ms(0),
            messages: 0,
            seen_minute: 0,
            booked_back_ms: 0,
            next: 0,
            previous: 0,
            membership: Membership::NONE,
            waited_ms: NOBODY_WAITS,
            loss_epoch: 0,
            phase: Phase::Open,
            flags: Self::IN_BUCKETS | Self::IN_GROUPS | Self::IS_TAKEN | key.kind as u8,
        }
    }

    /// Whether a flag is set.
    #[inline]
    pub(in crate::aggregate) const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Sets a flag, or takes it away.
    #[inline]
    pub(in crate::aggregate) const fn set(&mut self, flag: u8, is_set: bool) {
        self.flags &= !flag;
        if is_set {
            self.flags |= flag;
        }
    }

    /// The disconnect's own time; without meaning in an open row.
    pub(in crate::aggregate) const fn ended(&self) -> EpochMs {
        self.latest
    }

    /// Makes it a row with a disconnect.
    pub(in crate::aggregate) const fn end(&mut self, phase: Phase, ended: EpochMs) {
        self.phase = phase;
        self.latest = ended;
        // Its groups may be freed before it goes.
        self.membership = Membership::NONE;
        self.waited_ms = NOBODY_WAITS;
    }

    /// Makes it an open row of which no message has come.
    pub(in crate::aggregate) const fn begin(&mut self) {
        self.phase = Phase::Open;
        self.latest = EpochMs::from_ms(0);
        self.waited_ms = NOBODY_WAITS;
        self.set(Self::HAS_REPLY | Self::IS_BEFORE_QUEUE, false);
    }

    // Waiting for a reply, in an open row.

    /// The newest message of its guest or of an agent; the epoch before there is one.
    #[inline]
    pub(in crate::aggregate) const fn newest_message(&self) -> EpochMs {
        self.latest
    }

    /// Takes a message that is not older than the newest one.
    #[inline]
    pub(in crate::aggregate) fn see_message(&mut self, time: EpochMs) {
        if self.waited_ms != NOBODY_WAITS {
            let more = u32::try_from(time.since(self.latest)).unwrap_or(u32::MAX);
            self.waited_ms = self.waited_ms.saturating_add(more).min(WAITED_MAX);
        }
        self.latest = time;
    }

    /// Since when its guest waits for a reply; `None` while nobody does.
    #[inline]
    pub(in crate::aggregate) fn awaiting_since(&self) -> Option<EpochMs> {
        let is_awaiting = self.waited_ms != NOBODY_WAITS && self.phase == Phase::Open;
        is_awaiting.then(|| self.latest - i64::from(self.waited_ms))
    }

    /// Its guest waits from the newest message on.
    pub(in crate::aggregate) const fn await_reply(&mut self) {
        self.waited_ms = 0;
    }

    /// Its guest has a reply.
    pub(in crate::aggregate) const fn take_reply(&mut self) {
        self.waited_ms = NOBODY_WAITS;
        self.set(Self::HAS_REPLY, true);
    }

    /// Whether its guest ever had a reply.
    pub(in crate::aggregate) const fn has_reply(&self) -> bool {
        self.has(Self::HAS_REPLY)
    }

    /// A row of a session, of which nothing has come.
    #[cfg(test)]
    pub(in crate::aggregate) const fn of_key(key: SessionKey) -> Self {
        Self::new(key)
    }

    /// Whether it is the row of this session.
    pub(super) fn is(&self, key: SessionKey) -> bool {
        let flags = self.flags & (Self::IS_TAKEN | Self::IS_HASHED);
        self.key_lo == key.lo && self.key_hi == key.hi && flags == Self::IS_TAKEN | key.kind as u8
    }

    pub(in crate::aggregate) const fn key(&self) -> SessionKey {
        SessionKey {
            hi: self.key_hi,
            lo: self.key_lo,
            kind: match self.has(Self::IS_HASHED) {
                true => IdKind::Hashed,
                false => IdKind::Uuid,
            },
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
        let flag = |own: u8, flag: u16| if self.has(own) { flag } else { 0 };
        let [queue, deployment] = self.membership.plain();
        image::Row {
            slot,
            key: [self.key_hi, self.key_lo],
            connected_ms: self.connected.ms(),
            latest_ms: self.latest.ms(),
            messages: self.messages,
            seen_minute: self.seen_minute,
            booked_back_ms: self.booked_back_ms,
            waited_ms: self.waited_ms,
            next: self.next,
            previous: self.previous,
            queue,
            deployment,
            loss_epoch: self.loss_epoch,
            flags: self.phase as u16
                | flag(Self::IS_HASHED, image::Row::IS_HASHED)
                | flag(Self::IN_BUCKETS, image::Row::IN_BUCKETS)
                | flag(Self::IN_GROUPS, image::Row::IN_GROUPS)
                | flag(Self::IS_STRAY, image::Row::IS_STRAY)
                | flag(Self::HAS_REPLY, image::Row::HAS_REPLY)
                | flag(Self::IS_BEFORE_QUEUE, image::Row::IS_BEFORE_QUEUE),
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
        let mut row = Self {
            connected: EpochMs::from_ms(plain.connected_ms),
            latest: EpochMs::from_ms(plain.latest_ms),
            messages: plain.messages,
            seen_minute: plain.seen_minute,
            booked_back_ms: plain.booked_back_ms,
            waited_ms: plain.waited_ms,
            next: plain.next,
            previous: plain.previous,
            membership: Membership::of_plain([plain.queue, plain.deployment]),
            loss_epoch: plain.loss_epoch,
            phase: *phase.ok_or(ImageFault::damaged("a session in no phase"))?,
            ..Self::new(SessionKey { hi, lo, kind })
        };
        for (own, flag) in [
            (Self::IN_BUCKETS, image::Row::IN_BUCKETS),
            (Self::IN_GROUPS, image::Row::IN_GROUPS),
            (Self::IS_STRAY, image::Row::IS_STRAY),
            (Self::HAS_REPLY, image::Row::HAS_REPLY),
            (Self::IS_BEFORE_QUEUE, image::Row::IS_BEFORE_QUEUE),
        ] {
            row.set(own, plain.has(flag));
        }
        Ok(row)
    }
}
