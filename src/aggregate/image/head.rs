//! The first frame of an image: everything that is small, as it was at the cut.

use serde::Deserialize;
use serde::Serialize;

use super::buckets::Buckets;
use super::dedup::Dedup;
use super::desk::Desk;
use super::groups::Groups;
use super::longest::Longest;
use super::sessions::Sessions;
use super::settings::Settings;
use crate::aggregate::coverage::Coverage;
use crate::aggregate::wall::Wall;
use crate::event::IdKeys;
use crate::snapshot::ClockStatus;
use crate::snapshot::Counters;
use crate::time::EpochMs;
use crate::window::BucketIndex;

/// A state without its pieces, rows and fingerprints.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct Head {
    /// Those that say what the numbers mean.
    pub(in crate::aggregate) settings: Settings,
    /// Elapsed time at the cut, in nanoseconds: what points in elapsed time are to be compared with.
    pub(in crate::aggregate) elapsed_ns: u64,
    pub(in crate::aggregate) keys: IdKeys,
    pub(in crate::aggregate) now: Option<EpochMs>,
    pub(in crate::aggregate) started: EpochMs,
    pub(in crate::aggregate) wall: Wall,
    pub(in crate::aggregate) clock_status: ClockStatus,
    pub(in crate::aggregate) counters: Counters,
    pub(in crate::aggregate) total_connections: u64,
    pub(in crate::aggregate) minute: u32,
    pub(in crate::aggregate) minute_end: EpochMs,
    pub(in crate::aggregate) minutes_owed: u32,
    pub(in crate::aggregate) newest: Option<(EpochMs, BucketIndex)>,
    pub(in crate::aggregate) loss_epoch: u16,
    pub(in crate::aggregate) coverage: Coverage,
    pub(in crate::aggregate) sessions: Sessions,
    pub(in crate::aggregate) dedup: Dedup,
    pub(in crate::aggregate) longest: Option<Longest>,
    pub(in crate::aggregate) desk: Option<Desk>,
    pub(in crate::aggregate) live: Timeline,
    pub(in crate::aggregate) hold: Option<Hold>,
}

/// Everything that stands on one clock.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct Timeline {
    pub(in crate::aggregate) now: EpochMs,
    pub(in crate::aggregate) buckets: Buckets,
    /// The panes that hold the clock, by window and measure.
    pub(in crate::aggregate) durations: Vec<i64>,
    pub(in crate::aggregate) groups: Option<Groups>,
}

/// A clock that has run ahead and may yet be set back.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct Hold {
    pub(in crate::aggregate) timeline: Timeline,
    pub(in crate::aggregate) from: EpochMs,
    pub(in crate::aggregate) from_ns: u64,
    pub(in crate::aggregate) elapsed: EpochMs,
    pub(in crate::aggregate) until_ns: u64,
}
