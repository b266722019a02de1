//! The listening socket: accepts connections until asked to stop, then drains them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustix::net::sockopt;
#[cfg(target_os = "linux")]
use socket2::SockRef;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::select;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio::time::sleep;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection;
use super::connection::Admitted;
use super::connection::Stop;
use super::descriptors;
use super::handler::Handler;
use super::tls::Identity;
use super::tls::TlsError;
use super::warden::Warden;
use crate::config::ServeBytes;
use crate::config::ServeSettings;
use crate::config::ServeTimeouts;
use crate::config::limits;
use crate::post::Poster;
use crate::ring::Mailbox;
use crate::serve::access::admission::Admission;
use crate::serve::socket::account::Budget;
use crate::snapshot::Reader;
use crate::time::Clock;

/// How long to wait when the system has no room for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often a line is logged about it.
const ACCEPT_LOG_PAUSE: Duration = Duration::from_secs(10);

/// A bound HTTP server.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    local_addr: SocketAddr,
    timeouts: ServeTimeouts,
    bytes: ServeBytes,
    identity: Option<Identity>,
    handler: Handler,
}

/// Reads a server's certificate again. Cheap to clone; outlives the server without harm.
#[derive(Clone, Debug)]
pub struct Reloader(Option<Identity>);

impl Reloader {
    /// Reads the files of the certificate and its key again, for connections from now on, and answers
    /// whether the certificate is another one. Does nothing where the server speaks plain HTTP.
    ///
    /// # Errors
    /// One line that names the file; the certificate that was shown before is shown on.
    pub fn reload(&self) -> Result<bool, ServeError> {
        match &self.0 {
            Some(identity) => Ok(identity.reload()?),
            None => Ok(false),
        }
    }
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
    /// The certificate or its key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
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
    /// Whether the files that the settings name can be served with: what [`Server::bind`] does before
    /// it listens.
    ///
    /// # Errors
    /// [`ServeError::Tls`].
    pub fn check(settings: &ServeSettings, clock: &Clock) -> Result<(), ServeError> {
        identity(settings, clock)?;
        Ok(())
    }

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
        Self::bind_taking(Vec::new(), settings, reader, samples, clock).await
    }

    /// The same with endpoints that take posts.
    ///
    /// # Errors
    /// As [`Server::bind`].
    pub async fn bind_taking(
        posters: Vec<Arc<dyn Poster>>,
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
        let identity = identity(&settings, &clock)?;
        let bound = TcpListener::bind(address).await;
        let bound = bound.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (local_addr, listener) = bound.map_err(|source| ServeError::new(address, source))?;
        Ok(Self {
            listener,
            local_addr,
            timeouts: settings.timeouts,
            bytes: settings.bytes,
            identity,
            handler: Handler::taking(posters, &settings, local_addr, reader, samples, clock),
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

    /// What reads the certificate again when it was renewed.
    pub fn reloader(&self) -> Reloader {
        Reloader(self.identity.clone())
    }

    /// Serves until `shutdown` is cancelled, then stops accepting, lets requests in progress finish
    /// and cuts those that take longer than the settings allow.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut slots = Slots::new(descriptors::connections_max());
        let (warden, register) = Warden::new(Budget::new(self.bytes), self.timeouts.silent);
        let connections = TaskTracker::new();
        connections.spawn(warden.run());
        let stop = Stop {
            politely: shutdown.clone(),
            now: CancellationToken::new(),
        };
        loop {
            let accepted = select! {
                () = shutdown.cancelled() => break,
                accepted = slots.accept(&self.listener) => accepted,
            };
            let Some((stream, slot, is_kept)) = accepted else {
                continue;
            };
            tune(&stream, self.timeouts.silent);
            let admitted = Admitted {
                stream,
                account: register.open(),
                identity: self.identity.clone(),
                usual: Arc::clone(&slots.usual),
                is_kept,
            };
            let handler = self.handler.clone();
            let serving = connection::serve(admitted, handler, self.timeouts, stop.clone());
            connections.spawn(async move {
                serving.await;
                drop(slot);
            });
        }
        drop(register);
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

fn identity(settings: &ServeSettings, clock: &Clock) -> Result<Option<Identity>, TlsError> {
    let files = settings.tls.clone();
    files
        .map(|files| Identity::read(files, clock.clone()))
        .transpose()
}

/// Room for connections.
struct Slots {
    usual: Arc<Semaphore>,
    /// Beyond those, so that an operator gets an answer when they are taken.
    kept: Arc<Semaphore>,
    /// When a line was logged about a connection that could not be accepted.
    logged: Option<Instant>,
}

impl Slots {
    fn new(usual: usize) -> Self {
        Self {
            usual: Arc::new(Semaphore::new(usual)),
            kept: Arc::new(Semaphore::new(limits::CONNECTIONS_KEPT)),
            logged: None,
        }
    }

    /// The next connection, once there is room for it, and whether that is in a kept place; `None` when
    /// there was one and it failed.
    async fn accept(
        &mut self,
        listener: &TcpListener,
    ) -> Option<(TcpStream, OwnedSemaphorePermit, bool)> {
        let (slot, is_kept) = select! {
            biased;
            slot = Arc::clone(&self.usual).acquire_owned() => (slot, false),
            slot = Arc::clone(&self.kept).acquire_owned() => (slot, true),
        };
        let slot = slot.ok()?;
        match listener.accept().await {
            Ok((stream, _)) if is_kept => {
                // Another may have left since.
                match Arc::clone(&self.usual).try_acquire_owned() {
                    Ok(usual) => Some((stream, usual, false)),
                    Err(_) => Some((stream, slot, true)),
                }
            }
            Ok((stream, _)) => Some((stream, slot, false)),
            Err(error) => {
                // Out of file descriptors, mostly: going on at once would spin.
                if self
                    .logged
                    .is_none_or(|at| at.elapsed() >= ACCEPT_LOG_PAUSE)
                {
                    self.logged = Some(Instant::now());
                    tracing::warn!(%error, "serve: cannot accept");
                }
                sleep(ACCEPT_PAUSE).await;
                None
            }
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
    // A client that never reads would otherwise fill megabytes of the system's memory. Unlike a fixed
    // send buffer this does not slow a long line down: what is under way there does not count.
    #[cfg(target_os = "linux")]
    SockRef::from(stream)
        .set_tcp_notsent_lowat(limits::UNSENT_BYTES_MAX)
        .ok();
}
