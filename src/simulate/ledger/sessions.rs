//! Sessions, messages, and who waits for a reply, as a dialect says them.

use std::collections::BTreeMap;
use std::collections::HashMap;

use crate::event::Actor;
use crate::time::EpochMs;

use super::numbers::SessionNumbers;
use super::voice::Names;
use super::voice::Voice;
use crate::simulate::centre::Fact;
use crate::simulate::centre::What;

/// The sessions of a voice.
#[derive(Clone, Debug, Default)]
pub(super) struct Sessions {
    pub(super) total: SessionNumbers,
    pub(super) queues: BTreeMap<Option<u16>, SessionNumbers>,
    pub(super) deployments: BTreeMap<Option<u16>, SessionNumbers>,
    open: HashMap<u128, Open>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    place: Place,
    since: EpochMs,
    awaiting_since: Option<EpochMs>,
    has_reply: bool,
    /// Whether a guest or an agent wrote, and whether a queue or an agent had it.
    has_message: bool,
    is_offered: bool,
}

/// Where something counts.
#[derive(Clone, Copy, Debug)]
struct Place {
    queue: Option<u16>,
    deployment: Option<u16>,
}

impl Place {
    fn of(fact: &Fact, names: Names) -> Self {
        Self {
            queue: names.queue.then_some(fact.home),
            deployment: names.deployment.then_some(fact.deployment),
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            queue: self.queue.or(other.queue),
            deployment: self.deployment.or(other.deployment),
        }
    }
}

impl Sessions {
    pub(super) fn enter(&mut self, fact: &Fact, voice: &Voice) {
        let place = Place::of(fact, voice.sessions_name);
        let session = match voice.sessions_are_contacts {
            true => fact.contact,
            false => fact.conversation,
        };
        match fact.what {
            What::Started => self.begin(session, place, fact.at),
            What::Queued {
                from: Some(from), ..
            } if voice.sessions_are_contacts => {
                self.end(from, fact.at);
                self.begin(session, place, fact.at);
            }
            What::Message { author, .. } => {
                if let Some(actor) = voice.actor(author) {
                    let place = Place::of(fact, voice.messages_name);
                    self.message(session, place, actor, (fact.at, voice.knows_legs));
                }
            }
            What::Ended { .. } => self.end(session, fact.at),
            _ => {}
        }
        if voice.knows_legs {
            self.heed_leg(session, fact);
        }
    }

    /// A queued session moves to its queue; what was counted stays. Whoever wrote waits from then on.
    fn heed_leg(&mut self, session: u128, fact: &Fact) {
        let Some(open) = self.open.get_mut(&session) else {
            return;
        };
        match fact.what {
            What::Queued { queue, .. } => {
                open.is_offered = true;
                let (before, was_awaiting) = (open.place, open.awaiting_since.is_some());
                open.place.queue = Some(queue);
                if open.has_message {
                    open.awaiting_since.get_or_insert(fact.at);
                }
                let (after, is_awaiting) = (open.place, open.awaiting_since.is_some());
                self.count(before, |numbers| {
                    numbers.open -= 1;
                    numbers.awaiting -= u64::from(was_awaiting);
                });
                self.count(after, |numbers| {
                    numbers.open += 1;
                    numbers.awaiting += u64::from(is_awaiting);
                });
            }
            What::Alerting { .. } | What::Joined { .. } => open.is_offered = true,
            _ => {}
        }
    }

    fn begin(&mut self, session: u128, place: Place, at: EpochMs) {
        let open = Open {
            place,
            since: at,
            awaiting_since: None,
            has_reply: false,
            has_message: false,
            is_offered: false,
        };
        self.open.insert(session, open);
        self.count(place, |numbers| {
            numbers.connections += 1;
            numbers.open += 1;
        });
    }

    /// A message counts where it says, else where its session is; a reply where the session is.
    fn message(
        &mut self,
        session: u128,
        own: Place,
        actor: Actor,
        (at, knows_legs): (EpochMs, bool),
    ) {
        let place = self.open.get(&session).map(|open| own.or(open.place));
        self.count_message(place.unwrap_or(own), actor);
        let Some(open) = self.open.get_mut(&session) else {
            return;
        };
        open.has_message |= matches!(actor, Actor::Guest | Actor::Agent | Actor::Business);
        match (actor, open.awaiting_since) {
            (Actor::Guest, None) if knows_legs && !open.is_offered => {}
            (Actor::Guest, None) => {
                open.awaiting_since = Some(at);
                let place = open.place;
                self.count(place, |numbers| numbers.awaiting += 1);
            }
            (Actor::Agent | Actor::Business, Some(since)) => {
                let is_first = !std::mem::replace(&mut open.has_reply, true);
                open.awaiting_since = None;
                let (place, ms) = (open.place, at.since(since));
                self.count(place, |numbers| {
                    numbers.awaiting -= 1;
                    numbers.responses += 1;
                    numbers.response_ms += ms;
                    numbers.first_responses += u64::from(is_first);
                    numbers.first_response_ms += u64::from(is_first) * ms;
                });
            }
            _ => {}
        }
    }

    fn count_message(&mut self, place: Place, actor: Actor) {
        self.count(place, |numbers| match actor {
            Actor::Guest => numbers.inbound += 1,
            Actor::Agent | Actor::Bot | Actor::Business => numbers.outbound += 1,
            Actor::Unknown => numbers.wayless += 1,
        });
    }

    /// Of a session that began before the ledger nothing is known, and nothing is counted.
    fn end(&mut self, session: u128, at: EpochMs) {
        let Some(open) = self.open.remove(&session) else {
            return;
        };
        let is_unanswered = open.awaiting_since.is_some();
        self.count(open.place, |numbers| {
            numbers.open -= 1;
            numbers.disconnections += 1;
            numbers.duration_ms += at.since(open.since);
            numbers.awaiting -= u64::from(is_unanswered);
            numbers.unanswered += u64::from(is_unanswered);
            numbers.never_answered += u64::from(is_unanswered && !open.has_reply);
        });
    }

    fn count(&mut self, place: Place, change: impl Fn(&mut SessionNumbers)) {
        change(&mut self.total);
        change(self.queues.entry(place.queue).or_default());
        change(self.deployments.entry(place.deployment).or_default());
    }
}
