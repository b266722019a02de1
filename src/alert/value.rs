//! The number that a rule watches, taken from a snapshot.

use std::collections::HashMap;
use std::collections::HashSet;

use crate::config;
use crate::config::AlertBy;
use crate::config::AlertKind;
use crate::config::AlertRule;
use crate::metric::DeskSource;
use crate::metric::Source;
use crate::snapshot::Desk;
use crate::snapshot::DeskDimension;
use crate::snapshot::DeskGroup;
use crate::snapshot::DeskWindow;
use crate::snapshot::GROUP_WINDOWS_MS;
use crate::snapshot::Group;
use crate::snapshot::GroupKind;
use crate::snapshot::Snapshot;
use crate::snapshot::WindowStats;

const _: () = {
    let mut index = 0;
    while index < GROUP_WINDOWS_MS.len() {
        assert!(
            GROUP_WINDOWS_MS[index] == config::GROUP_WINDOWS_MS[index],
            "the settings and the snapshot mean the same windows"
        );
        index += 1;
    }
};

/// A group as a rule names it.
type Wanted<'a> = (&'a str, Option<AlertKind>);

/// The groups that rules name, found in one walk through each table that any of them is about: tables
/// hold up to ten thousand groups, and the writer waits meanwhile.
#[derive(Debug)]
pub(super) struct Found<'a> {
    by: [HashMap<Wanted<'a>, &'a Group>; AlertBy::ALL.len()],
}

impl<'a> Found<'a> {
    /// Those that `rules` name in a snapshot.
    #[expect(
        single_use_lifetimes,
        reason = "stable Rust wants a name for it inside an impl"
    )]
    pub(super) fn new<'r>(
        rules: impl Iterator<Item = &'r AlertRule> + Clone,
        snapshot: &'a Snapshot,
    ) -> Self {
        let mut found = Self {
            by: std::array::from_fn(|_| HashMap::new()),
        };
        for by in AlertBy::ALL {
            let named = rules
                .clone()
                .filter_map(|rule| Some((rule.group.as_ref()?, rule.kind)));
            let wanted: HashSet<Wanted<'_>> = named
                .filter(|((of, _), _)| *of == by)
                .map(|((_, name), kind)| (&**name, kind))
                .collect();
            if wanted.is_empty() {
                continue;
            }
            let groups = &mut found.by[by as usize];
            for group in snapshot.groups.by(by.into()).iter() {
                let name: &str = &group.name;
                let exact = (name, Some(group.kind.into()));
                if wanted.contains(&exact) {
                    groups.insert(exact, group);
                }
                // A name from the stream wins over one of ours.
                let any = (name, None);
                let is_better = group.kind == GroupKind::Named || !groups.contains_key(&any);
                if is_better && wanted.contains(&any) {
                    groups.insert(any, group);
                }
            }
        }
        found
    }
}

/// The value now; `None` when there is none. A group that nothing is known of has counts of 0.
pub(super) fn of(rule: &AlertRule, snapshot: &Snapshot, found: &Found<'_>) -> Option<f64> {
    if let Source::Desk(from) = rule.metric.source() {
        return of_legs(from, rule, &snapshot.desk);
    }
    let Some((by, name)) = &rule.group else {
        return of_total(rule, snapshot);
    };
    let group = found.by[*by as usize].get(&(&**name, rule.kind));
    if let Source::Now(gauge) = rule.metric.source() {
        // A group of which nothing is known has nothing of what groups have.
        let nobody = rule.metric.source().is_of_groups().then_some(0.0);
        return group.map_or(nobody, |group| group.gauge(gauge, snapshot.groups.as_of));
    }
    let length_ms = rule.window_ms?;
    let index = GROUP_WINDOWS_MS.iter().position(|ms| *ms == length_ms)?;
    match group {
        Some(group) => group.windows[index].number(rule.metric.source()),
        None => {
            let nothing = WindowStats {
                length_ms,
                ..WindowStats::default()
            };
            nothing.number(rule.metric.source())
        }
    }
}

/// A number of legs, in total or of a queue. While nobody knows of legs there is none.
fn of_legs(from: DeskSource, rule: &AlertRule, desk: &Desk) -> Option<f64> {
    let total = desk.total.as_ref()?;
    let length_ms = rule.window_ms.unwrap_or_default();
    let place = desk.windows_ms.iter().position(|ms| *ms == length_ms);
    let place = place.unwrap_or_default();
    let number = |group: &DeskGroup| group.number(from, place, desk.as_of);
    match &rule.group {
        None => number(total),
        Some((_, name)) => match desk.find(DeskDimension::Queue, name) {
            Some(group) => number(group),
            None => {
                let mut nobody = DeskGroup::default();
                nobody.windows.resize_with(place + 1, DeskWindow::default);
                number(&nobody)
            }
        },
    }
}

