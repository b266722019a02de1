//! `streamgauge load`: an open-loop load on an engine, and the comparison of two of its reports.

use std::fs;
use std::io::IsTerminal as _;
use std::io::stderr;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use hyper::Uri;
use tokio::sync::watch;

use crate::config;
use crate::config::duration;
use crate::load;
use crate::load::LoadError;
use crate::load::LoadSettings;
use crate::load::Outcome;
use crate::load::Profile;
use crate::load::Progress;
use crate::load::Report;
use crate::load::Threshold;
use crate::load::Totals;
use crate::simulate::Fault;
use crate::simulate::Rate;
use crate::time::Clock;

use super::Failure;
use super::output;
use super::runtime;
use super::signal::Stop;

/// How often the line of progress is redrawn on a terminal.
const REDRAW: Duration = Duration::from_millis(250);
/// How often a line is written elsewhere.
const WRITE: Duration = Duration::from_secs(1);
/// To the line's start, and clear it.
const CLEAR: &str = "\r\x1b[2K";

/// Arguments of `streamgauge load`.
#[derive(Clone, Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    run: RunArgs,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Action {
    /// Print two reports side by side, with ratios and a verdict
    Compare {
        /// The report to compare with
        a: PathBuf,
        /// The report that is judged
        b: PathBuf,
    },
}

#[derive(Clone, Debug, clap::Args)]
struct RunArgs {
    /// Events a second, or `max`: as many as the engine takes, without a plan
    #[arg(long, value_name = "N", default_value = "10000")]
    rate: Rate,
    /// How long to measure
    #[arg(long, value_name = "LENGTH", default_value = "10s", value_parser = duration::parse)]
    duration: Duration,
    /// How long to run before that
    #[arg(long, value_name = "LENGTH", default_value = "2s", value_parser = duration::parse)]
    warmup: Duration,
    /// constant, ramp (from nothing to the rate), burst (quiet and three times the rate in turn),
    /// step-search (up from the rate by a quarter every 3 s until p99 crosses 10 ms or the ring is
    /// full) or chaos (cuts, stalls, copies, disorder, malformed frames)
    #[arg(long, value_name = "PROFILE", default_value_t = Profile::Constant)]
    profile: Profile,
    /// The same seed gives the same events
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Readers that ask GraphQL meanwhile, each one query after another
    #[arg(long, value_name = "N", default_value_t = 0)]
    queries: usize,
    /// Measure an engine elsewhere, by the base URL of its server, that reads from our stand-in
    #[arg(long, value_name = "URL")]
    target: Option<Uri>,
    /// How long that engine may take to be live on our stand-in's stream
    #[arg(long, value_name = "LENGTH", default_value = "60s", value_parser = duration::parse)]
    target_wait: Duration,
    /// Where the stand-in listens, on this machine; port 0 lets the system choose
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0", value_parser = config::address)]
    listen: SocketAddr,
    /// Do something wrong, such as pause=300ms@5s; repeatable, as in simulate
    #[arg(long = "fault", value_name = "FAULT")]
    faults: Vec<Fault>,
    /// Write the report as JSON to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the distribution of the corrected latency to this file, for plotters of HdrHistogram
    #[arg(long, value_name = "FILE")]
    hgrm: Option<PathBuf>,
    /// Write a histogram a second to this file, for viewers of HdrHistogram logs
    #[arg(long, value_name = "FILE")]
    hlog: Option<PathBuf>,
    /// Write a line a second to this file, as comma-separated values
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// End with exit code 99 when this is true, such as 'p99>5ms'; repeatable. Of p50 p90 p99 p99.9
    /// p99.99 max slip (times), unsent missing lost gaps rate (numbers)
    #[arg(long = "fail-if", value_name = "STATEMENT")]
    fail_if: Vec<Threshold>,
}

/// Runs a load to its end, or compares two reports.
///
/// # Errors
/// Wrong or contradicting arguments (usage), a part that fails, a file that cannot be written, a
/// missing event; statements of `--fail-if` that are true.
pub(super) fn run(args: Args) -> Result<(), Failure> {
    match args.action {
        Some(Action::Compare { a, b }) => {
            let text = load::compare(&read(&a)?, &read(&b)?);
            output::data(&text).map(drop)
        }
        None => {
            let mut stop = Stop::on_signal()?;
            runtime::run(async move {
                tokio::select! {
                    done = measure(args.run) => done,
                    () = stop.requested() => {
                        Err(Failure::Failed("load: stopped before its end; no report".to_owned()))
                    }
                }
            })
        }
    }
}

