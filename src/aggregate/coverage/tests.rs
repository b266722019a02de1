use super::*;
use crate::aggregate::State;
use crate::config::AggregateSettings;
use crate::event::Actor;
use crate::event::Event;
use crate::event::EventKind;
use crate::event::IdKeys;
use crate::event::IdKind;
use crate::event::Identity;
use crate::event::LabelsId;
use crate::event::Reject;
use crate::event::SessionKey;
use crate::input::Shard;
use crate::snapshot::Snapshot;
use crate::window::Width;

/// The only input of the tests of one.
const ONE: InputId = InputId {
    shard: Shard::only(""),
    instance: 0,
};

fn note(coverage: &mut Coverage, note: &StreamNote) -> bool {
    coverage.note(ONE, note, ms(0))
}

fn status(coverage: &Coverage) -> StreamStatus {
    let mut status = StreamStatus::default();
    coverage.fill(&mut status, None);
    status
}

fn ms(ms: i64) -> EpochMs {
    EpochMs::from_ms(ms)
}

fn lost(since: i64) -> StreamNote {
    StreamNote::Lost {
        since: ms(since),
        cause: LossCause::Dropped,
        detail: String::new(),
    }
}

#[test]
fn nothing_is_covered_before_the_stream_was_live() {
    let mut coverage = Coverage::new();
    assert_eq!(coverage.covered_ms(ms(0), 1_000), 0);
    note(&mut coverage, &StreamNote::Live { at: ms(600) });
    assert_eq!(coverage.covered_ms(ms(0), 1_000), 400);
    assert_eq!(coverage.covered_ms(ms(600), 1_000), 1_000);
    assert_eq!(coverage.covered_ms(ms(-1_000), 1_000), 0);
}

/// What a batch of these counts is judged to be.
fn judge(coverage: &mut Coverage, at: i64, change: impl FnOnce(&mut Batch)) {
    let mut batch = Batch {
        arrival: ms(at),
        ..Batch::default()
    };
    change(&mut batch);
    coverage.arrived(&batch, false, false, ms(0));
}

fn unusable(coverage: &Coverage) -> Option<(i64, i64, u64, &'static str)> {
    status(coverage).unusable.map(|run| {
        let fate = run.fate.label();
        (run.since.ms(), run.latest.ms(), run.payloads, fate)
    })
}

#[test]
fn payloads_are_unusable_until_one_comes_to_something() {
    let mut coverage = Coverage::new();
    note(&mut coverage, &StreamNote::Live { at: ms(0) });
    let ignored = |batch: &mut Batch| {
        (batch.delta.received, batch.delta.ignored) = (2, 2);
    };
    let refused = |batch: &mut Batch| {
        batch.delta.received = 1;
        batch.delta.reject(Reject::Field);
    };
    // Other types only: perhaps the wrong subscription.
    judge(&mut coverage, 10, ignored);
    assert_eq!(unusable(&coverage), Some((10, 10, 2, "ignored")));
    judge(&mut coverage, 20, refused);
    judge(&mut coverage, 30, ignored);
    assert_eq!(unusable(&coverage), Some((10, 30, 5, "field")));
    // What was shed may have been of use.
    judge(&mut coverage, 40, |batch| {
        (batch.delta.received, batch.delta.shed) = (3, 3);
    });
    assert_eq!(unusable(&coverage), Some((10, 30, 5, "field")));

    coverage.arrived(&Batch::default(), true, false, ms(0));
    assert_eq!(unusable(&coverage), None);
    // Heartbeats on a quiet stream that has brought what was asked for.
    judge(&mut coverage, 50, ignored);
    assert_eq!(unusable(&coverage), None);
    judge(&mut coverage, 60, refused);
    assert_eq!(unusable(&coverage), Some((60, 60, 1, "field")));
    // A new connection is judged by what it brings itself.
    note(&mut coverage, &StreamNote::Live { at: ms(70) });
    assert_eq!(unusable(&coverage), None);
    judge(&mut coverage, 80, ignored);
    assert_eq!(unusable(&coverage), Some((80, 80, 2, "ignored")));
}

