//! Legs of conversations against the reference model: the same numbers, in whatever order facts come, how
//! often, and how late.

mod plan;
mod written;

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use streamgauge::aggregate::Image;
use streamgauge::aggregate::State;
use streamgauge::config::AggregateSettings;
use streamgauge::event::Actor;
use streamgauge::event::AgentId;
use streamgauge::event::Detail;
use streamgauge::event::Event;
use streamgauge::event::EventKind;
use streamgauge::event::Fact;
use streamgauge::event::FactKind;
use streamgauge::event::IdKeys;
use streamgauge::event::Identity;
use streamgauge::event::LabelsId;
use streamgauge::event::LegKey;
use streamgauge::event::OwnMs;
use streamgauge::ring::Batch;
use streamgauge::snapshot::Desk;
use streamgauge::snapshot::DeskDimension;
use streamgauge::snapshot::DeskGroup;
use streamgauge::snapshot::DeskSpread;
use streamgauge::snapshot::Snapshot;
use streamgauge::time::EpochMs;
use streamgauge::window::Width;

use crate::model::legs::Groups;
use crate::model::legs::Legs;
use crate::model::legs::Numbers;
use crate::model::legs::Said;
use crate::model::legs::SaidWhat;

use super::RECEIVED;
use super::line_differences;

use plan::Arrival;

/// The clock when a history begins.
const START: i64 = 1_768_478_400_000;

/// Small windows, so that much leaves them.
fn settings() -> AggregateSettings {
    let width = Width::from_ms(500).unwrap();
    AggregateSettings {
        lateness_ms: 8_000,
        ..AggregateSettings::new(width, 60_000, &[10_000]).unwrap()
    }
}

/// What is shown of a group: as [`Numbers`], with times as they are published.
#[derive(Clone, Debug, PartialEq)]
struct Shown {
    now: [u64; 3],
    longest: Option<(i64, u64)>,
    windows: Vec<(Vec<u64>, Vec<DeskSpread>)>,
}

