//! How all inputs stand together, for readers.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::shard::Shard;
use crate::snapshot::InputStatus;
use crate::snapshot::StreamStatus;
use crate::stream::Gap;

/// Counts of inputs and shards that are gone.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Sums {
    reconnects: u64,
    failed_attempts: u64,
    protocol_errors: u64,
    pub(super) gaps: u64,
}

impl Sums {
    pub(super) fn add_input(&mut self, input: &InputStatus) {
        self.failed_attempts += input.failed_attempts;
        self.protocol_errors += input.protocol_errors;
    }

    pub(super) fn add_shard(&mut self, shard: &Shard) {
        self.reconnects += shard.reconnects;
        self.gaps += shard.gaps_total;
        for input in &shard.inputs {
            self.add_input(&input.status);
        }
    }
}

/// Writes down how everything stands; allocates nothing once the list of inputs has its length.
pub(super) fn fill(status: &mut StreamStatus, shards: &[Shard], ended: &Sums, gaps: &Arc<[Gap]>) {
    let StreamStatus {
        state,
        connected_since,
        reconnects,
        failed_attempts,
        protocol_errors,
        gaps_total,
        gaps: shown,
        last_error,
        // `Coverage::fill` sets these.
        last_event: _,
        covered_since: _,
        last_arrival,
        lag_ms,
        unusable,
        server_clock_offset_ms,
        is_clock_off,
        inputs,
    } = status;
    let inputs_of = |shard: &Shard| shard.inputs.len();
    inputs.resize_with(shards.iter().map(inputs_of).sum(), InputStatus::default);
    let all = || shards.iter().flat_map(|shard| &shard.inputs);
    for (place, input) in inputs.iter_mut().zip(all()) {
        place.clone_from(&input.status);
    }
    let all = || all().map(|input| &input.status);

    *reconnects = ended.reconnects + shards.iter().map(|shard| shard.reconnects).sum::<u64>();
    *gaps_total = ended.gaps + shards.iter().map(|shard| shard.gaps_total).sum::<u64>();
    *failed_attempts =
        ended.failed_attempts + all().map(|input| input.failed_attempts).sum::<u64>();
    *protocol_errors =
        ended.protocol_errors + all().map(|input| input.protocol_errors).sum::<u64>();
    shown.clone_from(gaps);
    *last_arrival = all().filter_map(|input| input.last_arrival).max();
    *lag_ms = all().filter_map(|input| input.lag_ms).max();
    *unusable = all().find_map(|input| input.unusable);
    *is_clock_off = all().any(|input| input.is_clock_off);
    *server_clock_offset_ms = all()
        .filter_map(|input| input.server_clock_offset_ms)
        .max_by_key(|offset| offset.unsigned_abs());

    // The shard that is worst off stands for all, and in it the input that is best off.
    let best = |shard: &Shard| {
        let of_shard = shard.inputs.iter().map(|input| input.status.state);
        of_shard
            .max_by_key(|state| state.standing())
            .unwrap_or_default()
    };
    let worst = shards.iter().min_by_key(|shard| best(shard).standing());
    *state = worst.map(best).unwrap_or_default();
    let since = |shard: &Shard| {
        let of_shard = shard.inputs.iter();
        of_shard
            .filter_map(|input| input.status.connected_since)
            .min()
    };
    *connected_since = match worst {
        Some(_) => shards
            .iter()
            .map(since)
            .reduce(|a, b| Some(a?.max(b?)))
            .flatten(),
        None => None,
    };
    let errors = worst.iter().flat_map(|shard| &shard.inputs);
    let error = errors
        .filter_map(|input| input.status.last_error.as_ref())
        .next_back();
    last_error.clone_from(&error.cloned());
}
