//! The inputs of several parts side by side: the part that is worst off stands for all.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::config::limits;
use crate::snapshot::Snapshot;
use crate::snapshot::StreamStatus;
use crate::stream::Gap;
use crate::time::EpochMs;

/// How the inputs of all parts stand together.
pub(super) fn merged(parts: &[&Snapshot]) -> StreamStatus {
    let all = || parts.iter().map(|part| &part.stream);
    // Every part is needed, so what one does not know is not known.
    let latest = |of: fn(&StreamStatus) -> Option<EpochMs>| {
        all().map(of).reduce(|a, b| Some(a?.max(b?))).flatten()
    };
    // Of parts that are equally badly off, any one error will do, but always the same.
    let worst = all()
        .map(|part| (Reverse(part.state.standing()), part.last_error.as_ref()))
        .max();
    let worst_state = all()
        .map(|part| part.state)
        .min_by_key(|state| state.standing());
    let mut inputs: Vec<_> = all().flat_map(|part| part.inputs.iter().cloned()).collect();
    inputs.sort();
    StreamStatus {
        state: worst_state.unwrap_or_default(),
        connected_since: latest(|part| part.connected_since),
        reconnects: all().map(|part| part.reconnects).sum(),
        failed_attempts: all().map(|part| part.failed_attempts).sum(),
        protocol_errors: all().map(|part| part.protocol_errors).sum(),
        gaps_total: all().map(|part| part.gaps_total).sum(),
        gaps: gaps(all().flat_map(|part| part.gaps.iter().copied()).collect()),
        covered_since: latest(|part| part.covered_since),
        last_error: worst.and_then(|(_, error)| error.cloned()),
        last_event: all().filter_map(|part| part.last_event).max(),
        last_arrival: all().filter_map(|part| part.last_arrival).max(),
        lag_ms: all().filter_map(|part| part.lag_ms).max(),
        unusable: all().filter_map(|part| part.unusable).min(),
        server_clock_offset_ms: all()
            .filter_map(|part| part.server_clock_offset_ms)
            .max_by_key(|offset| (offset.unsigned_abs(), *offset)),
        is_clock_off: all().any(|part| part.is_clock_off),
        inputs,
    }
}

/// The latest gaps, oldest first.
fn gaps(mut gaps: Vec<Gap>) -> Arc<[Gap]> {
    gaps.sort_unstable();
    let first = gaps.len().saturating_sub(limits::GAPS_MAX);
    gaps[first..].into()
}
