//! What the stand-in has done so far, counted without locks.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What the stand-in has done since its start.
        ///
        /// `generated = sent + missed + filtered`, but for events that a reorder fault holds back.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct SimulatorStats { $($(#[$doc])* pub $name: u64,)* }

        /// The counters behind [`SimulatorStats`].
        #[derive(Debug, Default)]
        pub(super) struct Counters { $(pub(super) $name: Counter,)* }

        impl Counters {
            pub(super) fn stats(&self) -> SimulatorStats {
                SimulatorStats { $($name: self.$name.value(),)* }
            }
        }
    };
}

counters! {
    /// Events of the model.
    generated,
    /// Events given to a socket, each once.
    sent,
    /// Events that nobody was subscribed for.
    missed,
    /// Events of a type that the subscriber did not ask for.
    filtered,
    /// Copies sent by the duplicate fault.
    copies,
    /// Frames sent by the malformed fault.
    malformed,
    /// Faults that cut or stalled a stream.
    faults,
    /// WebSocket connections.
    connections,
    /// Subscriptions accepted.
    subscriptions,
    /// Subscriptions refused.
    subscriptions_refused,
    /// Handshakes refused: no valid token, no WebSocket, or a fault.
    handshakes_refused,
    /// Tokens issued.
    tokens_issued,
    /// Token requests refused: wrong credentials, wrong grant, or a fault.
    tokens_refused,
}

/// A count that only goes up.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    // Relaxed throughout: counters only, they order nothing.
    pub(super) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// Adds one and returns the new value.
    pub(super) fn count(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
