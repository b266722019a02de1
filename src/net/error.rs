//! Why a connection could not be made: each text names the place, the reason and what to do.

use std::error::Error;
use std::fmt;
use std::io;

use super::printable::printable;
use super::tls_fault;
use super::tls_fault::CertificateFault;
use super::tls_fault::TlsFault;

/// Why a connection could not be made. Every text is one line without secrets.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum NetError {
    /// The URL cannot be connected to as it stands; correct the setting.
    #[error("url: {place}: {why}")]
    Url {
        /// The host, or what stands in its place.
        place: String,
        /// What is wrong and what to write instead.
        why: &'static str,
    },
    /// The file of further certificates to trust cannot be used; correct `--ca-file`.
    #[error("ca-file: {path}: {why}; give a file of PEM certificates")]
    CaFile {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// The TLS library refuses the configuration.
    #[error("tls: configuration: {why}")]
    TlsSetup {
        /// What the library says.
        why: String,
    },
    /// The name has no address.
    #[error("connect: {place}: name not found ({why}); check the host name and the region")]
    Name {
        /// Host and port.
        place: String,
        /// What the resolver says.
        why: String,
    },
    /// Nothing listens there.
    #[error(
        "connect: {place}: connection refused; check that the service runs and the port is right"
    )]
    Refused {
        /// Host and port.
        place: String,
    },
    /// It took too long.
    #[error("connect: {place}: no answer in time ({phase}); check the network and the firewall")]
    Timeout {
        /// Host and port.
        place: String,
        /// What took so long.
        phase: ConnectPhase,
    },
    /// The network failed in another way.
    #[error("connect: {place}: {phase} failed ({why})")]
    Io {
        /// Host and port.
        place: String,
        /// What was being done.
        phase: ConnectPhase,
        /// What the system says.
        why: String,
    },
    /// None of several addresses answers.
    #[error("connect: {place}: none of its {count} addresses answers ({why})")]
    Addresses {
        /// Host and port.
        place: String,
        /// How many there are.
        count: usize,
        /// What happened at each.
        why: String,
    },
    /// The two sides cannot agree on an encrypted connection.
    #[error("tls: {place}: {why}")]
    Tls {
        /// Host and port.
        place: String,
        /// Why, and what to do.
        why: String,
    },
    /// The proxy cannot be reached, or does not answer.
    #[error("proxy: {error}")]
    Proxy {
        /// What happened on the way to it.
        error: Box<Self>,
    },
    /// The proxy speaks another protocol than ours.
    #[error("proxy: {proxy}: {why}")]
    ProxyUnsupported {
        /// The proxy's URL without its credentials.
        proxy: String,
        /// Why, and what to do.
        why: String,
    },
    /// The proxy refuses to connect.
    #[error("proxy: {proxy}: does not connect to {place}: {why}")]
    ProxyRefused {
        /// The proxy's host and port.
        proxy: String,
        /// Host and port that it was asked for.
        place: String,
        /// What it answers, and what to do.
        why: String,
    },
    /// The peer's certificate is not trusted.
    #[error("tls: {place}: {fault}")]
    Certificate {
        /// Host and port.
        place: String,
        /// What is wrong with it.
        fault: CertificateFault,
    },
}

/// The steps of making a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectPhase {
    /// From the name to addresses.
    Resolve,
    /// TCP.
    Connect,
    /// TLS.
    Tls,
    /// Asking the proxy for a tunnel.
    Tunnel,
    /// The first request and its answer.
    Request,
}

impl fmt::Display for ConnectPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "name resolution",
            Self::Connect => "connecting",
            Self::Tls => "tls handshake",
            Self::Tunnel => "asking the proxy",
            Self::Request => "http request",
        })
    }
}

impl NetError {
    /// Something took longer than allowed.
    pub(crate) fn timeout(place: &str, phase: ConnectPhase) -> Self {
        Self::Timeout {
            place: place.to_owned(),
            phase,
        }
    }

    /// An error of the operating system or of TLS in its place.
    pub(super) fn from_io(place: &str, phase: ConnectPhase, error: &io::Error) -> Self {
        let place = place.to_owned();
        if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
            return Self::from_tls(place, tls);
        }
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused { place },
            io::ErrorKind::TimedOut => Self::Timeout { place, phase },
            _ => Self::Io {
                place,
                phase,
                why: io_words(error),
            },
        }
    }

    fn from_tls(place: String, error: &rustls::Error) -> Self {
        match tls_fault::describe(error) {
            TlsFault::Certificate(fault) => Self::Certificate { place, fault },
            TlsFault::Handshake(why) => Self::Tls { place, why },
        }
    }
}

/// The TLS library's error among the causes of another one, in words.
pub(super) fn tls_words(error: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        let tls = match inner {
            Some(inner) => inner.downcast_ref::<rustls::Error>(),
            None => error.downcast_ref(),
        };
        if let Some(tls) = tls {
            return Some(match tls_fault::describe(tls) {
                TlsFault::Certificate(fault) => fault.to_string(),
                TlsFault::Handshake(why) => why,
            });
        }
        cause = error.source();
    }
    None
}

/// What the system says of an error, in words that fit into a line.
pub(super) fn io_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "the peer closed the connection".to_owned(),
        io::ErrorKind::ConnectionReset => "the peer reset the connection".to_owned(),
        _ => printable(&error.to_string()),
    }
}
