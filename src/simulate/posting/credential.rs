//! What a post shows, so that it is taken.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Hmac;
use hmac::Mac;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use hyper::header::HeaderName;
use hyper::header::HeaderValue;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use sha2::Sha256;

/// How the secret is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CredentialForm {
    /// `Authorization: Bearer`.
    #[default]
    Bearer,
    /// `Authorization: Basic`, with this user.
    Basic(String),
    /// In this header.
    Header(HeaderName),
    /// In this header, the HMAC of the body: SHA-256, in hexadecimal digits.
    Hmac(HeaderName),
}

impl FromStr for CredentialForm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = |text: &str| {
            text.parse()
                .map_err(|_| "no name of a header; write one such as x-api-key".to_owned())
        };
        match text.split_once(':') {
            None if text == "bearer" => Ok(Self::Bearer),
            Some(("basic", user)) if !user.is_empty() => Ok(Self::Basic(user.to_owned())),
            Some(("header", header)) => Ok(Self::Header(name(header)?)),
            Some(("hmac", header)) => Ok(Self::Hmac(name(header)?)),
            _ => {
                Err("no such credential; use bearer, basic:USER, header:NAME or hmac:HEADER".into())
            }
        }
    }
}

impl fmt::Display for CredentialForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bearer => f.write_str("bearer"),
            Self::Basic(user) => write!(f, "basic:{user}"),
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Hmac(name) => write!(f, "hmac:{name}"),
        }
    }
}

/// A secret and how it is shown.
#[derive(Clone, Debug)]
pub struct SenderCredential {
    /// How.
    pub form: CredentialForm,
    /// What.
    pub secret: SecretString,
}

impl SenderCredential {
    /// Puts it into the head of a request with this body. A secret that no header can hold is left out,
    /// and the answer will say so.
    pub(super) fn sign(&self, headers: &mut HeaderMap, body: &[u8]) {
        let secret = self.secret.expose_secret();
        let (name, value) = match &self.form {
            CredentialForm::Bearer => (AUTHORIZATION, format!("Bearer {secret}")),
            CredentialForm::Basic(user) => {
                let pair = STANDARD.encode(format!("{user}:{secret}"));
                (AUTHORIZATION, format!("Basic {pair}"))
            }
            CredentialForm::Header(name) => (name.clone(), secret.to_owned()),
            CredentialForm::Hmac(name) => (name.clone(), signature(secret.as_bytes(), body)),
        };
        if let Ok(mut value) = HeaderValue::from_str(&value) {
            value.set_sensitive(true);
            headers.insert(name, value);
        }
    }
}

fn signature(key: &[u8], body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        unreachable!("a key of any length will do")
    };
    mac.update(body);
    let bytes = mac.finalize().into_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_as_they_are_shown() {
        for text in ["bearer", "basic:me", "header:x-api-key", "hmac:x-signature"] {
            assert_eq!(text.parse::<CredentialForm>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "basic",
            "basic:",
            "header:",
            "header:a b",
            "token",
            "bearer:x",
        ] {
            assert!(text.parse::<CredentialForm>().is_err(), "{text}");
        }
    }

    /// RFC 4231, test case 2.
    #[test]
    fn a_signature_is_that_of_the_standard() {
        let signature = signature(b"Jefe", b"what do ya want for nothing?");
        assert!(
            signature.starts_with("5bdcc146bf60754e6a042426089575c7"),
            "{signature}"
        );
    }
}
