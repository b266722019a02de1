//! `streamgauge simulate`: the stand-in for Genesys Cloud on a port, or its events as a file; a contact
//! centre that posts is in `posts`.

use std::fs::File;
use std::io;
use std::io::IsTerminal as _;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use indicatif::ProgressBar;
use indicatif::ProgressStyle;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use super::Failure;
use super::output;
use super::posts;
use super::posts::Model;
use super::posts::PostArgs;
use super::runtime;
use super::signal;
use super::signal::STOPPING;
use super::signal::Stop;
use crate::config;
use crate::config::Dialect;
use crate::config::Environment;
use crate::config::duration;
use crate::simulate;
use crate::simulate::Conveyor;
use crate::simulate::FILE_START;
use crate::simulate::Fault;
use crate::simulate::Observer;
use crate::simulate::Rate;
use crate::simulate::Simulator;
use crate::simulate::SimulatorSettings;
use crate::simulate::SimulatorStats;
use crate::simulate::Speed;
use crate::time::Clock;

/// The variable that holds the client's secret. There is no flag for it: arguments can be read by
/// everybody on the machine.
const SECRET_VARIABLE: &str = "SIMULATE_CLIENT_SECRET";
/// How often a line says what was sent.
const REPORT_PERIOD: Duration = Duration::from_secs(10);
/// Where the engine that reads from the stand-in is to listen.
const SERVE_LISTEN: &str = "127.0.0.1:4001";
/// Events of a file between two lines of progress where there is no terminal.
const PROGRESS_EVENTS: u64 = 1_000_000;

/// Stand in for Genesys Cloud: a token endpoint and an event stream, or a file of events; or post those of
/// a contact centre.
#[derive(Clone, Debug, clap::Args)]
#[command(after_long_help = simulate::FAULT_GRAMMAR)]
pub(super) struct Args {
    /// Where to listen; port 0 lets the system choose.
    #[arg(long, value_name = "ADDR", default_value_t = SimulatorSettings::LISTEN,
          value_parser = config::address)]
    listen: SocketAddr,
    /// Allow listening beyond this machine.
    #[arg(long)]
    open_to_network: bool,
    /// Events per second on average, or `max`: as many as the reader takes.
    #[arg(long, value_name = "RATE", default_value = "500")]
    rate: Rate,
    /// The same seed gives the same events at the same offsets.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Let the rate follow a daily curve, of which it is the mean.
    #[arg(long)]
    curve: bool,
    /// How much of the past the first client gets at once, at most 55m and 600,000 events: so that it
    /// looks like a working day from the start. The rate then has the waves of a shift.
    #[arg(long, value_name = "LENGTH", default_value = "0s", value_parser = duration::parse)]
    history: Duration,
    /// The OAuth client's id. Its secret is `demo`, or the variable SIMULATE_CLIENT_SECRET.
    #[arg(long, value_name = "ID", default_value = SimulatorSettings::CLIENT)]
    client_id: String,
    /// How long a token is valid.
    #[arg(long, value_name = "LENGTH", default_value = "24h", value_parser = duration::parse)]
    token_lifetime: Duration,
    /// Do something wrong, such as drop@every:30s; repeatable. See --help for all of them.
    #[arg(long = "fault", value_name = "FAULT")]
    faults: Vec<Fault>,
    /// Write the events to this file (`-` for standard output) instead of serving them.
    #[arg(long, value_name = "FILE", requires = "events")]
    out: Option<PathBuf>,
    /// How many events to write, or to post.
    #[arg(long, value_name = "N")]
    events: Option<u64>,
    #[command(flatten)]
    posts: PostArgs,
}

/// Runs the command to its end.
///
/// # Errors
/// Wrong or contradicting arguments, an address that cannot be listened on (usage); a file that
/// cannot be written.
pub(super) fn run(args: Args, environment: &Environment) -> Result<(), Failure> {
    if let Some(url) = &args.posts.push {
        return posts::run(url, &args.posts, args.model(), environment);
    }
    let settings = settings(&args)?;
    match (&args.out, args.events) {
        (Some(out), Some(events)) => {
            signal::end_at_once()?;
            match &args.posts.dialect {
                Some(dialect) => write_centre(out, events, dialect, &args),
                None => write(out, events, |sink, progress| {
                    simulate::write_file(sink, events, &settings, |done| progress.show(done))
                }),
            }
        }
        _ => serve(settings, &args.client_id),
    }
}

impl Args {
    fn model(&self) -> Model {
        Model {
            rate: self.rate,
            seed: self.seed,
            curve: self.curve,
            history: self.history,
            faults: self.faults.clone(),
            events: self.events,
        }
    }
}

/// Writes a contact centre's events, and shows what an engine must make of them.
fn write_centre(out: &Path, events: u64, dialect: &Dialect, args: &Args) -> Result<(), Failure> {
    let (plan, faults) = (args.posts.plan(&args.model(), FILE_START)?, &args.faults);
    let conveyor = Conveyor::new(
        plan,
        Speed::REAL,
        dialect.clone(),
        faults,
        posts::SHORT_ABANDON_MS,
    );
    let Some(mut conveyor) = conveyor else {
        return Err(Failure::Usage("--dialect: choose a preset".to_owned()));
    };
    write(out, events, |sink, progress| {
        simulate::write_elements(sink, events, &mut conveyor, |done| progress.show(done))
    })?;
    posts::show(conveyor.ledger(), dialect);
    Ok(())
}

