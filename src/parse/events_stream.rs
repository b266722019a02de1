//! The dialect of the `events-stream` source: one event a payload.
//!
//! Two paths lead to the same [`Verdict`] for the same bytes. The *tape* is the reference: simd-json
//! reads the whole message, then `tape.rs` looks up what is wanted. The *guided* path before it
//! (`guided/`) takes messages laid out like recent ones, several times as fast, and leaves the rest alone.
//!
//! # The wire
//! ```json
//! {"eventType": "webchat:message", "timestamp": "2026-01-15T12:00:00.000Z",
//!  "data": {"sessionId": "…", "id": "…", "messageId": "…", "durationMs": 0,
//!           "queueId": "…", "deploymentId": "…", "direction": "inbound"},
//!  "metadata": {"seq": 0}}
//! ```
//! Keys come in any order and are compared after their escapes are decoded; other keys are skipped,
//! but what stands behind them is checked like all the rest.
//!
//! # The meaning
//! The first line that applies decides:
//!
//! 1. Longer than `MESSAGE_BYTES_MAX`: `too_big`.
//! 2. Not UTF-8 anywhere: `utf8`.
//! 3. A string without its end or with a raw control character in it, or nothing but whitespace:
//!    `not_json`. (A backslash outside a string is a fault of rule 4, but hides a quote after it here.)
//! 4. The first fault from the left: nesting deeper than `JSON_DEPTH_MAX`, the top level counted, is
//!    `depth`; a number written as JSON wants it but beyond every 64-bit type (an integer below
//!    -2^63 or above 2^64 - 1, a float that rounds to infinity) is `number_range`; anything else that
//!    is not one JSON document (RFC 8259) with whitespace around it is `not_json`: bad syntax, a
//!    lone surrogate escape, a byte-order mark, a second document.
//! 5. The top level is no object: `shape`.
//! 6. One of `eventType`, `timestamp`, `data`, `metadata` stands twice at the top level, or
//!    one of `sessionId`, `id`, `messageId`, `durationMs`, `queueId`, `deploymentId`, `direction`
//!    twice in `data`, or `seq` twice in `metadata`: `duplicate_key`, whatever the values and
//!    whatever the type, and also when nobody reads labels.
//! 7. `eventType` is missing or no string: `field`.
//! 8. It is not one of `webchat:connected`, `webchat:disconnected`, `webchat:message`, to the letter:
//!    ignored.
//! 9. `data` is there and no object (`null` included), or `metadata` is there and neither an object
//!    nor `null`: `shape`.
//! 10. `timestamp` is missing: `field`. It is neither RFC 3339 with a zone nor an integer of epoch
//!     milliseconds, or lies before 1970 or after 9999 in UTC: `timestamp` (see `parse/timestamp.rs`).
//! 11. The session id is `data.sessionId` if that is a non-empty string, else `data.id` likewise. There
//!     is none, or the chosen one is over `ID_BYTES_MAX` bytes or holds a control character (U+0000 to
//!     U+001F, U+007F): `field`.
//! 12. It is an event. Optional fields of the wrong type or out of range are as absent:
//!     * `data.durationMs` is read on a disconnect, an integer up to 2^32 - 2.
//!     * A message's identity is its `data.messageId` if that is a non-empty string within the limits
//!       of rule 11, else its `metadata.seq` if that is an integer from 0 to 2^64 - 1, else none; it
//!       always includes session and event time (see `parse/id.rs`).
//!
//! An *integer* is a number without fraction and exponent; `-0` is 0.

use std::fmt;
use std::mem;

use simd_json::Buffers;
use simd_json::Tape;

use super::decoder::Decoded;
use super::decoder::Decoder;
use super::decoder::Output;
use super::fault;
use super::guided::Guided;
use super::id;
use super::labels::LabelTable;
use super::tape;
use super::tape::Refusal;
use super::verdict::Verdict;
use crate::config::limits::JSON_DEPTH_MAX;
use crate::config::limits::MESSAGE_BYTES_MAX;
use crate::config::limits::PARSE_BYTES_KEPT_MAX;
use crate::event::Actor;
use crate::event::Definitions;
use crate::event::Field;
use crate::event::IdKeys;
use crate::event::LabelFault;
use crate::event::Reject;

/// Turns messages into events, one at a time. Its buffers are reused, so keep one per connection.
pub struct Parser {
    buffers: Buffers,
    /// Empty between calls; only its allocation is kept.
    tape: Tape<'static>,
    ids: id::Ids,
    /// `None`: the reference path alone.
    pub(super) guided: Option<Guided>,
    /// `None`: labels are not read.
    labels: Option<LabelTable>,
    keys: IdKeys,
    /// See [`Parser::refused_field`].
    refused_field: Option<Field>,
}

impl Parser {
    /// A parser whose hashed ids and identities are made under `keys`.
    pub fn new(keys: IdKeys) -> Self {
        Self {
            guided: Some(Guided::new()),
            ..Self::reference(keys)
        }
    }

    /// A parser that always takes the reference path, the tape. Same verdicts, slower: for tests
    /// and benches to compare with.
    pub fn reference(keys: IdKeys) -> Self {
        Self {
            guided: None,
            buffers: Buffers::with_max_depth(0, JSON_DEPTH_MAX),
            tape: Tape(Vec::new()),
            ids: id::Ids::new(keys),
            labels: None,
            keys,
            refused_field: None,
        }
    }

    /// Reads labels from now on; [`Parser::define`] says what they mean.
    #[must_use]
    pub fn with_labels(mut self) -> Self {
        self.labels = Some(LabelTable::new(self.keys));
        if let Some(guided) = &mut self.guided {
            // Layouts learned so far skip them.
            *guided = Guided::new();
        }
        self
    }

