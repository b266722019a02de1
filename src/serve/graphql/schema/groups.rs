//! The numbers by queue, by deployment and by direction.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::cmp::Ordering;

use async_graphql::Enum;
use async_graphql::Result;
use async_graphql::SimpleObject;

use super::now::Now;
use super::order::greatest_first;
use super::range;
use super::scalar::Count;
use super::waiting::GroupWaiting;
use super::window::Window;
use crate::config::WaitLevels;
use crate::metric::Metric;
use crate::metric::Source;
use crate::metric::metrics;
use crate::snapshot;
use crate::snapshot::Dimension;
use crate::snapshot::GroupId;
use crate::snapshot::Snapshot;
use crate::time::EpochMs;

/// Groups in one answer, at most: each is a whole window, and the page that shows more would not be
/// read.
pub(super) const GROUPS_SHOWN_MAX: i32 = 500;

/// Groups that can be left out: as many as there are names.
pub(super) const GROUP_OFFSET_MAX: i32 = 65_535;

/// What sessions and messages are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Dimension")]
pub(super) enum GroupBy {
    /// The queue a session was routed to: `data.queueId` of its connect.
    Queue,
    /// The deployment, the page that carries the messenger: `data.deploymentId` of its connect.
    Deployment,
    /// Whether a message is from the guest or to the guest: `data.direction`. Messages only; sessions
    /// have no direction.
    Direction,
}

/// The span that the numbers of a group are taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub(super) enum GroupWindow {
    /// The last 10 s; its older edge lies on a cell of 100 ms. Without percentiles.
    TenSeconds,
    /// The last 60 s; its older edge lies on a cell of 100 ms.
    OneMinute,
    /// The last 300 s; its older edge lies on a cell of 1 s. Without percentiles.
    FiveMinutes,
    /// The last 3600 s; its older edge lies on a cell of 10 s.
    OneHour,
}

/// Makes the orders of the rows of the table.
macro_rules! orders {
    (measures { $($measures:tt)* }
    $($section:ident {
        $($metric:ident {
            name: $name:tt,
            what: $what:tt,
            row: $row:tt,
            $(field: $field:ident: $kind:ty, $note:tt,)?
            $(order: $order:ident $order_name:tt,)?
            shown: $shown:tt,
        })*
    })*) => {
        /// By what groups are ordered: all but `NAME` greatest first, equal ones by name. Groups that have
        /// no such number come last, whichever way round the order is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
        pub(super) enum GroupOrder {
            /// By `displayName`, ascending by its UTF-8 bytes.
            Name,
            /// By `waiting`: critical ones, then those with a warning, then the others; in each by
            /// `longestAwaitingMs`.
            Waiting,
            $($($(
                #[doc = $what]
                #[graphql(name = $order_name)]
                $order,
            )?)*)*
        }

        impl GroupOrder {
            /// The number that groups are ordered by; `None` where it is none of the table.
            const fn metric(self) -> Option<Metric> {
                match self {
                    Self::Name | Self::Waiting => None,
                    $($($(Self::$order => Some(Metric::$metric),)?)*)*
                }
            }
        }
    };
}
metrics!(orders);

/// What a group's name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "snapshot::GroupKind")]
pub(super) enum GroupKind {
    /// A name from the stream.
    Named,
    /// Events that carry no name: shown as `(none)`.
    Unnamed,
    /// Events whose name found no room among the groups: shown as `other`.
    Other,
}

/// The groups of one dimension, a cut made once a bucket (100 ms by default).
#[derive(Debug, SimpleObject)]
pub(super) struct Groups {
    /// All groups of the dimension there are, shown here or not.
    count: Count,
    /// Named groups at the most; events of further names are counted under `other`.
    capacity: Count,
    /// Applied events counted under `other` because their name found no room. The totals hold them.
    overflowed: Count,
    /// Since when the open sessions of the groups are known; see `openSince` of `realTimeMetrics`.
    open_since: Option<String>,
    /// Whether open sessions from before that no longer count in any case; see `openComplete` of
    /// `realTimeMetrics`.
    open_complete: bool,
    /// Groups that match `name`, `kind` and `search`, shown here or not.
    found: Count,
    /// The groups asked for, in the order asked for.
    items: Vec<Group>,
}