fn settings(args: &Args) -> Result<SimulatorSettings, Failure> {
    if args.out.is_none() && !args.listen.ip().to_canonical().is_loopback() && !args.open_to_network
    {
        return Err(Failure::Usage(format!(
            "--listen: {}: reachable from other machines; add --open-to-network if that is meant",
            args.listen
        )));
    }
    if args.token_lifetime < Duration::from_secs(1) {
        return Err(Failure::Usage(
            "--token-lifetime: shorter than a second; use 1s or more".to_owned(),
        ));
    }
    if !args.history.is_zero() && (args.out.is_some() || args.rate == Rate::Max) {
        return Err(Failure::Usage(
            "--history: only with a client and a rate; leave out --out and --rate max".to_owned(),
        ));
    }
    if args.events.is_some() && args.out.is_none() {
        return Err(Failure::Usage(
            "--events: only with a file or an endpoint; add --out or --push".to_owned(),
        ));
    }
    if args.posts.dialect.is_some() && args.out.is_none() {
        return Err(Failure::Usage(
            "--dialect: only with a file or an endpoint; add --out or --push".to_owned(),
        ));
    }
    if args.faults.iter().any(|fault| fault.kind.is_of_posts()) {
        return Err(Failure::Usage(
            "--fault: nothing is posted; use slow-body and lost-answer with --push".to_owned(),
        ));
    }
    let of_events = |fault: &&Fault| fault.kind.is_of_events();
    if args.out.is_some() && args.faults.iter().filter(of_events).count() < args.faults.len() {
        return Err(Failure::Usage(
            "--fault: a file has no connection; use duplicate, reorder or malformed with --out"
                .to_owned(),
        ));
    }
    Ok(SimulatorSettings {
        seed: args.seed,
        rate: args.rate,
        curve: args.curve,
        history: args.history,
        client_id: args.client_id.clone(),
        client_secret: secret()?,
        token_lifetime: args.token_lifetime,
        faults: args.faults.clone(),
        ..SimulatorSettings::new(args.listen)
    })
}

fn secret() -> Result<SecretString, Failure> {
    match std::env::var(SECRET_VARIABLE) {
        Ok(secret) if !secret.trim().is_empty() => Ok(SecretString::from(secret)),
        Ok(_) | Err(std::env::VarError::NotPresent) => {
            Ok(SecretString::from(SimulatorSettings::CLIENT))
        }
        Err(std::env::VarError::NotUnicode(_)) => Err(Failure::Usage(format!(
            "{SECRET_VARIABLE}: not UTF-8; set a secret in plain text"
        ))),
    }
}

fn write(
    out: &Path,
    events: u64,
    written: impl FnOnce(Box<dyn Write>, &mut Progress) -> io::Result<SimulatorStats>,
) -> Result<(), Failure> {
    let failed = |error: io::Error| {
        let shown = out.display().to_string();
        Failure::Failed(format!("--out: {}: {error}", shown.escape_debug()))
    };
    let to_stdout = out == Path::new("-");
    let sink: Box<dyn Write> = if to_stdout {
        Box::new(io::stdout().lock())
    } else {
        Box::new(File::create(out).map_err(failed)?)
    };
    let mut progress = Progress::new(events);
    match written(sink, &mut progress) {
        Ok(stats) => {
            progress.finish(&stats);
            Ok(())
        }
        // `| head` has seen enough.
        Err(error) if to_stdout && error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

/// How far a file is: a bar on a terminal, a line now and then elsewhere.
struct Progress {
    bar: Option<ProgressBar>,
    events: u64,
    next_line: u64,
}

impl Progress {
    fn new(events: u64) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let style =
                ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} events {eta}")
                    .unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(events).with_style(style)
        });
        Self {
            bar,
            events,
            next_line: PROGRESS_EVENTS,
        }
    }

    fn show(&mut self, done: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        } else if done >= self.next_line && done < self.events {
            output::note(&format!("{done} of {} events", self.events));
            self.next_line = done + PROGRESS_EVENTS;
        }
    }

    fn finish(self, stats: &SimulatorStats) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
        let SimulatorStats {
            sent,
            copies,
            malformed,
            ..
        } = stats;
        output::note(&format!(
            "wrote {sent} events, {copies} copies, {malformed} malformed lines"
        ));
    }
}

fn serve(settings: SimulatorSettings, client_id: &str) -> Result<(), Failure> {
    let mut stop = Stop::on_signal()?;
    runtime::run(async move {
        let simulator = Simulator::bind(settings, Clock::system())
            .await
            .map_err(|error| Failure::Usage(error.to_string()))?;
        introduce(&simulator, client_id);
        let shutdown = CancellationToken::new();
        let observer = simulator.observer();
        let running = simulator.run(shutdown.clone());
        tokio::pin!(running);
        tokio::select! {
            () = &mut running => {}
            never = report(&observer) => match never {},
            () = stop.requested() => output::note(STOPPING),
        }
        shutdown.cancel();
        running.await;
        output::note(&line(&observer.stats()));
        Ok(())
    })
}

