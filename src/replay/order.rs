//! The order in which events of a file are applied.
//!
//! Without a lateness they are applied as they come. With one they wait in a list per bucket until
//! the newest event is that far past the bucket, and are applied in order of time, those of one
//! millisecond in order of the file. An event that comes even later than that, a straggler, is applied
//! at once.
//!
//! What becomes of an event depends on the times of events alone, never on the steps that are printed.
//! So an event is late by the newest event read before it, and before a straggler is applied the
//! state's clock is where printing every bucket would have put it.
//!
//! The first event, and one further ahead than the allowed jump, moves the clock only once the lines
//! after it agree with it; see [`super::vote`].

use std::collections::BTreeMap;
use std::io::Write;

use crate::event::Event;
use crate::time::EpochMs;
use crate::window::BucketIndex;
use crate::window::Width;

use super::ReplayError;
use super::handoff::OddLine;
use super::settings::ReplaySettings;
use super::steps::Steps;
use super::strays::Stray;
use super::strays::Strays;
use super::vote::Camp;
use super::vote::Held;
use super::vote::Vote;

/// Events on their way from the file to the state.
#[derive(Debug)]
pub(super) struct Order {
    width: Width,
    lateness_ms: i64,
    /// Buckets of the window and of the lateness: an event that is so many behind the newest is late.
    retained: i64,
    max_jump_ms: u64,
    /// The greatest event time read so far, futures aside.
    newest: Option<EpochMs>,
    /// Events that wait, by bucket, in order of the file. A map and not a ring, because a quiet
    /// night may lie between two buckets.
    held: BTreeMap<BucketIndex, Vec<Event>>,
    /// Emptied lists, to be filled again.
    spare: Vec<Vec<Event>>,
    /// Whether the first step is set: with a lateness the first bucket that is applied decides it.
    has_first_step: bool,
    /// The end of the last bucket that no event waits for any more, when a straggler last asked.
    passed: EpochMs,
    /// While the clock waits for lines that agree, every line waits in the vote.
    vote: Option<Vote>,
    strays: Strays,
}

impl Order {
    pub(super) fn new(settings: &ReplaySettings) -> Self {
        Self {
            width: settings.aggregate.width,
            lateness_ms: i64::try_from(settings.aggregate.lateness_ms).unwrap_or(i64::MAX),
            retained: i64::try_from(settings.aggregate.retained_buckets()).unwrap_or(i64::MAX),
            max_jump_ms: settings.max_jump_ms,
            newest: None,
            held: BTreeMap::new(),
            spare: Vec::new(),
            has_first_step: false,
            passed: EpochMs::from_ms(i64::MIN),
            vote: None,
            strays: Strays::default(),
        }
    }

    /// Takes the next events of the file; applies them and prints steps as far as their time has
    /// come. `line_of` says the number of an event's line.
    ///
    /// # Errors
    /// When a step cannot be printed.
    pub(super) fn offer<W: Write>(
        &mut self,
        events: &[Event],
        line_of: &dyn Fn(usize) -> u64,
        steps: &mut Steps<W>,
    ) -> Result<(), ReplayError> {
        let mut taken = 0;
        while let Some(event) = events.get(taken) {
            if let Some(vote) = &mut self.vote {
                vote.take(*event, line_of(taken));
                taken += 1;
                if vote.is_decided() {
                    self.end_vote(steps)?;
                }
                continue;
            }
            let line_of = |number| line_of(taken + number);
            taken += self.take_in(&events[taken..], &line_of, steps)?;
        }
        Ok(())
    }

    /// Takes the next line that became no event, or several.
    pub(super) fn count<W: Write>(&mut self, line: OddLine, steps: &mut Steps<W>) {
        match &mut self.vote {
            Some(vote) => vote.count(line),
            None => steps.count(line),
        }
    }

    /// The lines that were refused for their time so far.
    pub(super) fn strays(&self) -> Strays {
        self.strays
    }

    /// Takes events in up to one that has to be voted over; says how many. Events that wait for
    /// nothing are applied as they lie, many at a time.
    fn take_in<W: Write>(
        &mut self,
        events: &[Event],
        line_of: &dyn Fn(usize) -> u64,
        steps: &mut Steps<W>,
    ) -> Result<usize, ReplayError> {
        // `events[applied..number]` may be applied, but is not yet.
        let mut applied = 0;
        for (number, event) in events.iter().enumerate() {
            if self.is_out_of_line(event.time) {
                steps.apply(&events[applied..number]);
                applied = number;
                if self.is_jump(event.time) {
                    let (newest, max_jump_ms) = (self.newest, self.max_jump_ms);
                    self.vote = Some(Vote::new(*event, line_of(number), newest, max_jump_ms));
                    return Ok(number + 1);
                }
                if self.is_late(event.time) {
                    self.stray(event, line_of(number));
                }
            }
            if self.moves_newest(event.time) {
                let horizon = event.time - self.lateness_ms;
                if self.is_releasing(horizon, steps) {
                    steps.apply(&events[applied..number]);
                    applied = number;
                    self.release(horizon, steps)?;
                    steps.print_through(horizon)?;
                }
            }
            if self.lateness_ms == 0 {
                continue;
            }
            if self.has_to_wait(event.time) {
                steps.apply(&events[applied..number]);
                applied = number + 1;
                self.hold(*event);
            } else if self.is_late(event.time) {
                steps.apply(&events[applied..number]);
                applied = number + 1;
                self.catch_up(steps);
                steps.refuse_late(event);
            } else if self.end_of_passed() > self.passed {
                steps.apply(&events[applied..number]);
                applied = number;
                self.catch_up(steps);
            }
        }
        steps.apply(&events[applied..]);
        Ok(events.len())
    }

