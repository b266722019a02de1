//! The only wiring: source → parse → ring → writer → snapshot → serve, and notify beside serve.
//!
//! Threads: one ingest thread a source with a runtime of its own, one writer thread, and the caller's tokio workers for the HTTP server. A part that ends by itself is a failure that
//! [`Engine::failed`] tells; a panic in the writer ends the engine, because wrong numbers are worse
//! than none.

mod beginning;
mod error;
mod image;
mod ingest;
mod inputs;
mod reload;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::aggregate::Image;
use crate::aggregate::Writer;
use crate::alert::Watch;
use crate::config::EngineSettings;
use crate::config::WaitStrategy;
use crate::config::limits;
use crate::input::InputIds;
use crate::net::Connector;
use crate::net::Endpoint;
use crate::notify::Notifier;
use crate::post::Poster;
use crate::reloadable::Reloadable;
use crate::ring;
use crate::ring::Bell;
use crate::ring::Mailbox;
use crate::serve::Server;
use crate::snapshot;
use crate::snapshot::Reader;
use crate::snapshot::Snapshot;
use crate::source::push;
use crate::time::Clock;

pub use error::EngineError;
pub use image::ImageFrames;
pub use inputs::Inputs;
pub use reload::Reloaded;

use beginning::Beginning;
use image::Images;
use reload::Replaceable;

/// How long [`Engine::shutdown`] takes at most, all parts together.
const SHUTDOWN_MAX: Duration = Duration::from_secs(10);

/// A running engine: its sources, a writer and a server.
#[derive(Debug)]
pub struct Engine {
    local_addr: SocketAddr,
    reader: Reader,
    clock: Clock,
    /// One a source.
    ingest: Vec<Part>,
    writer: Part,
    stop_writer: StopWriter,
    server: JoinHandle<()>,
    stop_server: CancellationToken,
    notifier: Option<Notifier>,
    replaceable: Replaceable,
    inputs: Inputs,
    images: Images,
    failures: mpsc::Receiver<EngineError>,
}

/// A thread of the engine: how to ask it to end, and the word that it has.
#[derive(Debug)]
struct Part {
    stop: CancellationToken,
    ended: oneshot::Receiver<()>,
}

/// The writer's way to end: when no producer offers any more.
#[derive(Debug)]
struct StopWriter {
    stop: Arc<AtomicBool>,
    bell: Bell,
}

impl Engine {
    /// Whether the settings name what an engine can be made of: what [`Engine::start`] does before it
    /// binds or connects to anything.
    ///
    /// # Errors
    /// [`EngineError::Net`] when the file of certificates or a URL cannot be used,
    /// [`EngineError::Serve`] when the server's own certificate cannot.
    pub fn check(settings: &EngineSettings) -> Result<(), EngineError> {
        Connector::new(settings.stream.ca_file.as_deref())?;
        let webhook = settings.webhook.as_ref().map(|webhook| &webhook.url.0);
        let auth = settings.auth.as_ref();
        let urls = auth.map(|auth| [&auth.token_url, &settings.stream.stream_url]);
        for url in urls.into_iter().flatten().chain(webhook) {
            Endpoint::new(url)?;
        }
        Server::check(&settings.serve, &Clock::system())?;
        Ok(())
    }

    /// Binds the server, then starts the writer and the ingest thread. Must be called inside a
    /// multi-thread tokio runtime, which the server runs on.
    ///
    /// # Errors
    /// What keeps a part from starting; nothing is left running.
    pub async fn start(settings: EngineSettings, clock: Clock) -> Result<Self, EngineError> {
        Self::start_from(None, settings, clock).await
    }

