//! One endpoint of the server: who may post, how much, and what is said to them.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use hyper::header;
use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use tokio::sync::Semaphore;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::content::Content;
use super::credential::Guard;
use super::flight::Flight;
use super::flight::Held;
use super::parcel::Parcel;
use super::reply;
use crate::config::PushEndpoint;
use crate::config::limits;
use crate::net;
use crate::net::BodyFault;
use crate::post::Delivery;
use crate::post::Outcome;
use crate::post::Poster;
use crate::post::Reply;
use crate::time::Clock;

/// The methods, as the `Allow` header has them.
const ALLOW: HeaderValue = HeaderValue::from_static("POST");

/// An endpoint that takes posts.
pub struct Endpoint {
    settings: PushEndpoint,
    /// Its place among all.
    place: usize,
    guard: Guard,
    parcels: mpsc::Sender<Parcel>,
    flight: Flight,
    /// One permit for each body that is being unpacked, of all endpoints together.
    unpacking: Arc<Semaphore>,
    answer_within: Duration,
    clock: Clock,
}

/// A post on its way.
struct Post {
    endpoint: Arc<Endpoint>,
    head: Parts,
    content: Content,
    held: Held,
}

impl Endpoint {
    pub(super) fn new(
        settings: PushEndpoint,
        place: usize,
        parcels: mpsc::Sender<Parcel>,
        flight: Flight,
        unpacking: Arc<Semaphore>,
        answer_within: Duration,
        clock: Clock,
    ) -> Self {
        Self {
            guard: Guard::new(&settings.credential),
            settings,
            place,
            parcels,
            flight,
            unpacking,
            answer_within,
            clock,
        }
    }

    fn unauthorized(&self) -> Reply {
        let why = "the credential of this endpoint is missing or wrong";
        let reply = reply::refused(Outcome::Unauthorized, why);
        match self.guard.challenge() {
            Some(challenge) => reply.with(header::WWW_AUTHENTICATE, challenge),
            None => reply,
        }
    }
}

impl Poster for Arc<Endpoint> {
    fn name(&self) -> &str {
        &self.settings.name
    }

    fn path(&self) -> &str {
        self.settings.path.as_str()
    }

    fn begin(&self, head: Parts) -> Result<Box<dyn Delivery>, Reply> {
        if head.method != Method::POST {
            let reply = reply::refused(Outcome::Method, "events are posted here: use POST");
            return Err(reply.with(header::ALLOW, ALLOW));
        }
        if !self.guard.admits(&head.headers) {
            return Err(self.unauthorized());
        }
        let content =
            Content::of(&head.headers).map_err(|why| reply::refused(Outcome::Unsupported, why))?;
        let held = self.flight.enter().map_err(|_full| reply::busy())?;
        Ok(Box::new(Post {
            endpoint: Self::clone(self),
            head,
            content,
            held,
        }))
    }
}

impl Delivery for Post {
    fn bytes_max(&self) -> usize {
        limits::POST_BYTES_MAX
    }

    fn hold(&mut self, bytes: usize) -> Result<(), Reply> {
        self.held.resize(bytes).map_err(|_full| reply::busy())
    }

    fn refuse(&self, outcome: Outcome, why: &str) -> Reply {
        reply::refused(outcome, why)
    }

    fn finish(self: Box<Self>, body: Bytes) -> Pin<Box<dyn Future<Output = Reply> + Send>> {
        Box::pin(async move { self.answer(body).await.unwrap_or_else(|refusal| refusal) })
    }
}

impl Post {
    async fn answer(self, body: Bytes) -> Result<Reply, Reply> {
        let endpoint = Arc::clone(&self.endpoint);
        let read_at = (endpoint.clock.wall(), endpoint.clock.mono_ns());
        let (body, held) = self.unpacked(body).await?;
        let (answer, answered) = oneshot::channel();
        let parcel = Parcel {
            place: endpoint.place,
            body,
            read_at,
            held,
            answer,
        };
        let handed_over = async {
            endpoint
                .parcels
                .send(parcel)
                .await
                .map_err(|_closed| reply::stopping())?;
            answered.await.map_err(|_gone| reply::stopping())
        };
        match timeout(endpoint.answer_within, handed_over).await {
            Ok(Ok(Ok(taken))) => Ok(reply::taken(taken)),
            Ok(Ok(Err(bad))) => Err(reply::bad(&bad)),
            Ok(Err(refusal)) => Err(refusal),
            Err(_late) => Err(reply::late()),
        }
    }

    /// The body as it was before it was packed.
    async fn unpacked(mut self, body: Bytes) -> Result<(Vec<u8>, Held), Reply> {
        if !self.content.is_packed {
            return Ok((body.into(), self.held));
        }
        // Each can hold the most that a body may have before any of it is counted.
        let unpacking = Arc::clone(&self.endpoint.unpacking);
        let permit = timeout(self.endpoint.answer_within, unpacking.acquire_owned()).await;
        let Ok(Ok(permit)) = permit else {
            return Err(reply::busy());
        };
        let headers = self.head.headers;
        let unpack = move || {
            let body = net::unpacked(&headers, body, limits::POST_BYTES_MAX);
            (body, permit)
        };
        // A few bytes can stand for megabytes, which take longer than a worker of the server has.
        let unpacked = spawn_blocking(unpack).await;
        let body = match unpacked {
            Ok((Ok(body), _)) => body,
            Ok((Err(BodyFault::TooLong), _)) => {
                let why = format!(
                    "the body has over {} bytes unpacked",
                    limits::POST_BYTES_MAX
                );
                return Err(reply::refused(Outcome::TooLarge, &why));
            }
            Ok((Err(BodyFault::Cut | BodyFault::Packed), _)) => {
                let why = "content-encoding: the body is not gzip, or damaged";
                return Err(reply::refused(Outcome::Malformed, why));
            }
            Err(_stopped) => return Err(reply::stopping()),
        };
        self.held
            .resize(body.len())
            .map_err(|_full| reply::busy())?;
        Ok((body.into(), self.held))
    }
}

/// Without the secret.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
