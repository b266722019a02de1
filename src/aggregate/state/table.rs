//! The table of sessions: what a message, a connect and a disconnect do to a session's row.
//!
//! A session is a connect and the first disconnect at or after it. Its row is absent, open, closed
//! or pending; every branch below is a line of that table, in arrival order.

use super::State;
use crate::aggregate::groups::Home;
use crate::aggregate::sessions::Hint;
use crate::aggregate::sessions::Phase;
use crate::aggregate::sessions::Row;
use crate::aggregate::sessions::Slot;
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
    pub(super) fn message(
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
        let mut home = None;
        if let Some(slot) = found {
            let row = self.sessions.row_mut(slot);
            if row.phase == Phase::Open {
                row.messages = row.messages.saturating_add(1);
                home = Some(row.home);
            }
        }
        self.live.message(event, home, placed);
        if let Some(hold) = &mut self.hold {
            hold.timeline.message(event, home, placed);
        }
        true
    }

    pub(super) fn connect(&mut self, event: &Event, hint: Hint, placed: &Placed) -> bool {
        let Some(slot) = self.sessions.find(event.session, hint) else {
            let home = self.home(event);
            self.count_connection(home, placed);
            self.open_new(event, home, placed);
            return true;
        };
        self.touch(slot);
        let row = *self.sessions.row(slot);
        let time = event.time;
        if matches!(row.phase, Phase::Open | Phase::Closed) && time == row.connected {
            return false;
        }
        let home = self.home(event);
        self.count_connection(home, placed);
        match row.phase {
            Phase::Open if time > row.connected => {
                self.counters.reconnects += 1;
                self.deactivate(slot, &row);
                self.reopen(slot, event, home, placed);
            }
            Phase::Closed if time >= row.ended => self.reopen(slot, event, home, placed),
            Phase::Open | Phase::Closed => self.counters.stale += 1,
            Phase::Pending if time <= row.ended => {
                self.book(&Ending {
                    home,
                    connected: Booking::new(placed.time),
                    is_stray: false,
                    ended: row.ended.min(self.clock()),
                    duration_ms: row.ended.since(time),
                    messages: 0,
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
                self.reopen(slot, event, home, placed);
            }
        }
        true
    }

    pub(super) fn disconnect(&mut self, event: &Event, hint: Hint, placed: &Placed) -> bool {
        let Some(slot) = self.sessions.find(event.session, hint) else {
            self.disconnect_unknown(event, placed);
            return true;
        };
        self.touch(slot);
        let row = *self.sessions.row(slot);
        match row.phase {
            Phase::Open => self.disconnect_open(slot, &row, event.time),
            Phase::Closed | Phase::Pending if event.time == row.ended => return false,
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
            let home = self.home(event);
            self.book(&Ending {
                home,
                connected: Booking::new(connected.min(self.clock())),
                is_stray: false,
                ended: placed.time,
                duration_ms: ended.since(connected),
                messages: 0,
                was_open: false,
                was_certain: false,
            });
            if !is_expired {
                self.make_room();
                self.sessions.add(event.session, |row| {
                    row.phase = Phase::Closed;
                    row.connected = connected;
                    row.ended = ended;
                });
            }
        } else if is_expired || !self.make_room_for_pending() {
            self.counters.orphans += 1;
        } else {
            self.sessions.add(event.session, |row| {
                row.phase = Phase::Pending;
                row.ended = ended;
            });
        }
    }

    /// A late event changes nothing, except that a disconnect still closes the open session it fits.
    pub(super) fn apply_late(&mut self, event: &Event, hint: Hint) {
        self.counters.late += 1;
        if event.kind != EventKind::Disconnected {
            return;
        }
        let Some(slot) = self.sessions.find(event.session, hint) else {
            return;
        };
        let row = *self.sessions.row(slot);
        let skew_ms = row.connected.since(event.time);
        if row.phase == Phase::Open && skew_ms <= limits::DISCONNECT_SKEW_MS.unsigned_abs() {
            self.close(slot, &row, event.time);
        }
    }

    // Rows.

    /// The groups that an event names.
    fn home(&mut self, event: &Event) -> Home {
        if let Some(hold) = &mut self.hold {
            // Both number new groups alike.
            hold.timeline.home(event);
        }
        self.live.home(event)
    }

    fn open_new(&mut self, event: &Event, home: Home, placed: &Placed) {
        self.make_room();
        let (minute, epoch, is_stray) = (self.minute, self.loss_epoch, self.is_stray(placed));
        let slot = self.sessions.add(event.session, |row| {
            open(row, event.time, home, placed, minute, epoch);
            row.is_stray = is_stray;
        });
        self.activate(slot, event.time, home, placed);
    }

    /// Begins a new session in a row that holds another of the same key.
    fn reopen(&mut self, slot: Slot, event: &Event, home: Home, placed: &Placed) {
        let (minute, epoch, is_stray) = (self.minute, self.loss_epoch, self.is_stray(placed));
        self.sessions.refill(slot, |row| {
            open(row, event.time, home, placed, minute, epoch);
            row.is_stray = is_stray;
        });
        self.activate(slot, event.time, home, placed);
    }

    fn close(&mut self, slot: Slot, row: &Row, ended: EpochMs) {
        self.book(&Ending {
            home: row.home,
            connected: Booking::of(row),
            is_stray: row.is_stray,
            ended: ended.min(self.clock()),
            duration_ms: ended.since(row.connected),
            messages: row.messages,
            was_open: true,
            was_certain: row.loss_epoch == self.loss_epoch,
        });
        self.settle(row);
        if let Some(longest) = &mut self.longest {
            longest.remove(row.home, row.connected, slot);
        }
        if self.sessions.is_expired(ended) {
            self.sessions.remove(slot);
        } else {
            self.sessions.refill(slot, |row| {
                row.phase = Phase::Closed;
                row.ended = ended;
            });
        }
    }

    pub(super) fn evict_open(&mut self, slot: Slot) {
        let row = *self.sessions.row(slot);
        self.deactivate(slot, &row);
        self.settle(&row);
        self.sessions.remove(slot);
    }

    /// Lets a row go when the table is full.
    fn make_room(&mut self) {
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
    fn make_room_for_pending(&mut self) -> bool {
        while self.sessions.is_full_of_pending() || self.sessions.is_full() {
            let Some(slot) = self.sessions.pending_victim() else {
                self.counters.evicted_pending += 1;
                return false;
            };
            self.evict_pending(slot);
        }
        true
    }

    fn evict_pending(&mut self, slot: Slot) {
        self.counters.evicted_pending += 1;
        self.counters.orphans += 1;
        self.sessions.remove(slot);
    }

    /// Notes that something of this session was seen now.
    fn touch(&mut self, slot: Slot) {
        let (minute, epoch) = (self.minute, self.loss_epoch);
        let row = self.sessions.row_mut(slot);
        row.seen_minute = minute;
        if row.phase != Phase::Open {
            return;
        }
        if let Some(longest) = &mut self.longest {
            longest.touch(row.home);
        }
        if row.loss_epoch != epoch {
            self.assure(slot);
        }
    }

    /// Something is heard of an open session for the first time since the latest gap began.
    #[cold]
    fn assure(&mut self, slot: Slot) {
        let row = self.sessions.row_mut(slot);
        row.loss_epoch = self.loss_epoch;
        self.open_uncertain -= 1;
        let home = row.home;
        self.live.assure(home);
        if let Some(hold) = &mut self.hold {
            hold.timeline.assure(home);
        }
    }

    /// Takes an open row that is about to go out of the uncertain ones.
    fn settle(&mut self, row: &Row) {
        self.open_uncertain -= u64::from(row.loss_epoch != self.loss_epoch);
    }

    // Sums.

    fn count_connection(&mut self, home: Home, placed: &Placed) {
        self.total_connections += 1;
        self.live.connection(home, placed);
        if let Some(hold) = &mut self.hold {
            hold.timeline.connection(home, placed);
        }
    }

    fn activate(&mut self, slot: Slot, connected: EpochMs, home: Home, placed: &Placed) {
        self.live.open(home, placed);
        if let Some(hold) = &mut self.hold {
            hold.timeline.open(home, placed);
        }
        if let Some(longest) = &mut self.longest {
            longest.insert(home, connected, slot);
        }
    }

    fn deactivate(&mut self, slot: Slot, row: &Row) {
        let was_certain = row.loss_epoch == self.loss_epoch;
        self.live.forget(row.home, Booking::of(row), was_certain);
        if let Some(hold) = &mut self.hold {
            let booking = Booking::of(row).unless(row.is_stray);
            hold.timeline.forget(row.home, booking, was_certain);
        }
        if let Some(longest) = &mut self.longest {
            longest.remove(row.home, row.connected, slot);
        }
    }

    /// Books the end of a session that was open, or of one whose connect comes now.
    fn book(&mut self, ending: &Ending) {
        self.live.end(ending);
        if let Some(hold) = &mut self.hold {
            let mut ending = *ending;
            ending.connected = ending.connected.unless(ending.is_stray);
            hold.timeline.end(&ending);
        }
    }

    /// Whether something is booked in the live timeline alone.
    fn is_stray(&self, placed: &Placed) -> bool {
        self.hold
            .as_ref()
            .is_some_and(|hold| placed.time > hold.timeline.now)
    }
}

/// Makes a row an open session.
fn open(
    row: &mut Row,
    connected: EpochMs,
    home: Home,
    placed: &Placed,
    minute: u32,
    loss_epoch: u16,
) {
    row.phase = Phase::Open;
    row.connected = connected;
    row.messages = 0;
    row.seen_minute = minute;
    row.booked_back_ms = placed.ahead_ms;
    row.home = home;
    row.loss_epoch = loss_epoch;
    row.in_buckets = true;
    row.in_groups = true;
}
