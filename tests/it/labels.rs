//! Labels on production's way: bytes, parser, ring, writer, snapshot.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use streamgauge::aggregate::State;
use streamgauge::aggregate::Writer;
use streamgauge::config::AggregateSettings;
use streamgauge::config::WaitStrategy;
use streamgauge::event::IdKeys;
use streamgauge::event::LabelsId;
use streamgauge::input::Shard;
use streamgauge::parse::Parser;
use streamgauge::parse::Verdict;
use streamgauge::ring::Bell;
use streamgauge::ring::Inlet;
use streamgauge::ring::Mailbox;
use streamgauge::ring::Producer;
use streamgauge::ring::Rings;
use streamgauge::ring::rings;
use streamgauge::snapshot;
use streamgauge::snapshot::Dimension;
use streamgauge::snapshot::Reader;
use streamgauge::snapshot::Snapshot;
use streamgauge::time::Clock;

/// Longer than a machine under load may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// What an ingest thread has, without its socket.
struct Input {
    parser: Parser,
    producer: Producer,
    clock: Clock,
}

impl Input {
    fn new(inlet: &Inlet, shard: u16, clock: &Clock) -> Self {
        let shard = Shard {
            source: "test",
            number: shard,
        };
        Self {
            producer: inlet.open(shard, 64, 256),
            parser: Parser::new(IdKeys::FIXED).with_labels(),
            clock: clock.clone(),
        }
    }

    /// Offers a connect of each session with the fields beside it, as many in a batch as it holds.
    fn connect(&mut self, sessions: impl Iterator<Item = (String, String)>) {
        let mut batch = self.producer.lease();
        for (session, fields) in sessions {
            let mut payload = format!(
                r#"{{"eventType":"webchat:connected","timestamp":{},"data":{{"id":"{session}",{fields}}}}}"#,
                self.clock.wall().ms(),
            )
            .into_bytes();
            let Verdict::Event(event) = self.parser.parse(&mut payload) else {
                panic!("{}", payload.escape_ascii());
            };
            self.parser
                .define(batch.events.len(), &mut batch.definitions);
            batch.events.push(event);
            batch.delta.received += 1;
            batch.delta.accept(1);
            if batch.events.len() == self.producer.batch_events() {
                self.offer(batch);
                batch = self.producer.lease();
            }
        }
        self.offer(batch);
    }

    fn offer(&mut self, mut batch: streamgauge::ring::Batch) {
        while let Err(full) = self.producer.offer(batch) {
            batch = full;
            thread::yield_now();
        }
    }
}

/// Runs a writer over these rings until `is_done` likes a snapshot, and gives it.
fn until(
    rings: Rings,
    bell: &Bell,
    clock: &Clock,
    feed: impl FnOnce(&Reader),
    is_done: impl Fn(&Snapshot) -> bool,
) -> Arc<Snapshot> {
    let state = State::new(AggregateSettings::default(), IdKeys::FIXED, clock.wall());
    let (publisher, reader) = snapshot::channel(Snapshot::default());
    let writer = Writer::new(state, rings, publisher, Mailbox::new(1), clock.clone(), 1);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| writer.run(bell, WaitStrategy::Park, &stop));
        feed(&reader);
        let seen = wait(&reader, clock, is_done);
        stop.store(true, Ordering::Release);
        bell.ring_always();
        seen
    })
}

fn wait(reader: &Reader, clock: &Clock, is_done: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
    let begun_ns = clock.mono_ns();
    loop {
        let seen = reader.load();
        let waited = Duration::from_nanos(clock.mono_ns() - begun_ns);
        if is_done(&seen) || waited > DEADLINE {
            return seen;
        }
        thread::yield_now();
    }
}

fn open(snapshot: &Snapshot, queue: &str) -> u64 {
    let queues = snapshot.groups.by(Dimension::Queue);
    queues
        .find(queue, None)
        .map_or(0, |group| group.open_sessions)
}

/// Session number so many of a queue.
fn of_queue(queue: &str, number: usize) -> (String, String) {
    let fields = format!(r#""queueId":"{queue}""#);
    (format!("guest {queue} {number}"), fields)
}

/// More pairs than there are numbers, so that `sales` gets another one, and its first number stands for
/// another queue.
#[test]
fn names_that_change_their_numbers_on_the_way_are_counted_right() {
    let clock = Clock::system();
    let bell = Bell::new();
    let (inlet, rings) = rings(bell.clone());
    let mut input = Input::new(&inlet, 0, &clock);
    let of_deployment = |number: usize| {
        let fields = format!(r#""deploymentId":"page {number}""#);
        (format!("guest of {number}"), fields)
    };
    let feed = |_: &Reader| {
        input.connect((0..3).map(|number| of_queue("sales", number)));
        input.connect((1..LabelsId::MAX).map(of_deployment));
        // The numbers begin again.
        input.connect((0..1).map(|number| of_queue("returns", number)));
        input.connect((3..5).map(|number| of_queue("sales", number)));
    };
    let seen = until(rings, &bell, &clock, feed, |seen| {
        open(seen, "sales") + open(seen, "returns") >= 6
    });
    assert_eq!((open(&seen, "sales"), open(&seen, "returns")), (5, 1));
    assert_eq!(seen.counters.applied, 6 + LabelsId::MAX as u64 - 1);
}

/// Two inputs number their names each for itself.
#[test]
fn numbers_of_two_inputs_are_not_mistaken_for_each_other() {
    let clock = Clock::system();
    let bell = Bell::new();
    let (inlet, rings) = rings(bell.clone());
    let mut one = Input::new(&inlet, 0, &clock);
    let mut other = Input::new(&inlet, 1, &clock);
    let feed = |reader: &Reader| {
        one.connect((0..1).map(|number| of_queue("sales", number)));
        wait(reader, &clock, |seen| seen.counters.applied == 1);
        other.connect((0..1).map(|number| of_queue("returns", number)));
        wait(reader, &clock, |seen| seen.counters.applied == 2);
        // Its name is defined by now, and not once more.
        one.connect((1..3).map(|number| of_queue("sales", number)));
    };
    let seen = until(rings, &bell, &clock, feed, |seen| {
        open(seen, "sales") + open(seen, "returns") >= 4
    });
    assert_eq!((open(&seen, "sales"), open(&seen, "returns")), (3, 1));
}
