//! The grid on which groups are kept: three resolutions of cells, each of which divides the next.
//!
//! A cell is 100 ms for the windows of 10 s and 1 min, 1 s for 5 min and 10 s for 1 h. Where the
//! bucket width does not fit such a cell, the cell is the next multiple of the width that does; a
//! wider bucket is the cell itself. How windows and panes lie on it is [`Span`]'s, as for the total.

use crate::metric::Measure;
use crate::snapshot::GROUP_WINDOWS_MS;
use crate::time::SECOND_MS;
use crate::window::Span;
use crate::window::Width;

/// Windows over which histograms are kept, by their place in [`GROUP_WINDOWS_MS`].
const HISTOGRAM_WINDOWS: [usize; 2] = [1, 3];

/// How many histograms a group has.
pub(super) const HISTOGRAMS: usize = HISTOGRAM_WINDOWS.len() * Measure::ALL.len();

/// The window and the measure of a histogram, by its place.
pub(super) const fn histogram_at(place: usize) -> (usize, Measure) {
    let window = HISTOGRAM_WINDOWS[place / Measure::ALL.len()];
    (window, Measure::ALL[place % Measure::ALL.len()])
}

/// Lengths in milliseconds: `tick <= fine <= mid <= coarse`, each a divisor of the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grid {
    /// How long changes are gathered before they are booked.
    pub(super) tick_ms: i64,
    pub(super) fine_ms: i64,
    pub(super) mid_ms: i64,
    pub(super) coarse_ms: i64,
    /// How each of [`GROUP_WINDOWS_MS`] lies on them.
    pub(super) windows: [Span; 4],
}

impl Grid {
    pub(super) fn new(width: Width) -> Self {
        let width_ms = i64::from(width.ms());
        let fine_ms = (1..)
            .map(|count| count * width_ms)
            .take_while(|ms| *ms <= SECOND_MS)
            .find(|ms| *ms >= 100 && SECOND_MS % ms == 0)
            .unwrap_or(width_ms);
        let mid_ms = fine_ms.max(SECOND_MS);
        let coarse_ms = multiple(mid_ms, 10 * SECOND_MS);
        let of = |index: usize| {
            let cell_ms = [fine_ms, fine_ms, mid_ms, coarse_ms][index];
            Span::new(GROUP_WINDOWS_MS[index], cell_ms, width)
        };
        Self {
            tick_ms: fine_ms.min(SECOND_MS),
            fine_ms,
            mid_ms,
            coarse_ms,
            windows: std::array::from_fn(of),
        }
    }

    /// The width of the panes on which a window's histograms are kept; `None` when they are not.
    pub(super) fn pane_ms(&self, window: usize) -> Option<i64> {
        let is_kept = HISTOGRAM_WINDOWS.contains(&window);
        is_kept.then(|| self.windows[window].pane_ms())
    }
}

/// The smallest multiple of `unit` that is at least `least`.
fn multiple(unit: i64, least: i64) -> i64 {
    (least + unit - 1).div_euclid(unit).max(1) * unit
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::EpochMs;

    fn grid(width_ms: u32) -> [i64; 4] {
        let grid = Grid::new(Width::from_ms(width_ms).unwrap());
        [grid.tick_ms, grid.fine_ms, grid.mid_ms, grid.coarse_ms]
    }

    #[test]
    fn cells_fit_the_bucket_and_each_other() {
        assert_eq!(grid(100), [100, 100, 1_000, 10_000]);
        assert_eq!(grid(1), [100, 100, 1_000, 10_000]);
        assert_eq!(grid(40), [200, 200, 1_000, 10_000]);
        assert_eq!(grid(125), [125, 125, 1_000, 10_000]);
        assert_eq!(grid(3_000), [1_000, 3_000, 3_000, 12_000]);
        assert_eq!(grid(60_000), [1_000, 60_000, 60_000, 60_000]);
        for width_ms in (1..=1_000).filter(|ms| 1_000 % ms == 0) {
            let [tick, fine, mid, coarse] = grid(width_ms);
            assert!(fine % i64::from(width_ms) == 0 && tick == fine && fine >= 100);
            assert_eq!((mid % fine, coarse % mid), (0, 0));
        }
    }

    #[test]
    fn a_tick_lies_in_one_pane_of_every_window() {
        let widths = (1..=3_600_000).filter_map(|ms| Width::from_ms(ms).ok());
        for grid in widths.map(Grid::new) {
            for window in HISTOGRAM_WINDOWS {
                let pane_ms = grid.pane_ms(window).unwrap();
                assert_eq!(pane_ms % grid.tick_ms, 0, "{grid:?}");
            }
        }
    }

    #[test]
    fn windows_and_panes_stand_on_the_grid() {
        let grid = Grid::new(Width::DEFAULT);
        assert_eq!(grid.windows.map(Span::cells), [100, 600, 300, 360]);
        assert_eq!(
            [0, 1, 2, 3].map(|window| grid.pane_ms(window)),
            [None, Some(1_000), None, Some(60_000)]
        );
        let start_ms = |window: usize, now| grid.windows[window].start(EpochMs::from_ms(now)).ms();
        assert_eq!(start_ms(3, 3_600_000), 10_000);
        assert_eq!(start_ms(3, 3_609_999), 10_000);
        assert_eq!(start_ms(1, 60_099), 100);
    }
}
