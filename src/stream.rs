//! The life of a stream connection, in the words that ingest reports and readers see.

use serde::Deserialize;
use serde::Serialize;
mod gaps;

use crate::time::EpochMs;

pub use gaps::covered_ms;
pub use gaps::union;

/// The state of a stream connection.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[repr(u8)]
pub enum StreamState {
    /// Not begun.
    #[default]
    Idle,
    /// Fetching a token, or shaking hands.
    Connecting,
    /// Subscribed, and the peer has answered since.
    Live,
    /// Lost; waiting before the next try.
    Backoff,
    /// Refused for its credentials; tries go on, slowly, but a person has to look.
    Refused,
    /// Displaced again and again by another client of the same stream; tries go on, slowly, but a
    /// person has to look.
    Displaced,
    /// Ended by us or by the end of the input.
    Closed,
}

impl StreamState {
    /// The state's name in the API, the log and messages.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Connecting => "connecting",
            Self::Live => "live",
            Self::Backoff => "backoff",
            Self::Refused => "refused",
            Self::Displaced => "displaced",
            Self::Closed => "closed",
        }
    }

    /// How well an input is off, from what a person has to look at to live: greater is better, and no two
    /// states are equal.
    pub const fn standing(self) -> u8 {
        match self {
            Self::Refused => 0,
            Self::Displaced => 1,
            Self::Backoff => 2,
            Self::Closed => 3,
            Self::Idle => 4,
            Self::Connecting => 5,
            Self::Live => 6,
        }
    }
}

/// Why a connection ended, or a gap is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum LossCause {
    /// The peer closed with a close frame; the detail holds its code.
    Closed,
    /// The connection ended without a close frame (code 1006).
    Dropped,
    /// Nothing came, not even an answer to a ping, for the dead-peer timeout; or the peer never showed
    /// that it had taken the subscription.
    DeadPeer,
    /// The peer broke the WebSocket protocol.
    Protocol,
    /// The token or the subscription was refused.
    Refused,
    /// The connection could not be made: name, network, TLS, or an answer other than 101.
    Unreachable,
    /// Another client subscribed to the same stream, and the peer keeps the newest.
    Displaced,
    /// No loss of a connection: a further input was there, and not live yet.
    Starting,
    /// No loss of the connection: the clock of this machine was wrong, and was set right.
    Clock,
}

impl LossCause {
    /// The cause's name in the API, the log and messages.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Dropped => "dropped",
            Self::DeadPeer => "dead_peer",
            Self::Protocol => "protocol",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Displaced => "displaced",
            Self::Starting => "starting",
            Self::Clock => "clock",
        }
    }
}

/// A span of time in which events may have been missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap {
    /// The last moment up to which nothing can be missing: at or before the send time of the first
    /// event that may be.
    pub start: EpochMs,
    /// When the stream was proven live again; `None` while it is not. `start <= end`.
    pub end: Option<EpochMs>,
    /// What ended the connection, or that the clock was wrong.
    pub cause: LossCause,
}

/// What an ingest thread tells the writer beside events, in order with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamNote {
    /// The state changed.
    State(StreamState),
    /// The stream is proven live since `at`: this ends an open gap.
    Live {
        /// When the proof arrived.
        at: EpochMs,
    },
    /// The connection is lost: this opens a gap, unless one is open.
    Lost {
        /// Start of the gap; see [`Gap::start`].
        since: EpochMs,
        /// What happened.
        cause: LossCause,
        /// One line for people: escaped, bounded, free of secrets.
        detail: String,
    },
    /// A connection attempt failed while none was open.
    Failed {
        /// What happened.
        cause: LossCause,
        /// One line for people: escaped, bounded, free of secrets.
        detail: String,
    },
    /// The peer broke the WebSocket protocol.
    ProtocolError,
    /// The peer's clock against this machine's.
    ServerClock {
        /// How far it is ahead at least, in milliseconds; negative when it is behind.
        offset_ms: i64,
        /// Whether that is more than the allowed skew.
        is_off: bool,
    },
}
