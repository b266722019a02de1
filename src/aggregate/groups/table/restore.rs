//! A table of groups as an image holds it, and back.
//!
//! What windows sum up, and how many cells a group has, follows from the cells; the sums of durations
//! follow from the panes.

use super::COARSE;
use super::MID;
use super::NAMED_FIRST;
use super::NameId;
use super::Slot;
use super::Table;
use crate::aggregate::groups::change::Change;
use crate::aggregate::groups::grid::Grid;
use crate::aggregate::groups::touched::Entry;
use crate::aggregate::image;
use crate::aggregate::image::Frames;
use crate::aggregate::image::ImageFault;
use crate::aggregate::image::Piece;
use crate::aggregate::image::Scribe;
use crate::aggregate::image::Side;
use crate::aggregate::image::Stamp;
use crate::aggregate::image::ensure;
use crate::snapshot::GroupId;

/// Changes, groups or panes looked at for one piece of an image.
const LOOKS_MAX: usize = 1_024;

/// How far an image is written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    /// As an image numbers the dimension.
    dimension: u8,
    /// The next group.
    group: usize,
    /// The resolution, cell and place in it of the next change.
    change: (usize, usize, usize),
}

impl Progress {
    pub(super) const fn dimension(&self) -> u8 {
        self.dimension
    }
}

/// The pieces of a table.
#[derive(Debug, Default)]
pub(in crate::aggregate::groups) struct Pieces {
    pub(in crate::aggregate::groups) groups: Vec<image::Group>,
    /// Resolution, cell, group and change.
    pub(in crate::aggregate::groups) changes: Vec<(u8, i64, u16, Change)>,
    /// Window, pane, group and durations.
    pub(in crate::aggregate::groups) durations: Vec<(u8, i64, u16, image::Histogram)>,
}

impl Table {
    /// Cuts: groups, cells and panes of an image are those of now.
    pub(in crate::aggregate::groups) fn cut(&mut self, side: Side, dimension: u8) -> image::Table {
        self.scribe.cut(side);
        self.progress = Progress {
            dimension,
            ..Progress::default()
        };
        let [fine, mid, coarse] = &mut self.cells;
        let panes = (0..).zip(&mut self.panes);
        image::Table {
            groups: u32::try_from(self.slots.len()).unwrap_or(u32::MAX),
            free: self.free.iter().map(|group| group.0).collect(),
            is_changed: self.is_changed.clone(),
            candidates: self.candidates.iter().map(|group| group.0).collect(),
            doubts: self.doubts,
            changed_seconds: mid.changed_ones(),
            cells: [fine.cut(), mid.cut(), coarse.cut()],
            panes: panes
                .map(|(place, panes)| panes.cut(dimension, place))
                .collect(),
        }
    }

    /// Writes some of the groups, their durations and changes at the cut; whether there are more.
    pub(in crate::aggregate::groups) fn write_some(&mut self, to: &mut Frames) -> bool {
        if !self.scribe.is_busy() {
            return false;
        }
        let mut left = LOOKS_MAX;
        while left > 0 && self.progress.group < self.slots.len() {
            left = left.saturating_sub(self.write_group(self.progress.group));
            self.progress.group += 1;
        }
        while left > 0 {
            let (resolution, place, first) = self.progress.change;
            let Some(cells) = self.cells.get_mut(resolution) else {
                self.scribe.finish(to);
                return false;
            };
            if place == cells.count() {
                self.progress.change = (resolution + 1, 0, 0);
                continue;
            }
            let (number, entries) = cells.entries_from(place, first);
            let looked = entries.len().min(left);
            for entry in &mut entries[..looked] {
                let dimension = self.progress.dimension;
                write_entry(&mut self.scribe, dimension, resolution, number, entry);
            }
            self.progress.change = match looked == entries.len() {
                true => (resolution, place + 1, 0),
                false => (resolution, place, first + looked),
            };
            left = left.saturating_sub(looked + 1);
        }
        self.scribe.hand_on(to);
        true
    }

    /// Writes no more of an image that nobody wants.
    pub(in crate::aggregate::groups) fn write_none(&mut self) {
        self.scribe.give_up();
    }

    /// Writes a group of the cut before it changes.
    pub(super) fn write_before(&mut self, group: GroupId) {
        let slot = &mut self.slots[usize::from(group.0)];
        if !self.scribe.is_due(&mut slot.written) || !slot.is_taken {
            return;
        }
        let dimension = self.progress.dimension;
        self.scribe.write(|side| Piece::Group {
            side,
            dimension,
            group: slot.plain(group),
        });
    }

    /// Writes a group and its durations; answers what that cost.
    fn write_group(&mut self, place: usize) -> usize {
        let group = GroupId(u16::try_from(place).unwrap_or(u16::MAX));
        self.write_before(group);
        let mut looked = 1;
        let slot = &mut self.slots[place];
        for (panes, own) in self.panes.iter().zip(&mut slot.durations) {
            looked += panes.write(group, own, &mut self.scribe);
        }
        looked
    }

