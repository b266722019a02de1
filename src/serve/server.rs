//! The listening socket: accepts connections until told to stop, then drains them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustix::net::sockopt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::select;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::admission::Admission;
use super::connection;
use super::connection::Stop;
use super::descriptors;
use super::handler::Handler;
use crate::config::ServeSettings;
use crate::config::ServeTimeouts;
use crate::config::limits;
use crate::ring::Mailbox;
use crate::snapshot::Reader;
use crate::time::Clock;

/// How long to wait when the system has no room for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A bound HTTP server.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    local_addr: SocketAddr,
    timeouts: ServeTimeouts,
    handler: Handler,
}

/// Why a server does not start. The text says where and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Someone else listens there.
    #[error("serve: {0}: address in use; choose another with --listen")]
    InUse(SocketAddr),
    /// The user may not listen there.
    #[error("serve: {0}: permission denied; choose a port above 1023 with --listen")]
    Denied(SocketAddr),
    /// The machine has no such address.
    #[error("serve: {0}: not an address of this machine; choose another with --listen")]
    NoSuchAddress(SocketAddr),
    /// Anyone on the network could read, and nothing says that this is meant; and what to give.
    #[error("serve: {0}: {1}")]
    Unprotected(SocketAddr, &'static str),
    /// Another failure of the system.
    #[error("serve: {address}: {source}; choose another with --listen")]
    Io {
        /// Where it should have listened.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

impl ServeError {
    fn new(address: SocketAddr, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::InUse(address),
            io::ErrorKind::PermissionDenied => Self::Denied(address),
            io::ErrorKind::AddrNotAvailable => Self::NoSuchAddress(address),
            _ => Self::Io { address, source },
        }
    }
}

impl Server {
    /// Begins to listen. Connections wait in the system's queue until [`Server::run`].
    ///
    /// The time each GraphQL request takes is posted to `samples`, in nanoseconds.
    ///
    /// # Errors
    /// When the address is not to be had, or is open to the network without a token and the
    /// settings do not say that this is meant.
    pub async fn bind(
        settings: ServeSettings,
        reader: Reader,
        samples: Mailbox<u64>,
        clock: Clock,
    ) -> Result<Self, ServeError> {
        descriptors::raise_limit();
        let address = settings.listen;
        settings
            .check_exposure()
            .and_then(|()| settings.check_public_urls())
            .map_err(|why| ServeError::Unprotected(address, why))?;
        let bound = TcpListener::bind(address).await;
        let bound = bound.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (local_addr, listener) = bound.map_err(|source| ServeError::new(address, source))?;
        Ok(Self {
            listener,
            local_addr,
            timeouts: settings.timeouts,
            handler: Handler::new(&settings, local_addr, reader, samples, clock),
        })
    }

    /// Where the token can be replaced while it runs.
    pub fn admission(&self) -> Admission {
        self.handler.admission()
    }

    /// Where it listens: the port that the system chose where the settings said 0.
    pub const fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Serves until `shutdown` is cancelled, then stops accepting, lets requests in progress finish
    /// and cuts those that take longer than the settings allow.
    pub async fn run(self, shutdown: CancellationToken) {
        let slots = Arc::new(Semaphore::new(limits::CONNECTIONS_MAX));
        let connections = TaskTracker::new();
        let stop = Stop {
            politely: shutdown.clone(),
            now: CancellationToken::new(),
        };
        loop {
            let accepted = select! {
                () = shutdown.cancelled() => break,
                accepted = accept(&self.listener, &slots) => accepted,
            };
            let Some((stream, slot)) = accepted else {
                continue;
            };
            tune(&stream, self.timeouts.silent);
            let handler = self.handler.clone();
            let serving = connection::serve(stream, handler, self.timeouts, stop.clone());
            connections.spawn(async move {
                serving.await;
                drop(slot);
            });
        }
        self.handler.drain();
        drop(self.listener);
        connections.close();
        if timeout(self.timeouts.drain, connections.wait())
            .await
            .is_err()
        {
            let cut = connections.len();
            tracing::warn!(cut, "serve: connections cut after the time to drain");
            stop.now.cancel();
            connections.wait().await;
        }
    }
}

/// The next connection, once there is room for it; `None` when there was one and it failed.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, slot)),
        Err(error) => {
            // Out of file descriptors, mostly: going on at once would spin.
            tracing::warn!(%error, "serve: cannot accept");
            sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

/// Sets what every connection needs of the system. It fails on a dead socket, which the first read
/// reports.
fn tune(stream: &TcpStream, silent: Duration) {
    // Without it small answers would wait for acknowledgements.
    stream.set_nodelay(true).ok();
    // Ends a connection whose client is gone, or does not read what it is sent, also where nobody
    // waits for the client to speak.
    let ms = u32::try_from(silent.as_millis()).unwrap_or(u32::MAX);
    sockopt::set_tcp_user_timeout(stream, ms).ok();
}
