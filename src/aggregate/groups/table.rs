//! The groups of one dimension: their sums over every window, kept as cells come and go.
//!
//! Changes are booked in cells of three resolutions and in the sums of the windows that cover them;
//! sliding takes out what leaving cells hold. Nothing here walks all groups.

mod restore;
mod slot;

use std::sync::Arc;

use super::cells::Booked;
use super::cells::Cells;
use super::cells::Out;
use super::change::Change;
use super::grid::Grid;
use super::grid::HISTOGRAMS;
use super::grid::histogram_at;
use super::panes::Panes;
use crate::aggregate::buckets::Sums;
use crate::aggregate::image::Scribe;
use crate::histogram::Histogram;
use crate::metric::Measure;
use crate::snapshot::GROUP_SECONDS;
use crate::snapshot::GROUPS_IN_CHUNK;
use crate::snapshot::GroupId;
use crate::snapshot::GroupKind;
use crate::time::EpochMs;

use super::names::NameId;

use restore::Progress;
use restore::write_entry;

pub(super) use restore::Pieces;
pub(super) use slot::Slot;

/// What carries no name.
pub(super) const UNNAMED: GroupId = GroupId(0);
/// What found no room.
pub(super) const OTHER: GroupId = GroupId(1);
/// The number of the first group with a name.
const NAMED_FIRST: usize = 2;

/// Places of the resolutions.
const MID: usize = 1;
const COARSE: usize = 2;

/// The groups of one dimension.
#[derive(Clone, Debug)]
pub(super) struct Table {
    slots: Vec<Slot>,
    free: Vec<GroupId>,
    /// Slots at the most, [`UNNAMED`] and [`OTHER`] included.
    slots_max: usize,
    cells: [Cells; 3],
    panes: [Panes; HISTOGRAMS],
    /// The values that are being recorded.
    recorded: Histogram,
    /// Groups that changed since their numbers were last published, by chunk.
    is_changed: Vec<bool>,
    /// Groups that may have to be freed.
    candidates: Vec<GroupId>,
    /// How often all open sessions became uncertain.
    doubts: u32,
    /// How far an image is written.
    progress: Progress,
    scribe: Scribe,
}

impl Table {
    pub(super) fn new(grid: &Grid, named_max: usize, now_ms: i64) -> Self {
        let mut table = Self {
            slots: Vec::new(),
            free: Vec::new(),
            slots_max: named_max + NAMED_FIRST,
            cells: cells(grid, now_ms),
            panes: panes(grid, now_ms),
            recorded: Histogram::default(),
            is_changed: Vec::new(),
            candidates: Vec::new(),
            doubts: 0,
            progress: Progress::default(),
            scribe: Scribe::default(),
        };
        for kind in [GroupKind::Unnamed, GroupKind::Other] {
            table.take(Arc::from(kind.shown_as().unwrap_or_default()), kind, None);
        }
        table
    }

    /// A new group; `None` when there is no room.
    pub(super) fn add(&mut self, name: &Arc<str>, name_id: Option<NameId>) -> Option<GroupId> {
        let has_room = !self.free.is_empty() || self.slots.len() < self.slots_max;
        has_room.then(|| self.take(Arc::clone(name), GroupKind::Named, name_id))
    }

    fn take(&mut self, name: Arc<str>, kind: GroupKind, name_id: Option<NameId>) -> GroupId {
        let slot = Slot {
            name,
            kind,
            name_id,
            open: 0,
            certain: 0,
            doubts: self.doubts,
            awaiting: 0,
            awaiting_since: None,
            cells: 0,
            windows: [Sums::default(); 4],
            durations: Default::default(),
            is_taken: true,
            written: self.scribe.stamp(),
        };
        if let Some(group) = self.free.pop() {
            self.slots[usize::from(group.0)] = slot;
            return group;
        }
        self.slots.push(slot);
        if self.slots.len().div_ceil(GROUPS_IN_CHUNK) > self.is_changed.len() {
            self.is_changed.push(true);
        }
        GroupId(u16::try_from(self.slots.len() - 1).unwrap_or(u16::MAX))
    }

