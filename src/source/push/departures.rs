//! Senders that went away before they were answered, counted for the log.
//!
//! Whether their posts were taken is known to nobody but the counters of events: a sender that got no
//! answer sends again, and what has an identity counts once.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// Those of one endpoint that the log does not have yet. Cheap to clone; clones count together.
#[derive(Clone, Debug, Default)]
pub(super) struct Departures(Arc<AtomicU64>);

/// A sender that waits for its answer; dropped without one, it is gone.
#[derive(Debug)]
pub(super) struct Waiting {
    departures: Departures,
    is_answered: bool,
}

// Relaxed throughout: a counter only, orders nothing.
impl Departures {
    /// Somebody waits from now on.
    pub(super) fn wait(&self) -> Waiting {
        Waiting {
            departures: self.clone(),
            is_answered: false,
        }
    }

    /// How many went since this was last asked.
    pub(super) fn take(&self) -> u64 {
        // A plain look first: nearly always there is nothing.
        match self.0.load(Ordering::Relaxed) {
            0 => 0,
            _ => self.0.swap(0, Ordering::Relaxed),
        }
    }
}

impl Waiting {
    /// The answer is on its way.
    pub(super) fn answered(mut self) {
        self.is_answered = true;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.is_answered {
            self.departures.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_goes_before_its_answer_is_counted() {
        let departures = Departures::default();
        departures.wait().answered();
        assert_eq!(departures.take(), 0);
        drop((departures.wait(), departures.wait()));
        assert_eq!((departures.take(), departures.take()), (2, 0));
    }
}
