//! Asks the server over one connection that is made anew when it is lost.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::Full;
use http_body_util::Limited;
use hyper::Request;
use hyper::StatusCode;
use hyper::Uri;
use hyper::client::conn::http1;
use hyper::client::conn::http1::SendRequest;
use hyper::header;
use hyper::header::HeaderValue;
use hyper_util::rt::TokioIo;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use tokio::time::Instant;
use tokio::time::timeout_at;

use crate::net::Connector;
use crate::net::Endpoint;
use crate::net::NetError;

use super::answer;
use super::answer::Answer;
use super::controls::Controls;

/// How long connecting and one answer may take together.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read: 200 groups take 50 kB.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// The server, and the connection to it while there is one.
pub(super) struct Server {
    connector: Connector,
    endpoint: Endpoint,
    path: String,
    token: Option<SecretString>,
    sender: Option<SendRequest<Full<Bytes>>>,
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
        Ok(Self {
            connector,
            path,
            endpoint,
            token,
            sender: None,
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
        let deadline = Instant::now() + ANSWER_TIME_MAX;
        let asked = timeout_at(deadline, self.exchange(controls, deadline)).await;
        let asked = asked.unwrap_or_else(|_| Err(format!("{}: no answer in time", self.place())));
        if asked.is_err() {
            self.sender = None;
        }
        asked
    }

    async fn exchange(&mut self, controls: &Controls, deadline: Instant) -> Result<Answer, String> {
        let body = Bytes::from(answer::request(controls));
        let kept = self.sender.take().filter(|sender| !sender.is_closed());
        let mut sender = match kept {
            Some(sender) => sender,
            None => self.connect(deadline).await?,
        };
        let sent = async {
            sender.ready().await?;
            sender.send_request(self.request(body)).await
        };
        let place = self.place();
        let answered = sent.await.map_err(|error| self.lost(&error))?;
        let status = answered.status();
        let body = Limited::new(answered.into_body(), ANSWER_BYTES_MAX);
        let body = body.collect().await;
        let body = body
            .map_err(|_| format!("{place}: no whole answer of streamgauge; check --url"))?
            .to_bytes();
        if status != StatusCode::OK {
            return Err(self.refused(status));
        }
        let read = answer::read(&body).map_err(|why| format!("{place}: {why}"));
        self.sender = Some(sender);
        read
    }

    async fn connect(&self, deadline: Instant) -> Result<SendRequest<Full<Bytes>>, String> {
        let stream = self.connector.connect(&self.endpoint, deadline).await;
        let stream = stream.map_err(|error| match error {
            NetError::Refused { place } => format!(
                "{place}: connection refused; start streamgauge serve or demo there, or name another server with --url"
            ),
            error => error.to_string(),
        })?;
        let shaken = http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) = shaken.map_err(|error| self.lost(&error))?;
        tokio::spawn(async move {
            // Its end is seen by the next request.
            let _ = connection.await;
        });
        Ok(sender)
    }

    fn request(&self, body: Bytes) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::from(body));
        *request.method_mut() = hyper::Method::POST;
        if let Ok(path) = self.path.parse() {
            *request.uri_mut() = path;
        }
        let headers = request.headers_mut();
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
        if let Ok(host) = HeaderValue::from_str(&self.place()) {
            headers.insert(header::HOST, host);
        }
        if let Some(token) = &self.token {
            let bearer = SecretString::from(format!("Bearer {}", token.expose_secret()));
            // A token is printable: what is not was refused when its file was read.
            if let Ok(mut bearer) = HeaderValue::from_str(bearer.expose_secret()) {
                bearer.set_sensitive(true);
                headers.insert(header::AUTHORIZATION, bearer);
            }
        }
        request
    }

    /// Why there was no answer. What speaks another protocol answers with bytes that are no HTTP, or
    /// hangs up: a TLS port that is asked without does either.
    fn lost(&self, error: &hyper::Error) -> String {
        let place = self.place();
        if error.is_parse() {
            return format!("{place}: what answers there is no HTTP; check --url, is it https?");
        }
        if error.is_incomplete_message() || error.is_canceled() {
            return format!(
                "{place}: connection closed without an answer; if it stays so, check --url, is it https?"
            );
        }
        format!("{place}: connection lost")
    }

    fn refused(&self, status: StatusCode) -> String {
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
        format!("{}: status {}: {what}", self.place(), status.as_u16())
    }
}
