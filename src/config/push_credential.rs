//! What a post has to show, and its secrets.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde_json::Value;
use subtle::ConstantTimeEq;

/// What a post has to show.
#[derive(Clone, Debug, PartialEq)]
pub enum PushCredential {
    /// `Authorization: Bearer` and the secret.
    Bearer(PushSecret),
    /// `Authorization: Basic` and the pair.
    Basic {
        /// The user's name.
        user: String,
        /// The password.
        password: PushSecret,
    },
    /// The secret in a header of its own.
    Header {
        /// The header's name, in small letters.
        name: String,
        /// Its value.
        secret: PushSecret,
    },
    /// The secret in every element of the body.
    Body {
        /// Where in an element, as a JSON pointer.
        pointer: String,
        /// The string there.
        secret: PushSecret,
    },
    /// A signature over the body as it was sent.
    Hmac {
        /// What is signed, and how.
        form: HmacForm,
        /// The key is its bytes as they stand.
        secret: PushSecret,
    },
    /// Signatures of the specification "Standard Webhooks": the key is what the secret's base64, after
    /// `whsec_`, stands for.
    StandardWebhooks(PushSecret),
}

/// How a body is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HmacForm {
    /// The header of the signature, in small letters.
    pub header: String,
    /// The hash.
    pub hash: HmacHash,
    /// How the signature is written.
    pub encoding: HmacEncoding,
    /// What stands before it.
    pub prefix: String,
    /// The header with the moment of signing: seconds or milliseconds since 1970, or RFC 3339 in UTC.
    /// Without one a request can be repeated for ever.
    pub timestamp_header: Option<String>,
    /// What is signed, with [`HmacForm::BODY`] once and [`HmacForm::TIMESTAMP`] as often as one likes.
    pub signed: String,
}

impl HmacForm {
    /// What stands for the body in what is signed.
    pub const BODY: &str = "{body}";
    /// And for the value of the header with the moment.
    pub const TIMESTAMP: &str = "{timestamp}";
}

/// A hash for signatures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HmacHash {
    /// SHA-1, which some senders still have.
    Sha1,
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-512.
    Sha512,
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HmacEncoding {
    /// Hexadecimal digits, in any case.
    #[default]
    Hex,
    /// Base64, with or without what fills it up.
    Base64,
}

impl PushCredential {
    /// What is secret of it.
    pub const fn secret(&self) -> &PushSecret {
        match self {
            Self::Bearer(secret) | Self::StandardWebhooks(secret) => secret,
            Self::Basic { password, .. } => password,
            Self::Header { secret, .. } | Self::Body { secret, .. } | Self::Hmac { secret, .. } => {
                secret
            }
        }
    }

    /// The key of its kind in the settings.
    pub(super) const fn key(&self) -> &'static str {
        match self {
            Self::Bearer(_) => "bearer",
            Self::Basic { .. } => "basic",
            Self::Header { .. } => "header",
            Self::Body { .. } => "body",
            Self::Hmac { .. } => "hmac",
            Self::StandardWebhooks(_) => "standard-webhooks",
        }
    }
}

/// Its kind, without the secret.
impl fmt::Display for PushCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bearer(_) => f.write_str("bearer"),
            Self::Basic { user, .. } => write!(f, "basic of user \"{}\"", user.escape_debug()),
            Self::Header { name, .. } => write!(f, "header {name}"),
            Self::Body { pointer, .. } => write!(f, "in the body at {}", pointer.escape_debug()),
            Self::Hmac { form, .. } => {
                let hash = match form.hash {
                    HmacHash::Sha1 => "sha1",
                    HmacHash::Sha256 => "sha256",
                    HmacHash::Sha512 => "sha512",
                };
                write!(f, "hmac {hash} in {}", form.header)?;
                match &form.timestamp_header {
                    Some(name) => write!(f, ", not older than 5 min by {name}"),
                    None => f.write_str(", without a timestamp"),
                }
            }
            Self::StandardWebhooks(_) => f.write_str("standard-webhooks"),
        }
    }
}

/// A secret of an endpoint. Compared in constant time, never printed.
#[derive(Clone)]
pub struct PushSecret(SecretString);

impl PushSecret {
    /// The secret itself.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether something that was offered is it.
    pub fn is(&self, offered: &[u8]) -> bool {
        self.expose().as_bytes().ct_eq(offered).into()
    }

    /// Whether it is the string at a JSON pointer of an element.
    pub fn is_at(&self, pointer: &str, element: &Value) -> bool {
        let offered = element.pointer(pointer).and_then(Value::as_str);
        offered.is_some_and(|offered| self.is(offered.as_bytes()))
    }

    /// The key of Standard Webhooks that it stands for; `None` where it is none.
    pub fn webhook_key(&self) -> Option<Vec<u8>> {
        let text = self.expose();
        let text = text.strip_prefix("whsec_").unwrap_or(text);
        STANDARD.decode(text).ok().filter(|key| !key.is_empty())
    }
}

impl From<SecretString> for PushSecret {
    fn from(secret: SecretString) -> Self {
        Self(secret)
    }
}

impl PartialEq for PushSecret {
    fn eq(&self, other: &Self) -> bool {
        self.is(other.expose().as_bytes())
    }
}

impl fmt::Debug for PushSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PushSecret(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_in_no_text() {
        let secret = PushSecret::from(SecretString::from("s3cret-of-push"));
        let shown = PushCredential::Basic {
            user: "u".into(),
            password: secret.clone(),
        };
        assert!(!format!("{secret:?} {shown:?} {shown}").contains("s3cret"));
        assert!(secret.is(b"s3cret-of-push") && !secret.is(b"s3cret-of-pusH"));
    }
}
