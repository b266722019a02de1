//! The stream connection as a reader sees it.

use std::sync::Arc;

use async_graphql::Enum;
use async_graphql::Object;
use async_graphql::Result;
use async_graphql::SimpleObject;

use super::range;
use super::scalar::Count;
use super::scalar::signed_float;
use crate::input::Position;
use crate::snapshot::InputStatus;
use crate::snapshot::Snapshot;
use crate::stream::Gap;
use crate::stream::LossCause;
use crate::stream::StreamState;

/// Gaps in one answer, at most.
const GAPS_SHOWN_MAX: i32 = 100;

/// The stream of a snapshot.
#[derive(Debug)]
pub(super) struct Stream(pub(super) Arc<Snapshot>);

/// The inputs of the engine all together, as it knew them at the moment of the snapshot. Where there
/// are several shards, the one that is worst off stands for all.
#[Object]
impl Stream {
    /// The state of the connection.
    async fn state(&self) -> State {
        self.0.stream.state.into()
    }

    /// Since when the stream is live, RFC 3339 in UTC with milliseconds; null while it is not.
    async fn connected_since(&self) -> Option<String> {
        self.0.stream.connected_since.map(|at| at.to_string())
    }

    /// Times the stream was live again after a loss.
    async fn reconnects(&self) -> Count {
        Count(self.0.stream.reconnects)
    }

    /// Failed attempts to connect.
    async fn failed_attempts(&self) -> Count {
        Count(self.0.stream.failed_attempts)
    }

    /// Times the peer broke the WebSocket protocol.
    async fn protocol_errors(&self) -> Count {
        Count(self.0.stream.protocol_errors)
    }

    /// Gaps so far, an open one included.
    async fn gaps_total(&self) -> Count {
        Count(self.0.stream.gaps_total)
    }

    /// The latest gaps, oldest first; at most 1024 are remembered.
    async fn gaps(
        &self,
        #[graphql(default = 20, desc = "How many, from 0 to 100.")] last: i32,
    ) -> Result<Vec<StreamGap>> {
        let wanted = range::within("last", last, 0..=GAPS_SHOWN_MAX)?;
        let gaps = &self.0.stream.gaps;
        let first = gaps.len().saturating_sub(wanted);
        Ok(gaps.iter().skip(first).map(StreamGap::new).collect())
    }

    /// What went wrong last, in one line; null when nothing did.
    async fn last_error(&self) -> Option<&str> {
        self.0.stream.last_error.as_deref()
    }

    /// The greatest event time applied so far, RFC 3339 in UTC with milliseconds; null before the
    /// first event.
    async fn last_event_time(&self) -> Option<String> {
        self.0.stream.last_event.map(|at| at.to_string())
    }

    /// When the latest batch of events arrived, RFC 3339 in UTC with milliseconds; null before the
    /// first one.
    async fn last_arrival(&self) -> Option<String> {
        self.0.stream.last_arrival.map(|at| at.to_string())
    }

    /// Arrival time minus event time of the latest event, in milliseconds; negative when the
    /// sender's clock was ahead, null before the first event. It does not grow while nothing comes.
    async fn lag_ms(&self) -> Option<f64> {
        self.0.stream.lag_ms.map(signed_float)
    }

    /// Since when payloads have come and none of them was usable (refused, older than every window,
    /// ahead of the clock, or of other types only), RFC 3339 in UTC with milliseconds; null after a
    /// usable one. Copies are usable.
    async fn nothing_usable_since(&self) -> Option<String> {
        let unusable = self.0.stream.unusable;
        unusable.map(|unusable| unusable.since.to_string())
    }

    /// How many payloads have come since then; 0 after a usable one.
    async fn unusable_payloads(&self) -> Count {
        let unusable = self.0.stream.unusable;
        Count(unusable.map_or(0, |unusable| unusable.payloads))
    }

    /// How far the server's clock is ahead of this machine's at least, in milliseconds, by the `Date`
    /// of its latest handshake; negative when it is behind, 0 while both agree as far as can be seen,
    /// null when it gave none.
    async fn server_clock_offset_ms(&self) -> Option<f64> {
        self.0.stream.server_clock_offset_ms.map(signed_float)
    }

    /// Whether that is more than the allowed skew: the numbers are wrong then.
    async fn clock_off(&self) -> bool {
        self.0.stream.is_clock_off
    }

    /// Every input by itself: connections, files, endpoints or partitions, by shard. A window is
    /// complete where every shard was covered, and a shard is covered while one of its inputs is live.
    async fn inputs(&self) -> Vec<Input> {
        self.0.stream.inputs.iter().map(Input::new).collect()
    }
}

/// One input of a source.
#[derive(Debug, SimpleObject)]
#[graphql(name = "StreamInput")]
pub(super) struct Input {
    /// The source's name.
    source: &'static str,
    /// Which of the source's shards it serves. Inputs of one shard stand in for each other.
    shard: i32,
    /// Its number among all inputs since the start; never used again.
    instance: Count,
    /// Its state.
    state: State,
    /// Since when it is live, RFC 3339 in UTC with milliseconds; null while it is not.
    connected_since: Option<String>,
    /// What went wrong since it was last live, in one line; null when nothing did.
    last_error: Option<String>,
    /// When its latest batch arrived, RFC 3339 in UTC with milliseconds; null before the first one.
    last_arrival: Option<String>,
    /// Arrival time minus event time of its latest event, in milliseconds; negative when the sender's
    /// clock was ahead, null before the first event.
    lag_ms: Option<f64>,
    /// From where its source can go on after what was applied: the number of a message, or a byte of a
    /// file; null where the source cannot go on from anywhere.
    position: Option<String>,
}

impl Input {
    fn new(input: &InputStatus) -> Self {
        Self {
            source: input.id.shard.source,
            shard: i32::from(input.id.shard.number),
            instance: Count(input.id.instance),
            state: input.state.into(),
            connected_since: input.connected_since.map(|at| at.to_string()),
            last_error: input.last_error.as_deref().map(str::to_owned),
            last_arrival: input.last_arrival.map(|at| at.to_string()),
            lag_ms: input.lag_ms.map(signed_float),
            position: match input.position {
                Position::None => None,
                Position::Sequence(at) | Position::Offset(at) => Some(at.to_string()),
            },
        }
    }
}

/// A span of time in which events may have been missed.
#[derive(Debug, SimpleObject)]
#[graphql(name = "Gap")]
pub(super) struct StreamGap {
    /// The last moment up to which nothing can be missing, RFC 3339 in UTC with milliseconds.
    start: String,
    /// When the stream was proven live again, RFC 3339 in UTC with milliseconds; null while it is not.
    end: Option<String>,
    /// What ended the connection.
    cause: Cause,
}

impl StreamGap {
    fn new(gap: &Gap) -> Self {
        Self {
            start: gap.start.to_string(),
            end: gap.end.map(|at| at.to_string()),
            cause: gap.cause.into(),
        }
    }
}

/// The state of a stream connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "StreamState", remote = "StreamState")]
pub(super) enum State {
    /// Not begun.
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
    /// Ended by the engine or by the end of the input.
    Closed,
}

/// Why a connection ended, or why else events may have been missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "LossCause", remote = "LossCause")]
pub(super) enum Cause {
    /// The peer closed with a close frame.
    Closed,
    /// The connection ended without a close frame.
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
    /// No loss of the connection: the clock of the engine's machine was wrong and was set right. Until
    /// then events may have been refused or booked at a wrong time.
    Clock,
}
