//! Whom a request says it is for.
//!
//! A page that a browser shows can make its own name resolve to the loopback address and then read
//! what a server there answers. Its requests still carry its name, so a server that asks for no
//! token refuses names that are not this machine's.

use std::net::IpAddr;
use std::net::SocketAddr;

use hyper::HeaderMap;
use hyper::Uri;
use hyper::header;

use crate::config::Authority;
use crate::config::Host;
use crate::config::Scheme;
use crate::config::Site;

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

/// Which hosts a server answers for, beside its public ones.
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
        let bound = bound.ip().to_canonical();
        if has_token || !bound.is_loopback() {
            return Self::Any;
        }
        Self::Local(bound)
    }

    /// Whether it answers for a host.
    pub(super) fn admits(self, host: Host<'_>) -> bool {
        match self {
            Self::Any => true,
            Self::Local(bound) => host.is_loopback() || host == Host::Address(bound),
        }
    }
}

/// Whom the request is for: the URI of HTTP/2 and of proxies, else the one `Host` header.
pub(super) fn target<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<Authority<'a>> {
    if let Some(authority) = uri.authority() {
        return Authority::parse(authority.as_str());
    }
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return None;
    };
    Authority::parse(host.to_str().ok()?)
}

/// Whether a page is the one that a request for `target` would open, over `scheme` where it is known.
/// A target without a port is at the scheme's own.
pub(super) fn is_page_of(page: Site<'_>, target: Authority<'_>, scheme: Option<Scheme>) -> bool {
    scheme.is_none_or(|scheme| scheme == page.scheme) && page == target.over(page.scheme)
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn admits(host: &'static str) -> Option<bool> {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static(host));
        let rule = HostRule::new(SocketAddr::from(([127, 0, 0, 1], 4000)), false);
        let uri = Uri::from_static("/graphql");
        let target = target(&uri, &headers)?;
        Some(rule.admits(target.host))
    }

    #[test]
    fn a_local_server_answers_for_local_names() {
        for host in [
            "localhost",
            "LOCALHOST:4000",
            "localhost.:4000",
            "127.0.0.1:4000",
            "127.9.9.9",
            "[::1]:4000",
            "[::1]",
            "[::ffff:127.0.0.1]:4000",
        ] {
            assert_eq!(admits(host), Some(true), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:4000",
            "127.0.0.01",
            "2130706433",
            "10.0.0.1",
            "[fe80::1]",
            "0.0.0.0:4000",
        ] {
            assert_eq!(admits(host), Some(false), "{host}");
        }
        for host in [
            "",
            ":4000",
            "user@localhost",
            "localhost:x",
            "localhost:+4000",
            "localhost, evil.example",
            "localhost/",
            "localhost..",
            "[::1",
            "[::1]x",
            "[localhost]",
        ] {
            assert_eq!(admits(host), None, "{host}");
        }
        assert_eq!(target(&Uri::from_static("/"), &HeaderMap::new()), None);
    }

    #[test]
    fn a_loopback_address_in_the_clothes_of_ipv6_is_local_too() {
        let rule = HostRule::new("[::ffff:127.0.0.1]:4000".parse().unwrap(), false);
        assert_eq!(rule, HostRule::Local([127, 0, 0, 1].into()));
        assert_eq!(admits("[::ffff:127.0.0.1]:4000"), Some(true));
        assert_eq!(admits("[::ffff:10.0.0.1]:4000"), Some(false));
    }

    #[test]
    fn the_authority_of_the_uri_counts_before_the_header() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("localhost"));
        let uri = Uri::from_static("http://evil.example/graphql");
        let target = target(&uri, &headers).unwrap();
        assert_eq!(target.host, Host::Name("evil.example"));
    }

    #[test]
    fn an_address_inside_another_is_the_same_one() {
        let mapped = SocketAddr::new("::ffff:127.0.0.1".parse().unwrap(), 1);
        let expected = HostRule::Local(IpAddr::from([127, 0, 0, 1]));
        assert_eq!(HostRule::new(mapped, false), expected);
        assert_eq!(HostRule::new(mapped, true), HostRule::Any);
        let open = SocketAddr::from(([0, 0, 0, 0], 1));
        assert_eq!(HostRule::new(open, false), HostRule::Any);
    }

    #[test]
    fn a_page_is_told_by_scheme_host_and_port() {
        let check = |page: &str, target: &str, scheme: Option<Scheme>, expected: bool| {
            let (page, target) = (
                Site::parse(page).unwrap(),
                Authority::parse(target).unwrap(),
            );
            assert_eq!(
                is_page_of(page, target, scheme),
                expected,
                "{page} {target:?}"
            );
        };
        check("https://gauge.example", "gauge.example", None, true);
        check("https://gauge.example", "gauge.example:443", None, true);
        check("http://gauge.example", "gauge.example:80", None, true);
        check("http://gauge.example", "gauge.example:443", None, false);
        check("https://gauge.example", "gauge.example:80", None, false);
        check(
            "http://GAUGE.example:4000",
            "gauge.example.:4000",
            None,
            true,
        );
        check("http://gauge.example:81", "gauge.example", None, false);
        check("http://[::1]:4000", "[0::1]:4000", None, true);
        check("http://localhost:4000", "127.0.0.1:4000", None, false);
        let https = Some(Scheme::Https);
        check("https://gauge.example", "gauge.example", https, true);
        check("http://gauge.example", "gauge.example", https, false);
        check(
            "http://gauge.example:443",
            "gauge.example:443",
            https,
            false,
        );
        check(
            "https://gauge.example",
            "gauge.example",
            Some(Scheme::Http),
            false,
        );
    }
}
