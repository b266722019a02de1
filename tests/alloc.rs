//! What allocates nothing once it is warm. A binary of its own, since it replaces the allocator.
//!
//! Allocations are counted per thread, so tests may run side by side, and a stage that lives on a
//! thread of its own is measured by calling [`allocations`] on that thread.

use std::alloc::GlobalAlloc;
use std::alloc::Layout;
use std::alloc::System;
use std::cell::Cell;
use std::hint::black_box;

use streamgauge::aggregate::State;
use streamgauge::aggregate::Writer;
use streamgauge::config::AggregateSettings;
use streamgauge::event::Actor;
use streamgauge::event::Definitions;
use streamgauge::event::Event;
use streamgauge::event::EventKind;
use streamgauge::event::IdKeys;
use streamgauge::event::IdKind;
use streamgauge::event::Identity;
use streamgauge::event::LabelsId;
use streamgauge::event::SessionKey;
use streamgauge::parse::AnyDecoder;
use streamgauge::parse::Decoded;
use streamgauge::parse::Decoder;
use streamgauge::parse::Elements;
use streamgauge::parse::Output;
use streamgauge::parse::Parser;
use streamgauge::parse::Verdict;
use streamgauge::ring::Bell;
use streamgauge::ring::Mailbox;
use streamgauge::ring::Producer;
use streamgauge::ring::ring;
use streamgauge::snapshot;
use streamgauge::snapshot::Dimension;
use streamgauge::snapshot::Snapshot;
use streamgauge::source::websocket::frames::Frames;
use streamgauge::source::websocket::frames::Received;
use streamgauge::time::Clock;
use streamgauge::time::EpochMs;
use streamgauge::window::Width;

#[path = "../benches/dialects/payloads.rs"]
mod payloads;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counting every call that may hand out memory.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

fn count() {
    // A thread that is being torn down has no counter any more, and nobody who would read it.
    let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
}

