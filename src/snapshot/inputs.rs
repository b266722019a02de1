//! How one input stands.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::Unusable;
use crate::input::InputId;
use crate::input::Position;
use crate::stream::StreamState;
use crate::time::EpochMs;

/// One input as the writer knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InputStatus {
    /// Which one.
    pub id: InputId,
    /// Where it stands.
    pub state: StreamState,
    /// Since when it is live; `None` while it is not.
    pub connected_since: Option<EpochMs>,
    /// Failed attempts to connect.
    pub failed_attempts: u64,
    /// Times the peer broke the protocol.
    pub protocol_errors: u64,
    /// What went wrong since it was last live, in one line; `None` when nothing did.
    pub last_error: Option<Arc<str>>,
    /// When its latest batch arrived.
    pub last_arrival: Option<EpochMs>,
    /// Arrival minus event time of its latest event, in milliseconds; negative when it was ahead.
    pub lag_ms: Option<i64>,
    /// While payloads come and none of them is usable: since when, and why.
    pub unusable: Option<Unusable>,
    /// How far the peer's clock is ahead of this machine's at least, in milliseconds.
    pub server_clock_offset_ms: Option<i64>,
    /// Whether that is more than the allowed skew.
    pub is_clock_off: bool,
    /// From where the source can go on after what was applied.
    pub position: Position,
}

impl InputStatus {
    /// An input that has not begun.
    pub fn new(id: InputId) -> Self {
        Self {
            id,
            ..Self::default()
        }
    }
}
