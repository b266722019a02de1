//! Groups: by queue, deployment and direction, each dimension with metrics of its own, so that a sum
//! over a label means something. The busiest have a series of their own, the rest is one.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::families::label;
use super::family::Family;
use super::windows::window_label;
use crate::config::limits;
use crate::snapshot::Dimension;
use crate::snapshot::GROUP_WINDOWS_MS;
use crate::snapshot::Group;
use crate::snapshot::GroupKind;
use crate::snapshot::Groups;

/// The windows by which groups are told and ranked: a minute, and an hour.
const MINUTE: usize = 1;
const HOUR: usize = 3;

const _: () = assert!(GROUP_WINDOWS_MS[MINUTE] == 60_000 && GROUP_WINDOWS_MS[HOUR] == 3_600_000);

/// The numbers of one series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    open: u64,
    active: u64,
    connections: u64,
    disconnections: u64,
    messages: u64,
}

impl Sums {
    fn add(&mut self, group: &Group) {
        let minute = &group.windows[MINUTE];
        self.open += group.open_sessions;
        self.active += minute.active_sessions;
        self.connections += minute.connections;
        self.disconnections += minute.disconnections;
        self.messages += minute.messages;
    }
}

/// The families of all dimensions.
pub(super) fn families(groups: &Groups) -> Vec<Family> {
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

/// How a series' number is told.
type Told = (&'static str, &'static str, fn(&Sums) -> u64);

const MESSAGES: Told = ("messages", "Messages inside the window.", |sums| {
    sums.messages
});

/// A direction has messages alone.
const OF_SESSIONS: [Told; 4] = [
    (
        "active_sessions",
        "Sessions that connected inside the window and have not disconnected.",
        |sums| sums.active,
    ),
    ("connections", "Connections inside the window.", |sums| {
        sums.connections
    }),
    (
        "disconnections",
        "Disconnects inside the window that closed a session.",
        |sums| sums.disconnections,
    ),
    MESSAGES,
];

fn of_dimension(groups: &Groups, dimension: Dimension) -> Vec<Family> {
    let series = bounded(groups, dimension);
    let name = dimension.label();
    let of_window: &[Told] = match dimension {
        Dimension::Direction => &[MESSAGES],
        Dimension::Queue | Dimension::Deployment => &OF_SESSIONS,
    };
    let minute = window_label(GROUP_WINDOWS_MS[MINUTE]);
    let mut all: Vec<Family> = of_window
        .iter()
        .map(|(what, help, of)| {
            let family = Family::gauge(&format!("streamgauge_{name}_window_{what}"), help);
            series.iter().fold(family, |family, (group, sums)| {
                let mut labels = label(name, group);
                labels.push(("window", minute.clone()));
                family.count(labels, of(sums))
            })
        })
        .collect();
    if dimension != Dimension::Direction {
        let family = Family::gauge(
            &format!("streamgauge_{name}_open_sessions"),
            "Sessions open now, whenever they connected.",
        );
        all.push(series.iter().fold(family, |family, (group, sums)| {
            family.count(label(name, group), sums.open)
        }));
    }
    all
}

/// Series by label: the busiest named groups of the last hour, which change places rarely, and what
/// has no name; the rest under `other`. A group whose name is one of ours shares its series.
fn bounded(groups: &Groups, dimension: Dimension) -> BTreeMap<&str, Sums> {
    let mut all: Vec<&Group> = groups.by(dimension).iter().collect();
    let rank = |group: &Group| {
        let hour = &group.windows[HOUR];
        (
            group.kind == GroupKind::Named,
            Reverse((hour.messages, hour.connections, group.open_sessions)),
        )
    };
    all.sort_by(|a, b| (rank(a), &a.name).cmp(&(rank(b), &b.name)));
    let rest = GroupKind::Other.shown_as().unwrap_or_default();
    // The at most two groups without a name of their own stand first.
    let own =
        all.partition_point(|group| group.kind != GroupKind::Named) + limits::METRIC_GROUPS_MAX;
    let mut series: BTreeMap<&str, Sums> = BTreeMap::new();
    for (index, group) in all.into_iter().enumerate() {
        let name = if index < own { &*group.name } else { rest };
        series.entry(name).or_default().add(group);
    }
    series
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::snapshot::GroupId;
    use crate::snapshot::GroupTable;
    use crate::snapshot::WindowStats;

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
        assert_eq!(series.len(), 101);
        assert!(series.contains_key("q249") && series.contains_key("q151"));
        assert!(!series.contains_key("q150"));
        let least: u64 = (0..=150).sum();
        assert_eq!(series["other"].messages, 5 + 1_000 + least);
        assert_eq!(series["(none)"].messages, 3);
        assert_eq!(
            series.values().map(|sums| sums.messages).sum::<u64>(),
            total
        );
        assert_eq!(series.values().map(|sums| sums.open).sum::<u64>(), 253);
    }
}
