//! Makes connections: proxy, name, TCP, TLS, all before one deadline.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rustls_pki_types::ServerName;
use secrecy::ExposeSecret;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio::time::timeout_at;
use tokio_rustls::TlsConnector;

use super::ConnectPhase;
use super::Endpoint;
use super::NetError;
use super::Redactor;
use super::Stream;
use super::endpoint::bracketed;
use super::printable::printable;
use super::race::race;
use super::tls;
use super::tunnel::Tunnel;
use crate::config::ProxyKind;
use crate::config::ProxySettings;
use crate::config::ProxyUrl;

/// Connects to [`Endpoint`]s. Cloning it is cheap; all clones trust the same certificates, use the
/// same proxies and share TLS session tickets.
#[derive(Clone)]
pub struct Connector {
    tls: TlsConnector,
    proxies: Arc<ProxySettings>,
    redactor: Redactor,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connector")
    }
}

impl Connector {
    /// A connector that trusts the system's root certificates and those in `ca_file`, and uses no
    /// proxy.
    ///
    /// # Errors
    /// [`NetError::CaFile`] when the file cannot be used.
    pub fn new(ca_file: Option<&Path>) -> Result<Self, NetError> {
        Ok(Self {
            tls: TlsConnector::from(Arc::new(tls::client_config(ca_file)?)),
            proxies: Arc::default(),
            redactor: Redactor::default(),
        })
    }

    /// The same by way of these proxies.
    #[must_use]
    pub fn with_proxies(self, proxies: ProxySettings) -> Self {
        let credentials = proxies.all().filter_map(ProxyUrl::credentials);
        let redactor = credentials.fold(Redactor::default(), |redactor, credentials| {
            redactor.with_basic(&credentials.user, credentials.password.expose_secret())
        });
        Self {
            proxies: Arc::new(proxies),
            redactor,
            ..self
        }
    }

    /// Knows the credentials of the proxies.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Resolves, connects and, where the URL says so, encrypts, all before `deadline`; through a
    /// tunnel where there is a proxy on the way.
    ///
    /// # Errors
    /// A [`NetError`] that tells the phases and reasons apart.
    pub async fn connect(&self, to: &Endpoint, deadline: Instant) -> Result<Stream, NetError> {
        let stream = match self.proxy_to(to) {
            None => Stream::Plain(
                self.dial(to.host(), to.port(), !to.is_tls(), deadline)
                    .await?,
            ),
            Some(proxy) => {
                let stream = self.reach(proxy, to, deadline).await?;
                let tunnel = Tunnel {
                    proxy,
                    to,
                    redactor: &self.redactor,
                };
                tunnel.open(stream, deadline).await?
            }
        };
        if !to.is_tls() {
            return Ok(stream);
        }
        self.encrypt(to.host(), &to.authority(), stream, deadline)
            .await
    }

    /// The same for a single HTTP request: a proxy takes those that are not encrypted as they are,
    /// without a tunnel. Also says whether it is such a proxy that is connected to.
    pub(super) async fn connect_for_http(
        &self,
        to: &Endpoint,
        deadline: Instant,
    ) -> Result<(Stream, bool), NetError> {
        match self.plain_proxy_to(to) {
            Some(proxy) => Ok((self.reach(proxy, to, deadline).await?, true)),
            None => Ok((self.connect(to, deadline).await?, false)),
        }
    }

    /// The proxy that requests to `to` are given to as they are.
    pub(super) fn plain_proxy_to(&self, to: &Endpoint) -> Option<&ProxyUrl> {
        self.proxy_to(to).filter(|_| !to.is_tls())
    }

    fn proxy_to(&self, to: &Endpoint) -> Option<&ProxyUrl> {
        self.proxies.choose(to.is_tls(), to.host(), to.port())
    }

    /// Connects to a proxy.
    async fn reach(
        &self,
        proxy: &ProxyUrl,
        to: &Endpoint,
        deadline: Instant,
    ) -> Result<Stream, NetError> {
        let through = |error| NetError::Proxy {
            error: Box::new(error),
        };
        if let Some(why) = proxy.unsupported() {
            let proxy = proxy.to_string();
            return Err(NetError::ProxyUnsupported { proxy, why });
        }
        // What is not encrypted must not leave this machine, by no detour either.
        let dialling = self.dial(proxy.host(), proxy.port(), !to.is_tls(), deadline);
        let socket = dialling.await.map_err(through)?;
        match proxy.kind() {
            ProxyKind::Https => {
                let place = format!("{}:{}", bracketed(proxy.host()), proxy.port());
                let stream = Stream::Plain(socket);
                let encrypting = self.encrypt(proxy.host(), &place, stream, deadline);
                encrypting.await.map_err(through)
            }
            _ => Ok(Stream::Plain(socket)),
        }
    }

    /// Resolves and connects. `is_plain` allows this machine alone.
    async fn dial(
        &self,
        host: &str,
        port: u16,
        is_plain: bool,
        deadline: Instant,
    ) -> Result<TcpStream, NetError> {
        let place = format!("{}:{port}", bracketed(host));
        let resolving = tokio::net::lookup_host((host, port));
        let addresses: Vec<SocketAddr> =
            in_time(&place, ConnectPhase::Resolve, deadline, resolving)
                .await?
                .collect();
        // The name said loopback; what it resolves to has the last word.
        if is_plain && addresses.iter().any(|address| !address.ip().is_loopback()) {
            return Err(NetError::Url {
                place,
                why: "resolves to another machine: credentials are never sent over plain http; use https or wss",
            });
        }
        let socket = race(&place, addresses, deadline, TcpStream::connect).await?;
        // Events and pings are small and must not wait for more. A socket that cannot be set so
        // works all the same.
        let _ = socket.set_nodelay(true);
        Ok(socket)
    }

    async fn encrypt(
        &self,
        host: &str,
        place: &str,
        stream: Stream,
        deadline: Instant,
    ) -> Result<Stream, NetError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| NetError::Url {
            place: place.to_owned(),
            why: "not a name that a certificate can hold; check the host",
        })?;
        let handshake = self.tls.connect(name, stream);
        let stream = in_time(place, ConnectPhase::Tls, deadline, handshake).await?;
        Ok(Stream::Tls(Box::new(stream)))
    }
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
