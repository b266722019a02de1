//! The page's files, embedded by `build.rs`: which there are, and the answer that carries one.
//!
//! Files under `/assets/` carry the hash of their bytes in their name and never change; the two pages
//! that name them are asked for again each time and answered 304 while they are the same.

use bytes::Bytes;
use hyper::HeaderMap;
use hyper::StatusCode;
use hyper::header;
use hyper::header::HeaderValue;

use crate::serve::answer;
use crate::serve::answer::Answer;
use crate::serve::answer::media;

/// A file of the page.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::serve) struct Asset {
    /// Its state.
    pub(in crate::serve) path: &'static str,
    mime: &'static str,
    /// Quoted, of `identity`.
    etag: &'static str,
    /// Quoted, of `gzip`: another representation has another tag.
    gzip_etag: &'static str,
    identity: &'static [u8],
    /// `None` where compressing gains nothing.
    gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The folder of the files whose name is their version.
pub(in crate::serve) const HASHED: &str = "/assets/";

/// The policy of the page: what it needs is here, and nothing else is. Scripts may set the styles of
/// elements, no markup may. The hash is that of the one script inside the page.
const POLICY: &str = "default-src 'none'; \
    script-src 'self' 'sha256-TTQLqTpYSHeahNoB2KIs8JVt4XqEQnAwoPCVA08MOcM='; style-src 'self'; \
    connect-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// The policy of the explorer, whose library writes style sheets into the page and carries its fonts
/// in them.
const EXPLORER_POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data:; \
    font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file under [`HASHED`].
pub(in crate::serve) fn hashed(path: &str) -> Option<&'static Asset> {
    named(path).filter(|asset| asset.path.starts_with(HASHED))
}

/// The page at `/`.
pub(in crate::serve) fn page() -> Option<&'static Asset> {
    named("/index.html")
}

/// The explorer at `/graphql`.
pub(in crate::serve) fn explorer() -> Option<&'static Asset> {
    named(EXPLORER)
}

const EXPLORER: &str = "/explorer.html";

fn named(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

impl Asset {
    /// The answer to a request with these headers: the file, compressed where the client takes that,
    /// or 304 where it has it.
    pub(in crate::serve) fn answer(&'static self, headers: &HeaderMap) -> Answer {
        let gzip = self.gzip.filter(|_| media::accepts_gzip(headers));
        let etag = match gzip {
            Some(_) => self.gzip_etag,
            None => self.etag,
        };
        let mut answer = match knows(headers, etag) {
            true => answer::new(StatusCode::NOT_MODIFIED, self.mime, Bytes::new()),
            false => {
                let bytes = Bytes::from_static(gzip.unwrap_or(self.identity));
                answer::new(StatusCode::OK, self.mime, bytes)
            }
        };
        let is_sent = answer.status() == StatusCode::OK;
        let headers = answer.headers_mut();
        let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
        // Not for shared caches: where a token is asked for, they would answer without it.
        let kept = match self.path.starts_with(HASHED) {
            true => "private, max-age=31536000, immutable",
            false => "private, no-cache",
        };
        set(header::CACHE_CONTROL, kept);
        set(header::ETAG, etag);
        set(header::VARY, "accept, accept-encoding");
        set(
            header::CONTENT_SECURITY_POLICY,
            match self.path {
                EXPLORER => EXPLORER_POLICY,
                _ => POLICY,
            },
        );
        if gzip.is_some() && is_sent {
            set(header::CONTENT_ENCODING, "gzip");
        }
        answer
    }
}

/// Whether the client says that it has what `etag` names.
fn knows(headers: &HeaderMap, etag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter();
    values
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == etag)
}

#[cfg(test)]
mod tests;
