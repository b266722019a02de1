//! The hand-off from the thread that reads and parses to the one that applies and prints.
//!
//! What passes is a [`Stretch`] of lines. It keeps the place of every line that became no event, so
//! that each printed step counts exactly the lines before it. The standard library's channels do
//! it, and not `ring`: here both sides may simply wait for each other, and nobody polls.

use std::mem;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::TryRecvError;

use crate::event::Detail;
use crate::event::Event;
use crate::event::Fact;
use crate::event::Reject;
use crate::parse::Verdict;

/// Lines in a stretch: waking the other thread is lost in so many, and with the bytes being parsed they
/// stay in a second-level cache.
const STRETCH_LINES: usize = 4_096;
/// Stretches on their way at once; more only help where the two threads take turns.
const STRETCHES: usize = 4;

/// Consecutive lines of the input.
#[derive(Debug, Default)]
pub(super) struct Stretch {
    /// Those that became events, in order.
    pub(super) events: Vec<Event>,
    /// What those of kind `Fact` say, by the places that they name.
    pub(super) facts: Vec<Fact>,
    /// Those that did not, in order.
    pub(super) others: Vec<Other>,
    /// Whether the input ends here, as it should.
    pub(super) is_last: bool,
    /// The number of its first line.
    first_line: u64,
    /// The number of the line that would come next, had it no empty ones.
    next_line: u64,
    /// After how many lines the numbers skip, and by how much in all, in order: forward over empty
    /// lines, back where several records are on one line.
    skips: Vec<(usize, i64)>,
}

/// A line that became no event, or several.
#[derive(Clone, Copy, Debug)]
pub(super) struct Other {
    /// How many events of the stretch stand before it, its own among them.
    pub(super) place: usize,
    /// What it came to.
    pub(super) line: OddLine,
}

/// What a line came to that is not one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OddLine {
    /// It is of another type.
    Ignored,
    /// It is refused.
    Rejected(Reject),
    /// So many events, none or more than one, which stand before it.
    Events(u64),
}

/// Both ends.
pub(super) fn handoff() -> (Inlet, Outlet) {
    let (filled, arriving) = mpsc::sync_channel(STRETCHES);
    let (emptied, returning) = mpsc::channel();
    let inlet = Inlet {
        stretch: Stretch::default(),
        filled,
        returning,
    };
    (inlet, Outlet { arriving, emptied })
}

/// The other end is gone: it failed, and knows why.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gone;

/// Where lines go in.
#[derive(Debug)]
pub(super) struct Inlet {
    /// Being filled.
    stretch: Stretch,
    filled: SyncSender<Stretch>,
    /// Emptied ones, to be filled again.
    returning: Receiver<Stretch>,
}

impl Inlet {
    /// Takes the next record and the number of its line; waits when the other end is far behind.
    pub(super) fn put(&mut self, verdict: Verdict, number: u64) -> Result<(), Gone> {
        if number != self.stretch.next_line {
            self.stretch.skip_to(number);
        }
        self.stretch.next_line = number + 1;
        match verdict {
            Verdict::Event(event) => self.stretch.events.push(event),
            Verdict::Ignored => self.stretch.add(OddLine::Ignored),
            Verdict::Rejected(reason) => self.stretch.add(OddLine::Rejected(reason)),
        }
        self.hand_over_full()
    }

    /// Takes the next record of a dialect in which one may hold any number of events.
    pub(super) fn put_all(
        &mut self,
        events: &[Event],
        facts: &[Fact],
        number: u64,
    ) -> Result<(), Gone> {
        for event in events {
            let mut event = *event;
            let fact = event.fact().and_then(|place| facts.get(place as usize));
            if let Some(fact) = fact {
                let place = u32::try_from(self.stretch.facts.len()).unwrap_or(u32::MAX);
                event.detail = Detail::of_fact(place);
                self.stretch.facts.push(*fact);
            }
            self.put(Verdict::Event(event), number)?;
        }
        if events.len() == 1 {
            return Ok(());
        }
        if number != self.stretch.next_line {
            self.stretch.skip_to(number);
        }
        self.stretch.next_line = number + 1;
        self.stretch.add(OddLine::Events(events.len() as u64));
        self.hand_over_full()
    }

    #[inline]
    fn hand_over_full(&mut self) -> Result<(), Gone> {
        if self.stretch.events.len() + self.stretch.others.len() < STRETCH_LINES {
            return Ok(());
        }
        self.hand_over()
    }

    /// Hands over what was put in so far.
    pub(super) fn hand_over(&mut self) -> Result<(), Gone> {
        if self.stretch.is_empty() {
            return Ok(());
        }
        let mut next = self.returning.try_recv().unwrap_or_default();
        next.first_line = self.stretch.next_line;
        next.next_line = self.stretch.next_line;
        let stretch = mem::replace(&mut self.stretch, next);
        self.filled.send(stretch).map_err(|_| Gone)
    }

    /// Hands over the rest of an input that has ended as it should. Without it, the other end sees
    /// that the input broke off.
    pub(super) fn end(mut self) -> Result<(), Gone> {
        self.stretch.is_last = true;
        self.hand_over()
    }
}

/// Where lines come out.
#[derive(Debug)]
pub(super) struct Outlet {
    arriving: Receiver<Stretch>,
    emptied: mpsc::Sender<Stretch>,
}

impl Outlet {
    /// The next stretch; `None` when the input broke off. Before it waits for one it calls `idle`.
    ///
    /// # Errors
    /// What `idle` says.
    pub(super) fn take<E>(
        &self,
        idle: impl FnOnce() -> Result<(), E>,
    ) -> Result<Option<Stretch>, E> {
        match self.arriving.try_recv() {
            Ok(stretch) => Ok(Some(stretch)),
            Err(TryRecvError::Disconnected) => Ok(None),
            Err(TryRecvError::Empty) => {
                idle()?;
                Ok(self.arriving.recv().ok())
            }
        }
    }

    /// Gives a stretch back to be filled again.
    pub(super) fn give_back(&self, mut stretch: Stretch) {
        stretch.events.clear();
        stretch.facts.clear();
        stretch.others.clear();
        stretch.skips.clear();
        // An error means that the input has ended: then nobody fills it again.
        let _ = self.emptied.send(stretch);
    }
}

impl Stretch {
    /// The number of an event's line, by the event's place.
    pub(super) fn line_of(&self, event: usize) -> u64 {
        let others = self.others.partition_point(|other| other.place <= event);
        let lines = event + others;
        let before = self.skips.partition_point(|(after, _)| *after <= lines);
        let skipped = before.checked_sub(1).map_or(0, |last| self.skips[last].1);
        (self.first_line + lines as u64).saturating_add_signed(skipped)
    }

    fn add(&mut self, line: OddLine) {
        let place = self.events.len();
        self.others.push(Other { place, line });
    }

    #[cold]
    fn skip_to(&mut self, number: u64) {
        let lines = self.events.len() + self.others.len();
        let more = number.wrapping_sub(self.next_line).cast_signed();
        let before = self.skips.last().map_or(0, |(_, skipped)| *skipped);
        self.skips.push((lines, before.saturating_add(more)));
    }

    fn is_empty(&self) -> bool {
        self.events.is_empty() && self.others.is_empty() && !self.is_last
    }
}
