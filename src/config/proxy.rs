//! Through which proxy a host is reached: what `HTTPS_PROXY` and its kin say.
//!
//! Names are not resolved here: behind a proxy they may have no address on this side.

use std::fmt;
use std::sync::Arc;

use secrecy::ExposeSecret;
use secrecy::SecretSlice;

use super::exempt::Exempt;
use super::exempt::is_this_machine;
use super::exempt::split_port;

/// The proxies of all outgoing connections. The default is none.
#[derive(Clone, Debug, Default)]
pub struct ProxySettings {
    /// For `https` and `wss`.
    pub https: Option<ProxyUrl>,
    /// For `http` and `ws`.
    pub http: Option<ProxyUrl>,
    /// Hosts that are reached without.
    pub exempt: Exempt,
}

impl ProxySettings {
    /// The proxy on the way to a host, if there is one. Never one to this machine itself, unless
    /// [`Exempt`] says so.
    pub fn choose(&self, is_tls: bool, host: &str, port: u16) -> Option<&ProxyUrl> {
        let proxy = if is_tls { &self.https } else { &self.http };
        proxy.as_ref().filter(|_| !self.exempt.covers(host, port))
    }

    /// Every proxy that there is.
    pub fn all(&self) -> impl Iterator<Item = &ProxyUrl> {
        self.https.iter().chain(&self.http)
    }
}

/// Where a proxy is. Its credentials are neither shown nor in the `Debug` form.
#[derive(Clone)]
pub struct ProxyUrl {
    kind: ProxyKind,
    host: String,
    port: u16,
    credentials: Option<Arc<ProxyCredentials>>,
}

/// Why a variable about proxies is passed over; `None` when it is read. A web server that starts a
/// program by CGI puts the request's `Proxy` header into `HTTP_PROXY`, so that anybody could name one.
pub(super) fn passed_over(name: &str, is_cgi: bool) -> Option<&'static str> {
    (name == "HTTP_PROXY" && is_cgi).then_some(
        "http-proxy: HTTP_PROXY is not read where REQUEST_METHOD is set, since a web server may have made it of a request's header; use http_proxy",
    )
}

/// How a proxy is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyKind {
    /// HTTP over TCP.
    Http,
    /// HTTP over TLS.
    Https,
    /// Another scheme, such as `socks5`: refused where it would be used.
    Unsupported(String),
}

/// User name and password for a proxy.
pub struct ProxyCredentials {
    /// As bytes: percent escapes may stand for any.
    pub user: Vec<u8>,
    /// The password, empty where none was given.
    pub password: SecretSlice<u8>,
}

impl ProxyUrl {
    /// Reads a proxy's URL; without a scheme it is `http`.
    ///
    /// # Errors
    /// One reason that repeats nothing of the text, which may hold a password.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let no_url = || "not a proxy's URL; write one such as http://proxy.example:3128".to_owned();
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let scheme = scheme.to_ascii_lowercase();
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, behind) = rest.split_at(end);
        if behind.contains('@') {
            return Err(
                "a /, ? or # in a user name or password ends the host; write it as %2F, %3F or %23"
                    .to_owned(),
            );
        }
        let (user_info, place) = match authority.rsplit_once('@') {
            Some((user_info, place)) => (Some(user_info), place),
            None => (None, authority),
        };
        let kind = match scheme.as_str() {
            "http" => ProxyKind::Http,
            "https" => ProxyKind::Https,
            _ if !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                ProxyKind::Unsupported(scheme)
            }
            _ => return Err(no_url()),
        };
        let default_port = if kind == ProxyKind::Https { 443 } else { 80 };
        let (host, port) = split_port(place).ok_or_else(no_url)?;
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
        if host.is_empty() || !host.bytes().all(is_host) {
            return Err(no_url());
        }
        Ok(Self {
            kind,
            host: host.to_ascii_lowercase(),
            port: port.unwrap_or(default_port),
            credentials: user_info.map(credentials).transpose()?.map(Arc::new),
        })
    }

    /// How it is spoken to.
    pub const fn kind(&self) -> &ProxyKind {
        &self.kind
    }

    /// Its name or address, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// User name and password, where the URL has them.
    pub fn credentials(&self) -> Option<&ProxyCredentials> {
        self.credentials.as_deref()
    }

    /// Why it cannot be used at all; `None` when it can.
    pub fn unsupported(&self) -> Option<String> {
        match &self.kind {
            ProxyKind::Unsupported(scheme) => Some(format!(
                "a {scheme} proxy is not supported; give an http or https proxy, or exempt the host by NO_PROXY"
            )),
            _ => None,
        }
    }

    /// Whether its credentials travel unencrypted to another machine.
    pub(super) fn shows_credentials(&self) -> bool {
        self.kind == ProxyKind::Http && self.credentials.is_some() && !is_this_machine(&self.host)
    }
}

