//! A recorded file instead of a stream, in event time: the same decoders and the same aggregate, and
//! one line of output a step.
//!
//! ```text
//!  reader        parse           handoff       order            steps              report
//!  bytes→lines → bytes→Event ──→ stretches ──→ held until the → applied to the   → NDJSON
//!                                of lines      lateness is past State, cut at `at` or table
//!  └─ the caller's thread ───┘               └─ a second thread ──────────────────────────┘
//! ```
//!
//! Reads no clock but the one it is given, which only measures and paces: the output depends on
//! nothing but the input and the settings.

mod facts;
mod handoff;
mod input;
mod intake;
mod order;
mod pace;
mod reader;
mod reading;
mod report;
mod settings;
mod steps;
mod strays;
mod vote;

use std::fmt;
use std::io;
use std::io::Read;
use std::io::Write;
use std::panic::resume_unwind;
use std::thread;

use crate::event::Reject;
use crate::snapshot::Counters;
use crate::time::Clock;

use handoff::Inlet;
use handoff::Outlet;
use handoff::handoff;
use intake::Intake;
use intake::Stop;
use order::Order;
use pace::Pace;
use reader::LineReader;
use reading::Reading;
use report::Report;
use steps::Steps;

pub use input::Foreign;
pub use input::Recording;
pub use input::Shape;
pub use input::Unpacked;
pub use input::unpacked;
pub use report::Format;
pub use settings::ReplaySettings;
pub use settings::SettingsError;
pub use settings::Speed;
pub use strays::STRAYS_SHOWN;
pub use strays::Stray;
pub use strays::Strays;

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
    /// Lines that were late or future because their time is further from the others than the
    /// allowed jump.
    pub strays: Strays,
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
    /// The thread that applies could not be started: let the process have more of them.
    #[error("thread: {0}; allow this user or container more threads")]
    Thread(io::Error),
    /// A malformed line, under [`ReplaySettings::strict`].
    #[error("{0}; mend the line, or leave out --strict to count it and go on")]
    Malformed(Malformed),
}

/// Replays newline-delimited events of the settings' dialect from `input` and writes one object a step to `output`. Through a
/// [`Recording`] the input may be of other shapes, and compressed.
///
/// Reads and parses on the caller's thread; applies and prints on a second one, which ends before
/// this returns. What was printed becomes visible whenever that thread has nothing to do, so a
/// growing pipe can be watched. The first [`MALFORMED_SHOWN`] malformed lines are handed to
/// `on_malformed` as they are met.
/// Cost: no allocation per line; memory grows with open sessions and, under a lateness, with the
/// events held back.
///
/// # Errors
/// When the input cannot be read or the output not be written, and under `strict` at the first
/// malformed line; what was printed until then stands.
pub fn run(
    input: impl Read,
    settings: &ReplaySettings,
    output: impl Write + Send,
    clock: &Clock,
    on_malformed: impl FnMut(Malformed),
) -> Result<Summary, ReplayError> {
    let begun_ns = clock.mono_ns();
    let (inlet, outlet) = handoff();
    let steps = Steps::new(
        settings,
        Report::new(settings.format, output),
        settings.speed.map(|speed| Pace::new(speed, clock.clone())),
    );
    let order = Order::new(settings);
    let (read, applied) = thread::scope(|scope| {
        let named = thread::Builder::new().name("replay-apply".to_owned());
        let applying = named
            .spawn_scoped(scope, || apply(outlet, order, steps))
            .map_err(ReplayError::Thread)?;
        let read = read(input, settings, inlet, on_malformed);
        let applied = match applying.join() {
            Ok(applied) => applied,
            Err(panic) => resume_unwind(panic),
        };
        Ok::<_, ReplayError>((read, applied))
    })?;
    // A fault of the output concerns earlier lines than one of the input.
    let applied = applied?;
    read?;
    Ok(Summary {
        counters: applied.counters,
        steps: applied.steps,
        strays: applied.strays,
        elapsed_ns: clock.mono_ns().saturating_sub(begun_ns),
    })
}

/// Reads and parses to the end of the input, or until nobody takes the lines any more.
fn read(
    input: impl Read,
    settings: &ReplaySettings,
    inlet: Inlet,
    on_malformed: impl FnMut(Malformed),
) -> Result<(), ReplayError> {
    let mut reader = LineReader::new(input);
    let reading = Reading::new(&settings.dialect);
    let intake = Intake::new(reading, inlet, settings.strict, on_malformed);
    match intake.take_all(&mut reader) {
        Ok(()) | Err(Stop::Gone) => Ok(()),
        Err(Stop::Malformed(line)) => Err(ReplayError::Malformed(line)),
        Err(Stop::Read(source)) => Err(ReplayError::Read {
            line: reader.lines(),
            source,
        }),
    }
}

/// What came of the lines.
struct Applied {
    counters: Counters,
    steps: u64,
    strays: Strays,
}

/// Applies and prints what comes out.
fn apply<W: Write>(
    outlet: Outlet,
    mut order: Order,
    mut steps: Steps<W>,
) -> Result<Applied, ReplayError> {
    while let Some(mut stretch) = outlet.take(|| steps.flush())? {
        steps.adopt(&mut stretch);
        let mut applied = 0;
        for other in &stretch.others {
            let line_of = |event| stretch.line_of(applied + event);
            order.offer(&stretch.events[applied..other.place], &line_of, &mut steps)?;
            applied = other.place;
            order.count(other.line, &mut steps);
        }
        let line_of = |event| stretch.line_of(applied + event);
        order.offer(&stretch.events[applied..], &line_of, &mut steps)?;
        if stretch.is_last {
            order.finish(&mut steps)?;
            break;
        }
        outlet.give_back(stretch);
    }
    steps.flush()?;
    Ok(Applied {
        counters: *steps.counters(),
        steps: steps.printed(),
        strays: order.strays(),
    })
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
            strays: Strays::default(),
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
