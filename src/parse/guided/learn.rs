//! Derives a template from a payload that the reference path has just taken.
//!
//! The payload is one JSON document, so cutting it into tokens is enough: what is no scalar that may
//! differ stays as it stands. A payload of which a wanted value has an unusual form gives none.

use super::lanes;
use super::lanes::Integer;
use super::template::Span;
use super::template::Step;
use super::template::Template;
use super::template::word_bytes;
use crate::event::EventKind;
use crate::parse::id::Id;
use crate::parse::timestamp;

/// Spans of a template. Longer layouts are not worth a place.
const SPANS_MAX: usize = 64;
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
            (Place::Metadata, b"seq") => Self::Seq,
            _ => Self::Other,
        }
    }
}

impl Template {
    /// Makes this the template of `payload`, which is JSON, of an event of `kind` or of a type that
    /// is ignored. `None`: it gives none, and what is left here is of no use.
    pub(super) fn learn(&mut self, payload: &[u8], kind: Option<EventKind>) -> Option<()> {
        self.text.clear();
        self.steps.clear();
        self.kind = kind;
        let mut places = [Place::Elsewhere; DEPTH_MAX];
        let mut depth = 0;
        let mut key = Key::Other;
        // The step of `data.id`, which counts only without a session id.
        let mut id_step = None;
        let mut has_session_id = false;
        let mut literal_start = 0;
        let mut at = 0;
        while let Some(&byte) = payload.get(at) {
            let span = match byte {
                b'{' | b'[' => {
                    let place = match (depth, byte, key) {
                        (0, b'{', _) => Place::Top,
                        (_, b'{', Key::Data) => Place::Data,
                        (_, b'{', Key::Metadata) => Place::Metadata,
                        _ => Place::Elsewhere,
                    };
                    *places.get_mut(depth)? = place;
                    depth += 1;
                    key = Key::Other;
                    None
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    key = Key::Other;
                    None
                }
                b'"' => {
                    let start = at + 1;
                    let end = lanes::plain_text_end(payload, start)?;
                    let text = payload.get(start..end)?;
                    at = start;
                    if is_key(payload.get(end + 1..)?) {
                        key = Key::of(*places.get(depth.checked_sub(1)?)?, text);
                        at = end + 1;
                        continue;
                    }
                    text_span(key, kind, text)?.map(|span| (span, end))
                }
                b'-' | b'0'..=b'9' => {
                    let end = at
                        + payload
                            .get(at..)?
                            .iter()
                            .take_while(|b| is_number(b))
                            .count();
                    let plain = Integer::find(payload, at).filter(|integer| integer.end == end);
                    match integer_span(key, kind, plain.is_some())? {
                        Some(span) => Some((span, end)),
                        None => {
                            at = end;
                            continue;
                        }
                    }
                }
                b't' | b'f' | b'n' => {
                    let end = at + word_bytes(payload.get(at..)?)?;
                    // At the top these two may not change from `null` to another word.
                    if matches!(key, Key::Data | Key::Metadata) {
                        at = end;
                        continue;
                    }
                    Some((Span::Word, end))
                }
                _ => None,
            };
            let Some((span, end)) = span else {
                // A string that stays is left behind whole, with its second quote.
                at = match byte {
                    b'"' => lanes::plain_text_end(payload, at)? + 1,
                    _ => at + 1,
                };
                continue;
            };
            has_session_id |= key == Key::SessionId && is_session(span);
            if key == Key::Id && is_session(span) {
                id_step = Some(self.steps.len());
            }
            self.text.extend_from_slice(payload.get(literal_start..at)?);
            self.steps.push(Step {
                literal_bytes: at - literal_start,
                span,
            });
            if self.steps.len() > SPANS_MAX {
                return None;
            }
            // The quote behind a string begins the next literal, and must not open another string.
            literal_start = end;
            at = if byte == b'"' { end + 1 } else { end };
        }
        self.text.extend_from_slice(payload.get(literal_start..)?);
        if let Some(step) = id_step.filter(|_| has_session_id) {
            self.steps.get_mut(step)?.span = Span::Text;
        }
        Some(())
    }
}

fn is_key(after: &[u8]) -> bool {
    let next = after.iter().find(|byte| !b" \t\r\n".contains(byte));
    next == Some(&b':')
}

fn is_number(byte: &u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')
}

fn is_session(span: Span) -> bool {
    matches!(span, Span::SessionUuid | Span::SessionText)
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
