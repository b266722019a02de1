//! One connection: which protocol it speaks, and how long it may take over what.
//!
//! hyper's own timer covers the time until the head of an HTTP/1.1 request is there, idle or slow. It
//! covers neither a client that sends nothing, or the beginning of the HTTP/2 preface, nor an HTTP/2
//! connection without requests; the watch below covers those, and allows less for the first head.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Body;
use hyper::body::Frame;
use hyper::body::SizeHint;
use hyper::service::service_fn;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use hyper_util::server::conn::auto;
use tokio::net::TcpStream;
use tokio::pin;
use tokio::select;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;

use super::answer::AnswerBody;
use super::front::Peer;
use super::handler::Handler;
use super::push;
use super::push::Line;
use crate::config::ServeTimeouts;
use crate::config::limits;

/// How long a connection that is asked to end may take for it.
const FAREWELL: Duration = Duration::from_secs(1);

/// When a server stops: first politely, then for good.
#[derive(Clone, Debug, Default)]
pub(super) struct Stop {
    /// Finish what is begun, begin nothing.
    pub(super) politely: CancellationToken,
    /// Cut.
    pub(super) now: CancellationToken,
}

/// Serves a connection until it ends, is idle or the server stops.
pub(super) async fn serve(
    stream: TcpStream,
    handler: Handler,
    timeouts: ServeTimeouts,
    stop: Stop,
) {
    let watch = Watch::new(timeouts);
    let handler = handler.facing(Peer {
        address: stream.peer_addr().ok().map(|address| address.ip()),
        is_tls: false,
    });
    let (line, mut opened) = mpsc::unbounded_channel();
    let line = Line(line);
    let service = service_fn(|mut request| {
        let (handler, busy) = (handler.clone(), watch.begin());
        if push::is_upgrade(&request) {
            request.extensions_mut().insert(line.clone());
        }
        async move {
            let answer = handler.answer(request).await;
            Ok::<_, Infallible>(answer.map(|body| BusyBody { body, _busy: busy }))
        }
    });
    let builder = builder(timeouts);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    pin!(connection);

    let mut cut_at = None;
    loop {
        // Requests come and go without waking this loop, so it looks at least once per idle time.
        let look_at = || watch.deadline().min(Instant::now() + timeouts.idle);
        let wake_at = cut_at.unwrap_or_else(look_at);
        select! {
            // An error here is the client's: it went away or broke the protocol.
            _ended = connection.as_mut() => break,
            () = stop.now.cancelled() => return,
            () = stop.politely.cancelled(), if cut_at.is_none() => {
                connection.as_mut().graceful_shutdown();
                // The server cuts what takes too long to drain.
                cut_at = Some(Instant::now() + timeouts.drain);
            }
            () = sleep_until(wake_at) => {
                if cut_at.is_some() {
                    return;
                }
                if watch.deadline() <= Instant::now() {
                    connection.as_mut().graceful_shutdown();
                    cut_at = Some(Instant::now() + FAREWELL);
                }
            }
        }
    }
    // The last request may have turned the connection into a WebSocket, which has a watch of its own.
    if let Ok(opening) = opened.try_recv() {
        let socket = opening.serve(&stop.politely);
        stop.now.run_until_cancelled(socket).await;
    }
}

fn builder(timeouts: ServeTimeouts) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // A client that asks every ten seconds keeps its connection.
        .header_read_timeout(timeouts.idle)
        .max_buf_size(limits::REQUEST_HEAD_BYTES_MAX as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(timeouts.idle / 2)
        .keep_alive_timeout(timeouts.head)
        .max_concurrent_streams(limits::STREAMS_PER_CONNECTION_MAX)
        .max_header_list_size(limits::REQUEST_HEAD_BYTES_MAX);
    builder
}

/// What a connection is doing, as far as its requests tell.
#[derive(Clone, Debug)]
struct Watch {
    opened: Instant,
    timeouts: ServeTimeouts,
    shared: Arc<Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    /// Requests in progress.
    running: AtomicUsize,
    /// When the last one ended, in milliseconds since the connection was opened; 0 before the first.
    ended_ms: AtomicU64,
}

impl Watch {
    fn new(timeouts: ServeTimeouts) -> Self {
        Self {
            opened: Instant::now(),
            timeouts,
            shared: Arc::default(),
        }
    }

    /// Counts a request in until the result is dropped.
    fn begin(&self) -> Busy {
        // Relaxed, here and below: both values are hints to a timer and order nothing.
        self.shared.running.fetch_add(1, Ordering::Relaxed);
        Busy(self.clone())
    }

    /// When to end the connection unless something happens before.
    fn deadline(&self) -> Instant {
        if self.shared.running.load(Ordering::Relaxed) > 0 {
            return Instant::now() + self.timeouts.idle;
        }
        match self.shared.ended_ms.load(Ordering::Relaxed) {
            0 => self.opened + self.timeouts.head,
            ended_ms => self.opened + Duration::from_millis(ended_ms) + self.timeouts.idle,
        }
    }
}

/// A request in progress.
#[derive(Debug)]
struct Busy(Watch);

/// A body whose request is in progress until it is sent or given up.
struct BusyBody {
    body: AnswerBody,
    _busy: Busy,
}

impl Body for BusyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let Watch { opened, shared, .. } = &self.0;
        let ended_ms = u64::try_from(opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        shared
            .ended_ms
            .fetch_max(ended_ms.max(1), Ordering::Relaxed);
        shared.running.fetch_sub(1, Ordering::Relaxed);
    }
}
