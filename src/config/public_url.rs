//! `--public-url`: under which address browsers reach the server, whatever stands in between.

use std::fmt;

use super::site::Authority;
use super::site::Host;
use super::site::Scheme;
use super::site::Site;

/// The longest path, in bytes: it goes into the name and the path of a cookie.
const PREFIX_BYTES_MAX: usize = 128;
/// The longest URL, in bytes.
const URL_BYTES_MAX: usize = 2_048;
/// Names at the root of the server; a prefix that begins with one could not be distinguished from it.
pub(super) const OWN_NAMES: [&str; 7] = [
    "assets", "graphql", "healthz", "latency", "metrics", "readyz", "session",
];

/// A path under which everything of the server stands: empty, or segments each begun by a slash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prefix(String);

impl Prefix {
    /// Reads a path; a slash at its end is not part of the prefix.
    ///
    /// # Errors
    /// One reason that says what to write.
    pub fn parse(path: &str) -> Result<Self, &'static str> {
        let path = path.strip_suffix('/').unwrap_or(path);
        let Some(segments) = path.strip_prefix('/') else {
            return match path.is_empty() {
                true => Ok(Self::default()),
                false => Err("its path does not begin with a slash"),
            };
        };
        if path.len() > PREFIX_BYTES_MAX {
            return Err("its path is longer than 128 bytes; shorten it");
        }
        for segment in segments.split('/') {
            let fits = |byte: u8| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
            };
            match segment {
                "" => return Err("has two slashes in a row in its path; write one"),
                "." | ".." => return Err("has . or .. in its path; write the path without"),
                _ if segment.contains('%') => {
                    return Err("has percent-encoding in its path; choose a path without");
                }
                _ if !segment.bytes().all(fits) => {
                    return Err("its path may have letters, digits and - . _ ~ only");
                }
                _ => {}
            }
        }
        let first = segments.split('/').next().unwrap_or_default();
        if OWN_NAMES.contains(&first) {
            return Err("its path begins like one of the server's own; choose another");
        }
        Ok(Self(path.to_owned()))
    }

    /// Empty, or beginning with a slash and ending without one.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is left of a path under this prefix: empty for the prefix itself.
    pub fn strip<'a>(&self, path: &'a str) -> Option<&'a str> {
        let rest = path.strip_prefix(&self.0)?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    }
}

/// Where browsers find the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    scheme: Scheme,
    /// As it is compared: without a dot at the end, in brackets where it is an IPv6 address.
    host: String,
    port: u16,
    prefix: Prefix,
}

impl PublicUrl {
    /// Reads `https://host[:port][/path]`.
    ///
    /// # Errors
    /// One reason that says what to write.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const SHAPE: &str = "not a URL; write one such as https://gauge.example/";
        if text.len() > URL_BYTES_MAX {
            return Err("longer than 2048 bytes; shorten it");
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err("has no scheme; write https:// or http:// before the host");
        };
        // First of all, so that nothing else is said of what may be a password.
        if rest.contains('@') {
            return Err("has a user name or password in it; remove them");
        }
        let is_page = ["http", "https"]
            .iter()
            .any(|name| scheme.eq_ignore_ascii_case(name));
        let Some(scheme) = Scheme::parse(scheme).filter(|_| is_page) else {
            return Err("of another kind; write https:// or http:// before the host");
        };
        if rest.contains('?') {
            return Err("has a query (?); remove it");
        }
        if rest.contains('#') {
            return Err("has a fragment (#); remove it");
        }
        if rest.contains('*') {
            return Err("has a wildcard (*); give each public URL by itself");
        }
        if rest.contains('\\') {
            return Err(SHAPE);
        }
        let path_at = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(path_at);
        if !authority.is_ascii() {
            return Err(
                "has letters beyond ASCII in its host; write it as browsers send it, xn--...",
            );
        }
        let Some(Authority { host, port }) = Authority::parse(authority) else {
            return Err(SHAPE);
        };
        if port == Some(0) {
            return Err("has port 0, which nobody can reach; write the port of the proxy");
        }
        if let Host::Name(name) = host {
            let last = name.rsplit('.').next().unwrap_or_default();
            // Browsers take such a host for an address in another notation, and send that.
            if last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x") {
                return Err("its host ends in a number and is no IP address; write all of it");
            }
        }
        Ok(Self {
            scheme,
            host: host.to_string().to_ascii_lowercase(),
            port: port.unwrap_or_else(|| scheme.port()),
            prefix: Prefix::parse(path)?,
        })
    }

    /// Its origin.
    pub fn site(&self) -> Site<'_> {
        Site {
            scheme: self.scheme,
            host: Host::parse(&self.host).unwrap_or(Host::Name(&self.host)),
            port: self.port,
        }
    }

    /// The path under which everything stands.
    pub const fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    /// Whether it can be reached on this machine only.
    pub fn is_loopback(&self) -> bool {
        self.site().host.is_loopback()
    }
}

