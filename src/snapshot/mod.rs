//! Stage 5 of 6: what readers see. A [`Snapshot`] is immutable and one consistent cut: every number
//! in it belongs to the same set of applied events.
//!
//! It holds sums, counts and histograms; whoever shows a mean or a percentile takes it from these, so
//! that partial snapshots can be merged.

mod alert;
mod alert_history;
mod alerts;
mod counters;
mod desk;
mod groups;
mod inputs;
mod longest;
mod measured;
mod merge;
mod publish;
mod retired;
mod series;
mod value;

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use crate::config::Directory;
use crate::config::limits;
use crate::event::Reject;
use crate::latency::Latencies;
use crate::stream::{Gap, StreamState, covered_ms, union};
use crate::time::EpochMs;

pub use alert::{Alert, AlertPhase, Comparison};
pub use alert_history::{AlertChange, AlertEnd, AlertEnding, AlertHistory};
pub use alerts::{Alerts, Notifications};
pub use counters::Counters;
pub use desk::{
    Desk, DeskDimension, DeskGroup, DeskSize, DeskSpread, DeskWindow, LongestWaiting,
    order as desk_order,
};
pub use groups::{
    Dimension, GROUP_WINDOWS_MS, GROUPS_IN_CHUNK, Group, GroupId, GroupKind, GroupRoom, GroupTable,
    GroupWindow, Groups,
};
pub use inputs::InputStatus;
pub use longest::{LONGEST_LOOKED_AT, LONGEST_OF_QUEUE, LONGEST_OVERALL, Longest, OpenSession};
pub use measured::Measured;
pub use publish::{Publisher, Reader, channel};
pub use retired::Retired;
pub use series::{
    GROUP_SECONDS, GroupChange, GroupSecond, SecondOfGroups, Series, TOTAL_SECONDS, TotalSecond,
};

/// One published state of the engine.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Which engine published it: a random number per process.
    pub engine_id: u64,
    /// Its place in the order of publishing; never goes back.
    pub sequence: u64,
    /// The engine clock of this cut.
    pub now: EpochMs,
    /// How the clock of this machine does.
    pub clock: ClockStatus,
    /// Wall time when it was published.
    pub published: EpochMs,
    /// Since when the counters count.
    pub counters_since: EpochMs,
    /// The main window first, then the further ones by length.
    pub windows: Vec<WindowStats>,
    /// Connections since [`Snapshot::counters_since`].
    pub total_connections: u64,
    /// The session table.
    pub sessions: SessionStats,
    /// Every event read, by its fate, and attributes of the applied ones.
    pub counters: Counters,
    /// The inputs, and what was missed.
    pub stream: StreamStatus,
    /// The rings between ingest and the writer.
    pub ring: RingStats,
    /// Recognising copies of messages.
    pub dedup: DedupStats,
    /// Histograms per stage, copied once a second.
    pub latency: Arc<Latencies>,
    /// The same numbers by queue, deployment and direction, made once a bucket.
    pub groups: Arc<Groups>,
    /// Numbers by the second, made once a second.
    pub series: Arc<Series>,
    /// The longest-open sessions, made once a second.
    pub longest: Arc<Longest>,
    /// Waits, answers and talks by queue, medium and agent, made once a bucket.
    pub desk: Arc<Desk>,
    /// Where every alert stands, looked at once a second.
    pub alerts: Arc<Alerts>,
    /// Names and links in force for the ids of this snapshot.
    pub directory: Arc<Directory>,
}

