//! Numbers of groups that mean the same whatever engine a part comes from.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::snapshot::Dimension;
use crate::snapshot::Group;
use crate::snapshot::GroupId;
use crate::snapshot::GroupKind;
use crate::snapshot::Groups;
use crate::snapshot::Snapshot;

/// A group's name and what it means; what has no name of its own comes first, as in an engine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    rank: u8,
    name: Arc<str>,
}

/// The numbers of all groups of a merge, in the order of their keys.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// By [`Dimension::index`].
    by: [BTreeMap<Key, GroupId>; 3],
}

impl Key {
    pub(super) fn of(kind: GroupKind, name: &Arc<str>) -> Self {
        let rank = match kind {
            GroupKind::Unnamed => 0,
            GroupKind::Other => 1,
            GroupKind::Named => 2,
        };
        Self {
            rank,
            name: Arc::clone(name),
        }
    }

    pub(super) fn kind(&self) -> GroupKind {
        match self.rank {
            0 => GroupKind::Unnamed,
            1 => GroupKind::Other,
            _ => GroupKind::Named,
        }
    }

    pub(super) const fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The key of what finds no room.
    fn other() -> Self {
        Self::of(
            GroupKind::Other,
            &Arc::from(GroupKind::Other.shown_as().unwrap_or_default()),
        )
    }
}

impl Numbers {
    /// Numbers for every group that any part has now, or had when its newest second had passed.
    pub(super) fn of(parts: &[&Snapshot]) -> Self {
        let mut numbers = Self::default();
        for dimension in Dimension::ALL {
            let own = &mut numbers.by[dimension.index()];
            for groups in parts
                .iter()
                .flat_map(|part| [&part.groups, part.series.cut()])
            {
                for group in groups.by(dimension).iter() {
                    own.insert(Key::of(group.kind, &group.name), GroupId::default());
                }
            }
            if own.len() > ROOM {
                own.insert(Key::other(), GroupId::default());
                let rest = own.keys().nth(ROOM).cloned();
                rest.map(|rest| own.split_off(&rest));
            }
            // The places first: with as many groups as numbers there is no number after the last.
            for (place, number) in own.values_mut().zip(0..) {
                *place = GroupId(number);
            }
        }
        numbers
    }

    /// The number of a group; that of `other` where there were more groups than numbers.
    pub(super) fn number(&self, dimension: Dimension, key: &Key) -> GroupId {
        let own = &self.by[dimension.index()];
        let found = own.get(key).or_else(|| own.get(&Key::other()));
        found.copied().unwrap_or_default()
    }

    /// Every group, in the order of its number.
    pub(super) fn keys(&self, dimension: Dimension) -> impl Iterator<Item = (&Key, GroupId)> {
        self.by[dimension.index()]
            .iter()
            .map(|(key, number)| (key, *number))
    }

    /// The numbers of the groups of one part, by their own.
    pub(super) fn translation(
        &self,
        dimension: Dimension,
        part: &Snapshot,
    ) -> Vec<Option<GroupId>> {
        let mut translation = Vec::new();
        let mut add = |groups: &Groups| {
            for group in groups.by(dimension).iter() {
                let place = usize::from(group.id.0);
                if translation.len() <= place {
                    translation.resize(place + 1, None);
                }
                translation[place] = Some(self.number(dimension, &key_of(group)));
            }
        };
        // The seconds are of the cut: where it has a group, its word counts.
        add(&part.groups);
        add(part.series.cut());
        translation
    }
}

pub(super) fn key_of(group: &Group) -> Key {
    Key::of(group.kind, &group.name)
}

/// Groups of a dimension at the most: as many as there are numbers.
const ROOM: usize = u16::MAX as usize;
