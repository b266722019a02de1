//! Groups as an image holds them: what is copied at the cut, and the pieces.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::published::GroupsOf;
use super::published::TotalSecond;
use crate::input::InputId;
use crate::snapshot::GroupKind;
use crate::snapshot::GroupRoom;
use crate::snapshot::GroupWindow;
use crate::time::EpochMs;

/// Counts of one cell, or what is to be added to it. Arithmetic wraps, so that a count may be taken
/// back; a cell holds up to 2^31 of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::aggregate) struct Change {
    /// Of connects, by their own time.
    pub connections: u32,
    /// Open sessions by the time of their connect.
    pub active: u32,
    /// Closed sessions by the time of their connect.
    pub closed: u32,
    /// Disconnects that closed a session, by their own time.
    pub disconnections: u32,
    /// Messages of those sessions.
    pub ended_messages: u32,
    /// Messages by their own time.
    pub messages: u32,
    /// Sessions that opened less those that are no longer open, by the clock.
    pub opened: i32,
    /// Open sessions of which something was heard since the latest gap began: those that became so less
    /// those that are no longer open, by the clock.
    pub certain: i32,
    /// Guests who began to wait for a reply less those who wait no more, by the clock.
    pub awaiting: i32,
    /// Replies to guests who waited, by their own time.
    pub responses: u32,
    /// Those of them that were the first of their session.
    pub first_responses: u32,
    /// Sessions whose guest waited when they ended, by the time of the disconnect.
    pub unanswered: u32,
    /// Those of them that never had a reply.
    pub never_answered: u32,
    /// Durations of closed sessions in milliseconds, by the time of their connect.
    pub closed_duration_ms: u64,
    /// How long guests had waited for those replies, in milliseconds.
    pub response_ms: u64,
    /// How long they had waited for the first ones, in milliseconds.
    pub first_response_ms: u64,
}

/// A group of a table.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct Group {
    pub(in crate::aggregate) number: u16,
    pub(in crate::aggregate) name: Arc<str>,
    pub(in crate::aggregate) kind: GroupKind,
    pub(in crate::aggregate) name_id: Option<u32>,
    pub(in crate::aggregate) open: u64,
    pub(in crate::aggregate) certain: u64,
    pub(in crate::aggregate) doubts: u32,
    pub(in crate::aggregate) awaiting: u64,
    pub(in crate::aggregate) awaiting_since: Option<EpochMs>,
}

/// A name that labels or a group stand for.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct Name {
    pub(in crate::aggregate) number: u32,
    pub(in crate::aggregate) text: Arc<str>,
    pub(in crate::aggregate) group: Option<u16>,
    pub(in crate::aggregate) definitions: u32,
}

/// The groups of one timeline without their pieces.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct Groups {
    pub(in crate::aggregate) tables: [Table; 3],
    pub(in crate::aggregate) labels: Labels,
    pub(in crate::aggregate) journal: Journal,
    /// The journal of the tick before, as far as `work` is not done with it.
    pub(in crate::aggregate) to_book: Journal,
    /// Which work is next, and where in it.
    pub(in crate::aggregate) work: (u8, u32, u32),
    pub(in crate::aggregate) cut: Cut,
    pub(in crate::aggregate) overflowed: [u64; 3],
    pub(in crate::aggregate) bytes: u64,
    pub(in crate::aggregate) is_holding: bool,
    pub(in crate::aggregate) begun: Option<EpochMs>,
    pub(in crate::aggregate) total: Total,
    /// Where the newest second of the groups that was made ends, and the seconds.
    pub(in crate::aggregate) seconds_end: i64,
    pub(in crate::aggregate) seconds: Vec<u32>,
    /// The chunks of the cut that is being made.
    pub(in crate::aggregate) chunks: [Vec<u32>; 3],
    pub(in crate::aggregate) published: GroupsOf,
    /// The seconds of the published series, and the groups when the last of them had passed.
    pub(in crate::aggregate) series_seconds: Vec<u32>,
    pub(in crate::aggregate) series_groups: GroupsOf,
}

/// A table without its groups and cells.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct Table {
    /// Numbers given out, free ones included.
    pub(in crate::aggregate) groups: u32,
    /// Free numbers; the last one is given out next.
    pub(in crate::aggregate) free: Vec<u16>,
    pub(in crate::aggregate) is_changed: Vec<bool>,
    pub(in crate::aggregate) candidates: Vec<u16>,
    pub(in crate::aggregate) doubts: u32,
    /// The cells that hold the clock, by resolution.
    pub(in crate::aggregate) cells: [i64; 3],
    /// The seconds that changed since they were made.
    pub(in crate::aggregate) changed_seconds: Vec<i64>,
    /// The panes that hold the clock, by window and measure.
    pub(in crate::aggregate) panes: Vec<i64>,
}

/// What the labels of events stand for.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct Labels {
    /// By input; a queue's and a deployment's name for each number.
    pub(in crate::aggregate) inputs: Vec<(InputId, Vec<[Option<u32>; 2]>)>,
    pub(in crate::aggregate) chosen: u32,
    /// Numbers of names that nothing stands for, by dimension.
    pub(in crate::aggregate) free: [Vec<u32>; 2],
}

/// What happened in groups within a tick.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::aggregate) struct Journal {
    pub(in crate::aggregate) changes: [Vec<(u16, Change)>; 3],
    /// Dimension, group, time and change.
    pub(in crate::aggregate) strays: Vec<(u8, u16, i64, Change)>,
    pub(in crate::aggregate) recorded: Vec<Recorded>,
    /// Dimension and group, and since when the guest who has waited for longest does.
    pub(in crate::aggregate) oldest: Vec<(u8, u16, Option<EpochMs>)>,
    pub(in crate::aggregate) is_doubted: bool,
    pub(in crate::aggregate) start_ms: i64,
}

/// A value of a measure, by its number.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct Recorded {
    pub(in crate::aggregate) dimension: u8,
    pub(in crate::aggregate) group: u16,
    pub(in crate::aggregate) time_ms: i64,
    pub(in crate::aggregate) measure: u8,
    pub(in crate::aggregate) value: u64,
}

/// What is the same for all groups of a cut.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct Cut {
    pub(in crate::aggregate) as_of: EpochMs,
    pub(in crate::aggregate) windows: [GroupWindow; 4],
    pub(in crate::aggregate) room: GroupRoom,
    pub(in crate::aggregate) is_second: bool,
    pub(in crate::aggregate) may_free: bool,
    pub(in crate::aggregate) counted_since: Option<EpochMs>,
}

/// The series of the total without its seconds.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct Total {
    pub(in crate::aggregate) current: i64,
    pub(in crate::aggregate) first: i64,
    pub(in crate::aggregate) newest: TotalSecond,
}
