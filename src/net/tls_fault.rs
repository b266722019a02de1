//! What is wrong with a TLS connection, in words: rustls's own texts are forms for programmers.

use std::fmt;

use rustls::AlertDescription;
use rustls::CertificateError;
use rustls::Error;
use rustls::InvalidMessage;
use rustls::PeerIncompatible;
use rustls_pki_types::UnixTime;

use super::printable::printable;
use crate::time::EpochMs;

/// Names of a certificate that a text lists.
const NAMES_MAX: usize = 3;

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateFault {
    /// Its time is over, since this moment where it is known.
    Expired(Option<EpochMs>),
    /// Its time has not begun; it does at this moment where that is known.
    NotYetValid(Option<EpochMs>),
    /// It names other hosts, these where they are known.
    WrongHost(Vec<String>),
    /// Nobody we trust has signed it, or it has signed itself.
    UnknownIssuer,
    /// A certificate of an authority, which is none to serve with.
    OfAuthority,
    /// Anything else, in words.
    Other(String),
}

impl fmt::Display for CertificateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired(at) => {
                f.write_str("certificate expired")?;
                if let Some(at) = at {
                    write!(f, " on {at}")?;
                }
                f.write_str("; renew it, or check this machine's clock")
            }
            Self::NotYetValid(at) => {
                f.write_str("certificate not valid ")?;
                match at {
                    Some(at) => write!(f, "before {at}")?,
                    None => f.write_str("yet")?,
                }
                f.write_str("; check this machine's clock")
            }
            Self::WrongHost(names) => {
                f.write_str("certificate is for another host")?;
                if !names.is_empty() {
                    write!(f, " ({})", names.join(", "))?;
                }
                f.write_str("; check the url")
            }
            Self::UnknownIssuer => f.write_str(
                "certificate from an unknown issuer; trust the issuer's certificate with --ca-file",
            ),
            Self::OfAuthority => f.write_str(
                "the server presents the certificate of an authority (CA) as its own; give it a \
                 server certificate, signed by that authority or by another one",
            ),
            Self::Other(why) => write!(f, "certificate refused: {why}"),
        }
    }
}

/// What [`describe`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TlsFault {
    /// The certificate is the reason.
    Certificate(CertificateFault),
    /// Something else is, in words.
    Handshake(String),
}

/// What rustls says, in words.
pub(super) fn describe(error: &Error) -> TlsFault {
    let words = match error {
        Error::InvalidCertificate(fault) => return TlsFault::Certificate(certificate(fault)),
        Error::NoCertificatesPresented => "the peer has no certificate".to_owned(),
        Error::AlertReceived(alert) => alert_words(*alert),
        Error::PeerIncompatible(what) => incompatible_words(what),
        Error::PeerMisbehaved(what) => {
            format!("the peer breaks the TLS protocol ({})", spaced(what))
        }
        Error::InvalidMessage(
            InvalidMessage::InvalidContentType
            | InvalidMessage::UnknownProtocolVersion
            | InvalidMessage::MessageTooLarge,
        )
        | Error::PeerSentOversizedRecord => "the peer does not speak TLS on this port, perhaps \
             plain HTTP; check the url and its port"
            .to_owned(),
        Error::InvalidMessage(what) => {
            format!("the peer sent a broken TLS message ({})", spaced(what))
        }
        Error::InappropriateMessage { got_type, .. } => {
            format!(
                "the peer sent an unexpected TLS message ({})",
                spaced(got_type)
            )
        }
        Error::InappropriateHandshakeMessage { got_type, .. } => {
            format!(
                "the peer sent an unexpected TLS message ({})",
                spaced(got_type)
            )
        }
        Error::DecryptError => "the peer's messages cannot be decrypted; something on the way \
             changes them, or its key is not its certificate's"
            .to_owned(),
        Error::NoApplicationProtocol => NO_HTTP_1.to_owned(),
        Error::General(why) => format!("the TLS library failed ({})", printable(why)),
        Error::Other(other) => format!("the TLS library failed ({})", spaced(&other.0)),
        other => format!("the TLS library failed ({})", spaced(other)),
    };
    TlsFault::Handshake(words)
}

const NO_HTTP_1: &str = "the peer does not speak HTTP/1.1 over TLS; check the url and its port";
const OLD_VERSION: &str = "the peer speaks neither TLS 1.2 nor TLS 1.3; it has to be updated";
const CLIENT_CERTIFICATE: &str =
    "the peer wants a client certificate, which streamgauge does not send; check the url";

