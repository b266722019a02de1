//! One snapshot of several: what one engine would say that had all their events.
//!
//! A pure function: the order of the parts does not matter, parts may be merged step by step, and a
//! snapshot that nobody published (`Snapshot::default()`) adds nothing. Merging the snapshots of engines
//! among which sessions were divided, at one clock, gives the numbers of one engine with all of them, as
//! long as no bound bites (groups, sessions, fingerprints, gaps remembered).
//!
//! - Counts, sums and histograms add up; of gauges of one part the newest is used, of clocks the worst.
//! - Groups are matched by name. Their numbers are reassigned, in the order of the names.
//! - A time is covered where every part was: each brings what the others do not have.
//! - Out-of-order events are those that the parts counted, and steps of the clock those of all machines.
//! - Alerts, and news about them, are left out: they are looked at over the merged snapshot. Names and
//!   links are those that all parts agree on.
//!
//! The engine id is the wrapping sum of the parts' and the sequence the sum of theirs: while the parts are
//! the same engines the id is the same and the sequence never goes back. `published` is that of the oldest
//! part, so that the age says how old the numbers may be.
//!
//! Parts have the same windows; where they do not, those are left that all of them have.

mod groups;
mod longest;
mod numbers;
mod series;
mod stream;
mod windows;

use std::sync::Arc;

use super::ClockStatus;
use super::Counters;
use super::DedupStats;
use super::Desk;
use super::RingStats;
use super::SessionStats;
use super::Snapshot;
use crate::config::Directory;
use crate::latency::Latencies;

use numbers::Numbers;

impl Snapshot {
    /// The snapshot of all parts together. Cost: a walk over everything in them, some milliseconds a part
    /// with an hour of series.
    ///
    /// ```
    /// use streamgauge::snapshot::{Snapshot, WindowStats};
    ///
    /// let part = |sequence, messages| Snapshot {
    ///     sequence,
    ///     windows: vec![WindowStats { length_ms: 60_000, messages, ..WindowStats::default() }],
    ///     ..Snapshot::default()
    /// };
    /// let merged = Snapshot::merged(&[&part(3, 5), &part(4, 7), &Snapshot::default()]);
    /// assert_eq!((merged.sequence, merged.main().messages), (7, 12));
    /// ```
    pub fn merged(parts: &[&Self]) -> Self {
        let parts: Vec<&Self> = parts
            .iter()
            .copied()
            .filter(|part| part.is_made())
            .collect();
        let of = |each: fn(&Self) -> u64| parts.iter().map(move |part| each(part));
        let numbers = Numbers::of(&parts);
        let stream = stream::merged(&parts);
        Self {
            engine_id: of(|part| part.engine_id).fold(0, u64::wrapping_add),
            sequence: of(|part| part.sequence).fold(0, u64::saturating_add),
            now: parts.iter().map(|part| part.now).max().unwrap_or_default(),
            clock: clock(&parts),
            published: parts
                .iter()
                .map(|part| part.published)
                .min()
                .unwrap_or_default(),
            counters_since: parts
                .iter()
                .map(|part| part.counters_since)
                .min()
                .unwrap_or_default(),
            windows: windows::merged(&parts, &stream),
            total_connections: of(|part| part.total_connections).sum(),
            sessions: sessions(&parts),
            counters: counters(&parts),
            ring: ring(&parts),
            dedup: dedup(&parts),
            latency: latency(&parts),
            groups: groups::merged(&parts, &numbers, &stream),
            series: series::merged(&parts, &numbers),
            longest: longest::merged(&parts),
            desk: desk(&parts),
            alerts: Arc::default(),
            directory: directory(&parts),
            stream,
        }
    }

    /// Whether an engine made it, or a merge of what engines made.
    fn is_made(&self) -> bool {
        !self.windows.is_empty()
    }
}

fn clock(parts: &[&Snapshot]) -> ClockStatus {
    let all = || parts.iter().map(|part| part.clock);
    ClockStatus {
        behind_ms: all().map(|clock| clock.behind_ms).max().unwrap_or(0),
        is_behind: all().any(|clock| clock.is_behind),
        is_on_hold: all().any(|clock| clock.is_on_hold),
        step_ms: all()
            .map(|clock| clock.step_ms)
            .max_by_key(|step_ms| (step_ms.unsigned_abs(), *step_ms))
            .unwrap_or(0),
    }
}

fn sessions(parts: &[&Snapshot]) -> SessionStats {
    let all = || parts.iter().map(|part| part.sessions);
    SessionStats {
        open: all().map(|sessions| sessions.open).sum(),
        open_uncertain: all().map(|sessions| sessions.open_uncertain).sum(),
        awaiting: all().map(|sessions| sessions.awaiting).sum(),
        awaiting_since: all().filter_map(|sessions| sessions.awaiting_since).min(),
        open_since: all()
            .map(|sessions| sessions.open_since)
            .reduce(|a, b| Some(a?.max(b?)))
            .flatten(),
        is_open_complete: !parts.is_empty() && all().all(|sessions| sessions.is_open_complete),
        pending: all().map(|sessions| sessions.pending).sum(),
        closed: all().map(|sessions| sessions.closed).sum(),
        bytes: all().map(|sessions| sessions.bytes).sum(),
    }
}

fn counters(parts: &[&Snapshot]) -> Counters {
    let mut counters = Counters::default();
    parts.iter().for_each(|part| counters.add(&part.counters));
    counters
}

fn ring(parts: &[&Snapshot]) -> RingStats {
    let all = || parts.iter().map(|part| part.ring);
    RingStats {
        depth: all().map(|ring| ring.depth).sum(),
        capacity: all().map(|ring| ring.capacity).sum(),
        // Each at its own moment, so there were never more than this at one.
        high_water: all().map(|ring| ring.high_water).sum(),
    }
}

fn dedup(parts: &[&Snapshot]) -> DedupStats {
    let all = || parts.iter().map(|part| part.dedup);
    DedupStats {
        fingerprints: all().map(|dedup| dedup.fingerprints).sum(),
        bytes: all().map(|dedup| dedup.bytes).sum(),
        forgotten_before: all().filter_map(|dedup| dedup.forgotten_before).max(),
    }
}

fn latency(parts: &[&Snapshot]) -> Arc<Latencies> {
    if let [part] = parts {
        return Arc::clone(&part.latency);
    }
    let mut latencies = Latencies::default();
    parts.iter().for_each(|part| latencies.add(&part.latency));
    Arc::new(latencies)
}

/// Conversations are divided among the parts, so their numbers add up.
fn desk(parts: &[&Snapshot]) -> Arc<Desk> {
    let all: Vec<&Desk> = parts.iter().map(|part| &*part.desk).collect();
    match all[..] {
        [_] => Arc::clone(&parts[0].desk),
        _ => Arc::new(Desk::merged(&all)),
    }
}

/// What all agree on; nothing where any two do not.
fn directory(parts: &[&Snapshot]) -> Arc<Directory> {
    let mut all = parts.iter().map(|part| &part.directory);
    let Some(first) = all.next() else {
        return Arc::default();
    };
    let is_same = |other: &Arc<Directory>| Arc::ptr_eq(first, other) || first == other;
    match all.all(is_same) {
        true => Arc::clone(first),
        false => Arc::default(),
    }
}
