//! Snapshots of several engines merge into what one engine says that had all their sessions.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use streamgauge::aggregate::State;
use streamgauge::alert::Watch;
use streamgauge::config::AggregateSettings;
use streamgauge::config::AlertBy;
use streamgauge::config::AlertRule;
use streamgauge::config::ClockRule;
use streamgauge::config::Threshold;
use streamgauge::event::Actor;
use streamgauge::event::Event;
use streamgauge::event::EventKind;
use streamgauge::event::IdKeys;
use streamgauge::event::IdKind;
use streamgauge::event::Identity;
use streamgauge::event::LabelDefinition;
use streamgauge::event::LabelsId;
use streamgauge::event::SessionKey;
use streamgauge::input::InputId;
use streamgauge::input::Shard;
use streamgauge::latency::Latencies;
use streamgauge::metric::Metric;
use streamgauge::ring::Mailbox;
use streamgauge::snapshot::Dimension;
use streamgauge::snapshot::GROUP_WINDOWS_MS;
use streamgauge::snapshot::RingStats;
use streamgauge::snapshot::Snapshot;
use streamgauge::stream::StreamNote;
use streamgauge::time::EpochMs;
use streamgauge::window::Width;

use crate::graphql::body;
use crate::graphql::post;
use crate::http::serve;

use super::Engine;
use super::RECEIVED;
use super::history;
use super::history::History;
use super::history::Step;
use super::line_differences;

proptest! {
    #![proptest_config(config())]

    #[test]
    fn divided_sessions_merge_into_one_engine(
        history in history::histories_of_a_good_clock(),
        parts in 2..=4_u16,
    ) {
        let (mut one, mut many) = (Divided::new(&history, 1, parts), Divided::new(&history, parts, parts));
        for step in &history.steps {
            one.play(step);
            many.play(step);
        }
        // Gaps that became known after a cut of groups are in the merge already.
        let differences = line_differences(&without_cuts(one.merged()), &without_cuts(many.merged()));
        prop_assert!(differences.is_empty(), "after the history:\n{differences}");
        let end = EpochMs::from_ms((one.merged().now.ms().div_euclid(10_000) + 2) * 10_000);
        for at in [end - 1, end] {
            one.play(&Step::Advance(at));
            many.play(&Step::Advance(at));
            let differences = line_differences(&one.merged(), &many.merged());
            prop_assert!(differences.is_empty(), "at {at:?}:\n{differences}");
        }
    }

    #[test]
    fn a_merge_does_not_depend_on_order_or_steps(
        history in history::histories_of_a_good_clock(),
        ends in [0..60_usize, 0..60_usize, 0..60_usize],
        numbers in any::<[u32; 3]>(),
    ) {
        // Each part is of its own moment, so clocks, windows and series differ.
        let part = |place: u16| {
            let mut engines = Divided::new(&history, 3, 3);
            let end = ends[usize::from(place)];
            history.steps.iter().take(end.max(1)).for_each(|step| engines.play(step));
            marked(engines.snapshots().swap_remove(usize::from(place)), u64::from(numbers[usize::from(place)]))
        };
        let [a, b, c] = [0, 1, 2].map(part);
        let whole = Snapshot::merged(&[&a, &b, &c]);
        prop_assert_eq!(&Snapshot::merged(&[&c, &a, &b]), &whole);
        prop_assert_eq!(&Snapshot::merged(&[&Snapshot::merged(&[&a, &b]), &c]), &whole);
        prop_assert_eq!(&Snapshot::merged(&[&a, &Snapshot::merged(&[&c, &b])]), &whole);
        prop_assert_eq!(&Snapshot::merged(&[&whole, &Snapshot::default()]), &whole);
        prop_assert_eq!(&Snapshot::merged(&[&Snapshot::default(), &a]), &Snapshot::merged(&[&a]));
        prop_assert_eq!(Snapshot::merged(&[]), Snapshot::default());
    }
}

/// Each case plays its history to several engines, so a quarter of the cases will do.
fn config() -> ProptestConfig {
    let all = crate::seeds::config();
    ProptestConfig {
        cases: all.cases / 4,
        ..all
    }
}

/// Engines among which the sessions of one history are divided; each shard has an input of its own.
struct Divided {
    engines: Vec<Engine>,
    shards: u16,
}

impl Divided {
    fn new(history: &History, engines: u16, shards: u16) -> Self {
        let settings = AggregateSettings {
            clock: ClockRule::Wall { skew_ms: 5_000 },
            ..AggregateSettings::new(Width::DEFAULT, 60_000, &GROUP_WINDOWS_MS).unwrap()
        };
        let engine = |_| Engine::new(&settings, history.start);
        let mut divided = Self {
            engines: (0..engines).map(engine).collect(),
            shards,
        };
        for shard in 0..shards {
            divided.of(shard).state.open_input(input(shard));
        }
        divided.play(&Step::Advance(history.start));
        divided
    }

