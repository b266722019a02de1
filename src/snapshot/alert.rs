//! One alert.

use std::sync::Arc;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;

use super::Dimension;
use crate::metric::Metric;
use crate::time::EpochMs;

/// Which side of the threshold an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Comparison {
    /// The value is above the threshold.
    Above,
    /// The value is below the threshold.
    Below,
}

/// The state of an alert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AlertPhase {
    /// The value is on the good side.
    #[default]
    Ok,
    /// It is past the threshold, not yet for the minimum duration.
    Pending,
    /// It has been past the threshold for the minimum duration, and not come back far enough since.
    Firing,
}

/// A name that is written in the program; read, it is found among those.
type Label = &'static str;

/// One alert: its rule and its state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Its name in the settings.
    pub name: Arc<str>,
    /// The metric's name in the API, such as `messagesPerMinute`.
    #[serde(deserialize_with = "metric")]
    pub metric: Label,
    /// The window it is taken over, in milliseconds; `None` for a metric without a window.
    pub window_ms: Option<u32>,
    /// The group it is of; `None` for the total.
    pub group: Option<(Dimension, Arc<str>)>,
    /// Which side of the threshold is bad.
    pub comparison: Comparison,
    /// The threshold, in the metric's unit.
    pub threshold: f64,
    /// Where a firing alert ends: the threshold less the hysteresis, on its good side.
    pub clear: f64,
    /// How long the value must be past the threshold, in milliseconds.
    pub for_ms: u64,
    /// Its state.
    pub phase: AlertPhase,
    /// Since when it stands there; the engine clock.
    pub since: EpochMs,
    /// The value at the latest look; `None` when the metric has none.
    pub value: Option<f64>,
    /// Times it began to fire.
    pub fired: u64,
}

/// The name of a number that is read is one of those there are.
fn metric<'de, D: Deserializer<'de>>(from: D) -> Result<Label, D::Error> {
    Metric::deserialize(from).map(Metric::label)
}
