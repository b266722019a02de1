//! The part of `streamgauge simulate` that posts a contact centre's events, or writes them to a file in a
//! dialect; and what `demo --source push` has of it.

use std::path::PathBuf;
use std::time::Duration;

use hyper::Uri;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use super::Failure;
use super::output;
use super::runtime;
use super::signal::STOPPING;
use super::signal::Stop;
use crate::config;
use crate::config::Dialect;
use crate::config::Environment;
use crate::config::SecretFile;
use crate::config::duration;
use crate::net::Connector;
use crate::simulate::BodyForm;
use crate::simulate::CentrePlan;
use crate::simulate::CredentialForm;
use crate::simulate::EVENTS_PER_CONVERSATION;
use crate::simulate::Fault;
use crate::simulate::Ledger;
use crate::simulate::PostTally;
use crate::simulate::Posting;
use crate::simulate::PostingSettings;
use crate::simulate::Rate;
use crate::simulate::SenderCredential;
use crate::simulate::SimulatorSettings;
use crate::simulate::Speed;
use crate::time::Clock;
use crate::time::EpochMs;

/// The variable that holds the endpoint's secret. There is no flag for it: arguments can be read by
/// everybody on the machine.
const SECRET_VARIABLE: &str = "SIMULATE_PUSH_SECRET";
/// How often a line says what was posted.
const REPORT_PERIOD: Duration = Duration::from_secs(10);
/// Queues of the ledger that are printed; the rest is counted.
const QUEUES_SHOWN: usize = 12;
/// The hour of the day at which a centre with opening hours starts.
const FIRST_HOUR: f64 = 8.0;
/// A guest who leaves a queue within this many milliseconds is a short abandon in the ledger.
pub(super) const SHORT_ABANDON_MS: u64 = 10_000;

/// Flags of posting.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Post to an endpoint")]
pub(super) struct PostArgs {
    /// Post whole conversations to this endpoint of `serve --source push`; https, or http on this machine
    #[arg(long, value_name = "URL", conflicts_with_all = ["out", "listen"])]
    pub(super) push: Option<Uri>,
    /// The endpoint's dialect, or that of the file of --out: a preset
    #[arg(long, value_name = "NAME", value_parser = dialect)]
    pub(super) dialect: Option<Dialect>,
    /// What the endpoint asks for: bearer, basic:USER, header:NAME, or hmac:HEADER for a signature with
    /// SHA-256 in hexadecimal digits
    #[arg(long, value_name = "FORM", default_value_t = CredentialForm::Bearer, requires = "push")]
    credential: CredentialForm,
    /// File with the endpoint's secret, closed to other users; or the variable SIMULATE_PUSH_SECRET
    #[arg(long, value_name = "FILE", requires = "push")]
    secret_file: Option<PathBuf>,
    /// Certificates to trust in addition to the system's
    #[arg(long, value_name = "FILE.pem", requires = "push")]
    ca_file: Option<PathBuf>,
    /// Events in a request at the most
    #[arg(long, value_name = "N", default_value_t = PostingSettings::BATCH, requires = "push",
          value_parser = batch)]
    batch: usize,
    /// How a request is put together: array, lines or firehose
    #[arg(long, value_name = "FORM", default_value = "array", requires = "push")]
    body: BodyForm,
    /// How many times as fast as real time: all waits and talks are that much shorter, and the rate higher
    #[arg(long, value_name = "FACTOR", default_value = "1", requires = "push")]
    speed: Speed,
    /// How long the centre has been running: conversations of before go on, and their beginnings are
    /// never heard of
    #[arg(long, value_name = "LENGTH", default_value = "0s", value_parser = duration::parse)]
    warm_up: Duration,
    /// Queues of the centre
    #[arg(long, value_name = "N", default_value_t = 6,
          value_parser = clap::value_parser!(u16).range(1..=i64::from(CentrePlan::QUEUES_MAX)))]
    queues: u16,
    /// Agents of the centre; without it as many as the rate needs
    #[arg(long, value_name = "N",
          value_parser = clap::value_parser!(u16).range(1..=i64::from(CentrePlan::AGENTS_MAX)))]
    agents: Option<u16>,
    /// Deployments of the centre
    #[arg(long, value_name = "N", default_value_t = 4,
          value_parser = clap::value_parser!(u16).range(1..=i64::from(CentrePlan::DEPLOYMENTS_MAX)))]
    deployments: u16,
    /// End by itself after this long, such as 30s
    #[arg(long = "for", value_name = "LENGTH", requires = "push", value_parser = duration::parse)]
    length: Option<Duration>,
}

