//! Sender and engine of a load, each on threads that can be distinguished by their names.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use hyper::Uri;
use secrecy::SecretString;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::sync::DropGuard;

use super::LoadSettings;
use super::Profile;
use crate::config::AuthSettings;
use crate::config::EngineSettings;
use crate::config::ServeSettings;
use crate::config::StreamSettings;
use crate::engine::Engine;
use crate::simulate::Pace;
use crate::simulate::Simulator;
use crate::simulate::SimulatorSettings;
use crate::time::Clock;

/// Why there is no report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The settings contradict each other.
    #[error("load: {0}")]
    Settings(String),
    /// A part cannot start or has failed: which one, and why.
    #[error("load: {0}: {1}")]
    Failed(&'static str, String),
}

impl LoadError {
    pub(super) fn failed(part: &'static str, why: impl ToString) -> Self {
        Self::Failed(part, why.to_string())
    }
}

/// The stand-in on a runtime of its own. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) token_url: String,
    pub(super) stream_url: String,
    client_id: String,
    client_secret: SecretString,
    _ends: DropGuard,
}

impl Sender {
    /// Listens and waits for a subscription.
    pub(super) async fn start(
        settings: SimulatorSettings,
        clock: Clock,
        pace: Pace,
    ) -> Result<Self, LoadError> {
        let failed = |why: String| LoadError::Failed("stand-in", why);
        let (client_id, client_secret) =
            (settings.client_id.clone(), settings.client_secret.clone());
        let shutdown = CancellationToken::new();
        let until = shutdown.clone();
        let (bound, is_bound) = oneshot::channel();
        on_own_runtime("load-sender", async move {
            match Simulator::bind_paced(settings, clock, pace).await {
                Ok(simulator) => {
                    let urls = (simulator.token_url(), simulator.stream_url());
                    // Whoever waits for it may have been stopped.
                    let _ = bound.send(Ok(urls));
                    simulator.run(until).await;
                }
                Err(error) => drop(bound.send(Err(error.to_string()))),
            }
        })?;
        let (token_url, stream_url) = is_bound
            .await
            .map_err(|_| failed("its thread has ended".to_owned()))?
            .map_err(failed)?;
        Ok(Self {
            token_url,
            stream_url,
            client_id,
            client_secret,
            _ends: shutdown.drop_guard(),
        })
    }

    /// The settings of the stand-in for a load of `events`.
    pub(super) fn settings(load: &LoadSettings, events: u64) -> SimulatorSettings {
        let mut settings = SimulatorSettings::new(load.listen);
        settings.seed = load.seed;
        settings.rate = load.rate;
        settings.faults = load.profile.faults(events);
        settings.faults.extend(&load.faults);
        settings
    }

    /// Starts an engine in this process that connects here.
    pub(super) async fn engine(&self, profile: Profile, clock: Clock) -> Result<Engine, LoadError> {
        let url = |text: &str| -> Result<Uri, LoadError> {
            text.parse()
                .map_err(|_| LoadError::failed("stand-in", format!("no URL: {text}")))
        };
        let auth = AuthSettings::new(
            url(&self.token_url)?,
            self.client_id.clone(),
            self.client_secret.clone(),
        );
        let mut stream = StreamSettings::new(url(&self.stream_url)?);
        if profile == Profile::Chaos {
            // A run of seconds cannot wait for a loss as long as a service of months can.
            stream.ping_interval = Duration::from_millis(400);
            stream.dead_after = Duration::from_millis(1_200);
            stream.backoff_base = Duration::from_millis(100);
            stream.backoff_cap = Duration::from_millis(500);
        }
        let serve = ServeSettings::new(SocketAddr::from(([127, 0, 0, 1], 0)));
        Engine::start(EngineSettings::new(auth, stream, serve), clock)
            .await
            .map_err(|error| LoadError::failed("engine", error))
    }
}

/// Runs a future on a thread and runtime of its own, all threads of it under one name.
pub(super) fn on_own_runtime(
    name: &'static str,
    future: impl Future<Output = ()> + Send + 'static,
) -> Result<(), LoadError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .thread_name(name)
        .enable_all()
        .build()
        .map_err(|error| LoadError::failed(name, error))?;
    on_own_thread(name, move || runtime.block_on(future))
}

/// Runs something on a thread of its own.
pub(super) fn on_own_thread(
    name: &'static str,
    body: impl FnOnce() + Send + 'static,
) -> Result<(), LoadError> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map(drop)
        .map_err(|error| LoadError::failed(name, error))
}
