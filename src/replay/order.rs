//! The order in which events of a file are applied.
//!
//! Without a lateness they are applied as they come. With one they wait in a list per bucket until
//! the newest event is that far past the bucket, and are applied in order of time, those of one
//! millisecond in order of the file. An event that comes even later than that is applied at once.

use std::collections::BTreeMap;
use std::io::Write;

use crate::event::Event;
use crate::time::EpochMs;
use crate::window::BucketIndex;
use crate::window::Width;

use super::ReplayError;
use super::settings::ReplaySettings;
use super::steps::Steps;

/// Events on their way from the file to the state.
#[derive(Debug)]
pub(super) struct Order {
    width: Width,
    lateness_ms: i64,
    max_jump_ms: u64,
    /// The greatest event time read so far, futures aside.
    newest: Option<EpochMs>,
    /// Events that wait, by bucket, in order of the file. A map and not a ring, because a quiet
    /// night may lie between two buckets.
    held: BTreeMap<BucketIndex, Vec<Event>>,
    /// Emptied lists, to be filled again.
    spare: Vec<Vec<Event>>,
}

impl Order {
    pub(super) fn new(settings: &ReplaySettings) -> Self {
        Self {
            width: settings.aggregate.width,
            lateness_ms: i64::try_from(settings.aggregate.lateness_ms).unwrap_or(i64::MAX),
            max_jump_ms: settings.max_jump_ms,
            newest: None,
            held: BTreeMap::new(),
            spare: Vec::new(),
        }
    }

    /// Takes the next event of the file; applies it and prints steps as far as their time has come.
    ///
    /// # Errors
    /// When a step cannot be printed.
    pub(super) fn offer<W: Write>(
        &mut self,
        event: Event,
        steps: &mut Steps<W>,
    ) -> Result<(), ReplayError> {
        let newest = match self.newest {
            None => {
                steps.begin(event.time);
                event.time
            }
            Some(newest) if event.time.since(newest) > self.max_jump_ms => {
                // The state refuses it too, for its clock is never past the newest event. And it
                // refuses none that waited: between the first event and the newest, no two
                // neighbours in time are further apart than a jump.
                steps.apply(&event);
                return Ok(());
            }
            Some(newest) => newest.max(event.time),
        };
        // The horizon moves only with the newest event; so does what is ready.
        if self.newest != Some(newest) {
            self.newest = Some(newest);
            self.release_until(newest - self.lateness_ms, steps)?;
        }
        let bucket = self.width.bucket_of(event.time);
        if self.lateness_ms == 0 || end_of(self.width, bucket) <= newest - self.lateness_ms {
            steps.apply(&event);
        } else {
            self.hold(bucket, event);
        }
        Ok(())
    }

    /// Applies what still waits and prints the remaining steps, the last one after the last event.
    ///
    /// # Errors
    /// When a step cannot be printed.
    pub(super) fn finish<W: Write>(mut self, steps: &mut Steps<W>) -> Result<(), ReplayError> {
        let Some(newest) = self.newest else {
            return Ok(());
        };
        self.release_until(end_of(self.width, self.width.bucket_of(newest)), steps)?;
        steps.print_past(newest)
    }

    /// Applies the held buckets that end by `horizon` and prints the steps up to it, in order.
    fn release_until<W: Write>(
        &mut self,
        horizon: EpochMs,
        steps: &mut Steps<W>,
    ) -> Result<(), ReplayError> {
        while let Some(entry) = self.held.first_entry() {
            let bucket = *entry.key();
            if end_of(self.width, bucket) > horizon {
                break;
            }
            let mut events = entry.remove();
            // Stable: those of one millisecond stay in order of the file.
            events.sort_by_key(|event| event.time);
            steps.print_through(self.width.start_of(bucket))?;
            for event in &events {
                steps.apply(event);
            }
            events.clear();
            self.spare.push(events);
        }
        steps.print_through(horizon)
    }

    fn hold(&mut self, bucket: BucketIndex, event: Event) {
        let spare = &mut self.spare;
        self.held
            .entry(bucket)
            .or_insert_with(|| spare.pop().unwrap_or_default())
            .push(event);
    }
}

/// The first millisecond after a bucket.
fn end_of(width: Width, bucket: BucketIndex) -> EpochMs {
    width.start_of(BucketIndex(bucket.0 + 1))
}
