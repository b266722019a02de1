//! The listening side: accepts connections, routes requests, ends them all.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fastwebsockets::upgrade;
use http_body_util::Full;
use hyper::Method;
use hyper::Request;
use hyper::Response;
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::header;
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
use super::fault::Endpoint;
use super::fault::Refusal;
use super::feed::Feed;
use super::feed::Timeline;
use super::record::Emission;
use super::record::Recorder;
use super::refusals::Refusals;
use super::settings::SimulatorSettings;
use super::socket::Socket;
use super::stats::Counters;
use super::stats::SimulatorStats;
use super::stream::Connection;
use super::token::Tokens;
use crate::time::Clock;

/// The token endpoint's path.
pub const TOKEN_PATH: &str = "/oauth/token";
/// The event stream's path.
pub const STREAM_PATH: &str = "/api/v2/analytics/events/stream";

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
    #[error("listen: {0}: {1}; choose another address or port")]
    Listen(SocketAddr, std::io::Error),
    /// The system has no random numbers to make a key of.
    #[error("random numbers: {0}")]
    Random(getrandom::Error),
}

/// What all connections share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) tokens: Tokens,
    pub(super) desk: Desk,
    pub(super) counters: Arc<Counters>,
    pub(super) stopping: CancellationToken,
    refusals: Refusals,
    timeline: Timeline,
    tasks: TaskTracker,
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
        async move { Ok::<_, Infallible>(route(&shared, request).await) }
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

async fn route(shared: &Arc<Shared>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    match (request.method(), request.uri().path()) {
        (&Method::POST, TOKEN_PATH) => token(shared, request).await,
        (&Method::GET, STREAM_PATH) => handshake(shared, request),
        _ => json(
            StatusCode::NOT_FOUND,
            error_body(StatusCode::NOT_FOUND, "not.found"),
        ),
    }
}

async fn token(shared: &Shared, request: Request<Incoming>) -> Response<Full<Bytes>> {
    if let Some(refusal) = shared.take_refusal(Endpoint::Token) {
        shared.counters.tokens_refused.add(1);
        return refuse(&refusal);
    }
    let now_us = shared.timeline.now_us();
    let (response, issued) = shared.tokens.answer(request, now_us).await;
    if issued {
        shared.counters.tokens_issued.add(1);
    } else {
        shared.counters.tokens_refused.add(1);
    }
    response
}

/// Answers the stream's handshake and, when it is right, starts the connection's task.
fn handshake(shared: &Arc<Shared>, mut request: Request<Incoming>) -> Response<Full<Bytes>> {
    let refused = |response| {
        shared.counters.handshakes_refused.add(1);
        response
    };
    if let Some(refusal) = shared.take_refusal(Endpoint::Handshake) {
        return refused(refuse(&refusal));
    }
    let now_us = shared.timeline.now_us();
    let valid = bearer_token(&request).and_then(|token| shared.tokens.check(token, now_us));
    let Some(token_ends_us) = valid else {
        let status = StatusCode::UNAUTHORIZED;
        let mut response = json(status, error_body(status, "authentication.required"));
        response.headers_mut().insert(
            header::WWW_AUTHENTICATE,
            header::HeaderValue::from_static("Bearer"),
        );
        return refused(response);
    };
    let upgraded = upgrade::is_upgrade_request(&request)
        .then(|| upgrade::upgrade(&mut request))
        .and_then(Result::ok);
    let Some((response, websocket)) = upgraded else {
        let status = StatusCode::BAD_REQUEST;
        return refused(json(status, error_body(status, "bad.request")));
    };
    let connection = Connection {
        number: shared.counters.connections.count(),
        shared: Arc::clone(shared),
        token_ends_us,
    };
    shared.tasks.spawn(async move {
        // Only the socket is wanted; the client may be gone before it is there.
        let Ok(websocket) = websocket.await else {
            return;
        };
        let Ok(parts) = websocket
            .into_inner()
            .into_inner()
            .downcast::<TokioIo<Socket>>()
        else {
            unreachable!("every connection is served on a Socket")
        };
        connection
            .serve(parts.io.into_inner(), parts.read_buf)
            .await;
    });
    response.map(|_| Full::default())
}

impl Shared {
    fn take_refusal(&self, endpoint: Endpoint) -> Option<Refusal> {
        let sent = self.counters.sent.value();
        self.refusals.take(endpoint, self.timeline.now_us(), sent)
    }
}

/// The token of the `Authorization` header, else of the query.
fn bearer_token<B>(request: &Request<B>) -> Option<&str> {
    if let Some(value) = request.headers().get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme
            .eq_ignore_ascii_case("bearer")
            .then_some(token.trim());
    }
    let mut fields = request.uri().query()?.split('&');
    fields.find_map(|field| field.strip_prefix("access_token="))
}

fn refuse(refusal: &Refusal) -> Response<Full<Bytes>> {
    let code = match refusal.status.as_u16() {
        401 => "authentication.required",
        403 => "not.authorized",
        429 => "too.many.requests.retry.after",
        _ => "fault",
    };
    let mut response = json(refusal.status, error_body(refusal.status, code));
    if let Some(seconds) = refusal.retry_after_s {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// An error in the real service's form.
fn error_body(status: StatusCode, code: &str) -> String {
    let message = status.canonical_reason().unwrap_or("error");
    format!(
        r#"{{"message":"{message}","code":"{code}","status":{}}}"#,
        status.as_u16()
    )
}

/// A JSON response.
pub(super) fn json(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/json"),
    );
    response
}
