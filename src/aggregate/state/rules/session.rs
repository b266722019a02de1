//! The table of sessions: what a message, a connect and a disconnect do to a session's row.
//!
//! A session is a connect and the first disconnect at or after it. Its row is absent, open, closed
//! or pending; every branch below is a line of that table, in arrival order.

use super::reply::Turn;
use crate::aggregate::sessions::Hint;
use crate::aggregate::sessions::Phase;
use crate::aggregate::sessions::Row;
use crate::aggregate::sessions::Slot;
use crate::aggregate::state::State;
use crate::aggregate::timeline::Booking;
use crate::aggregate::timeline::Ending;
use crate::aggregate::timeline::Placed;
use crate::config::limits;
use crate::event::Event;
use crate::event::EventKind;
use crate::time::EpochMs;
use crate::window::BucketIndex;

/// Each of the first three answers whether the event is new: `false` is a duplicate.
impl State {
    pub(in crate::aggregate::state) fn message(
        &mut self,
        event: &Event,
        hint: Hint,
        bucket: BucketIndex,
        placed: &Placed,
    ) -> bool {
        let found = self.sessions.find(event.session, hint);
        if let Some(slot) = found {
            self.touch(slot);
        }
        if let Some(fingerprint) = event.identity.fingerprint()
            && !self.dedup.insert(bucket, fingerprint)
        {
            return false;
        }
        let mut membership = None;
        if let Some(slot) = found {
            let row = self.sessions.row_mut(slot);
            if row.phase == Phase::Open {
                row.messages = row.messages.saturating_add(1);
                membership = Some(row.membership);
                let turn = Turn::of(row, event.actor, event.time);
                if turn != Turn::Same {
                    self.take_turn(slot, turn, event.time, placed);
                }
            }
        }
        self.live.message(event, membership, placed);
        if let Some(hold) = &mut self.hold {
            hold.timeline.message(event, membership, placed);
        }
        true
    }

    pub(in crate::aggregate::state) fn connect(
        &mut self,
        event: &Event,
        hint: Hint,
        placed: &Placed,
    ) -> bool {
        let is_known = event.is_of_conversation() && !self.start_conversation(event);
        let Some(slot) = self.sessions.find(event.session, hint) else {
            if is_known {
                return false;
            }
            let named = self.membership(event);
            self.count_connection(named, placed);
            let membership = self.membership_by_facts(event, named);
            self.open_new(event, membership, placed);
            if event.is_of_conversation() {
                self.heed_known_legs(event.session);
                self.close_if_ended(event);
            }
            return true;
        };
        self.touch(slot);
        if is_known {
            return false;
        }
        let row = *self.sessions.row(slot);
        let time = event.time;
        if matches!(row.phase, Phase::Open | Phase::Closed) && time == row.connected {
            return false;
        }
        let named = self.membership(event);
        self.count_connection(named, placed);
        let membership = self.membership_by_facts(event, named);
        match row.phase {
            Phase::Open if time > row.connected => {
                self.counters.reconnects += 1;
                self.deactivate(slot, &row);
                self.reopen(slot, event, membership, placed);
            }
            Phase::Closed if time >= row.ended() => self.reopen(slot, event, membership, placed),
            Phase::Open | Phase::Closed => self.counters.stale += 1,
            Phase::Pending if time <= row.ended() => {
                self.book(&Ending {
                    membership,
                    connected: Booking::new(placed.time),
                    is_stray: false,
                    ended: row.ended().min(self.clock()),
                    duration_ms: row.ended().since(time),
                    messages: 0,
                    is_unanswered: false,
                    is_never_answered: false,
                    was_open: false,
                    was_certain: false,
                });
                self.sessions.refill(slot, |row| {
                    row.phase = Phase::Closed;
                    row.connected = time;
                });
            }
            Phase::Pending => {
                self.counters.orphans += 1;
                self.reopen(slot, event, membership, placed);
            }
        }
        if event.is_of_conversation() {
            self.heed_known_legs(event.session);
        }
        true
    }

    pub(in crate::aggregate::state) fn disconnect(
        &mut self,
        event: &Event,
        hint: Hint,
        placed: &Placed,
    ) -> bool {
        let is_known = !self.end_conversation(event);
        let Some(slot) = self.sessions.find(event.session, hint) else {
            if event.is_of_conversation() && is_known {
                return false;
            }
            self.disconnect_unknown(event, placed);
            return true;
        };
        self.touch(slot);
        let row = *self.sessions.row(slot);
        if event.is_of_conversation() && is_known {
            // Its row may have been forgotten since, and opened by a connect that came after that.
            if row.phase == Phase::Open && event.time >= row.connected {
                self.close(slot, &row, event.time);
            }
            return false;
        }
        match row.phase {
            Phase::Open => self.disconnect_open(slot, &row, event.time),
            Phase::Closed | Phase::Pending if event.time == row.ended() => return false,
            Phase::Closed | Phase::Pending => self.counters.orphans += 1,
        }
        true
    }

    fn disconnect_open(&mut self, slot: Slot, row: &Row, ended: EpochMs) {
        if row.connected.since(ended) > limits::DISCONNECT_SKEW_MS.unsigned_abs() {
            self.counters.orphans += 1;
            return;
        }
        self.counters.clock_skew += u64::from(ended < row.connected);
        self.close(slot, row, ended);
    }

    /// A disconnect of a session that has no row: it waits for its connect, unless it says itself
    /// how long the session was.
    fn disconnect_unknown(&mut self, event: &Event, placed: &Placed) {
        let ended = event.time;
        let is_expired = self.sessions.is_expired(ended);
        if let Some(duration_ms) = event.own_duration_ms() {
            self.counters.recovered += 1;
            let connected = EpochMs::from_ms((ended - i64::from(duration_ms)).ms().max(0));
            // There is no connect whose groups it could belong to.
            let membership = self.membership(event);
            self.book(&Ending {
                membership,
                connected: Booking::new(connected.min(self.clock())),
                is_stray: false,
                ended: placed.time,
                duration_ms: ended.since(connected),
                messages: 0,
                is_unanswered: false,
                is_never_answered: false,
                was_open: false,
                was_certain: false,
            });
            if !is_expired {
                self.make_room();
                self.sessions.add(event.session, |row| {
                    row.connected = connected;
                    row.end(Phase::Closed, ended);
                });
            }
        } else if is_expired || !self.make_room_for_pending() {
            self.counters.orphans += 1;
        } else {
            self.sessions
                .add(event.session, |row| row.end(Phase::Pending, ended));
        }
    }

    /// A late event changes nothing, except that a disconnect still closes the open session it fits.
    pub(in crate::aggregate::state) fn apply_late(&mut self, event: &Event, hint: Hint) {
        self.counters.late += 1;
        if event.kind == EventKind::Disconnected {
            self.close_late(event, hint);
        }
    }

    /// Closes the open session that a late disconnect fits.
    pub(in crate::aggregate::state) fn close_late(&mut self, event: &Event, hint: Hint) {
        let Some(slot) = self.sessions.find(event.session, hint) else {
            return;
        };
        let row = *self.sessions.row(slot);
        let skew_ms = row.connected.since(event.time);
        if row.phase == Phase::Open && skew_ms <= limits::DISCONNECT_SKEW_MS.unsigned_abs() {
            self.close(slot, &row, event.time);
        }
    }
}
