//! One line of the four metrics: redrawn in place on a terminal, a line a second elsewhere.

use std::io::IsTerminal;
use std::io::stdout;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio::time::interval;
use tokio::time::timeout;

use crate::snapshot::Reader;
use crate::snapshot::Snapshot;

use super::Failure;
use super::output;

/// How often the line is redrawn on a terminal.
const REDRAW: Duration = Duration::from_millis(250);
/// How often a line is written elsewhere.
const WRITE: Duration = Duration::from_secs(1);
/// How long the end of the line may take to be written.
const END_MAX: Duration = Duration::from_millis(500);
/// To the line's start, and clear it.
const CLEAR: &str = "\r\x1b[2K";

/// Writes the line to standard output until nobody reads it any more. May be dropped at any time;
/// then call [`end`].
pub(super) async fn show(reader: &Reader) -> Result<(), Failure> {
    let is_terminal = stdout().is_terminal();
    let mut ticks = interval(if is_terminal { REDRAW } else { WRITE });
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let line = line(&reader.load());
        let text = if is_terminal {
            format!("{CLEAR}{line}")
        } else {
            format!("{line}\n")
        };
        if output::data_beside(text).await? == output::Reader::Gone {
            return Ok(());
        }
    }
}

/// Ends the redrawn line, so that what follows stands on its own.
pub(super) async fn end() {
    if stdout().is_terminal() {
        // A terminal that is gone or held needs no end of line.
        let _ = timeout(END_MAX, output::data_beside("\n".to_owned())).await;
    }
}

/// Short enough for a terminal of 80 columns: a line that wraps cannot be redrawn in place.
fn line(snapshot: &Snapshot) -> String {
    let state = snapshot.stream.state.label();
    let Some(window) = snapshot.windows.first() else {
        return state.to_owned();
    };
    let filling = if window.is_complete() {
        ""
    } else {
        "  (filling)"
    };
    format!(
        "{state}  active {}  total {}  average {:.1} s  messages/min {:.0}{filling}",
        window.active_sessions,
        snapshot.total_connections,
        window.avg_session_duration_ms() / 1_000.0,
        window.messages_per_minute(),
    )
}

#[cfg(test)]
mod tests {
    use crate::snapshot::WindowStats;
    use crate::stream::StreamState;

    use super::*;

    #[test]
    fn the_line_has_the_four_metrics() {
        let mut snapshot = Snapshot {
            total_connections: 41,
            windows: vec![WindowStats {
                length_ms: 60_000,
                active_sessions: 7,
                messages: 120,
                closed_sessions: 2,
                closed_duration_ms: 5_000,
                coverage_ms: 60_000,
                ..WindowStats::default()
            }],
            ..Snapshot::default()
        };
        snapshot.stream.state = StreamState::Live;
        let expected = "live  active 7  total 41  average 2.5 s  messages/min 120";
        assert_eq!(line(&snapshot), expected);
        snapshot.windows[0].coverage_ms = 59_999;
        assert_eq!(line(&snapshot), format!("{expected}  (filling)"));
    }

    #[test]
    fn a_snapshot_of_nothing_shows_the_state() {
        assert_eq!(line(&Snapshot::default()), "idle");
    }
}
