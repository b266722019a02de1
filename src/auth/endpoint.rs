//! One request to the token endpoint: client credentials in, a grant or a reason out.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::Request;
use hyper::StatusCode;
use hyper::header::HeaderValue;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use secrecy::ExposeSecret;
use secrecy::SecretString;
use tokio::time::Instant;

use super::AuthError;
use super::answer;
use super::answer::Grant;
use super::answer::NoGrant;
use crate::config::AuthSettings;
use crate::config::CredentialsIn;
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
use crate::net::percent_encoded;
use crate::time::Clock;

/// How long name, connection, TLS, request and answer may take together.
const FETCH_TIME_MAX: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read; a token takes a few kilobytes at most.
const ANSWER_BYTES_MAX: usize = 64 * 1_024;

/// The token endpoint and the credentials for it.
#[derive(Clone, Debug)]
pub(super) struct TokenEndpoint {
    endpoint: Endpoint,
    settings: AuthSettings,
    client: Client,
    redactor: Redactor,
    clock: Clock,
}

impl TokenEndpoint {
    pub(super) fn new(
        settings: AuthSettings,
        connector: Connector,
        clock: Clock,
    ) -> Result<Self, NetError> {
        let endpoint = Endpoint::new(&settings.token_url)?;
        let secret = settings.client_secret.expose_secret();
        let redactor = endpoint
            .redactor()
            .and(connector.redactor())
            .with_basic(settings.client_id.as_bytes(), secret.as_bytes());
        Ok(Self {
            endpoint,
            settings,
            client: Client::new(connector),
            redactor,
            clock,
        })
    }

    /// Asks once.
    pub(super) async fn fetch(&self) -> Result<Grant, AuthError> {
        let terms = Terms {
            // A token more does no harm.
            repeat: Repeat::Allowed,
            deadline: Instant::now() + FETCH_TIME_MAX,
            answer_bytes_max: ANSWER_BYTES_MAX,
        };
        let place = || self.endpoint.authority();
        let answer = match self
            .client
            .call(&self.endpoint, self.request()?, &terms)
            .await
        {
            Ok(answer) => answer,
            Err(CallError::Net(error)) => return Err(error.into()),
            Err(error @ CallError::Lost(_)) => return Err(self.unavailable(error.to_string())),
            Err(error) => {
                let (place, why) = (place(), error.to_string());
                return Err(AuthError::Unusable { place, why });
            }
        };
        let read = answer::read(answer.status, &answer.headers, &answer.body, &self.redactor);
        read.map_err(|found| match found {
            NoGrant::Refused(code) => AuthError::Refused {
                place: place(),
                code,
            },
            NoGrant::Unusable(why) => AuthError::Unusable {
                place: place(),
                why,
            },
            NoGrant::Outage(why) => match self.asked_to_wait(&answer) {
                Some(wait) => AuthError::RateLimited {
                    place: place(),
                    why,
                    wait,
                },
                None => self.unavailable(why),
            },
        })
    }

    fn asked_to_wait(&self, answer: &Answer) -> Option<Duration> {
        let is_busy = matches!(
            answer.status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
        );
        net::retry_after(&answer.headers, self.clock.wall()).filter(|_| is_busy)
    }

    fn request(&self) -> Result<Request<Bytes>, AuthError> {
        let request = Request::post(self.endpoint.path_and_query())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json");
        let request = match self.settings.credentials_in {
            CredentialsIn::Header => request.header(AUTHORIZATION, self.basic()?),
            CredentialsIn::Body => request,
        };
        request
            .body(Bytes::from(self.form()))
            .map_err(|_| self.unavailable("the request cannot be built".to_owned()))
    }

    fn basic(&self) -> Result<HeaderValue, AuthError> {
        // Plain base64 of `id:secret`, as Genesys's own clients send it: RFC 6749 would have both
        // halves form-encoded first, which is the same for the characters that ids and secrets have.
        let credentials = SecretString::from(format!(
            "{}:{}",
            self.settings.client_id,
            self.settings.client_secret.expose_secret()
        ));
        let basic = SecretString::from(format!(
            "Basic {}",
            STANDARD.encode(credentials.expose_secret())
        ));
        let mut basic = HeaderValue::from_str(basic.expose_secret())
            .map_err(|_| self.unavailable("credentials cannot be sent".to_owned()))?;
        basic.set_sensitive(true);
        Ok(basic)
    }

    fn form(&self) -> String {
        let mut fields = vec![("grant_type", "client_credentials")];
        fields.extend(self.settings.scope.as_deref().map(|scope| ("scope", scope)));
        fields.extend(
            self.settings
                .audience
                .as_deref()
                .map(|audience| ("audience", audience)),
        );
        if self.settings.credentials_in == CredentialsIn::Body {
            fields.push(("client_id", &self.settings.client_id));
            fields.push(("client_secret", self.settings.client_secret.expose_secret()));
        }
        let fields: Vec<String> = fields
            .into_iter()
            .map(|(name, value)| format!("{name}={}", percent_encoded(value)))
            .collect();
        fields.join("&")
    }

    fn unavailable(&self, why: String) -> AuthError {
        AuthError::Unavailable {
            place: self.endpoint.authority(),
            why,
        }
    }
}
