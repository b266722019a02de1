//! TLS of our own: the certificate as it stands in its files, read again when it was renewed.
//!
//! What the files hold is judged when they are read, so that a server never shows what its clients
//! would refuse: a key of another certificate, or a certificate out of its time.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::CertificateError;
use rustls::Error;
use rustls::InconsistentKeys;
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring;
use rustls::sign::CertifiedKey;
use rustls::sign::SingleCertAndKey;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::ServerName;
use rustls_pki_types::UnixTime;
use rustls_pki_types::pem;
use rustls_pki_types::pem::PemObject;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::config::TlsFiles;
use crate::reloadable::Reloadable;
use crate::time::Clock;
use crate::time::EpochMs;

/// The longest file, in bytes: a long chain is some 10 kB.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// What a record of a client that begins TLS begins with.
const HANDSHAKE_RECORD: u8 = 0x16;

/// Why a server cannot speak TLS: one line that names the setting and the file, and no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsError {
    setting: &'static str,
    file: String,
    why: String,
}

impl std::error::Error for TlsError {}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.setting, self.file, self.why)
    }
}

impl TlsError {
    fn new(setting: &'static str, file: &Path, why: impl Into<String>) -> Self {
        Self {
            setting,
            file: file.display().to_string().escape_debug().to_string(),
            why: why.into(),
        }
    }
}

/// What a server shows its clients. Clones share it.
#[derive(Clone)]
pub(super) struct Identity {
    files: TlsFiles,
    clock: Clock,
    shown: Reloadable<Shown>,
}

/// What is shown until the files are read again.
struct Shown {
    config: Arc<ServerConfig>,
    /// The file of the certificate, by which a renewed one is known.
    pem: Vec<u8>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity").field(&self.files).finish()
    }
}

impl Identity {
    /// The certificate and key in these files.
    ///
    /// # Errors
    /// When they cannot be shown to anybody.
    pub(super) fn read(files: TlsFiles, clock: Clock) -> Result<Self, TlsError> {
        let shown = read(&files, clock.wall())?;
        Ok(Self {
            files,
            clock,
            shown: Reloadable::new(shown),
        })
    }

    /// Reads the files again, for the connections from now on, and answers whether the certificate is
    /// another one. Connections that are open keep what they were shown.
    ///
    /// # Errors
    /// When the files cannot be used; then what was read before stays.
    pub(super) fn reload(&self) -> Result<bool, TlsError> {
        let shown = read(&self.files, self.clock.wall())?;
        let is_another = shown.pem != self.shown.load().pem;
        self.shown.replace(shown);
        Ok(is_another)
    }

    /// Does the server's part of a handshake.
    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let config = Arc::clone(&self.shown.load().config);
        TlsAcceptor::from(config).accept(stream).await
    }
}

/// Whether a client's first byte begins TLS; waits for it.
pub(super) async fn is_begun(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0];
    let read = stream.peek(&mut first).await?;
    Ok(read == 0 || first[0] == HANDSHAKE_RECORD)
}

fn read(files: &TlsFiles, now: EpochMs) -> Result<Shown, TlsError> {
    let bad_cert = |why: String| TlsError::new("tls-cert", &files.cert, why);
    let bad_key = |why: String| TlsError::new("tls-key", &files.key, why);
    let pem = text(&files.cert).map_err(bad_cert)?;
    let chain = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|_| bad_cert("broken PEM; write the file again".into()))?;
    if chain.is_empty() {
        let why = "no certificate in it; give PEM, the server's own first";
        return Err(bad_cert(why.into()));
    }
    let key = text(&files.key).map_err(bad_key)?;
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|error| {
        bad_key(match error {
            pem::Error::NoItemsFound => {
                "no private key in it that is not encrypted; give PEM without a passphrase".into()
            }
            _ => "broken PEM; write the file again".into(),
        })
    })?;
    let provider = Arc::new(ring::default_provider());
    check(&chain, &provider, now).map_err(bad_cert)?;
    let certified = CertifiedKey::from_der(chain, key, &provider).map_err(|error| match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => bad_key(format!(
            "not the key of the certificate in {}; give the pair that was made together",
            files.cert.display().to_string().escape_debug()
        )),
        _ => bad_key("a key of a kind that is not supported; use ECDSA, Ed25519 or RSA".into()),
    })?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| bad_cert(error.to_string()))?;
    let mut config = config
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Shown {
        config: Arc::new(config),
        pem,
    })
}

fn text(path: &Path) -> Result<Vec<u8>, String> {
    let metadata = fs::metadata(path);
    if metadata.is_ok_and(|metadata| metadata.len() > FILE_BYTES_MAX) {
        return Err(format!(
            "over {FILE_BYTES_MAX} bytes; give a file of certificates"
        ));
    }
    fs::read(path).map_err(|error| format!("{error}; check the path and its permissions"))
}

/// Whether the server's own certificate can be read and is in its time. Who issued it is for the
/// clients to judge, so it is verified as if by one that trusts somebody else.
fn check(
    chain: &[CertificateDer<'static>],
    provider: &Arc<CryptoProvider>,
    now: EpochMs,
) -> Result<(), String> {
    let roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
            .build()
            .map_err(|error| error.to_string())?;
    let name = ServerName::try_from("localhost").map_err(|error| error.to_string())?;
    let since = Duration::from_millis(u64::try_from(now.ms()).unwrap_or(0));
    let now = UnixTime::since_unix_epoch(since);
    let verdict = verifier.verify_server_cert(&chain[0], &[], &name, &[], now);
    match verdict {
        Err(Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
            Err(format!("expired on {}; renew it", date(not_after)))
        }
        Err(Error::InvalidCertificate(CertificateError::NotValidYetContext {
            not_before, ..
        })) => Err(format!(
            "not valid before {}; check the clock of this machine",
            date(not_before)
        )),
        Err(Error::InvalidCertificate(CertificateError::BadEncoding)) => Err(String::from(
            "a certificate in it cannot be read; write the file again",
        )),
        // Above all that its issuer is not known, which is no wonder.
        _ => Ok(()),
    }
}

fn date(time: UnixTime) -> EpochMs {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    EpochMs::from_ms(seconds.saturating_mul(1_000))
}
