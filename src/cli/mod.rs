//! The command line: one file a command. Data goes to standard output, all else to standard error.

mod check;
mod completions;
mod demo;
mod live_line;
mod load;
mod logging;
mod output;
mod posts;
mod reload;
mod replay;
mod runtime;
mod sample;
mod self_poster;
mod serve;
mod setting_flags;
mod signal;
mod simulate;
mod systemd;
mod top;

use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::CommandFactory;
use clap::FromArgMatches;
use clap::Parser;
use clap::Subcommand;
use clap::error::ContextKind;
use clap::error::ErrorKind;

use crate::config;
use crate::config::Environment;
use crate::config::Flags;
use crate::config::PushPath;
use crate::simulate::FAULT_GRAMMAR;
use crate::stderr;

use setting_flags::LogFlags;

/// Runs the command that the process's arguments name, and returns its exit code: 0 done, 2 usage or
/// settings, 99 a limit of a load crossed, 1 anything else.
pub fn main() -> ExitCode {
    stderr::catch_panics();
    // Also after a panic.
    let _written = LastLines;
    let command = with_negative_numbers(Cli::command());
    let parsed = command.try_get_matches();
    let cli = match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => {
            match bad_value(&error) {
                Some(failure) => failure.report(),
                // Help and version too; nobody may be reading.
                None => _ = error.print(),
            }
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match cli.run(&Environment::of_process()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            failure.exit_code()
        }
    }
}

/// The command, with `-5` a value where a flag takes one: its reader then says why it is none, instead
/// of a search for a flag of that name.
fn with_negative_numbers(command: clap::Command) -> clap::Command {
    command
        .mut_args(
            |arg| match arg.get_action().takes_values() && !arg.is_positional() {
                true => arg.allow_negative_numbers(true),
                false => arg,
            },
        )
        .mut_subcommands(with_negative_numbers)
}

/// Real-time analytics of web-messaging events: WebSocket in, sliding windows in memory, GraphQL out
#[derive(Debug, Parser)]
#[command(name = "streamgauge", version, arg_required_else_help = true, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    log: LogFlags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Watch live numbers of simulated traffic; needs no account
    #[command(after_help = DEMO_EXAMPLES)]
    Demo(demo::Args),
    /// Run the engine against a service or a stand-in
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(serve::Args),
    /// Stand in for Genesys Cloud, post a contact centre's events, or write them to a file
    #[command(after_long_help = format!("{FAULT_GRAMMAR}\n\n{SIMULATE_EXAMPLES}"))]
    Simulate(Box<simulate::Args>),
    /// Read recorded events in event time, as fast as it goes
    #[command(after_help = REPLAY_EXAMPLES)]
    Replay(replay::Args),
    /// Measure how fast events become visible, under a load with a fixed plan
    #[command(after_help = LOAD_EXAMPLES)]
    Load(Box<load::Args>),
    /// Watch the live numbers of a running server in a terminal
    #[command(after_help = TOP_EXAMPLES)]
    Top(top::Args),
    /// Check the settings of serve, show where each came from; connects to nothing
    #[command(after_help = CHECK_EXAMPLES)]
    Check(check::Args),
    /// Print a completion script for a shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(completions::Args),
}

const EXAMPLES: &str = "\
Examples:
  streamgauge demo
  streamgauge check --region eu-central-1
  streamgauge simulate --out events.ndjson --events 100000 --seed 7
  streamgauge replay events.ndjson --every 10s

Every command has its own --help with more of them.";

const DEMO_EXAMPLES: &str = "\
The log says no more than warnings here, unless --log says otherwise.

Examples:
  streamgauge demo
  streamgauge demo --rate 5000 --seed 7 --for 30s
  streamgauge demo --source push
  streamgauge demo --listen 127.0.0.1:0";

