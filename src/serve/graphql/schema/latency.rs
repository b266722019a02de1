//! How long each stage takes.

use async_graphql::Enum;
use async_graphql::SimpleObject;

use super::scalar::Count;
use super::scalar::ms_from_ns;
use crate::histogram::LogLinear;
use crate::histogram::Quantile;
use crate::latency::Latencies;
use crate::latency::Stage;

/// The latency of every stage, in flow order.
pub(super) fn stages(latencies: &Latencies) -> Vec<StageLatency> {
    Stage::ALL
        .iter()
        .map(|&stage| StageLatency {
            stage: stage.into(),
            last_minute: Latency::new(&latencies.last_minute[stage.index()]),
            since_start: Latency::new(&latencies.since_start[stage.index()]),
        })
        .collect()
}

/// How long one stage takes.
#[derive(Debug, SimpleObject)]
pub(super) struct StageLatency {
    /// Which stage.
    stage: LatencyStage,
    /// Over the last minute, in steps of five seconds.
    last_minute: Latency,
    /// Since the engine started.
    since_start: Latency,
}

/// Percentiles of a histogram, in milliseconds with fractions: at or above the exact value, by at
/// most 0.1 % since the start and 1 % over the last minute. All are 0 while nothing is recorded, and
/// times over a minute count as a minute.
#[derive(Debug, SimpleObject)]
pub(super) struct Latency {
    /// How many times are recorded: events, queries for the stage `QUERY`, wake-ups for `PAUSE`.
    count: Count,
    /// The median, in milliseconds.
    p50_ms: f64,
    /// The 90th percentile, in milliseconds.
    p90_ms: f64,
    /// The 99th percentile, in milliseconds.
    p99_ms: f64,
    /// The 99.9th percentile, in milliseconds.
    p999_ms: f64,
    /// The longest time, in milliseconds, with the error of a percentile.
    max_ms: f64,
}

impl Latency {
    fn new<const BITS: u32>(times: &LogLinear<BITS>) -> Self {
        let asked = [Quantile::P50, Quantile::P90, Quantile::P99, Quantile::P999];
        let [p50_ms, p90_ms, p99_ms, p999_ms] = times.quantiles(asked).map(ms_from_ns);
        Self {
            count: Count(times.count()),
            p50_ms,
            p90_ms,
            p99_ms,
            p999_ms,
            max_ms: ms_from_ns(times.max()),
        }
    }
}

/// A part of the way of an event, or of a query, or the pauses of the whole process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Stage")]
pub(super) enum LatencyStage {
    /// From the read that completed an event's batch to the batch's offer to the ring.
    Parse,
    /// From the offer until the writer takes the batch: waiting in the ring.
    Ring,
    /// From there until the batch is applied.
    Aggregate,
    /// From there until the snapshot that shows it is stored.
    Publish,
    /// From arrival until readers can see it: the four stages before, event by event. Arrival is when
    /// the engine read the event: time before that, such as while the process was stopped, is not in it.
    /// PAUSE shows such stops; only a sender with a plan (streamgauge load) can measure their effect.
    Visible,
    /// From a GraphQL request's last byte until its answer is ready to be written.
    Query,
    /// How much later the writer woke than the moment it had set itself, at least ten times a second
    /// unless it is always busy. A stop of the whole process is here, up to a tenth of a second short.
    Pause,
}
