//! Waiting for a reply: what a message does to who waits for whom in its session, in order of arrival.
//!
//! | session | message, or what happens to it | result |
//! |---|---|---|
//! | none, pending or closed | any | nothing |
//! | open | a bot's, or of an unknown author | nothing |
//! | open, newest message of guest or agent at n | older than n | nothing |
//! | open, its legs are known, in no queue and with no agent yet | the guest's | nothing, but that it is the newest |
//! | open, nobody waits | the guest's at t, or it was queued at t after a message | awaiting since t |
//! | open, awaiting since b | the guest's at t, or it was queued at t | goes on waiting since b |
//! | open, awaiting since b | an agent's at t | a reply: response time t − b; nobody waits |
//! | the same, no reply before | an agent's at t | and its first response |
//! | open, nobody waits | an agent's at t | nothing, but that it is the newest |
//! | open, awaiting | its end | unanswered at the end |
//! | open, awaiting, no reply before | its end | and never answered |
//! | open, awaiting | it restarts, or is evicted | nobody waits; nothing is counted |
//!
//! Where a source cannot tell agents from bots, what the business writes counts as an agent's. A reply is
//! booked at its own time, in the groups of its session. One who has waited for 2^32 − 2 ms (49.7 days) and
//! writes again has waited so long, and no longer; a reply after that has the time since then.

use crate::aggregate::measures::Replied;
use crate::aggregate::sessions::Phase;
use crate::aggregate::sessions::Row;
use crate::aggregate::sessions::Slot;
use crate::aggregate::state::State;
use crate::aggregate::timeline::Placed;
use crate::event::Actor;
use crate::event::FactKind;
use crate::time::EpochMs;

/// What a message of an open session comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Who waits is as before.
    Same,
    /// The guest begins to wait.
    Begins,
    /// The guest goes on waiting, but no longer counts as waiting since then.
    Moves { from: EpochMs },
    /// The guest waited since then, and has a reply.
    Ends { since: EpochMs, is_first: bool },
}

impl Turn {
    /// What a message of an author, sent at a time, does to the row of its open session.
    #[inline]
    pub(super) fn of(row: &mut Row, author: Actor, time: EpochMs) -> Self {
        let is_guest = match author {
            Actor::Unknown | Actor::Bot => return Self::Same,
            Actor::Guest => true,
            Actor::Agent | Actor::Business => false,
        };
        if time < row.newest_message() {
            return Self::Same;
        }
        let since = row.awaiting_since();
        row.see_message(time);
        if is_guest && row.has(Row::IS_BEFORE_QUEUE) {
            return Self::Same;
        }
        match (since, is_guest) {
            (None, true) => {
                row.await_reply();
                Self::Begins
            }
            (Some(since), true) if row.awaiting_since() == Some(since) => Self::Same,
            (Some(from), true) => Self::Moves { from },
            (Some(since), false) => {
                let is_first = !row.has_reply();
                row.take_reply();
                Self::Ends { since, is_first }
            }
            (None, false) => Self::Same,
        }
    }
}

impl State {
    /// Counts what a message of an open session came to.
    pub(super) fn take_turn(&mut self, slot: Slot, turn: Turn, time: EpochMs, placed: &Placed) {
        match turn {
            Turn::Same => {}
            Turn::Begins => self.begin_waiting(slot),
            Turn::Moves { from } => {
                let row = *self.sessions.row(slot);
                self.end_waiting(slot, &row, from);
                self.begin_waiting(slot);
            }
            Turn::Ends { since, is_first } => {
                let row = *self.sessions.row(slot);
                self.end_waiting(slot, &row, since);
                let reply = Replied {
                    response_ms: time.since(since),
                    is_first,
                };
                self.live.reply(row.membership, &reply, placed);
                if let Some(hold) = &mut self.hold {
                    hold.timeline.reply(row.membership, &reply, placed);
                }
            }
        }
    }

    /// A leg of an open session is known: from the first on a guest waits for a reply, and whoever is
    /// queued begins to.
    pub(in crate::aggregate::state) fn heed_leg(
        &mut self,
        slot: Slot,
        kind: FactKind,
        at: EpochMs,
    ) {
        let row = self.sessions.row_mut(slot);
        let is_offer = matches!(
            kind,
            FactKind::Queued | FactKind::Alerting | FactKind::Joined
        );
        if row.phase != Phase::Open || !is_offer {
            return;
        }
        row.set(Row::IS_BEFORE_QUEUE, false);
        // Where nothing is known of messages, nothing is known of replies.
        let has_written = row.newest_message() > EpochMs::default();
        if kind == FactKind::Queued && has_written {
            let turn = Turn::of(row, Actor::Guest, at);
            let placed = self.place(at, self.live.buckets.bucket_of(at));
            self.take_turn(slot, turn, at, &placed);
        }
    }

    /// The session of a row is about to be no longer open, or to begin again.
    pub(in crate::aggregate::state) fn stop_waiting(&mut self, slot: Slot, row: &Row) {
        if let Some(since) = row.awaiting_since() {
            self.end_waiting(slot, row, since);
        }
    }

