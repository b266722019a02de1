//! The dialect of a mapping: the settings say by JSON pointers where the fields of an event stand.
//!
//! Ids, kinds and names are strings or whole numbers. What is missing is refused only where the event
//! cannot do without it: kind, time, session. Where some kinds are of legs, a connect and a disconnect say how
//! things are, and may be repeated.

use std::io::Write;

use super::draft::Draft;
use super::draft::MessageName;
use super::draft::Reading;
use super::draft::Sink;
use super::draft::find;
use super::draft::time;
use super::happening;
use super::tape::Refusal;
use super::timestamp;
use super::value::Value;
use crate::config::MappedAuthor;
use crate::config::MappedKind;
use crate::config::Mapping;
use crate::config::OtherKinds;
use crate::config::Pointer;
use crate::config::TimeUnit;
use crate::event::Actor;
use crate::event::Direction;
use crate::event::EventKind;
use crate::event::Field;
use crate::event::Reject;
use crate::time::EpochMs;

pub(super) fn read(
    mapping: &Mapping,
    root: Value<'_, '_>,
    sink: &mut Sink<'_, '_>,
) -> Result<Reading, Refusal> {
    let mut digits = [Digits::default(); 6];
    let [
        of_kind,
        of_session,
        of_id,
        of_queue,
        of_deployment,
        of_agent,
    ] = &mut digits;
    let kind = name(root, Some(&mapping.kind), Field::EventType, of_kind)?;
    if kind.is_empty() {
        return Err(Refusal::of(Reject::Field, Field::EventType));
    }
    let kind = match (mapping.kinds.get(kind), mapping.other_kinds) {
        (Some(MappedKind::Ignored), _) | (None, OtherKinds::Ignored) => {
            return Ok(Reading::Ignored);
        }
        (Some(kind), _) => *kind,
        (None, OtherKinds::Refused) => return Err(Refusal::of(Reject::Field, Field::EventType)),
    };
    let deployment = mapping.deployment.as_ref();
    let draft = Draft {
        session: name(root, Some(&mapping.session), Field::SessionId, of_session)?,
        message: MessageName::Id(name(root, mapping.id.as_ref(), Field::MessageId, of_id)?),
        actor: actor(mapping, root)?,
        queue: name(root, mapping.queue.as_ref(), Field::QueueId, of_queue)?,
        deployment: name(root, deployment, Field::DeploymentId, of_deployment)?,
        agent: name(root, mapping.agent.as_ref(), Field::Data, of_agent)?,
        ..Draft::new(EventKind::Message, event_time(mapping, root)?)
    };
    let knows_legs = mapping.kinds.values().any(|kind| kind.is_of_leg());
    let by = match (kind, draft.actor) {
        _ if !knows_legs => Actor::Unknown,
        (MappedKind::Connected, _) => Actor::Guest,
        // It says that it ended, and not by whom.
        (_, Actor::Unknown) => Actor::Business,
        (_, by) => by,
    };
    happening::put(kind, by, &draft, sink)?;
    Ok(Reading::Taken)
}

fn event_time(mapping: &Mapping, root: Value<'_, '_>) -> Result<EpochMs, Refusal> {
    let found = find(root, mapping.time.steps(), Field::Timestamp)?;
    let seconds = match mapping.time_unit {
        TimeUnit::Milliseconds => None,
        TimeUnit::Seconds => found.and_then(Value::integer),
    };
    let Some(seconds) = seconds else {
        return time(found);
    };
    seconds
        .checked_mul(1_000)
        .and_then(timestamp::from_integer)
        .ok_or(Refusal::of(Reject::Timestamp, Field::Timestamp))
}

/// The author if it is one that is known, else who the direction says.
fn actor(mapping: &Mapping, root: Value<'_, '_>) -> Result<Actor, Refusal> {
    let mut digits = Digits::default();
    let author = mapping.author.as_ref();
    let author = name(root, author, Field::Direction, &mut digits)?;
    let known = match mapping.authors.get(author) {
        Some(MappedAuthor::Guest) => Some(Actor::Guest),
        Some(MappedAuthor::Agent) => Some(Actor::Agent),
        Some(MappedAuthor::Bot) => Some(Actor::Bot),
        Some(MappedAuthor::Unknown) => Some(Actor::Unknown),
        None if mapping.authors.is_empty() => Actor::named(author),
        None => None,
    };
    if let Some(known) = known {
        return Ok(known);
    }
    let direction = mapping.direction.as_ref();
    let direction = name(root, direction, Field::Direction, &mut digits)?;
    let direction = Direction::ALL
        .into_iter()
        .find(|known| known.label().eq_ignore_ascii_case(direction));
    Ok(direction.map_or(Actor::Unknown, Actor::of_direction))
}

/// The text or whole number that a pointer leads to; empty for none, and for anything else.
fn name<'a>(
    root: Value<'_, 'a>,
    pointer: Option<&Pointer>,
    field: Field,
    digits: &'a mut Digits,
) -> Result<&'a str, Refusal> {
    let Some(pointer) = pointer else {
        return Ok("");
    };
    let found = find(root, pointer.steps(), field)?;
    Ok(
        found.map_or("", |found| match (found.text(), found.integer()) {
            (Some(text), _) => text,
            (None, Some(number)) => digits.write(number),
            (None, None) => "",
        }),
    )
}

/// Room for a number in decimal digits.
#[derive(Clone, Copy, Debug, Default)]
struct Digits([u8; 20]);

impl Digits {
    fn write(&mut self, number: u64) -> &str {
        let mut room = &mut self.0[..];
        let written = write!(room, "{number}").map(|()| 20 - room.len());
        let digits = &self.0[..written.unwrap_or_default()];
        std::str::from_utf8(digits).unwrap_or_default()
    }
}

/// Where a field stands.
pub(super) fn place(mapping: &Mapping, field: Field) -> &str {
    let pointer = match field {
        Field::EventType => Some(&mapping.kind),
        Field::Timestamp => Some(&mapping.time),
        Field::SessionId => Some(&mapping.session),
        Field::MessageId => mapping.id.as_ref(),
        Field::QueueId => mapping.queue.as_ref(),
        Field::DeploymentId => mapping.deployment.as_ref(),
        Field::Data => mapping.agent.as_ref(),
        Field::Direction => mapping.author.as_ref().or(mapping.direction.as_ref()),
        _ => None,
    };
    pointer.map_or_else(|| field.label(), Pointer::as_str)
}
