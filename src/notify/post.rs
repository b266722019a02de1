//! One attempt to post a change. No text that leaves here holds the URL's path or the token.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::Full;
use http_body_util::Limited;
use hyper::Request;
use hyper::StatusCode;
use hyper::header::AUTHORIZATION;
use hyper::header::CONTENT_TYPE;
use hyper::header::HOST;
use hyper::header::HeaderValue;
use hyper::header::USER_AGENT;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use tokio::time::Instant;
use tokio::time::timeout_at;

use crate::config::WebhookSettings;
use crate::net;
use crate::net::ConnectPhase;
use crate::net::Connector;
use crate::net::Endpoint;
use crate::net::NetError;
use crate::time::Clock;

/// Bytes of an answer that are read; what is in them does not matter.
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
    connector: Connector,
    clock: Clock,
    attempt_timeout: Duration,
}

impl Webhook {
    pub(super) fn new(
        settings: &WebhookSettings,
        connector: Connector,
        clock: Clock,
    ) -> Result<Self, NetError> {
        Ok(Self {
            endpoint: Endpoint::new(&settings.url.0)?,
            token: settings.token.clone(),
            connector,
            clock,
            attempt_timeout: settings.attempt_timeout,
        })
    }

    /// Posts a body, on a connection of its own: changes are rare.
    pub(super) async fn post(self, body: Bytes) -> Verdict {
        let deadline = Instant::now() + self.attempt_timeout;
        let later = |why: String| Verdict::Later { why, after: None };
        let Ok(request) = self.request(body) else {
            return Verdict::Never {
                why: self.line("the token cannot be sent in a header; correct its file"),
            };
        };
        let stream = match self.connector.connect(&self.endpoint, deadline).await {
            Ok(stream) => stream,
            Err(error) => return later(format!("webhook: {error}")),
        };
        let exchange = async {
            match net::exchange(stream, request).await {
                Ok(answer) => {
                    let (head, body) = answer.into_parts();
                    let verdict = self.judge(
                        head.status,
                        net::retry_after(&head.headers, self.clock.wall()),
                    );
                    // Read to its end so that the receiver sees an orderly close; it says nothing.
                    let _ = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
                    verdict
                }
                Err(why) => later(self.line(&why)),
            }
        };
        timeout_at(deadline, exchange).await.unwrap_or_else(|_| {
            let error = NetError::timeout(&self.endpoint.authority(), ConnectPhase::Request);
            later(format!("webhook: {error}"))
        })
    }

    fn request(&self, body: Bytes) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let mut request = Request::post(self.endpoint.path_and_query())
            .header(HOST, self.endpoint.authority())
            .header(CONTENT_TYPE, "application/json")
            .header(
                USER_AGENT,
                concat!("streamgauge/", env!("CARGO_PKG_VERSION")),
            );
        if let Some(token) = &self.token {
            let bearer = SecretString::from(format!("Bearer {}", token.expose_secret()));
            let mut bearer = HeaderValue::from_str(bearer.expose_secret())?;
            bearer.set_sensitive(true);
            request = request.header(AUTHORIZATION, bearer);
        }
        request.body(Full::from(body))
    }

    fn judge(&self, status: StatusCode, after: Option<Duration>) -> Verdict {
        let code = status.as_u16();
        match status {
            status if status.is_success() => Verdict::Delivered,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Verdict::Later {
                why: self.line(&format!("status {code}, it is busy")),
                after,
            },
            status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
                Verdict::Later {
                    why: self.line(&format!("status {code}")),
                    after: None,
                }
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Verdict::Never {
                why: self.line(&format!("status {code}; check webhook-token-file")),
            },
            status if status.is_redirection() => Verdict::Never {
                why: self.line(&format!(
                    "status {code}, redirects are not followed; correct webhook-url"
                )),
            },
            _ => Verdict::Never {
                why: self.line(&format!("status {code}; check webhook-url")),
            },
        }
    }

    fn line(&self, why: &str) -> String {
        format!("webhook: {}: {why}", self.endpoint.authority())
    }
}
