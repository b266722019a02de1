//! The same numbers by queue, by deployment and by direction.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::WindowStats;
use crate::config::AlertBy;
use crate::config::AlertKind;
use crate::time::EpochMs;

/// What sessions and messages are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Dimension {
    /// The queue a session was routed to: `data.queueId`.
    Queue,
    /// The deployment, the page that carries the messenger: `data.deploymentId`.
    Deployment,
    /// Whether a message is from the guest or to the guest: `data.direction`. Sessions have none.
    Direction,
}

impl Dimension {
    /// Every dimension, in the order in which they are kept.
    pub const ALL: [Self; 3] = [Self::Queue, Self::Deployment, Self::Direction];

    /// The dimension's place in [`Dimension::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The dimension's name in the API, in metrics and in settings.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Deployment => "deployment",
            Self::Direction => "direction",
        }
    }
}

impl From<GroupKind> for AlertKind {
    fn from(kind: GroupKind) -> Self {
        match kind {
            GroupKind::Named => Self::Named,
            GroupKind::Unnamed => Self::Unnamed,
            GroupKind::Other => Self::Other,
        }
    }
}

impl From<AlertBy> for Dimension {
    fn from(by: AlertBy) -> Self {
        match by {
            AlertBy::Queue => Self::Queue,
            AlertBy::Deployment => Self::Deployment,
            AlertBy::Direction => Self::Direction,
        }
    }
}

impl From<Dimension> for AlertBy {
    fn from(dimension: Dimension) -> Self {
        match dimension {
            Dimension::Queue => Self::Queue,
            Dimension::Deployment => Self::Deployment,
            Dimension::Direction => Self::Direction,
        }
    }
}

/// What a group's name means.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub enum GroupKind {
    /// A name from the stream.
    #[default]
    Named,
    /// What carries no name: `(none)`.
    Unnamed,
    /// What found no room among the groups: `other`.
    Other,
}

impl GroupKind {
    /// The name under which a group without a name of its own is shown; `None` for named ones.
    pub const fn shown_as(self) -> Option<&'static str> {
        match self {
            Self::Named => None,
            Self::Unnamed => Some("(none)"),
            Self::Other => Some("other"),
        }
    }
}

/// A group's number within its dimension, its place in the writer's table. It is reused once the
/// group is freed.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct GroupId(pub u16);

/// Numbers of groups that share a chunk of a table: `[n × 64, (n + 1) × 64)`.
pub const GROUPS_IN_CHUNK: usize = 64;

/// Lengths of the windows that every group has, in milliseconds, shortest first.
pub const GROUP_WINDOWS_MS: [u32; 4] = [10_000, 60_000, 300_000, 3_600_000];

/// One group's numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Its number.
    pub id: GroupId,
    /// Its name: text from the stream, or what [`GroupKind::shown_as`] says.
    pub name: Arc<str>,
    /// What stands behind the name.
    pub kind: GroupKind,
    /// Sessions of the group open now, whenever they connected.
    pub open_sessions: u64,
    /// Those of them without any event since the latest gap began.
    pub open_uncertain: u64,
    /// Those of them whose guest waits for a reply.
    pub awaiting: u64,
    /// Since when the one does who has waited for longest; `None` while nobody waits.
    pub awaiting_since: Option<EpochMs>,
    /// By the order of [`GROUP_WINDOWS_MS`]. A direction has messages alone. Where the windows begin
    /// and how much of them is covered is that of the cut in which the group last changed: ask
    /// [`Groups::window`] for those of this cut.
    pub windows: [WindowStats; 4],
}

/// What is the same of a window for every group of a cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupWindow {
    /// The first millisecond the window covers. It lies on the grid of the group's cells.
    pub start: EpochMs,
    /// How much of the window the stream was live, in milliseconds.
    pub coverage_ms: u64,
}

