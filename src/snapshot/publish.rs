//! The hand-over of snapshots from the writer to readers.
//!
//! The writer keeps retired snapshots until nobody else holds them and refills them, so in steady
//! state publishing allocates nothing, and no reader ever frees one.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Snapshot;
use crate::pulse::Pulse;
use crate::reloadable::Reloadable;

/// Retired snapshots kept for refilling. Readers hold one for a request, so a few are enough; a
/// reader that holds one for longer keeps only that one alive.
const RETIRED_MAX: usize = 64;

/// Connects one publisher with any number of readers; `first` is what they see before it publishes.
pub fn channel(first: Snapshot) -> (Publisher, Reader) {
    let current = Reloadable::new(first);
    let pulse = Pulse::default();
    (
        Publisher {
            current: current.clone(),
            retired: VecDeque::new(),
            pulse: pulse.clone(),
        },
        Reader { current, pulse },
    )
}

/// The writer's end. Not `Clone`: a single writer publishes.
#[derive(Debug)]
pub struct Publisher {
    current: Reloadable<Snapshot>,
    /// Oldest first.
    retired: VecDeque<Arc<Snapshot>>,
    pulse: Pulse,
}

impl Publisher {
    /// Publishes what `fill` makes of a used snapshot. `fill` must set every field: it takes the snapshot
    /// apart without `..`, so that a new field does not compile until somebody sets it.
    pub fn publish(&mut self, fill: impl FnOnce(&mut Snapshot)) {
        let mut next = self.retired_by_all().unwrap_or_default();
        match Arc::get_mut(&mut next) {
            Some(snapshot) => fill(snapshot),
            None => unreachable!("a snapshot retired by all has one owner"),
        }
        let old = self.current.swap(next);
        if self.retired.len() == RETIRED_MAX {
            self.retired.pop_front();
        }
        self.retired.push_back(old);
    }

    /// The heartbeats of those who make what is published.
    pub fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// A retired snapshot that no reader holds any more.
    fn retired_by_all(&mut self) -> Option<Arc<Snapshot>> {
        // Oldest first; a few looks are enough, because readers let go in about the same order.
        for _ in 0..self.retired.len().min(4) {
            let mut oldest = self.retired.pop_front()?;
            if Arc::get_mut(&mut oldest).is_some() {
                return Some(oldest);
            }
            self.retired.push_back(oldest);
        }
        None
    }
}

/// A reader's end. Takes no lock.
#[derive(Clone, Debug)]
pub struct Reader {
    current: Reloadable<Snapshot>,
    pulse: Pulse,
}

impl Reader {
    /// The newest snapshot. Load it once per request: two loads may see two states.
    pub fn load(&self) -> Arc<Snapshot> {
        self.current.load()
    }

    /// The heartbeats of those who make it: a writer that has stopped publishes no word of it.
    pub fn pulse(&self) -> &Pulse {
        &self.pulse
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_see_the_newest() {
        let (mut publisher, reader) = channel(Snapshot::default());
        for sequence in 1..=3 {
            publisher.publish(|snapshot| snapshot.sequence = sequence);
            assert_eq!(reader.load().sequence, sequence);
        }
    }

    #[test]
    fn retired_snapshots_are_refilled_but_never_under_a_reader() {
        let (mut publisher, reader) = channel(Snapshot::default());
        publisher.publish(|snapshot| snapshot.sequence = 1);
        let held = reader.load();
        for sequence in 2..200 {
            publisher.publish(|snapshot| snapshot.sequence = sequence);
        }
        assert_eq!(held.sequence, 1);
        assert!(publisher.retired.len() <= 6, "{}", publisher.retired.len());
    }
}
