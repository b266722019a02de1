//! A simulated day through the engine: what the simulator's ledger says is what the engine shows, by queue
//! and by deployment, hour by hour, with and without faults.

mod legs;
mod posted;
mod replayed;

use std::collections::BTreeMap;

use streamgauge::aggregate::State;
use streamgauge::config::AggregateSettings;
use streamgauge::config::Dialect;
use streamgauge::event::IdKeys;
use streamgauge::parse::AnyDecoder;
use streamgauge::parse::Decoded;
use streamgauge::parse::Decoder;
use streamgauge::parse::Output;
use streamgauge::ring::Batch;
use streamgauge::simulate::CentrePlan;
use streamgauge::simulate::Conveyor;
use streamgauge::simulate::Element;
use streamgauge::simulate::ElementKind;
use streamgauge::simulate::Ledger;
use streamgauge::simulate::SessionNumbers;
use streamgauge::simulate::Speed;
use streamgauge::simulate::deployment_id;
use streamgauge::simulate::queue_id;
use streamgauge::snapshot::Dimension;
use streamgauge::snapshot::GroupKind;
use streamgauge::snapshot::Groups;
use streamgauge::snapshot::Snapshot;
use streamgauge::snapshot::WindowStats;
use streamgauge::time::EpochMs;
use streamgauge::window::Width;

/// 2026-01-15T00:00:00Z
const START: EpochMs = EpochMs::from_ms(1_768_435_200_000);
const HOUR_MS: i64 = 3_600_000;
/// A day, and a few busy hours for what differs in little.
const DAY: i64 = 24;
const SHIFT: i64 = 3;
/// The place of an hour among the windows of groups.
const HOUR: usize = 3;
/// The hour of groups goes on by this much at a time.
const CELL_MS: i64 = 10_000;
/// By how much the clock goes on at a time.
const STEP_MS: i64 = 10_000;
const SHORT_ABANDON_MS: u64 = 10_000;

/// A centre with opening hours, from midnight on.
fn plan(seed: u64) -> CentrePlan {
    CentrePlan {
        opens_at_hour: Some(0.0),
        conversations_per_s: 0.03,
        ..CentrePlan::new(seed, START)
    }
}

fn conveyor(plan: CentrePlan, dialect: &Dialect, faults: &[&str]) -> Conveyor {
    let faults: Vec<_> = faults.iter().map(|flag| flag.parse().unwrap()).collect();
    let dialect = dialect.clone();
    Conveyor::new(plan, Speed::REAL, dialect, &faults, SHORT_ABANDON_MS).unwrap()
}

/// The numbers of one hour by what they are of, those without anything left out.
type Hour = BTreeMap<String, SessionNumbers>;

/// What depends on the order of arrival: who waits for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Replies {
    Compared,
    LeftOut,
}

/// The engine's numbers of an hour, as the ledger has them.
fn of_engine(window: &WindowStats, open: u64, awaiting: u64, replies: Replies) -> SessionNumbers {
    let numbers = SessionNumbers {
        connections: window.connections,
        disconnections: window.disconnections,
        // Which way they went is counted by direction.
        wayless: window.messages,
        responses: window.responses,
        response_ms: window.response_ms,
        first_responses: window.first_responses,
        first_response_ms: window.first_response_ms,
        unanswered: window.unanswered,
        never_answered: window.never_answered,
        open,
        awaiting,
        ..SessionNumbers::default()
    };
    compared(&numbers, replies)
}

/// The ledger's, likewise.
fn of_ledger(numbers: &SessionNumbers, replies: Replies) -> SessionNumbers {
    let numbers = SessionNumbers {
        wayless: numbers.messages(),
        inbound: 0,
        outbound: 0,
        duration_ms: 0,
        ..*numbers
    };
    compared(&numbers, replies)
}

fn compared(numbers: &SessionNumbers, replies: Replies) -> SessionNumbers {
    match replies {
        Replies::Compared => *numbers,
        Replies::LeftOut => SessionNumbers {
            responses: 0,
            response_ms: 0,
            first_responses: 0,
            first_response_ms: 0,
            unanswered: 0,
            never_answered: 0,
            awaiting: 0,
            ..*numbers
        },
    }
}

