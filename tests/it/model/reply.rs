//! Waiting for a reply, in order of arrival, from the words of the definition.

use streamgauge::event::Actor;
use streamgauge::event::Event;
use streamgauge::event::SessionKey;
use streamgauge::time::EpochMs;

use super::Model;
use super::clock::NOWHERE;
use super::groups::Names;
use super::table::Row;

/// What a guest who waits and writes again has waited at the most: 49.7 days.
const WAITED_MAX_MS: i64 = (1 << 32) - 2;

/// Who waits for whom in an open session.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Waiting {
    /// The newest message of the guest or of an agent.
    newest: Option<EpochMs>,
    /// Since when the guest waits.
    pub(super) since: Option<EpochMs>,
    has_reply: bool,
}

impl Waiting {
    /// Whether the session ends unanswered, and whether it was never answered.
    pub(super) fn left(self) -> [bool; 2] {
        let is_unanswered = self.since.is_some();
        [is_unanswered, is_unanswered && !self.has_reply]
    }
}

/// A reply to a guest who waited, as it was booked.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    /// The bucket, and the time in groups.
    pub(super) bucket: i64,
    pub(super) at_ms: i64,
    /// The bucket in which it is kept, and how often the clock had gone back by then.
    pub(super) recorded: (i64, usize),
    pub(super) waited_ms: u64,
    pub(super) is_first: bool,
    pub(super) home: Names,
}

impl Model {
    /// What an applied message does to its open session.
    pub(super) fn heed_message(&mut self, event: &Event) {
        let (key, time) = (event.session, event.time);
        let is_guest = match event.actor {
            Actor::Guest => true,
            // Where a source cannot tell bots from agents, what the business writes is an agent's.
            Actor::Agent | Actor::Business => false,
            Actor::Bot | Actor::Unknown => return,
        };
        let Some(Row::Open(open)) = self.rows.get_mut(&key) else {
            return;
        };
        let waiting = &mut open.waiting;
        if waiting.newest.is_some_and(|newest| time < newest) {
            return;
        }
        waiting.newest = Some(time);
        let (before, home) = (waiting.since, open.home.clone());
        if is_guest {
            let since = before.unwrap_or(time).max(time - WAITED_MAX_MS);
            waiting.since = Some(since);
            if before.is_none() {
                self.waits(&home, 1);
            }
            return;
        }
        let Some(since) = before else {
            return;
        };
        waiting.since = None;
        let is_first = !std::mem::replace(&mut waiting.has_reply, true);
        self.waits(&home, -1);
        let reply = Reply {
            bucket: self.booked(time),
            at_ms: self.booked_ms(time),
            recorded: self.recorded(time),
            waited_ms: time.since(since),
            is_first,
            home,
        };
        if reply.at_ms != NOWHERE {
            self.touch_groups(&reply.home, 2, reply.at_ms);
            self.groups.replies.push(reply.clone());
        }
        self.replies.push(reply);
    }

    /// Whether the guest of an open session waits no more as it is no longer that.
    pub(super) fn stop_waiting(&mut self, waiting: Waiting, home: &Names) {
        if waiting.since.is_some() {
            self.waits(home, -1);
        }
    }

    /// The keys of the sessions whose guest waits, and since when.
    pub(super) fn awaiting(&self) -> impl Iterator<Item = (&SessionKey, EpochMs)> {
        self.rows.iter().filter_map(|(key, row)| match row {
            Row::Open(open) => Some((key, open.waiting.since?)),
            _ => None,
        })
    }
}
