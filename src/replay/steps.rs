//! The state under replay, cut at whole multiples of a step: the step `at` is the state after every
//! event before `at` that the order let through, with the window `[at − W, at)`.

use std::io::Write;

use crate::aggregate::State;
use crate::event::Event;
use crate::event::IdKeys;
use crate::ring::Delta;
use crate::snapshot::Counters;
use crate::snapshot::Snapshot;
use crate::time::EpochMs;

use super::ReplayError;
use super::facts::Facts;
use super::handoff::OddLine;
use super::handoff::Stretch;
use super::pace::Pace;
use super::report::Report;
use super::settings::ReplaySettings;

/// Applies events and prints steps.
#[derive(Debug)]
pub(super) struct Steps<W: Write> {
    state: State,
    /// Filled again for each step.
    snapshot: Snapshot,
    report: Report<W>,
    pace: Option<Pace>,
    every_ms: i64,
    /// The next step to print; none is due before [`Steps::begin`].
    next_at: EpochMs,
    printed: u64,
    /// What was counted since the state was last updated. An event counts as received when it is
    /// applied, so that one that waits for its turn is in no step before.
    uncounted: Delta,
    /// Events of lines that hold several, the first of each aside: they were or will be counted as lines.
    further: u64,
    /// Of the events that are not applied yet.
    facts: Facts,
}

impl<W: Write> Steps<W> {
    pub(super) fn new(settings: &ReplaySettings, report: Report<W>, pace: Option<Pace>) -> Self {
        let mut aggregate = settings.aggregate.clone();
        if !settings.dedup {
            aggregate.dedup_bytes_max = 0;
        }
        Self {
            state: State::new(aggregate, IdKeys::FIXED, EpochMs::default()),
            snapshot: Snapshot::default(),
            report,
            pace,
            every_ms: settings.every_ms,
            next_at: EpochMs::from_ms(i64::MAX),
            printed: 0,
            uncounted: Delta::default(),
            further: 0,
            facts: Facts::default(),
        }
    }

    /// Sets the clock, which is not after this, and the next step by the first event from there on.
    pub(super) fn begin(&mut self, first: EpochMs) {
        self.state.advance(first);
        self.next_at = self.step_after(first);
        if let Some(pace) = &mut self.pace {
            pace.begin(first);
        }
    }

    /// Applies events.
    pub(super) fn apply(&mut self, events: &[Event]) {
        let count = events.len() as u64;
        self.uncounted.received += count;
        self.uncounted.accepted += count;
        self.uncounted.events += count;
        self.state.apply_with(events, self.facts.all());
        self.facts.release(events);
    }

    /// Takes over the facts of a stretch's events.
    pub(super) fn adopt(&mut self, stretch: &mut Stretch) {
        self.facts.adopt(&mut stretch.events, &stretch.facts);
    }

    /// Moves the clock on, if it is not there yet.
    pub(super) fn advance(&mut self, to: EpochMs) {
        self.state.advance(to);
    }

    /// Counts an event that is late, whatever the clock says.
    pub(super) fn refuse_late(&mut self, event: &Event) {
        self.uncounted.received += 1;
        self.uncounted.accept(1);
        self.state.refuse_late(event, self.facts.all());
        self.facts.release(std::slice::from_ref(event));
    }

    /// Counts a line that became no event, or several, which are counted by themselves.
    pub(super) fn count(&mut self, line: OddLine) {
        if let OddLine::Events(events @ 1..) = line {
            self.further += events - 1;
            return;
        }
        self.uncounted.received += 1;
        match line {
            OddLine::Rejected(reason) => self.uncounted.reject(reason),
            OddLine::Ignored => self.uncounted.ignored += 1,
            OddLine::Events(_) => self.uncounted.accept(0),
        }
    }

    /// Brings the state's counters up to date.
    fn count_up(&mut self) {
        // Some of them may still wait for their turn.
        let further = self.further.min(self.uncounted.accepted);
        self.further -= further;
        self.uncounted.received -= further;
        self.uncounted.accepted -= further;
        self.state.count(&self.uncounted);
        self.uncounted = Delta::default();
    }

    /// Whether there is a step to print up to `horizon`.
    pub(super) fn is_due(&self, horizon: EpochMs) -> bool {
        self.next_at <= horizon
    }

    /// Prints every step up to `horizon` that is not printed yet.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(super) fn print_through(&mut self, horizon: EpochMs) -> Result<(), ReplayError> {
        while self.is_due(horizon) {
            self.print()?;
        }
        Ok(())
    }

    fn print(&mut self) -> Result<(), ReplayError> {
        let at = self.next_at;
        if let Some(pace) = &self.pace {
            self.report.flush()?;
            pace.wait_for(at);
        }
        self.state.advance(at - 1);
        self.count_up();
        self.state.fill(&mut self.snapshot);
        self.report.row(at, &self.snapshot)?;
        self.printed += 1;
        self.next_at = at + self.every_ms;
        Ok(())
    }

    /// Makes what was printed visible.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(super) fn flush(&mut self) -> Result<(), ReplayError> {
        Ok(self.report.flush()?)
    }

    pub(super) fn printed(&self) -> u64 {
        self.printed
    }

    /// The counters of everything so far.
    pub(super) fn counters(&mut self) -> &Counters {
        self.count_up();
        self.state.fill(&mut self.snapshot);
        &self.snapshot.counters
    }

    /// The smallest whole multiple of the step since the epoch that is above `time`.
    pub(super) fn step_after(&self, time: EpochMs) -> EpochMs {
        let number = time.ms().div_euclid(self.every_ms) + 1;
        EpochMs::from_ms(number.saturating_mul(self.every_ms))
    }
}