#[test]
fn what_an_earlier_server_said_of_the_clock_is_forgotten() {
    let mut coverage = Coverage::new();
    let clock = |coverage: &Coverage| {
        let StreamStatus {
            server_clock_offset_ms,
            is_clock_off,
            ..
        } = status(coverage);
        (server_clock_offset_ms, is_clock_off)
    };
    let off = StreamNote::ServerClock {
        offset_ms: -9_000,
        is_off: true,
    };
    note(&mut coverage, &off);
    note(&mut coverage, &StreamNote::State(StreamState::Backoff));
    assert_eq!(clock(&coverage), (Some(-9_000), true));
    note(&mut coverage, &StreamNote::State(StreamState::Connecting));
    assert_eq!(clock(&coverage), (None, false));
}

#[test]
fn copies_are_usable_and_what_is_late_or_ahead_is_not() {
    const START: i64 = 1_768_478_400_000;
    let settings = AggregateSettings::new(Width::DEFAULT, 60_000, &[]).unwrap();
    let mut state = State::new(settings, IdKeys::FIXED, ms(START));
    state.advance(ms(START));
    state.note(ONE, &StreamNote::Live { at: ms(START) });
    let mut fate = |time: i64| {
        let mut batch = Batch {
            arrival: ms(START),
            ..Batch::default()
        };
        batch.delta.received = 1;
        batch.events.push(Event {
            time: ms(time),
            session: SessionKey {
                hi: 1,
                lo: 1,
                kind: IdKind::Uuid,
            },
            identity: Identity::NONE,
            detail: Event::NO_DETAIL,
            kind: EventKind::Connected,
            labels: LabelsId::NONE,
            actor: Actor::Unknown,
        });
        state.apply_batch(&batch);
        let mut snapshot = Snapshot::default();
        state.fill(&mut snapshot);
        snapshot.stream.unusable.map(|run| run.fate.label())
    };
    assert_eq!(fate(START), None);
    assert_eq!(fate(START), None, "a copy");
    assert_eq!(fate(START + 3_600_000), Some("future"));
    assert_eq!(fate(START - 3_600_000), Some("late"));
    assert_eq!(fate(EpochMs::MAX.ms()), Some("future"));
    assert_eq!(fate(0), Some("late"));
    assert_eq!(fate(START), None);
}

#[test]
fn gaps_are_taken_out_once() {
    let mut coverage = Coverage::new();
    note(&mut coverage, &StreamNote::Live { at: ms(0) });
    assert!(note(&mut coverage, &lost(1_000)));
    assert!(!note(&mut coverage, &lost(1_100)), "a gap is open");
    assert_eq!(coverage.covered_ms(ms(500), 1_000), 500);
    note(&mut coverage, &StreamNote::Live { at: ms(1_200) });
    assert!(
        note(&mut coverage, &lost(1_150)),
        "a step back of the wall clock"
    );
    note(&mut coverage, &StreamNote::Live { at: ms(1_300) });
    assert_eq!(coverage.covered_ms(ms(500), 1_000), 700);
    assert_eq!(coverage.covered_ms(ms(1_300), 1_000), 1_000);
    let status = status(&coverage);
    assert_eq!(
        (status.reconnects, status.gaps_total, status.gaps.len()),
        (2, 2, 2)
    );
}

fn input(shard: u16, instance: u64) -> InputId {
    let source = "test";
    let shard = Shard {
        source,
        number: shard,
    };
    InputId { shard, instance }
}

fn live(at: i64) -> StreamNote {
    StreamNote::Live { at: ms(at) }
}

