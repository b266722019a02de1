//! An event as a dialect reads it, its ids and names still texts, and where it goes from there.

use super::agents::AgentTable;
use super::decoder::Output;
use super::id::Id;
use super::id::Ids;
use super::labels::LabelTable;
use super::labels::LabelTexts;
use super::tape::Refusal;
use super::timestamp;
use super::value::Twice;
use super::value::Value;
use crate::event::Actor;
use crate::event::Detail;
use crate::event::Event;
use crate::event::EventKind;
use crate::event::Fact;
use crate::event::FactKind;
use crate::event::Field;
use crate::event::Identity;
use crate::event::LabelsId;
use crate::event::Media;
use crate::event::Outcome;
use crate::event::OwnMs;
use crate::event::Reject;
use crate::time::EpochMs;

/// One event, not numbered and hashed yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draft<'text> {
    pub(super) kind: EventKind,
    pub(super) time: EpochMs,
    /// Of the session; empty where the payload has none.
    pub(super) session: &'text str,
    /// Of a message.
    pub(super) message: MessageName<'text>,
    /// Of a message: who wrote it.
    pub(super) actor: Actor,
    /// Of a connect and a disconnect whose source knows of legs too: who connected, and who ended it. It
    /// says how things are, and may be repeated.
    pub(super) by: Actor,
    /// Empty for none.
    pub(super) queue: &'text str,
    /// Empty for none.
    pub(super) deployment: &'text str,
    /// Of a message and of a leg: the agent. Empty for none.
    pub(super) agent: &'text str,
    /// Of a fact: what it says of its leg.
    pub(super) leg: Leg<'text>,
}

/// What a fact says of a leg, beside its time, conversation, queue and agent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leg<'text> {
    /// The session id that the source gives the leg; empty for none.
    pub(super) id: &'text str,
    pub(super) kind: FactKind,
    pub(super) media: Media,
    pub(super) outcome: Outcome,
    pub(super) by: Actor,
    pub(super) wait: OwnMs,
    pub(super) alert: OwnMs,
    pub(super) talk: OwnMs,
    pub(super) held: OwnMs,
    pub(super) after_work: OwnMs,
}

impl Leg<'_> {
    /// A fact of a kind that says nothing else.
    pub(super) const fn new(kind: FactKind, media: Media) -> Self {
        Self {
            id: "",
            kind,
            media,
            outcome: Outcome::Unsaid,
            by: Actor::Unknown,
            wait: OwnMs::UNSAID,
            alert: OwnMs::UNSAID,
            talk: OwnMs::UNSAID,
            held: OwnMs::UNSAID,
            after_work: OwnMs::UNSAID,
        }
    }
}

impl<'text> Draft<'text> {
    /// What happened to a leg.
    pub(super) const fn of_leg(leg: Leg<'text>, time: EpochMs) -> Self {
        let mut draft = Self::new(EventKind::Fact, time);
        draft.leg = leg;
        draft
    }

    /// An event of a kind that nothing else is known of.
    pub(super) const fn new(kind: EventKind, time: EpochMs) -> Self {
        Self {
            kind,
            time,
            session: "",
            message: MessageName::None,
            actor: Actor::Unknown,
            by: Actor::Unknown,
            queue: "",
            deployment: "",
            agent: "",
            leg: Leg::new(FactKind::Queued, Media::Unknown),
        }
    }
}

/// What a copy of a message would repeat.
#[derive(Clone, Copy, Debug)]
pub(super) enum MessageName<'text> {
    /// Nothing: it is never merged with another.
    None,
    /// Its id within its session; empty for none.
    Id(&'text str),
    /// The source and the id of its event; an empty id for none.
    Sourced(&'text str, &'text str),
}

/// Where the events of one payload go.
pub(super) struct Sink<'a, 'batch> {
    pub(super) ids: &'a Ids,
    pub(super) labels: &'a mut LabelTable,
    pub(super) agents: &'a mut AgentTable,
    pub(super) output: &'a mut Output<'batch>,
}

