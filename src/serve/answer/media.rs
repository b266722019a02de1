//! Media types: what a client accepts and what it says it sends. Pure functions over headers.

use hyper::HeaderMap;
use hyper::header;

/// The media type of a GraphQL answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::serve) enum Media {
    /// `application/graphql-response+json`: the status tells whether the request was executed.
    GraphQl,
    /// `application/json`: a well-formed request is answered 200, whatever is in it.
    Json,
}

impl Media {
    /// The value of `Content-Type`.
    pub(in crate::serve) const fn content_type(self) -> &'static str {
        match self {
            Self::GraphQl => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }
}

/// The media type to answer with, and whether a client takes server-sent events; see [`negotiate`] and
/// [`accepts_events`].
pub(in crate::serve) fn accepted(headers: &HeaderMap) -> (Option<Media>, bool) {
    // Most clients say nothing, and one look finds that.
    match headers.contains_key(header::ACCEPT) {
        true => (negotiate(headers), accepts_events(headers)),
        false => (Some(Media::Json), false),
    }
}

/// Whether a client takes server-sent events and says so by name: no range that happens to fit them.
fn accepts_events(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT).iter();
    let ranges = values.flat_map(|value| value.to_str().unwrap_or_default().split(','));
    ranges
        .map(parse_range)
        .any(|(name, quality)| name == "text/event-stream" && quality > 0)
}

/// How well the best matching range of `Accept` fits a type: more exact ranges win over vaguer ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Fit {
    /// 0 none, 1 `*/*`, 2 `application/*`, 3 the type itself.
    exactness: u8,
    /// Thousandths.
    quality: u16,
}

/// The media type to answer with, or `None` when the client accepts neither. Without `Accept`, and
/// where both are as welcome, it is the one that clients of any age understand, unless the newer one
/// is named.
fn negotiate(headers: &HeaderMap) -> Option<Media> {
    if !headers.contains_key(header::ACCEPT) {
        return Some(Media::Json);
    }
    let (mut graphql, mut json) = (Fit::default(), Fit::default());
    for value in headers.get_all(header::ACCEPT) {
        // A value that is not text matches nothing.
        for range in value.to_str().unwrap_or_default().split(',') {
            let (name, quality) = parse_range(range);
            let fit = |exactness| Fit { exactness, quality };
            match name.as_str() {
                "application/graphql-response+json" => graphql = graphql.max(fit(3)),
                "application/json" => json = json.max(fit(3)),
                "application/*" => (graphql, json) = (graphql.max(fit(2)), json.max(fit(2))),
                "*/*" => (graphql, json) = (graphql.max(fit(1)), json.max(fit(1))),
                _ => {}
            }
        }
    }
    let prefers_graphql = graphql.quality > json.quality
        || (graphql.quality == json.quality && graphql.exactness == 3);
    match (graphql.quality, json.quality) {
        (0, 0) => None,
        _ if prefers_graphql => Some(Media::GraphQl),
        _ => Some(Media::Json),
    }
}

/// Whether a browser asks for something to show: HTML is welcome, and no form of JSON is named.
pub(in crate::serve) fn wants_html(headers: &HeaderMap) -> bool {
    let (mut html, mut json) = (false, false);
    for value in headers.get_all(header::ACCEPT) {
        for range in value.to_str().unwrap_or_default().split(',') {
            match parse_range(range) {
                (name, 1..) if name == "text/html" => html = true,
                (name, 1..) if name.ends_with("json") => json = true,
                _ => {}
            }
        }
    }
    html && !json
}

/// Whether a client takes what is compressed by gzip. Without `Accept-Encoding` nothing is.
pub(in crate::serve) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let (mut gzip, mut any) = (None, None);
    for value in headers.get_all(header::ACCEPT_ENCODING) {
        for range in value.to_str().unwrap_or_default().split(',') {
            match parse_range(range) {
                (name, quality) if name == "gzip" => gzip = Some(quality),
                (name, quality) if name == "*" => any = Some(quality),
                _ => {}
            }
        }
    }
    gzip.or(any).is_some_and(|quality| quality > 0)
}

/// A range in lower case without parameters, and its quality in thousandths.
pub(in crate::serve) fn parse_range(range: &str) -> (String, u16) {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let quality = parts
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(key, _)| key.trim().eq_ignore_ascii_case("q"))
        .map_or(1_000, |(_, value)| parse_quality(value.trim()));
    (name, quality)
}

