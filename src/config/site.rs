//! Hosts, ports and schemes as a browser compares them: the parts of an origin.
//!
//! Two texts may name the same site: upper case, a dot at the end of a name, the scheme's own port,
//! an address written in another way. Nothing here allocates; requests are compared with it.

use std::fmt;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

/// How a site is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// Reads a name in any case. The schemes of WebSockets are those they are opened over.
    pub fn parse(text: &str) -> Option<Self> {
        let is = |name: &str| text.eq_ignore_ascii_case(name);
        match text {
            _ if is("http") || is("ws") => Some(Self::Http),
            _ if is("https") || is("wss") => Some(Self::Https),
            _ => None,
        }
    }

    /// The port that stands for itself.
    pub const fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    /// The name.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// A host. Names are equal whatever their case; a dot at their end is not part of them.
#[derive(Clone, Copy, Debug)]
pub enum Host<'a> {
    /// A name in ASCII, as DNS has it.
    Name(&'a str),
    /// An address; one of IPv4 inside IPv6 is one of IPv4.
    Address(IpAddr),
}

impl<'a> Host<'a> {
    /// Reads a host; an IPv6 address stands in brackets.
    pub fn parse(text: &'a str) -> Option<Self> {
        if let Some(rest) = text.strip_prefix('[') {
            let address: Ipv6Addr = rest.strip_suffix(']')?.parse().ok()?;
            return Some(Self::Address(IpAddr::V6(address).to_canonical()));
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Some(Self::Address(address.into()));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let is_label = |label: &str| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            !label.is_empty() && label.bytes().all(fits)
        };
        name.split('.').all(is_label).then_some(Self::Name(name))
    }

    /// Whether it can only be this machine.
    pub fn is_loopback(self) -> bool {
        match self {
            Self::Name(name) => name.eq_ignore_ascii_case("localhost"),
            Self::Address(address) => address.is_loopback(),
        }
    }
}

impl PartialEq for Host<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Name(one), Self::Name(other)) => one.eq_ignore_ascii_case(other),
            (Self::Address(one), Self::Address(other)) => one == other,
            _ => false,
        }
    }
}

impl Eq for Host<'_> {}

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Address(address) => write!(f, "{address}"),
        }
    }
}

/// A host and the port beside it, if one is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authority<'a> {
    /// The host.
    pub host: Host<'a>,
    /// The port, where it is written.
    pub port: Option<u16>,
}

impl<'a> Authority<'a> {
    /// Reads `host`, `host:port`, `[v6]` or `[v6]:port`.
    pub fn parse(text: &'a str) -> Option<Self> {
        let host_end = match text.starts_with('[') {
            true => text.find(']')? + 1,
            false => text.find(':').unwrap_or(text.len()),
        };
        let (host, rest) = text.split_at(host_end);
        let port = match rest.strip_prefix(':') {
            Some(digits) => Some(port(digits)?),
            None if rest.is_empty() => None,
            None => return None,
        };
        let host = Host::parse(host)?;
        Some(Self { host, port })
    }

    /// The site of this name that is reached by `scheme`.
    pub fn over(self, scheme: Scheme) -> Site<'a> {
        let port = self.port.unwrap_or_else(|| scheme.port());
        Site {
            scheme,
            host: self.host,
            port,
        }
    }
}

/// Digits alone: the parser of numbers would take a sign too.
fn port(digits: &str) -> Option<u16> {
    let are_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| are_digits)
}

/// What browsers call an origin: scheme, host and port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site<'a> {
    /// How it is reached.
    pub scheme: Scheme,
    /// Its host.
    pub host: Host<'a>,
    /// Its port, the scheme's own included.
    pub port: u16,
}

impl<'a> Site<'a> {
    /// Reads `scheme://host[:port]` with nothing after it: the value of `Origin`. `null`, which
    /// stands for pages without an origin, is none.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let is_page = ["http", "https"]
            .iter()
            .any(|name| scheme.eq_ignore_ascii_case(name));
        let scheme = Scheme::parse(scheme).filter(|_| is_page)?;
        Some(Authority::parse(authority)?.over(scheme))
    }
}

impl fmt::Display for Site<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.label(), self.host)?;
        match self.port == self.scheme.port() {
            true => Ok(()),
            false => write!(f, ":{}", self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_site_are_equal() {
        for (one, other) in [
            ("https://gauge.example", "https://gauge.example:443"),
            ("http://gauge.example:80", "HTTP://GAUGE.Example"),
            ("https://gauge.example.", "https://gauge.example"),
            (
                "https://xn--bcher-kva.example",
                "https://XN--BCHER-KVA.EXAMPLE",
            ),
            ("http://[::1]:4000", "http://[0:0:0:0:0:0:0:1]:4000"),
            ("http://[2001:DB8::1]", "http://[2001:db8:0::1]:80"),
            ("http://[::ffff:127.0.0.1]:1", "http://127.0.0.1:1"),
        ] {
            let (one, other) = (Site::parse(one).unwrap(), Site::parse(other).unwrap());
            assert_eq!(one, other);
        }
        for (one, other) in [
            ("https://gauge.example", "http://gauge.example"),
            ("https://gauge.example", "http://gauge.example:443"),
            ("https://gauge.example:80", "http://gauge.example"),
            ("https://gauge.example", "https://gauge.example:8443"),
            ("https://gauge.example", "https://www.gauge.example"),
            (
                "https://gauge.example",
                "https://gauge.example.evil.example",
            ),
            ("http://127.0.0.1", "http://localhost"),
        ] {
            let (one, other) = (Site::parse(one).unwrap(), Site::parse(other).unwrap());
            assert_ne!(one, other);
        }
    }

    #[test]
    fn what_is_no_origin_is_none() {
        for text in [
            "",
            "null",
            "gauge.example",
            "https://",
            "https://gauge.example/",
            "https://gauge.example:",
            "https://gauge.example:x",
            "https://gauge.example:+80",
            "https://gauge.example:65536",
            "https://gauge.example https://evil.example",
            "https://user@gauge.example",
            "https://gauge..example",
            "https://.example",
            "https://*.example",
            "https://bücher.example",
            "https://[::1",
            "https://[::1]x",
            "https://[evil.example]",
            "https://[fe80::1%25eth0]",
            "wss://gauge.example",
            "file://",
            "chrome-extension://abc",
        ] {
            assert_eq!(Site::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_site_is_shown_as_browsers_write_it() {
        for (text, shown) in [
            ("HTTPS://gauge.example.:443", "https://gauge.example"),
            ("http://[0:0::1]:4000", "http://[::1]:4000"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
        ] {
            assert_eq!(Site::parse(text).unwrap().to_string(), shown);
        }
    }
}
