//! The bearer token that a server asks for. It is compared in constant time and never printed.
//!
//! A browser sends no header of ours when it opens a page, so where there is none, the cookie of a
//! signed-in browser counts instead.

use hyper::HeaderMap;
use hyper::Uri;
use hyper::header;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use subtle::ConstantTimeEq;

use super::sign_in;
use crate::serve::graphql::query;

/// Names under which clients put a token into a URL, where it would reach logs and histories.
const PARAMETERS: [&str; 3] = ["access_token", "token", "bearer"];

/// Why a request is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::serve) enum Unauthorized {
    /// No credential, a wrong one, or several. Which of them is not said.
    Credential,
    /// The right credential, but one in the URL too.
    InUrl,
}

/// Checks the one `Authorization` header of a request against `token`, or without one the session's
/// cookie.
///
/// # Errors
/// When it is not exactly `Bearer <token>`, or the URL carries a token as well.
pub(in crate::serve) fn check(
    token: &SecretString,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<(), Unauthorized> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let admits = match (values.next(), values.next()) {
        (None, _) => sign_in::is_in(token, headers),
        (Some(value), None) => is_right(token, value.as_bytes()),
        (Some(_), Some(_)) => false,
    };
    if !admits {
        return Err(Unauthorized::Credential);
    }
    check_url(uri)
}

/// Checks that a URL carries no token.
///
/// # Errors
/// When it does.
pub(in crate::serve) fn check_url(uri: &Uri) -> Result<(), Unauthorized> {
    let mut parameters = query::pairs(uri.query().unwrap_or_default());
    if parameters.any(|(name, _)| PARAMETERS.contains(&name)) {
        return Err(Unauthorized::InUrl);
    }
    Ok(())
}

/// Whether a value is exactly `Bearer <token>`.
pub(in crate::serve) fn is_right(token: &SecretString, value: &[u8]) -> bool {
    bearer(value).is_some_and(|offered| offered.ct_eq(token.expose_secret().as_bytes()).into())
}

/// What follows the scheme, whose name is in any case.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(token)
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn lets_in_one_right_header_only() {
        let offer = |uri: &'static str, values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::AUTHORIZATION, HeaderValue::from_static(value));
            }
            let token = SecretString::from("s3cret");
            check(&token, &Uri::from_static(uri), &headers)
        };
        assert_eq!(offer("/", &["Bearer s3cret"]), Ok(()));
        assert_eq!(offer("/?query=x", &["bEARER s3cret"]), Ok(()));
        for values in [
            &[][..],
            &[""],
            &["Bearer"],
            &["Bearer "],
            &["Bearer s3cre"],
            &["Bearer s3cret2"],
            &["Bearer  s3cret"],
            &["Basic s3cret"],
            &["s3cret"],
            &["Bearer s3cret", "Bearer s3cret"],
        ] {
            assert_eq!(
                offer("/", values),
                Err(Unauthorized::Credential),
                "{values:?}"
            );
        }
        let expected = Err(Unauthorized::Credential);
        assert_eq!(offer("/?access_token=s3cret", &[]), expected);
        let expected = Err(Unauthorized::InUrl);
        assert_eq!(
            offer("/?a&access_token=s3cret", &["Bearer s3cret"]),
            expected
        );
    }
}
