//! One request, from its head to its answer: who asks, for what, by which method.
//!
//! The order of the checks is part of what is promised: host, token, origin, path, method. Until a
//! request has passed them nothing of it is read but its head.

use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::LengthLimitError;
use http_body_util::Limited;
use hyper::Method;
use hyper::Request;
use hyper::StatusCode;
use hyper::body::Body;
use hyper::header;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::admission::Admission;
use super::admission::Pass;
use super::answer;
use super::answer::Answer;
use super::assets;
use super::bearer;
use super::bearer::Unauthorized;
use super::front::Front;
use super::front::Peer;
use super::graphql::Carries;
use super::graphql::GraphQl;
use super::host::Misdirected;
use super::latency;
use super::media;
use super::media::Media;
use super::page;
use super::prometheus;
use super::push;
use super::push::Credential;
use super::push::Push;
use super::push::PushCounters;
use super::query;
use super::query::Wire;
use super::reply;
use super::route;
use super::route::Endpoint;
use super::session;
use super::viewer::Viewer;
use crate::config::ServeSettings;
use crate::config::limits;
use crate::ring::Mailbox;
use crate::snapshot::Reader;
use crate::stderr;
use crate::time::Clock;

/// Answers requests; what a connection hands them to. Cheap to clone.
#[derive(Clone)]
pub struct Handler(Arc<Shared>, Peer);

struct Shared {
    admission: Admission,
    front: Front,
    body_timeout: Duration,
    reader: Reader,
    viewer: Viewer,
    graphql: Arc<GraphQl>,
    push: Push,
    /// What stands at `/` where the dashboard is not built in.
    page: Bytes,
    draining: CancellationToken,
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handler").finish_non_exhaustive()
    }
}

impl Handler {
    /// A handler for a server at `bound`. The nanoseconds that each GraphQL request takes are posted
    /// to `samples`.
    pub fn new(
        settings: &ServeSettings,
        bound: SocketAddr,
        reader: Reader,
        samples: Mailbox<u64>,
        clock: Clock,
    ) -> Self {
        let (counters, draining) = (PushCounters::default(), CancellationToken::new());
        let viewer = Viewer::new(reader.clone(), clock, counters.clone())
            .judging(settings.ready_max_age, draining.clone());
        let graphql = Arc::new(GraphQl::new(settings, viewer.clone(), samples));
        let timeouts = settings.timeouts;
        Self(
            Arc::new(Shared {
                admission: Admission::new(settings.token.clone()),
                front: Front::new(settings, bound),
                body_timeout: timeouts.body,
                reader,
                viewer,
                push: Push::new(Arc::clone(&graphql), counters, timeouts, &draining),
                graphql,
                page: Bytes::from(page::render(bound, assets::ABSENT.unwrap_or_default())),
                draining,
            }),
            Peer::default(),
        )
    }

    /// The same for a connection with `peer`.
    pub(super) fn facing(&self, peer: Peer) -> Self {
        Self(Arc::clone(&self.0), peer)
    }

    /// Where the token can be replaced.
    pub(super) fn admission(&self) -> Admission {
        self.0.admission.clone()
    }

    /// From here on `/readyz` answers that the server is about to stop.
    pub(super) fn drain(&self) {
        self.0.draining.cancel();
    }

