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

    /// Takes the next events of the file; applies them and prints steps as far as their time has
    /// come. Events that wait for nothing are applied as they lie, many at a time.
    ///
    /// # Errors
    /// When a step cannot be printed.
    pub(super) fn offer<W: Write>(
        &mut self,
        events: &[Event],
        steps: &mut Steps<W>,
    ) -> Result<(), ReplayError> {
        // `events[applied..number]` may be applied, but is not yet.
        let mut applied = 0;
        for (number, event) in events.iter().enumerate() {
            if self.moves_newest(event.time, steps) {
                let horizon = event.time - self.lateness_ms;
                if self.is_releasing(horizon, steps) {
                    steps.apply(&events[applied..number]);
                    applied = number;
                    self.release_until(horizon, steps)?;
                }
            }
            if self.has_to_wait(event.time) {
                steps.apply(&events[applied..number]);
                applied = number + 1;
                self.hold(*event);
            }
        }
        steps.apply(&events[applied..]);
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
            steps.apply(&events);
            events.clear();
            self.spare.push(events);
        }
        steps.print_through(horizon)
    }

    /// Takes note of an event's time; says whether it is the newest so far. One too far ahead is not:
    /// the state refuses it too, for its clock is never past the newest event. And it refuses none
    /// that waited: between the first event and the newest, no two neighbours in time are further
    /// apart than a jump.
    fn moves_newest<W: Write>(&mut self, time: EpochMs, steps: &mut Steps<W>) -> bool {
        match self.newest {
            None => steps.begin(time),
            Some(newest) if time <= newest || time.since(newest) > self.max_jump_ms => {
                return false;
            }
            Some(_) => {}
        }
        self.newest = Some(time);
        true
    }

    /// Whether anything is to be done once the horizon has moved. It moves only with the newest event.
    fn is_releasing<W: Write>(&self, horizon: EpochMs, steps: &Steps<W>) -> bool {
        let is_held = |(&bucket, _)| end_of(self.width, bucket) <= horizon;
        steps.is_due(horizon) || self.held.first_key_value().is_some_and(is_held)
    }

    /// Whether an event has to wait for others. What is too far ahead goes to the state to be refused.
    fn has_to_wait(&self, time: EpochMs) -> bool {
        let Some(newest) = self.newest else {
            return false;
        };
        self.lateness_ms > 0
            && time <= newest
            && end_of(self.width, self.width.bucket_of(time)) > newest - self.lateness_ms
    }

    fn hold(&mut self, event: Event) {
        let bucket = self.width.bucket_of(event.time);
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
