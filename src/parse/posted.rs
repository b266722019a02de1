//! The dialects of posted events: a payload is read onto simd-json's tape, or onto the same tape from the
//! layout of a recent payload, and one file a dialect says what it comes to.
//!
//! What is refused before a dialect sees it is refused for the reasons of `events_stream`, rules 1 to 5.
//! A payload of a type that a dialect does not count is ignored, and never refused for its fields.
//! A payload comes to events of sessions, and to facts of legs where its sender knows of queues and agents.

use std::fmt;
use std::mem;
use std::sync::Arc;

use simd_json::Buffers;
use simd_json::Tape;

use super::agents::AgentTable;
use super::amazon_connect;
use super::cloud_event;
use super::decoder::Decoded;
use super::decoder::Decoder;
use super::decoder::Output;
use super::draft::Draft;
use super::draft::Reading;
use super::draft::Sink;
use super::fault;
use super::genesys;
use super::id::Ids;
use super::labels::LabelTable;
use super::layouts::Layouts;
use super::mapped;
use super::tape::Refusal;
use super::twilio;
use super::value::Value;
use crate::config::Mapping;
use crate::config::limits::JSON_DEPTH_MAX;
use crate::config::limits::MESSAGE_BYTES_MAX;
use crate::config::limits::PARSE_BYTES_KEPT_MAX;
use crate::event::EventKind;
use crate::event::Field;
use crate::event::IdKeys;
use crate::event::LabelFault;
use crate::event::Reject;
use crate::time::EpochMs;

/// Reads payloads of one of the dialects. Its buffers are reused, so keep one for each input.
pub struct PostedDecoder {
    form: Form,
    buffers: Buffers,
    /// Empty between calls; only its allocation is kept.
    tape: Tape<'static>,
    layouts: Layouts,
    ids: Ids,
    labels: LabelTable,
    agents: AgentTable,
    /// Of a view: its events, before they are put in order. Empty between calls.
    drafts: Vec<Draft<'static>>,
}

/// What a payload is.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// Of Genesys Cloud, in an EventBridge envelope or without one.
    Genesys,
    /// A contact event of Amazon Connect in an EventBridge envelope.
    AmazonConnect,
    /// A CloudEvent of Twilio.
    Twilio,
    /// A CloudEvent whose type ends with the kind.
    CloudEvent,
    /// What the settings say.
    Mapped(Arc<Mapping>),
}

impl PostedDecoder {
    pub(super) fn new(form: Form, keys: IdKeys) -> Self {
        Self {
            form,
            buffers: Buffers::with_max_depth(0, JSON_DEPTH_MAX),
            tape: Tape(Vec::new()),
            layouts: Layouts::new(),
            ids: Ids::new(keys),
            labels: LabelTable::new(keys),
            agents: AgentTable::new(keys),
            drafts: Vec::new(),
        }
    }

    /// Reads a payload by simd-json.
    fn read(&mut self, payload: &mut [u8], output: &mut Output<'_>) -> Decoded {
        let events = output.events.len();
        let mut tape = mem::replace(&mut self.tape, Tape(Vec::new())).reset();
        self.layouts.keep_sample(payload);
        let read = simd_json::fill_tape(payload, &mut self.buffers, &mut tape).map(|()| {
            self.layouts.learn();
            let sink = Sink {
                ids: &self.ids,
                labels: &mut self.labels,
                agents: &mut self.agents,
                output,
            };
            self.form.read(&tape, &mut self.drafts, sink)
        });
        self.tape = tape.reset();
        let decoded =
            read.unwrap_or_else(|error| Decoded::Rejected(fault::reason(&error, payload), None));
        if !matches!(decoded, Decoded::Events(_)) {
            output.truncate(events);
        }
        decoded
    }

    /// Reads a payload that is laid out like a recent one.
    fn read_known(&mut self, payload: &[u8], output: &mut Output<'_>) -> Option<Decoded> {
        let events = output.events.len();
        let mut tape = mem::replace(&mut self.tape, Tape(Vec::new())).reset();
        let filled = self.layouts.fill(payload, &mut tape.0);
        let decoded = filled.map(|()| {
            let sink = Sink {
                ids: &self.ids,
                labels: &mut self.labels,
                agents: &mut self.agents,
                output,
            };
            self.form.read(&tape, &mut self.drafts, sink)
        });
        self.tape = tape.reset();
        if !matches!(decoded, Some(Decoded::Events(_))) {
            output.truncate(events);
        }
        decoded
    }
}

impl Form {
    /// What a tape comes to. What of it is in the sink counts only if it is events.
    fn read(
        &self,
        tape: &Tape<'_>,
        memory: &mut Vec<Draft<'static>>,
        mut sink: Sink<'_, '_>,
    ) -> Decoded {
        let events = sink.output.events.len();
        let Some(root) = Value::root(&tape.0).filter(|root| root.is_object()) else {
            return Decoded::Rejected(Reject::Shape, None);
        };
        let read = match self {
            Self::Genesys => {
                let mut drafts: Vec<Draft<'_>> = mem::take(memory);
                let read = genesys::read(root, &mut drafts, &mut sink);
                *memory = emptied(drafts);
                read
            }
            Self::AmazonConnect => amazon_connect::read(root, &mut sink),
            Self::Twilio => twilio::read(root, &mut sink),
            Self::CloudEvent => cloud_event::read(root, &mut sink),
            Self::Mapped(mapping) => mapped::read(mapping, root, &mut sink),
        };
        match read {
            Ok(Reading::Taken) => Decoded::Events(sink.output.events.len() - events),
            Ok(Reading::Ignored) => Decoded::Ignored,
            Err(Refusal { reason, field }) => Decoded::Rejected(reason, field),
        }
    }
}

/// The memory of a list, for drafts of another payload.
fn emptied(mut drafts: Vec<Draft<'_>>) -> Vec<Draft<'static>> {
    drafts.clear();
    // Collected in place: there is nothing to convert.
    drafts
        .into_iter()
        .map(|_| Draft::new(EventKind::Message, EpochMs::from_ms(0)))
        .collect()
}

impl Decoder for PostedDecoder {
    #[inline]
    fn recognize(&mut self, payload: &[u8], output: &mut Output<'_>) -> Option<Decoded> {
        match payload.len() <= MESSAGE_BYTES_MAX {
            true => self.read_known(payload, output),
            false => None,
        }
    }

    fn decode(&mut self, payload: &mut [u8], output: &mut Output<'_>) -> Decoded {
        if payload.len() > MESSAGE_BYTES_MAX {
            return Decoded::Rejected(Reject::TooBig, None);
        }
        let decoded = self.read(payload, output);
        if payload.len() > PARSE_BYTES_KEPT_MAX {
            self.buffers = Buffers::with_max_depth(0, JSON_DEPTH_MAX);
            self.tape = Tape(Vec::new());
            self.drafts = Vec::new();
        }
        decoded
    }

    fn take_labels_refused(&mut self) -> [u64; LabelFault::COUNT] {
        let mut refused = self.labels.take_refused();
        for (own, other) in refused.iter_mut().zip(self.agents.take_refused()) {
            *own += other;
        }
        refused
    }

    fn place(&self, field: Field) -> &str {
        match &self.form {
            Form::Genesys => genesys::place(field),
            Form::AmazonConnect => amazon_connect::place(field),
            Form::Twilio => twilio::place(field),
            Form::CloudEvent => cloud_event::place(field),
            Form::Mapped(mapping) => mapped::place(mapping, field),
        }
    }
}

/// Names the form only: the keys are secret.
impl fmt::Debug for PostedDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostedDecoder")
            .field("form", &self.form)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