/// Sums over one window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WindowStats {
    /// The window's length in milliseconds.
    pub length_ms: u32,
    /// The first millisecond the window covers.
    pub start: EpochMs,
    /// Sessions that connected inside the window and have not disconnected.
    pub active_sessions: u64,
    /// Connections inside the window that count in the total.
    pub connections: u64,
    /// Disconnects inside the window that closed a session.
    pub disconnections: u64,
    /// Messages inside the window.
    pub messages: u64,
    /// Sessions that connected inside the window and have disconnected.
    pub closed_sessions: u64,
    /// Sum of their durations, in milliseconds.
    pub closed_duration_ms: u64,
    /// Messages of the sessions whose disconnect is inside the window, counted while they were open.
    pub ended_messages: u64,
    /// Replies inside the window to guests who waited for one.
    pub responses: u64,
    /// How long those guests had waited, in milliseconds.
    pub response_ms: u64,
    /// Those of them that were the first of their session.
    pub first_responses: u64,
    /// How long the guests had waited for those, in milliseconds.
    pub first_response_ms: u64,
    /// Sessions whose disconnect is inside the window and whose guest waited for a reply then.
    pub unanswered: u64,
    /// Those of them that never had one.
    pub never_answered: u64,
    /// Histograms of each measure of the table of metrics, on panes.
    pub measured: Measured,
    /// The width of those panes, in milliseconds.
    pub pane_ms: u32,
    /// How much of the window the stream was live, in milliseconds.
    pub coverage_ms: u64,
}

/// The session table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionStats {
    /// Sessions open now, whenever they connected.
    pub open: u64,
    /// Open sessions without any event since the last gap began.
    pub open_uncertain: u64,
    /// Open sessions whose guest waits for a reply.
    pub awaiting: u64,
    /// Since when the one does who has waited for longest; `None` while nobody waits.
    pub awaiting_since: Option<EpochMs>,
    /// When the stream was first live, or the file began: open sessions that connected earlier, and of
    /// whose connect nothing came, are not counted. `None` before that.
    pub open_since: Option<EpochMs>,
    /// Whether that is longer ago than the idle timeout, so that a session from before it would have
    /// been let go unless something came from it.
    pub is_open_complete: bool,
    /// Disconnects that wait for their connect.
    pub pending: u64,
    /// Closed sessions still remembered.
    pub closed: u64,
    /// Memory of rows and index, in bytes.
    pub bytes: u64,
}

/// The inputs as the writer knows them, all together: the shard that is worst off stands for all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamStatus {
    /// Its state.
    pub state: StreamState,
    /// Since when it is live; `None` while it is not.
    pub connected_since: Option<EpochMs>,
    /// Times it was live again after a loss.
    pub reconnects: u64,
    /// Failed attempts to connect.
    pub failed_attempts: u64,
    /// Times the peer broke the WebSocket protocol.
    pub protocol_errors: u64,
    /// All gaps so far, the open one included.
    pub gaps_total: u64,
    /// The latest gaps, oldest first, at most [`crate::config::limits::GAPS_MAX`].
    pub gaps: Arc<[Gap]>,
    /// Since when anything can be covered at all: every shard was live by then. `None` before.
    pub covered_since: Option<EpochMs>,
    /// What went wrong since the stream was last live, in one line; `None` when nothing did.
    pub last_error: Option<Arc<str>>,
    /// The greatest event time applied so far.
    pub last_event: Option<EpochMs>,
    /// When the latest batch arrived.
    pub last_arrival: Option<EpochMs>,
    /// Arrival minus event time of the latest event, in milliseconds; negative when it was ahead.
    pub lag_ms: Option<i64>,
    /// While payloads come and none of them is usable: since when, and why. `None` after a usable one.
    pub unusable: Option<Unusable>,
    /// How far the peer's clock is ahead of this machine's at least, in milliseconds, by the `Date` of
    /// its latest handshake; negative when it is behind, 0 while they agree as far as can be seen.
    pub server_clock_offset_ms: Option<i64>,
    /// Whether that is more than the allowed skew, so that the numbers cannot be right.
    pub is_clock_off: bool,
    /// Every input by itself, by shard.
    pub inputs: Vec<InputStatus>,
}

impl StreamStatus {
    /// How many milliseconds of `[start, start + length_ms)` every shard was covered, by the gaps that are
    /// remembered here: what lies before them is not, where there were more.
    pub fn covered_ms(&self, start: EpochMs, length_ms: u32) -> u64 {
        let are_all_here = self.gaps.len() < limits::GAPS_MAX;
        let oldest = self.gaps.first().map(|gap| gap.start);
        let known_since = oldest.filter(|_| !are_all_here);
        let since = self
            .covered_since
            .map(|since| since.max(known_since.unwrap_or(since)));
        covered_ms(&union(&self.gaps), since, start, length_ms)
    }
}