/// Says where the stand-in is and how to point the engine at it.
fn introduce(simulator: &Simulator, client_id: &str) {
    let (token_url, stream_url) = (simulator.token_url(), simulator.stream_url());
    let secret = if std::env::var_os(SECRET_VARIABLE).is_some_and(|value| !value.is_empty()) {
        format!("\"${SECRET_VARIABLE}\"")
    } else {
        SimulatorSettings::CLIENT.to_owned()
    };
    output::note(&format!("token   {token_url}"));
    output::note(&format!("stream  {stream_url}"));
    let program = program();
    // A demo may have the usual port.
    output::note(&format!(
        "try     GENESYS_CLIENT_ID={client_id} GENESYS_CLIENT_SECRET={secret} \
         {program} serve --token-url {token_url} --stream-url {stream_url} --listen {SERVE_LISTEN}"
    ));
}

/// This program as it was called, so that a line with it can be pasted.
fn program() -> String {
    let called = std::env::args_os().next().unwrap_or_default();
    let is_plain = |text: &&str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
        !text.is_empty() && text.chars().all(plain)
    };
    let name = called.to_str().filter(is_plain);
    name.unwrap_or("streamgauge").to_owned()
}

async fn report(observer: &Observer) -> std::convert::Infallible {
    loop {
        tokio::time::sleep(REPORT_PERIOD).await;
        output::note(&line(&observer.stats()));
    }
}

/// What was sent, on one line.
fn line(stats: &SimulatorStats) -> String {
    let mut line = format!(
        "sent {} missed {} connections {}",
        stats.sent, stats.missed, stats.connections
    );
    for (name, count) in [
        ("filtered", stats.filtered),
        ("copies", stats.copies),
        ("malformed", stats.malformed),
        ("faults", stats.faults),
        ("handshakes refused", stats.handshakes_refused),
        ("subscriptions refused", stats.subscriptions_refused),
        ("tokens refused", stats.tokens_refused),
    ] {
        if count > 0 {
            line.push_str(&format!(" {name} {count}"));
        }
    }
    line
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
        let command = ["simulate"].iter().chain(flags);
        let cli = Cli::try_parse_from(command).map_err(|error| error.to_string())?;
        Ok(cli.args)
    }

    #[test]
    fn the_defaults_are_the_librarys() {
        let settings = settings(&parse(&[]).unwrap()).unwrap();
        let defaults = SimulatorSettings::new(SimulatorSettings::LISTEN);
        assert_eq!(settings.listen, defaults.listen);
        assert_eq!(settings.rate, defaults.rate);
        assert_eq!(settings.seed, defaults.seed);
        assert_eq!(settings.client_id, defaults.client_id);
        assert_eq!(settings.token_lifetime, defaults.token_lifetime);
    }

    #[test]
    fn wrong_arguments_are_refused_by_name() {
        let check = |flags: &[&str], part: &str| {
            let error = match parse(flags) {
                Ok(args) => settings(&args).unwrap_err().to_string(),
                Err(error) => error,
            };
            assert!(error.contains(part), "{flags:?}: {error}");
        };
        check(&["--rate", "fast"], "events per second");
        check(&["--fault", "explode"], "no such fault");
        check(&["--client-secret", "x"], "--client-secret");
        check(&["--out", "x"], "--events");
        check(&["--events", "5"], "--out or --push");
        check(&["--dialect", "cloudevents"], "--out or --push");
        check(&["--fault", "slow-body=5%"], "--push");
        check(&["--dialect", "soap"], "no such dialect");
        check(&["--listen", "0.0.0.0:0"], "--open-to-network");
        check(&["--token-lifetime", "10ms"], "1s or more");
        check(&["--history", "1m", "--rate", "max"], "--history");
        check(
            &["--history", "1m", "--out", "x", "--events", "1"],
            "--history",
        );
        check(
            &["--out", "x", "--events", "1", "--fault", "drop@1s"],
            "no connection",
        );
    }

    #[test]
    fn a_file_is_written_and_an_unwritable_one_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.ndjson");
        let flags = |path: &Path| {
            let path = path.to_str().unwrap();
            parse(&["--out", path, "--events", "10"]).unwrap()
        };
        run(flags(&path), &Environment::of_process()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 10);
        let missing = folder.path().join("no/such/folder");
        let failure = run(flags(&missing), &Environment::of_process()).unwrap_err();
        assert!(matches!(&failure, Failure::Failed(text) if text.contains("no/such/folder")));
    }

    #[test]
    fn a_taken_port_is_a_usage_error() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = taken.local_addr().unwrap().to_string();
        let failure = run(
            parse(&["--listen", &addr]).unwrap(),
            &Environment::of_process(),
        )
        .unwrap_err();
        assert!(matches!(&failure, Failure::Usage(text) if text.contains(&addr)));
    }
}
