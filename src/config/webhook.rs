//! Where notifications about alerts go.

use std::time::Duration;

use hyper::Uri;
use secrecy::SecretString;

/// The webhook, and how hard it is tried.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// Where to post; `https`, or `http` to this machine. Its path may be a key: never printed.
    pub url: HiddenUrl,
    /// The bearer token sent along.
    pub token: Option<SecretString>,
    /// Attempts at one notification before it is given up.
    pub attempts_max: u32,
    /// The greatest delay before the second attempt; doubles with each further one.
    pub backoff_base: Duration,
    /// Where that doubling ends.
    pub backoff_cap: Duration,
    /// How long one attempt may take, name and connection included.
    pub attempt_timeout: Duration,
    /// How long notifications that wait are still tried when the engine ends.
    pub drain: Duration,
}

/// A URL that does not print.
#[derive(Clone)]
pub struct HiddenUrl(pub Uri);

impl std::fmt::Debug for HiddenUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HiddenUrl")
    }
}

impl WebhookSettings {
    /// The defaults for a URL: ten attempts, which take two minutes on average and four at most,
    /// unless the receiver asks to wait longer.
    pub const fn new(url: Uri) -> Self {
        Self {
            url: HiddenUrl(url),
            token: None,
            attempts_max: 10,
            backoff_base: Duration::from_secs(1),
            backoff_cap: Duration::from_secs(60),
            attempt_timeout: Duration::from_secs(10),
            drain: Duration::from_secs(2),
        }
    }
}
