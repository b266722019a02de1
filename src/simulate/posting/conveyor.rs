//! Facts as elements of a dialect, in the order in which they are sent, with the faults of single events.

use std::iter::Peekable;

use crate::config::Dialect;
use crate::simulate::centre::Centre;
use crate::simulate::centre::CentrePlan;
use crate::simulate::centre::Fact;
use crate::simulate::centre::Speed;
use crate::simulate::disorder::Disorder;
use crate::simulate::disorder::Outlet;
use crate::simulate::fault::Fault;
use crate::simulate::ledger::Ledger;
use crate::simulate::ledger::Voice;
use crate::simulate::wire::payloads;
use crate::time::EpochMs;

/// Turns facts into elements, and enters them in the ledger. The ledger is of the facts: faults change
/// nothing in it.
#[derive(Debug)]
pub struct Conveyor {
    centre: Peekable<Centre>,
    start: EpochMs,
    speed: Speed,
    dialect: Dialect,
    disorder: Disorder,
    ledger: Ledger,
    sequence: u64,
}

/// What is sent as one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Its text.
    pub payload: Vec<u8>,
    /// What it is.
    pub kind: ElementKind,
}

/// What an element is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementKind {
    /// An event, for the first time.
    Event,
    /// One again.
    Copy,
    /// No event: whoever takes it is wrong.
    Bad,
}

impl Conveyor {
    /// The elements of a plan in a dialect; `None` for a mapping, which nobody here can write.
    pub fn new(
        plan: CentrePlan,
        speed: Speed,
        dialect: Dialect,
        faults: &[Fault],
        short_abandon_ms: u64,
    ) -> Option<Self> {
        let voice = Voice::of(&dialect)?;
        Some(Self {
            start: plan.start,
            disorder: Disorder::new(faults, plan.seed),
            centre: Centre::new(plan).peekable(),
            speed,
            dialect,
            ledger: Ledger::new(voice, short_abandon_ms),
            sequence: 0,
        })
    }

    /// When the next fact happens.
    pub fn next_at(&mut self) -> EpochMs {
        let next = self.centre.peek().copied();
        next.map_or(EpochMs::MAX, |fact| self.shortened(&fact).at)
    }

    /// Takes the next fact, and gives what is to be sent by then.
    pub fn take(&mut self, elements: &mut Vec<Element>) {
        let Some(fact) = self.centre.next() else {
            return;
        };
        let fact = self.shortened(&fact);
        self.ledger.enter(&fact);
        let offset_us = fact.at.since(self.start) * 1_000;
        for payload in payloads(&self.dialect, &fact) {
            self.sequence += 1;
            self.disorder
                .pass((offset_us, self.sequence), &payload, &mut Belt(elements));
        }
    }

    /// Gives what was held back by time and is to be sent by `at`.
    pub fn release(&mut self, at: EpochMs, elements: &mut Vec<Element>) {
        let offset_us = at.since(self.start) * 1_000;
        self.disorder.pass_time(offset_us, &mut Belt(elements));
    }

    /// Gives all that is held back.
    pub fn drain(&mut self, elements: &mut Vec<Element>) {
        self.disorder.drain(&mut Belt(elements));
    }

    /// What an engine must show of the facts taken so far.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// How many events were taken, copies not counted.
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    fn shortened(&self, fact: &Fact) -> Fact {
        self.speed.shorten(fact, self.start)
    }
}

/// Where the faults put what they pass on.
struct Belt<'a>(&'a mut Vec<Element>);

impl Belt<'_> {
    fn put(&mut self, payload: &[u8], kind: ElementKind) {
        let payload = payload.to_vec();
        self.0.push(Element { payload, kind });
    }
}

impl Outlet for Belt<'_> {
    fn event(&mut self, _: u64, payload: &[u8]) {
        self.put(payload, ElementKind::Event);
    }

    fn copy(&mut self, payload: &[u8]) {
        self.put(payload, ElementKind::Copy);
    }

    fn malformed(&mut self, payload: &[u8], _: bool) {
        // Nothing between two lines is no element, and an empty array alone holds none.
        let payload = match payload {
            b"" | b"[]" => b"0",
            payload => payload,
        };
        self.put(payload, ElementKind::Bad);
    }
}