#[expect(unsafe_code, reason = "counting allocations needs an allocator")]
// SAFETY: every call goes to `System` unchanged; the counter has no destructor and never allocates.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `GlobalAlloc::realloc`.
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::dealloc`.
        unsafe { System.dealloc(old, layout) }
    }
}

/// How often this thread asked for memory while `work` ran.
fn allocations(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

#[test]
fn the_counter_counts() {
    let found = allocations(|| drop(black_box(Box::new(1))));
    assert_eq!(found, 1);
    assert_eq!(allocations(|| {}), 0);
}

#[test]
fn parsing_allocates_nothing_once_warm() {
    let payload = |number: usize| {
        let kind = ["connected", "message", "disconnected", "typing"][number % 4];
        let id = if number.is_multiple_of(3) {
            format!("0123abcd-4567-89ef-8123-{number:012x}")
        } else {
            format!("guest \\u0023{number}")
        };
        // Refused messages are part of the traffic.
        let timestamp = if number.is_multiple_of(10) { "" } else { "Z" };
        format!(
            r#"{{"eventType":"webchat:{kind}","timestamp":"2026-01-15T12:00:00.000{timestamp}","data":{{"sessionId":"{id}","messageId":"m\n{number}","queueId":"q-{}","direction":"inbound"}},"metadata":{{"seq":{number}}}}}"#,
            number % 40
        )
        .into_bytes()
    };
    let mut parser = Parser::new(IdKeys::FIXED).with_labels();
    let mut definitions = Definitions::default();
    parser.parse(&mut payload(usize::MAX));
    let mut tell = |parser: &mut Parser| {
        definitions.clear();
        parser.define(0, &mut definitions);
    };
    for number in 0..1_000 {
        parser.parse(&mut payload(number));
        tell(&mut parser);
    }

    let mut payloads: Vec<Vec<u8>> = (0..10_000).map(payload).collect();
    let mut events = 0;
    let found = allocations(|| {
        for payload in &mut payloads {
            events += u32::from(matches!(parser.parse(payload), Verdict::Event(_)));
            tell(&mut parser);
        }
    });
    assert_eq!(found, 0);
    assert!(events > 5_000, "{events} of 10,000 were events");
}

#[test]
fn reading_what_is_posted_allocates_nothing_once_warm() {
    for traffic in payloads::Traffic::all(2_000) {
        let mut decoder = AnyDecoder::new(&traffic.dialect, IdKeys::FIXED);
        let (mut events, mut facts) = (Vec::new(), Vec::new());
        let mut definitions = Definitions::default();
        // Requests of a hundred lines, the last one refused; what is refused is part of the traffic.
        let bodies = |traffic: &payloads::Traffic| -> Vec<Vec<u8>> {
            let body = |lines: &[Vec<u8>]| [&lines.join(&b'\n')[..], b"\n{}"].concat();
            traffic.payloads.chunks(100).map(body).collect()
        };
        let mut pass = |bodies: &mut [Vec<u8>]| {
            let (mut taken, mut ignored, mut refused) = (0, 0, 0);
            for body in bodies {
                events.clear();
                facts.clear();
                definitions.clear();
                let mut elements = Elements::default();
                while let Some(element) = elements.next(body) {
                    let payload = &mut body[element.unwrap()];
                    let mut output = Output {
                        events: &mut events,
                        facts: &mut facts,
                        definitions: &mut definitions,
                    };
                    let decoded = decoder.take(payload, &mut output);
                    match decoded {
                        Decoded::Events(events) => taken += events,
                        Decoded::Ignored => ignored += 1,
                        Decoded::Control | Decoded::Rejected(..) => refused += 1,
                    }
                }
            }
            (taken, ignored, refused)
        };
        pass(&mut bodies(&traffic));
        let mut bodies = bodies(&traffic);
        let mut read = (0, 0, 0);
        let found = allocations(|| read = pass(&mut bodies));
        assert_eq!(found, 0, "{}", traffic.name);
        let (taken, ignored, refused) = read;
        assert_eq!(refused, 20, "{}", traffic.name);
        assert!(taken + ignored >= 2_000, "{}: {read:?}", traffic.name);
        assert!(taken > 200, "{}: {read:?}", traffic.name);
    }
}

/// Offers what happens in one millisecond: 4 sessions connect, those of `age` ago disconnect, and
/// the open ones send 56 messages. Each belongs to one of 8 queues, half of them of one deployment.
fn offer_millisecond(producer: &mut Producer, millisecond: i64, age: i64, start: EpochMs) {
    let session = |number: i64| SessionKey {
        hi: 0,
        lo: number.cast_unsigned(),
        kind: IdKind::Uuid,
    };
    let mut batch = producer.lease();
    if millisecond == 0 {
        for number in 1..=8 {
            let queue = format!("queue {number}");
            let deployment = if number % 2 == 0 { "page" } else { "" };
            batch
                .definitions
                .define_labels(0, LabelsId::from_number(number), &queue, deployment);
        }
    }
    for place in 0..64 {
        let (kind, number) = match place {
            0..4 => (EventKind::Connected, 4 * millisecond + place),
            4..8 => (EventKind::Disconnected, 4 * (millisecond - age) + place - 4),
            _ => (EventKind::Message, 4 * millisecond - 5 * place),
        };
        let message = (64 * millisecond + place).cast_unsigned();
        // Messages without labels are their session's.
        let labels = u16::try_from(number.rem_euclid(8)).map_or(0, |number| number + 1);
        let is_message = kind == EventKind::Message;
        // A few come late, into a second that has passed.
        let late_ms = if place == 63 { 700 } else { 0 };
        batch.events.push(Event {
            time: start + millisecond - late_ms,
            session: session(number),
            identity: if is_message {
                Identity::from_hash(message.wrapping_mul(0x9e37_79b9_7f4a_7c15))
            } else {
                Identity::NONE
            },
            detail: Event::NO_DETAIL,
            labels: LabelsId::from_number(if is_message { 0 } else { labels }),
            kind,
            actor: match is_message {
                true => Actor::Guest,
                false => Actor::Unknown,
            },
        });
    }
    (
        batch.delta.received,
        batch.delta.accepted,
        batch.delta.events,
    ) = (64, 64, 64);
    assert!(producer.offer(batch).is_ok());
}

#[test]
fn the_writer_allocates_nothing_once_warm() {
    let start = EpochMs::from_ms(1_768_478_400_000);
    let (clock, hand) = Clock::manual(start);
    let mut settings = AggregateSettings::new(Width::DEFAULT, 1_000, &[2_000]).unwrap();
    settings.lateness_ms = 2_000;
    let state = State::new(settings, IdKeys::FIXED, start);
    let (mut producer, consumer) = ring(4, 64, Bell::new());
    let (publisher, reader) = snapshot::channel(Snapshot::default());
    let mut writer = Writer::new(state, consumer.into(), publisher, Mailbox::new(4), clock, 1);
    let (mut batches, mut at) = (0, 0);
    let mut run = |milliseconds: std::ops::Range<i64>, step: u32| {
        let mut found = 0;
        for millisecond in milliseconds.step_by(usize::try_from(step).unwrap_or(1)) {
            hand.advance_ms(u32::try_from(millisecond - at).unwrap_or(0));
            at = millisecond;
            offer_millisecond(&mut producer, millisecond, i64::from(step).max(101), start);
            batches += 1;
            found += u32::from(allocations(|| assert_eq!(writer.do_work(false), 1)) > 0);
        }
        found
    };
    // Every cell of the groups' hour is used once, with as much in it as later.
    let hour = 3_700_000;
    // Odd steps, so that every queue has its turn.
    run(0..hour - 100_000, 1_001);
    run(hour - 100_000..hour - 54_100, 101);
    // A minute before what is counted, so that the panes that come back then have held as much.
    run(hour - 54_100..hour - 52_000, 1);
    run(hour - 52_000..hour, 101);
    run(hour..hour + 6_001, 1);
    // Once a second latencies are summed up, and series and lists of sessions are made, whatever
    // arrives.
    let milliseconds_with_any = run(hour + 6_001..hour + 6_950, 1);
    assert!(milliseconds_with_any <= 2, "{milliseconds_with_any} of 949");

    let seen = reader.load();
    assert_eq!(seen.counters.applied, 64 * batches);
    assert_eq!(seen.counters.accounting_gap(), 0);
    assert!(seen.sequence > 6_000, "published {} times", seen.sequence);
    assert!(seen.main().disconnections > 3_000);
    let queues = seen.groups.by(Dimension::Queue);
    assert_eq!(queues.count(), 8 + 1);
    assert!(queues.find("queue 1", None).unwrap().windows[0].messages > 10_000);
}

#[test]
fn reads_to_the_ring_allocate_nothing_once_warm() {
    let mut stream = Vec::new();
    for number in 0..2_000 {
        let payload = format!(
            r#"{{"eventType":"webchat:message","timestamp":"2026-01-15T12:00:00.000Z","data":{{"sessionId":"guest {number}","messageId":"m{number}","queueId":"q-{}"}},"metadata":{{"seq":{number}}}}}"#,
            number % 40
        );
        // Some in one frame, some in two.
        let (first, second) = payload.split_at(if number % 5 == 0 { 20 } else { 0 });
        if !first.is_empty() {
            stream.extend([0x01, u8::try_from(first.len()).unwrap()]);
            stream.extend(first.as_bytes());
        }
        stream.extend([if first.is_empty() { 0x81 } else { 0x80 }, 126]);
        stream.extend(u16::try_from(second.len()).unwrap().to_be_bytes());
        stream.extend(second.as_bytes());
    }
    let (mut producer, mut consumer) = ring(4, 256, Bell::new());
    let mut frames = Frames::new(&[]);
    let mut parser = Parser::new(IdKeys::FIXED).with_labels();
    let mut pass = || {
        let mut events = 0;
        let mut batch = producer.lease();
        // No multiple of a frame: reads cut frames anywhere.
        for piece in stream.chunks(10_007) {
            frames.room()[..piece.len()].copy_from_slice(piece);
            frames.filled(piece.len());
            while let Some(received) = frames.take().unwrap() {
                let Received::Text(payload) = received else {
                    continue;
                };
                if let Verdict::Event(event) = parser.parse(payload) {
                    parser.define(batch.events.len(), &mut batch.definitions);
                    batch.events.push(event);
                }
                if batch.events.len() == producer.batch_events() {
                    producer.offer(std::mem::take(&mut batch)).unwrap();
                    let drained = consumer.drain().unwrap();
                    events += drained.events.len();
                    consumer.recycle(drained);
                    batch = producer.lease();
                }
            }
        }
        events += batch.events.len();
        batch.clear();
        consumer.recycle(batch);
        events
    };
    assert_eq!(pass(), 2_000);
    let mut events = 0;
    let found = allocations(|| events = (0..10).map(|_| pass()).sum());
    assert_eq!(found, 0);
    assert_eq!(events, 20_000);
}
