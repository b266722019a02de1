//! The life of the `events-stream` source: token, connect, live, lost, wait, again; one task, one
//! loop, so there is exactly one reconnect per loss.

use std::pin::pin;
use std::time::Duration;

use tokio::time::Instant;
use tokio::time::sleep;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::debug;
use tracing::info;
use tracing::warn;

use super::intake::Intake;
use super::websocket::connection::Connection;
use super::websocket::connection::RING_RETRY;
use super::websocket::end::End;
use super::websocket::end::Lived;
use super::websocket::handshake::Handshake;
use super::websocket::loss::Loss;
use super::websocket::loss::Retry;
use super::websocket::pace::Pace;
use super::websocket::server_clock::ServerClock;
use crate::auth::AccessToken;
use crate::auth::AuthError;
use crate::auth::TokenSource;
use crate::config::StreamSettings;
use crate::net::Connector;
use crate::net::Endpoint;
use crate::net::NetError;
use crate::parse::Parser;
use crate::pulse::Heart;
use crate::pulse::Pulse;
use crate::ring::Producer;
use crate::stream::LossCause;
use crate::stream::StreamNote;
use crate::stream::StreamState;
use crate::time::Clock;

/// What is sent after the open. Only these types on this channel are streamed then.
const SUBSCRIPTION: &str = r#"{"subscription":{"eventTypes":["webchat:connected","webchat:disconnected","webchat:message"],"filter":{"channel":"webchat"}}}"#;
/// How often the life beats while it waits, whatever for.
const BEAT: Duration = Duration::from_millis(500);
/// How long a full ring may hold up the end, after which the last batch is given up.
const LAST_OFFER_WAIT: Duration = Duration::from_secs(3);

/// Closes in a row, all with the same words and soon after going live, from which on it is said what
/// they may mean: not every server has a code for a displacement.
const CLOSES_MIN: u64 = 3;
const CLOSED_AGAIN: &str = "; again and again soon after going live: if another engine uses this \
                            client's stream, stop one of them, or give each an OAuth client of its own";

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
    heart: Option<Heart>,
}

impl EventsStream {
    /// The source's name.
    pub const NAME: &'static str = "events-stream";

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
            heart: None,
            settings,
        })
    }

    /// The same source with a heartbeat.
    #[must_use]
    pub fn with_pulse(mut self, pulse: &Pulse) -> Self {
        self.intake.beat_to(pulse.clone());
        self.heart = Some(pulse.input(self.intake.input(), self.intake.clock().mono_ns()));
        self
    }

    /// Connects, and stays connected, until `shutdown` is cancelled. Everything that happens goes to
    /// the ring as events, counters and notes; the last note is [`StreamState::Closed`].
    ///
    /// Returns within 8 s of the cancellation, whatever the peer and the ring do; usually at once.
    pub async fn run(mut self, shutdown: CancellationToken) -> Exit {
        let (heart, clock) = (self.heart.take(), self.intake.clock().clone());
        let mut life = pin!(self.live(shutdown));
        // It beats where it waits for the peer, for a token or for a full ring; not where it is stuck.
        loop {
            if let Some(heart) = &heart {
                heart.beat(clock.mono_ns());
            }
            if let Ok(exit) = timeout(BEAT, life.as_mut()).await {
                return exit;
            }
        }
    }

    async fn live(mut self, shutdown: CancellationToken) -> Exit {
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
        let begun = Instant::now();
        let opening = handshake.open(deadline, self.intake.wall());
        match shutdown.run_until_cancelled(opening).await? {
            Ok(opened) => {
                let clock = self.intake.clock();
                let server_clock = opened
                    .server_date
                    .map(|date| ServerClock::new(date, begun.elapsed(), clock));
                let connection = Connection::new(
                    &self.settings,
                    shutdown,
                    &mut self.intake,
                    opened,
                    SUBSCRIPTION,
                )
                .with_server_clock(server_clock);
                Some(connection.run().await)
            }
            Err(error) => Some(End::Lost {
                loss: error.into_loss(),
                lived: None,
            }),
        }
    }

    /// Reports a loss and says how long to wait.
    fn lost(&mut self, mut loss: Loss, lived: Option<Lived>, token: &AccessToken) -> Duration {
        let (wait, state) = self
            .pace
            .after(loss.retry, lived.map(|lived| lived.duration));
        if state == StreamState::Displaced {
            loss.detail.push_str(&self.pace.displacement(wait));
        }
        let again = self.log.count(&loss.detail);
        let is_short = lived.is_some_and(|lived| lived.duration < self.settings.stable_after);
        if loss.cause == LossCause::Closed && is_short && again >= CLOSES_MIN {
            loss.detail.push_str(CLOSED_AGAIN);
        }
        self.log.write(&loss.detail);
        if loss.is_protocol_error() {
            self.intake.note(StreamNote::ProtocolError);
        }
        if loss.retry == Retry::FreshToken {
            self.tokens.invalidate(token);
        }
        let Loss { cause, detail, .. } = loss;
        match lived {
            Some(lived) => self.intake.note(StreamNote::Lost {
                since: lived.covered_until,
                cause,
                detail,
            }),
            None => self.intake.note(StreamNote::Failed { cause, detail }),
        }
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

/// Losses for the log: the same one again and again is logged at every power of two.
#[derive(Debug, Default)]
struct FailureLog {
    last: String,
    repeats: u64,
}

impl FailureLog {
    /// Counts a failure; how many times in a row it is the same.
    fn count(&mut self, detail: &str) -> u64 {
        if self.last != detail {
            detail.clone_into(&mut self.last);
            self.repeats = 0;
        }
        self.repeats += 1;
        self.repeats
    }

    /// Tells the failure that was counted last.
    fn write(&self, detail: &str) {
        if self.repeats.is_power_of_two() || self.repeats == CLOSES_MIN {
            warn!(repeats = self.repeats, "{detail}");
        } else {
            debug!(repeats = self.repeats, "{detail}");
        }
    }
}
