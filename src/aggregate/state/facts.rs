//! Facts of conversations: taken to the desk, and what follows for the session's row.

use std::sync::Arc;

use super::State;
use crate::aggregate::desk::Took;
use crate::aggregate::groups::Membership;
use crate::aggregate::legs::Taken;
use crate::aggregate::sessions::Hint;
use crate::aggregate::sessions::Phase;
use crate::aggregate::sessions::Row;
use crate::aggregate::sessions::Slot;
use crate::aggregate::timeline::Booking;
use crate::aggregate::timeline::Timeline;
use crate::event::Actor;
use crate::event::Event;
use crate::event::EventKind;
use crate::event::Fact;
use crate::event::FactKind;
use crate::event::SessionKey;
use crate::time::EpochMs;
use crate::window::BucketIndex;

impl State {
    /// Takes a fact; whether it was not known.
    pub(super) fn fact(&mut self, event: &Event, hint: Hint, facts: &[Fact]) -> bool {
        let found = self.sessions.find(event.session, hint);
        if let Some(slot) = found {
            self.touch(slot);
        }
        let place = event.fact().and_then(|place| usize::try_from(place).ok());
        let Some(fact) = place.and_then(|place| facts.get(place)) else {
            // Its batch does not hold it: there is nothing to take.
            return self.desk.is_none();
        };
        let now = self.clock();
        let queue = self.live.groups.as_mut();
        let queue = queue
            .and_then(|groups| groups.labels().queue(event.labels))
            .cloned();
        let row = found.map(|slot| *self.sessions.row(slot));
        let Some(desk) = &mut self.desk else {
            return true;
        };
        if let Some(row) = row
            && row.phase != Phase::Open
            && !desk.knows(event.session)
        {
            // It ended before anything was known of its legs; its source did not say by whom.
            desk.end(event.session, row.ended(), Actor::Unknown, now);
        }
        let took = desk.take(event.session, event.time, queue.as_ref(), fact, now);
        self.count_facts(&took);
        let is_new = matches!(took.taken, Taken::New | Taken::NewForOldest | Taken::NoRoom);
        if let Some(slot) = found {
            self.move_row(slot, event.session);
            if is_new {
                self.heed_leg(slot, fact.kind, event.time);
            }
        }
        is_new
    }

    /// An event older than every retained bucket. A source that knows of legs says with it how things are:
    /// it is carried, or known; every other one is late.
    pub(super) fn apply_old(&mut self, event: &Event, hint: Hint, facts: &[Fact]) {
        let is_new = match event.kind {
            EventKind::Fact => self.fact(event, hint, facts),
            EventKind::Connected if event.is_of_conversation() => self.carry_connect(event, hint),
            EventKind::Disconnected if event.is_of_conversation() => {
                let is_new = self.end_conversation(event);
                self.close_late(event, hint);
                is_new
            }
            EventKind::Connected | EventKind::Disconnected | EventKind::Message => {
                if event.kind == EventKind::Disconnected {
                    // Another source may know its legs: they end with it.
                    self.end_conversation(event);
                }
                self.apply_late(event, hint);
                return;
            }
        };
        match is_new {
            true => self.counters.carried += 1,
            false => self.counters.repeated += 1,
        }
    }

    /// A connect that counts in no window and no total: its session is open, or was until the end that is
    /// known.
    fn carry_connect(&mut self, event: &Event, hint: Hint) -> bool {
        let is_new = self.start_conversation(event);
        if !is_new {
            return false;
        }
        let found = self.sessions.find(event.session, hint);
        let row = found.map(|slot| (slot, *self.sessions.row(slot)));
        let has_ended = self.known_end(event).is_some();
        match row {
            None if has_ended => {}
            None => self.open_session_of_facts(event),
            // Its end came first.
            Some((slot, row)) if row.phase == Phase::Pending && event.time <= row.ended() => {
                self.sessions.remove(slot);
                self.open_session_of_facts(event);
                let hint = self.sessions.hint(event.session);
                if let Some(slot) = self.sessions.find(event.session, hint) {
                    let open = *self.sessions.row(slot);
                    self.close(slot, &open, row.ended());
                }
            }
            Some(_) => {}
        }
        true
    }

    /// A session was opened by a connect; if its end came before that, and so long ago that its row is gone,
    /// it is closed.
    pub(super) fn close_if_ended(&mut self, event: &Event) {
        let Some(ended) = self.known_end(event) else {
            return;
        };
        let hint = self.sessions.hint(event.session);
        if let Some(slot) = self.sessions.find(event.session, hint) {
            let row = *self.sessions.row(slot);
            self.close(slot, &row, ended);
        }
    }

