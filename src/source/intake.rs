//! Payloads to batches: decode, count, fill a batch, offer it to whatever takes batches.
//!
//! The policy for a full ring is not here: [`Intake::offer`] only says that it is full.

mod whole;

use std::collections::VecDeque;

use super::quote::Head;
use super::refusals::RefusalLog;
use crate::event::Field;
use crate::event::Reject;
use crate::input::InputId;
use crate::input::Position;
use crate::net::Redactor;
use crate::parse::Decoded;
use crate::parse::Decoder;
use crate::parse::Output;
use crate::parse::Parser;
use crate::pulse::Heart;
use crate::pulse::Pulse;
use crate::ring::Batch;
use crate::ring::BatchSink;
use crate::ring::Producer;
use crate::stream::StreamNote;
use crate::time::Clock;
use crate::time::EpochMs;

/// The batch of one input under way, and what fills it: a decoder for its dialect and a sink behind it.
#[derive(Debug)]
pub struct Intake<D = Parser, S = Producer> {
    decoder: D,
    sink: S,
    clock: Clock,
    batch: Batch,
    /// Full batches before it, of payloads of which all are taken or none; mostly empty.
    aside: VecDeque<Batch>,
    /// Whether the batch has its arrival stamps.
    stamped: bool,
    /// The clocks after the latest read.
    read_at: EpochMs,
    read_at_ns: u64,
    /// The greatest event time since [`Intake::begin`].
    newest_event: Option<EpochMs>,
    /// The beginning of the payload that is being parsed, once it is not one like those before.
    head: Head,
    refusals: RefusalLog,
    pulse: Pulse,
    heart: Option<Heart>,
}

impl<D: Decoder, S: BatchSink> Intake<D, S> {
    /// An intake that has read nothing. Arrivals are stamped by `clock`.
    pub fn new(decoder: D, sink: S, clock: Clock) -> Self {
        let batch = sink.lease();
        Self {
            decoder,
            sink,
            batch,
            aside: VecDeque::new(),
            stamped: false,
            read_at: clock.wall(),
            read_at_ns: clock.mono_ns(),
            clock,
            newest_event: None,
            head: Head::EMPTY,
            refusals: RefusalLog::new(),
            pulse: Pulse::default(),
            heart: None,
        }
    }

    /// Beats to this pulse from now on.
    pub(crate) fn beat_to(&mut self, pulse: Pulse) {
        self.pulse = pulse;
    }

    /// The input that this is.
    pub(super) const fn input(&self) -> InputId {
        self.batch.input
    }

    /// Says that what fills this intake is at work, or waits for something it is right to wait for. Who
    /// has said so once is late when it has not for 5 s, so say it about once a second.
    pub fn beat(&mut self) {
        let now_ns = self.clock.mono_ns();
        match &self.heart {
            Some(heart) => heart.beat(now_ns),
            None => self.heart = Some(self.pulse.input(self.batch.input, now_ns)),
        }
    }

    /// The clock that arrivals are stamped with.
    pub(super) const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Logs what was refused and has waited for its second.
    pub(super) fn log_refusals(&mut self) {
        self.refusals.log_due(self.clock.mono_ns());
    }

    /// Forgets the newest event: a new connection begins, to a peer that was shown what `redactor`
    /// knows.
    pub(super) fn begin(&mut self, redactor: Redactor) {
        self.newest_event = None;
        self.refusals.begin(redactor);
    }

    /// The greatest event time of this connection.
    pub(super) const fn newest_event(&self) -> Option<EpochMs> {
        self.newest_event
    }

    /// Wall time.
    pub(super) fn wall(&self) -> EpochMs {
        self.clock.wall()
    }

    /// Says that a read has just ended: what is taken from now on arrived with it. The clocks are
    /// read here, once for all that came.
    pub fn arrived(&mut self) {
        self.read_at = self.clock.wall();
        self.read_at_ns = self.clock.mono_ns();
    }

    /// The same of a read that somebody else has made.
    pub(super) const fn arrived_at(&mut self, wall: EpochMs, mono_ns: u64) {
        self.read_at = wall;
        self.read_at_ns = mono_ns;
    }

    /// When the latest read ended.
    pub(super) const fn read_at(&self) -> EpochMs {
        self.read_at
    }

    /// What a field is called by the senders of its payloads.
    pub(super) fn place(&self, field: Field) -> &str {
        self.decoder.place(field)
    }

    /// Takes a payload; the decoder may change its bytes.
    ///
    /// # Errors
    /// Why it was refused; it is counted all the same.
    pub fn take(&mut self, payload: &mut [u8]) -> Result<(), Reject> {
        match self.decode(payload) {
            Decoded::Rejected(reason, _) => Err(reason),
            Decoded::Events(_) | Decoded::Ignored | Decoded::Control => Ok(()),
        }
    }

