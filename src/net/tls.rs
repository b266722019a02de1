//! The TLS configuration: who is trusted, and from which version on.

use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tracing::debug;

use super::NetError;
use super::printable::printable;

/// TLS 1.2 and later by ring, trusting the system's roots (the bundled ones where there are none)
/// and the certificates in `ca_file`. The provider is named here, so nothing global is installed.
///
/// # Errors
/// [`NetError::CaFile`] or [`NetError::TlsSetup`].
pub(super) fn client_config(ca_file: Option<&Path>) -> Result<ClientConfig, NetError> {
    let mut roots = system_roots();
    if let Some(path) = ca_file {
        add_file(&mut roots, path)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| NetError::TlsSetup {
            why: printable(&error.to_string()),
        })?
        .with_root_certificates(roots)
        .with_no_client_auth();
    // A WebSocket needs HTTP/1.1; a server that offers both must not choose HTTP/2.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    let (added, unusable) = roots.add_parsable_certificates(native.certs);
    debug!(added, unusable, "system root certificates");
    or_bundled(roots)
}

/// The bundled roots where there are none.
fn or_bundled(mut roots: RootCertStore) -> RootCertStore {
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), NetError> {
    let refuse = |why: String| NetError::CaFile {
        path: path.display().to_string().escape_debug().to_string(),
        why,
    };
    let bytes = std::fs::read(path).map_err(|error| refuse(printable(&error.to_string())))?;
    let mut count = 0;
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let certificate = certificate.map_err(|_| refuse("broken PEM".to_owned()))?;
        roots
            .add(certificate)
            .map_err(|_| refuse("a certificate in it cannot be read".to_owned()))?;
        count += 1;
    }
    if count == 0 {
        return Err(refuse("no certificate in it".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_roots_trusts_the_bundled_ones() {
        let bundled = or_bundled(RootCertStore::empty());
        assert_eq!(bundled.len(), webpki_roots::TLS_SERVER_ROOTS.len());
        let own = RootCertStore {
            roots: bundled.roots[..1].to_vec(),
        };
        assert_eq!(or_bundled(own).len(), 1);
    }

    #[test]
    fn a_ca_file_without_certificates_is_refused() {
        let check = |content: &[u8], text: &str| {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), content).unwrap();
            let error = client_config(Some(file.path())).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
            assert!(error.contains(file.path().to_str().unwrap()), "{error}");
        };
        check(b"", "no certificate in it");
        check(b"hello", "no certificate in it");
        check(
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "cannot be read",
        );
        let missing = client_config(Some(Path::new("/nowhere/ca.pem"))).unwrap_err();
        assert!(
            missing
                .to_string()
                .starts_with("ca-file: /nowhere/ca.pem: ")
        );
    }
}