    /// Answers one request. `HEAD` gets what `GET` would get, without the body.
    pub async fn answer<B>(&self, request: Request<B>) -> Answer
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let is_head = request.method() == Method::HEAD;
        let answer = self.answer_whole(request).await;
        if is_head {
            return answer::head_of(answer);
        }
        answer
    }

    async fn answer_whole<B>(&self, request: Request<B>) -> Answer
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let pass = self.0.admission.pass();
        let place = self.0.front.place(self.1, &request);
        if let Some(location) = place.with_slash(request.uri().query()) {
            // It asks for no token: the cookie's path begins at the slash.
            let admitted = self.admit_as(Ok(()), &request);
            return admitted.map_or_else(|refusal| *refusal, |()| answer::elsewhere(location));
        }
        let is_latency = place.path.starts_with(route::LATENCY);
        let route = route::find(place.path);
        let is_graphql = route.is_some_and(|route| route.endpoint == Endpoint::GraphQl);
        if is_graphql && push::is_upgrade(&request) {
            return self.socket(request, pass);
        }
        let is_open = route.is_some_and(|route| route.is_open);
        if !is_open && let Err(answer) = self.admit(&request, &pass) {
            return *answer;
        }
        let Some(route) = route else {
            if is_latency {
                return latency::unknown();
            }
            return answer::text(StatusCode::NOT_FOUND, "not found; see /\n");
        };
        if !route.allows(request.method()) {
            let answer = answer::text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
            return answer::with(answer, header::ALLOW, route.allow);
        }
        match route.endpoint {
            Endpoint::Page => match assets::page() {
                Some(page) => page.answer(request.headers()),
                None => {
                    let page = self.0.page.clone();
                    answer::new(StatusCode::OK, "text/html; charset=utf-8", page)
                }
            },
            Endpoint::Asset(asset) => asset.answer(request.headers()),
            Endpoint::Session => {
                let scope = self.0.front.scope(self.1, &request);
                session::answer(pass.token(), request.method(), request.headers(), &scope)
            }
            Endpoint::Health => answer::text(StatusCode::OK, "ok\n"),
            Endpoint::Ready => self.readiness(),
            Endpoint::GraphQl => self.graphql(request, pass).await,
            Endpoint::Metrics => {
                let viewer = &self.0.viewer;
                prometheus::answer(&viewer.view(viewer.mono_ns()), request.headers())
            }
            // Boxed, as in `graphql`.
            Endpoint::Latency(stage) => Box::pin(latency::answer(&self.0.reader, stage)).await,
        }
    }

    /// Whether a request may know what stands at its path.
    fn admit<B>(&self, request: &Request<B>, pass: &Pass) -> Result<(), Box<Answer>> {
        let (uri, headers) = (request.uri(), request.headers());
        let token = pass.token();
        let authorized = token.map_or(Ok(()), |token| bearer::check(token, uri, headers));
        self.admit_as(authorized, request)
    }

    /// The same for an upgrade to a WebSocket, which may show its token later: a page in a browser
    /// cannot add a header to it. The cookie of a signed-in browser shows it here.
    fn socket<B>(&self, request: Request<B>, pass: Arc<Pass>) -> Answer {
        let (uri, headers) = (request.uri(), request.headers());
        let (is_shown, authorized) = match pass.token() {
            Some(token) => {
                let has_header = headers.contains_key(header::AUTHORIZATION);
                let is_shown = has_header || session::is_in(token, headers);
                match is_shown {
                    true => (true, bearer::check(token, uri, headers)),
                    false => (false, bearer::check_url(uri)),
                }
            }
            None => (false, Ok(())),
        };
        if let Err(answer) = self.admit_as(authorized, &request) {
            return *answer;
        }
        let credential = Credential::new(pass, is_shown);
        self.0.push.open(request, credential)
    }

    /// Judges a request by its host, its token and its origin, in this order.
    fn admit_as<B>(
        &self,
        authorized: Result<(), Unauthorized>,
        request: &Request<B>,
    ) -> Result<(), Box<Answer>> {
        let (uri, headers) = (request.uri(), request.headers());
        let refuse = |status, line| Err(Box::new(answer::text(status, line)));
        let directed = self.0.front.check(self.1, uri, headers);
        match directed {
            Err(Misdirected::BadHost) => {
                return refuse(StatusCode::BAD_REQUEST, "bad or missing host\n");
            }
            Err(Misdirected::WrongHost) => {
                return refuse(
                    StatusCode::MISDIRECTED_REQUEST,
                    "host: not a name of this server; use localhost, or start it with --public-url\n",
                );
            }
            Ok(()) | Err(Misdirected::WrongOrigin) => {}
        }
        match authorized {
            Ok(()) => {}
            Err(Unauthorized::InUrl) => {
                return refuse(
                    StatusCode::BAD_REQUEST,
                    "token in the URL; send it as a header only\n",
                );
            }
            Err(Unauthorized::Credential) if is_browser(request) => {
                let place = self.0.front.place(self.1, request);
                return Err(Box::new(session::ask(place.path)));
            }
            Err(Unauthorized::Credential) => {
                let answer = answer::text(StatusCode::UNAUTHORIZED, "unauthorized\n");
                let answer = answer::with(answer, header::WWW_AUTHENTICATE, "Bearer");
                return Err(Box::new(answer));
            }
        }
        if directed.is_err() {
            return refuse(
                StatusCode::FORBIDDEN,
                "origin: another site; behind a proxy start the server with --public-url\n",
            );
        }
        Ok(())
    }

    fn readiness(&self) -> Answer {
        let viewer = &self.0.viewer;
        let view = viewer.view(viewer.mono_ns());
        let readiness = view.readiness().with_log(stderr::dropped());
        let status = match readiness.ready {
            true => StatusCode::OK,
            false => StatusCode::SERVICE_UNAVAILABLE,
        };
        let body = serde_json::to_vec(&readiness)
            .unwrap_or_else(|error| unreachable!("strings are JSON: {error}"));
        answer::new(status, "application/json; charset=utf-8", body)
    }

    async fn graphql<B>(&self, request: Request<B>, pass: Arc<Pass>) -> Answer
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        // A browser that asks nothing gets the explorer to ask with.
        let is_question = query::pairs(request.uri().query().unwrap_or_default())
            .next()
            .is_some();
        if !is_question
            && is_browser(&request)
            && let Some(explorer) = assets::explorer()
        {
            return explorer.answer(request.headers());
        }
        let events = media::accepts_events(request.headers());
        let media = media::negotiate(request.headers());
        if media.is_none() && !events {
            return reply::unreadable(
                StatusCode::NOT_ACCEPTABLE,
                "accept: neither application/graphql-response+json nor application/json",
                Media::Json,
            );
        }
        let carries = Carries {
            mutations: request.method() == Method::POST,
            subscriptions: events,
        };
        let outcome = if request.method() == Method::POST {
            match self.read_body(request, media.unwrap_or(Media::Json)).await {
                Ok(body) => self.0.graphql.outcome(Wire::Body(&body), carries).await,
                Err(answer) => return *answer,
            }
        } else {
            let parameters = request.uri().query().unwrap_or_default();
            let wire = Wire::Parameters(parameters);
            self.0.graphql.outcome(wire, carries).await
        };
        match (media, outcome) {
            // What is answered once is, where the client takes that too.
            (Some(media), outcome) if !outcome.is_subscription() => reply::answer(outcome, media),
            (_, outcome) => push::answer_events(&self.0.push, outcome, pass),
        }
    }

    /// Reads the body of a POST within its limits of type, size and time.
    async fn read_body<B>(&self, request: Request<B>, media: Media) -> Result<Bytes, Box<Answer>>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let refuse = |status, message| Err(Box::new(reply::unreadable(status, message, media)));
        let too_large = "request body: over 65536 bytes";
        if !media::is_json(request.headers()) {
            return refuse(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "content-type: not application/json in UTF-8",
            );
        }
        // What the head announces is refused before any of it is read; what it hides, on the way.
        let announced = request.body().size_hint().lower();
        if announced > limits::REQUEST_BYTES_MAX as u64 {
            return refuse(StatusCode::PAYLOAD_TOO_LARGE, too_large);
        }
        let body = Limited::new(request.into_body(), limits::REQUEST_BYTES_MAX);
        match timeout(self.0.body_timeout, body.collect()).await {
            Ok(Ok(collected)) => Ok(collected.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                refuse(StatusCode::PAYLOAD_TOO_LARGE, too_large)
            }
            Ok(Err(_)) => refuse(StatusCode::BAD_REQUEST, "request body: cut off"),
            Err(_) => {
                let message = "request body: not complete in time";
                // The rest of the body is never read: hyper closes the connection after this.
                refuse(StatusCode::REQUEST_TIMEOUT, message)
            }
        }
    }
}

/// Whether the request opens a page in a browser.
fn is_browser<B>(request: &Request<B>) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD) && media::wants_html(request.headers())
}

const _: () = assert!(
    limits::REQUEST_BYTES_MAX == 65_536,
    "the message that names it"
);

#[cfg(test)]
mod tests;
