//! A recorded file instead of a stream, in event time: the same parser and the same aggregate, and
//! one line of output a step.
//!
//! ```text
//!  reader        parse            order              steps              report
//!  bytes→lines → bytes→Event   → held until the   → applied to the   → NDJSON or table
//!                                lateness is past   State, cut at `at`
//! ```
//!
//! Runs on the caller's thread and reads no clock but the one it is given, which only measures and
//! paces: the output depends on nothing but the input and the settings.

mod order;
mod pace;
mod reader;
mod report;
mod settings;
mod steps;

use std::fmt;
use std::io;
use std::io::Read;
use std::io::Write;

use crate::event::IdKeys;
use crate::event::Reject;
use crate::parse::Parser;
use crate::parse::Verdict;
use crate::snapshot::Counters;
use crate::time::Clock;

use order::Order;
use pace::Pace;
use reader::LineReader;
use report::Report;
use steps::Steps;

pub use report::Format;
pub use settings::ReplaySettings;
pub use settings::SettingsError;
pub use settings::Speed;

/// How many malformed lines are reported one by one; the rest are only counted.
pub const MALFORMED_SHOWN: u64 = 5;

/// A line that became no event and is not merely of another type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The line's number in the input, from 1; empty lines count here.
    pub line: u64,
    /// What is wrong with it.
    pub reason: Reject,
}

/// What a replay came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Every line that is not empty, by its fate.
    pub counters: Counters,
    /// Objects printed.
    pub steps: u64,
    /// Time from the first read to the last write, in nanoseconds.
    pub elapsed_ns: u64,
}

/// Why a replay stopped before the end of its input.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The input could not be read further.
    #[error("after line {line}: {source}")]
    Read {
        /// Lines read until then.
        line: u64,
        /// What the system says.
        source: io::Error,
    },
    /// The output could not be written; a closed pipe is no fault of the replay.
    #[error("output: {0}")]
    Write(#[from] io::Error),
    /// A malformed line, under [`ReplaySettings::strict`].
    #[error("{0}; mend the line, or leave out --strict to count it and go on")]
    Malformed(Malformed),
}

/// Replays newline-delimited events from `input` and writes one object a step to `output`.
///
/// The first [`MALFORMED_SHOWN`] malformed lines are handed to `on_malformed` as they are met.
/// Cost: no allocation per line; memory grows with open sessions and, under a lateness, with the
/// events held back.
///
/// # Errors
/// When the input cannot be read or the output not be written, and under `strict` at the first
/// malformed line; what was printed until then stands.
pub fn run(
    input: impl Read,
    settings: &ReplaySettings,
    output: impl Write,
    clock: &Clock,
    mut on_malformed: impl FnMut(Malformed),
) -> Result<Summary, ReplayError> {
    let begun_ns = clock.mono_ns();
    let mut reader = LineReader::new(input);
    let mut parser = Parser::new(IdKeys::FIXED);
    let mut order = Order::new(settings);
    let mut steps = Steps::new(
        settings,
        Report::new(settings.format, output),
        settings.speed.map(|speed| Pace::new(speed, clock.clone())),
    );
    let mut malformed = 0;

    while let Some(line) = next_line(&mut reader, &mut steps)? {
        let verdict = match line.content {
            Ok(bytes) => parser.parse(bytes),
            Err(reason) => Verdict::Rejected(reason),
        };
        match verdict {
            Verdict::Event(event) => order.offer(event, &mut steps)?,
            Verdict::Ignored => steps.count_ignored(),
            Verdict::Rejected(reason) => {
                let line = Malformed {
                    line: line.number,
                    reason,
                };
                if settings.strict {
                    steps.flush()?;
                    return Err(ReplayError::Malformed(line));
                }
                steps.count_rejected(reason);
                malformed += 1;
                if malformed <= MALFORMED_SHOWN {
                    on_malformed(line);
                }
            }
        }
    }

    order.finish(&mut steps)?;
    steps.flush()?;
    Ok(Summary {
        counters: *steps.counters(),
        steps: steps.printed(),
        elapsed_ns: clock.mono_ns().saturating_sub(begun_ns),
    })
}

/// The next line that is not empty. Before a read that may block, what was printed becomes visible,
/// so that a replay of a growing pipe can be watched.
fn next_line<'a, R: Read, W: Write>(
    reader: &'a mut LineReader<R>,
    steps: &mut Steps<W>,
) -> Result<Option<reader::Line<'a>>, ReplayError> {
    while !reader.find_line() {
        if reader.is_at_end() {
            return Ok(None);
        }
        steps.flush()?;
        reader.refill().map_err(|source| ReplayError::Read {
            line: reader.lines(),
            source,
        })?;
    }
    Ok(Some(reader.line()))
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason.label())
    }
}

impl Summary {
    /// Lines a second; 0 when no time has passed.
    pub fn lines_per_second(&self) -> u64 {
        let lines = u128::from(self.counters.received) * 1_000_000_000;
        let per_second = lines.checked_div(u128::from(self.elapsed_ns));
        u64::try_from(per_second.unwrap_or_default()).unwrap_or(u64::MAX)
    }
}

/// One line for people.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counters = &self.counters;
        let elapsed_ms = self.elapsed_ns / 1_000_000;
        write!(
            f,
            "{} lines in {}.{:03} s ({} lines/s), {} steps: {} applied, {} ignored, {} rejected, \
             {} duplicates, {} late, {} future",
            counters.received,
            elapsed_ms / 1_000,
            elapsed_ms % 1_000,
            self.lines_per_second(),
            self.steps,
            counters.applied,
            counters.ignored,
            counters.rejected_total(),
            counters.duplicates,
            counters.late,
            counters.future,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_one_line() {
        let summary = Summary {
            counters: Counters {
                received: 3,
                applied: 2,
                ignored: 1,
                ..Counters::default()
            },
            steps: 4,
            elapsed_ns: 1_500_000_000,
        };
        assert_eq!(
            summary.to_string(),
            "3 lines in 1.500 s (2 lines/s), 4 steps: 2 applied, 1 ignored, 0 rejected, \
             0 duplicates, 0 late, 0 future"
        );
        let in_no_time = Summary {
            elapsed_ns: 0,
            ..summary
        };
        assert_eq!(in_no_time.lines_per_second(), 0);
    }
}
