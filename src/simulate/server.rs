//! The listening side: accepts connections, hands them to `routes`, ends them all.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::desk::Desk;
use super::feed::Feed;
use super::feed::Timeline;
use super::pace::Pace;
use super::record::Emission;
use super::record::Recorder;
use super::refusals::Refusals;
use super::routes;
use super::routes::STREAM_PATH;
use super::routes::TOKEN_PATH;
use super::settings::SimulatorSettings;
use super::shared::Shared;
use super::socket::Socket;
use super::stats::Counters;
use super::stats::SimulatorStats;
use super::token::Tokens;
use crate::time::Clock;

/// Connections at once; further ones are closed on arrival.
const CONNECTIONS_MAX: usize = 1_024;
/// How long TLS or a request's head may take.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long connections may take to end when the simulator does.
const END_TIMEOUT: Duration = Duration::from_secs(5);
/// How long to wait after a failed accept: the system is short of something.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why the stand-in cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The address cannot be listened on: choose another.
    #[error("listen: {0}: {kind}; choose another address or port", kind = .1.kind())]
    Listen(SocketAddr, std::io::Error),
    /// The system has no random numbers to make a key of.
    #[error("random numbers: {0}")]
    Random(getrandom::Error),
}

/// The stand-in for Genesys Cloud: a token endpoint and an event stream on one port.
///
/// Its time starts when it is made; events that nobody is subscribed for are missed. One connection
/// is subscribed at a time: a second subscription ends the first with close code 4409.
#[derive(Debug)]
pub struct Simulator {
    listener: TcpListener,
    addr: SocketAddr,
    tls: Option<Arc<rustls::ServerConfig>>,
    shared: Arc<Shared>,
    observer: Observer,
}

/// Looks at a running or ended [`Simulator`].
#[derive(Clone, Debug)]
pub struct Observer {
    counters: Arc<Counters>,
    recorder: Option<Recorder>,
}

impl Observer {
    /// What the simulator has done so far.
    pub fn stats(&self) -> SimulatorStats {
        self.counters.stats()
    }

    /// Every event so far, sent or missed, but for those filtered out; empty unless
    /// [`SimulatorSettings::record`] is set.
    pub async fn record(&self) -> Vec<Emission> {
        match &self.recorder {
            Some(recorder) => recorder.read().await,
            None => Vec::new(),
        }
    }
}

impl Simulator {
    /// Listens, and starts the simulator's time; requests are answered once
    /// [`Simulator::run`] is polled.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn bind(settings: SimulatorSettings, clock: Clock) -> Result<Self, BindError> {
        Self::bind_with(settings, clock, None).await
    }

    /// The same, but events are due by the plan of `pace`, in nanoseconds of `clock`, and not by the
    /// model's own times.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn bind_paced(
        settings: SimulatorSettings,
        clock: Clock,
        pace: Pace,
    ) -> Result<Self, BindError> {
        Self::bind_with(settings, clock, Some(pace)).await
    }

    async fn bind_with(
        settings: SimulatorSettings,
        clock: Clock,
        pace: Option<Pace>,
    ) -> Result<Self, BindError> {
        let refused = |error| BindError::Listen(settings.listen, error);
        let listener = TcpListener::bind(settings.listen).await.map_err(refused)?;
        let addr = listener.local_addr().map_err(refused)?;
        let tokens = Tokens::new(
            settings.client_id.clone(),
            settings.client_secret.clone(),
            settings.token_lifetime,
        )
        .map_err(BindError::Random)?;
        let counters = Arc::<Counters>::default();
        let timeline = Timeline::new(clock);
        let recorder = settings.record.then(Recorder::spawn);
        let feed = Feed::new(
            &settings,
            timeline.clone(),
            Arc::clone(&counters),
            recorder.clone(),
            pace,
        );
        let stopping = CancellationToken::new();
        let tasks = TaskTracker::new();
        let (desk, work) = Desk::new(feed, stopping.clone());
        tasks.spawn(work);
        let refusals = Refusals::new(&settings.faults);
        Ok(Self {
            listener,
            addr,
            tls: settings.tls,
            observer: Observer {
                counters: Arc::clone(&counters),
                recorder,
            },
            shared: Arc::new(Shared {
                tokens,
                desk,
                counters,
                stopping,
                refusals,
                timeline,
                tasks,
            }),
        })
    }

    /// Where it listens, with the port that the system chose.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The token endpoint's URL.
    pub fn token_url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{TOKEN_PATH}", self.addr)
    }

    /// The event stream's URL.
    pub fn stream_url(&self) -> String {
        let scheme = if self.tls.is_some() { "wss" } else { "ws" };
        format!("{scheme}://{}{STREAM_PATH}", self.addr)
    }

    /// Looks at the simulator while it runs and afterwards.
    pub fn observer(&self) -> Observer {
        self.observer.clone()
    }

    /// Serves until `shutdown`, then closes every stream with 1001.
    pub async fn run(self, shutdown: CancellationToken) {
        let Shared {
            stopping, tasks, ..
        } = &*self.shared;
        // However this future ends, its tasks do too.
        let _stops = stopping.clone().drop_guard();
        loop {
            let accepted = tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                accepted = self.listener.accept() => accepted,
            };
            let Ok((tcp, _)) = accepted else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            if tasks.len() < CONNECTIONS_MAX {
                tasks.spawn(accept(tcp, self.tls.clone(), Arc::clone(&self.shared)));
            }
        }
        drop(self.listener);
        stopping.cancel();
        tasks.close();
        // Whoever does not end in time is cut off with the runtime.
        drop(tokio::time::timeout(END_TIMEOUT, tasks.wait()).await);
    }
}

async fn accept(tcp: TcpStream, tls: Option<Arc<rustls::ServerConfig>>, shared: Arc<Shared>) {
    // Without it the simulator still works, only less punctually.
    drop(tcp.set_nodelay(true));
    let socket = match tls {
        None => Socket::plain(tcp),
        Some(tls) => {
            match tokio::time::timeout(HEAD_TIMEOUT, TlsAcceptor::from(tls).accept(tcp)).await {
                Ok(Ok(stream)) => Socket::tls(stream),
                Ok(Err(_)) | Err(_) => return,
            }
        }
    };
    let stopping = shared.stopping.clone();
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(routes::answer(&shared, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(socket), service)
        .with_upgrades();
    tokio::pin!(connection);
    // A client that breaks the protocol or the connection is none of our business.
    tokio::select! {
        result = &mut connection => return drop(result),
        () = stopping.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    drop(connection.await);
}
