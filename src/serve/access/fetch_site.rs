//! Which site a browser's request comes from, as the browser itself says (Fetch Metadata).
//!
//! An image or a form of another site makes a browser send requests here: with the origin of no page
//! in them, and from inside a network that the site itself does not reach. The other site cannot read
//! what is answered, but it can make the server work. A link that somebody follows is something else:
//! that opens a page. Clients that are no browsers say nothing of the kind.

use hyper::HeaderMap;
use hyper::Method;
use hyper::header::HeaderName;

// As names, so that no request has them parsed again.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Whether a request is made by a page of another site. `is_page` says whether what it asks for is a
/// page, to which other sites may link.
pub(in crate::serve) fn is_foreign(method: &Method, headers: &HeaderMap, is_page: bool) -> bool {
    let mut sites = headers.get_all(&SITE).iter();
    let is_ours = sites.all(|site| matches!(site.as_bytes(), b"same-origin" | b"none"));
    if is_ours {
        return false;
    }
    let says = |name: &HeaderName, expected: &str| {
        headers.get(name).is_some_and(|value| value == expected)
    };
    let is_link = matches!(*method, Method::GET | Method::HEAD)
        && says(&MODE, "navigate")
        && says(&DEST, "document");
    !(is_page && is_link)
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn check(method: Method, headers: &[&'static str; 3], is_page: bool) -> bool {
        let names = ["sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"];
        let headers = names.into_iter().zip(headers);
        let headers = headers.filter(|(_, value)| !value.is_empty());
        let headers = headers.map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        is_foreign(&method, &headers.collect(), is_page)
    }

    #[test]
    fn other_sites_may_link_to_pages_and_no_more() {
        // (site, mode, dest), to a page, to anything else
        for (headers, page, other) in [
            (["", "", ""], false, false),
            (["same-origin", "cors", "empty"], false, false),
            (["none", "navigate", "document"], false, false),
            (["cross-site", "navigate", "document"], false, true),
            (["same-site", "navigate", "document"], false, true),
            (["cross-site", "navigate", "iframe"], true, true),
            (["cross-site", "navigate", "embed"], true, true),
            (["cross-site", "no-cors", "image"], true, true),
            (["same-site", "no-cors", "image"], true, true),
            (["cross-site", "no-cors", "script"], true, true),
            (["cross-site", "websocket", "empty"], true, true),
            (["cross-site", "cors", "empty"], true, true),
            (["cross-site", "", ""], true, true),
            (["something new", "navigate", "image"], true, true),
        ] {
            assert_eq!(check(Method::GET, &headers, true), page, "{headers:?}");
            assert_eq!(check(Method::GET, &headers, false), other, "{headers:?}");
        }
        let form = ["cross-site", "navigate", "document"];
        assert!(check(Method::POST, &form, true), "a form of another site");
    }

    #[test]
    fn every_value_counts() {
        let mut headers = HeaderMap::new();
        for site in ["same-origin", "cross-site"] {
            headers.append("sec-fetch-site", HeaderValue::from_static(site));
        }
        assert!(is_foreign(&Method::GET, &headers, false));
    }
}
