//! The engine's aggregate against the slow reference model: the same numbers, whatever arrives.
//!
//! `PROPTEST_CASES=100000` tries harder. A failing history is printed step by step, shrunk.

mod clock;
mod confluence;
mod extremes;
mod history;
mod image;
mod legs;
mod merge;
mod skew;
mod sums;
mod uncertain;

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use streamgauge::aggregate::State;
use streamgauge::config::AggregateSettings;
use streamgauge::config::ClockRule;
use streamgauge::event::Actor;
use streamgauge::event::Event;
use streamgauge::event::EventKind;
use streamgauge::event::IdKeys;
use streamgauge::event::Identity;
use streamgauge::event::LabelDefinition;
use streamgauge::event::LabelsId;
use streamgauge::input::InputId;
use streamgauge::ring::Delta;
use streamgauge::snapshot::Dimension;
use streamgauge::snapshot::Groups;
use streamgauge::snapshot::Measured;
use streamgauge::snapshot::Series;
use streamgauge::snapshot::Snapshot;
use streamgauge::snapshot::WindowStats;
use streamgauge::time::EpochMs;
use streamgauge::window::Width;

use crate::model::Model;
use crate::model::groups::Name;
use crate::model::groups::awaiting_of;
use crate::model::groups::cut_of;
use crate::model::groups::name_of;
use crate::model::groups::uncertain_of;
use crate::model::series::GroupSeconds;

use history::History;
use history::Step;

/// One received payload, as it rides beside its event.
const RECEIVED: Delta = Delta {
    received: 1,
    accepted: 1,
    events: 1,
    ignored: 0,
    control: 0,
    rejected: [0; streamgauge::event::Reject::COUNT],
    rejected_fields: [0; streamgauge::event::Field::COUNT],
    labels_refused: [0; streamgauge::event::LabelFault::COUNT],
    shed: 0,
    bytes: 100,
};

proptest! {
    #![proptest_config(crate::seeds::config())]

    #[test]
    fn the_engine_publishes_the_numbers_of_the_model(history in history::histories()) {
        compare(&history)?;
    }

    #[test]
    fn many_events_at_a_time_come_to_the_same_as_one_by_one(history in history::histories()) {
        let (mut one, mut many) = (Engine::of(&history), Engine::of(&history));
        let mut waiting = Vec::new();
        for step in &history.steps {
            one.play(step);
            if let Step::Apply(event) = step {
                many.state.count(&RECEIVED);
                waiting.push(*event);
                continue;
            }
            many.state.apply_all(&waiting);
            waiting.clear();
            many.play(step);
        }
        many.state.apply_all(&waiting);
        prop_assert_eq!(one.snapshot(), many.snapshot());
    }
}

/// Plays a history to the engine and to the model, and compares all numbers after every step.
fn compare(history: &History) -> Result<(), TestCaseError> {
    let mut engine = Engine::of(history);
    let mut model = Model::new(history.settings.clone());
    let mut listed = EpochMs::default();
    for (index, step) in history.steps.iter().enumerate() {
        engine.play(step);
        play(&mut model, step);
        let snapshot = engine.snapshot();
        prop_assert_eq!(
            snapshot.counters.accounting_gap(),
            0,
            "after step {}",
            index
        );
        if !model.has_clock() {
            continue;
        }
        let mut expected = model.snapshot();
        if snapshot.clock.is_on_hold {
            // What is held, of both timelines, is memory.
            expected.dedup.fingerprints = snapshot.dedup.fingerprints;
        }
        prop_assert_eq!(snapshot.clock.is_on_hold, model.is_on_hold());
        let differences = differences(snapshot, &expected, &history.settings);
        prop_assert!(
            differences.is_empty(),
            "after step {index} ({}):\n{differences}",
            step.describe(history.start)
        );
        let groups = group_differences(&snapshot.groups, &model, &history.settings)
            + &series_differences(&snapshot.series, &model);
        prop_assert!(
            groups.is_empty(),
            "after step {index} ({}):\n{groups}",
            step.describe(history.start)
        );
        // Lists are made once a second.
        if snapshot.longest.as_of != listed {
            listed = snapshot.longest.as_of;
            prop_assert_eq!(
                model.misses(&snapshot.longest),
                None,
                "after step {}",
                index
            );
        }
    }
    Ok(())
}

/// The lines in which the series differ; empty when they agree.
fn series_differences(series: &Series, model: &Model) -> String {
    let (total, groups) = model.series();
    let mut lines = line_differences(&series.total().cloned().collect(), &total.to_vec());
    let mut names = BTreeMap::new();
    for dimension in Dimension::ALL {
        for group in series.cut().by(dimension).iter() {
            names.insert(
                (dimension.index(), group.id),
                name_of(group.kind, &group.name),
            );
        }
    }
    let mut engine = GroupSeconds::new();
    for second in series.seconds_of_groups() {
        for (dimension, changes) in second.groups.iter().enumerate() {
            for (id, change) in changes {
                let name = names[&(dimension, *id)].clone();
                engine.insert((second.start.ms() / 1_000, dimension, name), *change);
            }
        }
    }
    lines += &line_differences(&engine, groups);
    lines
}

