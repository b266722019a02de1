//! The faults of single events: copies, changed places, frames that are no event.
//!
//! Random choices come from a sequence of their own, so that a fault does not change the traffic, and
//! a seed repeats the faults too. Nothing is lost here: what is held back is released or handed out.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::fault::Bound;
use super::fault::Fault;
use super::fault::FaultKind;
use super::fault::When;
use super::fault::micros;

/// A copy follows its event after at most this many others.
const COPY_DISTANCE_MAX: u64 = 100;
/// The random stream of the faults; the traffic has stream 0.
const RANDOM_STREAM: u64 = 1;

/// Text that is no event: wrong shape, no session, no time.
const MALFORMED_TEXTS: [&[u8]; 4] = [
    b"[]",
    b"",
    b"{\"eventType\":\"webchat:message\",\"timestamp\":\"2026-01-15T12:00:00.000Z\",\"data\":{}}",
    b"{\"eventType\":\"webchat:connected\",\"timestamp\":\"yesterday\",\"data\":{\"sessionId\":\"s\"}}",
];
/// No UTF-8 either, so that no line of a file is an event by chance.
const MALFORMED_BINARY: &[u8] = &[0xff, 0x00, 0xfe, 0x7b];

/// Where events go on to.
pub(super) trait Outlet {
    /// An event, for the first time.
    fn event(&mut self, sequence: u64, payload: &[u8]);
    /// An event again.
    fn copy(&mut self, payload: &[u8]);
    /// What is no event, and may be no text either.
    fn malformed(&mut self, payload: &[u8], is_binary: bool);
}

/// Passes events on, in another order, more than once or with noise between them.
#[derive(Debug)]
pub(super) struct Disorder {
    rng: ChaCha8Rng,
    duplicate: Option<Lasting<f64>>,
    reorder: Option<Lasting<Bound>>,
    malformed: Option<Lasting<f64>>,
    /// Events taken, released and not.
    taken: u64,
    /// Events released.
    released: u64,
    held: BinaryHeap<Reverse<Held>>,
    copies: BinaryHeap<Reverse<Held>>,
}

/// A fault that lasts once it has begun.
#[derive(Clone, Copy, Debug)]
struct Lasting<T> {
    begins: When,
    what: T,
}

/// An event to be written later. Ordered by `due`, then by `order`.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Held {
    /// A count of events or microseconds, as the bound is.
    due: u64,
    order: u64,
    sequence: u64,
    payload: Vec<u8>,
}

impl Disorder {
    /// The faults of single events among `faults`; of each kind the last one holds.
    pub(super) fn new(faults: &[Fault], seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(RANDOM_STREAM);
        let mut disorder = Self {
            rng,
            duplicate: None,
            reorder: None,
            malformed: None,
            taken: 0,
            released: 0,
            held: BinaryHeap::new(),
            copies: BinaryHeap::new(),
        };
        for fault in faults {
            let begins = fault.when;
            match fault.kind {
                FaultKind::Duplicate(what) => disorder.duplicate = Some(Lasting { begins, what }),
                FaultKind::Reorder(what) => disorder.reorder = Some(Lasting { begins, what }),
                FaultKind::Malformed(what) => disorder.malformed = Some(Lasting { begins, what }),
                _ => {}
            }
        }
        disorder
    }

    /// Takes an event of an offset and a sequence in its written form, and gives to `outlet` what is to be
    /// sent by now.
    pub(super) fn pass(
        &mut self,
        (offset_us, sequence): (u64, u64),
        payload: &[u8],
        outlet: &mut impl Outlet,
    ) {
        self.taken += 1;
        let Some(bound) = active(self.reorder, offset_us, self.taken) else {
            self.release(sequence, payload, offset_us, outlet);
            return;
        };
        let (now, reach) = match bound {
            Bound::Events(places) => (self.taken, places),
            Bound::Time(length) => (offset_us, micros(length)),
        };
        let due = now + self.rng.random_range(0..=reach);
        self.held.push(Reverse(Held {
            due,
            order: self.taken,
            sequence,
            payload: payload.to_vec(),
        }));
        self.release_due(now, offset_us, outlet);
    }

    /// Writes what was held back by time and is due at `now_us`.
    pub(super) fn pass_time(&mut self, now_us: u64, outlet: &mut impl Outlet) {
        if self.holds_by_time() {
            self.release_due(now_us, now_us, outlet);
        }
    }

    /// When [`Disorder::pass_time`] has something to write, in microseconds.
    pub(super) fn next_us(&self) -> Option<u64> {
        let Reverse(first) = self.held.peek()?;
        self.holds_by_time().then_some(first.due)
    }

    /// Writes all that is held back: the file or stream is at its end.
    pub(super) fn drain(&mut self, outlet: &mut impl Outlet) {
        self.release_due(u64::MAX, u64::MAX, outlet);
        while let Some(Reverse(copy)) = self.copies.pop() {
            outlet.copy(&copy.payload);
        }
    }

    /// Forgets all that is held back and returns the sequences of the events among it.
    pub(super) fn abandon(&mut self) -> Vec<u64> {
        self.copies.clear();
        let held = self.held.drain();
        held.map(|Reverse(held)| held.sequence).collect()
    }

    fn holds_by_time(&self) -> bool {
        matches!(
            self.reorder,
            Some(Lasting {
                what: Bound::Time(_),
                ..
            })
        )
    }

    fn release_due(&mut self, limit: u64, offset_us: u64, outlet: &mut impl Outlet) {
        while self
            .held
            .peek()
            .is_some_and(|Reverse(held)| held.due <= limit)
        {
            let Some(Reverse(held)) = self.held.pop() else {
                unreachable!("it was there a moment ago")
            };
            self.release(held.sequence, &held.payload, offset_us, outlet);
        }
    }

