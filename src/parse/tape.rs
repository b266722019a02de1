//! Reads one event off simd-json's tape: which keys stand where, and what follows from them.
//!
//! A tape is flat: an object's node is followed by its keys and values, and says how many nodes it
//! holds, so what is not wanted is skipped in one step. Rules 5 to 12 of the module's page.

use simd_json::Node;

use super::id::Id;
use super::id::Ids;
use super::labels::LabelTexts;
use super::timestamp;
use super::value::Fields;
use super::value::Value;
use crate::event::Actor;
use crate::event::Detail;
use crate::event::Direction;
use crate::event::Event;
use crate::event::EventKind;
use crate::event::Field;
use crate::event::Identity;
use crate::event::LabelsId;
use crate::event::Reject;
use crate::event::SessionKey;
use crate::time::EpochMs;

/// Why there is no event, and the field that is to blame, where one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) reason: Reject,
    pub(super) field: Option<Field>,
}

impl Refusal {
    pub(super) const fn of(reason: Reject, field: Field) -> Self {
        Self {
            reason,
            field: Some(field),
        }
    }
}

/// The event on a tape and what it says of its labels, which are not numbered yet; `None` when its
/// type is none of ours.
pub(super) fn read<'input>(
    nodes: &[Node<'input>],
    ids: &Ids,
) -> Result<Option<(Event, LabelTexts<'input>)>, Refusal> {
    let [Node::Object { .. }, inside @ ..] = nodes else {
        return Err(Refusal {
            reason: Reject::Shape,
            field: None,
        });
    };
    let wire = Wire::read(Fields::of(inside))?;
    let event_type = wire
        .event_type
        .and_then(Value::text)
        .ok_or(Refusal::of(Reject::Field, Field::EventType))?;
    let kind = match event_type {
        "webchat:connected" => EventKind::Connected,
        "webchat:disconnected" => EventKind::Disconnected,
        "webchat:message" => EventKind::Message,
        _ => return Ok(None),
    };
    wire.check_shape()?;
    let time = wire.time()?;
    let (id, id_field) = wire.session_id()?;
    let session = ids
        .session(id)
        .ok_or_else(|| Refusal::of(Reject::Field, id_field))?;
    let event = Event {
        time,
        session,
        identity: match kind {
            EventKind::Message => wire.identity(ids, session, time),
            EventKind::Connected | EventKind::Disconnected | EventKind::Fact => Identity::NONE,
        },
        detail: match kind {
            EventKind::Disconnected => Detail::of_duration(wire.duration_ms()),
            EventKind::Connected | EventKind::Message | EventKind::Fact => Event::NO_DETAIL,
        },
        labels: LabelsId::NONE,
        kind,
        actor: match kind {
            EventKind::Message => wire.actor(),
            EventKind::Connected | EventKind::Disconnected | EventKind::Fact => Actor::Unknown,
        },
    };
    let bytes = |value| non_empty(value).unwrap_or_default().as_bytes();
    let texts = LabelTexts {
        queue: bytes(wire.queue_id),
        deployment: bytes(wire.deployment_id),
        id: match (kind, id) {
            (EventKind::Connected, Id::Other(text)) => text,
            _ => &[],
        },
    };
    Ok(Some((event, texts)))
}

/// The values of the keys we read, each at most once.
#[derive(Default)]
struct Wire<'tape, 'input> {
    event_type: Option<Value<'tape, 'input>>,
    timestamp: Option<Value<'tape, 'input>>,
    data: Option<Value<'tape, 'input>>,
    session_id: Option<Value<'tape, 'input>>,
    id: Option<Value<'tape, 'input>>,
    message_id: Option<Value<'tape, 'input>>,
    duration_ms: Option<Value<'tape, 'input>>,
    queue_id: Option<Value<'tape, 'input>>,
    deployment_id: Option<Value<'tape, 'input>>,
    direction: Option<Value<'tape, 'input>>,
    metadata: Option<Value<'tape, 'input>>,
    seq: Option<Value<'tape, 'input>>,
}