    /// Books what happened in a group at a time.
    pub(super) fn book(&mut self, group: GroupId, time_ms: i64, change: &Change) {
        self.write_before(group);
        let slot = &mut self.slots[usize::from(group.0)];
        let sums = change.sums();
        let (scribe, dimension) = (&mut self.scribe, self.progress.dimension());
        for (resolution, cells) in self.cells.iter_mut().enumerate() {
            let booked = cells.add(time_ms, group, change, |cell, entry, is_new| match is_new {
                true => entry.written = scribe.stamp(),
                false => write_entry(scribe, dimension, resolution, cell, entry),
            });
            if booked == Booked::Nowhere {
                continue;
            }
            for window in cells.windows_at(time_ms) {
                slot.windows[window] += sums;
            }
            if resolution == COARSE && booked == Booked::New {
                slot.cells += 1;
            }
        }
        slot.open = slot.open.wrapping_add_signed(i64::from(change.opened));
        let more = i64::from(change.awaiting);
        slot.awaiting = slot.awaiting.wrapping_add_signed(more);
        slot.heed(self.doubts);
        slot.certain = slot.certain.wrapping_add_signed(i64::from(change.certain));
        self.is_changed[usize::from(group.0) / GROUPS_IN_CHUNK] = true;
    }

    /// Takes since when the guest of a group does who has waited for longest.
    pub(super) fn put_oldest(&mut self, group: GroupId, since: Option<EpochMs>) {
        self.write_before(group);
        self.slots[usize::from(group.0)].awaiting_since = since;
        self.is_changed[usize::from(group.0) / GROUPS_IN_CHUNK] = true;
    }

    /// A gap began: no open session is certain any more.
    pub(super) fn doubt(&mut self) {
        self.doubts = self.doubts.wrapping_add(1);
        self.is_changed.fill(true);
    }

    /// Records values of a group of one time, in ascending order.
    pub(super) fn record(
        &mut self,
        group: GroupId,
        time_ms: i64,
        measure: Measure,
        values: impl IntoIterator<Item = u64>,
    ) {
        self.recorded.clear();
        self.recorded.record_ascending(values);
        let slot = &mut self.slots[usize::from(group.0)];
        let (values, scribe) = (&self.recorded, &mut self.scribe);
        let kept = self.panes.iter_mut().zip(&mut slot.durations).enumerate();
        for (_, (panes, own)) in kept.filter(|(place, _)| histogram_at(*place).1 == measure) {
            panes.record(group, own, time_ms, values, scribe);
        }
        self.is_changed[usize::from(group.0) / GROUPS_IN_CHUNK] = true;
    }

    /// Moves the windows one cell or pane on towards a time. Answers what that cost, in changes
    /// walked; `None` when they are there.
    pub(super) fn step(&mut self, to_ms: i64) -> Option<usize> {
        let (slots, is_changed) = (&mut self.slots, &mut self.is_changed);
        let candidates = &mut self.candidates;
        let (scribe, dimension) = (&mut self.scribe, self.progress.dimension());
        for (resolution, cells) in self.cells.iter_mut().enumerate() {
            let walked = cells.step(to_ms, |out| match out {
                Out::OfWindow(window, entry) => {
                    let group = usize::from(entry.group.0);
                    slots[group].windows[window] -= entry.change.sums();
                    is_changed[group / GROUPS_IN_CHUNK] = true;
                }
                Out::OfRetention(cell, entry) if resolution == COARSE => {
                    write_entry(scribe, dimension, resolution, cell, entry);
                    let group = entry.group;
                    let slot = &mut slots[usize::from(group.0)];
                    slot.cells -= 1;
                    if slot.is_empty() {
                        candidates.push(group);
                    }
                    // It may be listed no more.
                    is_changed[usize::from(group.0) / GROUPS_IN_CHUNK] = true;
                }
                Out::OfRetention(cell, entry) => {
                    write_entry(scribe, dimension, resolution, cell, entry);
                }
            });
            if walked.is_some() {
                return walked;
            }
        }
        for (index, panes) in self.panes.iter_mut().enumerate() {
            let Some(holders) = panes.step(to_ms) else {
                continue;
            };
            for group in &holders {
                let slot = &mut slots[usize::from(group.0)];
                panes.retire(*group, &mut slot.durations[index], scribe);
                if slot.is_empty() {
                    candidates.push(*group);
                }
                is_changed[usize::from(group.0) / GROUPS_IN_CHUNK] = true;
            }
            let walked = holders.len();
            panes.give_back(holders);
            return Some(walked + 1);
        }
        None
    }