impl Sink<'_, '_> {
    /// Takes one event.
    ///
    /// # Errors
    /// It has no session, or one that is out of the limits.
    pub(super) fn put(&mut self, draft: &Draft<'_>) -> Result<(), Refusal> {
        let Draft { kind, time, .. } = *draft;
        let id = Id::of(draft.session.as_bytes());
        let session = (!draft.session.is_empty())
            .then(|| self.ids.session(id))
            .flatten()
            .ok_or(Refusal::of(Reject::Field, Field::SessionId))?;
        let is_message = kind == EventKind::Message;
        let identity = match draft.message {
            MessageName::Id(name) if is_message && !name.is_empty() => {
                self.ids
                    .of_message_id(session, time, Id::of(name.as_bytes()))
            }
            MessageName::Sourced(source, name) if is_message && !name.is_empty() => self
                .ids
                .of_sourced_id(session, time, source.as_bytes(), name.as_bytes()),
            _ => None,
        };
        let mut event = Event {
            time,
            session,
            identity: identity.unwrap_or(Identity::NONE),
            detail: self.detail(draft),
            labels: LabelsId::NONE,
            kind,
            actor: match kind {
                EventKind::Message => draft.actor,
                EventKind::Connected | EventKind::Disconnected => draft.by,
                EventKind::Fact => Actor::Unknown,
            },
        };
        let texts = LabelTexts {
            queue: draft.queue.as_bytes(),
            deployment: draft.deployment.as_bytes(),
            id: match id {
                Id::Other(text) => text,
                Id::Uuid { .. } => &[],
            },
        };
        event.labels = self.labels.label(kind, &texts);
        let place = self.output.events.len();
        self.labels.define(place, self.output.definitions);
        self.agents.define(place, self.output.definitions);
        self.output.events.push(event);
        Ok(())
    }

    /// What else there is to say of it; the fact of a leg is put where it says.
    fn detail(&mut self, draft: &Draft<'_>) -> Detail {
        match draft.kind {
            EventKind::Message if !draft.agent.is_empty() => {
                Detail::of_agent(self.agents.number(draft.agent))
            }
            EventKind::Fact => {
                let leg = &draft.leg;
                let fact = Fact {
                    leg: self.ids.leg(leg.id),
                    wait: leg.wait,
                    alert: leg.alert,
                    talk: leg.talk,
                    held: leg.held,
                    after_work: leg.after_work,
                    agent: self.agents.number(draft.agent),
                    kind: leg.kind,
                    media: leg.media,
                    outcome: leg.outcome,
                    by: leg.by,
                };
                let place = self.output.facts.len();
                self.output.facts.push(fact);
                Detail::of_fact(u32::try_from(place).unwrap_or(u32::MAX))
            }
            EventKind::Connected | EventKind::Disconnected | EventKind::Message => Event::NO_DETAIL,
        }
    }
}

/// What a payload came to, where it is not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Its events are in the sink.
    Taken,
    /// It is of a type that nobody counts.
    Ignored,
}

/// The value behind some steps; a key that stands twice is a fault of `field`.
pub(super) fn find<'tape, 'input, S: AsRef<str>>(
    value: Value<'tape, 'input>,
    steps: &[S],
    field: Field,
) -> Result<Option<Value<'tape, 'input>>, Refusal> {
    value
        .at(steps)
        .map_err(|Twice| Refusal::of(Reject::DuplicateKey, field))
}

/// The text behind some steps; empty where there is none.
pub(super) fn text<'input, S: AsRef<str>>(
    value: Value<'_, 'input>,
    steps: &[S],
    field: Field,
) -> Result<&'input str, Refusal> {
    let found = find(value, steps, field)?;
    Ok(found.and_then(Value::text).unwrap_or_default())
}

/// The event time that a value says.
pub(super) fn time(value: Option<Value<'_, '_>>) -> Result<EpochMs, Refusal> {
    let value = value.ok_or(Refusal::of(Reject::Field, Field::Timestamp))?;
    match value.text() {
        Some(text) => timestamp::from_text(text.as_bytes()),
        None => value.integer().and_then(timestamp::from_integer),
    }
    .ok_or(Refusal::of(Reject::Timestamp, Field::Timestamp))
}

/// A length of time in milliseconds, where one is said.
pub(super) fn length<S: AsRef<str>>(
    value: Value<'_, '_>,
    steps: &[S],
    field: Field,
) -> Result<OwnMs, Refusal> {
    let ms = find(value, steps, field)?.and_then(Value::integer);
    Ok(ms.map_or(OwnMs::UNSAID, |ms| {
        OwnMs::new(u32::try_from(ms).unwrap_or(u32::MAX))
    }))
}

/// The event time behind the first of several ways that leads to something.
pub(super) fn time_at(value: Value<'_, '_>, ways: &[&[&str]]) -> Result<EpochMs, Refusal> {
    for way in ways {
        let found = find(value, way, Field::Timestamp)?;
        if found.is_some_and(|found| !found.is_null()) {
            return time(found);
        }
    }
    time(None)
}