fn read(path: &Path) -> Result<Report, Failure> {
    let refused = |why: String| {
        let shown = path.display().to_string();
        Failure::Usage(format!("load: compare: {}: {why}", shown.escape_debug()))
    };
    let text = fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
    Report::parse(&text).map_err(refused)
}

async fn measure(args: RunArgs) -> Result<(), Failure> {
    let settings = LoadSettings {
        rate: args.rate,
        duration: args.duration,
        warmup: args.warmup,
        profile: args.profile,
        seed: args.seed,
        queries: args.queries,
        listen: args.listen,
        target: args.target.clone(),
        target_wait: args.target_wait,
        faults: args.faults.clone(),
    };
    let (progress, told) = watch::channel(Progress::default());
    let running = load::run(settings, Clock::system(), progress, output::note);
    let outcome = tokio::select! {
        outcome = running => outcome,
        never = show(told) => match never {},
    };
    clear();
    let outcome = outcome.map_err(|error| match error {
        LoadError::Settings(_) => Failure::Usage(error.to_string()),
        LoadError::Failed(..) => Failure::Failed(error.to_string()),
    })?;
    write_files(&args, &outcome)?;
    output::data_beside(load::table(&outcome.report)).await?;
    verdict(&args.fail_if, &outcome.report)
}

/// Fails for missing events first: what is measured without them means nothing.
fn verdict(fail_if: &[Threshold], report: &Report) -> Result<(), Failure> {
    let crossed: Vec<String> = fail_if
        .iter()
        .filter_map(|threshold| {
            let value = threshold.crossed(report)?;
            let unit = threshold.unit();
            Some(format!("load: --fail-if: {threshold}: it is {value}{unit}"))
        })
        .collect();
    if report.totals.missing > 0 {
        return Err(Failure::Failed(format!(
            "load: {} events were sent or due and never seen, outside any gap that the engine recorded; see its log",
            report.totals.missing
        )));
    }
    let Totals { lost, gaps, .. } = report.totals;
    let is_asked_for =
        report.settings.faults > 0 || report.settings.profile == Profile::Chaos.to_string();
    if lost > 0 && !is_asked_for {
        return Err(Failure::Failed(format!(
            "load: {lost} events were lost in {gaps} gaps of the stream, though no --fault asked for one; see the engine's log"
        )));
    }
    if crossed.is_empty() {
        return Ok(());
    }
    Err(Failure::Threshold(crossed.join("\n")))
}

fn write_files(args: &RunArgs, outcome: &Outcome) -> Result<(), Failure> {
    let write = |flag: &str, path: &Option<PathBuf>, text: &dyn Fn() -> String| {
        let Some(path) = path else { return Ok(()) };
        fs::write(path, text()).map_err(|error| {
            let shown = path.display().to_string();
            Failure::Failed(format!("load: {flag}: {}: {error}", shown.escape_debug()))
        })
    };
    write("--json", &args.json, &|| outcome.report.json())?;
    write("--hgrm", &args.hgrm, &|| {
        outcome.corrected.percentile_text()
    })?;
    write("--hlog", &args.hlog, &|| outcome.log.text().to_owned())?;
    write("--csv", &args.csv, &|| load::csv(&outcome.seconds))
}

/// Shows how far the run is: one line, redrawn on a terminal, a line a second elsewhere.
async fn show(told: watch::Receiver<Progress>) -> std::convert::Infallible {
    let is_terminal = stderr().is_terminal();
    loop {
        tokio::time::sleep(if is_terminal { REDRAW } else { WRITE }).await;
        let progress = *told.borrow();
        if progress == Progress::default() {
            continue;
        }
        if is_terminal {
            eprint_in_place(&line(&progress));
        } else {
            output::note(&line(&progress));
        }
    }
}

/// Short enough for a terminal of 80 columns: a line that wraps cannot be redrawn in place.
fn line(progress: &Progress) -> String {
    let mut line = format!(
        "sent {}  seen {}  on their way {}",
        progress.passed, progress.visible, progress.pending
    );
    if let Some(second) = progress.second {
        line.push_str(&format!(
            "  p50 {:.2} ms  p99 {:.2} ms",
            second.p50_ms, second.p99_ms
        ));
    }
    line
}

