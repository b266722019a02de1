//! A second input, plugged into a running engine: a channel of lines, in a dialect of its own.

use std::sync::mpsc;
use std::thread;

use serde_json::Value;
use serde_json::json;
use streamgauge::event::Reject;
use streamgauge::input::Position;
use streamgauge::input::Shard;
use streamgauge::parse::Decoded;
use streamgauge::parse::Decoder;
use streamgauge::parse::Output;
use streamgauge::parse::Parser;
use streamgauge::snapshot::Dimension;
use streamgauge::snapshot::Snapshot;
use streamgauge::stream::StreamNote;
use streamgauge::stream::StreamState;
use streamgauge::time::Clock;

use super::rig::Rig;
use super::rig::simulator;

const CHANNEL: Shard = Shard::only("channel");

/// Arrays of events, all or none of each.
struct Arrays(Parser);

impl Decoder for Arrays {
    fn decode(&mut self, payload: &mut [u8], output: &mut Output<'_>) -> Decoded {
        let before = output.events.len();
        let Ok(events) = serde_json::from_slice::<Vec<Value>>(payload) else {
            return Decoded::Rejected(Reject::Shape, None);
        };
        for event in events {
            let mut text = event.to_string().into_bytes();
            if let rejected @ Decoded::Rejected(..) = self.0.decode(&mut text, output) {
                return rejected;
            }
        }
        Decoded::Events(output.events.len() - before)
    }
}

/// The source: lines from a channel, until it is closed.
fn plug_in(
    rig: &Rig,
    lines: mpsc::Receiver<String>,
    is_closed_at_end: bool,
) -> thread::JoinHandle<()> {
    let decoder = |keys| Arrays(Parser::new(keys).with_labels());
    let mut intake = rig.engine().inputs().open(CHANNEL, decoder);
    let at = Clock::system().wall();
    thread::spawn(move || {
        intake.note(StreamNote::Live { at });
        intake.offer();
        for (number, line) in (1..).zip(lines) {
            intake.arrived();
            // Counted, whatever became of it.
            let _ = intake.take(&mut line.into_bytes());
            intake.reached(Position::Sequence(number));
            while !intake.offer() && !intake.is_abandoned() {
                thread::yield_now();
            }
        }
        if !is_closed_at_end {
            return;
        }
        intake.note(StreamNote::State(StreamState::Closed));
        while !intake.offer() {
            thread::yield_now();
        }
    })
}

fn event(kind: &str, id: &str, queue: &str) -> Value {
    let now = Clock::system().wall().ms();
    json!({
        "eventType": format!("webchat:{kind}"),
        "timestamp": now,
        "data": {"sessionId": id, "queueId": queue},
    })
}

fn open_of(snapshot: &Snapshot, queue: &str) -> Option<u64> {
    let found = snapshot.groups.by(Dimension::Queue).find(queue, None);
    found.map(|group| group.open_sessions)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_input_is_counted_covered_and_labelled_like_the_first() {
    // The first falls silent, and stays live.
    let mut rig = Rig::start(simulator(&["pause=1h@500ev"])).await;
    let before = rig.until_received(500).await.counters;
    let (lines, source) = mpsc::channel();
    let source = plug_in(&rig, source, true);
    let connects: Vec<Value> = (0..3)
        .map(|id| event("connected", &format!("c{id}"), "channel-a"))
        .collect();
    let last = event("connected", "c3", "channel-b");
    lines
        .send(json!([connects[0], connects[1]]).to_string())
        .unwrap();
    lines
        .send(json!([connects[2], {"eventType": "webchat:connected"}]).to_string())
        .unwrap();
    lines
        .send(json!([connects[2], last, {"eventType": "other"}]).to_string())
        .unwrap();
    lines.send("[]".to_owned()).unwrap();
    let is_there = |snapshot: &Snapshot| open_of(snapshot, "channel-b").is_some();
    let seen = rig.until("both queues", is_there).await;
    assert_eq!(open_of(&seen, "channel-a"), Some(3));
    assert_eq!(open_of(&seen, "channel-b"), Some(1));
    let counters = seen.counters;
    assert_eq!(counters.received - before.received, 4);
    assert_eq!(counters.accepted - before.accepted, 3);
    assert_eq!(counters.events - before.events, 4);
    assert_eq!(counters.rejected_total() - before.rejected_total(), 1);
    assert_eq!((counters.payload_gap(), counters.event_gap()), (0, 0));
    let [first, second] = &seen.stream.inputs[..] else {
        panic!("{:?}", seen.stream.inputs)
    };
    assert_eq!(
        (first.position, second.position),
        (Position::None, Position::Sequence(4))
    );
    assert_eq!((first.state, second.id.shard), (StreamState::Live, CHANNEL));
    assert_eq!(seen.stream.state, StreamState::Live);

    drop(lines);
    source.join().unwrap();
    let is_gone = |snapshot: &Snapshot| snapshot.stream.inputs.len() == 1;
    let seen = rig.until("the first alone", is_gone).await;
    assert_eq!(seen.stream.state, StreamState::Live, "in good order");
    assert!(seen.stream.gaps.iter().all(|gap| gap.end.is_some()));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_second_input_misses_is_missing_and_its_position_stays() {
    let mut rig = Rig::start(simulator(&["pause=1h@500ev"])).await;
    let is_covered = |snapshot: &Snapshot| {
        let main = snapshot.main();
        main.coverage_ms > 0
            && snapshot
                .stream
                .inputs
                .iter()
                .all(|input| input.state == StreamState::Live)
    };
    rig.until_received(500).await;
    let (lines, source) = mpsc::channel();
    let source = plug_in(&rig, source, false);
    lines
        .send(json!([event("connected", "c1", "channel-a")]).to_string())
        .unwrap();
    let is_there = |snapshot: &Snapshot| open_of(snapshot, "channel-a").is_some();
    rig.until("both inputs live and covered", |snapshot| {
        is_there(snapshot) && is_covered(snapshot)
    })
    .await;

    // It ends, and does not say that this is in order.
    drop(lines);
    source.join().unwrap();
    let is_open_gap =
        |snapshot: &Snapshot| snapshot.stream.gaps.iter().any(|gap| gap.end.is_none());
    let lost = rig.until("a gap", is_open_gap).await;
    assert_ne!(lost.stream.state, StreamState::Live);
    let covered_ms = lost.main().coverage_ms;
    let later = rig
        .until("a later bucket", |snapshot| {
            snapshot.main().start > lost.main().start
        })
        .await;
    assert!(
        later.main().coverage_ms <= covered_ms,
        "the first alone is not enough"
    );

    // Whoever follows it begins where it was, until it says where it is itself.
    let (lines, source) = mpsc::channel();
    let source = plug_in(&rig, source, true);
    let is_back = |snapshot: &Snapshot| {
        let inputs = &snapshot.stream.inputs;
        inputs
            .iter()
            .filter(|input| input.id.shard == CHANNEL)
            .count()
            == 1
            && snapshot.stream.gaps.iter().all(|gap| gap.end.is_some())
    };
    let seen = rig.until("the second again", is_back).await;
    let second = seen
        .stream
        .inputs
        .iter()
        .find(|input| input.id.shard == CHANNEL);
    assert_eq!(
        second.map(|input| input.position),
        Some(Position::Sequence(1))
    );
    drop(lines);
    source.join().unwrap();
    rig.stop().await;
}
