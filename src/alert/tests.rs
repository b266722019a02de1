use proptest::prelude::*;

use super::*;
use crate::metric::Metric;
use crate::snapshot::AlertEnding;
use crate::snapshot::AlertPhase;

const SECOND: u64 = 1_000_000_000;

fn snapshot(open: u64, now_s: i64) -> Snapshot {
    let mut snapshot = Snapshot {
        now: EpochMs::from_ms(now_s * 1_000),
        ..Snapshot::default()
    };
    snapshot.sessions.open = open;
    snapshot
}

fn watch(outcomes: &Mailbox<Outcome>) -> Watch {
    let rule = AlertRule::new("crowd", Metric::OpenSessions, None, Threshold::Above(5.0));
    let start = EpochMs::from_ms(1_000);
    Watch::new(vec![rule], outcomes.clone(), true, start)
}

#[test]
fn it_looks_once_a_second_and_shows_the_same_until_then() {
    let mut watch = watch(&Mailbox::new(8));
    let mut see = |open, mono_ns| {
        let mut snapshot = snapshot(open, 2);
        watch.fill(&mut snapshot, mono_ns);
        snapshot.alerts
    };
    let first = see(9, SECOND);
    assert_eq!(first.all[0].phase, AlertPhase::Firing);
    assert_eq!((first.all[0].value, first.all[0].fired), (Some(9.0), 1));
    assert_eq!(first.all[0].since, EpochMs::from_ms(2_000));
    let same = see(0, 2 * SECOND - 1);
    assert!(Arc::ptr_eq(&first, &same), "no second has passed");
    let second = see(0, 2 * SECOND);
    assert_eq!(second.all[0].phase, AlertPhase::Ok);
}

#[test]
fn outcomes_are_counted_and_the_last_error_goes_with_a_delivery() {
    let outcomes = Mailbox::new(8);
    let mut watch = watch(&outcomes);
    let mut see = |mono_ns| {
        let mut snapshot = snapshot(0, 2);
        watch.fill(&mut snapshot, mono_ns);
        snapshot.alerts.notifications.clone()
    };
    assert_eq!(
        see(0),
        Notifications {
            is_configured: true,
            ..Notifications::default()
        }
    );
    outcomes.post(Outcome::Retried("no".into()));
    outcomes.post(Outcome::Retried("still no".into()));
    outcomes.post(Outcome::Failed("never".into()));
    let bad = see(SECOND);
    assert_eq!((bad.sent, bad.retried, bad.failed), (0, 2, 1));
    assert_eq!(bad.last_error.as_deref(), Some("never"));
    outcomes.post(Outcome::Sent);
    let good = see(2 * SECOND);
    assert_eq!((good.sent, good.last_error), (1, None));
}

#[test]
fn without_alerts_nothing_is_made() {
    let mut watch = Watch::none();
    let mut see = |mono_ns| {
        let mut snapshot = snapshot(0, 2);
        watch.fill(&mut snapshot, mono_ns);
        snapshot.alerts
    };
    let first = see(SECOND);
    assert!(first.all.is_empty() && !first.notifications.is_configured);
    assert!(Arc::ptr_eq(&first, &see(9 * SECOND)));
}

#[test]
fn rules_that_stay_keep_what_they_have_and_others_begin_anew() {
    let open = |name: &str, above, for_ms| {
        let threshold = Threshold::Above(above);
        let mut rule = AlertRule::new(name, Metric::OpenSessions, None, threshold);
        rule.for_ms = for_ms;
        rule
    };
    let first = vec![
        open("stays", 5.0, 3_000),
        open("fires", 5.0, 0),
        open("goes", 5.0, 0),
    ];
    let rules = Reloadable::new(first);
    let mut watch = Watch::new(rules.clone(), Mailbox::new(8), true, EpochMs::from_ms(0));
    let mut see = |at_s: u64| {
        let mut snapshot = snapshot(9, i64::try_from(at_s).unwrap());
        watch.fill(&mut snapshot, at_s * SECOND);
        let alerts = snapshot.alerts.all.iter();
        let rows = alerts.map(|alert| (alert.name.to_string(), alert.phase, alert.fired));
        rows.collect::<Vec<_>>()
    };
    let row = |name: &str, phase, fired| (name.to_owned(), phase, fired);
    use AlertPhase::{Firing, Pending};
    let expected = [
        row("stays", Pending, 0),
        row("fires", Firing, 1),
        row("goes", Firing, 1),
    ];
    assert_eq!(see(1), expected);
    // Another order, one gone, one new, and another threshold under an old name.
    rules.replace(vec![
        open("new", 8.0, 2_000),
        open("fires", 6.0, 0),
        open("stays", 5.0, 3_000),
    ]);
    let expected = [
        row("new", Pending, 0),
        row("fires", Firing, 2),
        row("stays", Pending, 0),
    ];
    assert_eq!(see(2), expected);
    // What stayed is past its threshold since the first look.
    let expected = [
        row("new", Firing, 1),
        row("fires", Firing, 2),
        row("stays", Firing, 1),
    ];
    assert_eq!(see(4), expected);
    // A name that comes back goes on counting.
    rules.replace(vec![open("goes", 5.0, 0)]);
    assert_eq!(see(5), [row("goes", Firing, 2)]);
    rules.replace(Vec::new());
    assert!(see(6).is_empty() && see(7).is_empty());
    rules.replace(vec![open("fires", 5.0, 0)]);
    assert_eq!(see(8), [row("fires", Firing, 3)]);
}