    /// Puts into `definitions` what the latest event needs, which goes to `place` in its batch: what its
    /// labels stand for, if that was not said before, and its session id, if it is a connect whose
    /// key cannot be printed back. Call it for every event that goes on.
    #[inline]
    pub fn define(&mut self, place: usize, definitions: &mut Definitions) {
        if let Some(labels) = &mut self.labels {
            labels.define(place, definitions);
        }
    }

    /// The field that the latest refused message was refused for, if it was one.
    pub const fn refused_field(&self) -> Option<Field> {
        self.refused_field
    }

    /// Names of queues and deployments that were not taken since this was last asked, by
    /// [`LabelFault::index`]. A name that is not taken is as absent, so its event still counts.
    #[inline]
    pub fn take_labels_refused(&mut self) -> [u64; LabelFault::COUNT] {
        match &mut self.labels {
            Some(labels) => labels.take_refused(),
            None => [0; LabelFault::COUNT],
        }
    }

    /// Parses one message. The bytes may be changed in place, where strings hold escapes.
    /// Cost: linear in the length; allocates only to grow its buffers, and after a message of more
    /// than `PARSE_BYTES_KEPT_MAX` bytes, whose buffers it does not keep.
    pub fn parse(&mut self, payload: &mut [u8]) -> Verdict {
        if payload.len() <= MESSAGE_BYTES_MAX
            && let Some(verdict) = self.recognize(payload)
        {
            return verdict;
        }
        self.parse_unrecognized(payload)
    }

    /// The same for a message that [`Parser::recognize`] says nothing about.
    pub fn parse_unrecognized(&mut self, payload: &mut [u8]) -> Verdict {
        self.refused_field = None;
        if payload.len() > MESSAGE_BYTES_MAX {
            return Verdict::Rejected(Reject::TooBig);
        }
        if let Some(guided) = &mut self.guided {
            guided.keep_sample(payload);
        }
        let verdict = self.parse_to_tape(payload);
        if let Some(guided) = &mut self.guided {
            // Learning reads the message once more: its names are counted already.
            let refused = self.labels.as_ref().map(LabelTable::refused);
            guided.learn(verdict, &self.ids, self.labels.as_mut());
            if let (Some(labels), Some(refused)) = (&mut self.labels, refused) {
                labels.set_refused(refused);
            }
        }
        verdict
    }

    /// What [`Parser::parse`] would say of `payload`, if it is laid out like a recent one; its bytes
    /// stay as they are. `None` says nothing about it: parse it.
    #[inline(always)]
    pub fn recognize(&mut self, payload: &[u8]) -> Option<Verdict> {
        let guided = self.guided.as_mut()?;
        guided.read(payload, &self.ids, self.labels.as_mut())
    }

    /// The same for the line that `bytes` begin with, and how many bytes it has without its line
    /// feed, a carriage return before that included: so the end of a line that is like recent ones
    /// need not be looked for. `None` also when its end is not in `bytes`, and when it is longer than
    /// `MESSAGE_BYTES_MAX`.
    #[inline(always)]
    pub fn recognize_line(&mut self, bytes: &[u8]) -> Option<(Verdict, usize)> {
        let guided = self.guided.as_mut()?;
        guided.read_line(bytes, &self.ids, self.labels.as_mut())
    }

    /// The reference path.
    fn parse_to_tape(&mut self, payload: &mut [u8]) -> Verdict {
        let mut tape = mem::replace(&mut self.tape, Tape(Vec::new())).reset();
        let (ids, labels) = (&self.ids, &mut self.labels);
        let read = simd_json::fill_tape(payload, &mut self.buffers, &mut tape).map(|()| {
            let found = tape::read(&tape.0, ids)?;
            Ok(found.map(|(mut event, texts)| {
                match labels {
                    Some(labels) => event.labels = labels.label(event.kind, &texts),
                    None => event.actor = Actor::Unknown,
                }
                event
            }))
        });
        self.tape = tape.reset();
        let verdict = match read {
            Ok(Ok(Some(event))) => Verdict::Event(event),
            Ok(Ok(None)) => Verdict::Ignored,
            Ok(Err(Refusal { reason, field })) => {
                self.refused_field = field;
                Verdict::Rejected(reason)
            }
            Err(error) => Verdict::Rejected(fault::reason(&error, payload)),
        };
        if payload.len() > PARSE_BYTES_KEPT_MAX {
            self.buffers = Buffers::with_max_depth(0, JSON_DEPTH_MAX);
            self.tape = Tape(Vec::new());
        }
        verdict
    }
}

/// The dialect of the `events-stream` source: one event a payload.
impl Decoder for Parser {
    #[inline]
    fn recognize(&mut self, payload: &[u8], output: &mut Output<'_>) -> Option<Decoded> {
        let verdict = Self::recognize(self, payload)?;
        Some(self.put(verdict, output))
    }

    #[inline]
    fn decode(&mut self, payload: &mut [u8], output: &mut Output<'_>) -> Decoded {
        let verdict = self.parse_unrecognized(payload);
        self.put(verdict, output)
    }

    #[inline]
    fn take_labels_refused(&mut self) -> [u64; LabelFault::COUNT] {
        Self::take_labels_refused(self)
    }
}

impl Parser {
    #[inline]
    fn put(&mut self, verdict: Verdict, output: &mut Output<'_>) -> Decoded {
        match verdict {
            Verdict::Event(event) => {
                self.define(output.events.len(), output.definitions);
                output.events.push(event);
                Decoded::Events(1)
            }
            Verdict::Ignored => Decoded::Ignored,
            Verdict::Rejected(reason) => Decoded::Rejected(reason, self.refused_field()),
        }
    }
}

/// Names the type only: the keys are secret.
impl fmt::Debug for Parser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parser").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
