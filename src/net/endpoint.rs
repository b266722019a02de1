//! Where to connect to: what is left of a URL once it is known to be safe for credentials.

use std::net::IpAddr;

use hyper::Uri;

use super::NetError;
use super::Redactor;

/// The shortest part of a URL that is taken for a key.
pub(crate) const KEY_BYTES_MIN: usize = 6;

/// A host and port that credentials may be sent to, over TLS or to this machine itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Without the brackets of an IPv6 address.
    host: String,
    port: u16,
    tls: bool,
    /// Path and query as the request line wants them. Not for printing: a query may hold a secret.
    path_and_query: Path,
}

/// A request target that does not print its query.
#[derive(Clone, PartialEq, Eq)]
struct Path(String);

impl std::fmt::Debug for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.0.split('?').next().unwrap_or_default();
        write!(f, "{path:?}")
    }
}

impl Endpoint {
    /// Reads a URL: `https` or `wss`, or `http` or `ws` to a loopback address.
    ///
    /// # Errors
    /// [`NetError::Url`] that says what to write instead.
    pub fn new(url: &Uri) -> Result<Self, NetError> {
        let place = url.host().unwrap_or("(no host)").to_owned();
        let refuse = |why| {
            Err(NetError::Url {
                place: place.clone(),
                why,
            })
        };
        let tls = match url.scheme_str() {
            Some("https" | "wss") => true,
            Some("http" | "ws") => false,
            _ => return refuse("not a full url; write https:// or wss:// and the host"),
        };
        let Some(authority) = url.authority() else {
            return refuse("no host; write it after the scheme");
        };
        if authority.as_str().contains('@') {
            return refuse("credentials in a url are refused; use the settings for them");
        }
        let host = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']');
        if host.is_empty() {
            return refuse("no host; write it after the scheme");
        }
        if !tls && !is_loopback_name(host) {
            return refuse("credentials are never sent over plain http; use https or wss");
        }
        let default_port = if tls { 443 } else { 80 };
        Ok(Self {
            host: host.to_owned(),
            port: url.port_u16().unwrap_or(default_port),
            tls,
            path_and_query: Path(
                url.path_and_query()
                    .map_or_else(|| "/".to_owned(), |path| path.as_str().to_owned()),
            ),
        })
    }

    /// The host's name or address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether the connection is encrypted.
    pub const fn is_tls(&self) -> bool {
        self.tls
    }

    /// Path and query for the request line. Not for printing.
    pub fn path_and_query(&self) -> &str {
        &self.path_and_query.0
    }

    /// Knows what in the URL may be a key: its query as a whole, and the values in it.
    pub fn redactor(&self) -> Redactor {
        let Some((_, query)) = self.path_and_query.0.split_once('?') else {
            return Redactor::default();
        };
        let values = query.split('&').filter_map(|field| field.split_once('='));
        let values = values.map(|(_, value)| value);
        // A short value is a switch such as `v=2`, and hiding it would hide innocent words.
        let keys = values.filter(|value| value.len() >= KEY_BYTES_MIN);
        keys.fold(Redactor::default().with(query), Redactor::with)
    }

    /// Knows the path too, whole and in its parts: those of webhooks are keys.
    pub fn path_redactor(&self) -> Redactor {
        let path = self.path_and_query.0.split('?').next().unwrap_or_default();
        let parts = path.split('/').filter(|part| part.len() >= KEY_BYTES_MIN);
        let whole = Some(path).filter(|path| path.len() >= KEY_BYTES_MIN);
        whole
            .into_iter()
            .chain(parts)
            .fold(Redactor::default(), Redactor::with)
    }

    /// Host and port as the `Host` header and messages have them; the scheme's own port is left out.
    pub fn authority(&self) -> String {
        let host = bracketed(&self.host);
        match (self.tls, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }
}

/// A host as it stands before a port: an IPv6 address in brackets.
pub(super) fn bracketed(host: &str) -> String {
    match host.contains(':') {
        true => format!("[{host}]"),
        false => host.to_owned(),
    }
}

/// Whether a name can only mean this machine. What it resolves to is checked again on connecting.
fn is_loopback_name(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(url: &str) -> Result<Endpoint, NetError> {
        Endpoint::new(&url.parse().unwrap())
    }

    #[test]
    fn what_is_safe_is_accepted() {
        let check = |url: &str, authority: &str, tls: bool, path: &str| {
            let endpoint = endpoint(url).unwrap();
            assert_eq!(endpoint.authority(), authority, "{url}");
            assert_eq!(endpoint.is_tls(), tls, "{url}");
            assert_eq!(endpoint.path_and_query(), path, "{url}");
        };
        check(
            "https://login.example.com/oauth/token",
            "login.example.com",
            true,
            "/oauth/token",
        );
        check(
            "wss://api.example.com:8443/s?a=b",
            "api.example.com:8443",
            true,
            "/s?a=b",
        );
        check("http://127.0.0.1:9", "127.0.0.1:9", false, "/");
        check("ws://127.9.9.9:9/x", "127.9.9.9:9", false, "/x");
        check("ws://LocalHost/x", "LocalHost", false, "/x");
        check("http://[::1]:80/x", "[::1]", false, "/x");
        check("https://[::1]:80/x", "[::1]:80", true, "/x");
    }

    #[test]
    fn what_is_not_safe_is_refused() {
        let check = |url: &str, text: &str| {
            let error = endpoint(url).unwrap_err().to_string();
            assert!(error.contains(text), "{url}: {error}");
        };
        let plain = "credentials are never sent over plain http";
        check("http://example.com/", plain);
        check("ws://10.0.0.1/", plain);
        check("ws://localhost.example.com/", plain);
        check("http://0.0.0.0/", plain);
        check("https://id:secret@example.com/", "credentials in a url");
        check("ws://localhost@example.com/", "credentials in a url");
        check("ftp://example.com/", "not a full url");
        check("example.com", "not a full url");
        check("/oauth/token", "not a full url");
    }

    #[test]
    fn a_query_is_never_printed() {
        let url = "wss://example.com/stream?access_token=canary";
        assert!(!format!("{:?}", endpoint(url).unwrap()).contains("canary"));
        let error = endpoint("ws://id:canary@example.com/?t=canary").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}
