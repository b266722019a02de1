//! The layout of one kind of event: the bytes that stay, and what stands between them.
//!
//! A template was proven to be one JSON document when it was learned (see `learn.rs`). A payload that
//! has the same bytes in the same order, with nothing between them but scalars of the same sort, is
//! then JSON too, with the same keys: only the scalars are left to be read.

use super::text;
use crate::event::Actor;
use crate::event::Detail;
use crate::event::Direction;
use crate::event::Event;
use crate::event::EventKind;
use crate::event::Identity;
use crate::event::LabelsId;
use crate::parse::id::Id;
use crate::parse::id::Ids;
use crate::parse::labels::LabelTable;
use crate::parse::labels::LabelTexts;
use crate::parse::lanes;
use crate::parse::lanes::Integer;
use crate::parse::timestamp;
use crate::parse::timestamp::Day;
use crate::parse::verdict::Verdict;
use crate::time::EpochMs;

/// A layout. `text` is all literals one after the other; each step takes the next
/// `literal_bytes` of them, the tail takes what is left.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Template {
    pub(super) text: Vec<u8>,
    pub(super) steps: Vec<Step>,
    /// `None`: of a type that is ignored.
    pub(super) kind: Option<EventKind>,
    /// Whether a literal holds a line feed.
    pub(super) has_line_feed: bool,
}

/// A literal and the scalar behind it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) literal_bytes: usize,
    pub(super) span: Span,
}

/// A scalar that differs from event to event. The quotes of a string belong to the literals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    /// A string, not read.
    Text,
    /// A string that is mostly of 36 bytes of plain ASCII, likewise.
    Text36,
    /// An integer of up to 15 digits, not read.
    Integer,
    /// `true`, `false` or `null`, not read.
    Word,
    /// `timestamp` as `YYYY-MM-DDTHH:MM:SS.mmmZ`.
    Time,
    /// `timestamp` as other text.
    TimeText,
    /// `timestamp` as an integer.
    TimeInteger,
    /// The session's id, a canonical UUID.
    SessionUuid,
    /// The session's id as other text; never empty.
    SessionText,
    /// `messageId` of a message, a canonical UUID.
    MessageUuid,
    /// `messageId` of a message as other text; never empty.
    MessageText,
    /// `seq` of a message.
    Sequence,
    /// `durationMs` of a disconnect.
    Duration,
    /// `queueId` as text.
    Queue,
    /// `deploymentId` as text.
    Deployment,
    /// `direction` of a message as text.
    Direction,
}

/// What the spans of one payload say.
#[derive(Default)]
struct Found<'payload> {
    time: Option<EpochMs>,
    session: Option<Id<'payload>>,
    message: Option<Id<'payload>>,
    sequence: Option<u64>,
    duration_ms: Option<u64>,
    actor: Actor,
    texts: LabelTexts<'payload>,
}

impl Template {
    /// What the payload that `bytes` begin with means, if it has this layout and holds nothing that the
    /// reference path has to judge. `is_end` says whether it may end at a place; `ODD`, whether texts may
    /// be more than plain ASCII.
    #[inline(always)]
    pub(super) fn read<const ODD: bool>(
        &self,
        bytes: &[u8],
        is_end: impl FnOnce(&Self, usize) -> bool,
        ids: &Ids,
        labels: Option<&mut LabelTable>,
        day: &mut Day,
    ) -> Option<Verdict> {
        let mut found = Found::default();
        let end = self.find::<ODD>(bytes, &mut found, day)?;
        if !is_end(self, end) {
            return None;
        }
        match self.kind {
            Some(kind) => Some(Verdict::Event(found.event(kind, ids, labels)?)),
            None => Some(Verdict::Ignored),
        }
    }

    /// Reads the spans of the payload that `bytes` begin with, if it has this layout; where it ends. Not
    /// inlined, so that the loop has the registers for itself.
    #[inline(never)]
    fn find<'payload, const ODD: bool>(
        &self,
        bytes: &'payload [u8],
        found: &mut Found<'payload>,
        day: &mut Day,
    ) -> Option<usize> {
        let mut literals = self.text.as_slice();
        let mut place = 0;
        for step in &self.steps {
            let (literal, rest) = literals.split_at_checked(step.literal_bytes)?;
            literals = rest;
            let start = place + literal.len();
            if !lanes::is_same(bytes.get(place..start)?, literal) {
                return None;
            }
            place = step.span.read::<ODD>(bytes, start, found, day)?;
        }
        let end = place + literals.len();
        lanes::is_same(bytes.get(place..end)?, literals).then_some(end)
    }
}