fn alert_words(alert: AlertDescription) -> String {
    use AlertDescription as A;
    match alert {
        A::HandshakeFailure | A::InsufficientSecurity => {
            "the peer accepts none of our cipher suites, curves and signature algorithms, or wants \
             a client certificate (alert: handshake failure)"
                .to_owned()
        }
        A::ProtocolVersion => OLD_VERSION.to_owned(),
        A::CertificateRequired | A::NoCertificate => CLIENT_CERTIFICATE.to_owned(),
        A::BadCertificate | A::AccessDenied | A::UnknownCA | A::CertificateUnknown => {
            format!("{CLIENT_CERTIFICATE} (alert: {})", spaced(&alert))
        }
        A::UnrecognisedName => {
            "the peer does not know the host name that it was asked for; check the url".to_owned()
        }
        A::NoApplicationProtocol => NO_HTTP_1.to_owned(),
        A::Unknown(number) => format!("the peer ended the handshake (alert {number})"),
        _ => format!("the peer ended the handshake (alert: {})", spaced(&alert)),
    }
}

fn incompatible_words(what: &PeerIncompatible) -> String {
    use PeerIncompatible as P;
    match what {
        P::ServerDoesNotSupportTls12Or13
        | P::ServerTlsVersionIsDisabledByOurConfig
        | P::SupportedVersionsExtensionRequired
        | P::Tls12NotOffered
        | P::Tls12NotOfferedOrEnabled => OLD_VERSION.to_owned(),
        P::NoKxGroupsInCommon
        | P::NamedGroupsExtensionRequired
        | P::KeyShareExtensionRequired
        | P::EcPointsExtensionRequired
        | P::NoEcPointFormatsInCommon
        | P::UncompressedEcPointsRequired => "the peer has no key exchange curve in common with \
             us (X25519, P-256, P-384)"
            .to_owned(),
        P::NoCipherSuitesInCommon => "the peer has no cipher suite in common with us (AES-GCM and \
             ChaCha20-Poly1305)"
            .to_owned(),
        P::NoSignatureSchemesInCommon
        | P::NoCertificateRequestSignatureSchemesInCommon
        | P::SignatureAlgorithmsExtensionRequired => {
            "the peer has no signature algorithm in common with us".to_owned()
        }
        other => format!("the peer's TLS does not fit ours ({})", spaced(other)),
    }
}

fn certificate(error: &CertificateError) -> CertificateFault {
    use CertificateError as C;
    match error {
        C::Expired => CertificateFault::Expired(None),
        C::ExpiredContext { not_after, .. } => CertificateFault::Expired(moment(*not_after)),
        C::NotValidYet => CertificateFault::NotYetValid(None),
        C::NotValidYetContext { not_before, .. } => {
            CertificateFault::NotYetValid(moment(*not_before))
        }
        C::NotValidForName => CertificateFault::WrongHost(Vec::new()),
        C::NotValidForNameContext { presented, .. } => {
            CertificateFault::WrongHost(names(presented))
        }
        // An authority that was rebuilt under its old name signs with another key.
        C::UnknownIssuer | C::BadSignature => CertificateFault::UnknownIssuer,
        C::BadEncoding => CertificateFault::Other("it cannot be read".to_owned()),
        C::Revoked => CertificateFault::Other("it was revoked".to_owned()),
        C::UnhandledCriticalExtension => {
            CertificateFault::Other("it has a critical extension that is unknown here".to_owned())
        }
        C::InvalidPurpose | C::InvalidPurposeContext { .. } => CertificateFault::Other(
            "it is not for servers; give the server one with the purpose serverAuth".to_owned(),
        ),
        C::UnsupportedSignatureAlgorithmContext { .. }
        | C::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => CertificateFault::Other(
            "it is signed by an algorithm, or its key lies on a curve, that is not supported; use \
             RSA, ECDSA on P-256 or P-384, or Ed25519"
                .to_owned(),
        ),
        C::Other(other) => match spaced(&other.0) {
            what if what == "ca used as end entity" => CertificateFault::OfAuthority,
            what => CertificateFault::Other(what),
        },
        other => CertificateFault::Other(spaced(other)),
    }
}

fn moment(time: UnixTime) -> Option<EpochMs> {
    let ms = i64::try_from(time.as_secs().checked_mul(1_000)?).ok()?;
    Some(EpochMs::from_ms(ms)).filter(|at| *at <= EpochMs::MAX)
}

/// The names of a certificate, which rustls shows as `DnsName("a")`.
fn names(presented: &[String]) -> Vec<String> {
    let bare = |name: &String| {
        let inner = name.split('"').nth(1).unwrap_or(name);
        printable(inner)
    };
    let mut names: Vec<String> = presented.iter().take(NAMES_MAX).map(bare).collect();
    if presented.len() > NAMES_MAX {
        names.push("and others".to_owned());
    }
    names
}

/// The name of a variant as words: `NoKxGroupsInCommon` becomes `no kx groups in common`. What the
/// variant holds is left out.
fn spaced(what: &impl fmt::Debug) -> String {
    let name = format!("{what:?}");
    let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next();
    let mut words = String::new();
    let mut was_lower = false;
    for character in name.unwrap_or_default().chars() {
        if character.is_ascii_uppercase() && was_lower {
            words.push(' ');
        }
        was_lower = !character.is_ascii_uppercase();
        words.push(character.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
mod tests;
