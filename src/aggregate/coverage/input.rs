//! What one input has reported of itself.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use crate::event::Reject;
use crate::input::InputId;
use crate::input::Position;
use crate::ring::Batch;
use crate::snapshot::InputStatus;
use crate::snapshot::Unusable;
use crate::snapshot::UnusableFate;
use crate::stream::StreamState;
use crate::time::EpochMs;

/// One input of a shard.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Input {
    pub(super) status: InputStatus,
    /// Since when it has missed nothing; `None` while it may be missing something.
    pub(super) live_since: Option<EpochMs>,
    /// Whether its ring is gone.
    pub(super) is_over: bool,
    /// The latest time of a report. Reports of an earlier one, after the wall clock has stepped back,
    /// count from here.
    reported: EpochMs,
    /// Whether anything usable came since it is live.
    has_been_usable: bool,
}

impl Input {
    /// An input of which nothing is known; no report of it counts as earlier than `earliest`.
    pub(super) fn new(id: InputId, earliest: EpochMs) -> Self {
        Self {
            status: InputStatus::new(id),
            live_since: None,
            is_over: false,
            reported: earliest,
            has_been_usable: false,
        }
    }

    pub(super) fn is(&self, id: InputId) -> bool {
        self.status.id.instance == id.instance && self.status.id.shard == id.shard
    }

    /// The time of a report, not before one that was made earlier.
    pub(super) fn in_order(&mut self, at: EpochMs) -> EpochMs {
        self.reported = self.reported.max(at);
        self.reported
    }

    /// Takes a position over, if it is one.
    pub(super) fn reached(&mut self, position: Position) {
        if position != Position::None {
            self.status.position = position;
        }
    }

    pub(super) fn enter(&mut self, state: StreamState) {
        self.status.state = state;
        if state != StreamState::Live {
            self.status.connected_since = None;
        }
        if state == StreamState::Connecting {
            // The next answer may be another server's, or without a date.
            self.status.server_clock_offset_ms = None;
            self.status.is_clock_off = false;
        }
    }

    pub(super) fn live(&mut self, at: EpochMs) {
        self.live_since.get_or_insert(at);
        self.status.state = StreamState::Live;
        self.status.connected_since = Some(at);
        self.status.last_error = None;
        self.status.unusable = None;
        self.has_been_usable = false;
    }

    pub(super) fn lost(&mut self, detail: &str) {
        self.live_since = None;
        self.status.connected_since = None;
        self.failed(detail);
    }

    pub(super) fn failed(&mut self, detail: &str) {
        self.status.last_error = Some(Arc::from(detail));
    }

    /// The engine clock goes on at an earlier time.
    pub(super) fn rebase(&mut self, to: EpochMs) {
        self.reported = to;
        for since in [&mut self.live_since, &mut self.status.connected_since] {
            *since = since.map(|since| since.min(to));
        }
    }

    /// Takes note of the latest event of a batch.
    pub(super) fn arrived(&mut self, arrival: EpochMs, latest: Option<EpochMs>) {
        self.status.last_arrival = Some(arrival);
        if let Some(latest) = latest {
            // Both may be any time there is.
            self.status.lag_ms = Some(arrival.ms().saturating_sub(latest.ms()));
        }
    }

    /// Judges a batch that payloads were read into: whether any came to something. What was shed tells
    /// nothing about the payloads.
    pub(super) fn judge(&mut self, batch: &Batch, is_usable: bool, is_future: bool) {
        if is_usable {
            self.status.unusable = None;
            self.has_been_usable = true;
            return;
        }
        let delta = &batch.delta;
        let rejected = Reject::ALL
            .iter()
            .find(|reason| delta.rejected[reason.index()] > 0);
        let fate = match rejected {
            Some(reason) => UnusableFate::Rejected(*reason),
            None if is_future => UnusableFate::Future,
            None if !batch.events.is_empty() => UnusableFate::Late,
            None if delta.shed > 0 => return,
            None if delta.ignored > 0 => UnusableFate::Ignored,
            // Control messages alone, and payloads that held no event.
            None => return,
        };
        let is_ignored = fate == UnusableFate::Ignored;
        // Heartbeats and the like, on a stream that has brought what was asked for.
        if is_ignored && self.has_been_usable && self.status.unusable.is_none() {
            return;
        }
        let run = self.status.unusable.get_or_insert(Unusable {
            since: batch.arrival,
            latest: batch.arrival,
            payloads: 0,
            fate,
        });
        run.latest = batch.arrival;
        run.payloads += delta.received.saturating_sub(delta.control + delta.shed);
        if !is_ignored {
            run.fate = fate;
        }
    }
}