impl Found<'_> {
    /// The event of a kind that was found. It is made where it is returned: copies of what was
    /// written in other widths a moment ago stall.
    #[inline(always)]
    fn event(self, kind: EventKind, ids: &Ids, labels: Option<&mut LabelTable>) -> Option<Event> {
        let time = self.time?;
        let id = self.session?;
        let session = ids.session(id)?;
        let identity = self
            .message
            .and_then(|id| ids.of_message_id(session, time, id))
            .or_else(|| Some(ids.of_sequence(session, time, self.sequence?)))
            .unwrap_or(Identity::NONE);
        let mut texts = self.texts;
        if let (EventKind::Connected, Id::Other(text)) = (kind, id) {
            texts.id = text;
        }
        Some(Event {
            time,
            session,
            identity,
            detail: Detail::of_duration(self.duration_ms.and_then(|ms| u32::try_from(ms).ok())),
            labels: labels.map_or(LabelsId::NONE, |labels| labels.label(kind, &texts)),
            kind,
            actor: self.actor,
        })
    }
}

impl Span {
    /// Reads the scalar at `start`; gives the place behind it.
    #[inline(always)]
    fn read<'payload, const ODD: bool>(
        self,
        payload: &'payload [u8],
        start: usize,
        found: &mut Found<'payload>,
        day: &mut Day,
    ) -> Option<usize> {
        let text_to = |end: usize| payload.get(start..end);
        Some(match self {
            Self::Text36 if lanes::is_plain_36(payload, start)? => start + 36,
            Self::Text36 if !ODD => return None,
            Self::Text | Self::Text36 => text::unread_end::<ODD>(payload, start)?,
            Self::Integer => Integer::find(payload, start)?.end,
            Self::Word => start + word_bytes(payload.get(start..)?)?,
            Self::Time => {
                found.time = Some(day.utc_millis(array_at(payload, start)?)?);
                start + 24
            }
            Self::TimeText => {
                let end = lanes::plain_text_end(payload, start)?;
                found.time = Some(timestamp::from_text(text_to(end)?)?);
                end
            }
            Self::TimeInteger => {
                let integer = Integer::find(payload, start)?;
                found.time = Some(timestamp::from_integer(integer.value())?);
                integer.end
            }
            Self::SessionUuid => {
                found.session = Some(Id::uuid(array_at(payload, start)?)?);
                start + 36
            }
            Self::MessageUuid => {
                found.message = Some(Id::uuid(array_at(payload, start)?)?);
                start + 36
            }
            Self::SessionText => {
                let end = text::read_end::<ODD>(payload, start)?;
                found.session = Some(Id::of(text_to(end).filter(|text| !text.is_empty())?));
                end
            }
            Self::MessageText => {
                let end = text::read_end::<ODD>(payload, start)?;
                found.message = Some(Id::of(text_to(end).filter(|text| !text.is_empty())?));
                end
            }
            Self::Sequence => {
                let integer = Integer::find(payload, start)?;
                found.sequence = Some(integer.value());
                integer.end
            }
            Self::Duration => {
                let integer = Integer::find(payload, start)?;
                found.duration_ms = Some(integer.value());
                integer.end
            }
            Self::Queue => {
                let end = name_end::<ODD>(payload, start)?;
                found.texts.queue = text_to(end)?;
                end
            }
            Self::Deployment => {
                let end = name_end::<ODD>(payload, start)?;
                found.texts.deployment = text_to(end)?;
                end
            }
            Self::Direction => {
                let end = text::read_end::<ODD>(payload, start)?;
                let direction = Direction::of(text_to(end)?);
                found.actor = direction.map_or(Actor::Unknown, Actor::of_direction);
                end
            }
        })
    }
}

/// Where a name ends that is mostly a UUID.
#[inline(always)]
fn name_end<const ODD: bool>(payload: &[u8], start: usize) -> Option<usize> {
    match lanes::is_plain_36(payload, start) {
        Some(true) => Some(start + 36),
        _ => text::read_end::<ODD>(payload, start),
    }
}

/// The length of the word that `text` begins with.
pub(super) fn word_bytes(text: &[u8]) -> Option<usize> {
    ["true", "false", "null"]
        .iter()
        .find(|word| text.starts_with(word.as_bytes()))
        .map(|word| word.len())
}

#[inline(always)]
fn array_at<const BYTES: usize>(payload: &[u8], start: usize) -> Option<&[u8; BYTES]> {
    payload.get(start..)?.first_chunk()
}
