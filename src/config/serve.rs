//! The settings of the HTTP server.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use secrecy::ExposeSecret;
use secrecy::SecretString;

use super::network::Network;
use super::public_url::PublicUrl;
use super::wait_levels::WaitLevels;

/// The HTTP server.
#[derive(Clone, Debug)]
pub struct ServeSettings {
    /// Where it listens; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// The bearer token that every route but `/healthz` asks for; `None` asks for none.
    pub token: Option<SecretString>,
    /// Whether it may listen beyond loopback without a token.
    pub open_to_network: bool,
    /// Where browsers reach it behind proxies, beside its own address.
    pub public_urls: Vec<PublicUrl>,
    /// Proxies whose word on a request's way is believed.
    pub trusted_proxies: Vec<Network>,
    /// Whether the schema can be asked for; `None` means only where no token is asked for.
    pub introspection: Option<bool>,
    /// A snapshot older than this makes `/readyz` answer 503.
    pub ready_max_age: Duration,
    /// How long a client may take over each part of a request.
    pub timeouts: ServeTimeouts,
    /// How many bytes may be on their way to clients.
    pub bytes: ServeBytes,
    /// From when on the page colours a queue whose guests wait.
    pub wait_levels: WaitLevels,
    /// What it shows over TLS; `None` means that it speaks plain HTTP.
    pub tls: Option<TlsFiles>,
}

/// The files that a server shows to its clients over TLS, in PEM. Read at the start and whenever the
/// certificate is renewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate, then those of the authorities between it and the client's root.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Bytes that are prepared for clients, or received from them, and that nobody has taken yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServeBytes {
    /// For one connection; a single larger answer still fits when nothing else waits there.
    pub per_connection: usize,
    /// For all connections together.
    pub total: usize,
}

/// How long each part of a connection's life may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServeTimeouts {
    /// From accepting a connection to the end of its first request's head.
    pub head: Duration,
    /// From the end of a request's head to the end of its body.
    pub body: Duration,
    /// Without any request in progress, and without any byte of the next one: the setting
    /// `keep-alive`.
    pub idle: Duration,
    /// One query, waiting for a worker included.
    pub query: Duration,
    /// From opening a WebSocket to its `connection_init`.
    pub init: Duration,
    /// Silence of a WebSocket's client until it is pinged.
    pub ping: Duration,
    /// Silence of a WebSocket's client, or bytes waiting for any client that takes none of them, until
    /// it is cut.
    pub silent: Duration,
    /// Without anything to send over server-sent events until a comment is sent.
    pub keep_alive: Duration,
    /// From the signal to stop until connections that are still busy are cut.
    pub drain: Duration,
}

impl ServeSettings {
    /// The tutorial's port, on the loopback address.
    pub const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4000);

    /// The shortest token that a server takes which the network can reach.
    pub const TOKEN_CHARACTERS_MIN: usize = 16;

    /// The defaults for a listening address.
    pub const fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            token: None,
            open_to_network: false,
            public_urls: Vec::new(),
            trusted_proxies: Vec::new(),
            introspection: None,
            ready_max_age: Duration::from_secs(5),
            timeouts: ServeTimeouts::DEFAULT,
            bytes: ServeBytes::DEFAULT,
            wait_levels: WaitLevels::DEFAULT,
            tls: None,
        }
    }

    /// Checks that nobody beyond this machine reads without a token unless that was asked for, and
    /// that the token is not to be guessed. The one place that decides it, for `check`, `serve` and
    /// the server itself.
    ///
    /// # Errors
    /// One reason that says what to give.
    pub fn check_exposure(&self) -> Result<(), &'static str> {
        // An IPv4 address may be written as an IPv6 one.
        if self.listen.ip().to_canonical().is_loopback() {
            return Ok(());
        }
        if self.has_short_token() {
            return Err(SHORT_TOKEN);
        }
        if self.token.is_some() || self.open_to_network {
            return Ok(());
        }
        Err(
            "everybody on the network could read there; listen on 127.0.0.1, or give --token-file, or --open-to-network",
        )
    }

    /// Whether anybody beyond this machine can reach it, by its address or by way of a proxy.
    pub fn is_for_network(&self) -> bool {
        !self.listen.ip().to_canonical().is_loopback()
            || !self.public_urls.iter().all(PublicUrl::is_loopback)
    }

    /// Whether there is a token that is short enough to be guessed.
    pub fn has_short_token(&self) -> bool {
        let token = self.token.as_ref().map(ExposeSecret::expose_secret);
        token.is_some_and(|token| token.len() < Self::TOKEN_CHARACTERS_MIN)
    }

    /// Checks the same for the addresses under which proxies make it known.
    ///
    /// # Errors
    /// One reason that says what to give.
    pub fn check_public_urls(&self) -> Result<(), &'static str> {
        if self.public_urls.iter().all(PublicUrl::is_loopback) {
            return Ok(());
        }
        if self.has_short_token() {
            return Err(SHORT_TOKEN);
        }
        if self.token.is_some() || self.open_to_network {
            return Ok(());
        }
        Err(
            "beyond this machine, so everybody who reaches it could read; give --token-file, or --open-to-network",
        )
    }

    /// Whether the schema can be asked for, and whether errors suggest names from it.
    pub fn introspection_allowed(&self) -> bool {
        self.introspection.unwrap_or_else(|| self.token.is_none())
    }
}

const SHORT_TOKEN: &str = "the token has fewer than 16 characters, and everybody on the network can try it; make a longer one, such as with openssl rand -hex 32";

impl ServeBytes {
    /// The defaults: a process of half a gigabyte holds all of it.
    pub const DEFAULT: Self = Self {
        per_connection: 1 << 20,
        total: 64 << 20,
    };
}

impl ServeTimeouts {
    /// The defaults: long enough for a phone on a bad line, short enough to free what it holds.
    pub const DEFAULT: Self = Self {
        head: Duration::from_secs(10),
        body: Duration::from_secs(10),
        // The usual balancers keep a connection for 60 s and must be the ones that close it: else a
        // request of theirs meets our close.
        idle: Duration::from_secs(75),
        query: Duration::from_secs(2),
        init: Duration::from_secs(5),
        ping: Duration::from_secs(15),
        silent: Duration::from_secs(30),
        keep_alive: Duration::from_secs(15),
        drain: Duration::from_secs(5),
    };
}