/// `0` to `1` with up to three decimals, in thousandths; anything else counts as 0.
fn parse_quality(text: &str) -> u16 {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let is_number = decimals.len() <= 3 && decimals.bytes().all(|byte| byte.is_ascii_digit());
    match whole {
        "1" if is_number && decimals.bytes().all(|byte| byte == b'0') => 1_000,
        "0" if is_number => format!("{decimals:0<3}").parse().unwrap_or_default(),
        _ => 0,
    }
}

/// Whether a request says that its body is JSON in UTF-8 and not compressed. Nothing else is read: a
/// page of another site can send a form or plain text without asking, but not this.
pub(in crate::serve) fn is_json(headers: &HeaderMap) -> bool {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return false;
    }
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    if value == "application/json" {
        return true;
    }
    let mut parts = value.to_str().unwrap_or_default().split(';').map(str::trim);
    let is_json = parts
        .next()
        .is_some_and(|name| name.eq_ignore_ascii_case("application/json"));
    let charset = parts
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(key, _)| key.trim().eq_ignore_ascii_case("charset"))
        .map(|(_, value)| value.trim().trim_matches('"'));
    is_json && charset.is_none_or(|charset| charset.eq_ignore_ascii_case("utf-8"))
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn a_browser_is_told_from_a_client() {
        let check = |accept: Option<&str>, expected: bool| {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(header::ACCEPT, HeaderValue::from_str(accept).unwrap());
            }
            assert_eq!(wants_html(&headers), expected, "{accept:?}");
        };
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        check(Some(browser), true);
        check(Some("TEXT/HTML"), true);
        check(None, false);
        check(Some("*/*"), false);
        check(Some("application/json"), false);
        check(Some("text/html;q=0"), false);
        check(Some("text/html, application/json;q=0.5"), false);
        check(Some("application/graphql-response+json, text/html"), false);
    }

    #[test]
    fn negotiates_by_quality_then_exactness() {
        let check = |accept: &str, media: Option<Media>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_str(accept).unwrap());
            assert_eq!(negotiate(&headers), media, "{accept}");
        };
        assert_eq!(negotiate(&HeaderMap::new()), Some(Media::Json));
        check("application/graphql-response+json", Some(Media::GraphQl));
        check("application/json", Some(Media::Json));
        check("*/*", Some(Media::Json));
        check("application/*", Some(Media::Json));
        check("text/html, */*;q=0.8", Some(Media::Json));
        check(
            "application/graphql-response+json, application/json",
            Some(Media::GraphQl),
        );
        check(
            "application/graphql-response+json;q=0.5, application/json;q=0.9",
            Some(Media::Json),
        );
        check(
            "application/graphql-response+json;q=0.5, */*;q=0.1",
            Some(Media::GraphQl),
        );
        check("application/json;q=0, */*", Some(Media::GraphQl));
        check(
            "APPLICATION/JSON; charset=utf-8 ; Q=0.001",
            Some(Media::Json),
        );
        check("text/html", None);
        check("*/*;q=0", None);
        check("application/json;q=0", None);
        check("application/json;q=2", None);
        check("application/json;q=0.0001", None);
        check("", None);
    }

    #[test]
    fn events_are_accepted_by_name_only() {
        let check = |accept: &'static str, expected: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(accepts_events(&headers), expected, "{accept}");
        };
        check("text/event-stream", true);
        check("application/json, TEXT/event-stream; q=0.1", true);
        check("text/event-stream;q=0", false);
        check("text/*, */*", false);
        check("", false);
        assert!(!accepts_events(&HeaderMap::new()));
    }

    #[test]
    fn reads_json_in_utf8_only() {
        let check = |content_type: &str, expected: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_str(content_type).unwrap(),
            );
            assert_eq!(is_json(&headers), expected, "{content_type}");
        };
        check("application/json", true);
        check("Application/JSON; Charset=\"UTF-8\"", true);
        check("application/json; charset=latin1", false);
        check("application/graphql-response+json", false);
        check("application/graphql", false);
        check("application/jsonx", false);
        check("text/plain", false);
        check("application/x-www-form-urlencoded", false);
        check("multipart/form-data; boundary=application/json", false);
        assert!(!is_json(&HeaderMap::new()));
        let mut twice = HeaderMap::new();
        twice.append(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        twice.append(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        assert!(!is_json(&twice));
    }
}