/// The lines in which the groups differ; empty when they agree.
fn group_differences(groups: &Groups, model: &Model, settings: &AggregateSettings) -> String {
    let (expected, overflowed) = model.cut();
    let mut engine = cut_of(groups);
    let mut expected = expected.clone();
    if let ClockRule::Event { .. } = settings.clock {
        for (_, windows) in engine.values_mut().chain(expected.values_mut()) {
            windows.iter_mut().for_each(|window| window.coverage_ms = 0);
        }
    }
    let mut lines = line_differences(&engine, &expected)
        + &line_differences(&uncertain_of(groups), model.cut_uncertain())
        + &line_differences(&awaiting_of(groups), model.cut_awaiting());
    if groups.room.overflowed != overflowed {
        lines += &format!(
            "overflowed {:?}, not {overflowed:?}\n",
            groups.room.overflowed
        );
    }
    lines
}

/// The engine's state with a snapshot that is filled again and again, as the writer does.
struct Engine {
    state: State,
    snapshot: Snapshot,
}

impl Engine {
    fn of(history: &History) -> Self {
        let started = match history.settings.clock {
            ClockRule::Wall { .. } => history.start,
            // As in a replay: what comes first may be any event.
            ClockRule::Event { .. } => EpochMs::default(),
        };
        Self::new(&history.settings, started)
    }

    fn new(settings: &AggregateSettings, started: EpochMs) -> Self {
        Self {
            state: State::new(settings.clone(), IdKeys::FIXED, started),
            snapshot: Snapshot::default(),
        }
    }

    fn play(&mut self, step: &Step) {
        match step {
            Step::Advance(now) => self.state.advance(*now),
            Step::Read(wall, mono_ms) => self.state.read_clocks(*wall, mono_ms * 1_000_000),
            Step::Apply(event) => {
                self.state.count(&RECEIVED);
                self.state.apply(event);
            }
            Step::Define(number, queue, deployment) => {
                self.state.define(&definition(*number, *queue, *deployment));
            }
            Step::Count(delta) => self.state.count(delta),
            Step::Note(note) => self.state.note(InputId::default(), note),
        }
    }

    fn snapshot(&mut self) -> &Snapshot {
        self.state.work(usize::MAX);
        self.state.fill(&mut self.snapshot);
        &self.snapshot
    }
}

fn play(model: &mut Model, step: &Step) {
    match step {
        Step::Advance(now) => model.advance(*now),
        Step::Read(wall, mono_ms) => model.read_clocks(*wall, mono_ms * 1_000_000),
        Step::Apply(event) => {
            model.count(&RECEIVED);
            model.apply(event);
        }
        Step::Define(number, queue, deployment) => {
            model.define(&definition(*number, *queue, *deployment));
        }
        Step::Count(delta) => model.count(delta),
        Step::Note(note) => model.note(note),
    }
}

fn definition<'a>(
    number: u16,
    queue: Option<&'a str>,
    deployment: Option<&'a str>,
) -> LabelDefinition<'a> {
    LabelDefinition {
        from: 0,
        labels: LabelsId::from_number(number),
        queue,
        deployment,
    }
}

/// The lines in which the numbers differ; empty when they agree.
fn differences(engine: &Snapshot, model: &Snapshot, settings: &AggregateSettings) -> String {
    line_differences(&numbers(engine, settings), &numbers(model, settings))
}

/// The lines in which two values differ.
fn line_differences<T: std::fmt::Debug + PartialEq>(engine: &T, model: &T) -> String {
    if engine == model {
        return String::new();
    }
    let engine = format!("{engine:#?}");
    let model = format!("{model:#?}");
    if engine == model {
        return String::new();
    }
    if engine.lines().count() != model.lines().count() {
        return format!("engine {engine}\nmodel {model}");
    }
    let lines = engine.lines().zip(model.lines()).enumerate();
    lines
        .filter(|(_, (engine, model))| engine != model)
        .map(|(line, (engine, model))| {
            format!(
                "line {line}: engine {} model {}\n",
                engine.trim(),
                model.trim()
            )
        })
        .collect()
}

/// What the model has an opinion on: no ids, memory, latency, times of publishing or arrival.
fn numbers(snapshot: &Snapshot, settings: &AggregateSettings) -> Snapshot {
    let mut numbers = Snapshot {
        now: snapshot.now,
        windows: snapshot.windows.clone(),
        total_connections: snapshot.total_connections,
        sessions: snapshot.sessions,
        counters: snapshot.counters,
        stream: snapshot.stream.clone(),
        dedup: snapshot.dedup,
        ..Snapshot::default()
    };
    numbers.sessions.bytes = 0;
    numbers.dedup.bytes = 0;
    // The model has one connection, and no list of inputs.
    numbers.stream.inputs.clear();
    numbers.stream.last_arrival = None;
    numbers.stream.lag_ms = None;
    numbers.stream.unusable = None;
    if let ClockRule::Event { .. } = settings.clock {
        for window in &mut numbers.windows {
            window.coverage_ms = 0;
        }
        numbers.stream.covered_since = None;
    }
    numbers
}

