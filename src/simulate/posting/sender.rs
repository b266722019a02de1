//! Posts one request after another, each until it is answered.
//!
//! What is answered "not now" is sent again after as long as the answer asks for; what finds no answer,
//! after a growing wait. Elements that are none, which faults add, are left out once they were refused.

use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use hyper::StatusCode;
use hyper::header::CONTENT_TYPE;
use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use secrecy::ExposeSecret;
use tokio::time::Instant;
use tokio::time::sleep;

use super::body::Body;
use super::body::BodyForm;
use super::conveyor::Element;
use super::conveyor::ElementKind;
use super::credential::SenderCredential;
use super::raw::Raw;
use super::tally::PostTally;
use crate::config::Dialect;
use crate::net::Backoff;
use crate::net::CallError;
use crate::net::Client;
use crate::net::Connector;
use crate::net::Endpoint;
use crate::net::Redactor;
use crate::net::Repeat;
use crate::net::Terms;
use crate::net::retry_after;
use crate::simulate::fault::Fault;
use crate::simulate::fault::FaultKind;
use crate::time::Clock;

/// How long one attempt may take, slow bodies included.
const ATTEMPT_MAX: Duration = Duration::from_secs(30);
/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// Waits between attempts: at most this at first, and at most that.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));
/// The random stream of these faults; the centre has stream 0, faults of events 1.
const RANDOM_STREAM: u64 = 2;

/// Why posting ended before it was asked to. One line, without secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostFailure {
    /// The endpoint refuses what is posted, and will go on doing so.
    #[error("{place}: status {status}{said}; {hint}")]
    Refused {
        /// Host and port.
        place: String,
        /// The answer's status.
        status: u16,
        /// What else it says.
        said: String,
        /// What to do.
        hint: &'static str,
    },
    /// For too long there was no answer.
    #[error(
        "{why}; no answer for {seconds} s, so it ends; is the server running, and is the address right?"
    )]
    Silent {
        /// What the last attempt ended with.
        why: String,
        /// For how long.
        seconds: u64,
    },
}

/// Posts to one endpoint.
#[derive(Debug)]
pub(super) struct Sender {
    endpoint: Endpoint,
    client: Client,
    raw: Raw,
    credential: SenderCredential,
    redactor: Redactor,
    pub(super) dialect: Dialect,
    form: BodyForm,
    clock: Clock,
    /// How long to go on without any answer.
    patience: Duration,
    rng: ChaCha8Rng,
    slow_bodies: f64,
    lost_answers: f64,
    number: u64,
    pub(super) tally: PostTally,
}

/// What an attempt came to.
enum Attempt {
    Taken,
    /// An element is none.
    Malformed(PostFailure),
    Busy(Option<Duration>),
    /// Nothing, or a fault of the server.
    Failed(String),
    Refused(PostFailure),
}