impl<'tape, 'input> Wire<'tape, 'input> {
    fn read(fields: Fields<'tape, 'input>) -> Result<Self, Refusal> {
        let mut wire = Self::default();
        for (key, value) in fields {
            match key {
                "eventType" => once(&mut wire.event_type, value, Field::EventType)?,
                "timestamp" => once(&mut wire.timestamp, value, Field::Timestamp)?,
                "data" => {
                    once(&mut wire.data, value, Field::Data)?;
                    wire.read_data(value)?;
                }
                "metadata" => {
                    once(&mut wire.metadata, value, Field::Metadata)?;
                    wire.read_metadata(value)?;
                }
                _ => {}
            }
        }
        Ok(wire)
    }

    fn read_data(&mut self, data: Value<'tape, 'input>) -> Result<(), Refusal> {
        for (key, value) in data.fields() {
            match key {
                "sessionId" => once(&mut self.session_id, value, Field::SessionId)?,
                "id" => once(&mut self.id, value, Field::Id)?,
                "messageId" => once(&mut self.message_id, value, Field::MessageId)?,
                "durationMs" => once(&mut self.duration_ms, value, Field::DurationMs)?,
                "queueId" => once(&mut self.queue_id, value, Field::QueueId)?,
                "deploymentId" => once(&mut self.deployment_id, value, Field::DeploymentId)?,
                "direction" => once(&mut self.direction, value, Field::Direction)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn read_metadata(&mut self, metadata: Value<'tape, 'input>) -> Result<(), Refusal> {
        for (key, value) in metadata.fields() {
            if key == "seq" {
                once(&mut self.seq, value, Field::Seq)?;
            }
        }
        Ok(())
    }

    fn check_shape(&self) -> Result<(), Refusal> {
        let data_fits = self.data.is_none_or(Value::is_object);
        let metadata_fits = self
            .metadata
            .is_none_or(|metadata| metadata.is_object() || metadata.is_null());
        match (data_fits, metadata_fits) {
            (true, true) => Ok(()),
            (false, _) => Err(Refusal::of(Reject::Shape, Field::Data)),
            (true, false) => Err(Refusal::of(Reject::Shape, Field::Metadata)),
        }
    }

    fn time(&self) -> Result<EpochMs, Refusal> {
        let value = self
            .timestamp
            .ok_or(Refusal::of(Reject::Field, Field::Timestamp))?;
        match value.text() {
            Some(text) => timestamp::from_text(text.as_bytes()),
            None => value.integer().and_then(timestamp::from_integer),
        }
        .ok_or(Refusal::of(Reject::Timestamp, Field::Timestamp))
    }

    fn session_id(&self) -> Result<(Id<'input>, Field), Refusal> {
        let of = |value, field| non_empty(value).map(|id| (Id::of(id.as_bytes()), field));
        of(self.session_id, Field::SessionId)
            .or_else(|| of(self.id, Field::Id))
            .ok_or(Refusal::of(Reject::Field, Field::SessionId))
    }

    fn actor(&self) -> Actor {
        let direction = self.direction.and_then(Value::text);
        direction
            .and_then(|text| Direction::of(text.as_bytes()))
            .map_or(Actor::Unknown, Actor::of_direction)
    }

    fn identity(&self, ids: &Ids, session: SessionKey, time: EpochMs) -> Identity {
        non_empty(self.message_id)
            .and_then(|id| ids.of_message_id(session, time, Id::of(id.as_bytes())))
            .or_else(|| {
                let seq = self.seq.and_then(Value::integer)?;
                Some(ids.of_sequence(session, time, seq))
            })
            .unwrap_or(Identity::NONE)
    }

    fn duration_ms(&self) -> Option<u32> {
        let ms = self.duration_ms.and_then(Value::integer)?;
        u32::try_from(ms).ok()
    }
}

/// Fills `slot`, which must be empty.
pub(super) fn once<T>(slot: &mut Option<T>, value: T, field: Field) -> Result<(), Refusal> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Refusal::of(Reject::DuplicateKey, field)),
    }
}

fn non_empty<'input>(value: Option<Value<'_, 'input>>) -> Option<&'input str> {
    value.and_then(Value::text).filter(|text| !text.is_empty())
}
