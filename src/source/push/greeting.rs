//! The question of a sender before its first post, and its answer: the handshake of "CloudEvents HTTP
//! Webhooks" against unwanted traffic.
//!
//! It shows no credential, so a yes lets nobody post who has none.

use hyper::HeaderMap;
use hyper::header::HeaderName;
use hyper::header::HeaderValue;

use super::header::only;
use super::reply;
use crate::config::PushEndpoint;
use crate::post::Outcome;
use crate::post::Reply;

const REQUEST_ORIGIN: HeaderName = HeaderName::from_static("webhook-request-origin");
const ALLOWED_ORIGIN: HeaderName = HeaderName::from_static("webhook-allowed-origin");
const ALLOWED_RATE: HeaderName = HeaderName::from_static("webhook-allowed-rate");
/// Who sends too fast is answered 503, so no rate is asked for.
const ANY_RATE: HeaderValue = HeaderValue::from_static("*");

/// Answers the question; `None` where the request asks nothing.
pub(super) fn answer(headers: &HeaderMap, allowed: &[String]) -> Option<Reply> {
    let origin = only(headers, &REQUEST_ORIGIN)?;
    let is_allowed = allowed.iter().any(|allowed| {
        let allowed = allowed.as_bytes();
        allowed == PushEndpoint::ANY_ORIGIN.as_bytes()
            || origin.as_bytes().eq_ignore_ascii_case(allowed)
    });
    if !is_allowed {
        let why = "webhook-request-origin: not among the allowed-origins of this endpoint";
        return Some(reply::refused(Outcome::Foreign, why));
    }
    let reply = Reply::empty(Outcome::Greeted)
        .with(ALLOWED_ORIGIN, origin.clone())
        .with(ALLOWED_RATE, ANY_RATE);
    Some(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_gets_a_yes_if_it_is_allowed() {
        let check = |origins: &[&'static str], allowed: &[&str], expected: Option<Outcome>| {
            let mut headers = HeaderMap::new();
            for origin in origins {
                headers.append(REQUEST_ORIGIN, HeaderValue::from_static(origin));
            }
            let allowed: Vec<String> = allowed.iter().map(|&text| text.to_owned()).collect();
            let reply = answer(&headers, &allowed);
            assert_eq!(reply.as_ref().map(|reply| reply.outcome), expected);
            if expected == Some(Outcome::Greeted) {
                let expected = [
                    (ALLOWED_ORIGIN, HeaderValue::from_static(origins[0])),
                    (ALLOWED_RATE, ANY_RATE),
                ];
                assert_eq!(reply.unwrap().headers, expected);
            }
        };
        check(&["a.example"], &["*"], Some(Outcome::Greeted));
        check(
            &["A.example"],
            &["b.example", "a.example"],
            Some(Outcome::Greeted),
        );
        check(&["a.example"], &["b.example"], Some(Outcome::Foreign));
        check(&["a.example"], &[], Some(Outcome::Foreign));
        check(&[], &["*"], None);
        check(&["a.example", "b.example"], &["*"], None);
    }
}
