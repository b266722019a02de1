//! What a peer says beside the status with which it refuses.

use std::time::Duration;

use hyper::HeaderMap;
use hyper::Response;
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use hyper::header::CONTENT_TYPE;
use hyper::header::WWW_AUTHENTICATE;
use tokio::time::Instant;

use super::Redactor;
use super::body::read_beginning;

/// Bytes of a refusal's body that are read.
const BODY_BYTES_MAX: usize = 16 * 1_024;
/// How long reading them may take.
const BODY_TIME_MAX: Duration = Duration::from_secs(2);
/// How long before the deadline of all reading ends: what has come by then is reported.
const MARGIN: Duration = Duration::from_millis(100);
/// Headers that servers, gateways and proxies explain a refusal by.
const HEADERS: [&str; 8] = [
    "x-error",
    "x-error-message",
    "x-error-description",
    "x-reason",
    "x-websocket-reject-reason",
    "x-deny-reason",
    "x-squid-error",
    "x-amzn-errormessage",
];

/// What a refusal says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason {
    /// In quotation marks, redacted, cut and escaped; `None` when it says nothing.
    pub quoted: Option<String>,
    /// Whether it is a page for people, as proxies and firewalls answer.
    pub is_html: bool,
}

impl Reason {
    /// Reads a refusal: the first characters of its body, else a header that says why, else the
    /// status line where somebody wrote it by hand. Takes 2 s at the most, and not beyond `deadline`.
    pub async fn of(answer: Response<Incoming>, redactor: &Redactor, deadline: Instant) -> Self {
        let (head, body) = answer.into_parts();
        let latest = deadline.checked_sub(MARGIN).unwrap_or(deadline);
        let until = latest.min(Instant::now() + BODY_TIME_MAX);
        let body = read_beginning(&head.headers, body, BODY_BYTES_MAX, until).await;
        let quoted = redactor
            .quote_body(&body)
            .or_else(|| header(&head.headers, redactor))
            .or_else(|| {
                let phrase = head.extensions.get::<ReasonPhrase>()?;
                redactor.quote(phrase)
            });
        Self {
            quoted,
            is_html: is_html(&head.headers),
        }
    }

    /// Whether it speaks of something, in any spelling of it.
    pub fn speaks_of(&self, words: &[&str]) -> bool {
        self.quoted.as_ref().is_some_and(|quoted| {
            let quoted = quoted.to_ascii_lowercase();
            words.iter().any(|word| quoted.contains(word))
        })
    }
}

fn header(headers: &HeaderMap, redactor: &Redactor) -> Option<String> {
    let named = HEADERS.iter().filter_map(|name| headers.get(*name));
    // `Bearer` alone says nothing; with an error in it, it does.
    let challenge = headers.get(WWW_AUTHENTICATE);
    let challenge =
        challenge.filter(|value| value.as_bytes().windows(5).any(|part| part == b"error"));
    named
        .chain(challenge)
        .find_map(|value| redactor.quote(value.as_bytes()))
}

/// Whether a page for people was answered.
pub(crate) fn is_html(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("text/html") || kind.eq_ignore_ascii_case("application/xhtml+xml")
    })
}
