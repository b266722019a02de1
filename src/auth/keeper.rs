//! The task that owns the token: one request in flight however many ask, and the old token handed
//! out until the new one works.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio::time::sleep_until;
use tracing::debug;
use tracing::info;
use tracing::warn;

use super::AccessToken;
use super::AuthError;
use super::answer::Grant;
use crate::net::Backoff;

/// The greatest bounds of the delay after the first failure and after many.
const BACKOFF_BASE: Duration = Duration::from_secs(1);
const BACKOFF_CAP: Duration = Duration::from_secs(30);
/// How long to wait after a refusal: only a person can change anything.
const REFUSED_RETRY: Duration = Duration::from_secs(300);

/// What a handle asks.
#[derive(Debug)]
pub(super) enum Request {
    /// A token that has not expired.
    Token(oneshot::Sender<Result<AccessToken, AuthError>>),
    /// Forget the token with this number.
    Invalidate(u64),
}

/// A token in use.
#[derive(Debug)]
struct Held {
    token: AccessToken,
    refresh_at: Instant,
    expires_at: Instant,
}

/// The task's state. `fetch` asks the endpoint once.
#[derive(Debug)]
pub(super) struct Keeper<F> {
    fetch: F,
    held: Option<Held>,
    /// Those who wait for the outcome of the next try.
    waiting: Vec<oneshot::Sender<Result<AccessToken, AuthError>>>,
    /// A failure that nobody was waiting for: whoever misses a token first is notified.
    unreported: Option<AuthError>,
    backoff: Backoff,
    /// No try before this moment.
    earliest: Instant,
    /// Tokens granted so far.
    granted: u64,
    /// Failures since the last grant, for the log.
    failures: u64,
}

impl<F, Fut> Keeper<F>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<Grant, AuthError>>,
{
    pub(super) fn new(fetch: F) -> Self {
        Self {
            fetch,
            held: None,
            waiting: Vec::new(),
            unreported: None,
            backoff: Backoff::new(BACKOFF_BASE, BACKOFF_CAP),
            earliest: Instant::now(),
            granted: 0,
            failures: 0,
        }
    }

    /// Serves until the last handle is gone.
    pub(super) async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Request>) {
        // At most one: the only place where a fetch begins is the arm that runs without one.
        let mut in_flight: Option<(Instant, Pin<Box<Fut>>)> = None;
        loop {
            let due = self.due();
            tokio::select! {
                request = inbox.recv() => match request {
                    Some(request) => self.serve(request),
                    None => return,
                },
                (sent, outcome) = landed(&mut in_flight) => {
                    in_flight = None;
                    self.settle(sent, outcome);
                }
                () = sleep_until(due.unwrap_or_else(Instant::now)),
                    if due.is_some() && in_flight.is_none() =>
                {
                    in_flight = Some((Instant::now(), Box::pin((self.fetch)())));
                }
            }
        }
    }

    /// When the next try begins; `None` while nobody has asked for a token yet.
    fn due(&self) -> Option<Instant> {
        let wanted = match &self.held {
            _ if !self.waiting.is_empty() => self.earliest,
            Some(held) => held.refresh_at,
            // An invalidated token was in use: its successor is fetched when it is asked for.
            None => return None,
        };
        Some(wanted.max(self.earliest))
    }

    fn serve(&mut self, request: Request) {
        match request {
            Request::Token(reply) => match self.at_once() {
                // A handle that no longer waits needs no answer.
                Some(answer) => _ = reply.send(answer),
                None => {
                    // Without this a caller that asks and gives up in a loop would pile up here.
                    self.waiting.retain(|waiting| !waiting.is_closed());
                    self.waiting.push(reply);
                }
            },
            Request::Invalidate(number) => {
                self.held
                    .take_if(|held| held.token.number() == number)
                    .inspect(|_| info!("token refused by a peer: forgotten"));
            }
        }
    }

    /// What can be said without a fetch.
    fn at_once(&mut self) -> Option<Result<AccessToken, AuthError>> {
        match &self.held {
            Some(held) if Instant::now() < held.expires_at => Some(Ok(held.token.clone())),
            _ => self.unreported.take().map(Err),
        }
    }

    fn settle(&mut self, sent: Instant, outcome: Result<Grant, AuthError>) {
        let answer = match outcome {
            Ok(grant) => {
                self.granted += 1;
                self.failures = 0;
                self.unreported = None;
                self.backoff.reset();
                let token = AccessToken::new(grant.secret, self.granted);
                self.earliest = sent + grant.lifetime.pause();
                // Counted from before the request: the endpoint began to count later.
                self.held = Some(Held {
                    token: token.clone(),
                    refresh_at: sent + grant.lifetime.refresh_after(),
                    expires_at: sent + grant.lifetime.total(),
                });
                info!(
                    lifetime_s = grant.lifetime.total().as_secs(),
                    "token fetched"
                );
                Ok(token)
            }
            Err(error) => {
                let wait = match &error {
                    AuthError::Refused { .. } => REFUSED_RETRY,
                    AuthError::RateLimited { wait, .. } => *wait,
                    _ => self.backoff.next_delay(),
                };
                self.earliest = Instant::now() + wait;
                self.failures += 1;
                // Every power of two, so that a long outage fills no log.
                if self.failures.is_power_of_two() {
                    warn!(failures = self.failures, "{error}");
                } else {
                    debug!(failures = self.failures, "{error}");
                }
                if self.waiting.is_empty() {
                    self.unreported = Some(error.clone());
                }
                Err(error)
            }
        };
        for reply in self.waiting.drain(..) {
            let _ = reply.send(answer.clone());
        }
    }
}

/// The outcome of the fetch in flight; never ready while there is none.
async fn landed<Fut>(
    in_flight: &mut Option<(Instant, Pin<Box<Fut>>)>,
) -> (Instant, Result<Grant, AuthError>)
where
    Fut: Future<Output = Result<Grant, AuthError>>,
{
    match in_flight {
        Some((sent, fetch)) => (*sent, fetch.await),
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
