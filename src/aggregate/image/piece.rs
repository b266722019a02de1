//! What an image holds beside rows and fingerprints, piece by piece: each says where it belongs, so
//! pieces may come in any order.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::buckets::Sums;
use super::desk::Conversation;
use super::desk::DeskGroup;
use super::groups::Change;
use super::groups::Group;
use super::groups::Name;
use super::histogram::Histogram;
use super::published::Chunk;
use super::published::OpenSession;
use super::published::Second;
use super::published::TotalSecond;
use crate::aggregate::legs::Entry;

/// Which timeline something is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::aggregate) enum Side {
    /// The one that is published.
    Live,
    /// The one of elapsed time, while the clock may yet be set back.
    Held,
}

/// A part of an image.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) enum Piece {
    /// The sums of a bucket.
    Bucket { side: Side, bucket: i64, sums: Sums },
    /// Durations of sessions that ended in a pane of a window.
    Durations {
        side: Side,
        window: u8,
        pane: i64,
        durations: Histogram,
    },
    /// The id of the open session in a row.
    SessionId { slot: u32, id: Arc<str> },
    /// A name of a dimension, and what holds it.
    Name { side: Side, place: u8, name: Name },
    /// A group.
    Group {
        side: Side,
        dimension: u8,
        group: Group,
    },
    /// What happened in a group within a cell of one of the resolutions.
    Change {
        side: Side,
        dimension: u8,
        resolution: u8,
        cell: i64,
        group: u16,
        change: Change,
    },
    /// Durations of sessions of a group that ended in a pane.
    GroupDurations {
        side: Side,
        dimension: u8,
        window: u8,
        pane: i64,
        group: u16,
        durations: Histogram,
    },
    /// A second of the total: as it is kept, published, or about to be published.
    TotalSecond {
        side: Side,
        list: u8,
        second: TotalSecond,
    },
    /// Durations of seconds of the total.
    SecondDurations {
        side: Side,
        number: u32,
        durations: Histogram,
    },
    /// A second of the groups, as it was made.
    Second { side: Side, second: Second },
    /// A chunk of a table of groups, as it was made.
    Chunk { side: Side, chunk: Chunk },
    /// What is known of the legs of a conversation, and was booked for it.
    Conversation(Conversation),
    /// What was booked of legs in a bucket.
    Booked { bucket: i64, entries: Vec<Entry> },
    /// A group of legs, as it was made.
    DeskGroup(DeskGroup),
    /// A session on a list of those that have been open for longest.
    OpenSession(OpenSession),
}