    /// The engine that has a shard.
    fn of(&mut self, shard: u16) -> &mut Engine {
        let engines = self.engines.len();
        &mut self.engines[usize::from(shard) % engines]
    }

    fn play(&mut self, step: &Step) {
        match step {
            Step::Apply(event) => {
                let shard = event.session.lo.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
                let shard = u16::try_from(shard % u64::from(self.shards)).unwrap();
                let engine = self.of(shard);
                engine.state.count(&RECEIVED);
                engine.state.apply(event);
            }
            Step::Count(_) => self.of(0).play(step),
            Step::Note(note) => self.note(note),
            Step::Advance(_) | Step::Read(..) | Step::Define(..) => {
                self.engines.iter_mut().for_each(|engine| engine.play(step));
            }
        }
    }

    /// The connection of every shard says the same.
    fn note(&mut self, note: &StreamNote) {
        for shard in 0..self.shards {
            self.of(shard).state.note(input(shard), note);
        }
    }

    fn snapshots(&mut self) -> Vec<Snapshot> {
        let engines = self.engines.iter_mut();
        engines.map(|engine| engine.snapshot().clone()).collect()
    }

    /// What they say together, without what is not of the sessions: memory, events out of the order of
    /// one engine, and steps of the clock, which each engine counts by itself.
    fn merged(&mut self) -> Snapshot {
        let snapshots = self.snapshots();
        let parts: Vec<&Snapshot> = snapshots.iter().collect();
        let mut merged = Snapshot::merged(&parts);
        merged.sessions.bytes = 0;
        merged.dedup.bytes = 0;
        merged.counters.out_of_order = 0;
        merged.counters.clock_steps_back = 0;
        merged.counters.clock_steps_forward = 0;
        // Lists are made within a second, by each engine at its own moment.
        let mut longest = (*merged.longest).clone();
        longest.as_of = EpochMs::default();
        merged.longest = Arc::new(longest);
        let mut groups = (*merged.groups).clone();
        groups.room.bytes = 0;
        merged.groups = Arc::new(groups);
        merged
    }
}

fn input(shard: u16) -> InputId {
    InputId {
        shard: Shard {
            source: "test",
            number: shard,
        },
        instance: u64::from(shard),
    }
}

fn without_cuts(mut snapshot: Snapshot) -> Snapshot {
    snapshot.groups = Arc::default();
    snapshot
}

/// A snapshot with what only a writer knows.
fn marked(mut snapshot: Snapshot, number: u64) -> Snapshot {
    snapshot.engine_id = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    snapshot.sequence = number;
    snapshot.published = snapshot.now + i64::try_from(number % 1_000).unwrap();
    snapshot.clock.step_ms = i64::try_from(number).unwrap() - i64::from(u32::MAX / 2);
    snapshot.ring = RingStats {
        depth: number % 7,
        capacity: 8,
        high_water: 7,
    };
    let mut latencies = Latencies::default();
    latencies.since_start[0].record_n(number, 3);
    latencies.last_minute[4].record_n(number, 2);
    snapshot.latency = Arc::new(latencies);
    snapshot
}