fn of_total(rule: &AlertRule, snapshot: &Snapshot) -> Option<f64> {
    if let Source::Now(gauge) = rule.metric.source() {
        return snapshot.gauge(gauge);
    }
    let length_ms = rule.window_ms?;
    let mut windows = snapshot.windows.iter();
    let window = windows.find(|window| window.length_ms == length_ms)?;
    window.number(rule.metric.source())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::Threshold;
    use crate::histogram::Histogram;
    use crate::metric::Measure;
    use crate::metric::Metric;
    use crate::snapshot::Dimension;
    use crate::snapshot::GroupId;
    use crate::snapshot::GroupTable;
    use crate::snapshot::Groups;
    use crate::snapshot::Measured;

    fn durations() -> Histogram {
        let mut durations = Histogram::default();
        for (ms, sessions) in [(10, 60), (20, 35), (30, 4), (40, 1)] {
            durations.record_n(ms, sessions);
        }
        durations
    }

    fn window(length_ms: u32, messages: u64) -> WindowStats {
        WindowStats {
            length_ms,
            active_sessions: 3,
            connections: 4,
            disconnections: 2,
            messages,
            closed_sessions: 2,
            closed_duration_ms: 5_000,
            ended_messages: 7,
            measured: Measured::of(Measure::Duration, durations()),
            ..WindowStats::default()
        }
    }

    fn snapshot() -> Snapshot {
        let mut snapshot = Snapshot {
            windows: vec![window(60_000, 6), window(10_000, 1)],
            ..Snapshot::default()
        };
        snapshot.sessions.open = 9;
        snapshot.sessions.open_uncertain = 8;
        snapshot.ring.depth = 1;
        let mut groups = Groups::default();
        groups.tables[Dimension::Queue.index()] = GroupTable::new(vec![Arc::new(vec![Group {
            id: GroupId::default(),
            name: "sales".into(),
            kind: GroupKind::Named,
            open_sessions: 5,
            open_uncertain: 2,
            awaiting: 0,
            awaiting_since: None,
            windows: GROUP_WINDOWS_MS.map(|ms| window(ms, u64::from(ms) / 1_000)),
        }])]);
        snapshot.groups = Arc::new(groups);
        snapshot
    }

    fn value(metric: Metric, window_ms: Option<u32>, queue: Option<&str>) -> Option<f64> {
        let mut rule = AlertRule::new("a", metric, window_ms, Threshold::Above(0.0));
        rule.group = queue.map(|queue| (AlertBy::Queue, queue.into()));
        of_rule(&rule, &snapshot())
    }

    fn of_rule(rule: &AlertRule, snapshot: &Snapshot) -> Option<f64> {
        of(rule, snapshot, &Found::new([rule].into_iter(), snapshot))
    }

    #[test]
    fn every_metric_has_its_value() {
        let minute = Some(60_000);
        let check = |metric, expected| {
            assert_eq!(value(metric, minute, None), expected, "{metric:?}");
        };
        check(Metric::ActiveSessions, Some(3.0));
        check(Metric::MessagesPerMinute, Some(6.0));
        check(Metric::ConnectionsPerMinute, Some(4.0));
        check(Metric::DisconnectionsPerMinute, Some(2.0));
        check(Metric::AvgSessionDurationMs, Some(2_500.0));
        check(Metric::DurationP50Ms, Some(10.0));
        check(Metric::DurationP90Ms, Some(20.0));
        check(Metric::DurationP99Ms, Some(30.0));
        check(Metric::DurationMaxMs, Some(40.0));
        check(Metric::MessagesPerSession, Some(3.5));
        check(Metric::OpenSessions, Some(9.0));
        check(Metric::OpenUncertain, Some(8.0));
        check(Metric::LagMs, None);
        check(Metric::RingFill, None);
        let mut snapshot = snapshot();
        snapshot.ring.capacity = 4;
        snapshot.stream.lag_ms = Some(-5);
        let of = |metric| {
            of_rule(
                &AlertRule::new("a", metric, None, Threshold::Above(0.0)),
                &snapshot,
            )
        };
        assert_eq!(of(Metric::RingFill), Some(0.25));
        assert_eq!(of(Metric::LagMs), Some(-5.0));
    }

    #[test]
    fn a_group_has_its_own_and_an_unknown_one_has_counts_of_0() {
        let messages = Metric::MessagesPerMinute;
        assert_eq!(value(messages, Some(10_000), None), Some(6.0));
        for ms in GROUP_WINDOWS_MS {
            assert_eq!(value(messages, Some(ms), Some("sales")), Some(60.0));
            assert_eq!(value(messages, Some(ms), Some("nobody")), Some(0.0));
        }
        assert_eq!(value(Metric::OpenSessions, None, Some("sales")), Some(5.0));
        assert_eq!(value(Metric::OpenSessions, None, Some("nobody")), Some(0.0));
        assert_eq!(value(Metric::OpenUncertain, None, Some("sales")), Some(2.0));
        for metric in [
            Metric::DurationP50Ms,
            Metric::AvgSessionDurationMs,
            Metric::MessagesPerSession,
        ] {
            assert!(value(metric, Some(60_000), Some("sales")).is_some());
            assert_eq!(value(metric, Some(60_000), Some("nobody")), None);
        }
    }

    #[test]
    fn a_name_from_the_stream_wins_over_one_of_ours() {
        let group = |kind, open_sessions| Group {
            id: GroupId::default(),
            name: "other".into(),
            kind,
            open_sessions,
            open_uncertain: 0,
            awaiting: 0,
            awaiting_since: None,
            windows: GROUP_WINDOWS_MS.map(|ms| window(ms, 1)),
        };
        let named = group(GroupKind::Named, 1);
        let ours = group(GroupKind::Other, 2);
        let mut rule = AlertRule::new("a", Metric::OpenSessions, None, Threshold::Above(0.0));
        rule.group = Some((AlertBy::Queue, "other".into()));
        for all in [vec![named.clone(), ours.clone()], vec![ours, named]] {
            let mut groups = Groups::default();
            groups.tables[Dimension::Queue.index()] = GroupTable::new(vec![Arc::new(all)]);
            let mut snapshot = snapshot();
            snapshot.groups = Arc::new(groups);
            assert_eq!(of_rule(&rule, &snapshot), Some(1.0));
            for (kind, expected) in [
                (AlertKind::Named, 1.0),
                (AlertKind::Other, 2.0),
                (AlertKind::Unnamed, 0.0),
            ] {
                let mut rule = rule.clone();
                rule.kind = Some(kind);
                assert_eq!(of_rule(&rule, &snapshot), Some(expected), "{kind:?}");
            }
        }
    }
}
