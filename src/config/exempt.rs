//! Hosts that are reached without a proxy: what `NO_PROXY` lists.
//!
//! The rules are curl's where other programs differ: an exempt domain covers its subdomains with and
//! without a dot before it. Names are not resolved here; an exempt network covers addresses only.

use std::net::IpAddr;
use std::net::Ipv6Addr;

/// Hosts that are reached without a proxy: those listed, and this machine itself.
#[derive(Clone, Debug, Default)]
pub struct Exempt {
    rules: Vec<Rule>,
    /// Whether this machine itself is reached through the proxy too.
    is_loopback_proxied: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    hosts: Hosts,
    /// On this port alone; on all where there is none.
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    All,
    /// A domain in lower case and everything below it.
    Domain(String),
    /// The addresses that share so many bits with this one.
    Network(IpAddr, u32),
}

impl Exempt {
    /// What has this machine itself reached through the proxy, as in browsers.
    const LOOPBACK_TOO: &str = "<-loopback>";

    /// Reads a list separated by commas or spaces, and returns what in it means nothing.
    pub(super) fn parse(text: &str) -> (Self, Vec<String>) {
        let (mut exempt, mut unread) = (Self::default(), Vec::new());
        let entries = text.split(|c: char| c == ',' || c.is_whitespace());
        for entry in entries.filter(|entry| !entry.is_empty()) {
            if entry == Self::LOOPBACK_TOO {
                exempt.is_loopback_proxied = true;
                continue;
            }
            match rule(entry) {
                Some(rule) => exempt.rules.push(rule),
                None => unread.push(entry.to_owned()),
            }
        }
        (exempt, unread)
    }

    /// Whether a host is reached without a proxy.
    pub(super) fn covers(&self, host: &str, port: u16) -> bool {
        let host = host
            .trim_matches(['[', ']'])
            .trim_end_matches('.')
            .to_ascii_lowercase();
        if !self.is_loopback_proxied && is_this_machine(&host) {
            return true;
        }
        let address = host.parse::<IpAddr>().ok().map(|ip| ip.to_canonical());
        let is_in = |hosts: &Hosts| match (hosts, address) {
            (Hosts::All, _) => true,
            (Hosts::Domain(domain), None) => host
                .strip_suffix(domain)
                .is_some_and(|before| before.is_empty() || before.ends_with('.')),
            (Hosts::Network(network, bits), Some(ip)) => shares(*network, ip, *bits),
            _ => false,
        };
        let on_port = |rule: &Rule| rule.port.is_none_or(|only| only == port);
        self.rules
            .iter()
            .any(|rule| on_port(rule) && is_in(&rule.hosts))
    }
}

fn rule(entry: &str) -> Option<Rule> {
    if let Some((network, bits)) = entry.split_once('/') {
        let network: IpAddr = network.trim_matches(['[', ']']).parse().ok()?;
        let bits: u32 = bits.parse().ok()?;
        let bits_max = if network.is_ipv4() { 32 } else { 128 };
        let hosts = Hosts::Network(network, bits);
        return (bits <= bits_max).then_some(Rule { hosts, port: None });
    }
    let (host, port) = split_port(entry)?;
    if host == "*" {
        return Some(Rule {
            hosts: Hosts::All,
            port,
        });
    }
    if let Ok(ip) = host.parse::<IpAddr>() {
        let ip = ip.to_canonical();
        let bits = if ip.is_ipv4() { 32 } else { 128 };
        return Some(Rule {
            hosts: Hosts::Network(ip, bits),
            port,
        });
    }
    let domain = host
        .trim_start_matches("*.")
        .trim_matches('.')
        .to_ascii_lowercase();
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if domain.is_empty() || !domain.bytes().all(is_name) {
        return None;
    }
    Some(Rule {
        hosts: Hosts::Domain(domain),
        port,
    })
}

fn shares(network: IpAddr, ip: IpAddr, bits: u32) -> bool {
    let same = |a: u128, b: u128, width: u32| bits == 0 || (a ^ b) >> (width - bits) == 0;
    match (network, ip) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            same(u128::from(a.to_bits()), u128::from(b.to_bits()), 32)
        }
        (IpAddr::V6(a), IpAddr::V6(b)) => same(a.to_bits(), b.to_bits(), 128),
        _ => false,
    }
}