/// One group.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub(super) struct Group {
    /// Where it stands in the snapshot, for the fields that are resolved when they are asked for.
    #[graphql(skip)]
    pub(super) place: (Dimension, GroupId),
    /// Its name: text from the stream, never markup; `(none)` and `other` for what has no name.
    name: String,
    /// What people read for it: its name from `names-file`, else `name`. When two look the same, the id
    /// is shown in brackets after it. Text, never markup.
    display_name: String,
    /// What the name means: tells `(none)` and `other` from queues that are called so.
    kind: GroupKind,
    /// Its numbers of the present.
    #[graphql(flatten)]
    now: Now,
    /// Whether its guests wait too long for a reply, or too many do; of a direction always CALM.
    waiting: GroupWaiting,
    /// The numbers over the window asked for. A session belongs to the queue and deployment of its
    /// connect; a message to those it names itself, else to its session's, else to `(none)`. The
    /// window's older edge lies on a cell of 100 ms for 10 s and 1 m, of 1 s for 5 m and of 10 s for
    /// 1 h; histograms, such as `durations`, are there for 1 m and 1 h only.
    window: Window,
}

/// What is asked for of a dimension.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) by: GroupBy,
    pub(super) order: GroupOrder,
    pub(super) first: i32,
    pub(super) offset: i32,
    pub(super) window: GroupWindow,
    pub(super) name: Option<String>,
    pub(super) kind: Option<GroupKind>,
    pub(super) search: Option<String>,
    pub(super) reverse: bool,
    /// What is too long, and too many.
    pub(super) levels: WaitLevels,
}

impl Groups {
    /// The first groups of a dimension in an order, or the one of a name.
    pub(super) fn new(snapshot: &Snapshot, wanted: &Wanted) -> Result<Self> {
        let first = range::within("first", wanted.first, 0..=GROUPS_SHOWN_MAX)?;
        let offset = range::within("offset", wanted.offset, 0..=GROUP_OFFSET_MAX)?;
        // Those before the page are found too, and left out at the end.
        let first = offset + first;
        let dimension = Dimension::from(wanted.by);
        let table = snapshot.groups.by(dimension);
        let (room, sessions) = (&snapshot.groups.room, &snapshot.sessions);
        let kind = wanted.kind.map(snapshot::GroupKind::from);
        let window = wanted.window as usize;
        let shown = |group| {
            let as_of = snapshot.groups.as_of;
            let key = match wanted.order {
                GroupOrder::Waiting => Some(GroupWaiting::order(group, as_of, wanted.levels)),
                order => order.key(window, group, as_of),
            };
            Shown::new(snapshot, dimension, group, key)
        };
        let mut found: Vec<Shown<'_>> = match &wanted.name {
            Some(name) => table.find(name, kind).into_iter().map(shown).collect(),
            None => table.iter().map(shown).collect(),
        };
        found.retain(|shown| kind.is_none_or(|kind| shown.group.kind == kind));
        if let Some(search) = &wanted.search {
            let search = search.to_lowercase();
            found.retain(|shown| shown.holds(&search));
        }
        let matching = found.len() as u64;
        first_by(&mut found, first, |a, b| compare(wanted.reverse, a, b));
        Ok(Self {
            count: Count(table.count() as u64),
            capacity: Count(room.capacity),
            overflowed: Count(room.overflowed[dimension.index()]),
            open_since: sessions.open_since.map(|since| since.to_string()),
            open_complete: sessions.is_open_complete,
            found: Count(matching),
            items: found[offset.min(found.len())..]
                .iter()
                .map(|shown| Group::new(&snapshot.groups, shown, window, wanted.levels))
                .collect(),
        })
    }
}

impl Group {
    fn new(
        groups: &snapshot::Groups,
        shown: &Shown<'_>,
        window: usize,
        levels: WaitLevels,
    ) -> Self {
        let group = shown.group;
        Self {
            place: (shown.dimension, group.id),
            name: group.name.as_ref().to_owned(),
            display_name: shown.label().to_owned(),
            kind: group.kind.into(),
            now: Now::new(|gauge| group.gauge(gauge, groups.as_of)),
            waiting: GroupWaiting::new(group, groups.as_of, levels),
            window: Window::of_group(groups.window(group, window)),
        }
    }
}

