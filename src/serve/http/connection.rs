//! One connection: which protocol it speaks, and how long it may take over what.
//!
//! hyper's own timer covers the time until the head of an HTTP/1.1 request is there, idle or slow. It
//! covers neither a client that sends nothing, or the beginning of the HTTP/2 preface, nor an HTTP/2
//! connection without requests, nor one that takes no answers; the watch covers those, and allows less
//! for a head that has begun than for an idle line.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::Request;
use hyper::Version;
use hyper::body::Incoming;
use hyper::header;
use hyper::header::HeaderValue;
use hyper::service::service_fn;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use hyper_util::server::conn::auto;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::pin;
use tokio::select;
use tokio::sync::Semaphore;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio::time::sleep_until;
use tokio::time::timeout_at;
use tokio_util::sync::CancellationToken;

use super::front::Peer;
use super::handler::Handler;
use super::refusal;
use super::tls;
use super::tls::Identity;
use super::upload::Upload;
use crate::config::ServeTimeouts;
use crate::config::limits;
use crate::serve::answer::Answer;
use crate::serve::answer::delivery::Delivery;
use crate::serve::push;
use crate::serve::push::Line;
use crate::serve::socket::account::Account;
use crate::serve::socket::framing::Framing;
use crate::serve::socket::framing::Heads;
use crate::serve::socket::watch::Busy;
use crate::serve::socket::watch::Watch;
use crate::serve::socket::wire::Stream;
use crate::serve::socket::wire::Wire;

/// How long a connection that is asked to end may take for it.
const FAREWELL: Duration = Duration::from_secs(1);
/// How long an operator's connection in a kept place may take over its head, and stay after it.
const KEPT_HEAD: Duration = Duration::from_secs(1);
const KEPT_IDLE: Duration = Duration::from_millis(100);

/// When a server stops: first politely, then for good.
#[derive(Clone, Debug, Default)]
pub(super) struct Stop {
    /// Finish what is begun, begin nothing.
    pub(super) politely: CancellationToken,
    /// Cut.
    pub(super) now: CancellationToken,
}

/// A connection that was accepted.
#[derive(Debug)]
pub(super) struct Admitted {
    pub(super) stream: TcpStream,
    pub(super) account: Account,
    /// What it is shown, if it is to speak TLS.
    pub(super) identity: Option<Identity>,
    /// The usual places for connections.
    pub(super) usual: Arc<Semaphore>,
    /// Whether it has one of the places kept for operators.
    pub(super) is_kept: bool,
}