    /// The table of an image.
    pub(in crate::aggregate::groups) fn restore(
        plain: &image::Table,
        pieces: Pieces,
        grid: &Grid,
        named_max: usize,
    ) -> Result<Self, ImageFault> {
        let mut table = Self::new(grid, named_max, 0);
        let count = plain.groups as usize;
        let is_count = (NAMED_FIRST..=table.slots_max.min(usize::from(u16::MAX))).contains(&count);
        ensure(is_count, "more groups than there is room for")?;
        table.doubts = plain.doubts;
        table.slots = std::iter::repeat_with(|| Slot::free(plain.doubts))
            .take(count)
            .collect();
        for group in pieces.groups {
            let slot = table.slots.get_mut(usize::from(group.number));
            let slot = slot.ok_or(ImageFault::damaged("a group with too great a number"))?;
            ensure(!slot.is_taken, "two groups of one number")?;
            *slot = Slot::of_plain(group);
        }
        let mut is_free = vec![false; count];
        for &number in &plain.free {
            let there = is_free.get_mut(usize::from(number));
            let is_new = there.is_some_and(|there| !std::mem::replace(there, true));
            ensure(is_new, "a free number of a group that is none")?;
            table.free.push(GroupId(number));
        }
        let is_either = |(slot, is_free): (&Slot, bool)| slot.is_taken != is_free;
        ensure(
            table.slots.iter().zip(is_free).all(is_either),
            "a group that is free",
        )?;
        for (cells, current) in table.cells.iter_mut().zip(plain.cells) {
            ensure(current.unsigned_abs() < 1 << 48, "a cell that cannot be")?;
            cells.put_current(current);
        }
        ensure(
            plain.panes.len() == table.panes.len(),
            "panes of other windows",
        )?;
        for (panes, &current) in table.panes.iter_mut().zip(&plain.panes) {
            ensure(current.unsigned_abs() < 1 << 48, "a pane that cannot be")?;
            panes.put_current(current);
        }
        table.put_changes(pieces.changes)?;
        for (window, number, group, durations) in pieces.durations {
            let panes = table.panes.get_mut(usize::from(window));
            let panes = panes.ok_or(ImageFault::damaged("durations of no window"))?;
            let slot = table.slots.get_mut(usize::from(group));
            let slot = slot.ok_or(ImageFault::damaged("durations of no group"))?;
            let own = &mut slot.durations[usize::from(window)];
            panes.put(GroupId(group), own, number, &durations)?;
        }
        for &number in &plain.changed_seconds {
            ensure(
                table.cells[MID].put_changed(number),
                "a second that is gone",
            )?;
        }
        let chunks = count.div_ceil(crate::snapshot::GROUPS_IN_CHUNK);
        ensure(plain.is_changed.len() == chunks, "a chunk of no group")?;
        table.is_changed.clone_from(&plain.is_changed);
        for &number in &plain.candidates {
            ensure(usize::from(number) < count, "a group that is not there")?;
            table.candidates.push(GroupId(number));
        }
        Ok(table)
    }

    fn put_changes(&mut self, mut changes: Vec<(u8, i64, u16, Change)>) -> Result<(), ImageFault> {
        // In one order, whatever was written first.
        changes
            .sort_unstable_by_key(|(resolution, number, group, _)| (*resolution, *number, *group));
        for (resolution, number, group, change) in changes {
            let resolution = usize::from(resolution);
            let cells = self.cells.get_mut(resolution);
            let cells = cells.ok_or(ImageFault::damaged("a cell of no resolution"))?;
            let slot = self.slots.get_mut(usize::from(group));
            let slot = slot.ok_or(ImageFault::damaged("a change of no group"))?;
            let windows = cells.put(number, GroupId(group), change);
            let windows = windows.ok_or(ImageFault::damaged("a change of no cell, or twice"))?;
            for window in windows {
                slot.windows[window] += change.sums();
            }
            slot.cells += u32::from(resolution == COARSE);
        }
        Ok(())
    }

    /// Whether there is a group with a number.
    pub(in crate::aggregate::groups) fn is_group(&self, group: GroupId) -> bool {
        let slot = self.slots.get(usize::from(group.0));
        slot.is_some_and(|slot| slot.is_taken)
    }

    /// Whether a group has this name.
    pub(in crate::aggregate::groups) fn is_named(&self, group: GroupId, id: NameId) -> bool {
        let slot = self.slots.get(usize::from(group.0));
        slot.is_some_and(|slot| slot.is_taken && slot.name_id == Some(id))
    }

    /// The names of the groups that have one.
    pub(in crate::aggregate::groups) fn names(&self) -> impl Iterator<Item = NameId> {
        let taken = self.slots.iter().filter(|slot| slot.is_taken);
        taken.filter_map(|slot| slot.name_id)
    }
}

/// Writes a change of the cut before it changes again.
pub(super) fn write_entry(
    scribe: &mut Scribe,
    dimension: u8,
    resolution: usize,
    cell: i64,
    entry: &mut Entry,
) {
    if scribe.is_due(&mut entry.written) {
        scribe.write(|side| Piece::Change {
            side,
            dimension,
            resolution: u8::try_from(resolution).unwrap_or(u8::MAX),
            cell,
            group: entry.group.0,
            change: entry.change,
        });
    }
}

impl Slot {
    /// One that stands for no group.
    fn free(doubts: u32) -> Self {
        Self {
            name: Default::default(),
            kind: crate::snapshot::GroupKind::Named,
            name_id: None,
            open: 0,
            certain: 0,
            doubts,
            awaiting: 0,
            awaiting_since: None,
            cells: 0,
            windows: Default::default(),
            durations: Default::default(),
            is_taken: false,
            written: Stamp::default(),
        }
    }

    fn plain(&self, group: GroupId) -> image::Group {
        image::Group {
            number: group.0,
            name: std::sync::Arc::clone(&self.name),
            kind: self.kind,
            name_id: self.name_id.map(|name| name.0),
            open: self.open,
            certain: self.certain,
            doubts: self.doubts,
            awaiting: self.awaiting,
            awaiting_since: self.awaiting_since,
        }
    }

    fn of_plain(plain: image::Group) -> Self {
        Self {
            name: plain.name,
            kind: plain.kind,
            name_id: plain.name_id.map(NameId),
            open: plain.open,
            certain: plain.certain,
            awaiting: plain.awaiting,
            awaiting_since: plain.awaiting_since,
            is_taken: true,
            ..Self::free(plain.doubts)
        }
    }
}
