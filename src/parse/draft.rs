//! An event as a dialect reads it, its ids and names still texts, and where it goes from there.

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
use crate::event::Event;
use crate::event::EventKind;
use crate::event::Field;
use crate::event::Identity;
use crate::event::LabelsId;
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
    /// Empty for none.
    pub(super) queue: &'text str,
    /// Empty for none.
    pub(super) deployment: &'text str,
}

impl Draft<'_> {
    /// An event of a kind that nothing else is known of.
    pub(super) const fn new(kind: EventKind, time: EpochMs) -> Self {
        Self {
            kind,
            time,
            session: "",
            message: MessageName::None,
            actor: Actor::Unknown,
            queue: "",
            deployment: "",
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
            duration_ms: Event::NO_DURATION,
            labels: LabelsId::NONE,
            kind,
            actor: match is_message {
                true => draft.actor,
                false => Actor::Unknown,
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
        self.labels
            .define(self.output.events.len(), self.output.definitions);
        self.output.events.push(event);
        Ok(())
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