const SERVE_EXAMPLES: &str = "\
Settings come from flags, then the environment, then the file of --config, then defaults.
The client secret comes from GENESYS_CLIENT_SECRET or STREAMGAUGE_CLIENT_SECRET, or from a
file; never from the command line, which everybody on the machine can read.

SIGTERM and Ctrl-C end it in good order, a second one at once. SIGHUP reads token file, alerts
and log level again; a fault changes nothing, and what needs a restart is named. Under systemd
it reports when it is ready (NOTIFY_SOCKET) and that it is alive (WATCHDOG_USEC).

Examples:
  GENESYS_CLIENT_ID=... GENESYS_CLIENT_SECRET=... streamgauge serve --region eu-central-1
  streamgauge serve --config streamgauge.toml --client-secret-file /run/secrets/genesys
  streamgauge serve --token-url http://127.0.0.1:8080/oauth/token \\
      --stream-url ws://127.0.0.1:8080/api/v2/analytics/events/stream
  streamgauge serve --listen 0.0.0.0:4000 --token-file /run/secrets/readers";

const SIMULATE_EXAMPLES: &str = "\
Examples:
  streamgauge simulate --rate 1000
  streamgauge simulate --out events.ndjson --events 1000000 --seed 7
  streamgauge simulate --out contacts.ndjson --events 100000 --dialect amazon-connect
  streamgauge simulate --push http://127.0.0.1:4001/push/shop --secret-file shop.secret
  streamgauge simulate --push http://127.0.0.1:4001/push/genesys --dialect genesys-eventbridge \\
      --credential header:x-api-key --secret-file genesys.secret --batch 1 --rate 50
  SIMULATE_PUSH_SECRET=... streamgauge simulate --push https://gauge.example.com/push/bus \\
      --dialect cloudevents --history 30m --speed 10 --fault lost-answer=2% --fault reorder=5s";

const REPLAY_EXAMPLES: &str = "\
Examples:
  streamgauge replay events.ndjson --every 10s
  streamgauge replay events.json.gz --format table
  streamgauge replay firehose.gz --dialect genesys-eventbridge --lateness 1m
  streamgauge replay chat.ndjson --config push.toml --push chat
  journalctl -o cat -u gateway | streamgauge replay -";

const LOAD_EXAMPLES: &str = "\
Latency counts from the moment an event is due by the plan until a reader can see it
(corrected), and also from the moment it was given to the socket (uncorrected). Exit code 1
says that an event is missing, or was lost in a gap that no fault asked for; 99 that a
statement of --fail-if is true.

Examples:
  streamgauge load --rate 50000 --duration 30s --queries 8
  streamgauge load --profile step-search --rate 100000 --duration 60s
  streamgauge load --rate 20000 --fail-if 'p99>5ms' --json a.json --hgrm a.hgrm
  streamgauge load compare a.json b.json
  streamgauge load --target http://127.0.0.1:4000 --listen 127.0.0.1:4100";

const TOP_EXAMPLES: &str = "\
Keys: q quits, s sorts by the next column, b goes to the next kind of group, / filters by name.
Where standard output is no terminal, a line is written for each answer.

Examples:
  streamgauge top
  streamgauge top --by deployment --sort open
  streamgauge top --url https://gauge.example.com --token-file ~/.streamgauge-token
  streamgauge top --once --filter sales";

const CHECK_EXAMPLES: &str = "\
Takes the flags of serve. Secrets stay hidden, GENESYS_CLIENT_SECRET or STREAMGAUGE_CLIENT_SECRET
among them. Exit code 2 says that serve would not start.

With --sample nothing of the settings is shown but what would become of a file: each element with its
line, its events with kind, time, session, queue and direction, or why it is ignored or refused, and
the answer to the file as one request. Exit code 1 says that an element is refused, or none counted.

