//! The settings of the stream connection and of its credentials.

use std::path::PathBuf;
use std::time::Duration;

use hyper::Uri;
use secrecy::SecretString;

/// Where a token comes from. `https` only, or `http` to a loopback address.
#[derive(Clone, Debug)]
pub struct AuthSettings {
    /// The token endpoint, such as `https://login.mypurecloud.com/oauth/token`.
    pub token_url: Uri,
    /// The OAuth client's id.
    pub client_id: String,
    /// The OAuth client's secret.
    pub client_secret: SecretString,
    /// The scope to ask for, several separated by spaces; the client's own where there is none.
    pub scope: Option<String>,
    /// The audience to ask for, which some gateways want.
    pub audience: Option<String>,
    /// How id and secret are sent.
    pub credentials_in: CredentialsIn,
}

/// How a client shows who it is: RFC 6749, section 2.3.1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CredentialsIn {
    /// HTTP Basic authentication, as Genesys Cloud wants it.
    #[default]
    Header,
    /// The fields `client_id` and `client_secret` of the form.
    Body,
}

impl CredentialsIn {
    /// Every way, as a setting spells it.
    pub const NAMES: [(&'static str, Self); 2] = [("header", Self::Header), ("body", Self::Body)];
}

impl AuthSettings {
    /// A client's credentials for a token endpoint, sent as Genesys Cloud wants them.
    pub const fn new(token_url: Uri, client_id: String, client_secret: SecretString) -> Self {
        Self {
            token_url,
            client_id,
            client_secret,
            scope: None,
            audience: None,
            credentials_in: CredentialsIn::Header,
        }
    }
}

/// The event stream. `wss` only, or `ws` to a loopback address.
#[derive(Clone, Debug)]
pub struct StreamSettings {
    /// The stream's address, such as `wss://api.mypurecloud.com/api/v2/analytics/events/stream`.
    pub stream_url: Uri,
    /// Whether the token is sent as the query parameter `access_token` too, as the tutorial does.
    pub token_in_query: bool,
    /// A file of PEM certificates to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// How often the peer is pinged.
    pub ping_interval: Duration,
    /// How long nothing may come from the peer before it counts as dead. Time spent waiting for the
    /// ring does not count.
    pub dead_after: Duration,
    /// How long the peer may take from the handshake to the first event or the first answer to a ping.
    pub live_timeout: Duration,
    /// How long to wait, and up to twice that, after a third displacement by another client.
    pub displaced_retry: Duration,
    /// How far the peer's clock may differ from ours before it is said; also how far ahead of our
    /// clock an event may be.
    pub skew: Duration,
    /// The least upper bound of the random delay before a reconnect; it doubles with every failure.
    pub backoff_base: Duration,
    /// The greatest upper bound of that delay.
    pub backoff_cap: Duration,
    /// How long a stream has to be live before the delay starts from `backoff_base` again.
    pub stable_after: Duration,
    /// How long name resolution, connecting, TLS and the handshake may take together.
    pub connect_timeout: Duration,
    /// What happens to events when the ring is full.
    pub overload: Overload,
}

/// What happens to events when the ring is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overload {
    /// Wait, so that TCP slows the sender down: nothing is lost.
    #[default]
    Wait,
    /// Drop the newest events and count them as shed.
    Shed,
}

impl Overload {
    /// Every answer to overload, as a setting spells it.
    pub const NAMES: [(&'static str, Self); 2] = [("wait", Self::Wait), ("shed", Self::Shed)];
}

impl StreamSettings {
    /// The default wait after a third displacement.
    pub const DISPLACED_RETRY: Duration = Duration::from_secs(300);

    /// The defaults for a stream address.
    pub fn new(stream_url: Uri) -> Self {
        Self {
            stream_url,
            token_in_query: false,
            ca_file: None,
            ping_interval: Duration::from_secs(15),
            dead_after: Duration::from_secs(40),
            live_timeout: Duration::from_secs(30),
            displaced_retry: Self::DISPLACED_RETRY,
            skew: Duration::from_secs(5),
            backoff_base: Duration::from_secs(1),
            backoff_cap: Duration::from_secs(30),
            stable_after: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(10),
            overload: Overload::Wait,
        }
    }
}
