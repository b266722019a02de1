//! `streamgauge demo`: a stand-in and the engine that has its events over real sockets, in one process,
//! with one live line of the metrics. The stand-in is the service that the engine connects to, or a contact
//! centre that posts to it.

use std::future::pending;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::time::Duration;

use hyper::Uri;
use secrecy::SecretString;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config;
use crate::config::AggregateSettings;
use crate::config::AlertBy;
use crate::config::AlertRule;
use crate::config::AuthSettings;
use crate::config::EngineSettings;
use crate::config::ServeSettings;
use crate::config::StreamSettings;
use crate::config::Threshold;
use crate::config::duration;
use crate::engine::Engine;
use crate::metric::Metric;
use crate::simulate::Rate;
use crate::simulate::Simulator;
use crate::simulate::SimulatorSettings;
use crate::snapshot::Reader;
use crate::time::Clock;

use super::Failure;
use super::graphql_url;
use super::live_line;
use super::output;
use super::page_note;
use super::runtime;
use super::self_poster::SelfPoster;
use super::signal::STOPPING;
use super::signal::Stop;

/// How long the past may take to be read before the page is announced.
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(5);
/// How often it is looked at until then.
const LOOK: Duration = Duration::from_millis(20);
/// Events that are no older are of the present.
const PRESENT_MS: i64 = 1_000;

/// Arguments of `streamgauge demo`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Address and port of the HTTP server, on this machine; port 0 lets the system choose
    #[arg(long, value_name = "ADDR", default_value_t = ServeSettings::LISTEN,
          value_parser = config::address)]
    listen: SocketAddr,
    /// Mean rate of the simulated traffic
    #[arg(long, value_name = "EVENTS_PER_SECOND", default_value = "500")]
    rate: Rate,
    /// Repeats the simulated traffic exactly
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How much of the past there is at the start, at most 55m and 600,000 events; 0s starts empty
    #[arg(long, value_name = "LENGTH", default_value = "55m", value_parser = duration::parse)]
    history: Duration,
    /// How the events come: the engine connects to a stand-in, or a contact centre posts to it
    #[arg(long, value_enum, default_value_t = DemoSource::EventsStream)]
    source: DemoSource,
    /// Ends by itself after this long, such as 30s
    #[arg(long = "for", value_name = "DURATION", value_parser = duration::parse)]
    duration: Option<Duration>,
}

/// How the events come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum DemoSource {
    EventsStream,
    Push,
}

/// Runs until a signal, the end of `--for`, or nobody reads standard output any more.
///
/// # Errors
/// When the address is open to the network, or a part cannot start or fails.
pub(super) fn run(args: Args) -> Result<(), Failure> {
    let serve = ServeSettings::new(args.listen);
    if serve.check_exposure().is_err() {
        return Err(Failure::Usage(format!(
            "demo: --listen: {}: a demo asks for no token and stays on this machine; choose a loopback address, or run serve with --token-file",
            args.listen
        )));
    }
    let stop = Stop::on_signal()?;
    match args.source {
        DemoSource::EventsStream => runtime::run(demo(args, serve, stop)),
        DemoSource::Push => runtime::run(posted(args, serve, stop)),
    }
}

async fn demo(args: Args, serve: ServeSettings, mut stop: Stop) -> Result<(), Failure> {
    let failed = |error| Failure::Failed(format!("{error}"));
    let clock = Clock::system();
    let stand_in = StandIn::start(&args, clock.clone()).await?;
    output::note(&format!(
        "simulating Genesys Cloud at {}",
        stand_in.stream_url
    ));
    let mut engine = Engine::start(stand_in.settings(serve, args.rate), clock)
        .await
        .map_err(failed)?;
    let done = watch(&mut engine, &args, &mut stop, pending()).await;
    // The engine goes first, so that the stand-in's end is no loss that it would report.
    let ended = engine.shutdown().await.map_err(failed);
    stand_in.stop().await;
    done.and(ended)
}

/// The same with a contact centre that posts.
async fn posted(args: Args, serve: ServeSettings, mut stop: Stop) -> Result<(), Failure> {
    let failed = |error| Failure::Failed(format!("{error}"));
    let clock = Clock::system();
    let mut poster = SelfPoster::new(clock.clone())?;
    let mut settings = poster.settings(serve);
    settings.alerts = alerts(args.rate);
    let mut engine = Engine::start(settings, clock).await.map_err(failed)?;
    poster.start(engine.local_addr(), args.rate, args.seed, args.history)?;
    output::note(&format!(
        "a simulated contact centre posts to {}",
        poster.url(engine.local_addr())
    ));
    let done = watch(&mut engine, &args, &mut stop, poster.failed()).await;
    // Whoever posts goes first, so that nothing is refused by a server that stops.
    poster.stop().await;
    let ended = engine.shutdown().await.map_err(failed);
    done.and(ended)
}

