//! The sliding windows, each under the label of its length.

use std::time::Duration;

use super::family::Family;
use super::family::float;
use super::family::label;
use super::family::plain_counter;
use super::family::seconds_of;
use crate::config::duration;
use crate::histogram::Quantile;
use crate::snapshot::Snapshot;
use crate::snapshot::WindowStats;

/// A window's length as the label that names it: `10s`, `1m`, `1h`.
pub(super) fn window_label(ms: u32) -> String {
    duration::format(Duration::from_millis(u64::from(ms)))
}

/// How a window's number is shown.
type OfWindow = fn(&WindowStats) -> Option<f64>;

/// The numbers of a window; those of a duration are absent while no session ended in it.
const OF_WINDOW: [(&str, &str, OfWindow); 12] = [
    (
        "streamgauge_window_active_sessions",
        "Sessions that connected inside the window and have not disconnected.",
        |window| Some(float(window.active_sessions)),
    ),
    (
        "streamgauge_window_connections",
        "Connections inside the window.",
        |window| Some(float(window.connections)),
    ),
    (
        "streamgauge_window_disconnections",
        "Disconnects inside the window that closed a session.",
        |window| Some(float(window.disconnections)),
    ),
    (
        "streamgauge_window_messages",
        "Messages inside the window.",
        |window| Some(float(window.messages)),
    ),
    (
        "streamgauge_window_closed_sessions",
        "Sessions that connected inside the window and have disconnected.",
        |window| Some(float(window.closed_sessions)),
    ),
    (
        "streamgauge_window_session_duration_mean_seconds",
        "Mean duration of the sessions that connected inside the window and have disconnected.",
        |window| (window.closed_sessions > 0).then(|| window.avg_session_duration_ms() / 1_000.0),
    ),
    (
        "streamgauge_window_session_duration_p50_seconds",
        "Median duration of the sessions whose disconnect is inside the window.",
        |window| percentile(window, Quantile::P50),
    ),
    (
        "streamgauge_window_session_duration_p90_seconds",
        "90th percentile of the duration of the sessions whose disconnect is inside the window.",
        |window| percentile(window, Quantile::P90),
    ),
    (
        "streamgauge_window_session_duration_p99_seconds",
        "99th percentile of the duration of the sessions whose disconnect is inside the window.",
        |window| percentile(window, Quantile::P99),
    ),
    (
        "streamgauge_window_session_duration_max_seconds",
        "Longest duration of the sessions whose disconnect is inside the window.",
        |window| Some(seconds_of(window.durations.as_ref()?.max())),
    ),
    (
        "streamgauge_window_session_messages_mean",
        "Mean number of messages of the sessions whose disconnect is inside the window.",
        WindowStats::messages_per_session,
    ),
    (
        "streamgauge_window_coverage_ratio",
        "Share of the window in which the stream was live.",
        |window| Some(float(window.coverage_ms) / f64::from(window.length_ms.max(1))),
    ),
];

fn percentile(window: &WindowStats, quantile: Quantile) -> Option<f64> {
    let durations = window.durations.as_ref()?;
    Some(seconds_of(durations.quantile(quantile)))
}

/// The families of every window, and the total.
pub(super) fn families(snapshot: &Snapshot) -> Vec<Family> {
    let mut all: Vec<Family> = OF_WINDOW
        .into_iter()
        .map(|(name, help, of)| {
            let family = Family::gauge(name, help);
            snapshot
                .windows
                .iter()
                .fold(family, |family, window| match of(window) {
                    Some(number) => {
                        family.number(label("window", &window_label(window.length_ms)), number)
                    }
                    None => family,
                })
        })
        .collect();
    all.push(plain_counter(
        "streamgauge_connections",
        "Connections since the start.",
        snapshot.total_connections,
    ));
    all
}