/// What of the other flags of `simulate` counts here.
#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) rate: Rate,
    pub(super) seed: u64,
    pub(super) curve: bool,
    pub(super) history: Duration,
    pub(super) faults: Vec<Fault>,
    pub(super) events: Option<u64>,
}

fn dialect(text: &str) -> Result<Dialect, String> {
    let mut names = Dialect::NAMES.into_iter();
    let found = names.find(|(name, _)| *name == text);
    found.map(|(_, dialect)| dialect).ok_or_else(|| {
        let names: Vec<&str> = Dialect::NAMES.iter().map(|(name, _)| *name).collect();
        format!("no such dialect; use one of {}", names.join(", "))
    })
}

fn batch(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..=10_000) => Ok(count),
        _ => Err("not a number of events; use 1 to 10000".to_owned()),
    }
}

impl PostArgs {
    /// The centre that the flags ask for, from `now` on.
    ///
    /// # Errors
    /// Flags that do not go together.
    pub(super) fn plan(&self, model: &Model, now: EpochMs) -> Result<CentrePlan, Failure> {
        Ok(CentrePlan {
            queues: self.queues,
            agents: self.agents,
            deployments: self.deployments,
            warm_up: self.warm_up,
            ..centre(model, now)?
        })
    }

    fn secret(&self) -> Result<SecretString, Failure> {
        let Some(path) = &self.secret_file else {
            return match std::env::var(SECRET_VARIABLE) {
                Ok(secret) if !secret.trim().is_empty() => Ok(SecretString::from(secret)),
                _ => Err(Failure::Usage(format!(
                    "--push: no secret to show; set {SECRET_VARIABLE}, or name a file by --secret-file"
                ))),
            };
        };
        let line = |why: String| format!("--secret-file: {}: {why}", path.display());
        let read = SecretFile::read(path).map_err(|why| Failure::Usage(line(why)))?;
        if let Some(what) = read.warning {
            output::note(&format!("warning: {}", line(what)));
        }
        Ok(read.secret)
    }
}

/// The centre of a model, from `now` on with its history before.
///
/// # Errors
/// A rate that no centre has.
pub(super) fn centre(model: &Model, now: EpochMs) -> Result<CentrePlan, Failure> {
    let Rate::PerSecond(per_s) = model.rate else {
        return Err(Failure::Usage(
            "--rate: max: a contact centre has a rate; use events per second".to_owned(),
        ));
    };
    let longest = Duration::from_secs_f64(SimulatorSettings::HISTORY_EVENTS_MAX / per_s);
    let longest = longest.min(SimulatorSettings::HISTORY_MAX);
    let history_ms = i64::try_from(model.history.min(longest).as_millis()).unwrap_or_default();
    Ok(CentrePlan {
        conversations_per_s: per_s / EVENTS_PER_CONVERSATION,
        opens_at_hour: model.curve.then_some(FIRST_HOUR),
        ..CentrePlan::new(model.seed, now - history_ms)
    })
}

