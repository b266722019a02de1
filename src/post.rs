//! A request that brings something, and its answer: what the HTTP server and a source that is posted to
//! agree on.
//!
//! The server knows paths, limits and slow clients, and nothing of what is brought. A [`Poster`] knows
//! who may bring what, and neither sockets nor how a body is read.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::HeaderName;
use hyper::header::HeaderValue;
use hyper::http::request::Parts;

/// One endpoint that takes posts.
pub trait Poster: Send + Sync + fmt::Debug {
    /// What it is called in counters.
    fn name(&self) -> &str;

    /// The path that it is at, to the letter.
    fn path(&self) -> &str;

    /// Judges a request by its head, of which the path is known, before any of its body is read.
    ///
    /// # Errors
    /// The answer, where the body is not wanted.
    fn begin(&self, head: Parts) -> Result<Box<dyn Delivery>, Reply>;
}

/// A post whose head was found good and whose body is on its way.
pub trait Delivery: Send {
    /// The longest body, in bytes as they are sent.
    fn bytes_max(&self) -> usize;

    /// How long the body may take, where that is less than the server allows.
    fn time_max(&self) -> Option<Duration> {
        None
    }

    /// Counts the bytes of the body that have come so far.
    ///
    /// # Errors
    /// The answer, where there is no room for them.
    fn hold(&mut self, bytes: usize) -> Result<(), Reply>;

    /// The answer to a body that did not come in full, or is too long.
    fn refuse(&self, outcome: Outcome, why: &str) -> Reply;

    /// Takes the whole body, and answers when it is known what became of it.
    fn finish(self: Box<Self>, body: Bytes) -> Pin<Box<dyn Future<Output = Reply> + Send>>;
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What became of it.
    pub outcome: Outcome,
    /// What was taken over, in elements of the body.
    pub elements: u64,
    /// Those of them that are of a type that nobody counts.
    pub ignored: u64,
    /// Headers beside the usual ones.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// A JSON document; empty for none.
    pub body: Bytes,
}

impl Reply {
    /// An answer without a body.
    pub const fn empty(outcome: Outcome) -> Self {
        Self {
            outcome,
            elements: 0,
            ignored: 0,
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// What became of a request. Each is counted by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// All of it was taken over.
    Taken,
    /// The question of a sender before it posts was answered.
    Greeted,
    /// The body is not what the endpoint takes.
    Malformed,
    /// The body ended before its end.
    Cut,
    /// The sender went away before it was answered; what it sent may have been taken.
    Gone,
    /// The credential is missing or wrong.
    Unauthorized,
    /// The signature is of another time.
    Stale,
    /// The request comes from a page of another site.
    Foreign,
    /// Another method.
    Method,
    /// The body did not come in time.
    Slow,
    /// The body is too long, packed or unpacked.
    TooLarge,
    /// Another media type, or packed in another way.
    Unsupported,
    /// There is no room now.
    Busy,
    /// The server is about to stop.
    Stopping,
}

impl Outcome {
    /// All of them, in the order in which they are counted.
    pub const ALL: [Self; 14] = [
        Self::Taken,
        Self::Greeted,
        Self::Malformed,
        Self::Cut,
        Self::Gone,
        Self::Unauthorized,
        Self::Stale,
        Self::Foreign,
        Self::Method,
        Self::Slow,
        Self::TooLarge,
        Self::Unsupported,
        Self::Busy,
        Self::Stopping,
    ];

    /// Its name in counters.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Greeted => "greeted",
            Self::Malformed => "malformed",
            Self::Cut => "cut",
            Self::Gone => "gone",
            Self::Unauthorized => "unauthorized",
            Self::Stale => "stale",
            Self::Foreign => "foreign",
            Self::Method => "method",
            Self::Slow => "slow",
            Self::TooLarge => "too_large",
            Self::Unsupported => "unsupported",
            Self::Busy => "busy",
            Self::Stopping => "stopping",
        }
    }

    /// The status of its answer; nobody reads that of one that is gone.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Taken | Self::Greeted => StatusCode::OK,
            Self::Malformed | Self::Cut | Self::Gone => StatusCode::BAD_REQUEST,
            Self::Unauthorized | Self::Stale => StatusCode::UNAUTHORIZED,
            Self::Foreign => StatusCode::FORBIDDEN,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Busy | Self::Stopping => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Its place in [`Outcome::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_distinct_and_indexed_in_order() {
        for (index, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome.index(), index);
            let others = &Outcome::ALL[index + 1..];
            assert!(others.iter().all(|other| other.label() != outcome.label()));
        }
    }
}
