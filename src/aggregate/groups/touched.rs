//! Changes of the groups of one cell: only those in which something happened.
//!
//! An index by group finds a group's change in one step, so that late events cost the same as others;
//! emptying walks the changes alone. Both keep their memory.

use super::change::Change;
use crate::aggregate::image::Stamp;
use crate::snapshot::GroupId;

/// One group's change.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) group: GroupId,
    /// The image that it was written for.
    pub(super) written: Stamp,
    pub(super) change: Change,
}

/// The changes of one cell.
#[derive(Clone, Debug, Default)]
pub(super) struct Touched {
    /// By group: the place of its entry plus one; 0 when it has none.
    places: Vec<u16>,
    entries: Vec<Entry>,
}

/// Entries there is room for in a cell that was touched at all.
const ENTRIES_MIN: usize = 16;

impl Touched {
    /// The change of a group, an empty one where it had none; and whether that was so.
    #[inline]
    pub(super) fn at(&mut self, group: GroupId) -> (&mut Change, bool) {
        let (entry, is_new) = self.entry(group);
        (&mut entry.change, is_new)
    }

    /// The same with what stands around it.
    #[inline]
    pub(super) fn entry(&mut self, group: GroupId) -> (&mut Entry, bool) {
        let index = usize::from(group.0);
        if index >= self.places.len() {
            let length = (index + 1).next_power_of_two().max(ENTRIES_MIN);
            self.places.resize(length, 0);
        }
        let is_new = self.places[index] == 0;
        if is_new {
            if self.entries.capacity() == 0 {
                // A cell is used for an hour or a minute: room for a few at once, then twice that.
                self.entries.reserve(ENTRIES_MIN);
            }
            self.entries.push(Entry {
                group,
                written: Stamp::default(),
                change: Change::default(),
            });
            // At most one entry a group, and group numbers end before 2^16 - 1.
            self.places[index] = u16::try_from(self.entries.len()).unwrap_or(u16::MAX);
        }
        let place = usize::from(self.places[index]) - 1;
        (&mut self.entries[place], is_new)
    }

    /// Whether a group has an entry.
    pub(super) fn contains(&self, group: GroupId) -> bool {
        self.places
            .get(usize::from(group.0))
            .is_some_and(|place| *place != 0)
    }

    /// All changes, in the order of their first touch.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// All changes, ascending by group.
    pub(super) fn by_group(&self) -> impl Iterator<Item = &Entry> {
        self.places
            .iter()
            .filter(|place| **place != 0)
            .map(|place| &self.entries[usize::from(*place) - 1])
    }

    /// All entries from a place on, to be changed.
    pub(super) fn entries_from(&mut self, place: usize) -> &mut [Entry] {
        let place = place.min(self.entries.len());
        &mut self.entries[place..]
    }

    pub(super) fn change_all(&mut self, change: impl Fn(&mut Change)) {
        for entry in &mut self.entries {
            change(&mut entry.change);
        }
    }

    pub(super) fn clear(&mut self) {
        for entry in &self.entries {
            self.places[usize::from(entry.group.0)] = 0;
        }
        self.entries.clear();
    }

    pub(super) fn bytes(&self) -> usize {
        self.places.capacity() * size_of::<u16>() + self.entries.capacity() * size_of::<Entry>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_and_forgotten() {
        let mut touched = Touched::default();
        for (group, is_new) in [(900, true), (3, true), (900, false), (0, true)] {
            let (change, was_new) = touched.at(GroupId(group));
            assert_eq!(was_new, is_new);
            change.messages += 1;
        }
        let listed = |entries: &[Entry]| {
            let pairs = entries
                .iter()
                .map(|entry| (entry.group.0, entry.change.messages));
            pairs.collect::<Vec<_>>()
        };
        assert_eq!(listed(touched.entries()), [(900, 2), (3, 1), (0, 1)]);
        let sorted: Vec<Entry> = touched.by_group().copied().collect();
        assert_eq!(listed(&sorted), [(0, 1), (3, 1), (900, 2)]);
        assert!(touched.contains(GroupId(3)) && !touched.contains(GroupId(4)));
        touched.clear();
        assert!(!touched.contains(GroupId(3)) && touched.entries().is_empty());
        assert!(touched.at(GroupId(3)).1);
    }
}