/// A part with an open session of each of two queues, which are numbered in this order.
fn part_with(first_session: u8, queues: [&'static str; 2]) -> Snapshot {
    let start = EpochMs::from_ms(1_768_478_400_000);
    let settings = AggregateSettings::new(Width::DEFAULT, 60_000, &GROUP_WINDOWS_MS).unwrap();
    let mut engine = Engine::new(&settings, start);
    engine.play(&Step::Advance(start));
    for (who, queue) in (1_u8..).zip(queues) {
        engine.play(&Step::Define(u16::from(who), Some(queue), None));
        engine.play(&Step::Apply(Event {
            time: start,
            session: history::session_key(first_session + 2 * who),
            identity: Identity::NONE,
            detail: Event::NO_DETAIL,
            kind: EventKind::Connected,
            labels: LabelsId::from_number(u16::from(who)),
            actor: Actor::Unknown,
        }));
    }
    engine.play(&Step::Advance(start + 2_000));
    engine.snapshot().clone()
}

#[test]
fn groups_meet_by_name_and_alerts_are_looked_at_over_the_merge() {
    let (a, b) = (
        part_with(0, ["sales", "returns"]),
        part_with(10, ["zebra", "sales"]),
    );
    let mut merged = Snapshot::merged(&[&a, &b]);
    assert_eq!(Snapshot::merged(&[&b, &a]), merged);
    let mut rule = AlertRule::new("busy", Metric::OpenSessions, None, Threshold::Above(1.0));
    rule.group = Some((AlertBy::Queue, "sales".into()));
    let mut watch = Watch::new(vec![rule], Mailbox::new(1), false, merged.now);
    watch.fill(&mut merged, 0);
    assert_eq!(merged.alerts.all[0].value, Some(2.0));
}

#[tokio::test]
async fn the_schema_answers_from_a_merge() {
    let (a, b) = (
        part_with(0, ["sales", "returns"]),
        part_with(10, ["zebra", "sales"]),
    );
    let merged = Snapshot::merged(&[&a, &b]);
    let served = serve(crate::http::settings(), merged).await;
    let query = "{
        realTimeMetrics { openSessions totalConnections connectionsPerMinute }
        groups(by: QUEUE, orderBy: NAME) {
            items {
                name openSessions window { connectionsPerMinute }
                timeSeries(metric: CONNECTIONS, last: 2, step: 2) { values }
            }
        }
    }";
    let answer = body(&post(&served, None, query).await);
    let group = |name: &str, sessions: f64| {
        json!({
            "name": name, "openSessions": sessions,
            "window": { "connectionsPerMinute": sessions },
            "timeSeries": { "values": [sessions] },
        })
    };
    let expected = json!({
        "realTimeMetrics": { "openSessions": 4.0, "totalConnections": 4.0, "connectionsPerMinute": 4.0 },
        "groups": { "items": [group("returns", 1.0), group("sales", 2.0), group("zebra", 1.0)] },
    });
    // Counts are whole numbers, rates are not.
    assert_eq!(as_floats(&answer["data"]), expected);
}

fn as_floats(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(all) => all.iter().map(as_floats).collect(),
        Value::Object(all) => all
            .iter()
            .map(|(name, value)| (name.clone(), as_floats(value)))
            .collect(),
        other => other.clone(),
    }
}

#[test]
fn parts_without_a_window_in_common_have_none_in_any_order() {
    let start = EpochMs::from_ms(1_768_478_400_000);
    let part = |windows_ms: &[u32]| {
        let (main, further) = windows_ms.split_first().unwrap();
        let settings = AggregateSettings::new(Width::DEFAULT, *main, further).unwrap();
        let mut engine = Engine::new(&settings, start);
        engine.play(&Step::Advance(start));
        engine.play(&Step::Advance(start + 2_000));
        let mut snapshot = engine.snapshot().clone();
        snapshot.windows[0].messages = 5;
        snapshot
    };
    let parts = [&[60_000][..], &[300_000], &[60_000, 300_000]].map(part);
    let [a, b, c] = &parts;
    let all = Snapshot::merged(&[a, b, c]);
    assert_eq!((all.main().length_ms, all.main().messages), (0, 0));
    for [first, second, third] in [[a, b, c], [c, a, b], [b, c, a]] {
        let two = Snapshot::merged(&[first, second]);
        assert_eq!(Snapshot::merged(&[&two, third]), all);
    }
    let common = Snapshot::merged(&[a, c]);
    assert_eq!(
        (common.main().length_ms, common.main().messages),
        (60_000, 10)
    );
}

#[test]
fn there_may_be_as_many_groups_as_there_are_numbers() {
    let start = EpochMs::from_ms(1_768_478_400_000);
    let mut settings = AggregateSettings::new(Width::DEFAULT, 60_000, &GROUP_WINDOWS_MS).unwrap();
    let named = u16::MAX - 2;
    settings.groups_max = usize::from(named);
    let mut state = State::new(settings, IdKeys::FIXED, start);
    state.advance(start);
    // One without a queue, and one for whose queue there is no room.
    for number in 0..=named + 1 {
        let labels = LabelsId::from_number(number);
        let queue = format!("queue {number}");
        state.define(&LabelDefinition {
            from: 0,
            labels,
            queue: (number > 0).then_some(&*queue),
            deployment: None,
        });
        state.apply(&Event {
            time: start,
            session: SessionKey {
                hi: 1,
                lo: u64::from(number),
                kind: IdKind::Uuid,
            },
            identity: Identity::NONE,
            detail: Event::NO_DETAIL,
            kind: EventKind::Connected,
            labels,
            actor: Actor::Unknown,
        });
    }
    state.advance(start + 2_000);
    while state.work(usize::MAX) {}
    let mut part = Snapshot::default();
    state.fill(&mut part);
    let groups = |snapshot: &Snapshot| snapshot.groups.by(Dimension::Queue).iter().count();
    assert_eq!(groups(&part), usize::from(u16::MAX));
    assert_eq!(
        groups(&Snapshot::merged(&[&part, &part])),
        usize::from(u16::MAX)
    );
}
