//! The desk as an image holds it: conversations, what was booked, and what was published.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::histogram::Histogram;
use crate::aggregate::legs::Known;
use crate::aggregate::legs::Reading;
use crate::input::InputId;
use crate::snapshot::GroupKind;
use crate::time::EpochMs;

/// The desk without its conversations, buckets and groups.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct Desk {
    /// Names of queues and of agents, by their numbers.
    pub(in crate::aggregate) names: [Vec<(u16, Arc<str>)>; 2],
    /// By input, the agent of each number.
    pub(in crate::aggregate) agents: Vec<(InputId, Vec<Option<Arc<str>>>)>,
    pub(in crate::aggregate) chosen: InputId,
    pub(in crate::aggregate) settled_before: EpochMs,
    /// Groups that are to be made again.
    pub(in crate::aggregate) changed: Vec<DeskPlace>,
    pub(in crate::aggregate) published_as_of: EpochMs,
    pub(in crate::aggregate) conversations: u64,
    pub(in crate::aggregate) overflowed_published: u64,
    pub(in crate::aggregate) overflowed: u64,
    /// Bookings that were forgotten for want of room, and before which bucket.
    pub(in crate::aggregate) full: (u64, i64),
    /// Memory, as it was counted for what is published.
    pub(in crate::aggregate) bytes: u64,
}

/// All legs together, or a dimension and a number in it.
pub(in crate::aggregate) type DeskPlace = Option<(u8, u16)>;

/// A session's key, and whether it is a hash.
pub(in crate::aggregate) type PlainKey = ([u64; 2], bool);

/// What is kept of a conversation.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct Conversation {
    pub(in crate::aggregate) key: PlainKey,
    pub(in crate::aggregate) known: Known,
    pub(in crate::aggregate) starts: Vec<EpochMs>,
    pub(in crate::aggregate) reading: Reading,
    pub(in crate::aggregate) orphans: u32,
    pub(in crate::aggregate) recovered: u32,
    pub(in crate::aggregate) heard: EpochMs,
    pub(in crate::aggregate) due: EpochMs,
}

/// A group as it was published.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct DeskGroup {
    pub(in crate::aggregate) place: DeskPlace,
    pub(in crate::aggregate) name: Arc<str>,
    pub(in crate::aggregate) kind: GroupKind,
    pub(in crate::aggregate) waiting: u64,
    pub(in crate::aggregate) longest: Option<(EpochMs, PlainKey)>,
    pub(in crate::aggregate) alerting: u64,
    pub(in crate::aggregate) interacting: u64,
    pub(in crate::aggregate) windows: Vec<DeskWindow>,
}

/// A window of it.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct DeskWindow {
    pub(in crate::aggregate) counts: Vec<u64>,
    pub(in crate::aggregate) times: Vec<(u64, Histogram)>,
}
