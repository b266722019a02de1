//! One request, from its head to its answer: who asks, for what, by which method.
//!
//! The order of the checks is part of what is promised: host, token, origin, path, method. Until a
//! request has passed them nothing of it is read but its head.

use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use hyper::Method;
use hyper::Request;
use hyper::StatusCode;
use hyper::body::Body;
use hyper::header;
use tokio_util::sync::CancellationToken;

use super::front::Front;
use super::front::Peer;
use super::host::Misdirected;
use super::intent::asks_for_verdict;
use super::intent::names_no_host;
use super::intent::opens_page;
use super::latency;
use super::posts::Posts;
use super::questions;
use super::questions::Questions;
use super::route;
use super::route::Endpoint;
use super::route::Route;
use crate::config::ServeSettings;
use crate::post::Poster;
use crate::ring::Mailbox;
use crate::serve::access::admission::Admission;
use crate::serve::access::admission::Pass;
use crate::serve::access::bearer;
use crate::serve::access::bearer::Unauthorized;
use crate::serve::access::fetch_site;
use crate::serve::access::sign_in;
use crate::serve::answer;
use crate::serve::answer::Answer;
use crate::serve::graphql::GraphQl;
use crate::serve::graphql::viewer::Viewer;
use crate::serve::health::Readiness;
use crate::serve::page::assets;
use crate::serve::page::unbuilt;
use crate::serve::post_counters::PostCounters;
use crate::serve::prometheus;
use crate::serve::push;
use crate::serve::push::Credential;
use crate::serve::push::Push;
use crate::serve::push_counters::PushCounters;
use crate::serve::socket::account::Account;
use crate::serve::socket::account::Held;
use crate::snapshot::Reader;
use crate::stderr;
use crate::time::Clock;

/// Answers requests; what a connection hands them to. Cheap to clone.
#[derive(Clone)]
pub struct Handler(Arc<Shared>, Peer);