#[test]
fn a_time_is_covered_where_every_shard_is() {
    let mut coverage = Coverage::new();
    let (a, b) = (input(0, 0), input(1, 1));
    for id in [a, b] {
        coverage.open(id, ms(0));
        coverage.note(id, &live(0), ms(0));
    }
    assert!(coverage.note(a, &lost(1_000), ms(1_000)), "for good");
    coverage.note(a, &StreamNote::State(StreamState::Backoff), ms(1_000));
    assert!(coverage.note(b, &lost(2_000), ms(2_000)));
    coverage.note(b, &live(3_000), ms(3_000));
    assert_eq!(coverage.covered_ms(ms(0), 10_000), 1_000);
    let seen = status(&coverage);
    assert_ne!(seen.state, StreamState::Live, "A is not");
    assert_eq!((seen.gaps_total, seen.reconnects), (2, 1));
    let ids: Vec<_> = seen.inputs.iter().map(|input| input.id).collect();
    assert_eq!(ids, [a, b]);
}

#[test]
fn inputs_of_one_shard_stand_in_for_each_other() {
    let mut coverage = Coverage::new();
    let (old, new) = (input(0, 0), input(0, 1));
    coverage.open(old, ms(0));
    coverage.note(old, &live(0), ms(0));
    coverage.open(new, ms(4_000));
    assert_eq!(coverage.covered_ms(ms(0), 5_000), 5_000, "one is live");
    coverage.note(new, &live(5_000), ms(5_000));
    // Found out late: it had brought nothing since before the other was live.
    assert!(coverage.note(old, &lost(4_500), ms(6_000)));
    assert_eq!(coverage.covered_ms(ms(0), 10_000), 9_500);
    assert_eq!(status(&coverage).state, StreamState::Live);
    // A third takes over in time.
    let third = input(0, 2);
    coverage.open(third, ms(7_000));
    coverage.note(third, &live(7_000), ms(7_000));
    coverage.note(new, &StreamNote::State(StreamState::Closed), ms(8_000));
    assert!(!coverage.end(new, ms(8_000)));
    assert_eq!(coverage.covered_ms(ms(0), 10_000), 9_500);
}

#[test]
fn who_leaves_in_good_order_is_missed_no_more_and_who_does_not_is() {
    let mut coverage = Coverage::new();
    let (a, b) = (input(0, 0), input(1, 1));
    for id in [a, b] {
        coverage.open(id, ms(0));
        coverage.note(id, &live(0), ms(0));
    }
    coverage.note(b, &StreamNote::State(StreamState::Closed), ms(1_000));
    assert!(!coverage.end(b, ms(1_000)));
    assert_eq!(coverage.covered_ms(ms(0), 10_000), 10_000);
    assert_eq!(status(&coverage).inputs.len(), 1);
    assert!(coverage.end(a, ms(2_000)), "without a word");
    let seen = status(&coverage);
    assert!(coverage.covered_ms(ms(0), 10_000) < 2_000);
    assert_eq!(seen.state, StreamState::Closed);
    assert!(seen.last_error.is_some());
}

#[test]
fn a_further_shard_is_missing_until_it_is_live() {
    let mut coverage = Coverage::new();
    let (a, b) = (input(0, 0), input(1, 1));
    coverage.note(a, &live(0), ms(0));
    coverage.open(b, ms(1_000));
    assert_eq!(coverage.covered_ms(ms(0), 2_000), 1_000);
    assert_eq!(status(&coverage).state, StreamState::Idle);
    coverage.note(b, &live(1_500), ms(1_500));
    assert_eq!(coverage.covered_ms(ms(0), 2_000), 1_500);
    let seen = status(&coverage);
    assert_eq!((seen.gaps_total, seen.reconnects), (1, 0));
    assert_eq!(seen.gaps[0].cause, LossCause::Starting);
}

