//! `streamgauge top`: the live numbers of a running server in a terminal, asked for by GraphQL.
//!
//! ```text
//!  mod        asks on a beat, draws, takes keys
//!   ├ poll       the server: one connection, one question → answer
//!   ├ controls   what the user has chosen, by keys
//!   ├ frame      an answer → lines; text and human are what it is written with
//!   └ terminal   keys, screen, and everything as it was at the end
//! ```
//!
//! A server that goes away leaves its last numbers on the screen, marked as old, and is asked again
//! until it is back.

mod answer;
mod controls;
mod frame;
mod human;
mod poll;
mod terminal;
mod text;

use std::env;
use std::io::IsTerminal;
use std::io::stdout;
use std::path::PathBuf;
use std::time::Duration;

use hyper::Uri;
use tokio::select;
use tokio::signal::unix::Signal;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio::time::sleep_until;

use crate::config;
use crate::config::Environment;
use crate::config::SecretFile;
use crate::config::duration;
use crate::net::Connector;

use super::Failure;
use super::output;
use super::runtime;
use super::signal::Stop;

use answer::Answer;
use controls::By;
use controls::Controls;
use controls::Effect;
use controls::Sort;
use frame::View;
use poll::Server;
use terminal::Terminal;

/// Columns of a frame that goes to no terminal.
const PLAIN_COLUMNS: usize = 100;

/// Arguments of `streamgauge top`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Where the server is; https, or http on this machine
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:4000")]
    url: Uri,
    /// File with the bearer token that the server asks for, closed to other users
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Certificates to trust in addition to the system's
    #[arg(long, value_name = "FILE.pem")]
    ca_file: Option<PathBuf>,
    /// How often the server is asked: 100ms to 1h
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = interval)]
    interval: Duration,
    /// Print one frame and end
    #[arg(long)]
    once: bool,
    /// What the table is of
    #[arg(long, value_enum, default_value_t = By::Queue)]
    by: By,
    /// What the table is ordered by
    #[arg(long, value_enum, default_value_t = Sort::DEFAULT)]
    sort: Sort,
    /// Show only groups whose name holds this
    #[arg(long, value_name = "TEXT", default_value = "")]
    filter: String,
}

fn interval(text: &str) -> Result<Duration, String> {
    let interval = duration::parse(text)?;
    match interval {
        interval if interval < Duration::from_millis(100) => Err("under 100ms".to_owned()),
        interval if interval > Duration::from_secs(3_600) => Err("over 1h".to_owned()),
        interval => Ok(interval),
    }
}

/// Runs until a key or a signal ends it, or nobody reads any more.
///
/// # Errors
/// When the first question has no answer; later ones are asked again.
pub(super) fn run(args: Args, environment: &Environment) -> Result<(), Failure> {
    let usage = |line: String| Failure::Usage(format!("top: {line}"));
    let token = match &args.token_file {
        Some(path) => {
            let line = |why: String| format!("--token-file: {}: {why}", path.display());
            let read = SecretFile::read(path).map_err(|why| usage(line(why)))?;
            if let Some(what) = read.warning {
                output::note(&format!("warning: {}", line(what)));
            }
            Some(read.secret)
        }
        None => None,
    };
    let proxies =
        config::load_proxies(environment).map_err(|error| Failure::Usage(error.to_string()))?;
    let connector = Connector::new(args.ca_file.as_deref())
        .map_err(|error| usage(error.to_string()))?
        .with_proxies(proxies);
    let server =
        Server::new(connector, &args.url, token).map_err(|error| usage(format!("--{error}")))?;
    let mut stop = Stop::on_signal()?;
    let controls = Controls {
        by: args.by,
        sort: args.sort,
        filter: args.filter.clone(),
        is_typing: false,
    };
    runtime::run(async move {
        select! {
            () = stop.requested() => Ok(()),
            done = watch(server, controls, &args) => done,
        }
    })
}

/// What is known of the server.
struct Seen {
    place: String,
    answer: Answer,
    at: Instant,
    per_second: Option<f64>,
    /// Why the latest question had no answer.
    error: Option<String>,
}

impl Seen {
    fn new(place: String, answer: Answer) -> Self {
        Self {
            place,
            answer,
            at: Instant::now(),
            per_second: None,
            error: None,
        }
    }

    fn take(&mut self, asked: Result<Answer, String>) {
        let answer = match asked {
            Ok(answer) => answer,
            Err(error) => {
                self.error = Some(error);
                return;
            }
        };
        let (now, before) = (Instant::now(), self.answer.counters.received);
        let more = answer.counters.received - before;
        let seconds = (now - self.at).as_secs_f64();
        // A restarted server begins at 0. Two answers that are close together tell no rate.
        if more < 0.0 {
            self.per_second = None;
        } else if seconds >= 0.05 {
            self.per_second = Some(more / seconds);
        }
        (self.answer, self.at, self.error) = (answer, now, None);
    }