/// Payloads in a row since the stream is live or the latest usable one: none was applied, and none
/// was a copy of one that had been.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unusable {
    /// When the first of them arrived.
    pub since: EpochMs,
    /// When the latest of them arrived.
    pub latest: EpochMs,
    /// How many.
    pub payloads: u64,
    /// What became of the latest that was not merely of another type.
    pub fate: UnusableFate,
}

/// Why a payload is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum UnusableFate {
    /// Of a type nobody asked for, like all before it.
    Ignored,
    /// Refused.
    Rejected(Reject),
    /// Older than every retained bucket.
    Late,
    /// Further ahead of the clock than the allowed skew.
    Future,
}

impl UnusableFate {
    /// The fate in words.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Ignored => "ignored",
            Self::Rejected(reason) => reason.label(),
            Self::Late => "late",
            Self::Future => "future",
        }
    }
}

/// The rings between ingest and the writer, in events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RingStats {
    /// Waiting at the moment of publishing.
    pub depth: u64,
    /// Room for, at most.
    pub capacity: u64,
    /// The greatest depth the writer saw.
    pub high_water: u64,
}

/// How the clock of this machine does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockStatus {
    /// How far the wall clock is behind the engine clock, in milliseconds: until it has caught up, or
    /// the engine clock is set back to it, windows stand.
    pub behind_ms: u64,
    /// Whether that is more than the skew.
    pub is_behind: bool,
    /// Whether the wall clock has run ahead of elapsed time by more than the skew within the last
    /// minute: nothing expires meanwhile, and the engine clock may yet be set back.
    pub is_on_hold: bool,
    /// The latest step of more than a second, in milliseconds, below 0 back; 0 when there was none.
    pub step_ms: i64,
}

/// Recognising copies of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DedupStats {
    /// Fingerprints kept.
    pub fingerprints: u64,
    /// Memory for them, in bytes.
    pub bytes: u64,
    /// Copies of messages older than this are no longer recognised: the byte limit took their
    /// fingerprints. `None` while every retained bucket has its own.
    pub forgotten_before: Option<EpochMs>,
}

impl WindowStats {
    /// Mean duration of the sessions that connected inside the window and have disconnected, in
    /// milliseconds; 0 when there are none.
    pub fn avg_session_duration_ms(&self) -> f64 {
        if self.closed_sessions == 0 {
            return 0.0;
        }
        float(self.closed_duration_ms) / float(self.closed_sessions)
    }

    /// Messages a minute: `(n × 60000) / W`, in that order.
    pub fn messages_per_minute(&self) -> f64 {
        self.per_minute(self.messages)
    }

    /// Connections a minute.
    pub fn connections_per_minute(&self) -> f64 {
        self.per_minute(self.connections)
    }

    /// Disconnects a minute that closed a session.
    pub fn disconnections_per_minute(&self) -> f64 {
        self.per_minute(self.disconnections)
    }

    /// Mean messages of the sessions whose disconnect is inside the window; `None` without any.
    pub fn messages_per_session(&self) -> Option<f64> {
        (self.disconnections > 0).then(|| float(self.ended_messages) / float(self.disconnections))
    }

    /// Whether the stream was live throughout: no gap, and no time before the start.
    pub fn is_complete(&self) -> bool {
        self.coverage_ms >= u64::from(self.length_ms)
    }

    fn per_minute(&self, count: u64) -> f64 {
        float(count) * 60_000.0 / f64::from(self.length_ms)
    }
}

impl Snapshot {
    /// The main window.
    ///
    /// # Panics
    /// Never on a snapshot that an engine published: it has at least the main window.
    pub fn main(&self) -> &WindowStats {
        &self.windows[0]
    }

    /// What people read for the id of a group: its name, if there is one.
    pub fn shown<'a>(&'a self, dimension: Dimension, id: &'a str) -> Cow<'a, str> {
        self.directory.names.shown(dimension.into(), id)
    }
}

/// A count as a number to divide; exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn float(count: u64) -> f64 {
    count as f64
}
