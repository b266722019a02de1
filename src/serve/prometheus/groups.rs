//! Groups: by queue, deployment and direction, each dimension with metrics of its own, so that a sum
//! over a label means something. The busiest have a series of their own, the rest is one.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::family::Family;
use super::family::Labels;
use super::family::label;
use super::windows::in_base_unit;
use super::windows::window_label;
use crate::config::limits;
use crate::metric::Gauge;
use crate::metric::Metric;
use crate::metric::Row;
use crate::metric::Source;
use crate::snapshot::Dimension;
use crate::snapshot::GROUP_WINDOWS_MS;
use crate::snapshot::Group;
use crate::snapshot::GroupKind;
use crate::snapshot::Groups;
use crate::snapshot::Snapshot;
use crate::snapshot::WindowStats;
use crate::time::EpochMs;

/// The windows by which groups are shown and ranked: a minute, and an hour.
const MINUTE: usize = 1;
const HOUR: usize = 3;

const _: () = assert!(GROUP_WINDOWS_MS[MINUTE] == 60_000 && GROUP_WINDOWS_MS[HOUR] == 3_600_000);

/// The numbers of one series: those of its groups together.
#[derive(Clone, Debug, Default, PartialEq)]
struct Sums {
    gauges: [f64; Gauge::ALL.len()],
    minute: WindowStats,
}

impl Sums {
    fn add(&mut self, group: &Group, as_of: EpochMs) {
        for (sum, gauge) in self.gauges.iter_mut().zip(Gauge::ALL) {
            *sum = gauge.merged(*sum, group.gauge(gauge, as_of).unwrap_or_default());
        }
        let (own, minute) = (&mut self.minute, &group.windows[MINUTE]);
        own.active_sessions += minute.active_sessions;
        own.connections += minute.connections;
        own.disconnections += minute.disconnections;
        own.messages += minute.messages;
        own.closed_sessions += minute.closed_sessions;
        own.closed_duration_ms += minute.closed_duration_ms;
        own.ended_messages += minute.ended_messages;
        own.responses += minute.responses;
        own.response_ms += minute.response_ms;
        own.first_responses += minute.first_responses;
        own.first_response_ms += minute.first_response_ms;
        own.unanswered += minute.unanswered;
        own.never_answered += minute.never_answered;
        own.measured.add(&minute.measured);
    }

    /// What a source comes to, if there is anything to make it of.
    fn number(&self, from: Source) -> Option<f64> {
        match from {
            Source::Now(gauge) => Some(self.gauges[gauge.index()]),
            _ => self.minute.number(from),
        }
    }
}

/// What tells a series from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Named<'a> {
    name: &'a str,
    /// Whether it is a name from the stream that equals one of ours.
    is_mistakable: bool,
}

impl<'a> Named<'a> {
    fn of(group: &'a Group) -> Self {
        Self::new(&group.name, group.kind)
    }

    pub(super) fn new(name: &'a str, kind: GroupKind) -> Self {
        let ours = [GroupKind::Unnamed, GroupKind::Other].map(GroupKind::shown_as);
        Self {
            name,
            is_mistakable: kind == GroupKind::Named && ours.contains(&Some(name)),
        }
    }

    /// What has no name of its own.
    pub(super) fn ours(kind: GroupKind) -> Self {
        Self {
            name: kind.shown_as().unwrap_or_default(),
            is_mistakable: false,
        }
    }

    pub(super) fn labels(self, dimension: &'static str) -> Labels {
        let mut labels = label(dimension, self.name);
        if self.is_mistakable {
            labels.push(("kind", "named".to_owned()));
        }
        labels
    }
}

