//! What proxies say of the way a request came: `Forwarded` (RFC 7239) and `X-Forwarded-*`.
//!
//! Anybody can send these headers, so they count only on a connection from a trusted proxy, and of
//! each only what that proxy wrote, at the end: what stands before it was written by whoever
//! connected to it, and counts when that is a trusted proxy as well, and so on. A browser cannot be
//! made to send `Forwarded` beside the proxy's own headers unnoticed: where the two families
//! disagree, neither counts.

use std::borrow::Cow;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;

use hyper::HeaderMap;
use hyper::header;
use hyper::header::HeaderName;

use crate::config::Authority;
use crate::config::Network;
use crate::config::Prefix;
use crate::config::Scheme;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");

/// How a request reached the first of the trusted proxies. What is not said is `None`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Forwarded<'a> {
    /// Host and port, as the client wrote them.
    host: Option<Cow<'a, str>>,
    /// Whether over TLS.
    pub(super) scheme: Option<Scheme>,
    /// The path that was taken away, or is passed on.
    pub(super) prefix: Option<Prefix>,
}

impl<'a> Forwarded<'a> {
    /// Reads what counts of the headers of a request that came from `peer`.
    pub(super) fn read(peer: IpAddr, trusted: &[Network], headers: &'a HeaderMap) -> Self {
        let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
        if !is_trusted(peer) {
            return Self::default();
        }
        let standard = Self::standard(&is_trusted, headers);
        let usual = Self::usual(&is_trusted, headers);
        Self {
            host: agreed(standard.host, usual.host, |one, other| {
                Authority::parse(one) == Authority::parse(other)
            }),
            scheme: agreed(standard.scheme, usual.scheme, |one, other| one == other),
            prefix: usual.prefix,
        }
    }

    /// Host and port, as the client wrote them.
    pub(super) fn authority(&self) -> Option<Authority<'_>> {
        Authority::parse(self.host.as_deref()?)
    }

    /// By `Forwarded`: an element for each proxy, over all lines, the last one by our peer. A line
    /// that is not of this form hides all before it.
    fn standard(is_trusted: &impl Fn(IpAddr) -> bool, headers: &'a HeaderMap) -> Self {
        let mut said = Self::default();
        for line in headers.get_all(header::FORWARDED).iter().rev() {
            let Some(elements) = line.to_str().ok().and_then(elements) else {
                return said;
            };
            for element in elements.into_iter().rev() {
                // The proxy further out saw more of the client's own words.
                said.host = element.host.or(said.host);
                said.scheme = element.scheme.or(said.scheme);
                if !element.client.is_some_and(is_trusted) {
                    return said;
                }
            }
        }
        said
    }

    /// By `X-Forwarded-*`: a list of addresses that each proxy appends to, and other lists that it
    /// appends to or rewrites.
    fn usual(is_trusted: &impl Fn(IpAddr) -> bool, headers: &'a HeaderMap) -> Self {
        let clients = list(headers, &X_FORWARDED_FOR);
        let further = clients
            .iter()
            .rev()
            .take_while(|node| address(node).is_some_and(is_trusted));
        let proxies = 1 + further.count();
        let said = |name: &HeaderName| {
            let list = list(headers, name);
            let at = list.len().saturating_sub(proxies);
            list.get(at).copied()
        };
        Self {
            host: said(&X_FORWARDED_HOST).map(Cow::Borrowed),
            scheme: said(&X_FORWARDED_PROTO).and_then(Scheme::parse),
            prefix: said(&X_FORWARDED_PREFIX).and_then(|path| Prefix::parse(path).ok()),
        }
    }
}

/// What both say, or the one that says something.
fn agreed<T>(one: Option<T>, other: Option<T>, are_same: impl Fn(&T, &T) -> bool) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => are_same(&one, &other).then_some(one),
        (one, other) => one.or(other),
    }
}

/// What is between the commas of a header's lines.
fn list<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<&'a str> {
    let lines = headers.get_all(name).iter();
    lines
        .flat_map(|line| line.to_str().unwrap_or_default().split(','))
        .map(str::trim)
        .collect()
}

/// What one proxy says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Element<'a> {
    client: Option<IpAddr>,
    host: Option<Cow<'a, str>>,
    scheme: Option<Scheme>,
}

/// The elements of a line; `None` when it is not of their form.
fn elements(line: &str) -> Option<Vec<Element<'_>>> {
    split(line, b',')?.into_iter().map(element).collect()
}

fn element(text: &str) -> Option<Element<'_>> {
    let mut element = Element::default();
    let mut names: Vec<&str> = Vec::new();
    for pair in split(text, b';')? {
        // Empty elements and pairs are to be passed over.
        if pair.is_empty() {
            continue;
        }
        let (name, text) = pair.split_once('=')?;
        if names.iter().any(|other| other.eq_ignore_ascii_case(name)) {
            return None;
        }
        names.push(name);
        let text = unquoted(text)?;
        match name {
            _ if name.eq_ignore_ascii_case("for") => element.client = address(&text),
            _ if name.eq_ignore_ascii_case("host") => element.host = Some(text),
            _ if name.eq_ignore_ascii_case("proto") => element.scheme = Scheme::parse(&text),
            _ if name.is_empty() => return None,
            _ => {}
        }
    }
    Some(element)
}

/// Splits where `by` stands outside of quotes; `None` when a quote does not end.
fn split(text: &str, by: u8) -> Option<Vec<&str>> {
    let (mut parts, mut begin) = (Vec::new(), 0);
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            _ if byte == by && !is_quoted => {
                parts.push(text[begin..at].trim());
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[begin..].trim());
    (!is_quoted).then_some(parts)
}

/// A token, or what is between quotes.
fn unquoted(text: &str) -> Option<Cow<'_, str>> {
    let Some(rest) = text.strip_prefix('"') else {
        let is_token = !text.is_empty() && !text.contains(['"', '\\', ' ', '\t']);
        return is_token.then_some(Cow::Borrowed(text));
    };
    let inside = rest.strip_suffix('"')?;
    if !inside.contains(['\\', '"']) {
        return Some(Cow::Borrowed(inside));
    }
    let (mut plain, mut characters) = (String::new(), inside.chars());
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.push(characters.next()?),
            '"' => return None,
            _ => plain.push(character),
        }
    }
    Some(Cow::Owned(plain))
}

/// The address of a node: `v4`, `v4:port`, `[v6]`, `[v6]:port`, and the bare `v6` of
/// `X-Forwarded-For`. Hidden and unknown nodes have none.
fn address(node: &str) -> Option<IpAddr> {
    let bracketed = node.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    match bracketed {
        Some((address, "")) => address.parse().ok().filter(IpAddr::is_ipv6),
        Some(_) => node.parse::<SocketAddr>().ok().map(|node| node.ip()),
        None => node.parse().ok().or_else(|| {
            let (address, _port) = node.split_once(':')?;
            Some(address.parse::<Ipv4Addr>().ok()?.into())
        }),
    }
}

#[cfg(test)]
mod tests;
