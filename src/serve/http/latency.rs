//! The distribution of a stage's latency since start, as text for plotters (`/latency/<stage>.hgrm`).
//!
//! The writer copies its histograms only when somebody asks, and looks once a second; the request
//! waits for that, the writer for nobody.

use std::time::Duration;

use hyper::StatusCode;
use tokio::time::Instant;
use tokio::time::sleep;

use crate::latency::Stage;
use crate::serve::answer;
use crate::serve::answer::Answer;
use crate::snapshot::Reader;

/// How long the writer's copy is waited for: it looks once a second, unless it is overloaded.
const WAIT_MAX: Duration = Duration::from_secs(3);
/// How often a waiting request looks.
const LOOK: Duration = Duration::from_millis(20);

/// The distribution of one stage.
pub(super) async fn answer(reader: &Reader, stage: Stage) -> Answer {
    let deadline = Instant::now() + WAIT_MAX;
    loop {
        let snapshot = reader.load();
        // Each time: the writer forgets the question once it has answered it.
        snapshot.spectra.ask();
        if let Some(histogram) = snapshot.spectra.stage(stage) {
            let text = histogram.percentile_text();
            return answer::new(StatusCode::OK, "text/plain; charset=utf-8", text);
        }
        drop(snapshot);
        if Instant::now() >= deadline {
            return answer::text(
                StatusCode::SERVICE_UNAVAILABLE,
                "latency: the writer did not answer in time; try again\n",
            );
        }
        sleep(LOOK).await;
    }
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