/// The hour before a cut of groups, by queue, deployment and direction.
fn hour_of_groups(groups: &Groups, replies: Replies) -> Hour {
    let mut hour = Hour::new();
    for dimension in Dimension::ALL {
        for group in groups.by(dimension).iter() {
            let name = match group.kind {
                GroupKind::Named => &*group.name,
                _ => "(none)",
            };
            let window = groups.window(group, HOUR);
            let numbers = of_engine(&window, group.open_sessions, group.awaiting, replies);
            hour.insert(format!("{} {name}", dimension.label()), numbers);
        }
    }
    hour.retain(|_, numbers| *numbers != SessionNumbers::default());
    hour
}

/// The ledger of one hour: what was added since the hour before.
fn hour_of_ledger(ledger: &Ledger, dialect: &Dialect, before: &Hour, replies: Replies) -> Hour {
    let mut hour = Hour::new();
    for (key, numbers) in sums(ledger, dialect) {
        let earlier = before.get(&key).copied().unwrap_or_default();
        hour.insert(key, of_ledger(&numbers.since(&earlier), replies));
    }
    hour.retain(|_, numbers| *numbers != SessionNumbers::default());
    hour
}

/// The ledger from the start on, under the names that the engine shows.
fn sums(ledger: &Ledger, dialect: &Dialect) -> Hour {
    let none = || "(none)".to_owned();
    let mut sums = Hour::new();
    for (queue, numbers) in ledger.queues() {
        let name = queue.map_or_else(none, |queue| queue_id(dialect, queue));
        sums.insert(format!("queue {name}"), *numbers);
    }
    for (deployment, numbers) in ledger.deployments() {
        let name = deployment.map_or_else(none, |number| deployment_id(dialect, number));
        sums.insert(format!("deployment {name}"), *numbers);
    }
    let total = ledger.total();
    for (direction, messages) in [
        ("inbound", total.inbound),
        ("outbound", total.outbound),
        ("(none)", total.wayless),
    ] {
        let numbers = SessionNumbers {
            wayless: messages,
            ..SessionNumbers::default()
        };
        sums.insert(format!("direction {direction}"), numbers);
    }
    sums
}

/// A decoder and the state that its batches are applied to.
struct Engine {
    decoder: AnyDecoder,
    state: State,
    snapshot: Snapshot,
    refused: usize,
}

impl Engine {
    fn new(dialect: &Dialect) -> Self {
        // A copy follows within a hundred events, which take a while early in the morning.
        Self::with(dialect, 3_600_000, 3_600_000)
    }

    fn with(dialect: &Dialect, window_ms: u32, lateness_ms: i64) -> Self {
        let mut settings = AggregateSettings::new(Width::DEFAULT, window_ms, &[]).unwrap();
        settings.lateness_ms = lateness_ms.unsigned_abs();
        Self {
            decoder: AnyDecoder::new(dialect, IdKeys::FIXED),
            state: State::new(settings, IdKeys::FIXED, START),
            snapshot: Snapshot::default(),
            refused: 0,
        }
    }

    /// Decodes elements and applies what they come to.
    fn take(&mut self, elements: &mut Vec<Element>) {
        let mut batch = Batch::default();
        for mut element in elements.drain(..) {
            let mut output = Output {
                events: &mut batch.events,
                facts: &mut batch.facts,
                definitions: &mut batch.definitions,
            };
            let payload = &mut element.payload;
            let decoded = self.decoder.take(payload, &mut output);
            batch.delta.received += 1;
            match decoded {
                Decoded::Events(events) => batch.delta.accept(events as u64),
                Decoded::Ignored => batch.delta.ignored += 1,
                Decoded::Control => batch.delta.control += 1,
                Decoded::Rejected(reason, _) => batch.delta.reject(reason),
            }
            let is_refused = matches!(decoded, Decoded::Rejected(..));
            assert_eq!(is_refused, element.kind == ElementKind::Bad, "{element:?}");
            self.refused += usize::from(is_refused);
        }
        self.state.apply_batch(&batch);
    }

    fn advance(&mut self, to: EpochMs) -> &Snapshot {
        self.state.advance(to);
        self.state.work(usize::MAX);
        self.state.fill(&mut self.snapshot);
        &self.snapshot
    }
}