    fn view(&self) -> View<'_> {
        let age_ms = self.at.elapsed().as_secs_f64() * 1_000.0;
        View {
            place: &self.place,
            answer: &self.answer,
            per_second: self.per_second,
            stale: self.error.as_deref().map(|why| (why, age_ms)),
        }
    }
}

async fn watch(mut server: Server, controls: Controls, args: &Args) -> Result<(), Failure> {
    let first = server.ask(&controls).await;
    let first = first.map_err(|why| Failure::Failed(format!("top: {why}")))?;
    let seen = Seen::new(server.place(), first);
    let is_terminal = stdout().is_terminal();
    if args.once {
        let columns = if is_terminal {
            terminal::size().0
        } else {
            PLAIN_COLUMNS
        };
        let lines = frame::draw(&seen.view(), &controls, columns, None);
        let is_coloured = is_terminal && has_colours();
        let lines: Vec<String> = lines
            .iter()
            .map(|line| line.render(columns, is_coloured) + "\n")
            .collect();
        output::data_beside(lines.concat()).await?;
        return Ok(());
    }
    if is_terminal {
        screens(server, controls, seen, args.interval).await
    } else {
        lines(server, controls, seen, args.interval).await
    }
}

fn has_colours() -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    !is_set("NO_COLOR") && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// A line for each answer.
async fn lines(
    mut server: Server,
    controls: Controls,
    mut seen: Seen,
    interval: Duration,
) -> Result<(), Failure> {
    let mut due = Instant::now();
    loop {
        let line = frame::summary(&seen.view()) + "\n";
        if output::data_beside(line).await? == output::Reader::Gone {
            return Ok(());
        }
        due = (due + interval).max(Instant::now());
        sleep_until(due).await;
        seen.take(server.ask(&controls).await);
    }
}

/// The screen, redrawn with each answer, each key and each change of its size.
async fn screens(
    server: Server,
    mut controls: Controls,
    mut seen: Seen,
    interval: Duration,
) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| Failure::Failed(format!("top: terminal: {error}"));
    let mut resized = signal(SignalKind::window_change()).map_err(cannot)?;
    let mut keys = terminal::keys();
    let is_coloured = has_colours();
    let screen = Terminal::enter();
    let (questions, mut answers) = start_asking(server);
    let mut due = Instant::now() + interval;
    loop {
        let (columns, lines) = terminal::size();
        let frame = frame::draw(&seen.view(), &controls, columns, Some(lines));
        let frame: Vec<String> = frame
            .iter()
            .take(lines)
            .map(|line| line.render(columns, is_coloured))
            .collect();
        screen.draw(&frame).await.map_err(cannot)?;
        match next(&mut keys, &mut answers, &mut resized, due).await {
            Turn::Keys(pressed) => match controls.press(&pressed) {
                Effect::Quit => return Ok(()),
                // Full while a question is on its way: the next beat asks the new one.
                Effect::Ask => _ = questions.try_send(controls.clone()),
                Effect::Nothing | Effect::Redraw => {}
            },
            Turn::Answer(asked) => seen.take(*asked),
            Turn::Resized => {}
            Turn::Beat => {
                due = Instant::now() + interval;
                let _ = questions.try_send(controls.clone());
            }
        }
    }
}

/// What happens next.
enum Turn {
    Keys(String),
    Answer(Box<Result<Answer, String>>),
    Resized,
    Beat,
}

async fn next(
    keys: &mut mpsc::Receiver<String>,
    answers: &mut mpsc::Receiver<Result<Answer, String>>,
    resized: &mut Signal,
    due: Instant,
) -> Turn {
    select! {
        Some(pressed) = keys.recv() => Turn::Keys(pressed),
        Some(asked) = answers.recv() => Turn::Answer(Box::new(asked)),
        _ = resized.recv() => Turn::Resized,
        () = sleep_until(due) => Turn::Beat,
    }
}

/// A task that asks one question at a time, so that keys work while an answer is awaited.
fn start_asking(
    mut server: Server,
) -> (
    mpsc::Sender<Controls>,
    mpsc::Receiver<Result<Answer, String>>,
) {
    let (questions, mut asked) = mpsc::channel::<Controls>(1);
    let (answered, answers) = mpsc::channel(1);
    tokio::spawn(async move {
        while let Some(controls) = asked.recv().await {
            if answered.send(server.ask(&controls).await).await.is_err() {
                return;
            }
        }
    });
    (questions, answers)
}
