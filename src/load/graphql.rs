//! A GraphQL client on one connection: what the readers and the watcher of an engine elsewhere use.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::Full;
use http_body_util::Limited;
use hyper::Request;
use hyper::StatusCode;
use hyper::Uri;
use hyper::client::conn::http1;
use hyper::header;
use hyper_util::rt::TokioIo;
use tokio::time::Instant;
use tokio::time::timeout;

use crate::net::Connector;
use crate::net::Endpoint;

/// How long connecting or one answer may take.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// A connection to `/graphql` under a base URL.
#[derive(Debug)]
pub(super) struct Client {
    sender: http1::SendRequest<Full<Bytes>>,
    host: String,
    path: String,
}

impl Client {
    /// Connects, within [`ANSWER_TIME_MAX`].
    ///
    /// # Errors
    /// One line that says why not.
    pub(super) async fn connect(connector: &Connector, base: &Uri) -> Result<Self, String> {
        let endpoint = Endpoint::new(base).map_err(|error| error.to_string())?;
        let stream = connector
            .connect(&endpoint, Instant::now() + ANSWER_TIME_MAX)
            .await
            .map_err(|error| error.to_string())?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| error.to_string())?;
        tokio::spawn(async move {
            // Its end is seen by the next request.
            let _ = connection.await;
        });
        Ok(Self {
            sender,
            host: endpoint.authority(),
            path: format!(
                "{}/graphql",
                endpoint.path_and_query().trim_end_matches('/')
            ),
        })
    }

    /// Asks one query, given as the JSON of the request, and reads the whole answer.
    ///
    /// # Errors
    /// One line that says what went wrong; reconnect after it.
    pub(super) async fn ask(&mut self, request: &'static str) -> Result<Bytes, String> {
        let request = Request::post(&self.path)
            .header(header::HOST, &self.host)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(request))
            .map_err(|error| error.to_string())?;
        let exchange = async {
            self.sender
                .ready()
                .await
                .map_err(|error| error.to_string())?;
            let answer = self.sender.send_request(request).await;
            let answer = answer.map_err(|error| error.to_string())?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX);
            let body = body.collect().await.map_err(|error| error.to_string())?;
            match status {
                StatusCode::OK => Ok(body.to_bytes()),
                status => Err(format!("status {}", status.as_u16())),
            }
        };
        timeout(ANSWER_TIME_MAX, exchange)
            .await
            .unwrap_or_else(|_| Err("no answer in time".to_owned()))
    }
}
