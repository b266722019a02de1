//! The `Proxy-Authorization` header.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderValue;
use secrecy::ExposeSecret;
use secrecy::SecretString;

use crate::config::ProxyCredentials;

/// HTTP Basic authentication for a proxy; `None` never happens, base64 is printable.
pub(super) fn proxy_authorization(credentials: &ProxyCredentials) -> Option<HeaderValue> {
    let encoded = STANDARD.encode(credentials.pair().expose_secret());
    let basic = SecretString::from(format!("Basic {encoded}"));
    let mut value = HeaderValue::from_str(basic.expose_secret()).ok()?;
    value.set_sensitive(true);
    Some(value)
}
