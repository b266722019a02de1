//! Every input of the sources by itself.

use super::family::Family;
use super::family::Labels;
use crate::snapshot::InputStatus;
use crate::stream::StreamState;

pub(super) fn families(inputs: &[InputStatus]) -> Vec<Family> {
    let mut live = Family::gauge(
        "streamgauge_input_live",
        "1 while an input is live, else 0: a connection, file, endpoint or partition of a source.",
    );
    let mut lag = Family::gauge(
        "streamgauge_input_lag_seconds",
        "Arrival minus event time of an input's latest event.",
    );
    for input in inputs {
        let is_live = input.state == StreamState::Live;
        live = live.count(labels(input), u64::from(is_live));
        if let Some(lag_ms) = input.lag_ms {
            lag = lag.number(labels(input), seconds(lag_ms));
        }
    }
    vec![live, lag]
}

fn labels(input: &InputStatus) -> Labels {
    let shard = input.id.shard;
    vec![
        ("source", shard.source.to_owned()),
        ("shard", shard.number.to_string()),
        ("instance", input.id.instance.to_string()),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "lags stay far below 2^53 ms")]
fn seconds(ms: i64) -> f64 {
    ms as f64 / 1_000.0
}
