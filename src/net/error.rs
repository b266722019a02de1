//! Why a connection could not be made: each text names the place, the reason and what to do.

use std::fmt;
use std::io;

use thiserror::Error;

/// Why a connection could not be made. Every text is one line without secrets.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
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
    /// The first request and its answer.
    Request,
}

impl fmt::Display for ConnectPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "name resolution",
            Self::Connect => "connecting",
            Self::Tls => "tls handshake",
            Self::Request => "http request",
        })
    }
}

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateFault {
    /// Its time is over.
    Expired,
    /// Its time has not begun.
    NotYetValid,
    /// It names another host.
    WrongHost,
    /// Nobody we trust has signed it, or it has signed itself.
    UnknownIssuer,
    /// Anything else.
    Other(String),
}

impl fmt::Display for CertificateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired => {
                f.write_str("certificate expired; renew it, or check this machine's clock")
            }
            Self::NotYetValid => {
                f.write_str("certificate not valid yet; check this machine's clock")
            }
            Self::WrongHost => f.write_str("certificate is for another host; check the url"),
            Self::UnknownIssuer => f.write_str(
                "certificate from an unknown issuer; trust the issuer's certificate with --ca-file",
            ),
            Self::Other(why) => write!(f, "certificate refused ({why})"),
        }
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
                why: printable(&error.to_string()),
            },
        }
    }

    fn from_tls(place: String, error: &rustls::Error) -> Self {
        use rustls::CertificateError as C;
        let rustls::Error::InvalidCertificate(certificate) = error else {
            return Self::Io {
                place,
                phase: ConnectPhase::Tls,
                why: printable(&error.to_string()),
            };
        };
        let fault = match certificate {
            C::Expired | C::ExpiredContext { .. } => CertificateFault::Expired,
            C::NotValidYet | C::NotValidYetContext { .. } => CertificateFault::NotYetValid,
            C::NotValidForName | C::NotValidForNameContext { .. } => CertificateFault::WrongHost,
            // An authority that was made anew under its old name signs with another key.
            C::UnknownIssuer | C::BadSignature => CertificateFault::UnknownIssuer,
            other => CertificateFault::Other(printable(&other.to_string())),
        };
        Self::Certificate { place, fault }
    }
}

/// Text from outside, escaped and cut, so that it can stand in one line of ours.
pub(crate) fn printable(text: &str) -> String {
    text.escape_debug().take(PRINTABLE_CHARS_MAX).collect()
}

const PRINTABLE_CHARS_MAX: usize = 64;
