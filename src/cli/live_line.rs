//! One line of the four metrics: redrawn in place on a terminal, a line a second elsewhere.

use std::io::IsTerminal;
use std::io::stdout;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio::time::interval;

use crate::snapshot::Reader;
use crate::snapshot::Snapshot;

use super::Failure;
use super::output;

/// How often the line is redrawn on a terminal.
const REDRAW: Duration = Duration::from_millis(250);
/// How often a line is written elsewhere.
const WRITE: Duration = Duration::from_secs(1);
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
        if output::data(&text)? == output::Reader::Gone {
            return Ok(());
        }
    }
}

/// Ends the redrawn line, so that what follows stands on its own.
pub(super) fn end() -> Result<(), Failure> {
    if stdout().is_terminal() {
        output::data("\n")?;
    }
    Ok(())
}

fn line(snapshot: &Snapshot) -> String {
    let Some(window) = snapshot.windows.first() else {
        return snapshot.stream.state.label().to_owned();
    };
    let incomplete = if window.is_complete() {
        ""
    } else {
        " (window not full yet)"
    };
    format!(
        "{}: {} active, {} connections, {:.1} s average, {:.0} messages/min{incomplete}",
        snapshot.stream.state.label(),
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
        let expected = "live: 7 active, 41 connections, 2.5 s average, 120 messages/min";
        assert_eq!(line(&snapshot), expected);
        snapshot.windows[0].coverage_ms = 59_999;
        assert_eq!(line(&snapshot), format!("{expected} (window not full yet)"));
    }

    #[test]
    fn a_snapshot_of_nothing_shows_the_state() {
        assert_eq!(line(&Snapshot::default()), "idle");
    }
}
