//! What stands in front of the server: the public URLs under which browsers reach it, the proxies
//! that are believed, and what follows for one request.
//!
//! A proxy may take the path's prefix away or pass it on, and may send the client's host, another
//! one or one without its port. So a page is ours when its origin is a public one or that of the
//! request itself; a prefix that is still there is taken away here.

use std::net::IpAddr;
use std::net::SocketAddr;

use hyper::HeaderMap;
use hyper::Request;
use hyper::Uri;
use hyper::header;

use super::forwarded::Forwarded;
use super::host;
use super::host::HostRule;
use super::host::Misdirected;
use crate::config::Authority;
use crate::config::Host;
use crate::config::Network;
use crate::config::Prefix;
use crate::config::PublicUrl;
use crate::config::Scheme;
use crate::config::ServeSettings;
use crate::config::Site;
use crate::serve::access::sign_in::Scope;

/// Who is at the other end of a connection: a client, or a proxy before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Peer {
    /// Its address, unless it is gone already.
    pub(super) address: Option<IpAddr>,
    /// Whether the connection to it is TLS of our own.
    pub(super) is_tls: bool,
}

/// The public URLs, the trusted proxies and the names that the server answers to.
#[derive(Debug)]
pub(super) struct Front {
    rule: HostRule,
    public_urls: Vec<PublicUrl>,
    /// Theirs, the longest first, none empty.
    prefixes: Vec<Prefix>,
    trusted: Vec<Network>,
}

/// Where a request goes to on this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    /// What came before the path; usually empty.
    pub(super) prefix: &'a str,
    /// The path without it. Empty for a prefix without its slash, under which nothing that is named
    /// relative to it would be found.
    pub(super) path: &'a str,
}

impl Front {
    /// The front of a server at `bound`.
    pub(super) fn new(settings: &ServeSettings, bound: SocketAddr) -> Self {
        let prefixes = settings.public_urls.iter().map(PublicUrl::prefix);
        let mut prefixes: Vec<Prefix> = prefixes
            .filter(|prefix| !prefix.as_str().is_empty())
            .cloned()
            .collect();
        prefixes.sort_by_key(|prefix| std::cmp::Reverse(prefix.as_str().len()));
        Self {
            rule: HostRule::new(bound, settings.token.is_some()),
            public_urls: settings.public_urls.clone(),
            prefixes,
            trusted: settings.trusted_proxies.clone(),
        }
    }