/// The families of all dimensions.
pub(super) fn families(snapshot: &Snapshot) -> Vec<Family> {
    let groups = &snapshot.groups;
    let mut count = Family::gauge("streamgauge_groups", "Groups kept, by dimension.");
    let mut overflowed = Family::counter(
        "streamgauge_group_events_overflowed",
        "Applied events booked under other because their name found no room, by dimension.",
    );
    let mut all = Vec::new();
    for dimension in Dimension::ALL {
        let labels = label("dimension", dimension.label());
        count = count.count(labels.clone(), groups.by(dimension).count() as u64);
        overflowed = overflowed.count(labels, groups.room.overflowed[dimension.index()]);
        all.extend(of_dimension(groups, dimension));
        all.push(names(snapshot, dimension));
    }
    all.extend([
        count,
        overflowed,
        Family::gauge(
            "streamgauge_groups_capacity",
            "Named groups at the most, in each dimension.",
        )
        .count(Vec::new(), groups.room.capacity),
        Family::gauge("streamgauge_groups_bytes", "Memory of all groups.")
            .count(Vec::new(), groups.room.bytes),
    ]);
    all
}

/// The numbers of the table that groups of a dimension have in `/metrics`.
fn rows(dimension: Dimension) -> impl Iterator<Item = (&'static Row, &'static str)> {
    let rows = Metric::ALL.iter().map(|metric| metric.row());
    let has = move |row: &Row| dimension != Dimension::Direction || row.from.is_of_messages();
    rows.filter(move |row| has(row)).filter_map(|row| {
        let family = row.family.filter(|family| family.is_of_groups)?;
        Some((row, family.suffix))
    })
}

fn of_dimension(groups: &Groups, dimension: Dimension) -> Vec<Family> {
    let series = bounded(groups, dimension);
    let name = dimension.label();
    let minute = window_label(GROUP_WINDOWS_MS[MINUTE]);
    rows(dimension)
        .map(|(row, suffix)| {
            let window = if row.from.has_window() { "window_" } else { "" };
            let family = format!("streamgauge_{name}_{window}{suffix}");
            let family = Family::gauge(&family, row.definition);
            series.iter().fold(family, |family, (group, sums)| {
                let Some(number) = sums.number(row.from) else {
                    return family;
                };
                let mut labels = group.labels(name);
                if row.from.has_window() {
                    labels.push(("window", minute.clone()));
                }
                family.number(labels, in_base_unit(row, number))
            })
        })
        .collect()
}

/// Names of the groups that have a series of their own and a name. Series keep the id as their label,
/// so that a name that changes breaks none.
fn names(snapshot: &Snapshot, dimension: Dimension) -> Family {
    let name = dimension.label();
    let family = Family::gauge(
        &format!("streamgauge_{name}_info"),
        "1 for each group that has a name in names-file: the id that labels its series, and the name.",
    );
    if snapshot.directory.names.count(dimension.into()) == 0 {
        return family;
    }
    bounded(&snapshot.groups, dimension)
        .into_keys()
        .filter(|group| {
            let names = &snapshot.directory.names;
            names.of(dimension.into(), group.name).is_some()
        })
        .fold(family, |family, group| {
            let mut labels = group.labels(name);
            let shown = snapshot.shown(dimension, group.name);
            labels.push(("display_name", shown.into_owned()));
            family.count(labels, 1)
        })
}