    /// The same from an image of an engine that is no more: numbers, rows, positions, keys and alerts go on
    /// from it. Its inputs are gone, which is a gap until others of their shards are live.
    ///
    /// # Errors
    /// Also [`EngineError::Image`] where a state under these settings cannot go on from it.
    pub async fn start_from(
        image: Option<Image>,
        settings: EngineSettings,
        clock: Clock,
    ) -> Result<Self, EngineError> {
        let connector =
            Connector::new(settings.stream.ca_file.as_deref())?.with_proxies(settings.proxies);
        let engine_id = beginning::random::<1>()?[0];
        let started = clock.wall();
        let aggregate = settings.aggregate.clone();
        let beginning = Beginning::new(image, settings.aggregate, started)?;
        let state = beginning.state;
        let keys = state.keys();
        let mut first = Snapshot {
            engine_id,
            published: started,
            ..Snapshot::default()
        };
        state.fill(&mut first);
        let outcomes = Mailbox::new(limits::NOTIFICATIONS_WAITING_MAX);
        let is_notified = settings.webhook.is_some();
        let rules = Reloadable::new(settings.alerts);
        let directory = Reloadable::new(settings.directory);
        first.directory = directory.load();
        let alerts = match beginning.alerts {
            None => Watch::new(rules.clone(), outcomes.clone(), is_notified, started),
            Some(image) => Watch::restore(image, rules.clone(), outcomes.clone(), is_notified),
        };
        alerts.show_in(&mut first);
        let (publisher, reader) = snapshot::channel(first);
        let samples = Mailbox::new(limits::SAMPLES_WAITING_MAX);
        let is_posted_to = settings.source.has_push();
        let (endpoints, parcels) = push::endpoints(&settings.push, &clock);
        let posters: Vec<Arc<dyn Poster>> = match is_posted_to {
            true => endpoints
                .into_iter()
                .map(|poster| Arc::new(poster) as _)
                .collect(),
            false => Vec::new(),
        };
        let server = Server::bind_taking(
            posters,
            settings.serve,
            reader.clone(),
            samples.clone(),
            clock.clone(),
        )
        .await?;
        let local_addr = server.local_addr();
        let replaceable = Replaceable::new(&server, rules, directory.clone(), &aggregate);
        let notifier = match &settings.webhook {
            Some(webhook) => Some(Notifier::start(
                webhook,
                connector.clone(),
                reader.clone(),
                outcomes,
                clock.clone(),
            )?),
            None => None,
        };

        let bell = Bell::new();
        let ids = InputIds::from_instance(beginning.next_instance);
        let (inlet, rings) = ring::rings_from(bell.clone(), ids);
        let images = Images::new(bell.clone());
        let inputs = Inputs::new(inlet, keys, clock.clone(), reader.pulse().clone());
        let own_clock = clock.clone();
        reader.pulse().begin(clock.mono_ns());
        let mut sources: Vec<ingest::Source> = Vec::new();
        if let Some(auth) = settings.auth {
            let (stream, clock) = (settings.stream, clock.clone());
            sources.push(ingest::events_stream(
                auth, stream, connector, &inputs, clock,
            ));
        }
        if is_posted_to {
            sources.push(ingest::push(settings.push.endpoints, parcels, &inputs));
        }
        let (failed, failures) = mpsc::channel(4);
        let writer = Writer::new(state, rings, publisher, samples, clock, engine_id)
            .with_alerts(alerts)
            .with_directory(directory)
            .with_images(images.requests())
            .going_on_from(beginning.elapsed_ns);
        let stop_writer = StopWriter {
            stop: Arc::default(),
            bell,
        };
        let writer = start_writer(writer, &stop_writer, settings.wait, failed.clone())?;
        let mut ingest = Vec::new();
        for source in sources {
            match ingest::start(source, failed.clone()).await {
                Ok(part) => ingest.push(part),
                Err(error) => {
                    stop_writer.stop();
                    return Err(error);
                }
            }
        }
        let stop_server = CancellationToken::new();
        let server = tokio::spawn(server.run(stop_server.clone()));
        Ok(Self {
            local_addr,
            reader,
            clock: own_clock,
            ingest,
            writer,
            stop_writer,
            server,
            stop_server,
            notifier,
            replaceable,
            inputs,
            images,
            failures,
        })
    }

    /// Where the server listens; the port is the one the system chose when 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Where further inputs come in; they may come and go while the engine runs.
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// What the engine publishes.
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }

    /// Whether a part of the pipeline has given no sign of life for longer than it may.
    pub fn is_late(&self) -> bool {
        let beats = self.reader.pulse().look(self.clock.mono_ns());
        beats.iter().any(|beat| beat.is_late)
    }

    /// Waits until a part of the engine ends by itself. Can be dropped while it waits.
    pub async fn failed(&mut self) -> EngineError {
        match self.failures.recv().await {
            Some(error) => error,
            None => EngineError::Ended { part: "engine" },
        }
    }

    /// Ends the engine in flow order: closes the stream with 1000, answers the posts that were taken
    /// and refuses others, drains the ring, publishes once more, and lets the requests that are under way finish.
    ///
    /// # Errors
    /// [`EngineError::Stuck`] names the part that had not ended within 10 s.
    pub async fn shutdown(self) -> Result<(), EngineError> {
        let parts = async {
            let ended = self.ingest.into_iter().map(|part| {
                part.stop.cancel();
                part.ended
            });
            // An error means that the thread is gone, which is what is waited for.
            join_all(ended).await;
            self.stop_writer.stop();
            let _ = self.writer.ended.await;
            self.stop_server.cancel();
            let notified = async {
                if let Some(notifier) = self.notifier {
                    notifier.stop().await;
                }
            };
            let _ = tokio::join!(self.server, notified);
        };
        tokio::time::timeout(SHUTDOWN_MAX, parts)
            .await
            .map_err(|_| EngineError::Stuck {
                after: SHUTDOWN_MAX,
            })
    }
}

impl StopWriter {
    fn stop(&self) {
        // Release: pairs with the Acquire in `Writer::run`; what was offered before is seen.
        self.stop.store(true, Ordering::Release);
        self.bell.ring_always();
    }
}

/// Starts the writer thread.
fn start_writer(
    writer: Writer,
    stop: &StopWriter,
    strategy: WaitStrategy,
    failed: mpsc::Sender<EngineError>,
) -> Result<Part, EngineError> {
    let (done, ended) = oneshot::channel();
    let (bell, stop) = (stop.bell.clone(), Arc::clone(&stop.stop));
    spawn("writer", move || {
        let alarm = Alarm {
            part: "writer",
            failed: Some(failed),
        };
        writer.run(&bell, strategy, &stop);
        alarm.disarm();
        drop(done);
    })?;
    Ok(Part {
        stop: CancellationToken::new(),
        ended,
    })
}

fn spawn(part: &'static str, body: impl FnOnce() + Send + 'static) -> Result<(), EngineError> {
    thread::Builder::new()
        .name(part.to_owned())
        .spawn(body)
        .map(drop)
        .map_err(|error| EngineError::Thread { part, error })
}

/// Tells that a thread has ended, by itself or by a panic, unless it was disarmed.
#[derive(Debug)]
struct Alarm {
    part: &'static str,
    failed: Option<mpsc::Sender<EngineError>>,
}

impl Alarm {
    fn disarm(mut self) {
        self.failed = None;
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if let Some(failed) = self.failed.take() {
            // Full when a failure is waiting to be read already: the first one counts.
            let _ = failed.try_send(EngineError::Ended { part: self.part });
        }
    }
}
