//! Groups of several parts, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::numbers::Numbers;
use super::numbers::key_of;
use super::windows;
use crate::snapshot::Dimension;
use crate::snapshot::GROUP_WINDOWS_MS;
use crate::snapshot::GROUPS_IN_CHUNK;
use crate::snapshot::Group;
use crate::snapshot::GroupId;
use crate::snapshot::GroupRoom;
use crate::snapshot::GroupTable;
use crate::snapshot::GroupWindow;
use crate::snapshot::Groups;
use crate::snapshot::Snapshot;
use crate::snapshot::StreamStatus;
use crate::snapshot::WindowStats;
use crate::time::EpochMs;

/// Every group that any part has, under the numbers of the merge.
pub(super) fn merged(parts: &[&Snapshot], numbers: &Numbers, stream: &StreamStatus) -> Arc<Groups> {
    let all: Vec<&Groups> = parts.iter().map(|part| &*part.groups).collect();
    let counted_since = all.iter().filter_map(|groups| groups.counted_since).max();
    let covered = |index: usize| {
        let start = all.iter().map(|groups| groups.windows[index].start).max();
        let start = start.unwrap_or_default();
        GroupWindow::new(
            start,
            GROUP_WINDOWS_MS[index],
            counted_since,
            |start, ms| stream.covered_ms(start, ms),
        )
    };
    let windows = match all[..] {
        [one] => one.windows,
        _ => std::array::from_fn(covered),
    };
    let of_windows = |of: &[&Group]| {
        std::array::from_fn(|index| {
            let sum = windows::sum(of.iter().map(|group| &group.windows[index]));
            WindowStats {
                start: windows[index].start,
                coverage_ms: windows[index].coverage_ms,
                ..sum
            }
        })
    };
    Arc::new(Groups {
        tables: tables(&all, numbers, of_windows),
        room: room(&all),
        as_of: as_of(&all),
        counted_since,
        windows,
    })
}

/// Who was open when the newest second of each part had passed: all that series ask of it.
pub(super) fn cut(parts: &[&Snapshot], numbers: &Numbers) -> Arc<Groups> {
    let all: Vec<&Groups> = parts.iter().map(|part| &**part.series.cut()).collect();
    Arc::new(Groups {
        tables: tables(&all, numbers, |_| Default::default()),
        as_of: as_of(&all),
        ..Groups::default()
    })
}

fn as_of(all: &[&Groups]) -> EpochMs {
    let as_of = all.iter().map(|groups| groups.as_of);
    as_of.max().unwrap_or_default()
}

fn tables(
    all: &[&Groups],
    numbers: &Numbers,
    windows: impl Fn(&[&Group]) -> [WindowStats; 4],
) -> [GroupTable; 3] {
    Dimension::ALL.map(|dimension| {
        let mut of: BTreeMap<GroupId, Vec<&Group>> = BTreeMap::new();
        for group in all.iter().flat_map(|groups| groups.by(dimension).iter()) {
            let number = numbers.number(dimension, &key_of(group));
            of.entry(number).or_default().push(group);
        }
        let mut chunks: Vec<Vec<Group>> = Vec::new();
        for (key, id) in numbers.keys(dimension) {
            let Some(of) = of.get(&id) else { continue };
            let chunk = usize::from(id.0) / GROUPS_IN_CHUNK;
            chunks.resize_with(chunk + 1, Vec::new);
            chunks[chunk].push(Group {
                id,
                name: Arc::clone(key.name()),
                kind: key.kind(),
                open_sessions: of.iter().map(|group| group.open_sessions).sum(),
                open_uncertain: of.iter().map(|group| group.open_uncertain).sum(),
                awaiting: of.iter().map(|group| group.awaiting).sum(),
                awaiting_since: of.iter().filter_map(|group| group.awaiting_since).min(),
                windows: windows(of),
            });
        }
        GroupTable::new(chunks.into_iter().map(Arc::new).collect())
    })
}

fn room(all: &[&Groups]) -> GroupRoom {
    let rooms = || all.iter().map(|groups| groups.room);
    GroupRoom {
        // An engine whose table is full counts under `other`, whatever room others have.
        capacity: rooms().map(|room| room.capacity).min().unwrap_or(0),
        overflowed: std::array::from_fn(|dimension| {
            rooms().map(|room| room.overflowed[dimension]).sum()
        }),
        bytes: rooms().map(|room| room.bytes).sum(),
    }
}
