//! Derives a template from a payload that the reference path has just taken.
//!
//! The payload is one JSON document, so cutting it into tokens is enough: what is no scalar that may
//! differ stays as it stands. A payload of which a wanted value has an unusual form gives none.

use super::template::Span;
use super::template::Step;
use super::template::Template;
use super::template::word_bytes;
use super::text;
use crate::event::EventKind;
use crate::parse::id::Id;
use crate::parse::lanes;
use crate::parse::lanes::Integer;
use crate::parse::timestamp;

/// Spans of a template. Longer layouts are not worth a place.
const SPANS_MAX: usize = 64;
/// Bytes of its literals: with some five hundred layouts this bounds what they take together at 2 MB.
const TEXT_BYTES_MAX: usize = 4_096;
/// Objects and arrays open at once.
const DEPTH_MAX: usize = 8;

/// Where a token stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    Data,
    Metadata,
    Elsewhere,
}

/// The keys that are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    EventType,
    Timestamp,
    Data,
    Metadata,
    SessionId,
    Id,
    MessageId,
    DurationMs,
    QueueId,
    DeploymentId,
    Direction,
    Seq,
    Other,
}

impl Key {
    fn of(place: Place, name: &[u8]) -> Self {
        match (place, name) {
            (Place::Top, b"eventType") => Self::EventType,
            (Place::Top, b"timestamp") => Self::Timestamp,
            (Place::Top, b"data") => Self::Data,
            (Place::Top, b"metadata") => Self::Metadata,
            (Place::Data, b"sessionId") => Self::SessionId,
            (Place::Data, b"id") => Self::Id,
            (Place::Data, b"messageId") => Self::MessageId,
            (Place::Data, b"durationMs") => Self::DurationMs,
            (Place::Data, b"queueId") => Self::QueueId,
            (Place::Data, b"deploymentId") => Self::DeploymentId,
            (Place::Data, b"direction") => Self::Direction,
            (Place::Metadata, b"seq") => Self::Seq,
            _ => Self::Other,
        }
    }
}

impl Template {
    /// Makes this the template of `payload`, which is JSON, of an event of `kind` or of a type that
    /// is ignored. `None`: it gives none, and what is left here is of no use. Labels are skipped
    /// unless somebody reads them.
    pub(super) fn learn(
        &mut self,
        payload: &[u8],
        kind: Option<EventKind>,
        reads_labels: bool,
    ) -> Option<()> {
        self.text.clear();
        self.steps.clear();
        self.kind = kind;
        self.has_line_feed = payload.contains(&b'\n');
        let mut learner = Learner {
            template: self,
            payload,
            places: [Place::Elsewhere; DEPTH_MAX],
            depth: 0,
            key: Key::Other,
            reads_labels,
            literal_start: 0,
            id_step: None,
            has_session_id: false,
        };
        let mut at = 0;
        while let Some(&byte) = payload.get(at) {
            at = match byte {
                b'{' | b'[' => learner.open(at, byte)?,
                b'}' | b']' => learner.close(at)?,
                b'"' => learner.string(at)?,
                b'-' | b'0'..=b'9' => learner.number(at)?,
                b't' | b'f' | b'n' => learner.word(at)?,
                _ => at + 1,
            };
        }
        learner.finish()
    }
}

/// A walk over the tokens of a payload. Each step takes the place where a token begins, and gives the
/// one behind it.
struct Learner<'walk> {
    template: &'walk mut Template,
    payload: &'walk [u8],
    /// What is open, `depth <= DEPTH_MAX` of them.
    places: [Place; DEPTH_MAX],
    depth: usize,
    /// The key whose value comes next.
    key: Key,
    reads_labels: bool,
    /// Where the literal begins that the next span ends.
    literal_start: usize,
    /// The step of `data.id`, which counts only without a session id.
    id_step: Option<usize>,
    has_session_id: bool,
}