    /// Frees the groups that have neither a retained cell nor an open session, unless something is
    /// about to be booked in them; `freed` gets their names.
    pub(super) fn free_empty(
        &mut self,
        is_needed: impl Fn(GroupId) -> bool,
        mut freed: impl FnMut(NameId),
    ) {
        while let Some(group) = self.candidates.pop() {
            let slot = &self.slots[usize::from(group.0)];
            let (true, true, Some(name)) = (slot.is_taken, slot.is_empty(), slot.name_id) else {
                continue;
            };
            if is_needed(group) {
                continue;
            }
            self.write_before(group);
            let slot = &mut self.slots[usize::from(group.0)];
            slot.is_taken = false;
            slot.name = Arc::default();
            for (panes, own) in self.panes.iter_mut().zip(&mut slot.durations) {
                panes.free(group, own, &mut self.scribe);
            }
            self.free.push(group);
            self.is_changed[usize::from(group.0) / GROUPS_IN_CHUNK] = true;
            freed(name);
        }
    }

    /// Looks at every group when the empty ones are freed the next time.
    pub(super) fn doubt_empty(&mut self) {
        self.candidates.clear();
        for (place, slot) in self.slots.iter().enumerate() {
            if slot.is_taken && slot.is_empty() {
                self.candidates
                    .push(GroupId(u16::try_from(place).unwrap_or(u16::MAX)));
            }
        }
    }

    /// Empties all windows and begins them at a time. What is open stays.
    pub(super) fn begin_anew(&mut self, grid: &Grid, now_ms: i64) {
        self.cells = cells(grid, now_ms);
        self.panes = panes(grid, now_ms);
        for slot in &mut self.slots {
            slot.cells = 0;
            slot.windows = [Sums::default(); 4];
            slot.durations = Default::default();
        }
        self.is_changed.fill(true);
        self.doubt_empty();
    }

    /// How many chunks a published table has.
    pub(super) fn chunks(&self) -> usize {
        self.is_changed.len()
    }

    /// The groups of a chunk, if one of them changed since the latest look: those that have a
    /// retained cell or an open session.
    pub(super) fn changed(
        &mut self,
        chunk: usize,
    ) -> Option<impl Iterator<Item = (GroupId, &Slot)>> {
        if !std::mem::take(&mut self.is_changed[chunk]) {
            return None;
        }
        let first = chunk * GROUPS_IN_CHUNK;
        let last = (first + GROUPS_IN_CHUNK).min(self.slots.len());
        for place in first..last {
            if self.slots[place].doubts != self.doubts {
                self.write_before(GroupId(u16::try_from(place).unwrap_or(u16::MAX)));
                self.slots[place].heed(self.doubts);
            }
        }
        let slots = &self.slots[first..last];
        let numbered = (first..).zip(slots.iter());
        Some(
            numbered
                .filter(|(_, slot)| slot.is_taken && !slot.is_empty())
                .map(|(number, slot)| (GroupId(u16::try_from(number).unwrap_or(0)), slot)),
        )
    }

    /// The name of a group.
    pub(super) fn name(&self, group: GroupId) -> &Arc<str> {
        &self.slots[usize::from(group.0)].name
    }

    /// What stands behind the name of a group.
    pub(super) fn kind(&self, group: GroupId) -> GroupKind {
        self.slots[usize::from(group.0)].kind
    }

    /// The cells of a second, or of the shortest time above it.
    pub(super) fn seconds(&mut self) -> &mut Cells {
        &mut self.cells[MID]
    }

    /// Whether one of those changed since it was asked for.
    pub(super) const fn has_changed_seconds(&self) -> bool {
        self.cells[MID].has_changed()
    }

    /// Named groups there is room for.
    pub(super) fn capacity(&self) -> usize {
        self.slots_max - NAMED_FIRST
    }

    pub(super) fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>()
            + self.cells.iter().map(Cells::bytes).sum::<usize>()
            + self.panes.iter().map(Panes::bytes).sum::<usize>()
            + self.recorded.bytes()
    }
}

fn cells(grid: &Grid, now_ms: i64) -> [Cells; 3] {
    let window = |index: usize| (index, grid.windows[index].cells());
    // As many whole seconds as a series has, and the one that has begun.
    let seconds = GROUP_SECONDS as i64 * 1_000 / grid.mid_ms + 1;
    let more = (seconds - grid.windows[2].cells()).max(0);
    [
        Cells::new(grid.fine_ms, vec![window(0), window(1)], 0, now_ms),
        Cells::new(grid.mid_ms, vec![window(2)], more, now_ms),
        Cells::new(grid.coarse_ms, vec![window(3)], 0, now_ms),
    ]
}

fn panes(grid: &Grid, now_ms: i64) -> [Panes; HISTOGRAMS] {
    std::array::from_fn(|place| {
        let (window, _) = histogram_at(place);
        Panes::new(grid.windows[window], EpochMs::from_ms(now_ms))
    })
}
