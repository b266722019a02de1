//! The contact centre of `demo --source push`: it posts to the demo's own server, over HTTP and with a
//! credential that is made up for it.

use std::net::SocketAddr;
use std::time::Duration;

use secrecy::SecretString;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Failure;
use super::posts::Model;
use super::posts::SHORT_ABANDON_MS;
use super::posts::centre;
use super::push_url;
use crate::config::AuthSettings;
use crate::config::Dialect;
use crate::config::EngineSettings;
use crate::config::PushCredential;
use crate::config::PushEndpoint;
use crate::config::PushPath;
use crate::config::ServeSettings;
use crate::config::Source;
use crate::config::StreamSettings;
use crate::net::Connector;
use crate::simulate::BodyForm;
use crate::simulate::CentrePlan;
use crate::simulate::CredentialForm;
use crate::simulate::Posting;
use crate::simulate::PostingSettings;
use crate::simulate::Rate;
use crate::simulate::SenderCredential;
use crate::simulate::Speed;
use crate::time::Clock;

/// Events in a request at the most: the past is many.
const BATCH: usize = 1_000;
/// How long the server may give no answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Posts to the server of its own process.
#[derive(Debug)]
pub(super) struct SelfPoster {
    path: PushPath,
    secret: SecretString,
    clock: Clock,
    stop: CancellationToken,
    running: Option<JoinHandle<Result<(), Failure>>>,
}

impl SelfPoster {
    /// One with a secret that nobody else knows.
    pub(super) fn new(clock: Clock) -> Result<Self, Failure> {
        let mut bits = [0_u64; 2];
        for bits in &mut bits {
            *bits = getrandom::u64()
                .map_err(|error| Failure::Failed(format!("demo: no random secret: {error}")))?;
        }
        let failed = |why| Failure::Failed(format!("demo: path of the endpoint: {why}"));
        Ok(Self {
            path: PushPath::parse("/push/demo").map_err(failed)?,
            secret: SecretString::from(format!("{:016x}{:016x}", bits[0], bits[1])),
            clock,
            stop: CancellationToken::new(),
            running: None,
        })
    }

    /// The settings of an engine that it can post to.
    pub(super) fn settings(&self, serve: ServeSettings) -> EngineSettings {
        // Neither is connected to.
        let nowhere = hyper::Uri::from_static("http://127.0.0.1:9/");
        let auth = AuthSettings::new(nowhere.clone(), String::new(), self.secret.clone());
        let mut settings = EngineSettings::new(auth, StreamSettings::new(nowhere), serve);
        settings.auth = None;
        settings.source = Source::Push;
        settings.push.endpoints = vec![PushEndpoint {
            name: "demo".into(),
            path: self.path.clone(),
            credential: PushCredential::Bearer(self.secret.clone().into()),
            dialect: Dialect::Cloudevents,
            allowed_origins: vec![PushEndpoint::ANY_ORIGIN.to_owned()],
        }];
        settings
    }

    /// Where it posts to.
    pub(super) fn url(&self, server: SocketAddr) -> String {
        push_url(server, false, &self.path)
    }

    /// Begins to post.
    pub(super) fn start(
        &mut self,
        server: SocketAddr,
        rate: Rate,
        seed: u64,
        history: Duration,
    ) -> Result<(), Failure> {
        let failed = |why: String| Failure::Failed(format!("demo: posting: {why}"));
        let url = self.url(server);
        let url = url.parse().map_err(|_| failed(format!("no url: {url}")))?;
        let model = Model {
            rate,
            seed,
            curve: false,
            history,
            faults: Vec::new(),
            events: None,
        };
        let now = self.clock.wall();
        let settings = PostingSettings {
            url,
            credential: SenderCredential {
                form: CredentialForm::Bearer,
                secret: self.secret.clone(),
            },
            dialect: Dialect::Cloudevents,
            form: BodyForm::Array,
            batch: BATCH,
            plan: CentrePlan {
                queues: 12,
                deployments: 4,
                ..centre(&model, now)?
            },
            speed: Speed::REAL,
            faults: Vec::new(),
            patience: PATIENCE,
            events: None,
            short_abandon_ms: SHORT_ABANDON_MS,
        };
        let connector = Connector::new(None).map_err(|error| failed(error.to_string()))?;
        let posting = Posting::new(settings, connector, self.clock.clone());
        let mut posting = posting.map_err(|error| failed(error.to_string()))?;
        let stop = self.stop.clone();
        self.running = Some(tokio::spawn(async move {
            let done = posting.run(&stop, |_, _| {}).await;
            done.map_err(|error| Failure::Failed(format!("demo: posting: {error}")))
        }));
        Ok(())
    }

    /// Waits until it cannot go on; for ever where it can.
    pub(super) async fn failed(&mut self) -> Failure {
        if let Some(running) = &mut self.running {
            let ended = running.await;
            self.running = None;
            if let Ok(Err(failure)) = ended {
                return failure;
            }
        }
        std::future::pending().await
    }

    /// Stops it; what it has in hand is still posted.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        if let Some(running) = self.running {
            // How it ended was said before, or is not worth a word any more.
            let _ = running.await;
        }
    }
}