impl Sender {
    pub(super) fn new(
        endpoint: Endpoint,
        connector: Connector,
        credential: SenderCredential,
        (dialect, form): (Dialect, BodyForm),
        (faults, seed): (&[Fault], u64),
        patience: Duration,
        clock: Clock,
    ) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(RANDOM_STREAM);
        let share = |of: fn(FaultKind) -> Option<f64>| {
            let mut shares = faults.iter().filter_map(|fault| of(fault.kind));
            shares.next_back().unwrap_or_default()
        };
        let redactor = endpoint.redactor().and(connector.redactor());
        Self {
            redactor: redactor.with(credential.secret.expose_secret()),
            raw: Raw::new(connector.clone()),
            client: Client::new(connector),
            endpoint,
            credential,
            dialect,
            form,
            clock,
            patience,
            rng,
            slow_bodies: share(|kind| match kind {
                FaultKind::SlowBody(share) => Some(share),
                _ => None,
            }),
            lost_answers: share(|kind| match kind {
                FaultKind::LostAnswer(share) => Some(share),
                _ => None,
            }),
            number: 0,
            tally: PostTally::default(),
        }
    }

    /// Posts the elements of one request until they are taken.
    ///
    /// # Errors
    /// The endpoint will not take them, or there has been no answer for too long.
    pub(super) async fn post(&mut self, mut elements: Vec<Element>) -> Result<(), PostFailure> {
        let mut backoff = Backoff::new(BACKOFF.0, BACKOFF.1);
        let mut silent_since = Instant::now();
        let mut is_slow = self.draws(self.slow_bodies);
        let mut loses_answer = self.draws(self.lost_answers);
        while !elements.is_empty() {
            self.number += 1;
            let (dialect, number, now) = (&self.dialect, self.number, self.clock.wall());
            let body = Body::new(self.form, dialect, &elements, number, now);
            let bytes = body.bytes.len() as u64;
            let has_bad = elements
                .iter()
                .any(|element| element.kind == ElementKind::Bad);
            let attempt = if std::mem::take(&mut loses_answer) {
                self.tally.lost_answers += 1;
                // Whatever became of it, nobody knows: it is sent again.
                let _ = self
                    .raw
                    .lose(&self.endpoint, &self.request(&body), deadline())
                    .await;
                continue;
            } else if std::mem::take(&mut is_slow) {
                self.tally.slow_bodies += 1;
                let request = self.request(&body);
                match self.raw.dribble(&self.endpoint, &request, deadline()).await {
                    Ok(status) => self.judge(status, None, &[]),
                    Err(why) => Attempt::Failed(why),
                }
            } else {
                self.attempt(&body).await
            };
            match attempt {
                Attempt::Taken => {
                    self.count(&elements, bytes);
                    return Ok(());
                }
                Attempt::Malformed(_) if has_bad => {
                    self.tally.half_bad += 1;
                    elements.retain(|element| element.kind != ElementKind::Bad);
                    silent_since = Instant::now();
                }
                Attempt::Malformed(failure) | Attempt::Refused(failure) => return Err(failure),
                Attempt::Busy(after) => {
                    self.tally.busy += 1;
                    silent_since = Instant::now();
                    sleep(after.unwrap_or_else(|| backoff.next_delay())).await;
                }
                Attempt::Failed(why) if silent_since.elapsed() >= self.patience => {
                    return Err(PostFailure::Silent {
                        why,
                        seconds: self.patience.as_secs(),
                    });
                }
                Attempt::Failed(_) => {
                    self.tally.retries += 1;
                    sleep(backoff.next_delay()).await;
                }
            }
        }
        Ok(())
    }

    fn draws(&mut self, share: f64) -> bool {
        share > 0.0 && self.rng.random_bool(share)
    }

    fn count(&mut self, elements: &[Element], bytes: u64) {
        self.tally.requests += 1;
        self.tally.bytes += bytes;
        let mut bad = 0;
        for element in elements {
            match element.kind {
                ElementKind::Event => self.tally.events += 1,
                ElementKind::Copy => self.tally.copies += 1,
                ElementKind::Bad => bad = 1,
            }
        }
        self.tally.wrongly_taken += bad;
    }

    fn request(&self, body: &Body) -> Request<Bytes> {
        let mut request = Request::new(body.bytes.clone());
        *request.method_mut() = hyper::Method::POST;
        // It was part of a URL that was read.
        *request.uri_mut() = self.endpoint.path_and_query().parse().unwrap_or_default();
        let headers = request.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            hyper::header::HeaderValue::from_static(body.content_type),
        );
        if let Some(id) = body.request_id.as_deref().and_then(|id| id.parse().ok()) {
            headers.insert("x-amz-firehose-request-id", id);
        }
        self.credential.sign(headers, &body.bytes);
        request
    }

    async fn attempt(&self, body: &Body) -> Attempt {
        let terms = Terms {
            // At least once, as every sender does it.
            repeat: Repeat::Allowed,
            deadline: deadline(),
            answer_bytes_max: ANSWER_BYTES_MAX,
        };
        let called = self.client.call(&self.endpoint, self.request(body), &terms);
        match called.await {
            Ok(answer) => {
                let after = retry_after(&answer.headers, self.clock.wall());
                self.judge(answer.status, after, &answer.body)
            }
            Err(CallError::Net(error)) => Attempt::Failed(error.to_string()),
            Err(error) => Attempt::Failed(format!("{}: {error}", self.endpoint.authority())),
        }
    }

    fn judge(&self, status: StatusCode, after: Option<Duration>, body: &[u8]) -> Attempt {
        let quoted = self.redactor.quote_body(body);
        let refused = |hint| PostFailure::Refused {
            place: self.endpoint.authority(),
            status: status.as_u16(),
            said: quoted
                .as_ref()
                .map_or_else(String::new, |said| format!(": {said}")),
            hint,
        };
        match status {
            status if status.is_success() => Attempt::Taken,
            StatusCode::BAD_REQUEST => {
                Attempt::Malformed(refused("does the endpoint have the dialect of --dialect?"))
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Attempt::Busy(after),
            StatusCode::REQUEST_TIMEOUT => {
                Attempt::Failed(format!("{}: status 408", self.endpoint.authority()))
            }
            status if status.is_server_error() => {
                let place = self.endpoint.authority();
                Attempt::Failed(format!("{place}: status {}", status.as_u16()))
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Attempt::Refused(refused("check --credential and its secret"))
            }
            StatusCode::NOT_FOUND => Attempt::Refused(refused("check the path of --push")),
            _ => Attempt::Refused(refused("check --push")),
        }
    }
}

fn deadline() -> Instant {
    Instant::now() + ATTEMPT_MAX
}
