//! A token that works until it expires.

use secrecy::ExposeSecret;
use secrecy::SecretString;

/// A bearer token. Its `Debug` form shows its number only.
#[derive(Clone)]
pub struct AccessToken {
    secret: SecretString,
    number: u64,
}

impl AccessToken {
    /// The `number`-th token of this process; `secret` is visible ASCII without spaces.
    pub(super) fn new(secret: SecretString, number: u64) -> Self {
        Self { secret, number }
    }

    /// The token's text, for the request that needs it and nothing else.
    pub fn expose(&self) -> &str {
        self.secret.expose_secret()
    }

    /// Its place in the order of fetching.
    pub const fn number(&self) -> u64 {
        self.number
    }
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AccessToken(#{})", self.number)
    }
}
