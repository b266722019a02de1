//! `streamgauge replay`: recorded events in event time. Steps go to standard output, all else to
//! standard error.

use std::fs::File;
use std::io;
use std::io::IsTerminal;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueHint;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser;
use indicatif::ProgressBar;
use indicatif::ProgressStyle;

use super::Failure;
use super::output;
use super::sample;
use super::signal;
use crate::config;
use crate::config::Dialect;
use crate::config::Environment;
use crate::config::Flags;
use crate::config::duration;
use crate::replay;
use crate::replay::Format;
use crate::replay::Recording;
use crate::replay::ReplayError;
use crate::replay::ReplaySettings;
use crate::replay::Speed;
use crate::snapshot::Counters;
use crate::time::Clock;
use crate::window::Width;

/// Arguments of `streamgauge replay`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// File of events as JSON, one a line, in an array, or one after the other; gzip and zstd are
    /// unpacked. `-` reads standard input.
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
    /// The window. An event older than the window and the lateness together is counted late.
    #[arg(long, value_name = "LENGTH", default_value = "60s", value_parser = duration::parse)]
    window: Duration,
    /// The width of a bucket: divides one second, or is a multiple of it.
    #[arg(long, value_name = "LENGTH", default_value = "100ms", value_parser = duration::parse)]
    bucket: Duration,
    /// Event time between two steps: a whole multiple of the bucket.
    #[arg(long, value_name = "LENGTH", default_value = "1s", value_parser = duration::parse)]
    every: Duration,
    /// How far out of order the file may be: events wait this long to be put in order, in memory.
    /// Also how long an ended session is remembered.
    #[arg(long, value_name = "LENGTH", default_value = "0s", value_parser = duration::parse)]
    lateness: Duration,
    /// The clock follows a jump ahead of more than this, and the first line, once another line agrees
    /// with it. Where lines disagree the majority of up to a thousand is followed, and the others are
    /// late or future. No steps are printed for the time between.
    #[arg(long, value_name = "LENGTH", default_value = "24h", value_parser = duration::parse)]
    max_jump: Duration,
    /// How steps are printed.
    #[arg(long, value_name = "FORMAT", default_value = "ndjson", value_parser = format())]
    format: Format,
    /// Times real time, such as 1 or 0.5 or 60; as fast as it goes when left out.
    #[arg(long, value_name = "FACTOR", value_parser = speed)]
    speed: Option<Speed>,
    /// Stop at the first malformed line instead of counting it.
    #[arg(long)]
    strict: bool,
    /// Take copies of messages for new ones: spares the time and the memory of recognising them.
    #[arg(long)]
    no_dedup: bool,
    /// What the file holds: the dialect in which its events would be posted.
    #[arg(long, value_name = "NAME", default_value = "tutorial", conflicts_with = "push", value_parser = dialect())]
    dialect: Dialect,
    /// Read the file by the dialect or mapping of this endpoint of the settings.
    #[arg(long, value_name = "NAME")]
    push: Option<String>,
    /// The file of settings with the endpoint of --push.
    #[arg(long, value_name = "FILE", requires = "push", value_hint = ValueHint::FilePath)]
    config: Option<PathBuf>,
}

