//! The life of the `events-stream` source: token, connect, live, lost, wait, again; one task, one
//! loop, so there is exactly one reconnect per loss.

use std::time::Duration;

use tokio::time::Instant;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::debug;
use tracing::info;
use tracing::warn;

use super::connection::Connection;
use super::connection::RING_RETRY;
use super::end::End;
use super::end::Lived;
use super::handshake::Handshake;
use super::intake::Intake;
use super::loss::Loss;
use super::loss::Retry;
use crate::auth::AccessToken;
use crate::auth::AuthError;
use crate::auth::TokenSource;
use crate::config::StreamSettings;
use crate::net::Backoff;
use crate::net::Connector;
use crate::net::Endpoint;
use crate::net::NetError;
use crate::parse::Parser;
use crate::ring::Producer;
use crate::stream::LossCause;
use crate::stream::StreamNote;
use crate::stream::StreamState;
use crate::time::Clock;

/// How long to wait when a fresh token was refused too: only a person can change anything.
const REFUSED_RETRY: Duration = Duration::from_secs(60);
/// How long a full ring may hold up the end, after which the last batch is given up.
const LAST_OFFER_WAIT: Duration = Duration::from_secs(3);

/// Why [`EventsStream::run`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// As asked.
    Shutdown,
    /// The task that keeps the token is gone, so no connection can be made any more.
    NoTokens,
}

/// The source. Runs on its own thread's `current_thread` runtime.
#[derive(Debug)]
pub struct EventsStream {
    settings: StreamSettings,
    endpoint: Endpoint,
    connector: Connector,
    tokens: TokenSource,
    intake: Intake,
    pace: Pace,
    state: StreamState,
    log: FailureLog,
}

impl EventsStream {
    /// A source that is not connected yet. `connector` trusts what [`StreamSettings::ca_file`] says.
    ///
    /// # Errors
    /// [`NetError::Url`] when a token must not be sent to the stream URL.
    pub fn new(
        settings: StreamSettings,
        connector: Connector,
        tokens: TokenSource,
        parser: Parser,
        producer: Producer,
        clock: Clock,
    ) -> Result<Self, NetError> {
        Ok(Self {
            endpoint: Endpoint::new(&settings.stream_url)?,
            connector,
            tokens,
            intake: Intake::new(parser, producer, clock),
            pace: Pace::new(&settings),
            state: StreamState::Idle,
            log: FailureLog::default(),
            settings,
        })
    }

    /// Connects, and stays connected, until `shutdown` is cancelled. Everything that happens goes to
    /// the ring as events, counters and notes; the last note is [`StreamState::Closed`].
    ///
    /// Returns within 8 s of the cancellation, whatever the peer and the ring do; usually at once.
    pub async fn run(mut self, shutdown: CancellationToken) -> Exit {
        let exit = self.stay_connected(&shutdown).await;
        self.enter(StreamState::Closed);
        self.flush(&shutdown, Some(Instant::now() + LAST_OFFER_WAIT))
            .await;
        exit
    }

    async fn stay_connected(&mut self, shutdown: &CancellationToken) -> Exit {
        self.enter(StreamState::Connecting);
        loop {
            self.flush(shutdown, None).await;
            // The token task keeps its own pace, so its errors need no wait here.
            let token = match shutdown.run_until_cancelled(self.tokens.token()).await {
                None => return Exit::Shutdown,
                Some(Ok(token)) => token,
                Some(Err(AuthError::Stopped)) => return Exit::NoTokens,
                Some(Err(error)) => {
                    self.no_token(&error);
                    continue;
                }
            };
            self.enter(StreamState::Connecting);
            self.flush(shutdown, None).await;
            let Some(end) = self.connect(&token, shutdown).await else {
                return Exit::Shutdown;
            };
            let (loss, lived) = match end {
                End::Shutdown => return Exit::Shutdown,
                End::Lost { loss, lived } => (loss, lived),
            };
            let wait = self.lost(loss, lived, &token);
            self.flush(shutdown, None).await;
            if shutdown.run_until_cancelled(sleep(wait)).await.is_none() {
                return Exit::Shutdown;
            }
        }
    }

    /// One connection from the first packet to the last; `None` when the shutdown came before it was
    /// open.
    async fn connect(&mut self, token: &AccessToken, shutdown: &CancellationToken) -> Option<End> {
        let handshake = Handshake {
            connector: &self.connector,
            endpoint: &self.endpoint,
            token,
            token_in_query: self.settings.token_in_query,
        };
        let deadline = Instant::now() + self.settings.connect_timeout;
        let opening = handshake.open(deadline, self.intake.wall());
        match shutdown.run_until_cancelled(opening).await? {
            Ok(opened) => {
                let connection =
                    Connection::new(&self.settings, shutdown, &mut self.intake, opened);
                Some(connection.run().await)
            }
            Err(error) => Some(End::Lost {
                loss: error.into_loss(),
                lived: None,
            }),
        }
    }

    /// Reports a loss and says how long to wait.
    fn lost(&mut self, loss: Loss, lived: Option<Lived>, token: &AccessToken) -> Duration {
        self.log.failed(&loss.detail);
        if loss.is_protocol_error() {
            self.intake.note(StreamNote::ProtocolError);
        }
        if loss.retry == Retry::FreshToken {
            self.tokens.invalidate(token);
        }
        let Loss {
            cause,
            detail,
            retry,
        } = loss;
        match lived {
            Some(lived) => self.intake.note(StreamNote::Lost {
                since: lived.covered_until,
                cause,
                detail,
            }),
            None => self.intake.note(StreamNote::Failed { cause, detail }),
        }
        let (wait, state) = self.pace.after(retry, lived.map(|lived| lived.duration));
        self.enter(state);
        wait
    }