struct Shared {
    admission: Admission,
    front: Front,
    /// For requests that come over no connection of a server.
    account: Account,
    reader: Reader,
    viewer: Viewer,
    questions: Questions,
    posts: Posts,
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
        Self::taking(Vec::new(), settings, bound, reader, samples, clock)
    }

    /// The same with endpoints that take posts.
    pub fn taking(
        posters: Vec<Arc<dyn Poster>>,
        settings: &ServeSettings,
        bound: SocketAddr,
        reader: Reader,
        samples: Mailbox<u64>,
        clock: Clock,
    ) -> Self {
        let posts = PostCounters::new(&posters);
        let (counters, draining) = (PushCounters::default(), CancellationToken::new());
        let viewer = Viewer::new(reader.clone(), clock, counters.clone())
            .with_posts(posts.clone())
            .with_levels(settings.wait_levels)
            .judging(settings.ready_max_age, draining.clone());
        let graphql = Arc::new(GraphQl::new(settings, viewer.clone(), samples));
        let timeouts = settings.timeouts;
        let push = Push::new(Arc::clone(&graphql), counters, timeouts, &draining);
        let page = unbuilt::render(
            bound,
            settings.tls.is_some(),
            assets::ABSENT.unwrap_or_default(),
        );
        Self(
            Arc::new(Shared {
                admission: Admission::new(settings.token.clone()),
                front: Front::new(settings, bound),
                account: Account::default(),
                reader,
                viewer,
                questions: Questions::new(graphql, push, timeouts),
                posts: Posts::new(posters, posts, timeouts.body),
                page: Bytes::from(page),
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

    /// The account that the body of a request counts on: posts are counted by who takes them, so that
    /// they and readers keep no room from each other.
    pub(super) fn account_of_body<B>(&self, request: &Request<B>, own: &Account) -> Account {
        match self.post_at(request) {
            Some(_) => self.0.account.clone(),
            None => own.clone(),
        }
    }

    /// The place of the endpoint for posts that a request goes to.
    fn post_at<B>(&self, request: &Request<B>) -> Option<usize> {
        if self.0.posts.is_empty() {
            return None;
        }
        let place = self.0.front.place(self.1, request);
        self.0.posts.find(place.path)
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
        if let Some(place) = self.post_at(&request) {
            // It asks for a credential of its own.
            return match self.admit_as(Ok(()), &request, None) {
                Ok(()) => self.0.posts.answer(place, request).await,
                Err(refusal) => self.0.posts.refused(place, *refusal),
            };
        }
        let pass = self.0.admission.pass();
        let place = self.0.front.place(self.1, &request);
        if let Some(location) = place.with_slash(request.uri().query()) {
            // It asks for no token: the cookie's path begins at the slash.
            let admitted = self.admit_as(Ok(()), &request, route::find("/"));
            return admitted.map_or_else(|refusal| *refusal, |()| answer::elsewhere(location));
        }
        let is_latency = place.path.starts_with(route::LATENCY);
        let route = route::find(place.path);
        let is_graphql = route.is_some_and(|route| route.endpoint == Endpoint::GraphQl);
        if is_graphql && push::is_upgrade(&request) {
            return self.socket(request, pass);
        }
        let is_open = route.is_some_and(|route| route.is_open);
        if route.is_some_and(|route| asks_for_verdict(&request, route, &pass)) {
            return self.verdict();
        }
        if !is_open && let Err(answer) = self.admit(&request, route, &pass) {
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
                sign_in::answer(pass.token(), request.method(), request.headers(), &scope)
            }
            Endpoint::Health => answer::text(StatusCode::OK, "ok\n"),
            Endpoint::Ready => self.readiness(),
            Endpoint::GraphQl => {
                let account = self.account(&request);
                self.0.questions.answer(request, account, pass).await
            }
            Endpoint::Metrics => {
                let Some(held) = self.place(&self.account(&request)).await else {
                    return answer::busy();
                };
                let viewer = &self.0.viewer;
                let answer = prometheus::answer(&viewer.view(viewer.mono_ns()), request.headers());
                answer::within(answer, held).unwrap_or_else(answer::busy)
            }
            Endpoint::Latency(stage) => {
                let Some(held) = self.place(&self.account(&request)).await else {
                    return answer::busy();
                };
                let answer = latency::answer(&self.0.reader, stage);
                answer::within(answer, held).unwrap_or_else(answer::busy)
            }
        }
    }

    /// The account of the connection that a request came over.
    fn account<B>(&self, request: &Request<B>) -> Account {
        let account = request.extensions().get::<Account>();
        account.unwrap_or(&self.0.account).clone()
    }

    /// Room to prepare an answer to a request in, as soon as there is some.
    async fn place(&self, account: &Account) -> Option<Held> {
        self.0.questions.place(account).await
    }

    /// Whether a request may know what stands at its path.
    fn admit<B>(
        &self,
        request: &Request<B>,
        route: Option<Route>,
        pass: &Pass,
    ) -> Result<(), Box<Answer>> {
        let (uri, headers) = (request.uri(), request.headers());
        let token = pass.token();
        let authorized = token.map_or(Ok(()), |token| bearer::check(token, uri, headers));
        self.admit_as(authorized, request, route)
    }

    /// The same for an upgrade to a WebSocket, which may show its token later: a page in a browser
    /// cannot add a header to it. The cookie of a signed-in browser shows it here.
    fn socket<B>(&self, request: Request<B>, pass: Arc<Pass>) -> Answer {
        let (uri, headers) = (request.uri(), request.headers());
        let (is_shown, authorized) = match pass.token() {
            Some(token) => {
                let has_header = headers.contains_key(header::AUTHORIZATION);
                let is_shown = has_header || sign_in::is_in(token, headers);
                match is_shown {
                    true => (true, bearer::check(token, uri, headers)),
                    false => (false, bearer::check_url(uri)),
                }
            }
            None => (false, Ok(())),
        };
        if let Err(answer) = self.admit_as(authorized, &request, None) {
            return *answer;
        }
        let credential = Credential::new(pass, is_shown);
        let account = self.account(&request);
        self.0.questions.push().open(request, credential, account)
    }

    /// Judges a request by its host, its token and its origin, in this order.
    fn admit_as<B>(
        &self,
        authorized: Result<(), Unauthorized>,
        request: &Request<B>,
        route: Option<Route>,
    ) -> Result<(), Box<Answer>> {
        let (uri, headers) = (request.uri(), request.headers());
        let refuse = |status, line| Err(Box::new(answer::text(status, line)));
        let is_probe = route.is_some_and(|route| route.is_for_probes) && names_no_host(request);
        let directed = match is_probe {
            true => Ok(()),
            false => self.0.front.check(self.1, uri, headers),
        };
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
            Err(Unauthorized::Credential) if questions::is_browser(request) => {
                let place = self.0.front.place(self.1, request);
                return Err(Box::new(sign_in::ask(place.path)));
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
        let is_page = route.is_some_and(|route| opens_page(request, route));
        if fetch_site::is_foreign(request.method(), headers, is_page) {
            return refuse(StatusCode::FORBIDDEN, "sec-fetch-site: another site\n");
        }
        Ok(())
    }

    fn judge(&self) -> (StatusCode, Readiness) {
        let viewer = &self.0.viewer;
        let view = viewer.view(viewer.mono_ns());
        let readiness = view.readiness().with_log(stderr::dropped());
        let status = match readiness.ready {
            true => StatusCode::OK,
            false => StatusCode::SERVICE_UNAVAILABLE,
        };
        (status, readiness)
    }

    /// Whether the server is ready, in one word: what anybody may know.
    fn verdict(&self) -> Answer {
        match self.judge() {
            (status, readiness) if readiness.ready => answer::text(status, "ready\n"),
            (status, _) => answer::text(status, "unready\n"),
        }
    }

    fn readiness(&self) -> Answer {
        let (status, readiness) = self.judge();
        let body = serde_json::to_vec(&readiness)
            .unwrap_or_else(|error| unreachable!("strings are JSON: {error}"));
        answer::new(status, "application/json; charset=utf-8", body)
    }
}

#[cfg(test)]
mod tests;