    /// The place of a request's path.
    pub(super) fn place<'a, B>(&self, peer: Peer, request: &'a Request<B>) -> Place<'a> {
        let path = request.uri().path();
        let forwarded = self.forwarded(peer, request.headers()).prefix;
        let forwarded = forwarded.filter(|prefix| !prefix.as_str().is_empty());
        let rest = forwarded
            .iter()
            .chain(&self.prefixes)
            .find_map(|prefix| prefix.strip(path));
        let path_at = rest.map_or(0, |rest| path.len() - rest.len());
        let (prefix, path) = path.split_at(path_at);
        Place { prefix, path }
    }

    /// Checks the target of a request and the page it comes from.
    ///
    /// # Errors
    /// When it is for another host or from another origin.
    pub(super) fn check(
        &self,
        peer: Peer,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<(), Misdirected> {
        let target = host::target(uri, headers).ok_or(Misdirected::BadHost)?;
        let forwarded = self.forwarded(peer, headers);
        if !self.is_for_us(target.host, forwarded.authority()) {
            return Err(Misdirected::WrongHost);
        }
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let is_ours = |origin: &str| {
            Site::parse(origin).is_some_and(|page| self.is_our_page(page, target, peer, &forwarded))
        };
        if origins.any(|origin| !is_ours(origin.to_str().unwrap_or_default())) {
            return Err(Misdirected::WrongOrigin);
        }
        Ok(())
    }

    /// Whether a request for `target` is for this server, and so what a proxy says it was for.
    fn is_for_us(&self, target: Host<'_>, forwarded: Option<Authority<'_>>) -> bool {
        let is_known = |host| self.rule.admits(host) || self.is_public(host);
        let is_forwarded_known = forwarded.is_none_or(|forwarded| is_known(forwarded.host));
        if is_known(target) {
            // Where the public names are given, a proxy is for no others.
            return is_forwarded_known || self.public_urls.is_empty();
        }
        // The name that a trusted proxy has for us. Nobody can make one without a dot resolve to
        // this machine in somebody's browser, whatever that says of a proxy.
        let is_label = matches!(target, Host::Name(name) if !name.contains('.'));
        is_label && forwarded.is_some_and(|forwarded| self.is_public(forwarded.host))
    }

    fn is_public(&self, host: Host<'_>) -> bool {
        self.public_urls.iter().any(|url| url.site().host == host)
    }

    fn is_our_page(
        &self,
        page: Site<'_>,
        target: Authority<'_>,
        peer: Peer,
        forwarded: &Forwarded<'_>,
    ) -> bool {
        let scheme = scheme(peer, forwarded);
        // A proxy may have dropped the port of a public URL, and it says nothing of the scheme: of
        // such a host the public URLs alone say which pages are ours.
        let tells = |target: &Authority<'_>| target.port.is_some() || !self.is_public(target.host);
        let own = std::iter::once(target).chain(forwarded.authority());
        let mut own = own.filter(tells);
        self.public_urls.iter().any(|url| url.site() == page)
            || own.any(|target| host::is_page_of(page, target, scheme))
    }

    /// What the cookie of a session that begins or ends with a request is bound to.
    pub(super) fn scope<B>(&self, peer: Peer, request: &Request<B>) -> Scope {
        let (uri, headers) = (request.uri(), request.headers());
        let forwarded = self.forwarded(peer, headers);
        let passed_on = Prefix::parse(self.place(peer, request).prefix).ok();
        let known = passed_on.filter(|prefix| !prefix.as_str().is_empty());
        let known = known.or_else(|| forwarded.prefix.clone());

        // A browser says with its origin which of the public URLs it is at; where it says nothing, the
        // host may.
        let origin = headers.get(header::ORIGIN);
        let page = origin.and_then(|origin| Site::parse(origin.to_str().ok()?));
        let target = forwarded.authority().or_else(|| host::target(uri, headers));
        let is_at = |url: &&PublicUrl| {
            let site = url.site();
            let by_host = || target.is_some_and(|target| target.over(site.scheme) == site);
            page.map_or_else(by_host, |page| page == site)
        };
        let urls: Vec<&PublicUrl> = self.public_urls.iter().filter(is_at).collect();
        let of_page = page.filter(|_| !urls.is_empty()).map(|page| page.scheme);
        let scheme = of_page
            .or_else(|| scheme(peer, &forwarded))
            .or_else(|| one(urls.iter().map(|url| url.site().scheme)));
        let prefix = known.or_else(|| one(urls.iter().map(|url| url.prefix())).cloned());
        Scope {
            prefix: prefix.unwrap_or_default(),
            is_tls: scheme == Some(Scheme::Https),
        }
    }

    fn forwarded<'a>(&self, peer: Peer, headers: &'a HeaderMap) -> Forwarded<'a> {
        match peer.address {
            Some(address) => Forwarded::read(address, &self.trusted, headers),
            None => Forwarded::default(),
        }
    }
}

impl Place<'_> {
    /// Where a client is sent that asks for a prefix without its slash: relative, so that it is right
    /// under whatever else a proxy adds. It tells nothing that the client does not know.
    pub(super) fn with_slash(&self, query: Option<&str>) -> Option<String> {
        if !self.path.is_empty() {
            return None;
        }
        let (_, last) = self.prefix.rsplit_once('/')?;
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        Some(format!("{last}/{query}"))
    }
}

/// The scheme that the client used, where it is known.
fn scheme(peer: Peer, forwarded: &Forwarded<'_>) -> Option<Scheme> {
    let own = peer.is_tls.then_some(Scheme::Https);
    forwarded.scheme.or(own)
}

/// What all of them are; `None` where there are none, or different ones.
fn one<T: PartialEq>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}

#[cfg(test)]
mod tests;
