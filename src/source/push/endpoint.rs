//! One endpoint of the server: who may post, how much, and what is said to them.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::HeaderMap;
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
use super::credential::Stranger;
use super::flight::Flight;
use super::flight::Held;
use super::form::Form;
use super::greeting;
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
const ALLOW: HeaderValue = HeaderValue::from_static("POST, OPTIONS");
/// A signed body up to which it is judged at once: that takes less than handing it over.
const AT_ONCE_BYTES_MAX: usize = 64 << 10;

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
    form: Form,
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

    /// Judges a post by its head, and makes room for its body.
    ///
    /// # Errors
    /// The answer, before [`Form::answer`] has written it.
    fn admit(&self, head: &Parts) -> Result<(Content, Held), Reply> {
        if head.method == Method::OPTIONS
            && let Some(reply) = greeting::answer(&head.headers, &self.settings.allowed_origins)
        {
            return Err(reply.with(header::ALLOW, ALLOW));
        }
        if head.method != Method::POST {
            let reply = reply::refused(Outcome::Method, "events are posted here: use POST");
            return Err(reply.with(header::ALLOW, ALLOW));
        }
        self.guard
            .admit_head(&head.headers, self.clock.wall())
            .map_err(|stranger| self.unauthorized(stranger))?;
        let content =
            Content::of(&head.headers).map_err(|why| reply::refused(Outcome::Unsupported, why))?;
        let held = self.flight.enter().map_err(|_full| reply::busy())?;
        Ok((content, held))
    }

    fn unauthorized(&self, stranger: Stranger) -> Reply {
        let (outcome, why) = match stranger {
            Stranger::Unknown => (Outcome::Unauthorized, self.guard.lack()),
            Stranger::Stale => {
                let why = "the timestamp of the signature is missing, or over 5 minutes from now; check the clocks";
                (Outcome::Stale, why)
            }
        };
        let reply = reply::refused(outcome, why);
        match self.guard.challenge() {
            Some(challenge) => reply.with(header::WWW_AUTHENTICATE, challenge),
            None => reply,
        }
    }

    /// The elements of a body, unpacked, if its sender is known.
    fn open(
        &self,
        headers: &HeaderMap,
        content: Content,
        form: &Form,
        sent: Bytes,
    ) -> Result<Bytes, Reply> {
        let unknown = || self.unauthorized(Stranger::Unknown);
        if !self.guard.admits_sent(headers, &sent, self.clock.wall()) {
            return Err(unknown());
        }
        let body = match content.is_packed {
            true => unpacked(headers, sent)?,
            false => sent,
        };
        match self.guard.admits_unpacked(&body) {
            true => form.elements(body),
            false => Err(unknown()),
        }
    }
}

fn unpacked(headers: &HeaderMap, body: Bytes) -> Result<Bytes, Reply> {
    net::unpacked(headers, body, limits::POST_BYTES_MAX).map_err(|fault| match fault {
        BodyFault::TooLong => {
            let why = format!(
                "the body has over {} bytes unpacked",
                limits::POST_BYTES_MAX
            );
            reply::refused(Outcome::TooLarge, &why)
        }
        BodyFault::Cut | BodyFault::Packed => {
            let why = "content-encoding: the body is not gzip, or damaged";
            reply::refused(Outcome::Malformed, why)
        }
    })
}

impl Poster for Arc<Endpoint> {
    fn name(&self) -> &str {
        &self.settings.name
    }

    fn path(&self) -> &str {
        self.settings.path.as_str()
    }

    fn begin(&self, head: Parts) -> Result<Box<dyn Delivery>, Reply> {
        let form = Form::of(&head.headers, self.clock.wall());
        self.admit(&head)
            .map(|(content, held)| {
                Box::new(Post {
                    endpoint: Self::clone(self),
                    head,
                    content,
                    form: form.clone(),
                    held,
                }) as Box<dyn Delivery>
            })
            .map_err(|refusal| form.answer(refusal))
    }
}

impl Delivery for Post {
    fn bytes_max(&self) -> usize {
        limits::POST_BYTES_MAX
    }

    fn hold(&mut self, bytes: usize) -> Result<(), Reply> {
        let held = self.held.resize(bytes);
        held.map_err(|_full| self.form.answer(reply::busy()))
    }

    fn refuse(&self, outcome: Outcome, why: &str) -> Reply {
        self.form.answer(reply::refused(outcome, why))
    }

    fn finish(self: Box<Self>, body: Bytes) -> Pin<Box<dyn Future<Output = Reply> + Send>> {
        let form = self.form.clone();
        Box::pin(
            async move { form.answer(self.answer(body).await.unwrap_or_else(|refusal| refusal)) },
        )
    }
}

impl Post {
    async fn answer(self, body: Bytes) -> Result<Reply, Reply> {
        let endpoint = Arc::clone(&self.endpoint);
        let read_at = (endpoint.clock.wall(), endpoint.clock.mono_ns());
        let (body, held) = self.opened(body).await?;
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

    /// The elements of the body.
    async fn opened(mut self, sent: Bytes) -> Result<(Vec<u8>, Held), Reply> {
        let (endpoint, content, form) = (self.endpoint, self.content, self.form);
        let is_long = sent.len() > AT_ONCE_BYTES_MAX;
        let is_judged = endpoint.guard.is_in_body() || (endpoint.guard.is_signed() && is_long);
        let headers = self.head.headers;
        if !content.is_packed && !is_judged {
            return Ok((
                endpoint.open(&headers, content, &form, sent)?.into(),
                self.held,
            ));
        }
        // A few bytes can stand for megabytes, which take longer than a worker of the server has, and
        // each body that is unpacked can hold the most that one may have before any of it is counted.
        let unpacking = Arc::clone(&endpoint.unpacking);
        let permit = timeout(endpoint.answer_within, unpacking.acquire_owned()).await;
        let Ok(Ok(permit)) = permit else {
            return Err(reply::busy());
        };
        let open = move || (endpoint.open(&headers, content, &form, sent), permit);
        let Ok((body, _permit)) = spawn_blocking(open).await else {
            return Err(reply::stopping());
        };
        let body = body?;
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
