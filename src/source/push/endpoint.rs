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
use super::departures::Departures;
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
    ways: Ways,
    departures: Departures,
    clock: Clock,
}

/// What the endpoints share, and the bounds on it. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Ways {
    pub(super) parcels: mpsc::Sender<Parcel>,
    /// Bytes of senders that are known.
    pub(super) known: Flight,
    /// Bytes of senders that nothing but their bodies can make known: they keep no room from others.
    pub(super) unknown: Flight,
    /// How long such a body may take.
    pub(super) unknown_within: Duration,
    /// One permit for each body that is being unpacked.
    pub(super) unpacking: Arc<Semaphore>,
    pub(super) answer_within: Duration,
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
        ways: Ways,
        departures: Departures,
        clock: Clock,
    ) -> Self {
        Self {
            guard: Guard::new(&settings.credential),
            settings,
            place,
            ways,
            departures,
            clock,
        }
    }

    /// Its senders that went away.
    #[cfg(test)]
    pub(super) fn departures(&self) -> Departures {
        self.departures.clone()
    }

    /// Judges a post by its head, and makes room for its body.
    ///
    /// # Errors
    /// The answer, before [`Form::answer`] has written it.
    fn admit(&self, head: &Parts, form: &Form) -> Result<(Content, Held), Reply> {
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
        let content = Content::of(&head.headers, form.is_known_json())
            .map_err(|why| reply::refused(Outcome::Unsupported, why))?;
        let held = match self.guard.is_by_body() {
            true => self.ways.unknown.enter().map_err(|_full| reply::crowded()),
            false => self.ways.known.enter().map_err(|_full| reply::busy()),
        };
        Ok((content, held?))
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
        // The secret stands in elements, so they are unpacked from what carries them first.
        let elements = form.elements(body)?;
        match self.guard.admits_elements(&elements) {
            true => Ok(elements),
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
        self.admit(&head, &form)
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

    fn time_max(&self) -> Option<Duration> {
        let endpoint = &self.endpoint;
        let is_unknown = endpoint.guard.is_by_body();
        is_unknown.then_some(endpoint.ways.unknown_within)
    }

    fn hold(&mut self, bytes: usize) -> Result<(), Reply> {
        let held = self.held.resize(bytes);
        held.map_err(|_full| {
            let is_unknown = self.endpoint.guard.is_by_body();
            let reply = if is_unknown {
                reply::crowded()
            } else {
                reply::busy()
            };
            self.form.answer(reply)
        })
    }

    fn refuse(&self, outcome: Outcome, why: &str) -> Reply {
        self.form.answer(reply::refused(outcome, why))
    }

    fn finish(self: Box<Self>, body: Bytes) -> Pin<Box<dyn Future<Output = Reply> + Send>> {
        let (form, waiting) = (self.form.clone(), self.endpoint.departures.wait());
        Box::pin(async move {
            let reply = self.answer(body).await.unwrap_or_else(|refusal| refusal);
            waiting.answered();
            form.answer(reply)
        })
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
                .ways
                .parcels
                .send(parcel)
                .await
                .map_err(|_closed| reply::stopping())?;
            answered.await.map_err(|_gone| reply::stopping())
        };
        match timeout(endpoint.ways.answer_within, handed_over).await {
            Ok(Ok(Ok(taken))) => Ok(reply::taken(taken)),
            Ok(Ok(Err(bad))) => Err(reply::bad(&bad)),
            Ok(Err(refusal)) => Err(refusal),
            Err(_late) => Err(reply::late()),
        }
    }

    /// The elements of the body, once its sender is known.
    async fn opened(mut self, sent: Bytes) -> Result<(Vec<u8>, Held), Reply> {
        let endpoint = Arc::clone(&self.endpoint);
        let is_long = sent.len() > AT_ONCE_BYTES_MAX;
        let is_judged = endpoint.guard.is_in_body() || (endpoint.guard.is_signed() && is_long);
        let (content, form, headers) = (self.content, self.form, self.head.headers);
        let body = if content.is_packed || is_judged {
            unpack(&endpoint, move |endpoint| {
                endpoint.open(&headers, content, &form, sent)
            })
            .await?
        } else {
            endpoint.open(&headers, content, &form, sent)?
        };
        if endpoint.guard.is_by_body() {
            // From here on it has its room among those that are known.
            self.held = endpoint.ways.known.enter().map_err(|_full| reply::busy())?;
        }
        self.held
            .resize(body.len())
            .map_err(|_full| reply::busy())?;
        Ok((body.into(), self.held))
    }
}

/// Opens a body where that may take longer than a worker of the server has: a few bytes can stand for
/// megabytes. Each that is open at a time can hold the most that one may have before any of it is
/// counted, so there are few.
async fn unpack(
    endpoint: &Arc<Endpoint>,
    open: impl FnOnce(&Endpoint) -> Result<Bytes, Reply> + Send + 'static,
) -> Result<Bytes, Reply> {
    let endpoint = Arc::clone(endpoint);
    let unpacking = Arc::clone(&endpoint.ways.unpacking);
    let permit = timeout(endpoint.ways.answer_within, unpacking.acquire_owned()).await;
    let Ok(Ok(permit)) = permit else {
        return Err(reply::busy());
    };
    let opened = spawn_blocking(move || (open(&endpoint), permit)).await;
    match opened {
        Ok((body, _permit)) => body,
        Err(_) => Err(reply::stopping()),
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
