//! The distribution of a stage's latency since start, as text for plotters (`/latency/<stage>.hgrm`).
//!
//! The snapshot's histogram has the cells of an HdrHistogram of three significant digits, so it is written
//! as one. It is at most a second old.

use hyper::StatusCode;

use crate::latency::Histogram;
use crate::latency::Stage;
use crate::serve::answer;
use crate::serve::answer::Answer;
use crate::snapshot::Reader;

/// The distribution of one stage.
pub(super) fn answer(reader: &Reader, stage: Stage) -> Answer {
    let snapshot = reader.load();
    let times = Histogram::from(&snapshot.latency.since_start[stage.index()]);
    answer::new(
        StatusCode::OK,
        "text/plain; charset=utf-8",
        times.percentile_text(),
    )
}

/// The answer for a stage that does not exist.
pub(super) fn unknown() -> Answer {
    let stages: Vec<&str> = Stage::ALL.iter().map(|stage| stage.label()).collect();
    let line = format!(
        "not found; /latency/<stage>.hgrm with one of: {}\n",
        stages.join(" ")
    );
    answer::new(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", line)
}
