//! What hyper-util's pool makes its connections by.
//!
//! The pool tells a connector the host alone. The deadline of the request that waits for the
//! connection comes by a task-local, since connecting is polled by the request's own task.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use hyper::Uri;
use hyper::rt::ReadBufCursor;
use hyper_util::client::legacy::connect::Connected;
use hyper_util::client::legacy::connect::Connection;
use hyper_util::rt::TokioIo;
use tokio::time::Instant;
use tower_service::Service;

use super::Connector;
use super::Endpoint;
use super::NetError;
use super::Stream;

tokio::task_local! {
    /// Until when the request that waits has to be done.
    pub(super) static DEADLINE: Instant;
}

/// How long connecting may take where nobody waits any more: another request's connection came first.
const UNAWAITED_MAX: Duration = Duration::from_secs(10);
/// What connecting leaves of a request's time at the least, so that the error names the step that took so
/// long: a tenth, and this at the most.
const MARGIN_MAX: Duration = Duration::from_millis(100);

/// Connects for a pool.
#[derive(Clone, Debug)]
pub(super) struct Dial(Connector);

/// How many answers have come over a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Uses(pub(super) Arc<AtomicU32>);

/// A connection of the pool.
pub(super) struct Line {
    io: TokioIo<Stream>,
    is_proxied: bool,
    uses: Uses,
}

impl Dial {
    pub(super) fn new(connector: Connector) -> Self {
        Self(connector)
    }
}

impl Service<Uri> for Dial {
    type Response = Line;
    type Error = NetError;
    type Future = Pin<Box<dyn Future<Output = Result<Line, NetError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NetError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, host: Uri) -> Self::Future {
        let connector = self.0.clone();
        Box::pin(async move {
            let now = Instant::now();
            let deadline = DEADLINE.try_with(|deadline| {
                let left = deadline.saturating_duration_since(now);
                *deadline - (left / 10).min(MARGIN_MAX)
            });
            let deadline = deadline.unwrap_or(now + UNAWAITED_MAX);
            let to = Endpoint::new(&host)?;
            let (stream, is_proxied) = connector.connect_for_http(&to, deadline).await?;
            Ok(Line {
                io: TokioIo::new(stream),
                is_proxied,
                uses: Uses::default(),
            })
        })
    }
}

impl Connection for Line {
    fn connected(&self) -> Connected {
        // To a proxy the whole URL is sent.
        Connected::new()
            .proxy(self.is_proxied)
            .extra(self.uses.clone())
    }
}

impl hyper::rt::Read for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl hyper::rt::Write for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
