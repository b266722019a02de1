//! A request that is written by hand, as no client of good manners would: slowly, or without waiting for
//! the answer.

use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use hyper::StatusCode;
use hyper::header::CONTENT_LENGTH;
use hyper::header::HOST;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;
use tokio::time::sleep;
use tokio::time::timeout_at;

use crate::net::Connector;
use crate::net::Endpoint;
use crate::net::Stream;

/// In how many pieces a slow body is sent, and how long after each other.
const PIECES: usize = 8;
const BETWEEN: Duration = Duration::from_millis(50);
/// `HTTP/1.1 200`
const STATUS_BYTES: usize = 12;

/// Writes requests by hand, each on a connection of its own.
#[derive(Debug)]
pub(super) struct Raw(Connector);

impl Raw {
    pub(super) const fn new(connector: Connector) -> Self {
        Self(connector)
    }

    /// Sends a request, waits until it is answered, and closes the connection without reading what.
    ///
    /// # Errors
    /// What went wrong before that, in one line.
    pub(super) async fn lose(
        &self,
        to: &Endpoint,
        request: &Request<Bytes>,
        deadline: Instant,
    ) -> Result<(), String> {
        let exchange = async {
            let mut stream = self.begin(to, request, deadline).await?;
            stream.write_all(request.body()).await.map_err(words)?;
            stream.flush().await.map_err(words)?;
            stream.read_u8().await.map_err(words)?;
            Ok(())
        };
        timeout_at(deadline, exchange)
            .await
            .unwrap_or_else(|_| Err("no answer in time".to_owned()))
    }

    /// Sends a request in pieces, and reads the answer's status.
    ///
    /// # Errors
    /// What went wrong, in one line.
    pub(super) async fn dribble(
        &self,
        to: &Endpoint,
        request: &Request<Bytes>,
        deadline: Instant,
    ) -> Result<StatusCode, String> {
        let exchange = async {
            let mut stream = self.begin(to, request, deadline).await?;
            let body = request.body();
            for piece in body.chunks((body.len() / PIECES).max(1)) {
                stream.write_all(piece).await.map_err(words)?;
                stream.flush().await.map_err(words)?;
                sleep(BETWEEN).await;
            }
            let mut status = [0; STATUS_BYTES];
            stream.read_exact(&mut status).await.map_err(words)?;
            let digits = status.last_chunk::<3>().copied().unwrap_or_default();
            StatusCode::from_bytes(&digits).map_err(|_| "the answer is not http".to_owned())
        };
        timeout_at(deadline, exchange)
            .await
            .unwrap_or_else(|_| Err("no answer in time".to_owned()))
    }

    /// Connects and writes the head.
    async fn begin(
        &self,
        to: &Endpoint,
        request: &Request<Bytes>,
        deadline: Instant,
    ) -> Result<Stream, String> {
        let connected = self.0.connect(to, deadline).await;
        let mut stream = connected.map_err(|error| error.to_string())?;
        let mut head = format!("POST {} HTTP/1.1\r\n", to.path_and_query());
        // Writing to a string cannot fail.
        let _ = write!(head, "{HOST}: {}\r\n", to.authority());
        let _ = write!(head, "{CONTENT_LENGTH}: {}\r\n", request.body().len());
        let mut head = head.into_bytes();
        for (name, value) in request.headers() {
            head.extend_from_slice(name.as_str().as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(b"\r\n");
        stream.write_all(&head).await.map_err(words)?;
        Ok(stream)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn words(error: std::io::Error) -> String {
    error.kind().to_string()
}
