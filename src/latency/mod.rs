//! How long each stage takes: the one place that names `hdrhistogram`.
//!
//! Batches carry their stamps with them, so the writer can record every stage of the pipeline in
//! histograms that it alone owns; readers post their samples to a mailbox. Times count from 1 ns to 60 s,
//! within 0.1 % for the whole run and 1 % for the last minute.

mod hdr;
mod interval_log;
mod recorder;
mod steps;

pub use hdr::Histogram;
pub use interval_log::IntervalLog;
pub use recorder::Recorder;
pub use steps::{STEP_BOUNDS_NS, Steps};

use crate::histogram;
use crate::histogram::FineHistogram;

/// A part of the way of an event, or of a query, or the pauses between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Stage {
    /// From the read that completed an event's batch to the batch's offer to the ring: parsing.
    Parse,
    /// From the offer to the moment the writer takes the batch: waiting in the ring.
    Ring,
    /// From there until the batch is applied.
    Aggregate,
    /// From there until the snapshot that shows it is stored.
    Publish,
    /// Arrival to visible: the sum of the four before, event by event.
    Visible,
    /// From a GraphQL request's last byte to its answer's first.
    Query,
    /// From the moment for which the writer had set its alarm to the moment it woke: what a stop of the
    /// whole process, by the system or its owner, does to events before they are stamped. The other
    /// stages begin with a stamp that a stopped process takes too late.
    Pause,
}

impl Stage {
    /// Every stage, in flow order.
    pub const ALL: [Self; 7] = [
        Self::Parse,
        Self::Ring,
        Self::Aggregate,
        Self::Publish,
        Self::Visible,
        Self::Query,
        Self::Pause,
    ];

    /// The stage's name in the API and in file names.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Parse => "parse",
            Self::Ring => "ring",
            Self::Aggregate => "aggregate",
            Self::Publish => "publish",
            Self::Visible => "visible",
            Self::Query => "query",
            Self::Pause => "pause",
        }
    }

    /// The stage's place in [`Stage::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// Times of every stage in nanoseconds, by [`Stage::index`]: those of several engines add up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latencies {
    /// Since the engine started.
    pub since_start: [FineHistogram; Stage::ALL.len()],
    /// Over the last minute, in steps of five seconds.
    pub last_minute: [histogram::Histogram; Stage::ALL.len()],
    /// Since the engine started, under fixed bounds.
    pub steps: [Steps; Stage::ALL.len()],
}

impl Latencies {
    /// Adds the times of another engine.
    pub fn add(&mut self, other: &Self) {
        for (own, more) in self.since_start.iter_mut().zip(&other.since_start) {
            own.add(more);
        }
        for (own, more) in self.last_minute.iter_mut().zip(&other.last_minute) {
            own.add(more);
        }
        for (own, more) in self.steps.iter_mut().zip(&other.steps) {
            own.add(more);
        }
    }
}