    #[inline]
    fn decode(&mut self, payload: &mut [u8]) -> Decoded {
        self.count(payload.len());
        let batch = &mut self.batch;
        let before = batch.events.len();
        let mut output = Output {
            events: &mut batch.events,
            facts: &mut batch.facts,
            definitions: &mut batch.definitions,
        };
        let decoded = match self.decoder.recognize(payload, &mut output) {
            Some(decoded) => decoded,
            None => {
                self.head.keep(payload);
                self.decoder.decode(payload, &mut output)
            }
        };
        // What is in the batch is what is counted, whatever the decoder says.
        let decoded = match decoded {
            Decoded::Events(_) => Decoded::Events(output.events.len() - before),
            other => {
                output.truncate(before);
                other
            }
        };
        match decoded {
            Decoded::Events(count) => {
                batch.delta.accept(count as u64);
                let times = batch.events[before..].iter().map(|event| event.time);
                self.newest_event = self.newest_event.max(times.max());
            }
            Decoded::Ignored => batch.delta.ignored += 1,
            Decoded::Control => batch.delta.control += 1,
            Decoded::Rejected(reason, field) => {
                batch.delta.reject(reason);
                if let Some(field) = field {
                    batch.delta.reject_field(field);
                }
                self.refusals
                    .refused(reason, field, &self.head, self.read_at_ns);
            }
        }
        decoded
    }

    /// Takes a message that is refused unread; empty where it never came in full.
    pub(super) fn refuse(&mut self, payload: &[u8], reason: Reject) {
        self.count(payload.len());
        self.batch.delta.reject(reason);
        self.head.keep(payload);
        self.refusals
            .refused(reason, None, &self.head, self.read_at_ns);
    }

    /// Reports to the writer what happened to the input.
    pub fn note(&mut self, note: StreamNote) {
        self.batch.notes.push(note);
    }

    /// Says from where the source can go on after what was taken so far.
    pub fn reached(&mut self, position: Position) {
        self.batch.position = position;
    }

    /// Whether the batch has no room for another event.
    pub fn is_full(&self) -> bool {
        self.batch.events.len() >= self.sink.batch_events()
    }

    /// Offers the batch, if it says anything. `false`: the ring is full, the batch is kept.
    pub fn offer(&mut self) -> bool {
        if !self.aside.is_empty() && !self.offer_aside() {
            return false;
        }
        if self.batch.delta.received > 0 {
            for (sum, count) in self
                .batch
                .delta
                .labels_refused
                .iter_mut()
                .zip(self.decoder.take_labels_refused())
            {
                *sum += count;
            }
        }
        if self.batch.is_empty() {
            return true;
        }
        if !self.stamped {
            // Nothing but notes: they are of this moment.
            self.arrived();
            self.stamp();
        }
        if self.batch.offered_ns == 0 {
            self.batch.offered_ns = self.clock.mono_ns();
        }
        let offered_ns = self.batch.offered_ns;
        match self.sink.offer(std::mem::take(&mut self.batch)) {
            Ok(()) => {
                self.pulse.offered(offered_ns);
                self.batch = self.sink.lease();
                self.stamped = false;
                true
            }
            Err(batch) => {
                self.batch = batch;
                false
            }
        }
    }

    /// Whether the engine has ended: nothing that is offered is counted any more, so stop.
    pub fn is_abandoned(&self) -> bool {
        self.sink.is_abandoned()
    }

    /// Drops the batch's events and counts them as shed; counters and notes stay for the next offer.
    pub fn shed(&mut self) {
        // A count of at most a batch's events.
        self.batch.delta.shed += self.batch.events.len() as u64;
        self.batch.events.clear();
        self.batch.facts.clear();
        // What labels mean is sent once, so it is not shed.
        self.batch.definitions.detach_events();
        self.batch.offered_ns = 0;
        self.stamped = false;
    }

    fn count(&mut self, bytes: usize) {
        if !self.stamped {
            self.stamp();
        }
        self.batch.delta.received += 1;
        self.batch.delta.bytes += bytes as u64;
    }