    fn no_token(&mut self, error: &AuthError) {
        let (cause, state) = match error {
            AuthError::Refused { .. } => (LossCause::Refused, StreamState::Refused),
            _ => (LossCause::Unreachable, StreamState::Backoff),
        };
        let detail = error.to_string();
        self.intake.note(StreamNote::Failed { cause, detail });
        self.enter(state);
    }

    fn enter(&mut self, state: StreamState) {
        if self.state == state {
            return;
        }
        info!(state = state.label(), "stream");
        self.state = state;
        self.intake.note(StreamNote::State(state));
    }

    /// Offers what is left, waiting while the ring is full: until `until`, or else until the shutdown.
    async fn flush(&mut self, shutdown: &CancellationToken, until: Option<Instant>) {
        while !self.intake.offer() {
            let give_up = match until {
                Some(until) => Instant::now() >= until,
                // The last offer will wait for it.
                None => shutdown.is_cancelled(),
            };
            if give_up {
                if until.is_some() {
                    warn!("the ring stayed full: the last batch is lost");
                }
                return;
            }
            sleep(RING_RETRY).await;
        }
    }
}

/// How long to wait between tries.
#[derive(Debug)]
struct Pace {
    backoff: Backoff,
    stable_after: Duration,
    /// Refusals in a row, without a live stream in between.
    refusals: u32,
}

impl Pace {
    fn new(settings: &StreamSettings) -> Self {
        Self {
            backoff: Backoff::new(settings.backoff_base, settings.backoff_cap),
            stable_after: settings.stable_after,
            refusals: 0,
        }
    }

    /// The wait after a connection that was live for `live_for` (`None`: never), and the state in it.
    fn after(&mut self, retry: Retry, live_for: Option<Duration>) -> (Duration, StreamState) {
        // A stream that is cut a second after it was live each time has not proven anything.
        if live_for.is_some_and(|live_for| live_for >= self.stable_after) {
            self.backoff.reset();
        }
        if live_for.is_some() || retry != Retry::FreshToken {
            self.refusals = 0;
        }
        let wait = match retry {
            Retry::Backoff => self.backoff.next_delay(),
            Retry::Slower => {
                self.backoff.skip();
                self.backoff.next_delay()
            }
            Retry::FreshToken => {
                self.refusals += 1;
                if self.refusals > 1 {
                    return (REFUSED_RETRY, StreamState::Refused);
                }
                self.backoff.next_delay()
            }
            Retry::Between(least, most) => self.backoff.between(least, most),
        };
        (wait, StreamState::Backoff)
    }
}

/// Losses for the log: the same one again and again is told at every power of two.
#[derive(Debug, Default)]
struct FailureLog {
    last: String,
    repeats: u64,
}

impl FailureLog {
    fn failed(&mut self, detail: &str) {
        if self.last != detail {
            detail.clone_into(&mut self.last);
            self.repeats = 0;
        }
        self.repeats += 1;
        if self.repeats.is_power_of_two() {
            warn!(repeats = self.repeats, "{detail}");
        } else {
            debug!(repeats = self.repeats, "{detail}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn pace() -> Pace {
        let mut settings = StreamSettings::new("wss://example.com/".parse().unwrap());
        // A base as large as the cap would hide what resets; a seed would hide nothing.
        settings.backoff_base = SECOND;
        Pace::new(&settings)
    }

    #[test]
    fn only_a_stable_stream_resets_the_backoff() {
        let mut pace = pace();
        for _ in 0..10 {
            pace.after(Retry::Backoff, Some(SECOND * 59));
        }
        // Far past the base by now: a draw above it comes sooner or later.
        let above = |pace: &mut Pace| {
            (0..100).any(|_| pace.after(Retry::Backoff, Some(SECOND * 59)).0 > SECOND)
        };
        assert!(above(&mut pace));
        for _ in 0..100 {
            let (wait, state) = pace.after(Retry::Backoff, Some(SECOND * 60));
            assert!(wait <= SECOND, "{wait:?}");
            assert_eq!(state, StreamState::Backoff);
        }
    }

    #[test]
    fn a_second_refusal_in_a_row_is_tried_again_slowly() {
        let mut pace = pace();
        let (wait, state) = pace.after(Retry::FreshToken, None);
        assert!(wait <= SECOND);
        assert_eq!(state, StreamState::Backoff);
        for _ in 0..3 {
            let slow = (REFUSED_RETRY, StreamState::Refused);
            assert_eq!(pace.after(Retry::FreshToken, None), slow);
        }
        // It was live in between: the token worked for a while.
        let (_, state) = pace.after(Retry::FreshToken, Some(SECOND));
        assert_eq!(state, StreamState::Backoff);
    }

    #[test]
    fn a_wait_the_peer_asks_for_is_kept() {
        let mut pace = pace();
        let (least, most) = (SECOND * 5, SECOND * 30);
        for _ in 0..100 {
            let (wait, _) = pace.after(Retry::Between(least, most), None);
            assert!((least..=most).contains(&wait));
        }
        assert_eq!(pace.after(Retry::Between(least, least), None).0, least);
    }
}
