//! Numbers of agents, as an ingest thread gives them: what a number stands for goes ahead of its use.

use super::labels::LabelTable;
use super::labels::Refused;
use crate::event::AgentId;
use crate::event::Definitions;
use crate::event::IdKeys;

/// The agents that have a number. It is a table of pairs in which one of both is always absent.
#[derive(Debug)]
pub(super) struct AgentTable(LabelTable);

impl AgentTable {
    pub(super) fn new(keys: IdKeys) -> Self {
        Self(LabelTable::new(keys))
    }

    /// The number of an agent; none of an empty name, and of one that is out of the limits.
    pub(super) fn number(&mut self, name: &str) -> AgentId {
        AgentId::from_number(self.0.number(name.as_bytes(), b"").number())
    }

    /// Tells the writer what it does not know yet, from the event on that goes to `place`.
    pub(super) fn define(&mut self, place: usize, definitions: &mut Definitions) {
        self.0.take_undefined(|number, name, _| {
            definitions.define_agent(place, AgentId::from_number(number.number()), name);
        });
    }

    /// What was not taken since this was last asked.
    pub(super) fn take_refused(&mut self) -> Refused {
        self.0.take_refused()
    }
}
