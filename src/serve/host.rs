//! Whom a request says it is for, and which page it comes from.
//!
//! A page that a browser shows can make its own name resolve to the loopback address and then read
//! what a server there answers. Its requests still carry its name, so a server that asks for no
//! token refuses names that are not this machine's. Pages of other origins are refused everywhere.

use std::net::IpAddr;
use std::net::SocketAddr;

use hyper::HeaderMap;
use hyper::Uri;
use hyper::header;

/// A host and its port, as the client wrote them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Authority<'a> {
    host: &'a str,
    port: Option<u16>,
}

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misdirected {
    /// `Host` is missing, given twice or unreadable.
    BadHost,
    /// The host is not one of this server's names.
    WrongHost,
    /// The request comes from a page of another origin.
    WrongOrigin,
}

/// Which hosts a server answers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HostRule {
    /// Any: a token or an explicit setting protects the server.
    Any,
    /// Loopback names and this address.
    Local(IpAddr),
}

impl HostRule {
    /// The rule for a server at `bound`.
    pub(super) fn new(bound: SocketAddr, has_token: bool) -> Self {
        // An IPv4 address may be written as an IPv6 one.
        let bound = bound.ip().to_canonical();
        if has_token || !bound.is_loopback() {
            return Self::Any;
        }
        Self::Local(bound)
    }

    /// Checks the target of a request and the page it comes from.
    ///
    /// # Errors
    /// When it is for another host or from another origin.
    pub(super) fn check(self, uri: &Uri, headers: &HeaderMap) -> Result<(), Misdirected> {
        let target = target(uri, headers).ok_or(Misdirected::BadHost)?;
        if let Self::Local(bound) = self
            && !is_local(target.host, bound)
        {
            return Err(Misdirected::WrongHost);
        }
        let mut origins = headers.get_all(header::ORIGIN).iter();
        if origins.any(|origin| !is_same(origin.to_str().unwrap_or_default(), target)) {
            return Err(Misdirected::WrongOrigin);
        }
        Ok(())
    }
}

/// Whom the request is for: the URI of HTTP/2 and of proxies, else the one `Host` header.
fn target<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<Authority<'a>> {
    if let Some(authority) = uri.authority() {
        return parse(authority.as_str());
    }
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return None;
    };
    parse(host.to_str().ok()?)
}

/// Splits `host`, `host:port`, `[v6]` or `[v6]:port`; the brackets are not part of the host.
fn parse(authority: &str) -> Option<Authority<'_>> {
    let (host, rest) = match authority.strip_prefix('[') {
        Some(v6) => v6.split_once(']')?,
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let port = match rest.strip_prefix(':') {
        Some(port) => Some(port.parse().ok()?),
        None if rest.is_empty() => None,
        None => return None,
    };
    let is_name = !host.is_empty() && !host.contains(['@', '/', ' ']);
    is_name.then_some(Authority { host, port })
}

fn is_local(host: &str, bound: IpAddr) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => {
            let address = address.to_canonical();
            address.is_loopback() || address == bound
        }
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

/// Whether an origin, `scheme://host[:port]`, has the host and port of `target`.
fn is_same(origin: &str, target: Authority<'_>) -> bool {
    let (default_port, rest) = match origin.split_once("://") {
        Some(("http", rest)) => (80, rest),
        Some(("https", rest)) => (443, rest),
        _ => return false,
    };
    parse(rest).is_some_and(|from| {
        from.host.eq_ignore_ascii_case(target.host)
            && from.port.unwrap_or(default_port) == target.port.unwrap_or(default_port)
    })
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn check(rule: HostRule, host: &str, origin: Option<&str>) -> Result<(), Misdirected> {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_str(host).unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
        }
        rule.check(&Uri::from_static("/graphql"), &headers)
    }

    fn local() -> HostRule {
        HostRule::new(SocketAddr::from(([127, 0, 0, 1], 4000)), false)
    }

    #[test]
    fn a_local_server_answers_for_local_names() {
        for host in [
            "localhost",
            "LOCALHOST:4000",
            "127.0.0.1:4000",
            "127.9.9.9",
            "[::1]:4000",
            "[::1]",
        ] {
            assert_eq!(check(local(), host, None), Ok(()), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:4000",
            "10.0.0.1",
            "[fe80::1]",
        ] {
            let expected = Err(Misdirected::WrongHost);
            assert_eq!(check(local(), host, None), expected, "{host}");
        }
        for host in [
            "",
            ":4000",
            "user@localhost",
            "localhost:x",
            "[::1",
            "[::1]x",
        ] {
            let expected = Err(Misdirected::BadHost);
            assert_eq!(check(local(), host, None), expected, "{host}");
        }
        let none = local().check(&Uri::from_static("/"), &HeaderMap::new());
        assert_eq!(none, Err(Misdirected::BadHost));
    }

    #[test]
    fn a_loopback_address_in_the_clothes_of_ipv6_is_local_too() {
        let rule = HostRule::new("[::ffff:127.0.0.1]:4000".parse().unwrap(), false);
        assert_eq!(rule, local());
        assert_eq!(check(rule, "[::ffff:127.0.0.1]:4000", None), Ok(()));
        let expected = Err(Misdirected::WrongHost);
        assert_eq!(check(rule, "evil.example", None), expected);
        assert_eq!(check(rule, "[::ffff:10.0.0.1]:4000", None), expected);
    }

    #[test]
    fn the_authority_of_the_uri_counts_before_the_header() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("localhost"));
        let uri = Uri::from_static("http://evil.example/graphql");
        assert_eq!(local().check(&uri, &headers), Err(Misdirected::WrongHost));
    }

    #[test]
    fn other_origins_are_refused_under_every_rule() {
        let with_token = HostRule::new(SocketAddr::from(([127, 0, 0, 1], 4000)), true);
        let open = HostRule::new(SocketAddr::from(([0, 0, 0, 0], 4000)), false);
        assert_eq!((with_token, open), (HostRule::Any, HostRule::Any));
        let from = |host, origin| check(HostRule::Any, host, Some(origin));
        assert_eq!(from("gauge.example", "https://gauge.example"), Ok(()));
        assert_eq!(from("gauge.example:443", "https://gauge.example"), Ok(()));
        assert_eq!(
            from("gauge.example:4000", "http://GAUGE.example:4000"),
            Ok(())
        );
        for origin in [
            "http://evil.example",
            "http://localhost:4000",
            "http://gauge.example:81",
            "null",
            "",
            "file://",
        ] {
            let expected = Err(Misdirected::WrongOrigin);
            assert_eq!(from("gauge.example", origin), expected, "{origin}");
        }
    }
}
