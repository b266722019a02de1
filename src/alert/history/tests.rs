use proptest::collection::vec;
use proptest::prelude::*;

use crate::config::Threshold;
use crate::metric::Metric;
use crate::reloadable::Reloadable;
use crate::ring::Mailbox;
use crate::snapshot::AlertPhase;
use crate::snapshot::Snapshot;

use super::super::Watch;
use super::*;

/// What a rule of a test is made of: name, above or below, threshold, hysteresis, seconds.
type Raw = (u8, bool, i8, u8, u8);

/// One look: milliseconds since the one before, the value, and the rules that are in force from it on
/// where they were read again.
type Look = (u32, Option<i8>, Option<Vec<Raw>>);

fn rule((name, is_above, threshold, hysteresis, for_s): Raw) -> AlertRule {
    let threshold = f64::from(threshold);
    let threshold = match is_above {
        true => Threshold::Above(threshold),
        false => Threshold::Below(threshold),
    };
    let name = format!("rule {name}");
    let mut rule = AlertRule::new(&name, Metric::LagMs, None, threshold);
    rule.hysteresis = f64::from(hysteresis);
    rule.for_ms = u64::from(for_s) * 1_000;
    rule
}

/// Rules as settings have them: no name twice.
fn rules(raw: &[Raw]) -> Vec<AlertRule> {
    let mut all: Vec<AlertRule> = Vec::new();
    for rule in raw.iter().copied().map(rule) {
        if all.iter().all(|other| other.name != rule.name) {
            all.push(rule);
        }
    }
    all
}

/// A change as the test compares it.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    name: String,
    rule: String,
    at: i64,
    began: i64,
    value: Option<f64>,
    end: Option<AlertEnd>,
}

/// A moment of the slow model.
struct Seen {
    ms: u64,
    wall: i64,
    value: Option<f64>,
    rules: Vec<AlertRule>,
}

/// Whether a rule fires at the last of some looks that all are of it, by the definition: since when,
/// as a place among the looks. Searches everything again each time.
fn firing_since(rule: &AlertRule, looks: &[Seen]) -> Option<usize> {
    let (mut since, mut ended) = (None, 0);
    for (index, look) in looks.iter().enumerate() {
        if since.is_some() {
            if look.value.is_some_and(|value| rule.is_clear(value)) {
                (since, ended) = (None, index + 1);
            }
            continue;
        }
        let is_bad = |look: &Seen| look.value.is_some_and(|value| rule.is_past(value));
        let run = (ended..=index).rev().take_while(|at| is_bad(&looks[*at]));
        if run
            .last()
            .is_some_and(|first| look.ms - looks[first].ms >= rule.for_ms)
        {
            since = Some(index);
        }
    }
    since
}

/// Every change of a history, by the definition.
fn model(looks: &[Seen]) -> Vec<Row> {
    let mut rows = Vec::new();
    // The looks up to one that are of the same rule without a break.
    let life = |rule: &AlertRule, end: usize| {
        let is_watched = |at: &usize| looks[*at].rules.contains(rule);
        (0..end).rev().take_while(is_watched).last().unwrap_or(end)
    };
    for (index, look) in looks.iter().enumerate() {
        let before = index.checked_sub(1).map(|at| &looks[at]);
        let row = |rule: &AlertRule, began: usize, value, end| Row {
            name: rule.name.to_string(),
            rule: rule.to_string(),
            at: look.wall,
            began: looks[began].wall,
            value,
            end,
        };
        let end = |how, began: usize| {
            let lasted_ms = look.ms - looks[began].ms;
            Some(AlertEnd { how, lasted_ms })
        };
        for rule in before.iter().flat_map(|before| &before.rules) {
            let start = life(rule, index);
            let fired = firing_since(rule, &looks[start..index]);
            let Some(began) = fired
                .map(|at| start + at)
                .filter(|_| !look.rules.contains(rule))
            else {
                continue;
            };
            let is_changed = look.rules.iter().any(|other| other.name == rule.name);
            let how = match is_changed {
                true => AlertEnding::RuleChanged,
                false => AlertEnding::RuleRemoved,
            };
            let value = before.and_then(|before| before.value);
            rows.push(row(rule, began, value, end(how, began)));
        }
        for rule in &look.rules {
            let start = life(rule, index + 1);
            let was = firing_since(rule, &looks[start..index]).map(|at| start + at);
            let is = firing_since(rule, &looks[start..=index]).map(|at| start + at);
            match (was, is) {
                (None, Some(began)) => rows.push(row(rule, began, look.value, None)),
                (Some(began), None) => {
                    rows.push(row(
                        rule,
                        began,
                        look.value,
                        end(AlertEnding::Cleared, began),
                    ));
                }
                _ => {}
            }
        }
    }
    rows
}