    /// A session was opened, perhaps after facts of its legs: who waits in a queue waits for a reply.
    pub(super) fn heed_known_legs(&mut self, session: SessionKey) {
        let Some(desk) = self.desk.as_ref().filter(|desk| desk.knows(session)) else {
            return;
        };
        let (is_offered, since) = (desk.is_offered(session), desk.waiting_since(session));
        let hint = self.sessions.hint(session);
        let Some(slot) = self.sessions.find(session, hint) else {
            return;
        };
        let row = self.sessions.row_mut(slot);
        if row.phase != Phase::Open {
            return;
        }
        row.set(Row::IS_BEFORE_QUEUE, !is_offered);
        if let Some(since) = since {
            self.heed_leg(slot, FactKind::Queued, since);
        }
    }

    fn known_end(&self, connect: &Event) -> Option<EpochMs> {
        let desk = self.desk.as_ref()?;
        desk.end_after(connect.session, connect.time)
    }

    fn open_session_of_facts(&mut self, event: &Event) {
        let named = self.membership(event);
        let membership = self.membership_by_facts(event, named);
        self.open_carried(event, membership);
        self.heed_known_legs(event.session);
    }

    /// Notes that a conversation began; whether that was not known.
    pub(super) fn start_conversation(&mut self, event: &Event) -> bool {
        let now = self.clock();
        match &mut self.desk {
            Some(desk) => desk.start(event.session, event.time, now),
            None => true,
        }
    }

    /// Notes that a conversation ended, if its source knows of legs or something is known of them; whether
    /// that was not known.
    pub(super) fn end_conversation(&mut self, event: &Event) -> bool {
        let now = self.clock();
        let Some(desk) = &mut self.desk else {
            return true;
        };
        let is_kept = event.is_of_conversation() || (!desk.is_empty() && desk.knows(event.session));
        if !is_kept {
            return true;
        }
        let (is_new, took) = desk.end(event.session, event.time, event.actor, now);
        self.count_facts(&took);
        is_new
    }

    /// The clock enters another bucket: windows slide, waits are settled, and there is a cut of what came
    /// before. While the clock may yet be set back nothing is settled, and what it would go back to is kept.
    pub(super) fn step_desk(&mut self, now: EpochMs) {
        let held = self
            .hold
            .as_deref()
            .map(|hold| hold.timeline.buckets.oldest());
        let oldest = self.live.buckets.oldest();
        let Some(desk) = &mut self.desk else {
            return;
        };
        desk.step(now, held.map_or(oldest, |held| held.min(oldest)));
        let mut settled = None;
        if held.is_none() {
            let sessions = &self.sessions;
            settled = Some(desk.expire(now, |of| {
                let row = sessions.find(of, sessions.hint(of));
                row.is_some_and(|slot| sessions.row(slot).phase == Phase::Open)
            }));
        }
        desk.publish(now);
        if let Some(settled) = settled {
            self.count_facts(&settled);
        }
    }

    /// The clock was set back.
    pub(super) fn rewind_desk(&mut self, oldest: BucketIndex) {
        let now = self.clock();
        if let Some(desk) = &mut self.desk {
            desk.rewind(now, oldest);
            desk.publish(now);
        }
    }

    pub(super) fn count_facts(&mut self, took: &Took) {
        self.counters.orphans += took.orphans;
        self.counters.recovered += took.recovered;
    }

    /// The groups of a session whose connect names some: in the queue that its facts say, if they do.
    pub(super) fn membership_by_facts(&mut self, event: &Event, named: Membership) -> Membership {
        match self.queue_by_facts(event.session) {
            Some(queue) => self.membership_in(&queue, named),
            None => named,
        }
    }

    fn queue_by_facts(&self, session: SessionKey) -> Option<Arc<str>> {
        let desk = self.desk.as_ref().filter(|desk| !desk.is_empty())?;
        desk.queue_of(session).cloned()
    }

    fn membership_in(&mut self, queue: &Arc<str>, named: Membership) -> Membership {
        if let Some(hold) = &mut self.hold {
            // Both number new groups alike.
            hold.timeline.in_queue(queue, named);
        }
        self.live.in_queue(queue, named)
    }

    /// An open session moves to the queue that its facts say. What was counted of it stays.
    fn move_row(&mut self, slot: Slot, session: SessionKey) {
        let row = *self.sessions.row(slot);
        if row.phase != Phase::Open {
            return;
        }
        let Some(queue) = self.queue_by_facts(session) else {
            return;
        };
        let to = self.membership_in(&queue, row.membership);
        if to == row.membership {
            return;
        }
        self.stop_waiting(slot, &row);
        let is_certain = row.loss_epoch == self.loss_epoch;
        let connected = Booking::of(&row);
        let move_in = |timeline: &mut Timeline, connected: Booking| {
            timeline.move_open(row.membership, to, connected, is_certain);
        };
        move_in(&mut self.live, connected);
        if let Some(hold) = &mut self.hold {
            move_in(&mut hold.timeline, connected.unless(row.has(Row::IS_STRAY)));
        }
        if let Some(longest) = &mut self.longest {
            longest.change_queue(row.membership, to, row.connected, slot);
        }
        self.sessions.row_mut(slot).membership = to;
        if row.awaiting_since().is_some() {
            self.begin_waiting(slot);
        }
    }
}
