//! What a request is after, where its path alone does not say.

use hyper::Request;
use hyper::header;

use super::questions;
use super::route::Endpoint;
use super::route::Route;
use crate::serve::access::admission::Pass;
use crate::serve::access::bearer;
use crate::serve::access::sign_in;

/// Whether a request asks for no more than whether the server is ready: a probe that has no token.
pub(super) fn asks_for_verdict<B>(request: &Request<B>, route: Route, pass: &Pass) -> bool {
    let (uri, headers) = (request.uri(), request.headers());
    let Some(token) = pass.token() else {
        return false;
    };
    route.endpoint == Endpoint::Ready
        && route.allows(request.method())
        && !headers.contains_key(header::AUTHORIZATION)
        && !sign_in::is_in(token, headers)
        && bearer::check_url(uri).is_ok()
}

/// Whether a request opens a page, which executes nothing.
pub(super) fn opens_page<B>(request: &Request<B>, route: Route) -> bool {
    match route.endpoint {
        Endpoint::Page => true,
        Endpoint::GraphQl => questions::is_browser(request) && !questions::is_question(request),
        _ => false,
    }
}

/// Whether a request says neither whom it is for nor which page it comes from, as probes do that speak
/// HTTP/1.0.
pub(super) fn names_no_host<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    let mut hosts = headers.get_all(header::HOST).iter();
    request.uri().authority().is_none()
        && hosts.all(|host| host.is_empty())
        && !headers.contains_key(header::ORIGIN)
}
