//! Numbers by the second: an hour of them for the total, five minutes for every group.

use std::sync::Arc;

use super::Dimension;
use super::Group;
use super::GroupId;
use super::Groups;
use crate::histogram::Histogram;
use crate::time::EpochMs;

/// Seconds kept for the total.
pub const TOTAL_SECONDS: usize = 3_600;
/// Seconds kept for every group.
pub const GROUP_SECONDS: usize = 300;

/// One whole second `[start, start + 1 s)` of the total.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TotalSecond {
    /// Its first millisecond.
    pub start: EpochMs,
    /// Connections that count in the total, by their event time.
    pub connections: u32,
    /// Disconnects that closed a session, by their event time.
    pub disconnections: u32,
    /// Messages, by their event time.
    pub messages: u32,
    /// Sessions open when the second had passed.
    pub open_sessions: u32,
    /// Active sessions of the main window when the second had passed.
    pub active_sessions: u32,
    /// Open sessions whose guest waited for a reply when the second had passed.
    pub awaiting: u32,
    /// Durations in the main window when the second had passed, in milliseconds; `None` without any.
    pub durations: Option<Arc<Histogram>>,
}

/// One whole second of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupSecond {
    /// Connections that count in the total.
    pub connections: u32,
    /// Disconnects that closed a session.
    pub disconnections: u32,
    /// Messages.
    pub messages: u32,
    /// Sessions open when the second had passed.
    pub open_sessions: u32,
    /// Those of them whose guest waited for a reply.
    pub awaiting: u32,
}

/// The changes of the groups of one second: only groups in which something happened are listed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SecondOfGroups {
    /// The second's first millisecond.
    pub start: EpochMs,
    /// By [`Dimension::index`], then ascending by group.
    pub groups: [Vec<(GroupId, GroupChange)>; 3],
}

/// What happened in a group within one second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupChange {
    /// Connections that count in the total.
    pub connections: u32,
    /// Disconnects that closed a session.
    pub disconnections: u32,
    /// Messages.
    pub messages: u32,
    /// Sessions open when the second had passed, minus those open when it began.
    pub opened: i32,
    /// The same of sessions whose guest waited for a reply.
    pub awaiting: i32,
}

/// The series of one cut, made once a second.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Oldest first, in shared chunks; at most [`TOTAL_SECONDS`], without holes.
    total: Vec<Arc<Vec<TotalSecond>>>,
    /// Oldest first; at most [`GROUP_SECONDS`], without holes. Ends with the same second as `total`.
    groups: Vec<Arc<SecondOfGroups>>,
    /// The groups as they stood when the newest second had passed.
    cut: Arc<Groups>,
}

impl Series {
    /// Series of chunks of whole seconds, oldest first, without holes.
    pub fn new(total: Vec<Arc<Vec<TotalSecond>>>, groups: Vec<Arc<SecondOfGroups>>) -> Self {
        let cut = Arc::default();
        Self { total, groups, cut }
    }

    /// The same, with the groups as they stood when the newest second had passed.
    pub fn with_cut(mut self, cut: Arc<Groups>) -> Self {
        self.cut = cut;
        self
    }

    /// Makes it the series of these chunks and seconds, oldest first, without holes; `cut` is the
    /// groups as they stood when the newest had passed. Its own allocations are used again.
    pub fn refill(
        &mut self,
        total: impl Iterator<Item = Arc<Vec<TotalSecond>>>,
        groups: impl Iterator<Item = Arc<SecondOfGroups>>,
        cut: &Arc<Groups>,
    ) {
        // Every field by name: this one was published before.
        let Self {
            total: own_total,
            groups: own_groups,
            cut: own_cut,
        } = self;
        own_total.clear();
        own_total.extend(total);
        own_groups.clear();
        own_groups.extend(groups);
        own_cut.clone_from(cut);
    }

    /// The chunks of the total and the seconds of the groups, oldest first, as they are shared.
    pub fn shared(&self) -> (&[Arc<Vec<TotalSecond>>], &[Arc<SecondOfGroups>]) {
        (&self.total, &self.groups)
    }

    /// The groups as they stood when the newest second had passed.
    pub const fn cut(&self) -> &Arc<Groups> {
        &self.cut
    }

    /// How many sessions of a group were open when the newest second had passed, and how many guests
    /// waited for a reply. Series without a cut take it that nothing has changed since.
    pub fn at_end(&self, by: Dimension, group: &Group) -> (u64, u64) {
        let of = |group: &Group| (group.open_sessions, group.awaiting);
        if self.cut.as_of == EpochMs::default() {
            return of(group);
        }
        let then = self.cut.by(by).by_id(group.id);
        then.filter(|then| then.name == group.name)
            .map_or((0, 0), of)
    }

    /// The changes of groups by the second, oldest first.
    pub fn seconds_of_groups(&self) -> impl DoubleEndedIterator<Item = &SecondOfGroups> {
        self.groups.iter().map(|second| &**second)
    }

    /// The seconds of the total, oldest first.
    pub fn total(&self) -> impl DoubleEndedIterator<Item = &TotalSecond> {
        self.total.iter().flat_map(|chunk| chunk.iter())
    }

    /// Where the newest whole second ends; `None` before there is one.
    pub fn end(&self) -> Option<EpochMs> {
        self.total().next_back().map(|second| second.start + 1_000)
    }

    /// The seconds of one group, oldest first, `last` of them at the most. `at_end` is how many of its
    /// sessions were open at the end of the newest, and how many guests waited: [`Series::at_end`]. Cost:
    /// a binary search a second.
    pub fn group(
        &self,
        by: Dimension,
        id: GroupId,
        at_end: (u64, u64),
        last: usize,
    ) -> Vec<GroupSecond> {
        let newest_first = self.groups.iter().rev().take(last);
        let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let (mut open, mut awaiting) = (signed(at_end.0), signed(at_end.1));
        let shown = |count: i64| u32::try_from(count).unwrap_or(0);
        let mut seconds: Vec<GroupSecond> = newest_first
            .map(|second| {
                let listed = &second.groups[by.index()];
                let place = listed.binary_search_by_key(&id, |(id, _)| *id);
                let change = place.map_or_else(|_| GroupChange::default(), |place| listed[place].1);
                let second = GroupSecond {
                    connections: change.connections,
                    disconnections: change.disconnections,
                    messages: change.messages,
                    open_sessions: shown(open),
                    awaiting: shown(awaiting),
                };
                open -= i64::from(change.opened);
                awaiting -= i64::from(change.awaiting);
                second
            })
            .collect();
        seconds.reverse();
        seconds
    }
}
