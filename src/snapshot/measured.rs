//! The histograms of a window, one for each measure of the table of metrics.

use std::sync::Arc;

use crate::histogram::Histogram;
use crate::metric::Measure;

/// A histogram of each measure over a window; none of what has no value in it, or is not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measured([Option<Arc<Histogram>>; Measure::ALL.len()]);

impl Measured {
    /// The histograms that `of` gives.
    pub fn from_fn(of: impl FnMut(Measure) -> Option<Arc<Histogram>>) -> Self {
        Self(Measure::ALL.map(of))
    }

    /// A histogram of one measure alone.
    pub fn of(measure: Measure, values: impl Into<Arc<Histogram>>) -> Self {
        let mut all = Self::default();
        all.0[measure.index()] = Some(values.into());
        all
    }

    /// Takes the values of a measure over.
    pub fn put(&mut self, measure: Measure, values: Option<Arc<Histogram>>) {
        self.0[measure.index()] = values;
    }

    /// The values of a measure; `None` where there is none.
    pub fn get(&self, measure: Measure) -> Option<&Arc<Histogram>> {
        self.0[measure.index()].as_ref()
    }

    /// Adds all values of another.
    pub fn add(&mut self, other: &Self) {
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            if let Some(other) = other {
                match own {
                    Some(own) => Arc::make_mut(own).add(other),
                    None => *own = Some(Arc::clone(other)),
                }
            }
        }
    }
}