/// With the slash at its end, as it stands in a browser.
impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}/", self.site(), self.prefix.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_an_origin_and_a_prefix() {
        let check = |text: &str, shown: &str, prefix: &str| {
            let url = PublicUrl::parse(text).expect(text);
            assert_eq!(url.to_string(), shown, "{text}");
            assert_eq!(url.prefix().as_str(), prefix, "{text}");
        };
        check("https://gauge.example", "https://gauge.example/", "");
        check("https://Gauge.Example.:443/", "https://gauge.example/", "");
        check(
            "HTTPS://a.example/gauge",
            "https://a.example/gauge/",
            "/gauge",
        );
        check(
            "http://a.example:8080/x/y~1/",
            "http://a.example:8080/x/y~1/",
            "/x/y~1",
        );
        check(
            "https://[2001:DB8::1]:8443/g/",
            "https://[2001:db8::1]:8443/g/",
            "/g",
        );
        check("http://localhost:4000", "http://localhost:4000/", "");
        check(
            "https://xn--bcher-kva.example",
            "https://xn--bcher-kva.example/",
            "",
        );
        check(
            "https://a.example/Gauge",
            "https://a.example/Gauge/",
            "/Gauge",
        );
    }

    #[test]
    fn what_cannot_be_one_is_refused_in_words() {
        let check = |text: &str, part: &str| {
            let why = PublicUrl::parse(text).expect_err(text);
            assert!(why.contains(part), "{text}: {why}");
        };
        check("gauge.example", "no scheme");
        check("//gauge.example/", "no scheme");
        check("gauge.example:443", "no scheme");
        check("ftp://gauge.example/", "of another kind");
        check("wss://gauge.example/", "of another kind");
        check("https://me:s3cret@gauge.example/", "user name or password");
        check("https://me@gauge.example/", "user name or password");
        check("ftp://me:s3cret@gauge.example/", "user name or password");
        check("https://gauge.example/?token=s3cret", "query");
        check("https://gauge.example?", "query");
        check("https://gauge.example/#", "fragment");
        check("https://*.gauge.example/", "wildcard");
        check("https://*/", "wildcard");
        check("https://gauge.example/*", "wildcard");
        check("https://gauge.example/a/../b", ". or ..");
        check("https://gauge.example/..", ". or ..");
        check("https://gauge.example/./a", ". or ..");
        check("https://gauge.example/a%2fb", "percent-encoding");
        check("https://gauge.example/%2e%2e/", "percent-encoding");
        check("https://gauge.example//", "two slashes");
        check("https://gauge.example//a", "two slashes");
        check("https://gauge.example/a//b/", "two slashes");
        check("https://gauge.example/a//", "two slashes");
        check("https://gauge.example/a;b", "letters, digits");
        check("https://gauge.example/büro", "letters, digits");
        check("https://gauge.example/graphql", "server's own");
        check("https://gauge.example/latency/x/", "server's own");
        check("https://bücher.example/", "xn--");
        check("https://gauge.example:0/", "port 0");
        check("https://gauge.example:/", "not a URL");
        check("https://gauge.example:99999/", "not a URL");
        check("https://gauge example/", "not a URL");
        check("https:///gauge", "not a URL");
        check("https://", "not a URL");
        check("https://gauge.example\\gauge", "not a URL");
        check("https://127.1/", "no IP address");
        check("https://2130706433/", "no IP address");
        check("https://10.0.0.256/", "no IP address");
        check("https://0x7f000001/", "no IP address");
        check("https://[::1/", "not a URL");
        check(
            &format!("https://a.example/{}", "a".repeat(128)),
            "128 bytes",
        );
        check(
            &format!("https://{}.example/", "a".repeat(2_048)),
            "2048 bytes",
        );
    }

    #[test]
    fn a_prefix_ends_at_a_slash() {
        let prefix = Prefix::parse("/gauge/").unwrap();
        for (path, rest) in [
            ("/gauge", Some("")),
            ("/gauge/", Some("/")),
            ("/gauge/graphql", Some("/graphql")),
            ("/gauges/", None),
            ("/gaug", None),
            ("/", None),
            ("/Gauge/", None),
        ] {
            assert_eq!(prefix.strip(path), rest, "{path}");
        }
        assert_eq!(Prefix::default().strip("/graphql"), Some("/graphql"));
    }
}