/// Serves a connection until it ends, is idle or the server stops.
pub(super) async fn serve(
    admitted: Admitted,
    handler: Handler,
    mut timeouts: ServeTimeouts,
    stop: Stop,
) {
    let Admitted {
        stream,
        account,
        identity,
        usual,
        is_kept,
    } = admitted;
    if is_kept {
        timeouts.head = timeouts.head.min(KEPT_HEAD);
        timeouts.idle = timeouts.idle.min(KEPT_IDLE);
    }
    let handler = handler.facing(Peer {
        address: stream.peer_addr().ok().map(|address| address.ip()),
        is_tls: identity.is_some(),
    });
    let by = account.opened() + timeouts.head;
    let opening = timeout_at(by, open(stream, identity));
    let Some(Ok(Some(stream))) = stop.now.run_until_cancelled(opening).await else {
        return;
    };
    let heads = Heads::new(account.opened());
    let wire = Wire::new(stream, Framing::new(Arc::clone(&heads)));
    let watch = Watch::new(account.clone(), Arc::clone(&heads), timeouts, usual);
    let (sender, mut opened) = mpsc::unbounded_channel();
    let count = AtomicU64::new(0);
    let service = service_fn(|request: Request<Incoming>| {
        let busy = watch.begin();
        let number = 1 + count.fetch_add(1, Ordering::Relaxed);
        let refused = refusal::before(&request, heads.is_uncertain(number), is_kept);
        let (handler, account) = (handler.clone(), account.clone());
        let line = push::is_upgrade(&request).then(|| Line {
            openings: sender.clone(),
            busy: busy.clone(),
        });
        async move {
            let is_http_1 = request.version() < Version::HTTP_2;
            let answer = match refused {
                Some(answer) => answer,
                None => {
                    let counted = handler.account_of_body(&request, &account);
                    let mut request = request.map(|body| Upload::new(body, &counted, !is_http_1));
                    request.extensions_mut().insert(account.clone());
                    if let Some(line) = line {
                        request.extensions_mut().insert(line);
                    }
                    handler.answer(request).await
                }
            };
            let closes = is_kept.then_some(HeaderValue::from_static("close"));
            Ok::<_, Infallible>(deliver(answer, is_http_1, closes, account, busy))
        }
    });
    let builder = builder(timeouts);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(wire), service);
    pin!(connection);

    let mut cut_at = None;
    let mut sockets = JoinSet::new();
    let mut upgraded = None;
    loop {
        let wake_at = cut_at.unwrap_or_else(|| watch.look_at());
        select! {
            // An error here is the client's: it went away or broke the protocol.
            _ended = connection.as_mut() => break,
            () = stop.now.cancelled() => return,
            () = account.is_cut() => return,
            Some(opening) = opened.recv() => match opening.is_whole() {
                // The connection itself becomes the WebSocket, after hyper has let go of it.
                true => upgraded = Some(opening),
                false => {
                    let stop = stop.politely.clone();
                    sockets.spawn(async move { opening.serve(&stop).await });
                }
            },
            Some(_ended) = sockets.join_next() => {}
            () = stop.politely.cancelled(), if cut_at.is_none() => {
                connection.as_mut().graceful_shutdown();
                // The server cuts what takes too long to drain.
                cut_at = Some(Instant::now() + timeouts.drain);
            }
            () = sleep_until(wake_at) => {
                if cut_at.is_some() || watch.is_stalled() {
                    return;
                }
                if watch.is_over() {
                    connection.as_mut().graceful_shutdown();
                    cut_at = Some(Instant::now() + FAREWELL);
                }
            }
        }
    }
    // The last request may have turned the connection into a WebSocket, which has a watch of its own.
    if let Some(opening) = upgraded.or_else(|| opened.try_recv().ok()) {
        select! {
            () = opening.serve(&stop.politely) => {}
            () = stop.now.cancelled() => {}
            () = account.is_cut() => {}
        }
    }
}

/// The stream that requests come over: `None` when there is none to come.
async fn open(mut stream: TcpStream, identity: Option<Identity>) -> Option<Stream> {
    let Some(identity) = identity else {
        return Some(Stream::Plain(stream));
    };
    if !tls::is_begun(&stream).await.ok()? {
        // Somebody has left the s out of https.
        stream.write_all(refusal::NO_TLS).await.ok()?;
        let mut wire = Wire::new(Stream::Plain(stream), Framing::lost());
        wire.shutdown().await.ok();
        return None;
    }
    let stream = identity.accept(stream).await.ok()?;
    Some(Stream::Tls(Box::new(stream)))
}

/// Sends an answer on its way.
fn deliver(
    mut answer: Answer,
    is_http_1: bool,
    closes: Option<HeaderValue>,
    account: Account,
    busy: Busy,
) -> hyper::Response<Delivery<Busy>> {
    if let Some(close) = closes {
        answer.headers_mut().insert(header::CONNECTION, close);
    }
    if !is_http_1 {
        // It has no such header, and hyper would log that it leaves it out.
        answer.headers_mut().remove(header::CONNECTION);
    }
    answer.map(|body| Delivery::new(body, account, busy))
}

fn builder(timeouts: ServeTimeouts) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // The watch tells an idle line from a slow head; this holds where it sees neither.
        .header_read_timeout(timeouts.idle + timeouts.head)
        .max_buf_size(limits::REQUEST_HEAD_BYTES_MAX as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(timeouts.idle / 2)
        .keep_alive_timeout(timeouts.head)
        // WebSockets over HTTP/2, RFC 8441.
        .enable_connect_protocol()
        .max_send_buf_size(limits::STREAM_UNSENT_BYTES_MAX)
        .max_concurrent_streams(limits::STREAMS_PER_CONNECTION_MAX)
        .max_header_list_size(limits::REQUEST_HEAD_BYTES_MAX);
    builder
}
