//! What a post has to show. Everything secret is compared in constant time.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header;
use hyper::header::HeaderName;
use hyper::header::HeaderValue;
use serde_json::Value;
use subtle::ConstantTimeEq;

use super::header::only;
use super::signature::Signature;
use super::signature::Timeliness;
use crate::config::PushCredential;
use crate::config::PushSecret;
use crate::config::limits::MESSAGE_BYTES_MAX;
use crate::net::Redactor;
use crate::parse::Elements;
use crate::time::EpochMs;

/// How an endpoint knows its senders.
#[derive(Debug)]
pub(super) enum Guard {
    /// `Authorization` with a scheme and this after it.
    Authorization(Scheme, PushSecret),
    /// A header with this in it.
    Header(HeaderName, PushSecret),
    /// This in every element of the body, at a JSON pointer.
    Body(String, PushSecret),
    /// Signatures; the first whose header is there counts.
    Signed(Vec<Signature>),
}

/// A scheme of `Authorization`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Bearer,
    Basic,
}

/// Why a post is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stranger {
    /// Its credential is missing or wrong.
    Unknown,
    /// Its signature is of another time.
    Stale,
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
            PushCredential::Body { pointer, secret } => Self::Body(pointer.clone(), secret.clone()),
            PushCredential::Hmac { form, secret } => {
                Self::Signed(vec![Signature::of(form, secret)])
            }
            PushCredential::StandardWebhooks(secret) => {
                Self::Signed(Signature::standard(secret).into())
            }
        }
    }

    /// Judges the head of a post, as far as the credential is in it.
    ///
    /// # Errors
    /// Why its body is not read.
    pub(super) fn admit_head(&self, headers: &HeaderMap, now: EpochMs) -> Result<(), Stranger> {
        let is_known = match self {
            Self::Authorization(scheme, secret) => {
                let value = only(headers, &header::AUTHORIZATION);
                let offered = value.and_then(|value| scheme.strip(value.as_bytes()));
                offered.is_some_and(|offered| is_same(secret, offered, *scheme))
            }
            Self::Header(name, secret) => {
                only(headers, name).is_some_and(|value| secret.is(value.as_bytes()))
            }
            Self::Body(..) => true,
            Self::Signed(signatures) => match present(signatures, headers, now) {
                Some((_, Timeliness::Stale)) => return Err(Stranger::Stale),
                found => found.is_some(),
            },
        };
        is_known.then_some(()).ok_or(Stranger::Unknown)
    }

    /// Whether a body has something to show as it was sent, before it is unpacked.
    pub(super) const fn is_signed(&self) -> bool {
        matches!(self, Self::Signed(_))
    }

    /// Whether nothing but its body can make a sender known.
    pub(super) const fn is_by_body(&self) -> bool {
        self.is_signed() || self.is_in_body()
    }

    /// Whether each element of a body has something to show.
    pub(super) const fn is_in_body(&self) -> bool {
        matches!(self, Self::Body(..))
    }

    /// Judges a body as it was sent.
    pub(super) fn admits_sent(&self, headers: &HeaderMap, body: &[u8], now: EpochMs) -> bool {
        let Self::Signed(signatures) = self else {
            return true;
        };
        let found = present(signatures, headers, now);
        found.is_some_and(|(signature, _)| signature.signs(headers, body))
    }

    /// Judges the elements of a body, taken out of whatever carried them.
    pub(super) fn admits_elements(&self, body: &[u8]) -> bool {
        let Self::Body(pointer, secret) = self else {
            return true;
        };
        let mut is_shown = false;
        let mut elements = Elements::default();
        while let Some(element) = elements.next(body) {
            let whole = element
                .ok()
                .filter(|range| range.len() <= MESSAGE_BYTES_MAX);
            let value = whole.and_then(|range| serde_json::from_slice(&body[range]).ok());
            let Some(value): Option<Value> = value else {
                // Nothing of the body will be taken, for a reason that its sender will read.
                break;
            };
            if !secret.is_at(pointer, &value) {
                return false;
            }
            is_shown = true;
        }
        is_shown
    }

    /// How to show it, for the header that HTTP has for this.
    pub(super) const fn challenge(&self) -> Option<HeaderValue> {
        match self {
            Self::Authorization(Scheme::Bearer, _) => Some(HeaderValue::from_static("Bearer")),
            Self::Authorization(Scheme::Basic, _) => {
                Some(HeaderValue::from_static("Basic realm=\"push\""))
            }
            Self::Header(..) | Self::Body(..) | Self::Signed(_) => None,
        }
    }

    /// What is missing or wrong, in words.
    pub(super) const fn lack(&self) -> &'static str {
        match self {
            Self::Authorization(..) | Self::Header(..) => {
                "the credential of this endpoint is missing or wrong"
            }
            Self::Body(..) => "the secret of this endpoint is missing or wrong in an element",
            Self::Signed(_) => "the signature is missing or wrong",
        }
    }
}

/// The signature whose header is there, and whether it is of our time.
fn present<'a>(
    signatures: &'a [Signature],
    headers: &HeaderMap,
    now: EpochMs,
) -> Option<(&'a Signature, Timeliness)> {
    let judged = signatures
        .iter()
        .map(|signature| (signature, signature.timeliness(headers, now)));
    judged
        .into_iter()
        .find(|(_, timeliness)| *timeliness != Timeliness::Unsigned)
}

/// What must not be quoted of what a sender says.
pub(super) fn redactor(credential: &PushCredential) -> Redactor {
    match credential {
        PushCredential::Basic { user, password } => {
            Redactor::default().with_basic(user.as_bytes(), password.expose().as_bytes())
        }
        _ => Redactor::default().with(credential.secret().expose()),
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
        let now = EpochMs::from_ms(0);
        let admits = Guard::new(credential).admit_head(&map, now);
        assert_eq!(admits.is_ok(), expected, "{credential:?} {headers:?}");
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

    #[test]
    fn a_secret_in_the_body_stands_in_every_element() {
        let guard = Guard::new(&PushCredential::Body {
            pointer: "/a/key".into(),
            secret: secret("s3cret"),
        });
        assert_eq!(
            guard.admit_head(&HeaderMap::new(), EpochMs::from_ms(0)),
            Ok(())
        );
        let check = |body: &str, expected: bool| {
            assert_eq!(guard.admits_elements(body.as_bytes()), expected, "{body}");
        };
        let good = r#"{"a":{"key":"s3cret"}}"#;
        check(good, true);
        check(&format!("[{good},{good}]"), true);
        check(&format!("{good}\n{good}\n"), true);
        // Known, and the answer says what is wrong.
        check(&format!("[{good},1]"), true);
        check(&format!("[{good},"), true);
        for bad in [
            "",
            "[]",
            "1",
            "{",
            "{}",
            r#"{"a":"s3cret"}"#,
            r#"{"a":{"key":"s3cre"}}"#,
            r#"{"a":{"key":["s3cret"]}}"#,
            r#"{"key":"s3cret"}"#,
        ] {
            check(bad, false);
        }
        check(&format!("[{good},{{}}]"), false);
        check(&format!("[{{}},{good}]"), false);
        let long = format!(
            r#"{{"a":{{"key":"s3cret"}},"b":"{}"}}"#,
            "x".repeat(1 << 20)
        );
        check(&long, false);
    }
}
