//! The dialect of Twilio's Event Streams: CloudEvents of conversations.
//!
//! A session is a conversation, from its creation until it is closed or removed. Types of other products
//! and of other things that happen to a conversation are ignored.

use super::draft::Draft;
use super::draft::MessageName;
use super::draft::Reading;
use super::draft::Sink;
use super::draft::find;
use super::draft::text;
use super::draft::time_at;
use super::tape::Refusal;
use super::value::Value;
use crate::event::Actor;
use crate::event::EventKind;
use crate::event::Field;
use crate::event::Reject;

/// What the types begin with.
const PREFIX: &str = "com.twilio.conversations.";

pub(super) fn read(root: Value<'_, '_>, sink: &mut Sink<'_, '_>) -> Result<Reading, Refusal> {
    let event_type = text(root, &["type"], Field::EventType)?;
    if event_type.is_empty() {
        return Err(Refusal::of(Reject::Field, Field::EventType));
    }
    let (kind, times): (_, &[&[&str]]) = match event_type.strip_prefix(PREFIX) {
        Some("conversation.added") => {
            (EventKind::Connected, &[&["data", "DateCreated"], &["time"]])
        }
        Some("message.added") => (EventKind::Message, &[&["data", "DateCreated"], &["time"]]),
        Some("conversation.removed") => (
            EventKind::Disconnected,
            &[
                &["data", "DateRemoved"],
                &["time"],
                &["data", "DateUpdated"],
            ],
        ),
        Some("conversation-state.updated") if is_closed(root)? => (
            EventKind::Disconnected,
            &[
                &["time"],
                &["data", "StateUpdated"],
                &["data", "DateUpdated"],
            ],
        ),
        _ => return Ok(Reading::Ignored),
    };
    let data = find(root, &["data"], Field::Data)?.filter(|data| data.is_object());
    let data = data.ok_or(Refusal::of(Reject::Shape, Field::Data))?;
    let time = time_at(root, times)?;
    sink.put(&Draft {
        session: text(data, &["ConversationSid"], Field::SessionId)?,
        message: MessageName::Id(text(data, &["MessageSid"], Field::MessageId)?),
        actor: author(text(data, &["Author"], Field::Direction)?),
        deployment: text(data, &["MessagingServiceSid"], Field::DeploymentId)?,
        ..Draft::new(kind, time)
    })?;
    Ok(Reading::Taken)
}

fn is_closed(root: Value<'_, '_>) -> Result<bool, Refusal> {
    for key in ["StateTo", "State"] {
        if text(root, &["data", key], Field::Data)? == "closed" {
            return Ok(true);
        }
    }
    Ok(false)
}

/// An author that is an address outside is the guest. Of any other name it is not known whether a guest
/// of a web chat or an agent has it.
fn author(name: &str) -> Actor {
    let address = name.split_once(':').map_or(name, |(_, address)| address);
    let is_phone = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    match name {
        "system" => Actor::Bot,
        _ if address.strip_prefix('+').is_some_and(is_phone) => Actor::Guest,
        _ if name.starts_with("messenger:") => Actor::Guest,
        _ => Actor::Unknown,
    }
}

pub(super) const fn place(field: Field) -> &'static str {
    match field {
        Field::EventType => "type",
        Field::Timestamp => "time or data.DateCreated",
        Field::SessionId => "data.ConversationSid",
        Field::MessageId => "data.MessageSid",
        Field::Direction => "data.Author",
        Field::DeploymentId => "data.MessagingServiceSid",
        _ => field.label(),
    }
}
