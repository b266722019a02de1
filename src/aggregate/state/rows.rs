//! Rows of sessions come and go: opened, closed, evicted, heard of.

use super::State;
use crate::aggregate::groups::Membership;
use crate::aggregate::sessions::Phase;
use crate::aggregate::sessions::Row;
use crate::aggregate::sessions::Slot;
use crate::aggregate::timeline::Booking;
use crate::aggregate::timeline::Ending;
use crate::aggregate::timeline::Placed;
use crate::event::Event;
use crate::time::EpochMs;

impl State {
    pub(super) fn open_new(&mut self, event: &Event, membership: Membership, placed: &Placed) {
        self.make_room();
        let (minute, epoch, is_stray) = (self.minute, self.loss_epoch, self.is_stray(placed));
        let slot = self.sessions.add(event.session, |row| {
            open(row, event.time, membership, placed, minute, epoch);
            row.set(Row::IS_STRAY, is_stray);
        });
        self.activate(slot, event.time, membership, placed);
    }

    /// Opens a session that counts in no window.
    pub(super) fn open_carried(&mut self, event: &Event, membership: Membership) {
        self.make_room();
        let (minute, epoch) = (self.minute, self.loss_epoch);
        let slot = self.sessions.add(event.session, |row| {
            row.connected = event.time;
            row.membership = membership;
            row.seen_minute = minute;
            row.loss_epoch = epoch;
            row.set(Row::IN_BUCKETS, false);
            row.set(Row::IN_GROUPS, false);
        });
        self.live.open_carried(membership);
        if let Some(hold) = &mut self.hold {
            hold.timeline.open_carried(membership);
        }
        if let Some(longest) = &mut self.longest {
            longest.insert(membership, event.time, slot);
        }
    }

    /// Begins a new session in a row that holds another of the same key.
    pub(super) fn reopen(
        &mut self,
        slot: Slot,
        event: &Event,
        membership: Membership,
        placed: &Placed,
    ) {
        let (minute, epoch, is_stray) = (self.minute, self.loss_epoch, self.is_stray(placed));
        self.sessions.refill(slot, |row| {
            open(row, event.time, membership, placed, minute, epoch);
            row.set(Row::IS_STRAY, is_stray);
        });
        self.activate(slot, event.time, membership, placed);
    }

    pub(super) fn close(&mut self, slot: Slot, row: &Row, ended: EpochMs) {
        self.book(&Ending {
            membership: row.membership,
            connected: Booking::of(row),
            is_stray: row.has(Row::IS_STRAY),
            ended: ended.min(self.clock()),
            duration_ms: ended.since(row.connected),
            messages: row.messages,
            is_unanswered: row.awaiting_since().is_some(),
            is_never_answered: row.awaiting_since().is_some() && !row.has_reply(),
            was_open: true,
            was_certain: row.loss_epoch == self.loss_epoch,
        });
        self.stop_waiting(slot, row);
        self.discount(row);
        if let Some(longest) = &mut self.longest {
            longest.remove(row.membership, row.connected, slot);
        }
        if self.sessions.is_expired(ended) {
            self.sessions.remove(slot);
        } else {
            self.sessions
                .refill(slot, |row| row.end(Phase::Closed, ended));
        }
    }

    pub(super) fn evict_open(&mut self, slot: Slot) {
        let row = *self.sessions.row(slot);
        if let Some(desk) = &mut self.desk
            && !desk.is_empty()
        {
            desk.forget(row.key());
        }
        self.deactivate(slot, &row);
        self.discount(&row);
        self.sessions.remove(slot);
    }

    /// Lets a row go when the table is full.
    pub(super) fn make_room(&mut self) {
        while self.sessions.is_full() {
            let Some(slot) = self.sessions.victim() else {
                return;
            };
            match self.sessions.row(slot).phase {
                Phase::Open => {
                    self.counters.evicted_open += 1;
                    self.evict_open(slot);
                }
                Phase::Closed => {
                    self.counters.evicted_closed += 1;
                    self.sessions.remove(slot);
                }
                Phase::Pending => self.evict_pending(slot),
            }
        }
    }

    /// Makes room for a pending row among the pending ones only: a flood of disconnects without
    /// connects evicts nobody else. `false` when that is not enough.
    pub(super) fn make_room_for_pending(&mut self) -> bool {
        while self.sessions.is_full_of_pending() || self.sessions.is_full() {
            let Some(slot) = self.sessions.pending_victim() else {
                self.counters.evicted_pending += 1;
                return false;
            };
            self.evict_pending(slot);
        }
        true
    }

    pub(super) fn evict_pending(&mut self, slot: Slot) {
        self.counters.evicted_pending += 1;
        self.counters.orphans += 1;
        self.sessions.remove(slot);
    }

    /// Notes that something of this session was seen now.
    pub(super) fn touch(&mut self, slot: Slot) {
        let (minute, epoch) = (self.minute, self.loss_epoch);
        let row = self.sessions.row_mut(slot);
        row.seen_minute = minute;
        if row.phase != Phase::Open {
            return;
        }
        if let Some(longest) = &mut self.longest {
            longest.touch(row.membership);
        }
        if row.loss_epoch != epoch {
            self.assure(slot);
        }
    }

    /// Something is heard of an open session for the first time since the latest gap began.
    #[cold]
    pub(super) fn assure(&mut self, slot: Slot) {
        let row = self.sessions.row_mut(slot);
        row.loss_epoch = self.loss_epoch;
        self.open_uncertain -= 1;
        let membership = row.membership;
        self.live.assure(membership);
        if let Some(hold) = &mut self.hold {
            hold.timeline.assure(membership);
        }
    }

    /// Takes an open row that is about to go out of the uncertain ones.
    pub(super) fn discount(&mut self, row: &Row) {
        self.open_uncertain -= u64::from(row.loss_epoch != self.loss_epoch);
    }
}

/// Makes a row an open session.
fn open(
    row: &mut Row,
    connected: EpochMs,
    membership: Membership,
    placed: &Placed,
    minute: u32,
    loss_epoch: u16,
) {
    row.begin();
    row.connected = connected;
    row.messages = 0;
    row.seen_minute = minute;
    row.booked_back_ms = placed.ahead_ms;
    row.membership = membership;
    row.loss_epoch = loss_epoch;
    row.set(Row::IN_BUCKETS | Row::IN_GROUPS, true);
}