pub(super) fn is_this_machine(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.to_canonical().is_loopback())
}

/// Host, without brackets, and port of `host`, `host:1`, `[::1]`, `[::1]:1` or `::1`.
pub(super) fn split_port(place: &str) -> Option<(&str, Option<u16>)> {
    if let Some(inner) = place.strip_prefix('[') {
        let (host, behind) = inner.split_once(']')?;
        host.parse::<Ipv6Addr>().ok()?;
        return match behind.strip_prefix(':') {
            Some(port) => Some((host, Some(port.parse().ok()?))),
            None => behind.is_empty().then_some((host, None)),
        };
    }
    match place.split_once(':') {
        Some((_, port)) if port.contains(':') => {
            place.parse::<IpAddr>().ok().map(|_| (place, None))
        }
        Some((host, "")) => Some((host, None)),
        Some((host, port)) => Some((host, Some(port.parse().ok()?))),
        None => Some((place, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exempt(list: &str) -> Exempt {
        let (exempt, unread) = Exempt::parse(list);
        assert!(unread.is_empty(), "{unread:?}");
        exempt
    }

    #[test]
    fn exempt_hosts_are_reached_without() {
        let check = |list: &str, host: &str, port: u16, expected: bool| {
            assert_eq!(
                exempt(list).covers(host, port),
                expected,
                "{list} {host}:{port}"
            );
        };
        for list in [
            "example.com",
            ".example.com",
            "*.example.com",
            "a.b, EXAMPLE.com.",
            "a.b example.com",
        ] {
            check(list, "example.com", 443, true);
            check(list, "api.example.com", 443, true);
            check(list, "API.Example.Com.", 443, true);
            check(list, "badexample.com", 443, false);
            check(list, "example.com.evil", 443, false);
            check(list, "example.org", 443, false);
        }
        check("example.com:8443", "example.com", 8443, true);
        check("example.com:8443", "example.com", 443, false);
        check("*", "example.com", 443, true);
        check("*", "10.0.0.1", 443, true);
        check("10.0.0.1", "10.0.0.1", 1, true);
        check("10.0.0.1", "10.0.0.11", 1, false);
        check("10.0.0.1:1", "10.0.0.1", 2, false);
        check("10.0.0.0/8", "10.255.0.1", 1, true);
        check("10.0.0.0/8", "11.0.0.1", 1, false);
        check("10.0.0.0/8", "[::ffff:10.1.1.1]", 1, true);
        check("0.0.0.0/0", "11.0.0.1", 1, true);
        check("0.0.0.0/0", "2001:db8::1", 1, false);
        check("2001:db8::/32", "[2001:db8:ffff::1]", 1, true);
        check("2001:db8::/32", "[2001:db9::1]", 1, false);
        check("[2001:db8::1]:443", "2001:db8::1", 443, true);
        check("2001:db8::1", "2001:db8::1", 443, true);
        // A number at the end of a name is no address.
        check("0.0.1", "10.0.0.1", 1, false);
    }

    #[test]
    fn this_machine_is_not_proxied_unless_said() {
        let machine = [
            "localhost",
            "LOCALHOST",
            "a.localhost",
            "127.0.0.1",
            "127.9.9.9",
            "[::1]",
            "::ffff:127.0.0.1",
        ];
        for host in machine {
            assert!(exempt("").covers(host, 1), "{host}");
            assert!(!exempt("<-loopback>").covers(host, 1), "{host}");
        }
        assert!(exempt("<-loopback>,localhost:1").covers("localhost", 1));
        assert!(!exempt("").covers("localhost.example.com", 1));
    }

    #[test]
    fn what_means_nothing_is_told() {
        let (exempt, unread) = Exempt::parse("10.0.0.0/33, a.b,a_b/8,http://x/,[::1,..");
        assert_eq!(unread, ["10.0.0.0/33", "a_b/8", "http://x/", "[::1", ".."]);
        assert!(exempt.covers("a.b", 1));
    }
}