    /// The input has ended: applies what still waits and prints the remaining steps, the last one
    /// after the last event.
    ///
    /// # Errors
    /// When a step cannot be printed.
    pub(super) fn finish<W: Write>(&mut self, steps: &mut Steps<W>) -> Result<(), ReplayError> {
        while self.vote.is_some() {
            self.end_vote(steps)?;
        }
        self.print_all(EpochMs::from_ms(i64::MAX), steps)
    }

    /// Applies what waits for others and prints every step up to the one after the newest event, none
    /// after `until`.
    fn print_all<W: Write>(
        &mut self,
        until: EpochMs,
        steps: &mut Steps<W>,
    ) -> Result<(), ReplayError> {
        let Some(newest) = self.newest else {
            return Ok(());
        };
        self.release(end_of(self.width, self.width.bucket_of(newest)), steps)?;
        steps.print_through(until.min(steps.step_after(newest)))
    }

    /// Sets the clock as the vote says, and takes in the lines that waited for it. Each vote takes in
    /// the line it was about, so this comes to an end.
    fn end_vote<W: Write>(&mut self, steps: &mut Steps<W>) -> Result<(), ReplayError> {
        let Some(vote) = self.vote.take() else {
            return Ok(());
        };
        let outcome = vote.end();
        if let Some(clock) = outcome.clock {
            // Nothing is printed for the time between: it may be thousands of years. Nor is a step
            // that ends behind the jump: it would move the clock past the events that follow.
            self.print_all(clock, steps)?;
            let is_first = self.newest.is_none();
            self.newest = Some(clock);
            if is_first && self.lateness_ms > 0 {
                // Older events may still come before this one.
                self.catch_up(steps);
            } else {
                self.has_first_step = true;
                steps.begin(clock);
            }
        }
        for held in outcome.held {
            match held {
                Held::Other(line) => self.count(line, steps),
                Held::Event(event, line) if self.is_refused(event.time, &outcome.refused) => {
                    self.stray(&event, line);
                    steps.apply(&[event]);
                }
                Held::Event(event, line) => self.offer(&[event], &|_| line, steps)?,
            }
        }
        Ok(())
    }

    /// Whether a time is too far ahead and of a camp that lost.
    fn is_refused(&self, time: EpochMs, camps: &[Camp]) -> bool {
        self.vote.is_none() && self.is_jump(time) && camps.iter().any(|camp| camp.holds(time))
    }

    fn stray(&mut self, event: &Event, line: u64) {
        self.strays.add(Stray {
            line,
            time: event.time,
            clock: self.newest.unwrap_or_default(),
        });
    }

    /// Applies the held buckets that end by `horizon`, and prints the steps before each, in order.
    fn release<W: Write>(
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
            if let Some(first) = events.first()
                && !self.has_first_step
            {
                self.has_first_step = true;
                steps.begin(first.time);
            }
            steps.print_through(self.width.start_of(bucket))?;
            // Whether they are too far ahead was decided when they were read, by the newest event and
            // not by the one before them in time. So the state's clock is taken across wide gaps.
            let is_near = |a: &Event, b: &Event| b.time.since(a.time) <= self.max_jump_ms;
            for events in events.chunk_by(is_near) {
                steps.advance(events[0].time);
                steps.apply(events);
            }
            events.clear();
            self.spare.push(events);
        }
        Ok(())
    }

    /// Moves the state's clock to the end of the last bucket that no event waits for any more: that is
    /// how far printing may have moved it.
    fn catch_up<W: Write>(&mut self, steps: &mut Steps<W>) {
        self.passed = self.end_of_passed();
        steps.advance(self.passed - 1);
    }

    fn end_of_passed(&self) -> EpochMs {
        let newest = self.newest.unwrap_or_default();
        self.width
            .start_of(self.width.bucket_of(newest - self.lateness_ms))
    }

    /// Whether a time is so old that it is in no window that is still to come.
    fn is_late(&self, time: EpochMs) -> bool {
        let Some(newest) = self.newest else {
            return false;
        };
        let bucket = self.width.bucket_of(time).0;
        bucket <= self.width.bucket_of(newest).0 - self.retained
    }

    /// Whether a time is further from the newest than the allowed jump, or there is no newest.
    #[inline]
    fn is_out_of_line(&self, time: EpochMs) -> bool {
        self.newest
            .is_none_or(|newest| newest.ms().abs_diff(time.ms()) > self.max_jump_ms)
    }

    /// Whether the clock would have to jump to get there, or to be set.
    fn is_jump(&self, time: EpochMs) -> bool {
        self.newest
            .is_none_or(|newest| time.since(newest) > self.max_jump_ms)
    }

    /// Takes note of an event's time, which is no jump; says whether it is the newest so far.
    fn moves_newest(&mut self, time: EpochMs) -> bool {
        let is_newest = self.newest.is_none_or(|newest| time > newest);
        if is_newest {
            self.newest = Some(time);
        }
        is_newest
    }

    /// Whether anything is to be done once the horizon has moved. It moves only with the newest event.
    fn is_releasing<W: Write>(&self, horizon: EpochMs, steps: &Steps<W>) -> bool {
        let is_held = |(&bucket, _)| end_of(self.width, bucket) <= horizon;
        steps.is_due(horizon) || self.held.first_key_value().is_some_and(is_held)
    }

    /// Whether an event has to wait for others, under a lateness. What is too far ahead goes to the state to be refused.
    fn has_to_wait(&self, time: EpochMs) -> bool {
        let Some(newest) = self.newest else {
            return false;
        };
        time <= newest && end_of(self.width, self.width.bucket_of(time)) > newest - self.lateness_ms
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
