//! The settings of the HTTP server.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use secrecy::SecretString;

/// The HTTP server.
#[derive(Clone, Debug)]
pub struct ServeSettings {
    /// Where it listens; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// The bearer token that every route but `/healthz` asks for; `None` asks for none.
    pub token: Option<SecretString>,
    /// A snapshot older than this makes `/readyz` answer 503.
    pub ready_max_age: Duration,
}

impl ServeSettings {
    /// The tutorial's port, on the loopback address.
    pub const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4000);

    /// The defaults for a listening address.
    pub const fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            token: None,
            ready_max_age: Duration::from_secs(5),
        }
    }
}
