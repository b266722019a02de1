//! What a post has to show. Everything secret is compared in constant time.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header;
use hyper::header::HeaderName;
use hyper::header::HeaderValue;
use subtle::ConstantTimeEq;

use crate::config::PushCredential;
use crate::config::PushSecret;
use crate::net::Redactor;

/// How an endpoint knows its senders.
#[derive(Debug)]
pub(super) enum Guard {
    /// `Authorization` with a scheme and this after it.
    Authorization(Scheme, PushSecret),
    /// A header with this in it.
    Header(HeaderName, PushSecret),
}

/// A scheme of `Authorization`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Bearer,
    Basic,
}

impl Guard {
    pub(super) fn new(credential: &PushCredential) -> Self {
        match credential {
            PushCredential::Bearer(secret) => Self::Authorization(Scheme::Bearer, secret.clone()),
            PushCredential::Basic { user, password } => {
                let pair = STANDARD.encode(format!("{user}:{}", password.expose()));
                Self::Authorization(Scheme::Basic, secrecy::SecretString::from(pair).into())
            }
            PushCredential::Header { name, secret } => match HeaderName::try_from(name.as_str()) {
                Ok(name) => Self::Header(name, secret.clone()),
                Err(_) => unreachable!("the settings hold names of headers"),
            },
        }
    }

    /// Whether the head of a post shows what it has to.
    pub(super) fn admits(&self, headers: &HeaderMap) -> bool {
        match self {
            Self::Authorization(scheme, secret) => {
                let value = only(headers, &header::AUTHORIZATION);
                let offered = value.and_then(|value| scheme.strip(value.as_bytes()));
                offered.is_some_and(|offered| is_same(secret, offered, *scheme))
            }
            Self::Header(name, secret) => {
                only(headers, name).is_some_and(|value| secret.is(value.as_bytes()))
            }
        }
    }

    /// How to show it, for the header that HTTP has for this.
    pub(super) const fn challenge(&self) -> Option<HeaderValue> {
        match self {
            Self::Authorization(Scheme::Bearer, _) => Some(HeaderValue::from_static("Bearer")),
            Self::Authorization(Scheme::Basic, _) => {
                Some(HeaderValue::from_static("Basic realm=\"push\""))
            }
            Self::Header(..) => None,
        }
    }
}

/// What must not be quoted of what a sender says.
pub(super) fn redactor(credential: &PushCredential) -> Redactor {
    match credential {
        PushCredential::Basic { user, password } => {
            Redactor::default().with_basic(user.as_bytes(), password.expose().as_bytes())
        }
        PushCredential::Bearer(secret) | PushCredential::Header { secret, .. } => {
            Redactor::default().with(secret.expose())
        }
    }
}

/// The value of a header that stands once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => Some(value),
        _ => None,
    }
}

/// Base64 is compared without what fills it up, which some senders leave out.
fn is_same(secret: &PushSecret, offered: &[u8], scheme: Scheme) -> bool {
    match scheme {
        Scheme::Bearer => secret.is(offered),
        Scheme::Basic => {
            let bare = secret.expose().trim_end_matches('=').as_bytes();
            let offered = offered.trim_ascii_end();
            let fill = offered.iter().rev().take_while(|byte| **byte == b'=');
            let (offered, fill) = offered.split_at(offered.len() - fill.count());
            fill.len() <= 2 && bool::from(bare.ct_eq(offered))
        }
    }
}

impl Scheme {
    /// What follows the scheme, whose name is in any case.
    fn strip(self, value: &[u8]) -> Option<&[u8]> {
        let name: &[u8] = match self {
            Self::Bearer => b"bearer ",
            Self::Basic => b"basic ",
        };
        let (scheme, rest) = value.split_at_checked(name.len())?;
        scheme.eq_ignore_ascii_case(name).then_some(rest)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    fn secret(text: &str) -> PushSecret {
        SecretString::from(text).into()
    }

    fn check(credential: &PushCredential, headers: &[(&'static str, &str)], expected: bool) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).unwrap();
            map.append(HeaderName::from_static(name), value);
        }
        let admits = Guard::new(credential).admits(&map);
        assert_eq!(admits, expected, "{credential:?} {headers:?}");
    }

    #[test]
    fn one_right_header_is_let_in() {
        let bearer = PushCredential::Bearer(secret("s3cret"));
        let basic = PushCredential::Basic {
            user: "me".into(),
            password: secret("s3cret"),
        };
        let header = PushCredential::Header {
            name: "x-key".into(),
            secret: secret("s3cret"),
        };
        let authorization = |value| [("authorization", value)];
        check(&bearer, &authorization("Bearer s3cret"), true);
        check(&bearer, &authorization("bearer s3cret"), true);
        for bad in [
            "Bearer s3cre",
            "Bearer s3crets",
            "Bearer",
            "Basic s3cret",
            "s3cret",
            "",
        ] {
            check(&bearer, &authorization(bad), false);
        }
        check(&bearer, &[], false);
        let twice = ("authorization", "Bearer s3cret");
        check(&bearer, &[twice, twice], false);

        // "me:s3cret"
        check(&basic, &authorization("Basic bWU6czNjcmV0"), true);
        check(&basic, &authorization("basic bWU6czNjcmV0=="), true);
        for bad in [
            "Basic bWU6czNjcmV1",
            "Basic bWU6czNjcmV0===",
            "Bearer bWU6czNjcmV0",
            "Basic me:s3cret",
        ] {
            check(&basic, &authorization(bad), false);
        }

        check(&header, &[("x-key", "s3cret")], true);
        check(&header, &[("x-key", "s3cret"), ("x-key", "s3cret")], false);
        check(&header, &[("x-key", "S3cret")], false);
        check(&header, &authorization("Bearer s3cret"), false);
    }
}
