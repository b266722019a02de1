use super::*;
use crate::metric::Metric;
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
