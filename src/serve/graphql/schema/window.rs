//! The numbers of one window, the same for the main one and the further ones.

use std::sync::Arc;

use async_graphql::Object;
use async_graphql::SimpleObject;

use super::scalar::Count;
use super::scalar::Number;
use super::scalar::float;
use crate::histogram::Histogram;
use crate::histogram::Quantile;
use crate::metric::Measure;
use crate::metric::Metric;
use crate::metric::metrics;
use crate::snapshot::Snapshot;
use crate::snapshot::WindowStats;

/// One window: of a snapshot, or of a group.
#[derive(Clone, Debug)]
pub(super) enum Window {
    /// By its place in [`Snapshot::windows`].
    Total(Arc<Snapshot>, usize),
    /// A group's.
    Group(Box<WindowStats>),
}

impl Window {
    /// The windows of a snapshot, the main one first.
    pub(super) fn all(snapshot: &Arc<Snapshot>) -> Vec<Self> {
        (0..snapshot.windows.len())
            .map(|index| Self::Total(Arc::clone(snapshot), index))
            .collect()
    }

    /// A window of a group.
    pub(super) fn of_group(stats: WindowStats) -> Self {
        Self::Group(Box::new(stats))
    }

    /// The main window.
    pub(super) const fn main(snapshot: Arc<Snapshot>) -> Self {
        Self::Total(snapshot, 0)
    }

    fn stats(&self) -> &WindowStats {
        match self {
            Self::Total(snapshot, index) => &snapshot.windows[*index],
            Self::Group(stats) => stats,
        }
    }
}

/// Makes the object of the rows of the table, and of what is the same for all of them.
macro_rules! window_object {
    (
        measures {
            $($measure:ident {
                what: $measure_what:tt,
                field: $measure_field:ident: $measure_kind:ty, $measure_note:tt,
            })*
        }
        now { $($now:tt)* }
        windows {
            $($metric:ident {
                name: $name:tt,
                what: $what:tt,
                row: $row:tt,
                $(field: $field:ident: $kind:ty, $note:tt,)?
                $(order: $order:ident $order_name:tt,)?
                shown: $shown:tt,
            })*
        }
        engine { $($engine:tt)* }
    ) => {
        /// The numbers of one sliding window over event time. It ends with the bucket that holds the engine
        /// clock (`asOf`) and covers the buckets whose start is less than `windowMs` before that one's start.
        /// Where it is a group's, its older edge lies on a coarser grid, which `Group.window` states.
        #[Object]
        impl Window {
            $($(
                #[doc = $what]
                #[doc = $note]
                async fn $field(&self) -> $kind {
                    Number::of(self.stats().number(Metric::$metric.source()))
                }
            )?)*

            $(
                #[doc = $measure_note]
                async fn $measure_field(&self) -> Option<$measure_kind> {
                    let stats = self.stats();
                    let values = stats.measured.get(Measure::$measure)?;
                    Some(<$measure_kind>::new(values, stats.pane_ms))
                }
            )*

            /// The window's length in milliseconds.
            async fn window_ms(&self) -> Count {
                Count(u64::from(self.stats().length_ms))
            }

            /// How much of the window the stream was live, in milliseconds, at most `windowMs`. Events of
            /// the rest may be missing from the numbers.
            async fn coverage_ms(&self) -> Count {
                Count(self.stats().coverage_ms)
            }

            /// Whether the stream was live throughout the window: false while the window overlaps a gap or
            /// the time before the start.
            async fn complete(&self) -> bool {
                self.stats().is_complete()
            }
        }
    };
}
metrics!(window_object);

/// Durations of ended sessions, in milliseconds. A percentile is the upper bound of its histogram
/// cell: at or above the exact value, by at most 1 %.
#[derive(Debug, SimpleObject)]
pub(super) struct Durations {
    /// How many sessions the percentiles are of.
    count: Count,
    /// The median: half of the sessions lasted no longer, in milliseconds.
    p50_ms: f64,
    /// The 90th percentile, in milliseconds.
    p90_ms: f64,
    /// The 99th percentile, in milliseconds.
    p99_ms: f64,
    /// The longest duration, exact, in milliseconds.
    max_ms: f64,
    /// The width of the panes these numbers are kept on, in milliseconds: a sixtieth of the window in
    /// whole buckets. They cover the pane that holds the engine clock and as many before it as make up no
    /// more than `windowMs`, so their older edge may lie up to one pane later than the window's, or two
    /// where panes do not divide it.
    pane_ms: Count,
}

impl Durations {
    fn new(durations: &Histogram, pane_ms: u32) -> Self {
        let asked = [Quantile::P50, Quantile::P90, Quantile::P99];
        let [p50_ms, p90_ms, p99_ms] = durations.quantiles(asked).map(float);
        Self {
            count: Count(durations.count()),
            p50_ms,
            p90_ms,
            p99_ms,
            max_ms: float(durations.max()),
            pane_ms: Count(u64::from(pane_ms)),
        }
    }
}

/// How long guests had waited for a reply, in milliseconds. A percentile is the upper bound of its
/// histogram cell: at or above the exact value, by at most 1 %.
#[derive(Debug, SimpleObject)]
pub(super) struct ResponseTimes {
    /// How many replies the percentiles are of.
    count: Count,
    /// The median: half of the guests had waited no longer, in milliseconds.
    p50_ms: f64,
    /// The 90th percentile, in milliseconds.
    p90_ms: f64,
    /// The 99th percentile, in milliseconds.
    p99_ms: f64,
    /// The longest wait, exact, in milliseconds.
    max_ms: f64,
    /// The width of the panes these numbers are kept on, in milliseconds, as in `Durations`.
    pane_ms: Count,
}

impl ResponseTimes {
    fn new(times: &Histogram, pane_ms: u32) -> Self {
        let Durations {
            count,
            p50_ms,
            p90_ms,
            p99_ms,
            max_ms,
            pane_ms,
        } = Durations::new(times, pane_ms);
        Self {
            count,
            p50_ms,
            p90_ms,
            p99_ms,
            max_ms,
            pane_ms,
        }
    }
}

/// Values of ended sessions that are no times. A percentile is the upper bound of its histogram cell: at
/// or above the exact value, by at most 1 %, and exact below 256.
#[derive(Debug, SimpleObject)]
pub(super) struct Spread {
    /// How many sessions the percentiles are of.
    count: Count,
    /// The median: half of the sessions had no more.
    p50: f64,
    /// The 90th percentile.
    p90: f64,
    /// The 99th percentile.
    p99: f64,
    /// The greatest value, exact.
    max: f64,
    /// The width of the panes these numbers are kept on, in milliseconds, as in `Durations`.
    pane_ms: Count,
}

impl Spread {
    fn new(values: &Histogram, pane_ms: u32) -> Self {
        let asked = [Quantile::P50, Quantile::P90, Quantile::P99];
        let [p50, p90, p99] = values.quantiles(asked).map(float);
        Self {
            count: Count(values.count()),
            p50,
            p90,
            p99,
            max: float(values.max()),
            pane_ms: Count(u64::from(pane_ms)),
        }
    }
}