fn eprint_in_place(text: &str) {
    crate::stderr::raw(&format!("{CLEAR}{text}"));
}

fn clear() {
    if stderr().is_terminal() {
        eprint_in_place("");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    fn parse(flags: &[&str]) -> Result<Args, String> {
        let command = ["load"].iter().chain(flags);
        let cli = Cli::try_parse_from(command).map_err(|error| error.to_string())?;
        Ok(cli.args)
    }

    #[test]
    fn the_defaults_are_the_librarys() {
        let args = parse(&[]).unwrap().run;
        let defaults = LoadSettings::new();
        assert_eq!(args.rate, defaults.rate);
        assert_eq!(args.duration, defaults.duration);
        assert_eq!(args.warmup, defaults.warmup);
        assert_eq!(args.profile, defaults.profile);
        assert_eq!(args.seed, defaults.seed);
        assert_eq!(args.queries, defaults.queries);
        assert_eq!(args.listen, defaults.listen);
    }

    #[test]
    fn wrong_arguments_are_refused_by_name() {
        let check = |flags: &[&str], part: &str| {
            let error = parse(flags).unwrap_err();
            assert!(error.contains(part), "{flags:?}: {error}");
        };
        check(&["--rate", "fast"], "events per second");
        check(&["--profile", "waves"], "step-search");
        check(&["--fail-if", "p99"], "write a metric");
        check(&["compare", "a.json"], "<B>");
        check(
            &["--rate", "5", "compare", "a.json", "b.json"],
            "cannot be used",
        );
    }

    #[test]
    fn missing_events_weigh_more_than_thresholds() {
        let text = r#"{"format":1,"version":"0","commit":null,"started":"","machine":{"cpu":null,
            "cores":1,"system":""},"settings":{"rate_per_s":null,"profile":"","duration":"",
            "warmup":"","seed":1,"queries":0,"target":null},"corrected":L,"uncorrected":L,
            "slip":{"p99_ms":0.0,"max_ms":0.0},"totals":{"planned":null,"sent":0,"frames":0,
            "unsent":0,"visible":0,"lost":0,"missing":0,"gaps":0,"bytes":0},"rate_per_s":0.0,
            "bytes_per_s":0.0,"queries":null,"cpu":null,"steps":[],"sustainable_per_s":null,
            "notes":[]}"#;
        let latency = r#"{"count":0,"mean_ms":0,"p50_ms":0,"p75_ms":0,"p90_ms":0,"p95_ms":0,
            "p99_ms":7.5,"p99_9_ms":0,"p99_99_ms":0,"max_ms":9.0}"#;
        let mut report = Report::parse(&text.replace('L', latency)).unwrap();
        let limits = ["p99>5ms", "max>1s"].map(|text| text.parse().unwrap());
        assert_eq!(verdict(&limits[1..], &report), Ok(()));
        let expected = "load: --fail-if: p99>5ms: it is 7.5 ms";
        assert_eq!(
            verdict(&limits, &report),
            Err(Failure::Threshold(expected.to_owned()))
        );
        // In a gap that nobody asked for, and in one that a fault or the profile did.
        report.totals.lost = 3;
        assert!(matches!(verdict(&[], &report), Err(Failure::Failed(_))));
        report.settings.faults = 1;
        assert_eq!(verdict(&[], &report), Ok(()));
        report.settings.faults = 0;
        report.settings.profile = Profile::Chaos.to_string();
        assert_eq!(verdict(&[], &report), Ok(()));
        report.totals.missing = 1;
        assert!(matches!(verdict(&limits, &report), Err(Failure::Failed(_))));
    }

    #[test]
    fn the_line_of_progress_fits_a_terminal() {
        let progress = Progress {
            passed: 12_000_000,
            visible: 12_000_000,
            pending: 50_000,
            second: Some(load::Second {
                p50_ms: 1.5,
                p99_ms: 123.25,
                ..load::Second::default()
            }),
        };
        let line = line(&progress);
        assert!(line.ends_with("p50 1.50 ms  p99 123.25 ms"), "{line}");
        assert!(line.len() < 80, "{line}");
    }
}
