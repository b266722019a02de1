//! One attempt to post a change. No text that leaves here holds the URL's path or the token, also
//! where the receiver repeats them.

use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use hyper::StatusCode;
use hyper::header::AUTHORIZATION;
use hyper::header::CONTENT_TYPE;
use hyper::header::HeaderValue;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use tokio::time::Instant;

use crate::config::WebhookSettings;
use crate::net;
use crate::net::Answer;
use crate::net::CallError;
use crate::net::Client;
use crate::net::Connector;
use crate::net::Endpoint;
use crate::net::NetError;
use crate::net::Redactor;
use crate::net::Repeat;
use crate::net::Terms;
use crate::time::Clock;

/// Bytes of an answer that are read; only what a refusal begins with matters.
const ANSWER_BYTES_MAX: usize = 64 * 1_024;

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The receiver has it.
    Delivered,
    /// It may work later; not before this long, if the receiver said so.
    Later {
        why: String,
        after: Option<Duration>,
    },
    /// It will not work.
    Never { why: String },
}

/// The receiver.
#[derive(Clone, Debug)]
pub(super) struct Webhook {
    endpoint: Endpoint,
    token: Option<SecretString>,
    client: Client,
    /// Knows the token and what in the URL may be a key.
    redactor: Redactor,
    clock: Clock,
    attempt_timeout: Duration,
}

impl Webhook {
    pub(super) fn new(
        settings: &WebhookSettings,
        connector: Connector,
        clock: Clock,
    ) -> Result<Self, NetError> {
        let endpoint = Endpoint::new(&settings.url.0)?;
        let redactor = endpoint.redactor().and(&endpoint.path_redactor());
        let redactor = redactor.and(connector.redactor());
        Ok(Self {
            redactor: match &settings.token {
                Some(token) => redactor.with(token.expose_secret()),
                None => redactor,
            },
            endpoint,
            token: settings.token.clone(),
            client: Client::new(connector),
            clock,
            attempt_timeout: settings.attempt_timeout,
        })
    }

    /// Posts a body, once.
    pub(super) async fn post(self, body: Bytes) -> Verdict {
        let Ok(request) = self.request(body) else {
            return Verdict::Never {
                why: self.line("the token cannot be sent in a header; correct its file"),
            };
        };
        let terms = Terms {
            // The outbox decides about further attempts: it counts them and paces them.
            repeat: Repeat::Never,
            deadline: Instant::now() + self.attempt_timeout,
            answer_bytes_max: ANSWER_BYTES_MAX,
        };
        let later = |why: String| Verdict::Later { why, after: None };
        match self.client.call(&self.endpoint, request, &terms).await {
            Ok(answer) => self.judge(&answer),
            // The status, which has come, would have been enough; but who sends so much is no
            // receiver of webhooks.
            Err(CallError::Net(error)) => later(format!("webhook: {error}")),
            Err(error) => later(self.line(&error.to_string())),
        }
    }

    fn request(&self, body: Bytes) -> Result<Request<Bytes>, hyper::http::Error> {
        let mut request =
            Request::post(self.endpoint.path_and_query()).header(CONTENT_TYPE, "application/json");
        if let Some(token) = &self.token {
            let bearer = SecretString::from(format!("Bearer {}", token.expose_secret()));
            let mut bearer = HeaderValue::from_str(bearer.expose_secret())?;
            bearer.set_sensitive(true);
            request = request.header(AUTHORIZATION, bearer);
        }
        request.body(body)
    }

    fn judge(&self, answer: &Answer) -> Verdict {
        let status = answer.status;
        let quoted = self.redactor.quote_body(&answer.body);
        let said = quoted.map_or_else(String::new, |quoted| format!(": {quoted}"));
        let line = |hint: &str| self.line(&format!("status {}{said}{hint}", status.as_u16()));
        match status {
            status if status.is_success() => Verdict::Delivered,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Verdict::Later {
                why: line("; it is busy"),
                after: net::retry_after(&answer.headers, self.clock.wall()),
            },
            status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
                Verdict::Later {
                    why: line(""),
                    after: None,
                }
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Verdict::Never {
                why: line("; check webhook-token-file"),
            },
            status if status.is_redirection() => Verdict::Never {
                why: line("; redirects are not followed, correct webhook-url"),
            },
            _ => Verdict::Never {
                why: line("; check webhook-url"),
            },
        }
    }

    fn line(&self, why: &str) -> String {
        format!("webhook: {}: {why}", self.endpoint.authority())
    }
}
