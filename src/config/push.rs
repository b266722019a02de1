//! Endpoints that others post events to: where, with which credential, in which dialect.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::dialect::Dialect;
use super::limits;
use super::public_url::OWN_NAMES;
use super::public_url::Prefix;
use super::push_credential::PushCredential;

/// What the source `push` is started with.
#[derive(Clone, Debug, PartialEq)]
pub struct PushSettings {
    /// At most [`limits::PUSH_ENDPOINTS_MAX`], each with a path and a secret of its own.
    pub endpoints: Vec<PushEndpoint>,
    /// Bytes of bodies on their way into the ring from which posts are answered 503.
    pub high_water: usize,
    /// And down to which they have to fall until posts are taken again; below the former.
    pub low_water: usize,
    /// Bytes of bodies on their way whose senders nothing but the bodies can make known: with signatures
    /// and secrets in elements. More than 0.
    pub unknown_bytes: usize,
    /// How long such a body may take.
    pub unknown_within: Duration,
    /// How long a post may wait for room in the ring, from the end of its body; shorter than senders
    /// wait for an answer.
    pub answer_within: Duration,
}

impl PushSettings {
    /// The defaults for some endpoints.
    pub const fn new(endpoints: Vec<PushEndpoint>) -> Self {
        Self {
            endpoints,
            high_water: 64 << 20,
            low_water: 48 << 20,
            unknown_bytes: limits::POSTS_UNKNOWN_BYTES_MAX,
            unknown_within: limits::POST_UNKNOWN_TIME_MAX,
            // The strictest senders wait for 5 s.
            answer_within: Duration::from_secs(4),
        }
    }
}

/// One endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct PushEndpoint {
    /// What it is called in settings, counters and messages.
    pub name: Arc<str>,
    /// Where it is.
    pub path: PushPath,
    /// What every post has to show.
    pub credential: PushCredential,
    /// What is posted.
    pub dialect: Dialect,
    /// The origins that get a yes when they ask whether they may post, or `*` for any of them.
    pub allowed_origins: Vec<String>,
}

impl PushEndpoint {
    /// The origins where nobody says any: whoever asks still needs the credential to post.
    pub const ANY_ORIGIN: &str = "*";
}

/// The path of an endpoint. It is matched to the letter, and none of the server's own begins like it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushPath(Arc<str>);

impl PushPath {
    /// Reads a path.
    ///
    /// # Errors
    /// One reason that says what to write.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text == "/" || text.is_empty() {
            return Err("names no endpoint; write one such as /push/orders");
        }
        if text.ends_with('/') {
            return Err("ends with a slash; write it without");
        }
        if text.contains('?') || text.contains('#') {
            return Err("has a query or a fragment; write the path alone");
        }
        Prefix::parse(text)?;
        let first = text.split('/').nth(1).unwrap_or_default();
        if OWN_NAMES.iter().any(|own| first.eq_ignore_ascii_case(own)) {
            return Err("its path begins like one of the server's own; choose another");
        }
        Ok(Self(text.into()))
    }

    /// The path, from its slash on.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether somebody could mistake the one for the other.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }

    /// Whether it lies under the path of a public URL, which is taken away before it is matched.
    pub(super) fn is_under(&self, prefix: &Prefix) -> bool {
        let (path, prefix) = (self.0.to_ascii_lowercase(), prefix.as_str());
        let rest = path.strip_prefix(&prefix.to_ascii_lowercase());
        !prefix.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Display for PushPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const _: () = assert!(
    limits::POST_BYTES_MAX < 48 << 20,
    "the largest body fits below the low water"
);
const _: () = assert!(
    limits::POST_BYTES_MAX < limits::POSTS_UNKNOWN_BYTES_MAX,
    "the largest body of a sender that is not known yet fits"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_plain_and_begins_like_none_of_ours() {
        for good in ["/push", "/push/orders", "/a-b._~/C", "/pages", "/sessions"] {
            assert_eq!(PushPath::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "/",
            "push",
            "/push/",
            "/push//x",
            "/push/./x",
            "/push/../graphql",
            "/push%2fx",
            "/push x",
            "/pus\u{e9}",
            "/push?x=1",
            "/push#x",
            "/graphql",
            "/GraphQL",
            "/graphql/x",
            "/healthz",
            "/readyz/push",
            "/METRICS",
            "/session",
            "/latency/x",
            "/assets/x",
        ] {
            assert!(PushPath::parse(bad).is_err(), "{bad}");
        }
        assert!(PushPath::parse(&format!("/{}", "x".repeat(200))).is_err());
    }

    #[test]
    fn a_path_under_a_public_url_is_known() {
        let check = |path: &str, prefix: &str| {
            PushPath::parse(path)
                .unwrap()
                .is_under(&Prefix::parse(prefix).unwrap())
        };
        assert!(check("/gauge", "/gauge") && check("/Gauge/x", "/gauge/"));
        assert!(!check("/gauges", "/gauge") && !check("/x", "") && !check("/x/gauge", "/gauge"));
    }
}