impl Learner<'_> {
    fn open(&mut self, at: usize, byte: u8) -> Option<usize> {
        *self.places.get_mut(self.depth)? = match (self.depth, byte, self.key) {
            (0, b'{', _) => Place::Top,
            (_, b'{', Key::Data) => Place::Data,
            (_, b'{', Key::Metadata) => Place::Metadata,
            _ => Place::Elsewhere,
        };
        self.depth += 1;
        self.key = Key::Other;
        Some(at + 1)
    }

    fn close(&mut self, at: usize) -> Option<usize> {
        self.depth = self.depth.checked_sub(1)?;
        self.key = Key::Other;
        Some(at + 1)
    }

    fn string(&mut self, at: usize) -> Option<usize> {
        let start = at + 1;
        let end = text::unread_end::<true>(self.payload, start)?;
        let text = self.payload.get(start..end)?;
        if is_key(self.payload.get(end + 1..)?) {
            // The tape compares keys without their escapes.
            if lanes::plain_text_end(self.payload, start) != Some(end) {
                return None;
            }
            let place = self.places.get(self.depth.checked_sub(1)?)?;
            self.key = Key::of(*place, text);
        } else if let Some(span) = text_span(self.key, self.template.kind, text)? {
            let span = self.label_span().unwrap_or(span);
            self.span(span, start, end)?;
        }
        Some(end + 1)
    }

    /// What reads the text of a label, if somebody does.
    fn label_span(&self) -> Option<Span> {
        match (self.key, self.template.kind.filter(|_| self.reads_labels)?) {
            (Key::QueueId, _) => Some(Span::Queue),
            (Key::DeploymentId, _) => Some(Span::Deployment),
            (Key::Direction, EventKind::Message) => Some(Span::Direction),
            _ => None,
        }
    }

    fn number(&mut self, at: usize) -> Option<usize> {
        let digits = self.payload.get(at..)?.iter();
        let end = at + digits.take_while(|byte| is_number(byte)).count();
        let is_plain = Integer::find(self.payload, at).is_some_and(|integer| integer.end == end);
        if let Some(span) = integer_span(self.key, self.template.kind, is_plain)? {
            self.span(span, at, end)?;
        }
        Some(end)
    }

    fn word(&mut self, at: usize) -> Option<usize> {
        let end = at + word_bytes(self.payload.get(at..)?)?;
        // `metadata` may be `null`, but no other word.
        if !matches!(self.key, Key::Data | Key::Metadata) {
            self.span(Span::Word, at, end)?;
        }
        Some(end)
    }

    /// Ends the literal at `start`, where a span begins that goes to `end`.
    fn span(&mut self, span: Span, start: usize, end: usize) -> Option<()> {
        let literal = self.payload.get(self.literal_start..start)?;
        self.literal_start = end;
        if matches!(span, Span::SessionUuid | Span::SessionText) {
            match self.key {
                Key::Id => self.id_step = Some(self.template.steps.len()),
                _ => self.has_session_id = true,
            }
        }
        self.template.text.extend_from_slice(literal);
        self.template.steps.push(Step {
            literal_bytes: literal.len(),
            span,
        });
        (self.template.steps.len() <= SPANS_MAX).then_some(())
    }

    fn finish(self) -> Option<()> {
        let tail = self.payload.get(self.literal_start..)?;
        self.template.text.extend_from_slice(tail);
        if let Some(step) = self.id_step.filter(|_| self.has_session_id) {
            self.template.steps.get_mut(step)?.span = Span::Text;
        }
        (self.template.text.len() <= TEXT_BYTES_MAX).then_some(())
    }
}

fn is_key(after: &[u8]) -> bool {
    let next = after.iter().find(|byte| !b" \t\r\n".contains(byte));
    next == Some(&b':')
}

fn is_number(byte: &u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')
}

/// What becomes of a string value: a span, part of the literal (`Some(None)`), or no template.
fn text_span(key: Key, kind: Option<EventKind>, text: &[u8]) -> Option<Option<Span>> {
    let is_uuid = matches!(Id::of(text), Id::Uuid { .. });
    let by_form = |uuid, other| if is_uuid { uuid } else { other };
    let span = match (key, kind) {
        // The type decides how all the rest is read; the other two have to be objects.
        (Key::EventType | Key::Data | Key::Metadata, _) => return Some(None),
        (Key::Timestamp, Some(_)) => match text.try_into() {
            Ok(text) if timestamp::from_utc_millis(text).is_some() => Span::Time,
            _ => Span::TimeText,
        },
        // An empty id counts as none, so the layout would mean another thing.
        (Key::SessionId | Key::Id, Some(_)) if text.is_empty() => return None,
        (Key::MessageId, Some(EventKind::Message)) if text.is_empty() => return None,
        (Key::SessionId | Key::Id, Some(_)) => by_form(Span::SessionUuid, Span::SessionText),
        (Key::MessageId, Some(EventKind::Message)) => by_form(Span::MessageUuid, Span::MessageText),
        _ => by_form(Span::Text36, Span::Text),
    };
    Some(Some(span))
}

/// The same for a number, which may be a plain integer.
fn integer_span(key: Key, kind: Option<EventKind>, is_plain: bool) -> Option<Option<Span>> {
    let span = match (key, kind) {
        (Key::Data | Key::Metadata, _) => return Some(None),
        (Key::Timestamp, Some(_)) => Span::TimeInteger,
        (Key::Seq, Some(EventKind::Message)) => Span::Sequence,
        (Key::DurationMs, Some(EventKind::Disconnected)) => Span::Duration,
        _ if is_plain => Span::Integer,
        // A fraction, a sign or many digits stay as they are.
        _ => return Some(None),
    };
    is_plain.then_some(Some(span))
}
