//! Makes connections: name, TCP, TLS, all before one deadline.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio::time::timeout_at;
use tokio_rustls::TlsConnector;

use super::ConnectPhase;
use super::Endpoint;
use super::NetError;
use super::Stream;
use super::error::printable;
use super::tls;

/// Connects to [`Endpoint`]s. Cloning it is cheap; all clones trust the same certificates and share
/// TLS session tickets.
#[derive(Clone)]
pub struct Connector {
    tls: TlsConnector,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connector")
    }
}

impl Connector {
    /// A connector that trusts the system's root certificates and those in `ca_file`.
    ///
    /// # Errors
    /// [`NetError::CaFile`] when the file cannot be used.
    pub fn new(ca_file: Option<&Path>) -> Result<Self, NetError> {
        Ok(Self {
            tls: TlsConnector::from(Arc::new(tls::client_config(ca_file)?)),
        })
    }

    /// Resolves, connects and, where the URL says so, encrypts, all before `deadline`.
    ///
    /// # Errors
    /// A [`NetError`] that tells the phases and reasons apart.
    pub async fn connect(&self, to: &Endpoint, deadline: Instant) -> Result<Stream, NetError> {
        let place = to.authority();
        let resolving = tokio::net::lookup_host((to.host(), to.port()));
        let addresses: Vec<SocketAddr> =
            in_time(&place, ConnectPhase::Resolve, deadline, resolving)
                .await?
                .collect();
        // The name said loopback; what it resolves to has the last word.
        if !to.is_tls() && addresses.iter().any(|address| !address.ip().is_loopback()) {
            return Err(NetError::Url {
                place,
                why: "resolves to another machine: credentials are never sent over plain http; use https or wss",
            });
        }
        let socket = connect_any(&place, &addresses, deadline).await?;
        if !to.is_tls() {
            return Ok(Stream::Plain(socket));
        }
        let name = ServerName::try_from(to.host().to_owned()).map_err(|_| NetError::Url {
            place: place.clone(),
            why: "not a name that a certificate can hold; check the host",
        })?;
        let handshake = self.tls.connect(name, socket);
        let stream = in_time(&place, ConnectPhase::Tls, deadline, handshake).await?;
        Ok(Stream::Tls(Box::new(stream)))
    }
}

/// Tries the addresses in turn. Each gets an equal share of the time that is left, so that one that
/// swallows packets does not use it all up.
async fn connect_any(
    place: &str,
    addresses: &[SocketAddr],
    deadline: Instant,
) -> Result<TcpStream, NetError> {
    let mut failure = NetError::Name {
        place: place.to_owned(),
        why: "no address".to_owned(),
    };
    for (index, address) in addresses.iter().enumerate() {
        let now = Instant::now();
        let left = u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        let share = deadline.saturating_duration_since(now) / left;
        let connecting = TcpStream::connect(address);
        match in_time(place, ConnectPhase::Connect, now + share, connecting).await {
            Ok(socket) => {
                // Events and pings are small and must not wait for more. A socket that cannot be
                // told so works all the same.
                let _ = socket.set_nodelay(true);
                return Ok(socket);
            }
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

async fn in_time<T>(
    place: &str,
    phase: ConnectPhase,
    deadline: Instant,
    work: impl Future<Output = io::Result<T>>,
) -> Result<T, NetError> {
    match timeout_at(deadline, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) if phase == ConnectPhase::Resolve => Err(NetError::Name {
            place: place.to_owned(),
            why: printable(&error.to_string()),
        }),
        Ok(Err(error)) => Err(NetError::from_io(place, phase, &error)),
        Err(_) => Err(NetError::timeout(place, phase)),
    }
}
