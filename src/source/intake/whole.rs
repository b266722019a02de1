//! Several payloads of which all are taken or none: those of one request.
//!
//! Batches that are full before the last payload was looked at are set aside, and offered when it is
//! known that all of them are good.

use super::Intake;
use crate::event::Field;
use crate::event::Reject;
use crate::parse::Decoded;
use crate::parse::Decoder;
use crate::ring::BatchSink;
use crate::ring::Delta;
use crate::time::EpochMs;

/// A place in what an intake has taken, to go back to. It is good until something is offered.
#[derive(Debug)]
pub(in crate::source) struct Mark {
    /// Batches that were set aside before it.
    aside: usize,
    /// Of the batch after those.
    events: usize,
    delta: Delta,
    newest_event: Option<EpochMs>,
}

impl<D: Decoder, S: BatchSink> Intake<D, S> {
    /// Where the intake is now.
    pub(in crate::source) fn mark(&self) -> Mark {
        Mark {
            aside: self.aside.len(),
            events: self.batch.events.len(),
            delta: self.batch.delta,
            newest_event: self.newest_event,
        }
    }

    /// Takes one of several payloads, and sets the batch aside when it is full.
    pub(in crate::source) fn take_part(&mut self, payload: &mut [u8]) -> Decoded {
        let decoded = self.decode(payload);
        if self.is_full() {
            self.set_aside();
        }
        decoded
    }

    /// Gives up everything since a mark, for a payload of so many bytes that was refused, which is all
    /// that is counted of it. What labels stand for stays: it is sent once.
    pub(in crate::source) fn take_back(
        &mut self,
        mark: &Mark,
        bytes: usize,
        reason: Reject,
        field: Option<Field>,
    ) {
        let mut later = self.aside.split_off(mark.aside);
        if let Some(first) = later.pop_front() {
            later.push_back(std::mem::replace(&mut self.batch, first));
        }
        self.batch.events.truncate(mark.events);
        self.batch.definitions.truncate(mark.events);
        for batch in later {
            self.batch
                .definitions
                .absorb(mark.events, &batch.definitions);
        }
        self.batch.offered_ns = 0;
        self.newest_event = mark.newest_event;
        let delta = &mut self.batch.delta;
        *delta = mark.delta;
        delta.received += 1;
        delta.bytes += bytes as u64;
        delta.reject(reason);
        if let Some(field) = field {
            delta.reject_field(field);
        }
        // The batch was stamped with its first payload, and has at least this one.
        self.stamped = true;
    }

    fn set_aside(&mut self) {
        let next = self.sink.lease();
        self.aside
            .push_back(std::mem::replace(&mut self.batch, next));
        self.stamped = false;
    }

    /// Offers what was set aside, in order. `false`: the ring is full.
    pub(super) fn offer_aside(&mut self) -> bool {
        while let Some(mut batch) = self.aside.pop_front() {
            if batch.offered_ns == 0 {
                batch.offered_ns = self.clock.mono_ns();
            }
            let offered_ns = batch.offered_ns;
            match self.sink.offer(batch) {
                Ok(()) => self.pulse.offered(offered_ns),
                Err(batch) => {
                    self.aside.push_front(batch);
                    return false;
                }
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::IdKeys;
    use crate::parse::Parser;
    use crate::ring::Bell;
    use crate::ring::Consumer;
    use crate::ring::ring;
    use crate::time::Clock;

    fn connect(id: usize, queue: &str) -> Vec<u8> {
        format!(
            r#"{{"eventType":"webchat:connected","timestamp":{id},"data":{{"id":"g{id}","queueId":"{queue}"}}}}"#
        )
        .into_bytes()
    }

    fn intake() -> (Intake, Consumer) {
        let (producer, consumer) = ring(64, 4, Bell::new());
        let parser = Parser::new(IdKeys::FIXED).with_labels();
        (Intake::new(parser, producer, Clock::system()), consumer)
    }

    #[test]
    fn what_is_taken_back_leaves_nothing_but_its_refusal_and_names() {
        for before in [0, 1, 3, 4, 5] {
            for good in [0, 1, 3, 4, 9, 30] {
                let (mut intake, mut consumer) = intake();
                for id in 0..before {
                    intake.take_part(&mut connect(id, "kept"));
                }
                let mark = intake.mark();
                for id in 0..good {
                    intake.take_part(&mut connect(100 + id, &format!("new-{id}")));
                }
                let decoded = intake.take_part(&mut b"{}".to_vec());
                let Decoded::Rejected(reason, field) = decoded else {
                    panic!("{decoded:?}")
                };
                intake.take_back(&mark, 2, reason, field);
                // The names are known: the next event with one of them does not bring it again.
                for id in 0..good {
                    intake.take_part(&mut connect(200 + id, &format!("new-{id}")));
                }
                assert!(intake.offer());
                let (mut times, mut names, mut delta) = (Vec::new(), 0, Delta::default());
                let mut named_at = Vec::new();
                while let Some(batch) = consumer.drain() {
                    let offset = times.len();
                    times.extend(batch.events.iter().map(|event| event.time.ms()));
                    names += batch.definitions.labels().count();
                    named_at.extend(batch.definitions.labels().map(|label| offset + label.from));
                    delta.received += batch.delta.received;
                    delta.accepted += batch.delta.accepted;
                    delta.events += batch.delta.events;
                    delta.bytes += batch.delta.bytes;
                    delta.rejected[reason.index()] += batch.delta.rejected[reason.index()];
                    consumer.recycle(batch);
                }
                let ids = (0..before).chain(200..200 + good);
                let expected: Vec<i64> = ids.map(|id| i64::try_from(id).unwrap()).collect();
                assert_eq!(times, expected, "{before} {good}");
                assert_eq!(names, usize::from(before > 0) + good, "{before} {good}");
                assert!(named_at.iter().all(|at| *at <= before), "{named_at:?}");
                let taken = (before + good) as u64;
                assert_eq!((delta.received, delta.accepted), (taken + 1, taken));
                assert_eq!((delta.events, delta.rejected[reason.index()]), (taken, 1));
            }
        }
    }

    #[test]
    fn what_is_set_aside_is_offered_in_order_however_full_the_ring() {
        let (producer, mut consumer) = ring(1, 4, Bell::new());
        let parser = Parser::new(IdKeys::FIXED).with_labels();
        let mut intake = Intake::new(parser, producer, Clock::system());
        for id in 0..10 {
            intake.take_part(&mut connect(id, "q"));
        }
        let mut times = Vec::new();
        loop {
            let done = intake.offer();
            while let Some(batch) = consumer.drain() {
                assert!(batch.events.len() <= 4);
                times.extend(batch.events.iter().map(|event| event.time.ms()));
                consumer.recycle(batch);
            }
            if done {
                break;
            }
        }
        assert_eq!(times, (0..10).collect::<Vec<i64>>());
    }
}
