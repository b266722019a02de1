//! The retained cells of one resolution, a ring of them, and the windows that stand on it.

use super::change::Change;
use super::touched::Entry;
use super::touched::Touched;
use crate::snapshot::GroupId;

/// A ring of cells.
#[derive(Clone, Debug)]
pub(super) struct Cells {
    cell_ms: i64,
    /// By number modulo their count; retained are `(current - cells.len(), current]`.
    cells: Vec<Cell>,
    /// The cell that holds the clock.
    current: i64,
    /// The windows on this resolution and how many cells each covers: `1 <= cells <= cells.len()`.
    windows: Vec<(usize, i64)>,
    /// Cells that changed since somebody looked.
    changed: usize,
    /// The cell that held the clock when the latest image was cut.
    cut: i64,
}

#[derive(Clone, Debug, Default)]
struct Cell {
    touched: Touched,
    /// Whether it changed since somebody looked.
    is_changed: bool,
}

/// What one change of a cell came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Booked {
    /// The cell is not retained: nothing changed.
    Nowhere,
    /// In a cell in which the group had an entry.
    Known,
    /// In a cell in which it is new.
    New,
}

/// What leaves with a cell.
#[derive(Debug)]
pub(super) enum Out<'cell> {
    /// A group's change leaves a window.
    OfWindow(usize, &'cell Entry),
    /// A group has one retained cell less: its change goes for good from the cell that had a number at the
    /// latest cut.
    OfRetention(i64, &'cell mut Entry),
}

impl Cells {
    /// Cells of `cell_ms` for windows of so many of them, the longest and `more` retained.
    pub(super) fn new(cell_ms: i64, windows: Vec<(usize, i64)>, more: i64, now_ms: i64) -> Self {
        let longest = windows.iter().map(|(_, cells)| *cells).max().unwrap_or(1);
        let length = usize::try_from(longest + more).unwrap_or(1);
        let mut cells = Vec::new();
        cells.resize_with(length, Cell::default);
        Self {
            cell_ms,
            cells,
            current: now_ms.div_euclid(cell_ms),
            windows,
            changed: 0,
            cut: 0,
        }
    }

    /// The windows in which a change at a time counts.
    pub(super) fn windows_at(&self, time_ms: i64) -> impl Iterator<Item = usize> {
        let number = time_ms.div_euclid(self.cell_ms);
        let covers = move |cells: i64| number > self.current - cells && number <= self.current;
        self.windows
            .iter()
            .filter(move |(_, cells)| covers(*cells))
            .map(|(window, _)| *window)
    }

    /// Adds to a group's change at a time; `before` is given the cell's number at the latest cut, the change
    /// that was there, and whether none was.
    pub(super) fn add(
        &mut self,
        time_ms: i64,
        group: GroupId,
        change: &Change,
        before: impl FnOnce(i64, &mut Entry, bool),
    ) -> Booked {
        let number = time_ms.div_euclid(self.cell_ms);
        if !self.is_retained(number) {
            return Booked::Nowhere;
        }
        let place = self.place_of(number);
        let number = self.number_at_cut(place);
        let cell = &mut self.cells[place];
        self.changed += usize::from(!std::mem::replace(&mut cell.is_changed, true));
        let (own, is_new) = cell.touched.entry(group);
        before(number, own, is_new);
        own.change.add(change);
        if is_new { Booked::New } else { Booked::Known }
    }

    /// Moves one cell on towards the one that holds `to_ms`, and tells what that takes out. Answers
    /// what it cost, in changes walked; `None` when it is there.
    pub(super) fn step(&mut self, to_ms: i64, mut out: impl FnMut(Out<'_>)) -> Option<usize> {
        let target = to_ms.div_euclid(self.cell_ms);
        if target <= self.current {
            return None;
        }
        self.skip(target);
        let mut walked = 1;
        for (window, cells) in &self.windows {
            let leaving = self.place_of(self.current - cells + 1);
            let entries = self.cells[leaving].touched.entries();
            entries
                .iter()
                .for_each(|entry| out(Out::OfWindow(*window, entry)));
            walked += entries.len();
        }
        self.current += 1;
        let place = self.place_of(self.current);
        let gone = self.number_at_cut(place);
        let cell = &mut self.cells[place];
        let entries = cell.touched.entries_from(0);
        walked += entries.len();
        entries
            .iter_mut()
            .for_each(|entry| out(Out::OfRetention(gone, entry)));
        cell.touched.clear();
        self.changed -= usize::from(std::mem::take(&mut cell.is_changed));
        Some(walked)
    }

    /// After as many steps as there are cells everything is empty, so a longer way is cut short. The
    /// cells' numbers change by that, their places do not.
    fn skip(&mut self, target: i64) {
        let length = self.length();
        let more = target - self.current - length;
        if more > 0 {
            self.current += more / length * length;
        }
    }

    /// Whether the cell that begins at a time is retained and has changed since the latest time this
    /// was asked.
    pub(super) fn take_changed(&mut self, start_ms: i64) -> bool {
        let number = start_ms.div_euclid(self.cell_ms);
        if !self.is_retained(number) || start_ms.rem_euclid(self.cell_ms) != 0 {
            return false;
        }
        let place = self.place_of(number);
        let is_changed = std::mem::take(&mut self.cells[place].is_changed);
        self.changed -= usize::from(is_changed);
        is_changed
    }

    /// Whether any retained cell has changed since it was asked for.
    pub(super) const fn has_changed(&self) -> bool {
        self.changed > 0
    }

    /// The changes of the cell that begins at a time, which is retained.
    pub(super) fn touched(&self, start_ms: i64) -> &Touched {
        &self.cells[self.place_of(start_ms.div_euclid(self.cell_ms))].touched
    }

    // Images. Where the clock jumps far, cells keep their places and change their numbers: an image has
    // those of its cut.

    /// Cuts: answers the cell that holds the clock.
    pub(super) const fn cut(&mut self) -> i64 {
        self.cut = self.current;
        self.current
    }

    /// How many cells there are.
    pub(super) const fn count(&self) -> usize {
        self.cells.len()
    }

    /// The number that the cell at a place had at the latest cut, and its changes from one on.
    pub(super) fn entries_from(&mut self, place: usize, first: usize) -> (i64, &mut [Entry]) {
        let number = self.number_at_cut(place);
        (number, self.cells[place].touched.entries_from(first))
    }

    /// Those that changed since somebody looked.
    pub(super) fn changed_ones(&self) -> Vec<i64> {
        let numbers = self.current - self.length() + 1..=self.current;
        let is_changed = |number: &i64| self.cells[self.place_of(*number)].is_changed;
        numbers.filter(is_changed).collect()
    }

    /// Sets which cell holds the clock, while everything is empty.
    pub(super) const fn put_current(&mut self, current: i64) {
        self.current = current;
    }

    /// Puts back a change of a group that has none in a cell; `None` where that is not retained, else the
    /// windows that it counts in.
    pub(super) fn put(
        &mut self,
        number: i64,
        group: GroupId,
        change: Change,
    ) -> Option<Vec<usize>> {
        if !self.is_retained(number) {
            return None;
        }
        let place = self.place_of(number);
        let (own, is_new) = self.cells[place].touched.at(group);
        *own = change;
        is_new.then(|| self.windows_at(number * self.cell_ms).collect())
    }

    /// Puts back that a cell has changed since somebody looked; `false` where it is not retained.
    pub(super) fn put_changed(&mut self, number: i64) -> bool {
        let is_retained = self.is_retained(number);
        if is_retained {
            let place = self.place_of(number);
            let before = std::mem::replace(&mut self.cells[place].is_changed, true);
            self.changed += usize::from(!before);
        }
        is_retained
    }

    /// The number of the cell at a place when the latest image was cut.
    fn number_at_cut(&self, place: usize) -> i64 {
        let place = i64::try_from(place).unwrap_or(0);
        self.cut - (self.cut - place).rem_euclid(self.length())
    }

    pub(super) fn bytes(&self) -> usize {
        let cells = self.cells.iter();
        cells
            .map(|cell| cell.touched.bytes() + size_of::<Cell>())
            .sum()
    }

    fn is_retained(&self, number: i64) -> bool {
        number > self.current - self.length() && number <= self.current
    }

    fn length(&self) -> i64 {
        i64::try_from(self.cells.len()).unwrap_or(i64::MAX)
    }

    #[expect(clippy::cast_possible_truncation, reason = "0..cells.len()")]
    fn place_of(&self, number: i64) -> usize {
        number.rem_euclid(self.length()) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two windows of 1 and 3 cells of a second, 4 cells retained.
    fn cells() -> Cells {
        Cells::new(1_000, vec![(0, 1), (1, 3)], 1, 10_000)
    }

    fn step_to(cells: &mut Cells, to_ms: i64) -> Vec<(&'static str, usize)> {
        let mut seen = Vec::new();
        while cells
            .step(to_ms, |out| match out {
                Out::OfWindow(window, _) => seen.push(("window", window)),
                Out::OfRetention(_, entry) => seen.push(("gone", usize::from(entry.group.0))),
            })
            .is_some()
        {}
        seen
    }

    #[test]
    fn a_change_leaves_each_window_once_and_then_for_good() {
        let mut cells = cells();
        let change = Change::default();
        assert_eq!(
            cells.add(6_999, GroupId(7), &change, |_, _, _| {}),
            Booked::Nowhere
        );
        assert_eq!(
            cells.add(11_000, GroupId(7), &change, |_, _, _| {}),
            Booked::Nowhere
        );
        assert_eq!(
            cells.add(10_999, GroupId(7), &change, |_, _, _| {}),
            Booked::New
        );
        assert_eq!(
            cells.add(10_000, GroupId(7), &change, |_, _, _| {}),
            Booked::Known
        );
        assert_eq!(cells.windows_at(10_000).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(cells.windows_at(8_000).collect::<Vec<_>>(), [1]);
        assert_eq!(cells.windows_at(7_000).count(), 0);
        assert_eq!(step_to(&mut cells, 11_999), [("window", 0)]);
        assert_eq!(step_to(&mut cells, 12_000), []);
        assert_eq!(step_to(&mut cells, 13_000), [("window", 1)]);
        assert_eq!(step_to(&mut cells, 14_000), [("gone", 7)]);
        assert_eq!(step_to(&mut cells, 1_000_000), []);
    }

    #[test]
    fn a_jump_takes_everything_out_in_few_steps() {
        let mut cells = cells();
        cells.add(10_000, GroupId(7), &Change::default(), |_, _, _| {});
        let mut steps = 0;
        let mut out = 0;
        while cells.step(1_000_000_500, |_| out += 1).is_some() {
            steps += 1;
        }
        assert!(steps <= 8, "{steps}");
        assert_eq!(out, 3);
        assert_eq!(cells.current, 1_000_000);
    }

    #[test]
    fn a_changed_cell_is_told_once() {
        let mut cells = cells();
        assert!(!cells.take_changed(10_000));
        cells.add(9_000, GroupId(7), &Change::default(), |_, _, _| {});
        assert!(cells.take_changed(9_000));
        assert!(cells.touched(9_000).contains(GroupId(7)));
        assert!(!cells.take_changed(9_000), "taken already");
        assert!(!cells.take_changed(9_500) && !cells.take_changed(5_000));
    }
}