#[test]
fn a_source_that_comes_again_leaves_a_gap() {
    for shard in [0, 1] {
        let mut coverage = Coverage::new();
        let (first, second) = (input(0, 0), input(shard, 1));
        coverage.open(first, ms(0));
        coverage.note(first, &live(0), ms(0));
        coverage.note(first, &StreamNote::State(StreamState::Closed), ms(1_000));
        coverage.end(first, ms(1_000));
        assert_eq!(status(&coverage).state, StreamState::Closed);
        coverage.open(second, ms(2_000));
        coverage.note(second, &live(3_000), ms(3_000));
        assert_eq!(coverage.covered_ms(ms(0), 5_000), 3_000, "shard {shard}");
    }
}

/// What happens to one of the inputs, and how much later.
#[derive(Clone, Copy, Debug)]
enum Move {
    Open(u16),
    Live(usize),
    /// How far back it had heard of nothing.
    Lost(usize, i64),
    Close(usize),
}

/// An input of the slow model: spans in which it brought everything.
#[derive(Debug)]
struct Slow {
    id: InputId,
    spans: Vec<(i64, i64)>,
    is_live: bool,
    /// Whether it has left in good order, and was not heard of since.
    is_gone: bool,
}

/// The slow model: every millisecond is looked at by itself.
#[derive(Debug, Default)]
struct SlowCoverage {
    inputs: Vec<Slow>,
    /// By shard: from when to when it is needed.
    needed: std::collections::BTreeMap<u16, Vec<(i64, i64)>>,
}

impl SlowCoverage {
    fn is_covered(&self, shard: u16, at: i64) -> bool {
        let mut of_shard = self
            .inputs
            .iter()
            .filter(|input| input.id.shard.number == shard);
        of_shard.any(|input| {
            input
                .spans
                .iter()
                .any(|span| (span.0..span.1).contains(&at))
        })
    }

    fn covered_ms(&self, start: i64, end: i64) -> u64 {
        let is_complete = |at: i64| {
            self.needed.iter().all(|(shard, spans)| {
                let is_needed = spans.iter().any(|span| (span.0..span.1).contains(&at));
                !is_needed || self.is_covered(*shard, at)
            })
        };
        let was_begun = self.inputs.iter().any(|input| !input.spans.is_empty());
        (start..end)
            .filter(|at| was_begun && is_complete(*at))
            .count() as u64
    }
}

fn moves() -> impl proptest::strategy::Strategy<Value = Vec<(Move, i64)>> {
    use proptest::prelude::*;
    let each = prop_oneof![
        1 => (0..3_u16).prop_map(Move::Open),
        3 => (0..6_usize).prop_map(Move::Live),
        3 => ((0..6_usize), (0..40_i64)).prop_map(|(input, back)| Move::Lost(input, back)),
        1 => (0..6_usize).prop_map(Move::Close),
    ];
    prop::collection::vec((each, 1..30_i64), 1..40)
}

