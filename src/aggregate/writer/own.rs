//! What the writer itself puts into a snapshot.

use std::sync::Arc;

use crate::config::Directory;
use crate::latency::Latencies;
use crate::reloadable::Reloadable;
use crate::snapshot::RingStats;
use crate::snapshot::Snapshot;
use crate::time::EpochMs;

/// What the writer knows of a snapshot beside its state.
pub(super) struct Own<'writer> {
    pub(super) engine_id: u64,
    pub(super) sequence: u64,
    pub(super) ring: RingStats,
    pub(super) latency: &'writer Arc<Latencies>,
    pub(super) directory: &'writer Reloadable<Directory>,
}

impl Own<'_> {
    pub(super) fn fill(&self, snapshot: &mut Snapshot, at: EpochMs) {
        // Every field by name, as in `State::fill`: the snapshot is a used one.
        let Snapshot {
            engine_id,
            sequence,
            published,
            ring,
            latency,
            directory,
            // `State::fill` sets these.
            now: _,
            clock: _,
            counters_since: _,
            windows: _,
            total_connections: _,
            sessions: _,
            counters: _,
            stream: _,
            dedup: _,
            groups: _,
            series: _,
            longest: _,
            desk: _,
            // `Watch::fill` sets these.
            alerts: _,
        } = snapshot;
        *engine_id = self.engine_id;
        *sequence = self.sequence;
        *published = at;
        *ring = self.ring;
        latency.clone_from(self.latency);
        *directory = self.directory.load();
    }
}
