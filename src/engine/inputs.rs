//! The way in for inputs: each gets a ring of its own to the one writer.

use std::fmt;

use crate::config::limits;
use crate::event::IdKeys;
use crate::input::Shard;
use crate::parse::Decoder;
use crate::pulse::Pulse;
use crate::ring::Inlet;
use crate::ring::Producer;
use crate::source::Intake;
use crate::time::Clock;

/// Opens inputs of one engine. Cheap to clone.
#[derive(Clone)]
pub struct Inputs {
    inlet: Inlet,
    pub(super) keys: IdKeys,
    clock: Clock,
    pub(super) pulse: Pulse,
}

impl Inputs {
    pub(super) fn new(inlet: Inlet, keys: IdKeys, clock: Clock, pulse: Pulse) -> Self {
        Self {
            inlet,
            keys,
            clock,
            pulse,
        }
    }

    /// Opens an input that serves a shard. `decoder` makes the decoder of its dialect, under the
    /// engine's keys: the same id from two inputs is the same session.
    ///
    /// The input is needed from now on, so report with [`Intake::note`] when it is live and when it is
    /// lost. It ends when the intake is dropped.
    pub fn open<D: Decoder>(&self, shard: Shard, decoder: impl FnOnce(IdKeys) -> D) -> Intake<D> {
        let producer = self.producer(shard);
        let mut intake = Intake::new(decoder(self.keys), producer, self.clock.clone());
        intake.beat_to(self.pulse.clone());
        intake
    }

    pub(super) fn producer(&self, shard: Shard) -> Producer {
        let (batches, events) = (limits::RING_BATCHES, limits::BATCH_EVENTS);
        self.inlet.open(shard, batches, events)
    }
}

/// The keys are secret.
impl fmt::Debug for Inputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inputs").finish_non_exhaustive()
    }
}