    /// A batch arrived with its first payload.
    fn stamp(&mut self) {
        self.batch.arrival = self.read_at;
        self.batch.arrival_ns = self.read_at_ns;
        self.stamped = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::IdKeys;
    use crate::event::LabelFault;
    use crate::event::LabelsId;
    use crate::ring::Bell;
    use crate::ring::ring;

    #[test]
    fn a_batch_arrives_with_the_read_of_its_first_message() {
        let (clock, hands) = Clock::manual(EpochMs::from_ms(1_000));
        let (producer, mut consumer) = ring(4, 4, Bell::new());
        let mut intake = Intake::new(Parser::new(IdKeys::FIXED), producer, clock.clone());
        let mut take = |intake: &mut Intake| {
            assert!(intake.offer());
            let batch = consumer.drain().unwrap();
            (batch.delta.received, batch.arrival, batch.arrival_ns)
        };

        hands.advance_ms(5);
        intake.arrived();
        let (read_at, read_at_ns) = (clock.wall(), clock.mono_ns());
        // Whatever is done between the read and the message is not the peer's delay.
        hands.advance_ms(3);
        intake.refuse(b"x", Reject::Binary);
        hands.advance_ms(3);
        intake.arrived();
        intake.refuse(b"x", Reject::Binary);
        assert_eq!(take(&mut intake), (2, read_at, read_at_ns));

        // Of notes alone it is the moment they are offered.
        hands.advance_ms(3);
        intake.note(StreamNote::ProtocolError);
        assert_eq!(take(&mut intake), (0, clock.wall(), clock.mono_ns()));
    }

    #[test]
    fn text_that_is_no_utf_8_is_counted_and_ends_the_connection() {
        let (producer, mut consumer) = ring(4, 4, Bell::new());
        let mut intake = Intake::new(Parser::new(IdKeys::FIXED), producer, Clock::system());
        assert_eq!(intake.take(&mut [b'{', 0xff]), Err(Reject::Utf8));
        assert_eq!(intake.take(&mut [b'{']), Err(Reject::NotJson));
        assert!(intake.offer());
        let delta = consumer.drain().unwrap().delta;
        assert_eq!((delta.received, delta.bytes), (2, 3));
        assert_eq!(delta.rejected[Reject::Utf8.index()], 1);
        assert_eq!(delta.rejected[Reject::NotJson.index()], 1);
    }

    #[test]
    fn what_is_refused_is_counted_by_its_field_and_names_by_their_fault() {
        let (producer, mut consumer) = ring(4, 4, Bell::new());
        let parser = Parser::new(IdKeys::FIXED).with_labels();
        let mut intake = Intake::new(parser, producer, Clock::system());
        let text = |data: &str| {
            format!(r#"{{"eventType":"webchat:connected","timestamp":0,"data":{{{data}}}}}"#)
        };
        for _ in 0..3 {
            let refused = intake.take(&mut text(r#""id":"""#).into_bytes());
            assert_eq!(refused, Err(Reject::Field));
        }
        // The layout is learned from the first, so that the others take the other path.
        let long = "q".repeat(300);
        for number in 0..4 {
            let data = format!(r#""id":"guest-{number}","queueId":"{long}""#);
            intake.take(&mut text(&data).into_bytes()).unwrap();
        }
        assert!(intake.offer());
        let delta = consumer.drain().unwrap().delta;
        assert_eq!(delta.rejected[Reject::Field.index()], 3);
        assert_eq!(delta.rejected_fields[Field::SessionId.index()], 3);
        assert_eq!(delta.rejected_fields.iter().sum::<u64>(), 3);
        assert_eq!(delta.labels_refused[LabelFault::TooLong.index()], 4);
        assert_eq!(delta.labels_refused.iter().sum::<u64>(), 4);
    }

    #[test]
    fn what_goes_into_the_ring_is_seen_to_wait() {
        let (clock, hands) = Clock::manual(EpochMs::from_ms(1_000));
        let (producer, mut consumer) = ring(1, 4, Bell::new());
        let mut intake = Intake::new(Parser::new(IdKeys::FIXED), producer, clock.clone());
        let pulse = Pulse::default();
        intake.beat_to(pulse.clone());
        let waited = |pulse: &Pulse| pulse.look(clock.mono_ns())[1].age.unwrap().as_millis();
        hands.advance_ms(1);
        pulse.begin(clock.mono_ns());
        assert_eq!(waited(&pulse), 0);
        intake.refuse(b"x", Reject::Binary);
        assert!(intake.offer());
        hands.advance_ms(7);
        // The ring is full: the second batch waits outside.
        intake.refuse(b"x", Reject::Binary);
        assert!(!intake.offer());
        assert_eq!(waited(&pulse), 7);
        consumer.drain().unwrap();
        pulse.taken(clock.mono_ns());
        assert_eq!(waited(&pulse), 0);
    }

    #[test]
    fn who_has_beaten_once_is_missed_until_it_ends() {
        let (clock, hands) = Clock::manual(EpochMs::from_ms(1_000));
        let (producer, _consumer) = ring(1, 4, Bell::new());
        let mut intake = Intake::new(Parser::new(IdKeys::FIXED), producer, clock.clone());
        let pulse = Pulse::default();
        intake.beat_to(pulse.clone());
        let ingest = || pulse.look(clock.mono_ns())[0];
        hands.advance_ms(60_000);
        assert_eq!(ingest().age, None, "it need not beat");
        intake.beat();
        hands.advance_ms(5_001);
        assert_eq!(
            (ingest().is_late, ingest().input),
            (true, Some(intake.input()))
        );
        intake.beat();
        assert!(!ingest().is_late);
        drop(intake);
        hands.advance_ms(60_000);
        assert_eq!(ingest().age, None);
    }

    #[test]
    fn what_labels_stand_for_goes_ahead_of_their_events_and_is_not_shed() {
        let (producer, mut consumer) = ring(4, 4, Bell::new());
        let parser = Parser::new(IdKeys::FIXED).with_labels();
        let mut intake = Intake::new(parser, producer, Clock::system());
        let connect = |intake: &mut Intake, id: &str, queue: &str| {
            let text = format!(
                r#"{{"eventType":"webchat:connected","timestamp":0,"data":{{"id":"{id}","queueId":"{queue}"}}}}"#
            );
            intake.take(&mut text.into_bytes()).unwrap();
        };
        let uuid = "0123abcd-4567-89ef-8123-456789abcdef";
        connect(&mut intake, "guest", "sales");
        connect(&mut intake, uuid, "returns");
        intake.shed();
        connect(&mut intake, uuid, "sales");
        connect(&mut intake, "other", "service");
        assert!(intake.offer());

        let batch = consumer.drain().unwrap();
        let labels: Vec<LabelsId> = batch.events.iter().map(|event| event.labels).collect();
        assert_eq!(labels, [1, 3].map(LabelsId::from_number));
        let told: Vec<_> = batch
            .definitions
            .labels()
            .map(|told| (told.from, told.queue))
            .collect();
        assert_eq!(
            told,
            [
                (0, Some("sales")),
                (0, Some("returns")),
                (1, Some("service"))
            ]
        );
        assert_eq!(
            batch.definitions.session_ids().collect::<Vec<_>>(),
            [(1, "other")]
        );
        consumer.recycle(batch);

        connect(&mut intake, uuid, "sales");
        assert!(intake.offer());
        assert!(
            consumer.drain().unwrap().definitions.is_empty(),
            "told once"
        );
    }

    /// Takes batches as they come, and has room for one.
    #[derive(Debug, Default)]
    struct Kept(Vec<Batch>);

    impl BatchSink for Kept {
        fn lease(&self) -> Batch {
            Batch::with_capacity(self.batch_events())
        }

        fn offer(&mut self, batch: Batch) -> Result<(), Batch> {
            if !self.0.is_empty() {
                return Err(batch);
            }
            self.0.push(batch);
            Ok(())
        }

        fn is_abandoned(&self) -> bool {
            false
        }

        fn batch_events(&self) -> usize {
            4
        }
    }

    /// A dialect that leaves what it has read in the output, whatever it says at the end.
    struct Careless(Parser);

    impl Decoder for Careless {
        fn decode(&mut self, payload: &mut [u8], output: &mut Output<'_>) -> Decoded {
            let Some((end, payload)) = payload.split_last_mut() else {
                return Decoded::Ignored;
            };
            self.0.decode(payload, output);
            match end {
                b'c' => Decoded::Control,
                b'i' => Decoded::Ignored,
                b'r' => Decoded::Rejected(Reject::Shape, None),
                _ => Decoded::Events(7),
            }
        }
    }

    #[test]
    fn both_equations_hold_whatever_a_decoder_leaves_and_whatever_takes_its_batches() {
        let decoder = Careless(Parser::new(IdKeys::FIXED).with_labels());
        let mut intake = Intake::new(decoder, Kept::default(), Clock::system());
        let payload = |id: &str, end: char| {
            let event = format!(
                r#"{{"eventType":"webchat:connected","timestamp":0,"data":{{"id":"{id}","queueId":"q {id}"}}}}"#
            );
            format!("{event}{end}").into_bytes()
        };
        for end in ['c', 'i', 'r', 'e'] {
            let _ = intake.take(&mut payload(&format!("guest {end}"), end));
        }
        intake.reached(Position::Sequence(4));
        assert!(intake.offer());
        let batch = &intake.sink.0[0];
        let delta = batch.delta;
        assert_eq!((delta.received, delta.accepted, delta.events), (4, 1, 1));
        assert_eq!((delta.control, delta.ignored), (1, 1));
        assert_eq!(delta.rejected[Reject::Shape.index()], 1);
        assert_eq!(batch.events.len(), 1);
        let ids: Vec<_> = batch.definitions.session_ids().collect();
        assert_eq!(ids, [(0, "guest e")]);
        assert_eq!(batch.position, Position::Sequence(4));

        // What says nothing is not offered; a position says something.
        assert!(intake.offer());
        intake.reached(Position::Sequence(5));
        assert!(!intake.offer(), "there is no room for it");
        intake.sink.0.clear();
        assert!(intake.offer());
        assert_eq!(intake.sink.0[0].position, Position::Sequence(5));
    }
}