/// Runs the command to the end of its input. That nobody reads the output any more is no failure.
///
/// # Errors
/// Contradicting arguments and settings without the endpoint (usage); a file that cannot be read or of which no line is accepted, an
/// output that cannot be written, and under `--strict` a malformed line.
pub(super) fn run(args: Args, environment: &Environment) -> Result<(), Failure> {
    let mut settings = args.settings()?;
    if let Some(name) = &args.push {
        settings.dialect = posted(name, args.config.as_deref(), environment)?;
    }
    signal::end_at_once()?;
    let input = Input::open(&args.file)?;
    let bar = input.progress_bar();
    let name = input.name;
    let stdout = BesideBar {
        bar: &bar,
        stream: io::stdout(),
    };
    let mut recording = Recording::open(bar.wrap_read(input.stream))
        .map_err(|foreign| Failure::Failed(format!("replay: {name}: {foreign}")))?;
    if let Some(shape) = recording.shape().name() {
        note(
            &bar,
            &format!("{name}: {shape}; line numbers count its records"),
        );
    }
    let result = replay::run(
        &mut recording,
        &settings,
        stdout,
        &Clock::system(),
        |malformed| note(&bar, &format!("{name}: {malformed}")),
    );
    bar.finish_and_clear();
    match result {
        Ok(summary) => {
            let rejected = summary.counters.rejected_total();
            if rejected > replay::MALFORMED_SHOWN {
                let more = rejected - replay::MALFORMED_SHOWN;
                note(&bar, &format!("{name}: {more} more malformed lines"));
            }
            let mut unseen = summary.strays.count;
            for stray in summary.strays.shown() {
                note(&bar, &format!("{name}: {stray}"));
                unseen -= 1;
            }
            if unseen > 0 {
                note(
                    &bar,
                    &format!("{name}: {unseen} more lines too far from the others"),
                );
            }
            note(&bar, &format!("{name}: {summary}"));
            check_accepted(&name, &recording, &settings.dialect, &summary.counters)
        }
        Err(ReplayError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error @ ReplayError::Write(_)) => Err(Failure::Failed(format!("replay: {error}"))),
        Err(ReplayError::Malformed(first)) if first.line == 1 => {
            // Perhaps it is not this line that is wrong.
            let mut counters = Counters {
                received: 1,
                ..Counters::default()
            };
            counters.rejected[first.reason.index()] = 1;
            let guess = recording.guess(&settings.dialect, &counters);
            let first = ReplayError::Malformed(first);
            Err(Failure::Failed(format!("replay: {name}: {first}: {guess}")))
        }
        Err(error) => Err(Failure::Failed(format!("replay: {name}: {error}"))),
    }
}

/// A file that holds something but no event is the wrong file, or damaged.
fn check_accepted(
    name: &str,
    recording: &Recording<'_>,
    dialect: &Dialect,
    counters: &Counters,
) -> Result<(), Failure> {
    let refused = counters.ignored + counters.rejected_total();
    if recording.is_empty() || counters.received > refused {
        return Ok(());
    }
    let guess = recording.guess(dialect, counters);
    Err(Failure::Failed(format!(
        "replay: {name}: no line was accepted: {guess}"
    )))
}

/// What is posted to the endpoint of a name. Of the settings only its own table has to be right.
fn posted(name: &str, file: Option<&Path>, environment: &Environment) -> Result<Dialect, Failure> {
    let mut flags = Flags::default();
    let setting = config::SETTINGS
        .iter()
        .find(|setting| setting.name == "config");
    if let (Some(setting), Some(file)) = (setting, file) {
        flags.set(setting, file.display().to_string());
    }
    let loaded = config::load(&flags, environment);
    Ok(sample::endpoint(&loaded, name)?.dialect.clone())
}

impl Args {
    fn settings(&self) -> Result<ReplaySettings, Failure> {
        let width = Width::from_ms(millis_u32(self.bucket))
            .map_err(|error| Failure::Usage(format!("replay: --bucket: {error}")))?;
        let mut settings = ReplaySettings::new(
            width,
            millis_u32(self.window),
            duration::millis(self.every),
            duration::millis(self.lateness),
            duration::millis(self.max_jump),
        )
        .map_err(|error| Failure::Usage(format!("replay: {error}")))?;
        settings.format = self.format;
        settings.speed = self.speed;
        settings.strict = self.strict;
        settings.dedup = !self.no_dedup;
        settings.dialect = self.dialect.clone();
        Ok(settings)
    }
}

/// What is replayed.
struct Input {
    stream: Box<dyn Read>,
    /// As messages call it.
    name: String,
    /// Known of plain files only.
    bytes: Option<u64>,
}

impl Input {
    fn open(path: &Path) -> Result<Self, Failure> {
        if path == Path::new("-") {
            return Ok(Self {
                stream: Box::new(io::stdin().lock()),
                name: "standard input".to_owned(),
                bytes: None,
            });
        }
        let name = path.display().to_string();
        let failed = |why: &dyn std::fmt::Display| {
            Failure::Failed(format!(
                "replay: {name}: {why}; name a file of events, or - for standard input"
            ))
        };
        let file = File::open(path).map_err(|error| failed(&error))?;
        let metadata = file.metadata().map_err(|error| failed(&error))?;
        if metadata.is_dir() {
            return Err(failed(&"is a directory"));
        }
        Ok(Self {
            stream: Box::new(file),
            bytes: metadata.is_file().then_some(metadata.len()),
            name,
        })
    }