/// Scheme, host and port; of the credentials only that there are some.
impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match &self.kind {
            ProxyKind::Http => "http",
            ProxyKind::Https => "https",
            ProxyKind::Unsupported(scheme) => scheme,
        };
        let hidden = if self.credentials.is_some() {
            "(hidden)@"
        } else {
            ""
        };
        match self.host.contains(':') {
            true => write!(f, "{scheme}://{hidden}[{}]:{}", self.host, self.port),
            false => write!(f, "{scheme}://{hidden}{}:{}", self.host, self.port),
        }
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProxyUrl({self})")
    }
}

impl fmt::Debug for ProxyCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProxyCredentials")
    }
}

fn credentials(user_info: &str) -> Result<ProxyCredentials, String> {
    let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
    let broken =
        || "a percent sign that begins no escape in the user name or password; write it as %25";
    Ok(ProxyCredentials {
        user: percent_decoded(user).ok_or_else(broken)?,
        password: SecretSlice::from(percent_decoded(password).ok_or_else(broken)?),
    })
}

fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        if *first != b'%' {
            bytes.push(*first);
            rest = behind;
            continue;
        }
        let digits = behind
            .get(..2)
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = &behind[2..];
    }
    Some(bytes)
}

impl ProxyCredentials {
    /// What HTTP Basic authentication encodes.
    pub fn pair(&self) -> SecretSlice<u8> {
        SecretSlice::from([&self.user, b":".as_slice(), self.password.expose_secret()].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_url_is_read() {
        let check = |text: &str, expected: &str, pair: Option<&[u8]>| {
            let url = ProxyUrl::parse(text).unwrap();
            assert_eq!(url.to_string(), expected, "{text}");
            let found = url.credentials().map(ProxyCredentials::pair);
            let found = found.as_ref().map(ExposeSecret::expose_secret);
            assert_eq!(found, pair, "{text}");
            assert!(!format!("{url:?} {url}").contains("p4ss"));
        };
        check(
            "http://proxy.example:3128",
            "http://proxy.example:3128",
            None,
        );
        check("proxy.example:3128", "http://proxy.example:3128", None);
        check("Proxy.Example", "http://proxy.example:80", None);
        check("HTTPS://proxy.example/", "https://proxy.example:443", None);
        check("http://[::1]:3128/x?y", "http://[::1]:3128", None);
        check("http://10.0.0.1", "http://10.0.0.1:80", None);
        check("socks5h://10.0.0.1:1080", "socks5h://10.0.0.1:1080", None);
        check("http://u:p4ss@a:1", "http://(hidden)@a:1", Some(b"u:p4ss"));
        check("u:p4ss@a:1", "http://(hidden)@a:1", Some(b"u:p4ss"));
        check("http://u@a:1", "http://(hidden)@a:1", Some(b"u:"));
        check(
            "http://d%5Cu:p4ss%40%3a%2F%ff@a:1",
            "http://(hidden)@a:1",
            Some(b"d\\u:p4ss@:/\xff"),
        );
        check(
            "http://u:p4ss@x@a:1",
            "http://(hidden)@a:1",
            Some(b"u:p4ss@x"),
        );
    }

    #[test]
    fn what_is_no_url_is_refused_without_its_password() {
        for text in [
            "http://",
            "://a",
            "http://u:p4ss@",
            "http://u:p4ss/word@a:1",
            "http://u:12/p4ss@a:1",
            "http://u:p4ss#@a:1",
            "http://u:p4ss%zz@a:1",
            "http://u:p4ss%4@a:1",
            "http://a:port",
            "http://a:99999",
            "http://[::1",
            "http://a b:1",
            "ht tp://a:1",
        ] {
            let why = ProxyUrl::parse(text).expect_err(text);
            assert!(!why.contains("p4ss"), "{why}");
        }
    }

    #[test]
    fn the_scheme_chooses_the_proxy() {
        let proxies = ProxySettings {
            https: ProxyUrl::parse("a:1").ok(),
            http: ProxyUrl::parse("b:1").ok(),
            exempt: Exempt::parse("x.example").0,
        };
        let chosen = |is_tls, host| proxies.choose(is_tls, host, 443).map(ToString::to_string);
        assert_eq!(chosen(true, "y.example").unwrap(), "http://a:1");
        assert_eq!(chosen(false, "y.example").unwrap(), "http://b:1");
        assert_eq!(chosen(true, "x.example"), None);
        assert_eq!(ProxySettings::default().all().count(), 0);
    }
}
