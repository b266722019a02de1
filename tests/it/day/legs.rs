//! Legs of a simulated shift: what the ledger says of waits, alerts, talks and the work after them is what the
//! engine shows, in total, by queue and by agent.

use std::collections::BTreeMap;

use streamgauge::metric::DeskCount;
use streamgauge::metric::DeskTime;
use streamgauge::simulate::LegNumbers;
use streamgauge::simulate::agent_id;
use streamgauge::snapshot::Desk;
use streamgauge::snapshot::DeskDimension;
use streamgauge::snapshot::DeskGroup;
use streamgauge::snapshot::GroupKind;

use super::*;

/// How late a fact may come, and something may be decided.
const LATENESS_MS: i64 = 60_000;

type Numbers = BTreeMap<String, LegNumbers>;

/// What the engine shows of a group, as the ledger has it.
fn of_group(group: &DeskGroup) -> LegNumbers {
    let window = &group.windows[0];
    let sum = |time| window.time(time).sum_ms;
    LegNumbers {
        offered: window.count(DeskCount::Offered),
        answered: window.count(DeskCount::Answered),
        answer_ms: sum(DeskTime::Answer),
        abandoned: window.count(DeskCount::Abandoned),
        abandon_ms: sum(DeskTime::Abandon),
        short_abandoned: window.count(DeskCount::ShortAbandoned),
        lapsed: window.count(DeskCount::Lapsed),
        not_responding: window.count(DeskCount::NotResponding),
        transferred: window.count(DeskCount::Transferred),
        handled: window.count(DeskCount::Handled),
        talk_ms: sum(DeskTime::Talk),
        after_work_ms: sum(DeskTime::AfterWork),
        waiting: group.waiting,
        alerting: group.alerting,
        interacting: group.interacting,
        ..LegNumbers::default()
    }
}

fn of_desk(desk: &Desk) -> Numbers {
    let mut numbers = Numbers::new();
    let total = desk.total.as_ref().unwrap();
    numbers.insert("total".to_owned(), of_group(total));
    for dimension in [DeskDimension::Queue, DeskDimension::Agent] {
        for group in desk.by(dimension) {
            if group.kind == GroupKind::Named {
                let name = format!("{} {}", dimension.label(), group.name);
                numbers.insert(name, of_group(group));
            }
        }
    }
    numbers
}

fn of_legs(ledger: &Ledger, dialect: &Dialect) -> Numbers {
    let mut numbers = Numbers::new();
    numbers.insert("total".to_owned(), *ledger.legs());
    for (queue, legs) in ledger.legs_by_queue() {
        numbers.insert(format!("queue {}", queue_id(dialect, *queue)), *legs);
    }
    for (agent, legs) in ledger.legs_by_agent() {
        numbers.insert(format!("agent {}", agent_id(dialect, *agent)), *legs);
    }
    numbers
}

/// Plays some hours, and compares what came of them once all of it is decided.
fn check_legs(
    hours: i64,
    plan: CentrePlan,
    faults: &[&str],
    only: impl Fn(&LegNumbers) -> LegNumbers,
    dialect: &Dialect,
) {
    let mut conveyor = conveyor(plan, dialect, faults);
    let mut engine = Engine::with(dialect, 24 * 3_600_000, LATENESS_MS);
    let mut elements = Vec::new();
    let end = START + hours * HOUR_MS;
    let mut now = START;
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
    }
    let desk = engine.advance(end + 2 * LATENESS_MS).desk.clone();
    let compared = |numbers: Numbers| -> Numbers {
        let numbers = numbers.into_iter().map(|(name, legs)| (name, only(&legs)));
        numbers
            .filter(|(_, legs)| *legs != LegNumbers::default())
            .collect()
    };
    let (shown, expected) = (
        compared(of_desk(&desk)),
        compared(of_legs(conveyor.ledger(), dialect)),
    );
    let differing: Vec<_> = expected
        .keys()
        .chain(shown.keys())
        .filter(|name| shown.get(*name) != expected.get(*name))
        .map(|name| {
            format!(
                "{name}:\n  {:?}\n  {:?}",
                shown.get(name),
                expected.get(name)
            )
        })
        .collect();
    assert!(
        differing.is_empty(),
        "{dialect} {faults:?}: engine, ledger\n{}",
        differing.join("\n")
    );
    assert!(expected.len() > 4, "{}", expected.len());
    assert!(expected["total"].answered > 100, "{:?}", expected["total"]);
}

#[test]
fn legs_of_a_day_are_those_of_the_ledger() {
    let dialect = Dialect::GenesysEventbridge;
    check_legs(DAY, plan(5), &[], |legs| *legs, &dialect);
}

#[test]
fn legs_in_plain_cloud_events_are_those_of_the_ledger() {
    let busy = CentrePlan {
        opens_at_hour: Some(9.0),
        ..plan(8)
    };
    let faults = ["reorder=10s", "duplicate=5%"];
    check_legs(SHIFT, busy, &faults, |legs| *legs, &Dialect::Cloudevents);
}

#[test]
fn legs_do_not_depend_on_order_or_copies() {
    let dialect = Dialect::GenesysEventbridge;
    let faults = ["reorder=10s", "duplicate=5%", "malformed=1%"];
    let busy = CentrePlan {
        opens_at_hour: Some(9.0),
        ..plan(6)
    };
    check_legs(SHIFT, busy, &faults, |legs| *legs, &dialect);
}

/// Amazon Connect says nothing of alerts and of work after contacts.
#[test]
fn waits_of_amazon_connect_are_those_of_the_ledger() {
    let waits = |legs: &LegNumbers| LegNumbers {
        offered: legs.offered,
        answered: legs.answered,
        answer_ms: legs.answer_ms,
        ..LegNumbers::default()
    };
    let busy = CentrePlan {
        opens_at_hour: Some(9.0),
        ..plan(7)
    };
    check_legs(
        SHIFT,
        busy,
        &["duplicate=5%"],
        waits,
        &Dialect::AmazonConnect,
    );
}