impl GroupOrder {
    /// What a group is ordered by; `None` where it has no such number.
    fn key(self, window: usize, group: &snapshot::Group, as_of: EpochMs) -> Option<f64> {
        let metric = self.metric()?;
        let number = match metric.source() {
            Source::Now(gauge) => group.gauge(gauge, as_of),
            source => group.windows[window].number(source),
        };
        number.or_else(|| metric.row().is_zero_of_nothing.then_some(0.0))
    }
}

/// Which of two groups comes first; `reverse` turns the order round, equal ones included.
fn compare(reverse: bool, a: &Shown<'_>, b: &Shown<'_>) -> Ordering {
    greatest_first(reverse, (a.key, b.key), || by_name(a, b))
}

/// The groups with the most messages in the last minute, busiest first.
pub(super) fn busiest(
    snapshot: &Snapshot,
    dimension: Dimension,
    kind: Option<snapshot::GroupKind>,
    first: usize,
) -> Vec<&snapshot::Group> {
    let window = GroupWindow::OneMinute as usize;
    let table = snapshot.groups.by(dimension);
    let of_kind = table
        .iter()
        .filter(|group| kind.is_none_or(|kind| group.kind == kind));
    let mut found: Vec<Shown<'_>> = of_kind
        .map(|group| {
            let key = GroupOrder::Messages.key(window, group, snapshot.groups.as_of);
            Shown::new(snapshot, dimension, group, key)
        })
        .collect();
    first_by(&mut found, first, |a, b| compare(false, a, b));
    found.into_iter().map(|shown| shown.group).collect()
}

/// A group and what people read for it.
#[derive(Debug)]
struct Shown<'a> {
    snapshot: &'a Snapshot,
    dimension: Dimension,
    group: &'a snapshot::Group,
    /// What it is ordered by, found once: an order compares a group many times.
    key: Option<f64>,
    /// Found when it is first asked for: most groups of an order are not compared by name.
    label: OnceCell<Cow<'a, str>>,
}

impl<'a> Shown<'a> {
    fn new(
        snapshot: &'a Snapshot,
        dimension: Dimension,
        group: &'a snapshot::Group,
        key: Option<f64>,
    ) -> Self {
        Self {
            snapshot,
            dimension,
            group,
            key,
            label: OnceCell::new(),
        }
    }

    fn label(&self) -> &str {
        let find = || display_name(self.snapshot, self.dimension, self.group);
        self.label.get_or_init(find)
    }

    /// Whether the id or the name holds a text in lower case.
    fn holds(&self, text: &str) -> bool {
        let holds = |name: &str| name.to_lowercase().contains(text);
        holds(&self.group.name) || (*self.label() != *self.group.name && holds(self.label()))
    }
}

/// What people read for a group.
pub(super) fn display_name<'a>(
    snapshot: &'a Snapshot,
    dimension: Dimension,
    group: &'a snapshot::Group,
) -> Cow<'a, str> {
    match group.kind {
        snapshot::GroupKind::Named => snapshot.shown(dimension, &group.name),
        // Our own words for what has no name.
        snapshot::GroupKind::Unnamed | snapshot::GroupKind::Other => Cow::Borrowed(&*group.name),
    }
}

/// Equal names are ordered by id and kind, so the order is always the same.
fn by_name(a: &Shown<'_>, b: &Shown<'_>) -> Ordering {
    let key = |shown: &Shown<'_>| shown.group.kind as u8;
    let names = (a.label(), &a.group.name).cmp(&(b.label(), &b.group.name));
    names.then_with(|| key(a).cmp(&key(b)))
}

/// Cuts a list to its first items in an order. Cost: linear in the list, but for sorting what is left.
fn first_by<T>(items: &mut Vec<T>, first: usize, order: impl Fn(&T, &T) -> Ordering) {
    if first == 0 {
        items.clear();
    } else if items.len() > first {
        items.select_nth_unstable_by(first - 1, &order);
        items.truncate(first);
    }
    items.sort_unstable_by(&order);
}

const _: () = assert!(
    snapshot::GROUP_WINDOWS_MS[GroupWindow::TenSeconds as usize] == 10_000
        && snapshot::GROUP_WINDOWS_MS[GroupWindow::OneMinute as usize] == 60_000
        && snapshot::GROUP_WINDOWS_MS[GroupWindow::FiveMinutes as usize] == 300_000
        && snapshot::GROUP_WINDOWS_MS[GroupWindow::OneHour as usize] == 3_600_000,
    "the windows of a group stand in the order of their names"
);

#[cfg(test)]
mod tests;
