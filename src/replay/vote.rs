//! Which of several times that disagree the clock of a replay follows.
//!
//! At the start, and when a line is further ahead than the allowed jump, one line alone may be wrong.
//! Lines are held until two agree; if they do not, up to a thousand of them vote, and the majority
//! sets the clock. What lost is future or late when it is applied.

use crate::event::Event;
use crate::time::EpochMs;

use super::handoff::OddLine;

/// Events that vote at the most.
const EVENTS_MAX: usize = 1_000;
/// Camps at the most: where so many times all disagree, more lines help nobody.
const CAMPS_MAX: usize = 100;

/// A line that waits for the end of a vote.
#[derive(Clone, Copy, Debug)]
pub(super) enum Held {
    /// An event and the number of its line.
    Event(Event, u64),
    /// A line that became no event, or several.
    Other(OddLine),
}

/// The vote over the time of one line that is out of line.
#[derive(Debug)]
pub(super) struct Vote {
    max_jump_ms: u64,
    held: Vec<Held>,
    events: usize,
    /// First the clock's own, if it is set, then that of the line in question.
    camps: Vec<Camp>,
    /// The place of the camp of the line in question.
    questioned: usize,
}

/// Times that agree: each is within the allowed jump of another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Camp {
    low: EpochMs,
    high: EpochMs,
    /// The time of its first line.
    pub(super) first: EpochMs,
    votes: usize,
    /// The places of its first and its last line among the events that vote.
    places: (usize, usize),
}

/// How a vote ended.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The time at which the clock goes on; `None` when it stays where it is.
    pub(super) clock: Option<EpochMs>,
    /// The camps that lost: that of the line in question, and those before whose end the winner was
    /// heard again. One that begins when the winner is silent may be the rest of the file: its own line
    /// is voted over.
    pub(super) refused: Vec<Camp>,
    /// The lines that waited, in their order.
    pub(super) held: Vec<Held>,
}

impl Vote {
    /// A vote over the line of `event`. `newest` is where the clock stands, if it is set.
    pub(super) fn new(event: Event, line: u64, newest: Option<EpochMs>, max_jump_ms: u64) -> Self {
        let mut camps: Vec<Camp> = newest
            .map(|newest| Camp::new(newest, 0, 0))
            .into_iter()
            .collect();
        let questioned = camps.len();
        camps.push(Camp::new(event.time, 1, 0));
        Self {
            max_jump_ms,
            held: vec![Held::Event(event, line)],
            events: 1,
            camps,
            questioned,
        }
    }

    /// Takes the next event.
    pub(super) fn take(&mut self, event: Event, line: u64) {
        self.held.push(Held::Event(event, line));
        let (time, max_jump_ms) = (event.time, self.max_jump_ms);
        let place = self.events;
        self.events += 1;
        let found = self
            .camps
            .iter_mut()
            .find(|camp| camp.is_near(time, max_jump_ms));
        match found {
            Some(camp) => {
                // The line at which the clock stands counts, once another one supports it.
                camp.votes = camp.votes.max(1);
                camp.join(time, place);
            }
            None => self.camps.push(Camp::new(time, 1, place)),
        }
    }

    /// Takes the next line that became no event, or several.
    pub(super) fn count(&mut self, line: OddLine) {
        self.held.push(Held::Other(line));
    }

    /// Whether more lines would change nothing, or are enough.
    pub(super) fn is_decided(&self) -> bool {
        let questioned = self.camps[self.questioned].votes;
        let is_unanimous = questioned == self.events && questioned > 1;
        is_unanimous
            || self.events >= EVENTS_MAX
            || self.camps.len() > CAMPS_MAX
            || self.camps.iter().any(|camp| camp.votes > EVENTS_MAX / 2)
    }

    /// Ends the vote: of camps with as many votes the first wins.
    pub(super) fn end(self) -> Outcome {
        let mut winner = 0;
        for (place, camp) in self.camps.iter().enumerate() {
            if camp.votes > self.camps[winner].votes {
                winner = place;
            }
        }
        let won = self.camps[winner];
        // A third camp, once the clock is set, is voted over when its own line comes.
        let is_followed = winner == self.questioned || self.questioned == 0;
        // The line in question is settled either way: voted over again, it would lose again.
        let questioned = self.questioned;
        let has_lost = |place: usize, camp: &Camp| {
            let is_answered = camp.low > won.high && camp.places.0 < won.places.1;
            place != winner && (place == questioned || is_answered)
        };
        let camps = self.camps.into_iter().enumerate();
        let refused = camps
            .filter(|(place, camp)| has_lost(*place, camp))
            .map(|(_, camp)| camp)
            .collect();
        Outcome {
            clock: is_followed.then_some(won.first),
            refused,
            held: self.held,
        }
    }
}

impl Camp {
    const fn new(time: EpochMs, votes: usize, place: usize) -> Self {
        Self {
            low: time,
            high: time,
            first: time,
            votes,
            places: (place, place),
        }
    }

    /// Whether a time is one of those.
    pub(super) fn holds(&self, time: EpochMs) -> bool {
        (self.low..=self.high).contains(&time)
    }

    fn is_near(&self, time: EpochMs, max_jump_ms: u64) -> bool {
        self.low.since(time) <= max_jump_ms && time.since(self.high) <= max_jump_ms
    }

    fn join(&mut self, time: EpochMs, place: usize) {
        self.low = self.low.min(time);
        self.high = self.high.max(time);
        self.votes += 1;
        self.places.1 = place;
    }
}
