//! The dialect of Genesys Cloud's notifications, in EventBridge's envelope or as they are on a socket.
//!
//! | topic | what it comes to |
//! |---|---|
//! | `v2.detail.events.conversation.{id}.customer.start`, `.customer.end` | the session connects, or ends |
//! | the same, `.acd.start`, `.acd.end`, `.user.start`, `.user.end`, `.acw` | a fact of a queue's leg, or of an agent's |
//! | `v2.routing.queues.{id}.conversations…`, `v2.users.{id}.conversations…` | a view: all of that, and each message |
//! | any other | ignored |
//!
//! A view repeats the whole conversation at every change, also long after its end. Each fact and each
//! message in it is known by its own key, so what is repeated changes nothing. `edge` reads the detail
//! events, `view` the views.

mod edge;
mod view;

use super::draft::Draft;
use super::draft::Reading;
use super::draft::Sink;
use super::draft::find;
use super::draft::text;
use super::tape::Refusal;
use super::value::Value;
use crate::event::Actor;
use crate::event::Field;
use crate::event::Reject;

use edge::Edge;

pub(super) fn read<'input>(
    root: Value<'_, 'input>,
    drafts: &mut Vec<Draft<'input>>,
    sink: &mut Sink<'_, '_>,
) -> Result<Reading, Refusal> {
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
        Topic::Edge(edge) => edge::read(edge, body, sink)?,
        Topic::View => view::read(body, drafts, sink)?,
    }
    Ok(Reading::Taken)
}

/// What a topic's notifications say of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Topic {
    /// Something of it began or ended.
    Edge(Edge),
    /// All of it, as somebody sees it now.
    View,
}

impl Topic {
    fn of(topic: &str) -> Option<Self> {
        let words = topic.strip_prefix("v2.")?;
        if let Some(rest) = words.strip_prefix("detail.events.conversation.") {
            return Edge::of(rest.split_once('.')?.1).map(Self::Edge);
        }
        let rest = words
            .strip_prefix("routing.queues.")
            .or_else(|| words.strip_prefix("users."))?;
        let what = rest.split_once('.')?.1;
        matches!(what, "conversations" | "conversations.messages").then_some(Self::View)
    }
}

/// Whose doing it is that a leg or the conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// The customer's: its client or endpoint is the guest, its peer the agent.
    Customer,
    /// A queue's: its client, endpoint and peer are the guest.
    Queue,
    /// An agent's: its client or endpoint is the agent, its peer the guest.
    Agent,
}

/// Who ended it, by a disconnect type in either spelling: `PEER`, `transport.failure`.
fn ended_by(side: Side, disconnect_type: &str) -> Actor {
    let is = |name: &str| disconnect_type.eq_ignore_ascii_case(name);
    let (is_own, is_peer) = (is("client") || is("endpoint"), is("peer"));
    match side {
        Side::Customer if is_own => Actor::Guest,
        Side::Customer if is_peer => Actor::Agent,
        Side::Queue if is_own || is_peer => Actor::Guest,
        Side::Agent if is_own => Actor::Agent,
        Side::Agent if is_peer => Actor::Guest,
        Side::Queue | Side::Agent if disconnect_type.is_empty() => Actor::Unknown,
        // It says that it ended, and not that the guest did it.
        Side::Customer | Side::Queue | Side::Agent => Actor::Business,
    }
}

pub(super) const fn place(field: Field) -> &'static str {
    match field {
        Field::EventType => "topicName",
        Field::Timestamp => "eventTime, messageTime or a participant's times",
        Field::Data => "detail or eventBody",
        Field::SessionId => "conversationId or id",
        Field::MessageId => "messageId",
        Field::QueueId => "queue.id",
        Field::DeploymentId => "addressTo",
        Field::Direction => "purpose",
        _ => field.label(),
    }
}