/// Posts until a signal, `--for`, `--events` or a refusal ends it.
///
/// # Errors
/// Wrong arguments; a failure of posting.
pub(super) fn run(
    url: &Uri,
    args: &PostArgs,
    model: Model,
    environment: &Environment,
) -> Result<(), Failure> {
    let clock = Clock::system();
    let usage = |error: &dyn std::fmt::Display| Failure::Usage(format!("--push: {error}"));
    if model.faults.iter().any(|fault| {
        let kind = fault.kind;
        !kind.is_of_events() && !kind.is_of_posts()
    }) {
        let why = "nobody is subscribed; use duplicate, reorder, malformed, slow-body or lost-answer with --push";
        return Err(Failure::Usage(format!("--fault: {why}")));
    }
    let settings = PostingSettings {
        url: url.clone(),
        credential: SenderCredential {
            form: args.credential.clone(),
            secret: args.secret()?,
        },
        dialect: args.dialect.clone().unwrap_or_default(),
        form: args.body,
        batch: args.batch,
        plan: args.plan(&model, clock.wall())?,
        speed: args.speed,
        faults: model.faults,
        patience: PostingSettings::PATIENCE,
        events: model.events,
        short_abandon_ms: SHORT_ABANDON_MS,
    };
    let proxies =
        config::load_proxies(environment).map_err(|error| Failure::Usage(error.to_string()))?;
    let connector = Connector::new(args.ca_file.as_deref())
        .map_err(|error| usage(&error))?
        .with_proxies(proxies);
    let posting = Posting::new(settings, connector, clock).map_err(|error| usage(&error))?;
    let mut stop = Stop::on_signal()?;
    runtime::run(async move {
        let stopping = CancellationToken::new();
        let posting = post(posting, stopping.clone());
        tokio::pin!(posting);
        let ended = async {
            match args.length {
                Some(length) => tokio::time::sleep(length).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            done = &mut posting => return done,
            () = stop.requested() => output::note(STOPPING),
            () = ended => {}
        }
        stopping.cancel();
        posting.await
    })
}

/// Posts, says now and then how far it is, and at the end what an engine must show.
async fn post(mut posting: Posting, stop: CancellationToken) -> Result<(), Failure> {
    let mut next = tokio::time::Instant::now() + REPORT_PERIOD;
    let done = posting
        .run(&stop, |tally: &PostTally, _: &Ledger| {
            if tokio::time::Instant::now() >= next {
                next += REPORT_PERIOD;
                output::note(&tally.to_string());
            }
        })
        .await;
    output::note(&posting.tally().to_string());
    // Of what was refused an engine shows nothing.
    done.map_err(|failure| Failure::Failed(format!("--push: {failure}")))?;
    show(posting.ledger(), posting.dialect());
    Ok(())
}

/// What an engine must show, a line for each queue.
pub(super) fn show(ledger: &Ledger, dialect: &Dialect) {
    let line = |what: &str, numbers: &mut dyn Iterator<Item = (&'static str, u64)>| {
        let counts = numbers.filter(|(_, count)| *count > 0);
        let words: Vec<String> = counts
            .map(|(name, count)| format!("{} {count}", name.replace('_', " ")))
            .collect();
        if !words.is_empty() {
            output::note(&format!("{what}: {}", words.join(", ")));
        }
    };
    line("ledger, sessions", &mut ledger.total().named());
    for (queue, numbers) in ledger.queues().iter().take(QUEUES_SHOWN) {
        if let Some(queue) = queue {
            let name = crate::simulate::queue_id(dialect, *queue);
            line(&format!("  queue {name}"), &mut numbers.named());
        }
    }
    line("ledger, legs", &mut ledger.legs().named());
    for (queue, numbers) in ledger.legs_by_queue().iter().take(QUEUES_SHOWN) {
        let name = crate::simulate::queue_id(dialect, *queue);
        line(&format!("  queue {name}"), &mut numbers.named());
    }
    let more = ledger.legs_by_queue().len().saturating_sub(QUEUES_SHOWN);
    if more > 0 {
        output::note(&format!("  and {more} more queues"));
    }
    output::note(&format!("  by {} agents", ledger.legs_by_agent().len()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dialects_and_batches_are_read_or_refused_with_what_to_use() {
        for (name, expected) in Dialect::NAMES {
            assert_eq!(dialect(name), Ok(expected));
        }
        assert!(dialect("mapping").unwrap_err().contains("cloudevents"));
        assert_eq!(batch("1"), Ok(1));
        for text in ["", "0", "-1", "10001", "many"] {
            assert!(batch(text).unwrap_err().contains("1 to 10000"), "{text}");
        }
    }
}