    fn release(&mut self, sequence: u64, payload: &[u8], offset_us: u64, outlet: &mut impl Outlet) {
        self.released += 1;
        outlet.event(sequence, payload);
        while let Some(Reverse(copy)) = self.copies.peek()
            && copy.due <= self.released
        {
            outlet.copy(&copy.payload);
            self.copies.pop();
        }
        if let Some(share) = active(self.duplicate, offset_us, self.released)
            && self.rng.random_bool(share)
        {
            self.copies.push(Reverse(Held {
                due: self.released + self.rng.random_range(1..=COPY_DISTANCE_MAX),
                order: self.released,
                sequence,
                payload: payload.to_vec(),
            }));
        }
        if let Some(share) = active(self.malformed, offset_us, self.released)
            && self.rng.random_bool(share)
        {
            self.add_malformed(payload, outlet);
        }
    }

    fn add_malformed(&mut self, payload: &[u8], outlet: &mut impl Outlet) {
        let choice = self.rng.random_range(0..MALFORMED_TEXTS.len() + 2);
        match MALFORMED_TEXTS.get(choice) {
            Some(text) => outlet.malformed(text, false),
            None if choice == MALFORMED_TEXTS.len() => {
                outlet.malformed(&payload[..payload.len() / 2], false);
            }
            None => outlet.malformed(MALFORMED_BINARY, true),
        }
    }
}

fn active<T: Copy>(fault: Option<Lasting<T>>, elapsed_us: u64, events: u64) -> Option<T> {
    let fault = fault?;
    (fault.begins.firings(elapsed_us, events) > 0).then_some(fault.what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::arrivals::Curve;
    use crate::simulate::outbox::Form;
    use crate::simulate::outbox::Outbox;
    use crate::simulate::traffic::Traffic;

    /// The lines that `count` events become.
    fn lines(flags: &[&str], count: u64) -> (Outbox, Vec<String>) {
        let faults: Vec<Fault> = flags.iter().map(|flag| flag.parse().unwrap()).collect();
        let mut disorder = Disorder::new(&faults, 1);
        let mut traffic = Traffic::new(1, 500.0, Curve::Flat);
        let mut outbox = Outbox::new(Form::Lines);
        for _ in 0..count {
            let event = traffic.take();
            let payload = event.sequence.to_string();
            disorder.pass(
                (event.offset_us, event.sequence),
                payload.as_bytes(),
                &mut outbox,
            );
        }
        disorder.drain(&mut outbox);
        let lines = outbox
            .bytes
            .split(|byte| *byte == b'\n')
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect();
        (outbox, lines)
    }

    #[test]
    fn without_faults_all_passes_in_order() {
        let (outbox, _) = lines(&[], 1_000);
        assert_eq!(outbox.sequences, (1..=1_000).collect::<Vec<u64>>());
        assert_eq!((outbox.copies, outbox.malformed), (0, 0));
    }

    #[test]
    fn a_share_is_sent_twice_and_follows_within_reach() {
        let (outbox, lines) = lines(&["duplicate=10%"], 2_000);
        assert_eq!(outbox.sequences, (1..=2_000).collect::<Vec<u64>>());
        assert!((150..250).contains(&outbox.copies), "{}", outbox.copies);
        for (place, line) in lines.iter().enumerate() {
            let first = lines.iter().position(|other| other == line).unwrap();
            assert!(place - first <= 130, "{line} at {first} and {place}");
        }
    }

    #[test]
    fn events_move_by_at_most_the_bound() {
        let (outbox, _) = lines(&["reorder=20"], 10_000);
        let mut sorted = outbox.sequences.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (1..=10_000).collect::<Vec<u64>>());
        let moved = outbox.sequences.iter().zip(1_u64..);
        let distances: Vec<u64> = moved.map(|(seq, place)| seq.abs_diff(place)).collect();
        assert!(distances.iter().all(|distance| *distance <= 20));
        assert!(distances.iter().any(|distance| *distance > 10));
    }

    #[test]
    fn events_are_held_for_at_most_the_bound() {
        let faults = ["reorder=50ms".parse().unwrap()];
        let mut disorder = Disorder::new(&faults, 1);
        let mut traffic = Traffic::new(1, 500.0, Curve::Flat);
        let mut outbox = Outbox::new(Form::Lines);
        let mut due_us = vec![0];
        let mut moved = 0;
        for _ in 0..10_000 {
            while let Some(at_us) = disorder.next_us()
                && at_us <= traffic.next_us()
            {
                outbox.clear();
                disorder.pass_time(at_us, &mut outbox);
                for sequence in &outbox.sequences {
                    let index = usize::try_from(*sequence).unwrap();
                    assert!((due_us[index]..=due_us[index] + 50_000).contains(&at_us));
                    moved += u32::from(index + 1 < due_us.len());
                }
            }
            outbox.clear();
            let event = traffic.take();
            due_us.push(event.offset_us);
            disorder.pass((event.offset_us, event.sequence), b"x", &mut outbox);
        }
        assert!(moved > 1_000, "{moved}");
        assert!(disorder.abandon().len() < 100);
    }

    #[test]
    fn malformed_frames_come_between_whole_events() {
        let (outbox, _) = lines(&["malformed=5%@1000ev"], 10_000);
        assert_eq!(outbox.sequences, (1..=10_000).collect::<Vec<u64>>());
        assert!(
            (350..550).contains(&outbox.malformed),
            "{}",
            outbox.malformed
        );
    }

    #[test]
    fn the_seed_repeats_the_faults() {
        let flags = ["duplicate=5%", "reorder=30", "malformed=5%"];
        assert_eq!(lines(&flags, 5_000).1, lines(&flags, 5_000).1);
    }
}
