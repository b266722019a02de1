//! Why there is no token: each text says who has to do what.

use std::time::Duration;

use thiserror::Error;

use crate::net::NetError;

/// Why a try to get a token failed. Every text is one line without secrets.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum AuthError {
    /// The endpoint refuses the client; trying again soon is useless, a person has to look.
    #[error(
        "oauth: {place}: client refused ({code}); check GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET and \
         the region (GENESYS_ENV): a client of another region is refused the same way"
    )]
    Refused {
        /// The token endpoint's host.
        place: String,
        /// The OAuth error code and its description, redacted and escaped.
        code: String,
    },
    /// The endpoint says "not now".
    #[error("oauth: {place}: busy ({why}); trying again in {} s", wait.as_secs())]
    RateLimited {
        /// The token endpoint's host.
        place: String,
        /// The HTTP status and what it says.
        why: String,
        /// How long it asks to wait.
        wait: Duration,
    },
    /// The endpoint cannot answer at the moment.
    #[error("oauth: {place}: {why}; trying again")]
    Unavailable {
        /// The token endpoint's host.
        place: String,
        /// What happened, and what the answer says, redacted.
        why: String,
    },
    /// The endpoint answered something that is no token.
    #[error("oauth: {place}: unusable answer ({why}); check the token url")]
    Unusable {
        /// The token endpoint's host.
        place: String,
        /// What is wrong with it, and what it says, redacted.
        why: String,
    },
    /// The endpoint cannot be reached.
    #[error("oauth: {0}")]
    Net(#[from] NetError),
    /// The task that keeps the token is gone, with the runtime it ran on.
    #[error("oauth: the token task has ended")]
    Stopped,
}
