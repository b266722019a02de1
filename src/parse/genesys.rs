//! The dialect of Genesys Cloud's notifications, in EventBridge's envelope or as they are on a socket.
//!
//! | topic | what it comes to |
//! |---|---|
//! | `v2.detail.events.conversation.{id}.customer.start`, `.customer.end` | the session connects, or ends |
//! | `v2.routing.queues.{id}.conversations…`, `v2.users.{id}.conversations…` | each message in it, once |
//! | any other | nothing yet: ignored |
//!
//! A queue's view of a conversation repeats the whole conversation at every change, also long after its
//! end. So starts and ends are taken from the detail events alone, which the bus has for every
//! conversation, and from a view only its messages: each has an id of its own, so a copy is a copy.
//! `user.end` and the like say nothing of the guest's session.

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

pub(super) fn read(root: Value<'_, '_>, sink: &mut Sink<'_, '_>) -> Result<Reading, Refusal> {
    let detail = match find(root, &["detail"], Field::Data)? {
        Some(detail) if detail.is_object() => detail,
        Some(_) => return Err(Refusal::of(Reject::Shape, Field::Data)),
        None => root,
    };
    let topic = text(detail, &["topicName"], Field::EventType)?;
    if topic.is_empty() {
        // Another event of the same bus says what it is, and is none of ours.
        return match text(root, &["detail-type"], Field::EventType)? {
            "" => Err(Refusal::of(Reject::Field, Field::EventType)),
            of_genesys if of_genesys.starts_with("v2.") => {
                Err(Refusal::of(Reject::Field, Field::EventType))
            }
            _ => Ok(Reading::Ignored),
        };
    }
    let Some(topic) = Topic::of(topic) else {
        return Ok(Reading::Ignored);
    };
    let body = find(detail, &["eventBody"], Field::Data)?.filter(|body| body.is_object());
    let body = body.ok_or(Refusal::of(Reject::Shape, Field::Data))?;
    match topic {
        Topic::Edge(kind) => edge(kind, body, sink)?,
        Topic::View => view(body, sink)?,
    }
    Ok(Reading::Taken)
}

/// What a topic's notifications say of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Topic {
    /// It begins or ends.
    Edge(EventKind),
    /// All of it, as somebody sees it now.
    View,
}

impl Topic {
    fn of(topic: &str) -> Option<Self> {
        let words = topic.strip_prefix("v2.")?;
        if let Some(rest) = words.strip_prefix("detail.events.conversation.") {
            return match rest.split_once('.')?.1 {
                "customer.start" => Some(Self::Edge(EventKind::Connected)),
                "customer.end" => Some(Self::Edge(EventKind::Disconnected)),
                _ => None,
            };
        }
        let rest = words
            .strip_prefix("routing.queues.")
            .or_else(|| words.strip_prefix("users."))?;
        let what = rest.split_once('.')?.1;
        matches!(what, "conversations" | "conversations.messages").then_some(Self::View)
    }
}

fn edge(kind: EventKind, body: Value<'_, '_>, sink: &mut Sink<'_, '_>) -> Result<(), Refusal> {
    let time = time_at(body, &[&["eventTime"]])?;
    // A guest writes to the deployment; of other channels the address is a number or a page.
    let deployment = match text(body, &["messageType"], Field::DeploymentId)? {
        "WEBMESSAGING" => text(body, &["addressTo"], Field::DeploymentId)?,
        _ => "",
    };
    sink.put(&Draft {
        session: text(body, &["conversationId"], Field::SessionId)?,
        deployment,
        ..Draft::new(kind, time)
    })
}

/// The messages of all participants.
fn view(body: Value<'_, '_>, sink: &mut Sink<'_, '_>) -> Result<(), Refusal> {
    let session = text(body, &["id"], Field::SessionId)?;
    if session.is_empty() {
        return Err(Refusal::of(Reject::Field, Field::SessionId));
    }
    let Some(participants) = find(body, &["participants"], Field::Data)? else {
        return Ok(());
    };
    for participant in participants.items() {
        let author = match text(participant, &["purpose"], Field::Direction)? {
            "customer" | "external" => Actor::Guest,
            "agent" | "user" => Actor::Agent,
            "acd" | "bot" | "botflow" | "workflow" | "ivr" => Actor::Bot,
            _ => Actor::Unknown,
        };
        let draft = Draft {
            session,
            actor: author,
            queue: text(participant, &["queue", "id"], Field::QueueId)?,
            ..Draft::new(EventKind::Message, crate::time::EpochMs::from_ms(0))
        };
        let Some(messages) = find(participant, &["messages"], Field::Data)? else {
            continue;
        };
        for item in messages.items() {
            // In some views this is a session, with its messages inside, or with none.
            match find(item, &["messages"], Field::Data)? {
                Some(inner) => {
                    for message in inner.items() {
                        put(message, draft, sink)?;
                    }
                }
                None => put(item, draft, sink)?,
            }
        }
    }
    Ok(())
}

/// One message of a view; what is none of a person's or a bot's is skipped.
fn put<'input>(
    message: Value<'_, 'input>,
    draft: Draft<'input>,
    sink: &mut Sink<'_, '_>,
) -> Result<(), Refusal> {
    // Presence and typing are written like messages, and are none.
    if text(message, &["messageMetadata", "type"], Field::Data)? == "Event" {
        return Ok(());
    }
    let mut name = text(message, &["message", "id"], Field::MessageId)?;
    if name.is_empty() {
        name = text(message, &["messageId"], Field::MessageId)?;
    }
    if name.is_empty() {
        // A session without its messages. What has no id could not be counted once.
        return Ok(());
    }
    let time = time_at(message, &[&["messageTime"]])?;
    sink.put(&Draft {
        time,
        message: MessageName::Id(name),
        ..draft
    })
}

pub(super) const fn place(field: Field) -> &'static str {
    match field {
        Field::EventType => "topicName",
        Field::Timestamp => "eventTime or messageTime",
        Field::Data => "detail or eventBody",
        Field::SessionId => "conversationId or id",
        Field::MessageId => "messageId",
        Field::QueueId => "queue.id",
        Field::DeploymentId => "addressTo",
        Field::Direction => "purpose",
        _ => field.label(),
    }
}