impl GroupWindow {
    /// The window from `start` on, of which nothing before `counted_since` is counted; `covered_ms` says
    /// of a time and a length how much of it the stream was live.
    pub fn new(
        start: EpochMs,
        length_ms: u32,
        counted_since: Option<EpochMs>,
        covered_ms: impl FnOnce(EpochMs, u32) -> u64,
    ) -> Self {
        let length = i64::from(length_ms);
        let from = counted_since.map_or(start, |since| since.clamp(start, start + length));
        let counted = u32::try_from((start + length).since(from)).unwrap_or(length_ms);
        Self {
            start,
            coverage_ms: covered_ms(from, counted),
        }
    }
}

/// All groups of one dimension. Groups stand in shared chunks, so that a new table copies only those
/// in which something changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupTable {
    chunks: Vec<Arc<Vec<Group>>>,
}

impl GroupTable {
    /// A table of chunks; [`GroupTable::iter`] goes through them in order.
    pub const fn new(chunks: Vec<Arc<Vec<Group>>>) -> Self {
        Self { chunks }
    }

    /// Makes it a table of these chunks; its own allocation is used again.
    pub fn refill(&mut self, chunks: &[Arc<Vec<Group>>]) {
        // Every field by name: this one was published before.
        let Self { chunks: own } = self;
        own.clear();
        own.extend_from_slice(chunks);
    }

    /// The chunks, as they are shared.
    pub fn chunks(&self) -> &[Arc<Vec<Group>>] {
        &self.chunks
    }

    /// Every group, in no order that means anything.
    pub fn iter(&self) -> impl Iterator<Item = &Group> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    /// The group with a number. Cost: a binary search where chunks are the writer's.
    pub fn by_id(&self, id: GroupId) -> Option<&Group> {
        let chunk = self.chunks.get(usize::from(id.0) / GROUPS_IN_CHUNK);
        let found = chunk.and_then(|chunk| {
            let place = chunk.binary_search_by_key(&id, |group| group.id).ok()?;
            chunk.get(place)
        });
        found.or_else(|| self.iter().find(|group| group.id == id))
    }

    /// How many groups there are.
    pub fn count(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.len()).sum()
    }

    /// The group shown under a name. Where a name from the stream equals one of ours, the stream's wins
    /// unless `kind` says which it is.
    pub fn find(&self, name: &str, kind: Option<GroupKind>) -> Option<&Group> {
        let mut found = self
            .iter()
            .filter(|group| &*group.name == name && kind.is_none_or(|kind| group.kind == kind));
        let first = found.next()?;
        match first.kind {
            GroupKind::Named => Some(first),
            _ => found.next().or(Some(first)),
        }
    }
}

/// The groups of every dimension, one consistent cut, made once a bucket.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Groups {
    /// By [`Dimension::index`].
    pub tables: [GroupTable; 3],
    /// How full the tables are.
    pub room: GroupRoom,
    /// The engine clock of the cut: it holds what was applied before the bucket that begins there.
    pub as_of: EpochMs,
    /// What is before it was booked on a clock that was set back, and is not in the windows; `None` while
    /// that was not done.
    pub counted_since: Option<EpochMs>,
    /// By the order of [`GROUP_WINDOWS_MS`].
    pub windows: [GroupWindow; 4],
}

impl Groups {
    /// One window of a group of this cut, by its place in [`GROUP_WINDOWS_MS`].
    pub fn window(&self, group: &Group, index: usize) -> WindowStats {
        let mut stats = group.windows[index].clone();
        if self.as_of > EpochMs::default() {
            stats.start = self.windows[index].start;
            stats.coverage_ms = self.windows[index].coverage_ms;
        }
        stats
    }

    /// The groups of a dimension.
    pub fn by(&self, dimension: Dimension) -> &GroupTable {
        &self.tables[dimension.index()]
    }
}

/// How full the tables of groups are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRoom {
    /// Named groups at the most, in each dimension.
    pub capacity: u64,
    /// Connects, disconnects that closed a session and messages booked under `other` because their
    /// name, or that of their session, found no room, by [`Dimension::index`].
    pub overflowed: [u64; 3],
    /// Memory of all groups, in bytes.
    pub bytes: u64,
}