type AllShown = BTreeMap<(&'static str, String), Shown>;

impl Shown {
    fn of_model(numbers: &Numbers) -> Self {
        let spread = |times: &Vec<i64>| {
            let mut spread = DeskSpread::default();
            for ms in times {
                let ms = u64::try_from(*ms).unwrap();
                spread.sum_ms += ms;
                spread.values.record(ms);
            }
            spread
        };
        let windows = numbers.windows.iter();
        Self {
            now: [numbers.waiting, numbers.alerting, numbers.interacting],
            longest: numbers.longest,
            windows: windows
                .map(|(counts, times)| (counts.clone(), times.iter().map(spread).collect()))
                .collect(),
        }
    }

    fn of_engine(group: &DeskGroup) -> Self {
        let windows = group.windows.iter();
        let longest = group.longest_waiting;
        Self {
            now: [group.waiting, group.alerting, group.interacting],
            longest: longest.map(|longest| (longest.since.ms(), longest.conversation.lo)),
            windows: windows
                .map(|window| (window.counts.to_vec(), window.times.to_vec()))
                .collect(),
        }
    }
}

fn of_model(groups: &Groups) -> AllShown {
    let shown = groups.iter();
    shown
        .map(|(name, numbers)| (name.clone(), Shown::of_model(numbers)))
        .collect()
}

/// Groups in which something is.
fn of_engine(desk: &Desk, nothing: &Numbers) -> AllShown {
    let mut shown = AllShown::new();
    if let Some(total) = &desk.total {
        shown.insert(("", String::new()), Shown::of_engine(total));
    }
    for dimension in DeskDimension::ALL {
        for group in desk.by(dimension) {
            let name = (dimension.label(), group.name.to_string());
            let before = shown.insert(name, Shown::of_engine(group));
            assert_eq!(before, None, "{} twice", group.name);
        }
    }
    let nothing = Shown::of_model(nothing);
    shown.retain(|_, group| *group != nothing);
    shown
}

/// An engine that facts are said to.
struct Rig {
    state: State,
}

impl Rig {
    fn new(settings: &AggregateSettings) -> Self {
        let mut state = State::new(settings.clone(), IdKeys::FIXED, EpochMs::from_ms(START));
        state.advance(EpochMs::from_ms(START));
        Self { state }
    }

    fn at(settings: &AggregateSettings, now_ms: i64) -> Self {
        let mut rig = Self::new(settings);
        rig.advance(now_ms);
        rig
    }

    fn advance(&mut self, now_ms: i64) {
        self.state.advance(EpochMs::from_ms(now_ms));
    }

    fn say(&mut self, said: &Said) {
        let mut batch = Batch::with_capacity(1);
        batch.delta = RECEIVED;
        let mut event = Event {
            time: EpochMs::from_ms(said.said_ms),
            session: said.conversation,
            identity: Identity::NONE,
            detail: Event::NO_DETAIL,
            labels: LabelsId::NONE,
            kind: EventKind::Disconnected,
            actor: Actor::Unknown,
        };
        match &said.what {
            SaidWhat::Ended(by) => event.actor = *by,
            SaidWhat::Started => {
                (event.kind, event.actor) = (EventKind::Connected, Actor::Guest);
            }
            SaidWhat::Leg(leg) => {
                event.kind = EventKind::Fact;
                event.detail = Detail::of_fact(0);
                let mut fact = Fact::new(leg.kind);
                if leg.leg != 0 {
                    fact.leg = LegKey::from_hash(leg.leg);
                }
                (fact.media, fact.outcome, fact.by) = (leg.media, leg.outcome, leg.by);
                if !leg.queue.is_empty() {
                    event.labels = LabelsId::from_number(1);
                    let labels = LabelsId::from_number(1);
                    batch.definitions.define_labels(0, labels, leg.queue, "");
                }
                if !leg.agent.is_empty() {
                    fact.agent = AgentId::from_number(1);
                    batch.definitions.define_agent(0, fact.agent, leg.agent);
                }
                let own = leg.own_ms.map_or(OwnMs::UNSAID, OwnMs::new);
                match leg.kind {
                    FactKind::LeftQueue => fact.wait = own,
                    FactKind::WrappedUp => fact.after_work = own,
                    _ => fact.talk = own,
                }
                fact.held = leg.held_ms.map_or(OwnMs::UNSAID, OwnMs::new);
                batch.facts.push(fact);
            }
        }
        batch.events.push(event);
        self.state.apply_batch(&batch);
    }

    fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        self.state.fill(&mut snapshot);
        snapshot
    }

    fn desk(&self) -> Arc<Desk> {
        self.snapshot().desk
    }

    /// Goes on from an image of it.
    fn restored(&mut self, settings: &AggregateSettings) -> Self {
        let bytes = self.state.image(0);
        let image = Image::decode(&bytes).unwrap();
        Self {
            state: State::restore(settings.clone(), image).unwrap(),
        }
    }
}

/// Everything that is expected to be shown, against what is.
fn compare(desk: &Desk, model: &Legs, now_ms: i64) -> String {
    line_differences(
        &of_engine(desk, &model.nothing()),
        &of_model(&model.groups(now_ms)),
    )
}

