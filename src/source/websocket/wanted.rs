//! What a server wants of a handshake that ours does not have, as far as its refusal tells.

use hyper::HeaderMap;
use hyper::header::SEC_WEBSOCKET_EXTENSIONS;
use hyper::header::SEC_WEBSOCKET_PROTOCOL;
use hyper::header::SEC_WEBSOCKET_VERSION;

use crate::net::Reason;

/// Something of a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) enum Wanted {
    Nothing,
    Subprotocol,
    Origin,
    Compression,
    Version,
}

impl Wanted {
    /// What the headers of a refusal name: RFC 6455 has servers list what they would accept.
    pub(in crate::source) fn of(headers: &HeaderMap) -> Self {
        let versions = headers.get_all(SEC_WEBSOCKET_VERSION).iter();
        let versions: Vec<&str> = versions.filter_map(|value| value.to_str().ok()).collect();
        let is_ours = |list: &str| list.split(',').any(|version| version.trim() == "13");
        if !versions.is_empty() && !versions.iter().any(|list| is_ours(list)) {
            Self::Version
        } else if headers.contains_key(SEC_WEBSOCKET_PROTOCOL) {
            Self::Subprotocol
        } else if headers.contains_key(SEC_WEBSOCKET_EXTENSIONS) {
            Self::Compression
        } else {
            Self::Nothing
        }
    }

    /// This, or else what the words of the refusal are about.
    pub(in crate::source) fn or_of(self, reason: &Reason) -> Self {
        match self {
            Self::Nothing
                if reason.speaks_of(&["subprotocol", "sub-protocol", "websocket-protocol"]) =>
            {
                Self::Subprotocol
            }
            Self::Nothing if reason.speaks_of(&["origin"]) && !reason.speaks_of(&["original"]) => {
                Self::Origin
            }
            Self::Nothing
                if reason.speaks_of(&["compression", "deflate", "websocket-extensions"]) =>
            {
                Self::Compression
            }
            Self::Nothing if reason.speaks_of(&["websocket-version", "websocket version"]) => {
                Self::Version
            }
            found => found,
        }
    }

    /// What to do about it.
    pub(in crate::source) const fn hint(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Subprotocol => {
                Some("; it wants a subprotocol, and streamgauge speaks none: check the stream url")
            }
            Self::Origin => Some(
                "; it wants an Origin, which only browsers send: have the server allow clients without one",
            ),
            Self::Compression => Some(
                "; it wants compression, which streamgauge does not have: have the server accept clients without it",
            ),
            Self::Version => {
                Some("; it speaks another version of the protocol than 13: check the stream url")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderName;
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn what_is_wanted_is_told_by_headers_and_words() {
        let check = |header: Option<(HeaderName, &'static str)>, said: &str, expected: Wanted| {
            let mut headers = HeaderMap::new();
            headers.extend(header.map(|(name, value)| (name, HeaderValue::from_static(value))));
            let reason = Reason {
                quoted: Some(format!("\"{said}\"")),
                is_html: false,
            };
            assert_eq!(Wanted::of(&headers).or_of(&reason), expected, "{said}");
        };
        check(None, "no", Wanted::Nothing);
        check(None, "Missing Sec-WebSocket-Protocol", Wanted::Subprotocol);
        check(None, "unsupported Subprotocol", Wanted::Subprotocol);
        check(None, "Origin not allowed", Wanted::Origin);
        check(None, "see the original request", Wanted::Nothing);
        check(None, "cross-origin request blocked", Wanted::Origin);
        check(None, "permessage-deflate required", Wanted::Compression);
        check(None, "Compression is mandatory", Wanted::Compression);
        check(None, "unsupported WebSocket version", Wanted::Version);
        check(
            Some((SEC_WEBSOCKET_PROTOCOL, "v2.stream")),
            "no",
            Wanted::Subprotocol,
        );
        check(
            Some((SEC_WEBSOCKET_EXTENSIONS, "permessage-deflate")),
            "no",
            Wanted::Compression,
        );
        check(Some((SEC_WEBSOCKET_VERSION, "7, 8")), "no", Wanted::Version);
        check(
            Some((SEC_WEBSOCKET_VERSION, "8, 13")),
            "no",
            Wanted::Nothing,
        );
    }
}
