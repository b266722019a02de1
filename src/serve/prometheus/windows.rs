//! The sliding windows, each under the label of its length.

use std::time::Duration;

use super::family::Family;
use super::family::float;
use super::family::label;
use super::family::plain_counter;
use crate::config::duration;
use crate::metric::Metric;
use crate::metric::Row;
use crate::metric::Unit;
use crate::snapshot::Snapshot;
use crate::snapshot::WindowStats;

/// A window's length as the label that names it: `10s`, `1m`, `1h`.
pub(super) fn window_label(ms: u32) -> String {
    duration::format(Duration::from_millis(u64::from(ms)))
}

/// A number in the base unit of its family: times are in seconds.
pub(super) fn in_base_unit(row: &Row, number: f64) -> f64 {
    match row.unit {
        Unit::Milliseconds => number / 1_000.0,
        _ => number,
    }
}

/// A family with a value for every window that has one.
fn of_windows(
    snapshot: &Snapshot,
    name: &str,
    help: &'static str,
    of: impl Fn(&WindowStats) -> Option<f64>,
) -> Family {
    let all = snapshot.windows.iter();
    all.fold(Family::gauge(name, help), |family, window| {
        match of(window) {
            Some(number) => family.number(label("window", &window_label(window.length_ms)), number),
            None => family,
        }
    })
}

/// The families of every window, and the total.
pub(super) fn families(snapshot: &Snapshot) -> Vec<Family> {
    let rows = Metric::ALL.iter().map(|metric| metric.row());
    let of_table = rows.filter(|row| row.from.has_window()).filter_map(|row| {
        let family = row.family.filter(|family| family.is_of_whole)?;
        let name = format!("streamgauge_window_{}", family.suffix);
        Some(of_windows(snapshot, &name, row.definition, |window| {
            Some(in_base_unit(row, window.number(row.from)?))
        }))
    });
    let mut all: Vec<Family> = of_table.collect();
    all.push(of_windows(
        snapshot,
        "streamgauge_window_coverage_ratio",
        "Share of the window in which the stream was live.",
        |window| Some(float(window.coverage_ms) / f64::from(window.length_ms.max(1))),
    ));
    all.push(plain_counter(
        "streamgauge_connections",
        "Connections since the start.",
        snapshot.total_connections,
    ));
    all
}
