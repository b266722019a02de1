//! What a post says of its body: its media type, and how it is packed.

use hyper::HeaderMap;
use hyper::header;

use crate::net;

/// A body that is looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Content {
    /// Whether it has to be unpacked.
    pub(super) is_packed: bool,
}

/// Why a body is not looked into.
const NO_JSON: &str =
    "content-type: not application/json or application/x-ndjson in UTF-8; say what the body is";
const PACKING: &str = "content-encoding: neither gzip nor identity; send the body in one of these";

/// Media types of several elements with line feeds between them.
const OF_LINES: [&str; 5] = [
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonlines",
    "application/json-lines",
];

impl Content {
    /// Reads the headers of a post, which has to say what its body is unless that `is_known`.
    ///
    /// # Errors
    /// What it should send instead.
    pub(super) fn of(headers: &HeaderMap, is_known: bool) -> Result<Self, &'static str> {
        let mut types = headers.get_all(header::CONTENT_TYPE).iter();
        let is_json = match (types.next(), types.next()) {
            (Some(one), None) if is_known && one.is_empty() => true,
            (Some(one), None) => one.to_str().is_ok_and(is_json),
            (None, _) => is_known,
            _ => false,
        };
        if !is_json {
            return Err(NO_JSON);
        }
        let encodings = headers.get_all(header::CONTENT_ENCODING).iter();
        let mut names = encodings.flat_map(|value| value.to_str().unwrap_or("?").split(','));
        let is_known = |name: &str| {
            let known = ["", "identity", "gzip", "x-gzip"];
            known
                .iter()
                .any(|known| name.trim().eq_ignore_ascii_case(known))
        };
        if !names.all(is_known) {
            return Err(PACKING);
        }
        Ok(Self {
            is_packed: net::is_packed(headers),
        })
    }
}

/// Whether a media type is one of JSON texts in UTF-8.
fn is_json(value: &str) -> bool {
    let mut parts = value.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let is_known = name == "application/json"
        || OF_LINES.contains(&name.as_str())
        || (name.starts_with("application/") && name.ends_with("+json"));
    is_known
        && parts.all(|parameter| {
            let Some((key, charset)) = parameter.split_once('=') else {
                return true;
            };
            let charset = charset.trim().trim_matches('"');
            !key.trim().eq_ignore_ascii_case("charset") || charset.eq_ignore_ascii_case("utf-8")
        })
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderName;
    use hyper::header::HeaderValue;

    use super::*;

    fn check(headers: &[(&'static str, &'static str)], expected: Result<bool, &'static str>) {
        let named = headers.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        let mut map = HeaderMap::new();
        for (name, value) in named {
            map.append(name, value);
        }
        let found = Content::of(&map, false).map(|content| content.is_packed);
        assert_eq!(found, expected, "{headers:?}");
    }

    #[test]
    fn json_in_utf_8_is_looked_into() {
        for good in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"",
            "application/x-ndjson",
            "application/ndjson",
            "application/jsonl",
            "application/cloudevents+json; charset=utf-8",
            "application/cloudevents-batch+json",
            "application/json; boundary=x",
        ] {
            check(&[("content-type", good)], Ok(false));
        }
        for bad in [
            "",
            "text/plain",
            "text/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/json; charset=utf-16",
            "application/xml",
            "application/octet-stream",
        ] {
            check(&[("content-type", bad)], Err(NO_JSON));
        }
        check(&[], Err(NO_JSON));
        let twice = ("content-type", "application/json");
        check(&[twice, twice], Err(NO_JSON));
    }

    #[test]
    fn only_what_is_known_without_a_type_needs_none() {
        let is_taken = |value: Option<&'static str>, is_known| {
            let mut map = HeaderMap::new();
            if let Some(value) = value {
                map.insert(header::CONTENT_TYPE, HeaderValue::from_static(value));
            }
            Content::of(&map, is_known).is_ok()
        };
        for value in [None, Some("")] {
            assert!(is_taken(value, true));
            assert!(!is_taken(value, false));
        }
        for is_known in [false, true] {
            assert!(is_taken(Some("application/json"), is_known));
            assert!(!is_taken(Some("text/plain"), is_known));
        }
    }

    #[test]
    fn gzip_is_unpacked_and_nothing_else() {
        let json = ("content-type", "application/json");
        for (encoding, expected) in [
            ("gzip", Ok(true)),
            ("x-gzip", Ok(true)),
            ("GZIP", Ok(true)),
            ("identity", Ok(false)),
            ("br", Err(PACKING)),
            ("deflate", Err(PACKING)),
            ("zstd", Err(PACKING)),
            ("gzip, br", Err(PACKING)),
        ] {
            check(&[json, ("content-encoding", encoding)], expected);
        }
    }
}
