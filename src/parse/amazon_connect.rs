//! The dialect of Amazon Connect's contact events, in EventBridge's envelope.
//!
//! A session is a contact: it connects at INITIATED and ends at DISCONNECTED. A transfer makes a contact
//! of its own, which Amazon Connect counts as one too. Every other type is ignored: the vendor adds
//! types, and asks readers to leave unknown ones alone. Messages are not among these events.

use super::draft::Draft;
use super::draft::Reading;
use super::draft::Sink;
use super::draft::find;
use super::draft::text;
use super::draft::time_at;
use super::tape::Refusal;
use super::value::Value;
use crate::event::EventKind;
use crate::event::Field;
use crate::event::Reject;

pub(super) fn read(root: Value<'_, '_>, sink: &mut Sink<'_, '_>) -> Result<Reading, Refusal> {
    if text(root, &["detail-type"], Field::EventType)?.is_empty() {
        return Err(Refusal::of(Reject::Field, Field::EventType));
    }
    if text(root, &["source"], Field::EventType)? != "aws.connect" {
        return Ok(Reading::Ignored);
    }
    let detail = find(root, &["detail"], Field::Data)?.filter(|detail| detail.is_object());
    let detail = detail.ok_or(Refusal::of(Reject::Shape, Field::Data))?;
    let (kind, time) = match text(detail, &["eventType"], Field::EventType)? {
        "INITIATED" => (EventKind::Connected, "initiationTimestamp"),
        "DISCONNECTED" => (EventKind::Disconnected, "disconnectTimestamp"),
        _ => return Ok(Reading::Ignored),
    };
    let time = time_at(root, &[&["detail", time], &["time"]])?;
    sink.put(&Draft {
        session: text(detail, &["contactId"], Field::SessionId)?,
        queue: text(detail, &["queueInfo", "queueArn"], Field::QueueId)?,
        ..Draft::new(kind, time)
    })?;
    Ok(Reading::Taken)
}

pub(super) const fn place(field: Field) -> &'static str {
    match field {
        Field::EventType => "detail-type, source or detail.eventType",
        Field::Timestamp => "detail.initiationTimestamp, detail.disconnectTimestamp or time",
        Field::Data => "detail",
        Field::SessionId => "detail.contactId",
        Field::QueueId => "detail.queueInfo.queueArn",
        _ => field.label(),
    }
}