/// Series by label: the busiest named groups of the last hour, which change places rarely, and what
/// has no name; the rest under `other`.
fn bounded(groups: &Groups, dimension: Dimension) -> BTreeMap<Named<'_>, Sums> {
    let mut all: Vec<&Group> = groups.by(dimension).iter().collect();
    let rank = |group: &Group| {
        let hour = &group.windows[HOUR];
        (
            group.kind == GroupKind::Named,
            Reverse((hour.messages, hour.connections, group.open_sessions)),
        )
    };
    all.sort_by(|a, b| (rank(a), &a.name).cmp(&(rank(b), &b.name)));
    let rest = Named::ours(GroupKind::Other);
    // The at most two groups without a name of their own stand first.
    let own =
        all.partition_point(|group| group.kind != GroupKind::Named) + limits::METRIC_GROUPS_MAX;
    let mut series: BTreeMap<Named<'_>, Sums> = BTreeMap::new();
    for (index, group) in all.into_iter().enumerate() {
        let name = if index < own { Named::of(group) } else { rest };
        series.entry(name).or_default().add(group, groups.as_of);
    }
    series
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::histogram::Histogram;
    use crate::metric::Measure;
    use crate::snapshot::GroupId;
    use crate::snapshot::GroupTable;
    use crate::snapshot::Measured;

    fn group(name: &str, kind: GroupKind, messages: u64) -> Group {
        let window = WindowStats {
            messages,
            ..WindowStats::default()
        };
        Group {
            id: GroupId::default(),
            name: name.into(),
            kind,
            open_sessions: 1,
            open_uncertain: 1,
            awaiting: 1,
            awaiting_since: None,
            windows: [window.clone(), window.clone(), window.clone(), window],
        }
    }

    #[test]
    fn the_busiest_are_told_by_name_and_sums_stay_whole() {
        let named = (0..250).map(|number| group(&format!("q{number}"), GroupKind::Named, number));
        let mut all: Vec<Group> = named.collect();
        all.push(group("(none)", GroupKind::Unnamed, 3));
        all.push(group("other", GroupKind::Other, 5));
        all.push(group("other", GroupKind::Named, 1_000));
        let total: u64 = all.iter().map(|group| group.windows[MINUTE].messages).sum();
        let mut groups = Groups::default();
        groups.tables[Dimension::Queue.index()] = GroupTable::new(vec![Arc::new(all)]);
        let series = bounded(&groups, Dimension::Queue);
        // 99 queues beside the one called other, and the two of ours.
        assert_eq!(series.len(), 102);
        let named = |name, is_mistakable| Named {
            name,
            is_mistakable,
        };
        assert!(series.contains_key(&named("q249", false)));
        assert!(series.contains_key(&named("q151", false)));
        assert!(!series.contains_key(&named("q150", false)));
        let least: u64 = (0..=150).sum();
        let messages = |name, is_mistakable| series[&named(name, is_mistakable)].minute.messages;
        assert_eq!(messages("other", false), 5 + least);
        assert_eq!(messages("other", true), 1_000);
        assert_eq!(messages("(none)", false), 3);
        let labels = named("other", true).labels("queue");
        assert_eq!(
            labels,
            [("queue", "other".to_owned()), ("kind", "named".to_owned())]
        );
        assert_eq!(
            series
                .values()
                .map(|sums| sums.minute.messages)
                .sum::<u64>(),
            total
        );
        let open = |sums: &Sums| sums.number(Metric::OpenSessions.source()).unwrap();
        assert_eq!(series.values().map(open).sum::<f64>(), 253.0);
    }

    #[test]
    fn percentiles_are_those_of_all_sessions_of_a_series() {
        let ended = |p50_ms: u64, max_ms: u64| {
            let mut group = group("q", GroupKind::Named, 0);
            let minute = &mut group.windows[MINUTE];
            (minute.closed_sessions, minute.closed_duration_ms) = (2, 2 * p50_ms);
            (minute.disconnections, minute.ended_messages) = (2, 5);
            minute.measured =
                Measured::of(Measure::Duration, Histogram::from_iter([p50_ms, max_ms]));
            group
        };
        let told = |groups: &[Group]| {
            let mut sums = Sums::default();
            groups
                .iter()
                .for_each(|group| sums.add(group, EpochMs::default()));
            [
                Metric::AvgSessionDurationMs,
                Metric::DurationP50Ms,
                Metric::DurationP90Ms,
                Metric::DurationP99Ms,
                Metric::DurationMaxMs,
                Metric::MessagesPerSession,
            ]
            .map(|metric| Some(in_base_unit(metric.row(), sums.number(metric.source())?)))
        };
        assert_eq!(told(&[]), [None; 6]);
        let silent = group("silent", GroupKind::Named, 1);
        assert_eq!(told(std::slice::from_ref(&silent)), [None; 6]);
        // A percentile is the upper bound of its cell, and no more than the maximum.
        let one = [1.0, 1.003, 9.0, 9.0, 9.0, 2.5].map(Some);
        assert_eq!(told(&[ended(1_000, 9_000), silent]), one);
        let both = told(&[ended(1_000, 9_000), ended(3_000, 4_000)]);
        assert_eq!(both, [2.0, 3.007, 9.0, 9.0, 9.0, 2.5].map(Some));
    }
}