Examples:
  streamgauge check
  streamgauge check --config streamgauge.toml --format json
  streamgauge check --config push.toml --push shop --sample events.ndjson
  curl -s https://bus.example/events | streamgauge check --config push.toml --push shop --sample -";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  streamgauge completions bash > ~/.local/share/bash-completion/completions/streamgauge
  streamgauge completions zsh > ~/.zfunc/_streamgauge
  streamgauge completions fish > ~/.config/fish/completions/streamgauge.fish";

impl Cli {
    fn run(self, environment: &Environment) -> Result<(), Failure> {
        let log = self.log.0;
        match self.command {
            // These two load the log's settings with all others, from the file too.
            Command::Serve(args) => serve::run(args, log, environment),
            Command::Check(args) => check::run(args, log, environment),
            Command::Completions(args) => completions::run(&args),
            Command::Demo(args) => {
                // News of a connection would tear the live line apart.
                start_log(&log, environment, "warn")?;
                demo::run(args)
            }
            Command::Simulate(args) => {
                start_log(&log, environment, "info")?;
                simulate::run(*args, environment)
            }
            Command::Load(args) => {
                // Faults of a load are wanted; news of them would tear its line apart.
                start_log(&log, environment, "error")?;
                load::run(*args)
            }
            Command::Top(args) => {
                // Its screen is no place for a log; what is wrong stands on it.
                start_log(&log, environment, "off")?;
                top::run(args, environment)
            }
            Command::Replay(args) => {
                start_log(&log, environment, "info")?;
                replay::run(args, environment)
            }
        }
    }
}

/// A value that its flag's reader refuses, in one line as a setting would have it: clap repeats the
/// value unescaped and in full.
fn bad_value(error: &clap::Error) -> Option<Failure> {
    if error.kind() != ErrorKind::ValueValidation {
        return None;
    }
    let flag = error.get(ContextKind::InvalidArg)?.to_string();
    let flag = flag.split(' ').next()?;
    let value = error.get(ContextKind::InvalidValue)?.to_string();
    let why = error.source()?;
    let value = config::quoted(&value);
    Some(Failure::Usage(format!("{flag}: {value}: {why}")))
}

fn start_log(flags: &Flags, environment: &Environment, filter: &str) -> Result<(), Failure> {
    let settings = config::load_log(flags, environment, filter)
        .map_err(|error| Failure::Usage(error.to_string()))?;
    logging::start(&settings).map(drop)
}

/// Waits for the last lines for people when it goes.
struct LastLines;

impl Drop for LastLines {
    fn drop(&mut self) {
        output::finish();
    }
}

/// Where a server on `listen` answers GraphQL.
fn graphql_url(listen: SocketAddr, is_tls: bool) -> String {
    format!("{}://{listen}/graphql", scheme(is_tls))
}

/// Where a server on `listen` takes posts at a path.
fn push_url(listen: SocketAddr, is_tls: bool, path: &PushPath) -> String {
    format!("{}://{listen}{path}", scheme(is_tls))
}

/// The line that says where to look in a browser.
fn page_note(listen: SocketAddr, is_tls: bool) -> String {
    format!("the dashboard is at {}://{listen}/", scheme(is_tls))
}

const fn scheme(is_tls: bool) -> &'static str {
    if is_tls { "https" } else { "http" }
}

/// Why a command ends without having done its work. The text is one line for each fault: lower case,
/// what, where, why, what to do; no secret in it. Lines that begin with a space explain the one above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Wrong arguments or settings: exit code 2.
    Usage(String),
    /// Anything else: exit code 1.
    Failed(String),
    /// A load crossed a limit it was given: exit code 99.
    Threshold(String),
}

impl Failure {
    /// The process's exit code.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Usage(_) => 2,
            Self::Failed(_) => 1,
            Self::Threshold(_) => 99,
        })
    }

    /// Writes the lines to standard error.
    fn report(&self) {
        for line in self.to_string().lines() {
            output::fault(line);
        }
    }
}

impl Error for Failure {}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) | Self::Failed(text) | Self::Threshold(text) => f.write_str(text),
        }
    }
}