/// Plays a day and compares every hour. The clock goes on in steps, after what happened until then; events
/// that are held back by faults come before the hour is over.
fn check(hours: i64, plan: CentrePlan, dialect: &Dialect, faults: &[&str], replies: Replies) {
    let mut conveyor = conveyor(plan, dialect, faults);
    let mut engine = Engine::new(dialect);
    let mut elements = Vec::new();
    // The sums before the hour of the total, and before that of groups.
    let (mut total_before, mut before) = (SessionNumbers::default(), Hour::new());
    let mut busy_hours = 0;
    for hour in 1..=hours {
        let end = START + hour * HOUR_MS;
        let mut now = end - HOUR_MS;
        while now < end {
            now = now + STEP_MS;
            while conveyor.next_at() < now {
                conveyor.take(&mut elements);
            }
            if now >= end {
                conveyor.drain(&mut elements);
            }
            engine.state.advance(now - 1);
            engine.take(&mut elements);
            if now == end - HOUR_MS + CELL_MS {
                before = sums(conveyor.ledger(), dialect);
            }
        }
        let place = format!("{dialect}, hour {hour}, {faults:?}");
        let snapshot = engine.advance(end - 1);
        let counters = snapshot.counters;
        assert_eq!((counters.late, counters.future), (0, 0), "{place}");
        assert_eq!(counters.accounting_gap(), 0, "{place}");
        let sessions = snapshot.sessions;
        let total = of_engine(snapshot.main(), sessions.open, sessions.awaiting, replies);
        let so_far = *conveyor.ledger().total();
        let expected = of_ledger(&so_far.since(&total_before), replies);
        assert_eq!(total, expected, "{place}: total");
        total_before = so_far;
        let groups = &engine.advance(end).groups;
        assert_eq!(groups.as_of, end);
        assert_eq!(groups.windows[HOUR].start, end - HOUR_MS + CELL_MS);
        let shown = hour_of_groups(groups, replies);
        let expected = hour_of_ledger(conveyor.ledger(), dialect, &before, replies);
        assert_eq!(shown, expected, "{place}");
        busy_hours += i64::from(total.connections > 40);
    }
    assert!(busy_hours > hours / 3, "{busy_hours}");
    let counters = engine.snapshot.counters;
    let has = |fault: &str| faults.iter().any(|flag| flag.starts_with(fault));
    let copies = counters.duplicates + counters.repeated;
    assert_eq!(copies > 20, has("duplicate"), "{counters:?}");
    assert_eq!(counters.out_of_order > 100, has("reorder"), "{counters:?}");
    assert_eq!(engine.refused > 10, has("malformed"), "{counters:?}");
    assert_eq!(counters.rejected_total(), engine.refused as u64);
}

fn presets() -> impl Iterator<Item = Dialect> {
    Dialect::NAMES.into_iter().map(|(_, dialect)| dialect)
}

/// From nine in the morning on, with conversations that began before.
fn shift(seed: u64) -> CentrePlan {
    CentrePlan {
        opens_at_hour: Some(9.0),
        warm_up: std::time::Duration::from_secs(7_200),
        ..plan(seed)
    }
}

#[test]
fn a_day_is_that_of_the_ledger() {
    check(DAY, plan(1), &Dialect::Cloudevents, &[], Replies::Compared);
}

#[test]
fn copies_and_bad_elements_change_nothing() {
    let faults = ["duplicate=5%", "malformed=1%"];
    check(DAY, plan(2), &Dialect::Tutorial, &faults, Replies::Compared);
}

/// Of a session that began before the start nothing is known: its messages count, its end is an orphan.
#[test]
fn hours_in_every_dialect_are_those_of_the_ledger() {
    for dialect in presets() {
        check(SHIFT, shift(4), &dialect, &[], Replies::Compared);
    }
}

/// Within the lateness; who waits for whom follows the order of arrival. So does the deployment of a message
/// that does not name one, as those of Genesys Cloud do not.
#[test]
fn the_order_of_arrival_changes_nothing_but_who_waits_for_whom() {
    for dialect in presets().filter(|dialect| *dialect != Dialect::GenesysEventbridge) {
        let (hours, plan) = match dialect {
            Dialect::Cloudevents => (DAY, plan(3)),
            _ => (SHIFT, shift(3)),
        };
        let faults = ["reorder=10s", "duplicate=3%", "malformed=1%"];
        check(hours, plan, &dialect, &faults, Replies::LeftOut);
    }
}