/// Shows the live line until somebody or something ends it.
async fn watch(
    engine: &mut Engine,
    args: &Args,
    stop: &mut Stop,
    source_failed: impl Future<Output = Failure>,
) -> Result<(), Failure> {
    output::note(&format!(
        "serving GraphQL at {}",
        graphql_url(engine.local_addr(), false)
    ));
    let (reader, address) = (engine.reader(), engine.local_addr());
    let shown = async {
        if !args.history.is_zero() {
            caught_up(&reader).await;
        }
        output::note(&page_note(address, false));
        let showing = live_line::show(&reader);
        match args.duration {
            Some(duration) => tokio::select! {
                shown = showing => shown,
                () = tokio::time::sleep(duration) => Ok(()),
            },
            None => showing.await,
        }
    };
    let done = tokio::select! {
        () = stop.requested() => Ok(()),
        shown = shown => shown,
        error = engine.failed() => Err(Failure::Failed(format!("{error}"))),
        failure = source_failed => Err(failure),
    };
    live_line::end().await;
    output::note(STOPPING);
    done
}

/// Waits until the past that comes first has been read, so that the page shows the present from the
/// first look on; not for ever, since a slow machine is no failure.
async fn caught_up(reader: &Reader) {
    let is_present = async {
        loop {
            let lag_ms = reader.load().stream.lag_ms;
            if lag_ms.is_some_and(|lag_ms| lag_ms < PRESENT_MS) {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    let _ = tokio::time::timeout(CAUGHT_UP_WITHIN, is_present).await;
}

/// Examples of alerts, with thresholds that the simulated traffic rarely crosses.
fn alerts(rate: Rate) -> Vec<AlertRule> {
    let mut slow = AlertRule::new(
        "events come late",
        Metric::LagMs,
        None,
        Threshold::Above(2_000.0),
    );
    slow.for_ms = 5_000;
    slow.hysteresis = 1_000.0;
    let minute = Some(AggregateSettings::WINDOW_MS);
    let mut long = AlertRule::new(
        "sessions take long",
        Metric::DurationP90Ms,
        minute,
        Threshold::Above(600_000.0),
    );
    long.for_ms = 30_000;
    long.hysteresis = 60_000.0;
    let mut idle = AlertRule::new(
        "nobody in sales",
        Metric::OpenSessions,
        None,
        Threshold::Below(1.0),
    );
    idle.group = Some((AlertBy::Queue, "sales".into()));
    idle.for_ms = 30_000;
    let mut rules = vec![slow, long, idle];
    if let Rate::PerSecond(per_s) = rate {
        // Most events are messages. As long as the window: it fills first.
        let few = (per_s * 60.0 / 4.0).round();
        let mut quiet = AlertRule::new(
            "few messages",
            Metric::MessagesPerMinute,
            minute,
            Threshold::Below(few),
        );
        quiet.for_ms = u64::from(AggregateSettings::WINDOW_MS);
        quiet.hysteresis = (few / 10.0).round();
        rules.push(quiet);
    }
    rules
}

/// The simulator, and what a client of it has to know.
struct StandIn {
    token_url: Uri,
    stream_url: Uri,
    client_id: String,
    client_secret: SecretString,
    shutdown: CancellationToken,
    running: JoinHandle<()>,
}

impl StandIn {
    /// Starts the simulator on a port that the system chooses.
    async fn start(args: &Args, clock: Clock) -> Result<Self, Failure> {
        let failed = |why: String| Failure::Failed(format!("demo: simulator: {why}"));
        let mut settings = SimulatorSettings::new((Ipv4Addr::LOCALHOST, 0).into());
        settings.seed = args.seed;
        settings.rate = args.rate;
        settings.history = args.history;
        let (client_id, client_secret) =
            (settings.client_id.clone(), settings.client_secret.clone());
        let simulator = Simulator::bind(settings, clock)
            .await
            .map_err(|error| failed(error.to_string()))?;
        let url = |text: String| text.parse().map_err(|_| failed(format!("no URL: {text}")));
        let shutdown = CancellationToken::new();
        Ok(Self {
            token_url: url(simulator.token_url())?,
            stream_url: url(simulator.stream_url())?,
            client_id,
            client_secret,
            running: tokio::spawn(simulator.run(shutdown.clone())),
            shutdown,
        })
    }

    /// The settings of an engine that connects to it.
    fn settings(&self, serve: ServeSettings, rate: Rate) -> EngineSettings {
        let auth = AuthSettings::new(
            self.token_url.clone(),
            self.client_id.clone(),
            self.client_secret.clone(),
        );
        let stream = StreamSettings::new(self.stream_url.clone());
        let mut settings = EngineSettings::new(auth, stream, serve);
        settings.alerts = alerts(rate);
        settings
    }

    async fn stop(self) {
        self.shutdown.cancel();
        // It ends on its own; had it panicked, the engine would have said that it is gone.
        let _ = self.running.await;
    }
}