    pub(in crate::aggregate::state) fn begin_waiting(&mut self, slot: Slot) {
        let row = self.sessions.row(slot);
        let (membership, since) = (row.membership, row.awaiting_since().unwrap_or_default());
        let oldest_changed = self.awaiting.insert(membership, since, slot);
        self.live
            .wait(membership, 1, oldest_changed, &self.awaiting);
        if let Some(hold) = &mut self.hold {
            let timeline = &mut hold.timeline;
            timeline.wait(membership, 1, oldest_changed, &self.awaiting);
        }
    }

    fn end_waiting(&mut self, slot: Slot, row: &Row, since: EpochMs) {
        let membership = row.membership;
        let oldest_changed = self.awaiting.remove(membership, since, slot);
        self.live
            .wait(membership, -1, oldest_changed, &self.awaiting);
        if let Some(hold) = &mut self.hold {
            let timeline = &mut hold.timeline;
            timeline.wait(membership, -1, oldest_changed, &self.awaiting);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::IdKind;
    use crate::event::SessionKey;

    const AT: i64 = 1_768_478_400_000;
    const LONGEST_MS: i64 = (1 << 32) - 2;

    fn row() -> Row {
        let mut row = Row::of_key(SessionKey {
            hi: 1,
            lo: 2,
            kind: IdKind::Uuid,
        });
        row.begin();
        row
    }

    /// What messages come to, each an author and a time after the start.
    fn check(messages: &[(Actor, i64)], expected: &[Turn], since: Option<i64>) {
        let mut row = row();
        let turns: Vec<Turn> = messages
            .iter()
            .map(|(author, at)| Turn::of(&mut row, *author, EpochMs::from_ms(AT + at)))
            .collect();
        assert_eq!(turns, expected, "{messages:?}");
        let since = since.map(|at| EpochMs::from_ms(AT + at));
        assert_eq!(row.awaiting_since(), since, "{messages:?}");
    }

    fn ends(since: i64, is_first: bool) -> Turn {
        let since = EpochMs::from_ms(AT + since);
        Turn::Ends { since, is_first }
    }

    #[test]
    fn every_line_of_the_table() {
        use Actor::{Agent, Bot, Business, Guest, Unknown};
        use Turn::{Begins, Same};
        check(&[(Bot, 0), (Unknown, 0)], &[Same, Same], None);
        check(&[(Guest, 5), (Guest, 9)], &[Begins, Same], Some(5));
        check(
            &[(Guest, 5), (Bot, 9), (Unknown, 9)],
            &[Begins, Same, Same],
            Some(5),
        );
        for author in [Agent, Business] {
            check(&[(author, 5)], &[Same], None);
            check(
                &[
                    (Guest, 5),
                    (Guest, 6),
                    (author, 9),
                    (author, 9),
                    (Guest, 9),
                    (author, 12),
                ],
                &[Begins, Same, ends(5, true), Same, Begins, ends(9, false)],
                None,
            );
            // What is older than the newest changes nothing, whoever wrote it.
            check(&[(author, 9), (Guest, 8)], &[Same, Same], None);
            check(&[(Guest, 9), (author, 8)], &[Begins, Same], Some(9));
            check(&[(author, 9), (Guest, 9)], &[Same, Begins], Some(9));
            // A bot's message is no newest one.
            check(
                &[(Bot, 9), (Guest, 8), (author, 8)],
                &[Same, Begins, ends(8, true)],
                None,
            );
        }
    }

    #[test]
    fn before_its_first_leg_a_conversation_waits_for_nobody() {
        let mut row = row();
        row.set(Row::IS_BEFORE_QUEUE, true);
        let turn = |row: &mut Row, author, at| Turn::of(row, author, EpochMs::from_ms(AT + at));
        assert_eq!(turn(&mut row, Actor::Guest, 5), Turn::Same);
        assert_eq!(row.newest_message(), EpochMs::from_ms(AT + 5));
        row.set(Row::IS_BEFORE_QUEUE, false);
        // Queued before that message arrives late: it is older than the newest.
        assert_eq!(turn(&mut row, Actor::Guest, 4), Turn::Same);
        assert_eq!(turn(&mut row, Actor::Guest, 6), Turn::Begins);
        assert_eq!(turn(&mut row, Actor::Agent, 9), ends(6, true));
        row.begin();
        assert!(!row.has(Row::IS_BEFORE_QUEUE) && !row.has_reply());
    }

    #[test]
    fn a_wait_of_more_than_49_days_counts_as_so_long() {
        use Actor::{Agent, Guest};
        let messages = [(Guest, 0), (Guest, LONGEST_MS), (Agent, LONGEST_MS + 7)];
        check(&messages, &[Turn::Begins, Turn::Same, ends(0, true)], None);
        let from = EpochMs::from_ms(AT);
        let messages = [(Guest, 0), (Guest, LONGEST_MS + 3)];
        check(&messages, &[Turn::Begins, Turn::Moves { from }], Some(3));
        let messages = [(Guest, 0), (Agent, 2 * LONGEST_MS)];
        check(&messages, &[Turn::Begins, ends(0, true)], None);
    }
}