proptest::proptest! {
    #[test]
    fn coverage_is_that_of_the_slow_model(moves in moves()) {
        const FOREVER: i64 = 1_000_000;
        let mut coverage = Coverage::new();
        let mut slow = SlowCoverage::default();
        let (mut now, mut is_complete) = (1_000, false);
        for (what, later) in moves {
            now += later;
            let at = ms(now);
            match what {
                Move::Open(shard) => {
                    let id = input(shard, slow.inputs.len() as u64);
                    let is_new = !slow.inputs.iter().any(|input| input.id.shard.number == shard);
                    if is_new {
                        let from = if is_complete { now } else { i64::MIN };
                        slow.needed.entry(shard).or_default().push((from, FOREVER));
                    }
                    slow.inputs.push(Slow { id, spans: Vec::new(), is_live: false, is_gone: false });
                    coverage.open(id, at);
                }
                Move::Live(which) => {
                    let Some(input) = slow.inputs.get_mut(which) else { continue };
                    if input.is_live {
                        continue;
                    }
                    (input.is_live, input.is_gone) = (true, false);
                    input.spans.push((now, FOREVER));
                    coverage.note(input.id, &live(now), at);
                }
                Move::Lost(which, back) => {
                    let Some(input) = slow.inputs.get_mut(which) else { continue };
                    let Some(span) = input.spans.last_mut().filter(|_| input.is_live) else { continue };
                    input.is_live = false;
                    span.1 = (now - back).max(span.0);
                    coverage.note(input.id, &lost(span.1), at);
                }
                Move::Close(which) => {
                    let Some(input) = slow.inputs.get_mut(which).filter(|input| input.is_live) else { continue };
                    input.is_live = false;
                    if let Some(span) = input.spans.last_mut() {
                        span.1 = now;
                    }
                    // One that stays behind it: only redundant inputs leave here.
                    let id = input.id;
                    let others = slow.inputs.iter().filter(|other| other.id.shard == id.shard && other.id != id && !other.is_gone);
                    if others.count() == 0 {
                        slow.inputs[which].is_live = true;
                        slow.inputs[which].spans.last_mut().unwrap().1 = FOREVER;
                        continue;
                    }
                    coverage.note(id, &StreamNote::State(StreamState::Closed), at);
                    coverage.end(id, at);
                    // Its number is not used again, nor is it heard of.
                    slow.inputs[which].id.instance = u64::MAX - which as u64;
                    slow.inputs[which].is_live = false;
                    slow.inputs[which].is_gone = true;
                }
            }
            let shards = slow.needed.keys();
            is_complete |= shards.len() > 0
                && shards.clone().all(|shard| slow.inputs.iter().any(|input| {
                    input.id.shard.number == *shard && !input.spans.is_empty()
                }));
            for (start, length) in [(900, 1_400_u32), (1_000, 100), (now - 50, 100)] {
                proptest::prop_assert_eq!(
                    coverage.covered_ms(ms(start), length),
                    slow.covered_ms(start, start + i64::from(length)),
                    "at {} of {}+{}: {:?}", now, start, length, slow
                );
            }
        }
    }
}

#[test]
fn a_position_is_that_of_the_shard_until_the_next_input_says_its_own() {
    let input = |instance| InputId { instance, ..ONE };
    let position = |coverage: &Coverage| {
        let inputs = &status(coverage).inputs;
        inputs.last().map(|input| input.position)
    };
    for is_in_order in [false, true] {
        let mut coverage = Coverage::new();
        coverage.open(input(0), ms(0));
        assert_eq!(position(&coverage), Some(Position::None));
        coverage.reached(input(0), Position::Sequence(7), ms(1));
        // A batch without a position says nothing of it.
        coverage.reached(input(0), Position::None, ms(2));
        if is_in_order {
            let closed = StreamNote::State(StreamState::Closed);
            coverage.note(input(0), &closed, ms(3));
        }
        coverage.end(input(0), ms(3));
        coverage.open(input(1), ms(4));
        assert_eq!(position(&coverage), Some(Position::Sequence(7)));
        coverage.reached(input(1), Position::Sequence(9), ms(5));
        coverage.end(input(1), ms(6));
        coverage.open(input(2), ms(7));
        assert_eq!(position(&coverage), Some(Position::Sequence(9)));
    }
}

#[test]
fn a_position_without_a_payload_is_applied() {
    let mut state = State::new(AggregateSettings::default(), IdKeys::FIXED, ms(0));
    state.advance(ms(1_000));
    state.open_input(ONE);
    let batch = Batch {
        input: ONE,
        position: Position::Sequence(3),
        ..Batch::default()
    };
    assert!(!batch.is_empty());
    state.apply_batch(&batch);
    let mut snapshot = Snapshot::default();
    state.fill(&mut snapshot);
    let input = &snapshot.stream.inputs[0];
    assert_eq!(
        (input.position, input.last_arrival),
        (Position::Sequence(3), None)
    );
}
