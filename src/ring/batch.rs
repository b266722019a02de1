//! What passes through the ring: events, and what happened to the payloads that became none.

use crate::event::{Definitions, Event, Fact, Field, LabelFault, Reject};
use crate::input::{InputId, Position};
use crate::stream::StreamNote;
use crate::time::EpochMs;

/// Counters since the previous batch of the same input. Two equations hold:
/// `received = accepted + ignored + control + sum(rejected)`, and the batch's events and `shed` are
/// together `events`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    /// Payloads read.
    pub received: u64,
    /// Payloads that were read as events: none, one or several each.
    pub accepted: u64,
    /// What the accepted payloads held.
    pub events: u64,
    /// Payloads of a type nobody asked for.
    pub ignored: u64,
    /// Payloads by which the peer speaks of the connection.
    pub control: u64,
    /// Payloads refused, by [`Reject::index`].
    pub rejected: [u64; Reject::COUNT],
    /// Payloads refused for a field, by [`Field::index`]; each is in `rejected` too.
    pub rejected_fields: [u64; Field::COUNT],
    /// Names of queues and deployments that were not taken, by [`LabelFault::index`].
    pub labels_refused: [u64; LabelFault::COUNT],
    /// Events dropped because the ring was full and shedding was chosen.
    pub shed: u64,
    /// Payload bytes read.
    pub bytes: u64,
}

impl Delta {
    /// Counts one refused payload.
    pub fn reject(&mut self, reason: Reject) {
        self.rejected[reason.index()] += 1;
    }

    /// Counts one payload that was read as so many events.
    pub fn accept(&mut self, events: u64) {
        self.accepted += 1;
        self.events += events;
    }

    /// Counts the field that a refused payload was refused for.
    pub fn reject_field(&mut self, field: Field) {
        self.rejected_fields[field.index()] += 1;
    }
}

/// A batch of events of one input, in order, with the counters that belong to them.
#[derive(Debug, Default)]
pub struct Batch {
    /// Whose events these are.
    pub input: InputId,
    /// The events, in order of arrival.
    pub events: Vec<Event>,
    /// What the events of kind `Fact` say, by the places that they name.
    pub facts: Vec<Fact>,
    /// What the events' labels stand for, and ids that their keys do not hold.
    pub definitions: Definitions,
    /// What was counted while these events were read.
    pub delta: Delta,
    /// What happened to the input; applied after the events.
    pub notes: Vec<StreamNote>,
    /// From where the source can go on after this batch.
    pub position: Position,
    /// Wall time after the read that completed the batch's first payload.
    pub arrival: EpochMs,
    /// The monotonic clock at the same moment.
    pub arrival_ns: u64,
    /// The monotonic clock when the batch was first offered.
    pub offered_ns: u64,
}

impl Batch {
    /// An empty batch with room for `events` events.
    pub fn with_capacity(events: usize) -> Self {
        Self {
            events: Vec::with_capacity(events),
            ..Self::default()
        }
    }

    /// Whether the batch says nothing at all.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
            && self.notes.is_empty()
            && self.position == Position::None
            && self.delta == Delta::default()
    }

    /// Empties the batch, for the same input, and keeps its memory.
    pub fn clear(&mut self) {
        let input = self.input;
        let (mut events, mut facts, mut notes, mut definitions) = (
            std::mem::take(&mut self.events),
            std::mem::take(&mut self.facts),
            std::mem::take(&mut self.notes),
            std::mem::take(&mut self.definitions),
        );
        events.clear();
        facts.clear();
        notes.clear();
        definitions.clear();
        *self = Self {
            input,
            events,
            facts,
            definitions,
            notes,
            ..Self::default()
        };
    }
}
