//! A histogram as an image holds it.

use serde::Deserialize;
use serde::Serialize;

use super::ImageFault;
use super::fault::ensure;
use crate::histogram;

/// Values in a cell at the most, so that sums of cells stay numbers.
const COUNT_MAX: u64 = 1 << 48;

/// Values by the upper bounds of their cells, ascending, and the greatest.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct Histogram {
    cells: Vec<(u64, u64)>,
    max: u64,
}

impl Histogram {
    pub(in crate::aggregate) fn of(histogram: &histogram::Histogram) -> Self {
        Self {
            cells: histogram.cells().collect(),
            max: histogram.max(),
        }
    }

    /// Puts the values into an empty histogram.
    pub(in crate::aggregate) fn restore(
        &self,
        mut into: histogram::Histogram,
    ) -> Result<histogram::Histogram, ImageFault> {
        for (bound, count) in &self.cells {
            ensure(*count <= COUNT_MAX, "a duration counted too often")?;
            into.record_n(*bound, *count);
        }
        ensure(self.max <= into.max(), "a longest duration that is none")?;
        // Its place in its cell is known, of all others only the cell.
        into.subtract(&histogram::Histogram::default(), self.max);
        Ok(into)
    }
}
