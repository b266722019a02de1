//! The dialect of plain CloudEvents, in JSON: what the tutorial's `data` says, in the envelope that event
//! buses share.
//!
//! The kind is the end of `type`: `webchat` and a kind of the mapping (`connected`, `disconnected`, `message`,
//! `queued`, …), with `.`, `:` or `/` between them and before them (`com.example.webchat.message`). Any other
//! type is ignored. A connect and a disconnect with `data.legs` are of a conversation whose legs are known.
//! The time
//! is `time`, else `data.timestamp`; the session `data.sessionId`, else `data.id`, else `subject`. A
//! message is a copy of one with the same `source` and `id`. Data that comes as `data_base64` is unpacked:
//! senders write it so where they have bytes in their hands.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use simd_json::Buffers;
use simd_json::Tape;

use super::draft::Draft;
use super::draft::Leg;
use super::draft::MessageName;
use super::draft::Reading;
use super::draft::Sink;
use super::draft::find;
use super::draft::length;
use super::draft::text;
use super::draft::time;
use super::happening;
use super::tape::Refusal;
use super::value::Value;
use crate::config::MappedKind;
use crate::config::limits::JSON_DEPTH_MAX;
use crate::event::Actor;
use crate::event::Direction;
use crate::event::EventKind;
use crate::event::FactKind;
use crate::event::Field;
use crate::event::Media;
use crate::event::OwnMs;
use crate::event::Reject;

pub(super) fn read(root: Value<'_, '_>, sink: &mut Sink<'_, '_>) -> Result<Reading, Refusal> {
    let event_type = text(root, &["type"], Field::EventType)?;
    if event_type.is_empty() {
        return Err(Refusal::of(Reject::Field, Field::EventType));
    }
    let Some(kind) = kind(event_type) else {
        return Ok(Reading::Ignored);
    };
    let plain = find(root, &["data"], Field::Data)?.filter(|data| !data.is_null());
    let mut bytes = unpacked(root)?;
    if plain.is_some() && !bytes.is_empty() {
        return Err(Refusal::of(Reject::DuplicateKey, Field::Data));
    }
    let packed = tape(&mut bytes)?;
    let data = plain.or_else(|| Value::root(&packed.0));
    if data.is_some_and(|data| !data.is_object()) {
        return Err(Refusal::of(Reject::Shape, Field::Data));
    }
    // Without data everything may stand in the envelope; nothing of ours has its names there.
    let of_data = |key, field| data.map_or(Ok(""), |data| text(data, &[key], field));
    let mut at = find(root, &["time"], Field::Timestamp)?.filter(|at| !at.is_null());
    if let (None, Some(data)) = (at, data) {
        at = find(data, &["timestamp"], Field::Timestamp)?.filter(|at| !at.is_null());
    }
    let time = time(at)?;
    let mut session = of_data("sessionId", Field::SessionId)?;
    if session.is_empty() {
        session = of_data("id", Field::Id)?;
    }
    if session.is_empty() {
        session = text(root, &["subject"], Field::SessionId)?;
    }
    let source = text(root, &["source"], Field::MessageId)?;
    let id = text(root, &["id"], Field::MessageId)?;
    let author = Actor::named(of_data("author", Field::Direction)?);
    let direction = of_data("direction", Field::Direction)?;
    let ms = |key: &str| data.map_or(Ok(OwnMs::UNSAID), |data| length(data, &[key], Field::Data));
    let media = of_data("media", Field::Data)?;
    let draft = Draft {
        session,
        message: MessageName::Sourced(source, id),
        actor: author
            .or_else(|| Direction::of(direction.as_bytes()).map(Actor::of_direction))
            .unwrap_or_default(),
        queue: of_data("queueId", Field::QueueId)?,
        deployment: of_data("deploymentId", Field::DeploymentId)?,
        agent: of_data("agentId", Field::Data)?,
        leg: Leg {
            id: of_data("legId", Field::Data)?,
            by: author.unwrap_or_default(),
            wait: ms("waitMs")?,
            alert: ms("alertMs")?,
            talk: ms("talkMs")?,
            held: ms("heldMs")?,
            after_work: ms("afterWorkMs")?,
            ..Leg::new(FactKind::Queued, Media::named(media))
        },
        ..Draft::new(EventKind::Message, time)
    };
    let knows_legs = data.map_or(Ok(None), |data| find(data, &["legs"], Field::Data))?;
    let by = match knows_legs.is_some_and(Value::is_true) {
        true => author.unwrap_or(Actor::Business),
        false => Actor::Unknown,
    };
    happening::put(kind, by, &draft, sink)?;
    Ok(Reading::Taken)
}

/// What the event brings in base64; empty for nothing.
fn unpacked(root: Value<'_, '_>) -> Result<Vec<u8>, Refusal> {
    let found = find(root, &["data_base64"], Field::Data)?.filter(|found| !found.is_null());
    let Some(found) = found else {
        return Ok(Vec::new());
    };
    let bytes = found.text().and_then(|text| STANDARD.decode(text).ok());
    bytes.ok_or(Refusal::of(Reject::Shape, Field::Data))
}

/// A tape of a JSON text; an empty one of no text.
fn tape(bytes: &mut [u8]) -> Result<Tape<'_>, Refusal> {
    let mut tape = Tape(Vec::new());
    if bytes.is_empty() {
        return Ok(tape);
    }
    let mut buffers = Buffers::with_max_depth(bytes.len(), JSON_DEPTH_MAX);
    let filled = simd_json::fill_tape(bytes, &mut buffers, &mut tape);
    match filled {
        Ok(()) => Ok(tape),
        Err(_) => Err(Refusal::of(Reject::NotJson, Field::Data)),
    }
}

fn kind(event_type: &str) -> Option<MappedKind> {
    let mut words = event_type.rsplit(['.', ':', '/']);
    let word = words.next()?;
    if words.next() != Some("webchat") {
        return None;
    }
    let known = MappedKind::NAMES.iter().find(|(name, _)| *name == word);
    known
        .map(|(_, kind)| *kind)
        .filter(|kind| *kind != MappedKind::Ignored)
}

pub(super) const fn place(field: Field) -> &'static str {
    match field {
        Field::EventType => "type",
        Field::Timestamp => "time",
        Field::Data => "data or data_base64",
        Field::SessionId => "data.sessionId or subject",
        Field::MessageId => "source or id",
        _ => field.label(),
    }
}
