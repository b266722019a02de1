//! The dialect of Amazon Connect's contact events, in EventBridge's envelope.
//!
//! | `eventType` | what it comes to |
//! |---|---|
//! | `INITIATED` | the session, which is a contact, connects |
//! | `QUEUED` | it waits in `queueInfo` |
//! | `CONNECTED_TO_AGENT` | the wait is answered; the agent of `agentInfo` has joined |
//! | `DISCONNECTED` | it ends, and every leg of it; by whom, `disconnectReason` says |
//!
//! A transfer makes a contact of its own, which Amazon Connect counts as one too. Every other type is
//! ignored: the vendor adds types, and asks readers to leave unknown ones alone. Messages are not among
//! these events. Events are delivered by best effort, and later ones repeat the times of earlier ones: a
//! wait or an agent is taken from whichever comes.

use super::draft::Draft;
use super::draft::Leg;
use super::draft::Reading;
use super::draft::Sink;
use super::draft::find;
use super::draft::text;
use super::draft::time;
use super::draft::time_at;
use super::tape::Refusal;
use super::value::Value;
use crate::event::Actor;
use crate::event::EventKind;
use crate::event::FactKind;
use crate::event::Field;
use crate::event::Media;
use crate::event::Outcome;
use crate::event::Reject;
use crate::time::EpochMs;

/// The types that are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Initiated,
    Queued,
    ConnectedToAgent,
    Disconnected,
}

pub(super) fn read(root: Value<'_, '_>, sink: &mut Sink<'_, '_>) -> Result<Reading, Refusal> {
    if text(root, &["detail-type"], Field::EventType)?.is_empty() {
        return Err(Refusal::of(Reject::Field, Field::EventType));
    }
    if text(root, &["source"], Field::EventType)? != "aws.connect" {
        return Ok(Reading::Ignored);
    }
    let detail = find(root, &["detail"], Field::Data)?.filter(|detail| detail.is_object());
    let detail = detail.ok_or(Refusal::of(Reject::Shape, Field::Data))?;
    let of_type = match text(detail, &["eventType"], Field::EventType)? {
        "INITIATED" => Type::Initiated,
        "QUEUED" => Type::Queued,
        "CONNECTED_TO_AGENT" => Type::ConnectedToAgent,
        "DISCONNECTED" => Type::Disconnected,
        _ => return Ok(Reading::Ignored),
    };
    let session = text(detail, &["contactId"], Field::SessionId)?;
    let queue = text(detail, &["queueInfo", "queueArn"], Field::QueueId)?;
    let of_contact = |kind, time, by| Draft {
        session,
        queue,
        by,
        ..Draft::new(kind, time)
    };
    if of_type == Type::Initiated {
        let time = time_at(root, &[&["detail", "initiationTimestamp"], &["time"]])?;
        sink.put(&of_contact(EventKind::Connected, time, Actor::Guest))?;
    }
    let media = Media::named(text(detail, &["channel"], Field::Data)?);
    let of_leg = |leg, time| Draft {
        session,
        queue,
        ..Draft::of_leg(leg, time)
    };
    let queued = said(
        root,
        "queueInfo",
        "enqueueTimestamp",
        of_type == Type::Queued,
    )?;
    if let Some(time) = queued {
        sink.put(&of_leg(Leg::new(FactKind::Queued, media), time))?;
    }
    let is_joined = of_type == Type::ConnectedToAgent;
    let joined = said(root, "agentInfo", "connectedToAgentTimestamp", is_joined)?;
    if let Some(time) = joined {
        if !queue.is_empty() {
            let mut leg = Leg::new(FactKind::LeftQueue, media);
            leg.outcome = Outcome::Answered;
            sink.put(&of_leg(leg, time))?;
        }
        sink.put(&Draft {
            agent: text(detail, &["agentInfo", "agentArn"], Field::Data)?,
            ..of_leg(Leg::new(FactKind::Joined, media), time)
        })?;
    }
    if of_type == Type::Disconnected {
        let time = time_at(root, &[&["detail", "disconnectTimestamp"], &["time"]])?;
        let by = match text(detail, &["disconnectReason"], Field::Data)? {
            "CUSTOMER_DISCONNECT" => Actor::Guest,
            "AGENT_DISCONNECT" => Actor::Agent,
            _ => Actor::Business,
        };
        sink.put(&of_contact(EventKind::Disconnected, time, by))?;
    }
    Ok(Reading::Taken)
}

/// The time that a part of the detail says; that of the envelope where the event itself is about it.
fn said(
    root: Value<'_, '_>,
    part: &str,
    key: &str,
    is_own: bool,
) -> Result<Option<EpochMs>, Refusal> {
    let way = ["detail", part, key];
    if is_own {
        return time_at(root, &[&way, &["time"]]).map(Some);
    }
    let found = find(root, &way, Field::Timestamp)?.filter(|found| !found.is_null());
    found.map(|found| time(Some(found))).transpose()
}

pub(super) const fn place(field: Field) -> &'static str {
    match field {
        Field::EventType => "detail-type, source or detail.eventType",
        Field::Timestamp => "a timestamp of detail, or time",
        Field::Data => "detail",
        Field::SessionId => "detail.contactId",
        Field::QueueId => "detail.queueInfo.queueArn",
        _ => field.label(),
    }
}
