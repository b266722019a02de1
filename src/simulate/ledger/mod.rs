//! What an engine must show of a contact centre's facts, counted apart from the engine.
//!
//! ```text
//!  voice     what a dialect can say of the facts
//!  sessions  of that: sessions, messages, who waits for a reply
//!  legs      of the facts as they are: waits, alerts, talks, work after contacts
//!  numbers   the plain numbers of both
//! ```
//!
//! It is written from the definitions (`docs/semantics.md`) and shares no code with what it is compared
//! with. Facts come in order of time; a ledger that is kept from an earlier moment gives, by the
//! difference, the numbers of the time between.

mod legs;
mod numbers;
mod sessions;
mod voice;

use std::collections::BTreeMap;

pub use numbers::LegNumbers;
pub use numbers::SessionNumbers;
pub use voice::Authors;
pub use voice::Names;
pub use voice::Voice;

use legs::Legs;
use sessions::Sessions;

use super::centre::Fact;

/// The numbers of a centre, from a start on.
#[derive(Clone, Debug)]
pub struct Ledger {
    voice: Voice,
    sessions: Sessions,
    legs: Legs,
}

impl Ledger {
    /// An empty ledger of what a dialect says. A guest who leaves a queue within `short_abandon_ms` is a
    /// short abandon.
    pub fn new(voice: Voice, short_abandon_ms: u64) -> Self {
        Self {
            voice,
            sessions: Sessions::default(),
            legs: Legs::new(short_abandon_ms),
        }
    }

    /// Enters one fact.
    pub fn enter(&mut self, fact: &Fact) {
        self.sessions.enter(fact, &self.voice);
        self.legs.enter(fact);
    }

    /// Sessions and messages of all queues together.
    pub fn total(&self) -> &SessionNumbers {
        &self.sessions.total
    }

    /// The same by queue; `None` is what names none.
    pub fn queues(&self) -> &BTreeMap<Option<u16>, SessionNumbers> {
        &self.sessions.queues
    }

    /// The same by deployment; `None` is what names none.
    pub fn deployments(&self) -> &BTreeMap<Option<u16>, SessionNumbers> {
        &self.sessions.deployments
    }

    /// Waits and talks of all queues together.
    pub fn legs(&self) -> &LegNumbers {
        &self.legs.total
    }

    /// The same by the queue that a leg is in.
    pub fn legs_by_queue(&self) -> &BTreeMap<u16, LegNumbers> {
        &self.legs.queues
    }

    /// Of each agent, the agent's own legs.
    pub fn legs_by_agent(&self) -> &BTreeMap<u16, LegNumbers> {
        &self.legs.agents
    }
}