#[test]
fn names_that_are_gone_are_remembered_within_bounds() {
    let rules = Reloadable::new(Vec::new());
    let mut watch = Watch::new(rules.clone(), Mailbox::new(8), true, EpochMs::from_ms(0));
    for turn in 0..1_500_u64 {
        let threshold = Threshold::Above(5.0);
        let name = turn.to_string();
        rules.replace(vec![AlertRule::new(
            &name,
            Metric::OpenSessions,
            None,
            threshold,
        )]);
        watch.fill(&mut snapshot(9, 0), turn * SECOND);
    }
    assert_eq!(watch.gone.len(), GONE_MAX);
    // The latest are those that are kept.
    assert_eq!(watch.gone.last(), Some(&("1498".into(), 1)));
}

/// The image of a watch, by way of the bytes that an image of an engine holds.
fn image_of(watch: &Watch) -> WatchImage {
    let bytes = postcard::to_allocvec(&watch.image()).unwrap();
    postcard::from_bytes(&bytes).unwrap()
}

fn rule(name: &str, above: u64, for_s: u64) -> AlertRule {
    let threshold = Threshold::Above(f64::from(u32::try_from(above).unwrap()));
    let mut rule = AlertRule::new(name, Metric::OpenSessions, None, threshold);
    rule.for_ms = for_s * 1_000;
    rule
}

proptest! {
    /// Rules that change on the way, deliveries, looks at uneven times: whoever goes on from an image
    /// shows what it would have shown.
    #[test]
    fn what_goes_on_from_an_image_shows_the_same(
        steps in prop::collection::vec((0..12_u64, 0..4_u64, 0..10_u8), 1..40),
        cut: prop::sample::Index,
    ) {
        let rules = Reloadable::new(vec![rule("a", 3, 0), rule("b", 6, 2), rule("c", 9, 5)]);
        let outcomes = Mailbox::new(64);
        let mut watch = Watch::new(rules.clone(), outcomes.clone(), true, EpochMs::default());
        let other_outcomes = Mailbox::new(64);
        let mut restored = None;
        let mut at_s = 0;
        for (step, &(open, passed_s, event)) in steps.iter().enumerate() {
            if step == cut.index(steps.len()) {
                let image = image_of(&watch);
                restored = Some(Watch::restore(image, rules.clone(), other_outcomes.clone(), true));
            }
            match event {
                0 => drop(rules.replace(vec![rule("a", open, 1), rule("c", 9, 5)])),
                1 => drop(rules.replace(vec![rule("b", 6, 2), rule("d", open, 0)])),
                2 => {
                    for outcomes in [&outcomes, &other_outcomes] {
                        outcomes.post(Outcome::Retried("no".into()));
                    }
                }
                _ => {}
            }
            at_s += passed_s;
            let look = |watch: &mut Watch| {
                let mut snapshot = snapshot(open, i64::try_from(at_s).unwrap());
                watch.fill(&mut snapshot, at_s * SECOND);
                snapshot.alerts
            };
            let expected = look(&mut watch);
            match &mut restored {
                Some(restored) => prop_assert_eq!(look(restored), expected),
                // What a look has found is in the image's counts.
                None if passed_s > 0 || step == 0 => while other_outcomes.take().is_some() {},
                None => {}
            }
        }
    }
}

#[test]
fn a_rule_that_changed_between_image_and_restart_is_as_one_that_is_reloaded() {
    let mut watch = Watch::new(
        vec![rule("a", 3, 0), rule("b", 3, 0)],
        Mailbox::new(1),
        false,
        EpochMs::default(),
    );
    let mut before = snapshot(9, 1);
    watch.fill(&mut before, SECOND);
    let rules = vec![rule("a", 3, 0), rule("b", 20, 0)];
    let mut restored = Watch::restore(image_of(&watch), rules, Mailbox::new(1), false);
    let mut after = snapshot(9, 60);
    restored.fill(&mut after, 2 * SECOND);
    let phases = after
        .alerts
        .all
        .iter()
        .map(|alert| (alert.phase, alert.fired));
    let expected = [(AlertPhase::Firing, 1), (AlertPhase::Ok, 1)];
    assert_eq!(phases.collect::<Vec<_>>(), expected);
    assert_eq!(after.alerts.all[0].since, EpochMs::from_ms(1_000));
    let changes = after.alerts.history.changes.iter();
    let ended: Vec<(&str, AlertEnding)> = changes
        .filter_map(|change| Some((&*change.alert.name, change.end?.how)))
        .collect();
    assert_eq!(ended, [("b", AlertEnding::RuleChanged)]);
}
