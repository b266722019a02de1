//! The seam between a source and a dialect: bytes of one payload become events, or a reason.

use crate::event::Definitions;
use crate::event::Event;
use crate::event::Fact;
use crate::event::Field;
use crate::event::LabelFault;
use crate::event::Reject;

/// What became of one payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// It was read as so many events, all of which are in the output now; 0 is no fault.
    Events(usize),
    /// It is of a type nobody asked for.
    Ignored,
    /// By it the peer speaks of the connection.
    Control,
    /// It is refused, and for which field if it was one. What of it is in the output is taken out again.
    Rejected(Reject, Option<Field>),
}

/// Where a decoder puts what it reads.
#[derive(Debug)]
pub struct Output<'batch> {
    /// The events of the batch, in order.
    pub events: &'batch mut Vec<Event>,
    /// What those of kind `Fact` say, by the places that they name.
    pub facts: &'batch mut Vec<Fact>,
    /// What their labels stand for, and ids that their keys do not hold.
    pub definitions: &'batch mut Definitions,
}

impl Output<'_> {
    /// Takes out the events from a place on, where a payload turns out to be bad in its middle.
    pub fn truncate(&mut self, events: usize) {
        let gone = self.events.get(events..).unwrap_or_default();
        // Facts lie in the order of their events.
        if let Some(first) = gone.iter().find_map(Event::fact) {
            self.facts.truncate(first as usize);
        }
        self.events.truncate(events);
        self.definitions.truncate(events);
    }
}

/// One dialect. It keeps buffers and what it has learned of layouts, but nothing that would have to
/// survive a restart.
pub trait Decoder {
    /// Reads a payload that is like recent ones and leaves its bytes as they are. `None` says nothing
    /// about it: [`Decoder::decode`] it.
    fn recognize(&mut self, payload: &[u8], output: &mut Output<'_>) -> Option<Decoded> {
        let _ = (payload, output);
        None
    }

    /// Reads any payload; its bytes may be changed. Never panics, whatever the bytes.
    fn decode(&mut self, payload: &mut [u8], output: &mut Output<'_>) -> Decoded;

    /// Reads any payload, by the way that costs least.
    fn take(&mut self, payload: &mut [u8], output: &mut Output<'_>) -> Decoded {
        match self.recognize(payload, output) {
            Some(decoded) => decoded,
            None => self.decode(payload, output),
        }
    }

    /// What a field is called in this dialect, for the report that it is bad.
    fn place(&self, field: Field) -> &str {
        field.label()
    }

    /// Names that were not taken since this was last asked, by [`LabelFault::index`].
    fn take_labels_refused(&mut self) -> [u64; LabelFault::COUNT] {
        [0; LabelFault::COUNT]
    }
}
