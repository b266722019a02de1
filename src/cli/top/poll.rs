//! Asks the server, over a connection that is kept.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use hyper::StatusCode;
use hyper::Uri;
use hyper::header;
use hyper::header::HeaderValue;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use tokio::time::Instant;

use crate::net;
use crate::net::CallError;
use crate::net::Client;
use crate::net::Connector;
use crate::net::Endpoint;
use crate::net::NetError;
use crate::net::Redactor;
use crate::net::Repeat;
use crate::net::Terms;

use super::answer;
use super::answer::Answer;
use super::controls::Controls;

/// How long connecting and one answer may take together.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read: 200 groups take 50 kB.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// The server, and how to ask it.
pub(super) struct Server {
    client: Client,
    endpoint: Endpoint,
    path: String,
    token: Option<SecretString>,
    redactor: Redactor,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}

impl Server {
    /// A server under a base URL; nothing is connected yet.
    ///
    /// # Errors
    /// When the URL is none to send a token to.
    pub(super) fn new(
        connector: Connector,
        base: &Uri,
        token: Option<SecretString>,
    ) -> Result<Self, NetError> {
        let endpoint = Endpoint::new(base)?;
        let base = endpoint.path_and_query().trim_end_matches('/');
        let path = match base.ends_with("/graphql") {
            true => base.to_owned(),
            false => format!("{base}/graphql"),
        };
        let redactor = endpoint.redactor().and(connector.redactor());
        Ok(Self {
            client: Client::new(connector),
            path,
            endpoint,
            redactor: match &token {
                Some(token) => redactor.with(token.expose_secret()),
                None => redactor,
            },
            token,
        })
    }

    /// Host and port.
    pub(super) fn place(&self) -> String {
        self.endpoint.authority()
    }

    /// Asks once.
    ///
    /// # Errors
    /// One line that says what to do.
    pub(super) async fn ask(&mut self, controls: &Controls) -> Result<Answer, String> {
        let place = self.place();
        let request = self.request(Bytes::from(answer::request(controls)))?;
        let terms = Terms {
            // A query changes nothing.
            repeat: Repeat::Allowed,
            deadline: Instant::now() + ANSWER_TIME_MAX,
            answer_bytes_max: ANSWER_BYTES_MAX,
        };
        let answered = self.client.call(&self.endpoint, request, &terms).await;
        let answered = answered.map_err(|error| match error {
            CallError::Net(NetError::Refused { place }) => format!(
                "{place}: connection refused; start streamgauge serve or demo there, or name another server with --url"
            ),
            CallError::Net(error) => error.to_string(),
            // What speaks another protocol answers with bytes that are no HTTP, or hangs up: a TLS
            // port that is asked without does either.
            CallError::Lost(why) => {
                format!("{place}: {why}; if it stays so, check --url, is it https?")
            }
            error => format!("{place}: no answer of streamgauge ({error}); check --url"),
        })?;
        if answered.status != StatusCode::OK {
            return Err(self.refused(&answered));
        }
        answer::read(&answered.body).map_err(|why| format!("{place}: {why}"))
    }

    fn request(&self, body: Bytes) -> Result<Request<Bytes>, String> {
        let unbuildable = |_| format!("{}: the request cannot be built", self.place());
        let mut request =
            Request::post(&self.path).header(header::CONTENT_TYPE, "application/json");
        if let Some(token) = &self.token {
            let bearer = SecretString::from(format!("Bearer {}", token.expose_secret()));
            // A token is printable: what is not was refused when its file was read.
            if let Ok(mut bearer) = HeaderValue::from_str(bearer.expose_secret()) {
                bearer.set_sensitive(true);
                request = request.header(header::AUTHORIZATION, bearer);
            }
        }
        request.body(body).map_err(unbuildable)
    }

    fn refused(&self, answered: &net::Answer) -> String {
        let status = answered.status;
        let what = match (status, &self.token) {
            (StatusCode::UNAUTHORIZED, None) => {
                "the server asks for a token; give its file with --token-file"
            }
            (StatusCode::UNAUTHORIZED, Some(_)) => {
                "the server refuses the token; check the file of --token-file"
            }
            (StatusCode::MISDIRECTED_REQUEST, _) => {
                "the server is not known by this name; use its own, such as localhost"
            }
            (StatusCode::NOT_FOUND, _) => "nothing answers GraphQL there; check --url",
            (status, _) if status.is_redirection() => {
                "it sends on to another place; name that one with --url"
            }
            (StatusCode::FORBIDDEN, _) => "access is forbidden there; check --url and any proxy",
            (StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE, _)
            | (StatusCode::GATEWAY_TIMEOUT, _) => {
                "the server, or a proxy before it, is not ready; try again"
            }
            (status, _) if status.is_server_error() => "the server failed; see its log",
            _ => "this is no streamgauge server; check --url",
        };
        // What our own answers say is said above.
        let is_ours = matches!(
            status,
            StatusCode::UNAUTHORIZED | StatusCode::MISDIRECTED_REQUEST | StatusCode::NOT_FOUND
        );
        let quoted = match is_ours {
            true => None,
            false => self.redactor.quote_body(&answered.body),
        };
        let says = quoted.map_or_else(String::new, |quoted| format!("; it says {quoted}"));
        format!("{}: status {}: {what}{says}", self.place(), status.as_u16())
    }
}
