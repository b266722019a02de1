//! One request to the token endpoint: client credentials in, a grant or a reason out.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::Full;
use http_body_util::Limited;
use hyper::Method;
use hyper::Request;
use hyper::Response;
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use secrecy::ExposeSecret;
use secrecy::SecretString;
use tokio::time::Instant;
use tokio::time::timeout_at;

use super::AuthError;
use super::answer::Grant;
use super::answer::read_error_code;
use super::answer::read_grant;
use crate::config::AuthSettings;
use crate::net;
use crate::net::ConnectPhase;
use crate::net::Connector;
use crate::net::Endpoint;
use crate::net::NetError;
use crate::time::Clock;

/// How long name, connection, TLS, request and answer may take together.
const FETCH_TIME_MAX: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read; a token takes a few kilobytes at most.
const ANSWER_BYTES_MAX: usize = 64 * 1_024;

/// The token endpoint and the credentials for it.
#[derive(Clone, Debug)]
pub(super) struct TokenEndpoint {
    endpoint: Endpoint,
    client_id: String,
    client_secret: SecretString,
    connector: Connector,
    clock: Clock,
}

impl TokenEndpoint {
    pub(super) fn new(
        settings: AuthSettings,
        connector: Connector,
        clock: Clock,
    ) -> Result<Self, NetError> {
        Ok(Self {
            endpoint: Endpoint::new(&settings.token_url)?,
            client_id: settings.client_id,
            client_secret: settings.client_secret,
            connector,
            clock,
        })
    }

    /// Asks once.
    pub(super) async fn fetch(&self) -> Result<Grant, AuthError> {
        let deadline = Instant::now() + FETCH_TIME_MAX;
        let stream = self.connector.connect(&self.endpoint, deadline).await?;
        let exchange = async {
            let answer = net::exchange(stream, self.request()?)
                .await
                .map_err(|why| self.unavailable(why))?;
            self.read(answer).await
        };
        timeout_at(deadline, exchange).await.unwrap_or_else(|_| {
            Err(NetError::timeout(&self.endpoint.authority(), ConnectPhase::Request).into())
        })
    }

    fn request(&self) -> Result<Request<Full<Bytes>>, AuthError> {
        // Plain base64 of `id:secret`, as Genesys's own clients send it: RFC 6749 would have both
        // halves form-encoded first, which is the same for the characters that ids and secrets have.
        let credentials = SecretString::from(format!(
            "{}:{}",
            self.client_id,
            self.client_secret.expose_secret()
        ));
        let basic = SecretString::from(format!(
            "Basic {}",
            STANDARD.encode(credentials.expose_secret())
        ));
        let mut authorization = HeaderValue::from_str(basic.expose_secret())
            .map_err(|_| self.unavailable("credentials cannot be sent".to_owned()))?;
        authorization.set_sensitive(true);
        Request::builder()
            .method(Method::POST)
            .uri(self.endpoint.path_and_query())
            .header(HOST, self.endpoint.authority())
            .header(AUTHORIZATION, authorization)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .header(
                USER_AGENT,
                concat!("streamgauge/", env!("CARGO_PKG_VERSION")),
            )
            .body(Full::from("grant_type=client_credentials"))
            .map_err(|_| self.unavailable("the request cannot be built".to_owned()))
    }

    async fn read(&self, answer: Response<Incoming>) -> Result<Grant, AuthError> {
        let (head, body) = answer.into_parts();
        let wait = net::retry_after(&head.headers, self.clock.wall());
        match (head.status, wait) {
            (StatusCode::OK, _) => {}
            (StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => {
                let code = self.body(body).await.ok();
                return Err(AuthError::Refused {
                    place: self.endpoint.authority(),
                    code: code
                        .and_then(|body| read_error_code(&body, &self.client_secret))
                        .unwrap_or_else(|| format!("status {}", head.status.as_u16())),
                });
            }
            (StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE, Some(wait)) => {
                return Err(AuthError::RateLimited {
                    place: self.endpoint.authority(),
                    status: head.status.as_u16(),
                    wait,
                });
            }
            (status, _) if status.is_server_error() || is_momentary(status) => {
                return Err(self.unavailable(format!("status {}", status.as_u16())));
            }
            (status, _) if status.is_redirection() => {
                let status = status.as_u16();
                return Err(self.unusable(format!("status {status}, redirects are not followed")));
            }
            (status, _) => return Err(self.unusable(format!("status {}", status.as_u16()))),
        }
        let content_type = head.headers.get(CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        let body = self.body(body).await?;
        read_grant(content_type, &body).map_err(|why| self.unusable(why))
    }

    async fn body(&self, body: Incoming) -> Result<Bytes, AuthError> {
        match Limited::new(body, ANSWER_BYTES_MAX).collect().await {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                Err(self.unusable(format!("longer than {ANSWER_BYTES_MAX} bytes")))
            }
            Err(_) => Err(self.unavailable("connection closed within the answer".to_owned())),
        }
    }

    fn unusable(&self, why: String) -> AuthError {
        AuthError::Unusable {
            place: self.endpoint.authority(),
            why,
        }
    }

    fn unavailable(&self, why: String) -> AuthError {
        AuthError::Unavailable {
            place: self.endpoint.authority(),
            why,
        }
    }
}

/// Whether a client error only means "not now".
fn is_momentary(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT
    )
}