fn raw() -> impl Strategy<Value = Raw> {
    (0_u8..4, any::<bool>(), -2_i8..=2, 0_u8..3, 0_u8..4)
}

/// Mostly beyond a second, since nothing is looked at before.
fn looks() -> impl Strategy<Value = Vec<Look>> {
    let reload = proptest::option::weighted(0.15, vec(raw(), 0..5));
    let value = proptest::option::weighted(0.9, -4_i8..=4);
    vec((1_000_u32..3_000, value, reload), 0..60)
}

proptest! {
    #[test]
    fn the_history_is_that_of_the_definition(first in vec(raw(), 0..5), looks in looks()) {
        let in_force = Reloadable::new(rules(&first));
        let start = EpochMs::from_ms(0);
        let mut watch = Watch::new(in_force.clone(), Mailbox::new(8), false, start);
        let (mut seen, mut ms): (Vec<Seen>, u64) = (Vec::new(), 10_000);
        let mut held: Vec<(Arc<AlertHistory>, AlertHistory)> = Vec::new();
        for (index, (step_ms, value, reload)) in looks.iter().enumerate() {
            ms += u64::from(*step_ms);
            if let Some(raw) = reload {
                in_force.replace(rules(raw));
            }
            // The wall clock has steps of its own and decides nothing.
            let wall = (index as i64 * 7_919) % 1_000;
            seen.push(Seen {
                ms,
                wall,
                value: value.map(f64::from),
                rules: in_force.load().to_vec(),
            });
            let mut snapshot = Snapshot { now: EpochMs::from_ms(wall), ..Snapshot::default() };
            snapshot.stream.lag_ms = value.map(i64::from);
            watch.fill(&mut snapshot, ms * 1_000_000);
            let shown = Arc::clone(&snapshot.alerts.history);
            // Between two looks nothing is noted, and nothing is copied.
            watch.fill(&mut snapshot, ms * 1_000_000 + 999_999_999);
            prop_assert!(Arc::ptr_eq(&shown, &snapshot.alerts.history));

            let expected = model(&seen);
            prop_assert_eq!(shown.total, expected.len() as u64);
            let kept = expected.len().min(limits::ALERT_CHANGES_MAX);
            prop_assert_eq!(shown.gone(), (expected.len() - kept) as u64);
            let rows: Vec<Row> = shown.changes.iter().map(|change| Row {
                name: change.alert.name.to_string(),
                rule: change.rule.to_string(),
                at: change.alert.since.ms(),
                began: change.began.ms(),
                value: change.alert.value,
                end: change.end,
            }).collect();
            prop_assert_eq!(&rows, &expected[expected.len() - kept..]);
            for (number, change) in (shown.gone() + 1..).zip(&shown.changes) {
                prop_assert_eq!(change.number, number);
                let is_firing = change.alert.phase == AlertPhase::Firing;
                prop_assert_eq!(is_firing, change.end.is_none());
            }
            if let Some((before, _)) = held.last() {
                let is_same = Arc::ptr_eq(before, &shown);
                prop_assert_eq!(is_same, before.total == shown.total, "a new list at a change only");
            }
            held.push((Arc::clone(&shown), AlertHistory::clone(&shown)));
        }
        // Who holds an older snapshot reads what it was.
        for (shared, copy) in held {
            prop_assert_eq!(&*shared, &copy);
        }
    }
}

#[test]
fn the_oldest_changes_go_first_and_stay_counted() {
    let crowd = AlertRule::new("crowd", Metric::LagMs, None, Threshold::Above(5.0));
    let mut watch = Watch::new(vec![crowd], Mailbox::new(8), false, EpochMs::from_ms(0));
    let mut snapshot = Snapshot::default();
    for second in 1..=251_u64 {
        // It fires in every odd second.
        snapshot.stream.lag_ms = Some(if second % 2 == 1 { 9 } else { 0 });
        snapshot.now = EpochMs::from_ms(second as i64 * 1_000);
        watch.fill(&mut snapshot, second * 1_000_000_000);
    }
    let history = &snapshot.alerts.history;
    assert_eq!(history.changes.len(), limits::ALERT_CHANGES_MAX);
    assert_eq!((history.total, history.gone()), (251, 151));
    let numbers: Vec<u64> = history.changes.iter().map(|change| change.number).collect();
    assert_eq!(numbers, (152..=251).collect::<Vec<u64>>());
    let last = history.changes.last().unwrap();
    assert_eq!((last.began.ms(), last.end), (251_000, None));
    assert_eq!(&*last.rule, "lagMs above 5");
}