/// The generator must be able to produce every case that the definitions name; a property over
/// histories that never meet it would prove nothing.
#[test]
fn the_histories_reach_every_case() {
    let mut runner = TestRunner::deterministic();
    let mut reached = [0_u64; 36];
    for _ in 0..400 {
        let history = history::histories()
            .new_tree(&mut runner)
            .unwrap()
            .current();
        let mut model = Model::new(history.settings.clone());
        let mut named_before = 0;
        for step in &history.steps {
            let (open, late) = (model.snapshot().sessions.open, model.counters().late);
            play(&mut model, step);
            let snapshot = model.snapshot();
            let late_close = snapshot.counters.late > late && snapshot.sessions.open < open;
            reached[0] += u64::from(late_close);
            reached[1] += snapshot.sessions.open_uncertain;
            reached[2] += u64::from(snapshot.main().measured != Measured::default());
            reached[3] += snapshot.main().ended_messages;
            reached[4] += snapshot.sessions.pending;
            reached[5] += snapshot.stream.reconnects;
            let (groups, overflowed) = model.cut();
            for (index, reached) in reached[17..21].iter_mut().enumerate() {
                let is_in = |windows: &[WindowStats; 4]| windows[index].messages > 0;
                *reached += u64::from(groups.values().any(|(_, windows)| is_in(windows)));
            }
            reached[21] += overflowed[0].min(1);
            let has_durations =
                |windows: &[WindowStats; 4]| windows[3].measured != Measured::default();
            reached[22] += u64::from(groups.values().any(|(_, windows)| has_durations(windows)));
            // A named group has gone.
            let named = groups
                .keys()
                .filter(|(_, name)| matches!(name, Name::Named(_)));
            let named = named.count();
            reached[23] += u64::from(named < named_before);
            named_before = named;
            reached[24] += u64::from(!model.series().1.is_empty());
            // Of an open group some are certain and some are not.
            let uncertain = model.cut_uncertain();
            reached[26] += u64::from(
                groups
                    .iter()
                    .any(|(name, (open, _))| (1..*open).contains(&uncertain[name])),
            );
            reached[27] += u64::from(snapshot.sessions.is_open_complete);
            let main = snapshot.main();
            reached[28] += snapshot.sessions.awaiting;
            reached[29] += main.responses - main.first_responses;
            reached[30] += main.first_response_ms;
            reached[31] += main.unanswered - main.never_answered;
            reached[32] += main.never_answered;
            // In a group somebody waits, and somebody had a reply.
            let awaiting = model.cut_awaiting();
            reached[33] += u64::from(awaiting.values().any(|(count, _)| *count > 1));
            let is_in = |windows: &[WindowStats; 4]| windows[2].responses > 0;
            reached[34] += u64::from(groups.values().any(|(_, windows)| is_in(windows)));
            // And while the clock is on hold.
            reached[35] += u64::from(model.is_on_hold() && main.responses > 0);
        }
        let counters = model.counters();
        let sums = [
            counters.late,
            counters.future,
            counters.duplicates,
            counters.orphans,
            counters.clock_skew,
            counters.reconnects,
            counters.stale,
            counters.out_of_order,
            counters.ahead,
            counters.recovered,
            counters.evicted_idle,
        ];
        reached[25] += counters.evicted_uncertain;
        for (reached, sum) in reached[6..17].iter_mut().zip(sums) {
            *reached += sum;
        }
    }
    assert!(reached.iter().all(|&times| times >= 10), "{reached:?}");
}

/// When the work of a tick is done changes nothing: one that began while the clock was on hold frees no
/// group, although the hold has ended since.
#[test]
fn a_tick_of_a_hold_frees_no_group_after_it() {
    let width = Width::from_ms(2_000).unwrap();
    let mut settings = AggregateSettings::new(width, 2_000, &[28_000]).unwrap();
    settings.lateness_ms = 38_002;
    settings.idle_timeout_ms = 60_001;
    settings.groups_max = 1;
    settings.clock = ClockRule::Wall { skew_ms: 0 };
    let event = |kind, who, at| {
        Step::Apply(Event {
            time: EpochMs::from_ms(at),
            session: history::session_key(who),
            identity: Identity::NONE,
            detail: Event::NO_DETAIL,
            kind,
            labels: LabelsId::from_number(3),
            actor: Actor::Unknown,
        })
    };
    let read = |wall, elapsed| Step::Read(EpochMs::from_ms(wall), elapsed);
    let steps = vec![
        read(0, 0),
        Step::Define(3, Some("a"), None),
        event(EventKind::Connected, 0, 0),
        Step::Define(3, Some("b"), None),
        // The session is idle by now; its group has an hour to go.
        read(299_916, 299_916),
        // A day ahead, and believed a minute later.
        read(86_699_916, 299_916),
        read(86_759_916, 359_916),
        read(86_756_826, 359_916),
        event(EventKind::Message, 1, 86_756_826),
        read(86_760_000, 359_916),
    ];
    let start = EpochMs::from_ms(0);
    compare(&History {
        settings,
        start,
        steps,
    })
    .unwrap();
}