/// Fewer than the usual cases: each is played several times.
fn config() -> ProptestConfig {
    let config = crate::seeds::config();
    ProptestConfig {
        cases: config.cases / 2,
        ..config
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_desk_publishes_the_numbers_of_the_model(arrivals in plan::arrivals()) {
        let settings = settings();
        let (mut rig, mut model) = (Rig::new(&settings), Legs::new(&settings));
        let (mut applied, mut repeated, mut carried) = (0, 0, 0);
        let width_ms = i64::from(settings.width.ms());
        let mut now_ms = START;
        let last = arrivals.last().map_or(START, |arrival| arrival.at_ms);
        let silence = [1_000, 9_000, 20_000, 61_000, 80_000];
        let steps = arrivals.iter().map(|arrival| (arrival.at_ms, Some(&arrival.said)));
        for (at_ms, said) in steps.chain(silence.map(|after| (last + after, None))) {
            let is_cut = at_ms.div_euclid(width_ms) != now_ms.div_euclid(width_ms);
            rig.advance(at_ms);
            now_ms = at_ms;
            if is_cut {
                let differences = compare(&rig.desk(), &model, now_ms);
                prop_assert!(differences.is_empty(), "at {}:\n{differences}", now_ms - START);
            }
            let Some(said) = said else { continue };
            rig.say(said);
            let is_retained = model.is_retained(said.said_ms, now_ms);
            let is_leg = matches!(said.what, SaidWhat::Leg(_));
            match (model.say(*said, now_ms), is_retained) {
                (true, true) => applied += 1,
                (true, false) => carried += 1,
                (false, true) if !is_leg => {}
                (false, _) => repeated += 1,
            }
        }
        let counters = rig.snapshot().counters;
        prop_assert_eq!(counters.accounting_gap(), 0);
        prop_assert_eq!(
            (counters.applied, counters.repeated, counters.carried),
            (applied, repeated, carried)
        );
    }

    #[test]
    fn order_and_copies_of_facts_change_nothing(
        arrivals in plan::arrivals(),
        seed: u64,
        after_ms in 0..40_000_i64,
    ) {
        check_orders(&settings(), &plan::said(&arrivals), after_ms, seed)?;
    }

    #[test]
    fn a_desk_goes_on_from_an_image(arrivals in plan::arrivals(), share: u8) {
        let settings = settings();
        let mut rig = Rig::new(&settings);
        let (before, after) = plan::cut(&arrivals, share);
        for Arrival { at_ms, said } in before {
            rig.advance(*at_ms);
            rig.say(said);
        }
        let mut other = rig.restored(&settings);
        let mut third = other.restored(&settings);
        prop_assert_eq!(rig.state.image(0), other.state.image(0), "the image of an image");
        let last = arrivals.last().map_or(START, |arrival| arrival.at_ms);
        for Arrival { at_ms, said } in after {
            for rig in [&mut rig, &mut other, &mut third] {
                rig.advance(*at_ms);
                rig.say(said);
            }
            prop_assert_eq!(rig.snapshot().desk, other.snapshot().desk);
        }
        for after in [1_000, 9_000, 61_000, 70_000] {
            for rig in [&mut rig, &mut other, &mut third] {
                rig.advance(last + after);
            }
            prop_assert_eq!(rig.snapshot().desk, other.snapshot().desk);
            prop_assert_eq!(rig.snapshot().desk, third.snapshot().desk);
        }
        prop_assert_eq!(rig.snapshot().counters, other.snapshot().counters);
    }

    #[test]
    fn what_is_said_while_an_image_is_written_is_not_in_it(arrivals in plan::arrivals(), share: u8) {
        let settings = settings();
        let (mut rig, mut other) = (Rig::new(&settings), Rig::new(&settings));
        let (before, after) = plan::cut(&arrivals, share);
        for Arrival { at_ms, said } in before {
            for rig in [&mut rig, &mut other] {
                rig.advance(*at_ms);
                rig.say(said);
            }
        }
        let at_once = other.state.image(0);
        rig.state.cut_image(0);
        let mut bytes = Vec::new();
        for (index, Arrival { at_ms, said }) in after.iter().enumerate() {
            rig.advance(*at_ms);
            rig.say(said);
            if index % 3 == 2 {
                rig.state.write_image();
                bytes.extend(rig.state.take_image_frame().unwrap_or_default());
            }
        }
        while rig.state.write_image() {}
        while let Some(frame) = rig.state.take_image_frame() {
            bytes.extend(frame);
        }
        let of = |bytes: &[u8]| {
            let image = Image::decode(bytes).unwrap();
            State::restore(settings.clone(), image).unwrap().image(0)
        };
        prop_assert!(of(&bytes) == of(&at_once));
    }

    #[test]
    fn divided_conversations_merge_into_one_desk(arrivals in plan::arrivals(), parts in 2..4_u64) {
        let settings = settings();
        let mut one = Rig::new(&settings);
        let mut many: Vec<Rig> = (0..parts).map(|_| Rig::new(&settings)).collect();
        let last = arrivals.last().map_or(START, |arrival| arrival.at_ms);
        for Arrival { at_ms, said } in &arrivals {
            one.advance(*at_ms);
            one.say(said);
            many.iter_mut().for_each(|rig| rig.advance(*at_ms));
            many[usize::try_from(said.conversation.lo % parts).unwrap()].say(said);
        }
        let nothing = Legs::new(&settings).nothing();
        for after in [1_000, 9_000, 61_000] {
            one.advance(last + after);
            many.iter_mut().for_each(|rig| rig.advance(last + after));
            let snapshots: Vec<Snapshot> = many.iter().map(Rig::snapshot).collect();
            let mut all: Vec<&Snapshot> = snapshots.iter().collect();
            let merged = Snapshot::merged(&all);
            let differences = line_differences(
                &of_engine(&one.desk(), &nothing),
                &of_engine(&merged.desk, &nothing),
            );
            prop_assert!(differences.is_empty(), "{differences}");
            all.reverse();
            prop_assert_eq!(&Snapshot::merged(&all).desk, &merged.desk, "commutative");
            let pair = Snapshot::merged(&all[..2]);
            let mut rest = vec![&pair];
            rest.extend(&all[2..]);
            prop_assert_eq!(&Snapshot::merged(&rest).desk, &merged.desk, "associative");
            let with_nothing = Snapshot::merged(&[&merged, &Snapshot::default()]);
            prop_assert_eq!(&with_nothing.desk, &merged.desk, "identity");
        }
    }
}

/// The same said in order, in reverse order three times, and shuffled, all at one clock: what is shown is
/// the same, and what the model says, also once everything is settled.
fn check_orders(
    settings: &AggregateSettings,
    said: &[Said],
    after_ms: i64,
    seed: u64,
) -> Result<(), TestCaseError> {
    let last = said.iter().map(|said| said.said_ms).max().unwrap_or(START);
    let now_ms = last.max(START) + after_ms;
    let mut reversed: Vec<Said> = said.to_vec();
    reversed.reverse();
    let reversed = [&reversed[..], &reversed[..], &reversed[..]].concat();
    let mut shuffled = said.to_vec();
    shuffled.sort_by_key(|said| {
        let place = u64::try_from(said.said_ms).unwrap() ^ seed;
        place.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(20)
    });
    let thrice: Vec<Said> = said.iter().flat_map(|said| [*said; 3]).collect();
    let orders = [said.to_vec(), thrice, reversed, shuffled];
    let mut rigs: Vec<Rig> = Vec::new();
    let mut model = Legs::new(settings);
    for said in said {
        model.say(*said, now_ms);
    }
    for order in &orders {
        let mut rig = Rig::at(settings, now_ms);
        order.iter().for_each(|said| rig.say(said));
        rigs.push(rig);
    }
    for later in [1_000, 9_000, 30_000] {
        for (order, rig) in rigs.iter_mut().enumerate() {
            rig.advance(now_ms + later);
            let differences = compare(&rig.desk(), &model, now_ms + later);
            prop_assert!(
                differences.is_empty(),
                "order {order}, {later}:\n{differences}"
            );
            prop_assert_eq!(rig.snapshot().counters.accounting_gap(), 0);
        }
    }
    let open: Vec<u64> = rigs
        .iter()
        .map(|rig| rig.snapshot().sessions.open)
        .collect();
    prop_assert!(open.iter().all(|one| *one == open[0]), "open {open:?}");
    Ok(())
}
