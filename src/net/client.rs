//! The HTTP client of everything that asks a service: pooled connections, answers within limits.
//!
//! Its users are the token endpoint, the webhook and `top`. HTTP/1.1; redirects are not followed: an
//! answer is an answer. The connections are [`Connector`]'s, so proxies, racing and TLS are as there.

use std::error::Error;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use http_body_util::Full;
use hyper::HeaderMap;
use hyper::Request;
use hyper::Response;
use hyper::StatusCode;
use hyper::Uri;
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::header::PROXY_AUTHORIZATION;
use hyper::header::USER_AGENT;
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioTimer;
use tokio::time::Instant;
use tokio::time::timeout_at;

use super::ConnectPhase;
use super::Connector;
use super::Endpoint;
use super::NetError;
use super::body::BodyFault;
use super::body::read_whole;
use super::date::server_date;
use super::dial::DEADLINE;
use super::dial::Dial;
use super::dial::Uses;
use super::http::HEADER_BYTES_MAX;
use super::http::USER_AGENT_NAME;
use super::http::describe;
use super::printable::printable;
use super::proxy_header::proxy_authorization;
use crate::time::EpochMs;

/// How long a connection is kept for the next request: less than servers usually do, so that they
/// rarely close one just as it is used.
const IDLE_MAX: std::time::Duration = std::time::Duration::from_secs(20);
/// Idle connections that are kept for each host.
const IDLE_CONNECTIONS_MAX: usize = 4;

/// An HTTP client. Cloning it is cheap; clones share their connections. Connections are driven by the
/// tokio runtime that made them.
#[derive(Clone, Debug)]
pub struct Client {
    connector: Connector,
    kept: legacy::Client<Dial, Full<Bytes>>,
    /// Keeps no connection.
    fresh: legacy::Client<Dial, Full<Bytes>>,
}

/// Whether a request may reach the service twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// It may: it asks, or asks for something of which one more does no harm. It travels on a kept
    /// connection, and again on another one where that turns out to have ended.
    Allowed,
    /// It must not. It travels on a connection of its own: of a kept one that ends, nobody can tell
    /// whether it has taken the request.
    Never,
}

/// The limits of one call.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Whether it may be sent again.
    pub repeat: Repeat,
    /// Until when connecting, request and answer have to be done, all together.
    pub deadline: Instant,
    /// Bytes of the answer's body, packed and unpacked.
    pub answer_bytes_max: usize,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, unpacked.
    pub body: Bytes,
    /// When it was made, by the server's own clock.
    pub server_date: Option<EpochMs>,
}

/// Why there is no answer. Every text is one line without secrets and, but for [`Self::Net`],
/// without the place.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum CallError {
    /// No connection, or no answer in time.
    #[error("{0}")]
    Net(#[from] NetError),
    /// The connection ended too early, or what came is not HTTP.
    #[error("{0}")]
    Lost(String),
    /// The body is longer than the limit.
    #[error("longer than {0} bytes")]
    TooLong(usize),
    /// The body is packed, and not by gzip or badly.
    #[error("a content-encoding that cannot be read")]
    Packed,
}

impl Client {
    /// A client that connects by `connector`.
    pub fn new(connector: Connector) -> Self {
        let build = |idle_max| {
            legacy::Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(IDLE_MAX)
                .pool_max_idle_per_host(idle_max)
                .http1_max_buf_size(HEADER_BYTES_MAX)
                .build(Dial::new(connector.clone()))
        };
        Self {
            kept: build(IDLE_CONNECTIONS_MAX),
            fresh: build(0),
            connector,
        }
    }

    /// Sends a request, whose target is path and query, and reads the whole answer. gzip is unpacked
    /// wherever it comes; to ask for it, send `Accept-Encoding: gzip`.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn call(
        &self,
        to: &Endpoint,
        request: Request<Bytes>,
        terms: &Terms,
    ) -> Result<Answer, CallError> {
        let request = self.addressed(to, request)?;
        let exchange = async {
            let (head, body) = self.send(request, terms).await?.into_parts();
            let body = read_whole(&head.headers, body, terms.answer_bytes_max).await;
            let body = body.map_err(|fault| match fault {
                BodyFault::TooLong => CallError::TooLong(terms.answer_bytes_max),
                BodyFault::Cut => CallError::Lost("connection closed within the answer".to_owned()),
                BodyFault::Packed => CallError::Packed,
            })?;
            Ok(Answer {
                status: head.status,
                server_date: server_date(&head.headers),
                headers: head.headers,
                body,
            })
        };
        let exchange = DEADLINE.scope(terms.deadline, exchange);
        timeout_at(terms.deadline, exchange)
            .await
            .unwrap_or_else(|_| {
                Err(NetError::timeout(&to.authority(), ConnectPhase::Request).into())
            })
    }

    /// The request with its whole URL, as the pool and a proxy on the way need it.
    fn addressed(
        &self,
        to: &Endpoint,
        request: Request<Bytes>,
    ) -> Result<Request<Full<Bytes>>, CallError> {
        let (mut head, body) = request.into_parts();
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let scheme = if to.is_tls() { "https" } else { "http" };
        head.uri = Uri::builder()
            .scheme(scheme)
            .authority(to.authority())
            .path_and_query(path)
            .build()
            .map_err(|_| CallError::Lost("the request cannot be built".to_owned()))?;
        head.headers
            .entry(USER_AGENT)
            .or_insert(HeaderValue::from_static(USER_AGENT_NAME));
        let proxy = self.connector.plain_proxy_to(to);
        if let Some(value) = proxy.and_then(|proxy| proxy_authorization(proxy.credentials()?)) {
            head.headers.insert(PROXY_AUTHORIZATION, value);
        }
        Ok(Request::from_parts(head, Full::from(body)))
    }

    async fn send(
        &self,
        request: Request<Full<Bytes>>,
        terms: &Terms,
    ) -> Result<Response<Incoming>, CallError> {
        let pool = match terms.repeat {
            Repeat::Allowed => &self.kept,
            Repeat::Never => &self.fresh,
        };
        // Each turn uses up one connection that had ended unseen.
        for _ in 0..IDLE_CONNECTIONS_MAX {
            match pool.request(request.clone()).await {
                Ok(answer) => return Ok(answered(answer)),
                Err(error) if terms.repeat == Repeat::Allowed && was_kept(&error) => {}
                Err(error) => return Err(why(&error)),
            }
        }
        self.fresh
            .request(request)
            .await
            .map_err(|error| why(&error))
    }
}

/// Counts the use of its connection.
fn answered(answer: Response<Incoming>) -> Response<Incoming> {
    if let Some(uses) = answer.extensions().get::<Uses>() {
        // Relaxed: a count alone, read after the next request on the same connection has failed.
        uses.0.fetch_add(1, Ordering::Relaxed);
    }
    answer
}

/// Whether the request failed on a connection that had served before.
fn was_kept(error: &legacy::Error) -> bool {
    let mut extensions = hyper::http::Extensions::new();
    if let Some(connected) = error.connect_info() {
        connected.get_extras(&mut extensions);
    }
    let uses = extensions.get::<Uses>();
    uses.is_some_and(|uses| uses.0.load(Ordering::Relaxed) > 0)
}

fn why(error: &legacy::Error) -> CallError {
    let mut cause = error.source();
    while let Some(found) = cause {
        if let Some(error) = found.downcast_ref::<NetError>() {
            return CallError::Net(error.clone());
        }
        if let Some(error) = found.downcast_ref::<hyper::Error>() {
            return CallError::Lost(describe(error));
        }
        cause = found.source();
    }
    CallError::Lost(printable(&error.to_string()))
}