    /// A bar that is hidden unless the size is known and standard error is a terminal.
    fn progress_bar(&self) -> ProgressBar {
        let Some(bytes) = self.bytes.filter(|_| io::stderr().is_terminal()) else {
            return ProgressBar::hidden();
        };
        let style =
            ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::new(bytes).with_style(style)
    }
}

/// Standard output that takes the bar away while it writes, since both may be the same terminal.
struct BesideBar<'a, W> {
    bar: &'a ProgressBar,
    stream: W,
}

impl<W: Write> Write for BesideBar<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bar.suspend(|| self.stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Writes a line for people without tearing the bar apart.
fn note(bar: &ProgressBar, line: &str) {
    let is_drawn = !bar.is_hidden();
    bar.suspend(|| {
        output::note(line);
        if is_drawn {
            // Else the bar would be drawn before the line.
            output::finish();
        }
    });
}

fn speed(text: &str) -> Result<Speed, String> {
    let factor = text.parse().ok();
    factor
        .and_then(Speed::new)
        .ok_or_else(|| "not a number above 0; write a factor such as 1 or 0.5".to_owned())
}

/// Milliseconds for a check that refuses whatever is too long.
fn millis_u32(duration: Duration) -> u32 {
    u32::try_from(duration::millis(duration)).unwrap_or(u32::MAX)
}

/// The names of [`Dialect`].
fn dialect() -> impl TypedValueParser<Value = Dialect> {
    let names = Dialect::NAMES.map(|(name, _)| name);
    PossibleValuesParser::new(names).map(|name| {
        let found = Dialect::NAMES.into_iter().find(|(known, _)| *known == name);
        found.map_or_else(Dialect::default, |(_, dialect)| dialect)
    })
}

/// The spellings of [`Format`].
fn format() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(["ndjson", "table"]).map(|name| match name.as_str() {
        "table" => Format::Table,
        _ => Format::Ndjson,
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    fn args(flags: &[&str]) -> Args {
        let words = ["replay", "-"].iter().chain(flags);
        Cli::try_parse_from(words).unwrap().args
    }

    #[test]
    fn the_defaults_are_good_settings() {
        let settings = args(&[]).settings().unwrap();
        assert_eq!(settings.aggregate().main_window().ms(), 60_000);
        assert_eq!(settings.aggregate().lateness_ms, 0);
        assert_eq!(settings.format, Format::Ndjson);
        assert_eq!(settings.speed, None);
        assert!(!settings.strict);
    }

    #[test]
    fn contradicting_flags_are_usage_errors_of_one_line() {
        let check = |flags: &[&str], part: &str| match args(flags).settings() {
            Err(Failure::Usage(text)) => {
                assert!(text.contains(part) && !text.contains('\n'), "{text}");
            }
            other => panic!("{flags:?}: {other:?}"),
        };
        check(&["--bucket", "300ms"], "300 ms");
        check(&["--bucket", "0s"], "0 ms");
        check(&["--window", "60050ms"], "60050 ms");
        check(&["--window", "300d"], "whole multiple");
        check(&["--every", "150ms"], "--every");
        check(&["--every", "0s"], "--every");
        check(&["--lateness", "300d"], "--lateness");
    }

    #[test]
    fn flags_that_cannot_be_read_are_refused() {
        for flags in [
            ["--speed", "0"],
            ["--speed", "NaN"],
            ["--speed", "fast"],
            ["--every", "1"],
            ["--format", "xml"],
        ] {
            let words = ["replay", "-"].iter().chain(&flags);
            assert!(Cli::try_parse_from(words).is_err(), "{flags:?}");
        }
        assert!(Cli::try_parse_from(["replay"]).is_err());
    }

    #[test]
    fn what_is_no_file_fails_with_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let check = |path: &Path, part: &str| {
            let flags = Args {
                file: path.to_owned(),
                ..args(&[])
            };
            match run(flags, &Environment::default()) {
                Err(Failure::Failed(text)) => {
                    assert!(text.contains(part) && !text.contains('\n'), "{text}");
                }
                other => panic!("{other:?}"),
            }
        };
        check(folder.path(), "is a directory");
        check(&folder.path().join("missing.ndjson"), "missing.ndjson");
    }
}
