//! The OAuth token: fetched, cached, refreshed ahead of its expiry, shared by all that need it.
//!
//! One task owns the token, and everybody asks that task ([`TokenSource`] is the handle): so there is
//! never more than one request to the token endpoint in flight, and no lock. Neither the secret nor
//! a token may ever reach a log, an error text, a `Debug` form or a URL that is printed.

mod answer;
mod endpoint;
mod error;
mod keeper;
mod lifetime;
mod token;

use tokio::sync::mpsc;
use tokio::sync::oneshot;

use crate::config::AuthSettings;
use crate::net::Connector;
use crate::net::NetError;
use crate::time::Clock;

pub use error::AuthError;
pub use token::AccessToken;

use endpoint::TokenEndpoint;
use keeper::Keeper;
use keeper::Request;

/// A handle on the task that keeps the token.
#[derive(Clone, Debug)]
pub struct TokenSource {
    requests: mpsc::UnboundedSender<Request>,
}

impl TokenSource {
    /// Starts the task on the current tokio runtime. It fetches nothing before it is first asked,
    /// and ends with the last handle.
    ///
    /// # Errors
    /// [`NetError::Url`] when credentials must not be sent to the token URL.
    pub fn start(
        settings: AuthSettings,
        connector: Connector,
        clock: Clock,
    ) -> Result<Self, NetError> {
        let endpoint = TokenEndpoint::new(settings, connector, clock)?;
        let fetch = move || {
            let endpoint = endpoint.clone();
            async move { endpoint.fetch().await }
        };
        let (requests, inbox) = mpsc::unbounded_channel();
        tokio::spawn(Keeper::new(fetch).run(inbox));
        Ok(Self { requests })
    }

    /// A token that has not expired: the cached one, or else the outcome of the next try.
    ///
    /// Tries keep their own pace (backoff, `Retry-After`), so the answer may take minutes while the
    /// endpoint fails; asking again at once after an error is right. Can be dropped while it waits.
    ///
    /// # Errors
    /// Why the latest try failed.
    pub async fn token(&self) -> Result<AccessToken, AuthError> {
        let (reply, answer) = oneshot::channel();
        self.requests
            .send(Request::Token(reply))
            .map_err(|_| AuthError::Stopped)?;
        answer.await.unwrap_or(Err(AuthError::Stopped))
    }

    /// Tells that a peer refused this token: nobody gets it any more. A newer one stays.
    pub fn invalidate(&self, token: &AccessToken) {
        // Without the task nobody hands out tokens anyway.
        let _ = self.requests.send(Request::Invalidate(token.number()));
    }
}
