//! `POST /oauth/token` and the tokens it issues.
//!
//! A token carries its own number, its end and a code made with a key of this process, so that
//! checking one needs no table. Neither tokens nor secrets are ever written to a log.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use http_body_util::Full;
use http_body_util::Limited;
use hyper::Request;
use hyper::Response;
use hyper::StatusCode;
use hyper::body::Body;
use hyper::header;
use secrecy::ExposeSecret as _;
use secrecy::SecretString;
use siphasher::sip128::Hasher128 as _;
use siphasher::sip128::SipHasher24;
use subtle::ConstantTimeEq as _;

use super::fault::micros;
use super::reply::json;

/// A form body, in bytes.
const BODY_BYTES_MAX: usize = 8 << 10;
/// How long a client may take to send it.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Issues tokens to one client and checks them.
pub(super) struct Tokens {
    client_id: String,
    client_secret: SecretString,
    lifetime: Duration,
    key: [u8; 16],
    /// Tokens issued so far; the number of the newest.
    issued: AtomicU64,
    /// Tokens with a number up to this are no longer valid.
    revoked: AtomicU64,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

/// Why no token is issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Denied {
    NoCredentials,
    UnknownClient,
    WrongSecret,
    Grant,
    Body,
}

impl Tokens {
    /// # Errors
    /// When the system has no random numbers.
    pub(super) fn new(
        client_id: String,
        client_secret: SecretString,
        lifetime: Duration,
    ) -> Result<Self, getrandom::Error> {
        let mut key = [0; 16];
        getrandom::fill(&mut key)?;
        Ok(Self {
            client_id,
            client_secret,
            lifetime,
            key,
            issued: AtomicU64::new(0),
            revoked: AtomicU64::new(0),
        })
    }

    /// Answers a token request at `now_us`; `true` when a token was issued.
    pub(super) async fn answer<B>(
        &self,
        request: Request<B>,
        now_us: u64,
    ) -> (Response<Full<Bytes>>, bool)
    where
        B: Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        match self.check_request(request).await {
            Ok(()) => {
                let body = format!(
                    r#"{{"access_token":"{}","token_type":"bearer","expires_in":{}}}"#,
                    self.issue(now_us),
                    self.lifetime.as_secs()
                );
                let mut response = json(StatusCode::OK, body);
                response.headers_mut().insert(
                    header::CACHE_CONTROL,
                    header::HeaderValue::from_static("no-store"),
                );
                (response, true)
            }
            Err(denied) => (denied.response(), false),
        }
    }

    async fn check_request<B>(&self, request: Request<B>) -> Result<(), Denied>
    where
        B: Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let credentials = basic_credentials(request.headers()).ok_or(Denied::NoCredentials)?;
        let (id, secret) = credentials.split_once(':').ok_or(Denied::NoCredentials)?;
        let known = id.as_bytes().ct_eq(self.client_id.as_bytes());
        let right = secret
            .as_bytes()
            .ct_eq(self.client_secret.expose_secret().as_bytes());
        if !bool::from(known) {
            return Err(Denied::UnknownClient);
        }
        if !bool::from(right) {
            return Err(Denied::WrongSecret);
        }
        let body = Limited::new(request.into_body(), BODY_BYTES_MAX).collect();
        let form = match tokio::time::timeout(BODY_TIMEOUT, body).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) | Err(_) => return Err(Denied::Body),
        };
        let granted = form
            .split(|byte| *byte == b'&')
            .any(|field| field == b"grant_type=client_credentials");
        if granted { Ok(()) } else { Err(Denied::Grant) }
    }

    fn issue(&self, now_us: u64) -> String {
        // Relaxed: a count that orders nothing.
        let number = self.issued.fetch_add(1, Ordering::Relaxed) + 1;
        let ends_us = now_us.saturating_add(micros(self.lifetime));
        let code = self.code(number, ends_us);
        format!("{number:016x}{ends_us:016x}{code:032x}")
    }

    /// When `token` ends, in microseconds; `None` if it is none of ours or not valid at `now_us`.
    pub(super) fn check(&self, token: &str, now_us: u64) -> Option<u64> {
        if token.len() != 64 || !token.is_ascii() {
            return None;
        }
        let number = u64::from_str_radix(&token[..16], 16).ok()?;
        let ends_us = u64::from_str_radix(&token[16..32], 16).ok()?;
        let code = u128::from_str_radix(&token[32..], 16).ok()?;
        let ours = code
            .to_be_bytes()
            .ct_eq(&self.code(number, ends_us).to_be_bytes());
        // Relaxed: a token is valid until its revocation is seen.
        let revoked = number <= self.revoked.load(Ordering::Relaxed);
        (bool::from(ours) && !revoked && now_us < ends_us).then_some(ends_us)
    }

    /// Ends the validity of every token issued so far.
    pub(super) fn revoke_all(&self) {
        let issued = self.issued.load(Ordering::Relaxed);
        self.revoked.fetch_max(issued, Ordering::Relaxed);
    }

    fn code(&self, number: u64, ends_us: u64) -> u128 {
        use std::hash::Hasher as _;

        let mut hasher = SipHasher24::new_with_key(&self.key);
        hasher.write_u64(number);
        hasher.write_u64(ends_us);
        hasher.finish128().as_u128()
    }
}

impl Denied {
    /// The answer, in the form of the real service's errors.
    fn response(self) -> Response<Full<Bytes>> {
        let (status, error, description) = match self {
            Self::NoCredentials => (
                StatusCode::UNAUTHORIZED,
                "invalid_client",
                "no client credentials",
            ),
            Self::UnknownClient => (
                StatusCode::UNAUTHORIZED,
                "invalid_client",
                "client not found",
            ),
            Self::WrongSecret => (
                StatusCode::UNAUTHORIZED,
                "invalid_client",
                "authentication failed",
            ),
            Self::Grant => (
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "grant_type has to be client_credentials",
            ),
            Self::Body => (
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "unreadable body",
            ),
        };
        let body = format!(
            r#"{{"error":"{error}","description":"{description}","error_description":"{description}"}}"#
        );
        let mut response = json(status, body);
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(
                header::WWW_AUTHENTICATE,
                header::HeaderValue::from_static("Basic realm=\"streamgauge simulate\""),
            );
        }
        response
    }
}

/// The decoded `id:secret` of an `Authorization: Basic` header.
fn basic_credentials(headers: &hyper::HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    fn tokens() -> Tokens {
        Tokens::new(
            "demo".to_owned(),
            SecretString::from("secret"),
            Duration::from_secs(10),
        )
        .unwrap()
    }

    #[test]
    fn a_token_is_valid_until_its_end() {
        let tokens = tokens();
        let token = tokens.issue(SECOND);
        assert_eq!(tokens.check(&token, SECOND), Some(11 * SECOND));
        assert_eq!(tokens.check(&token, 11 * SECOND - 1), Some(11 * SECOND));
        assert_eq!(tokens.check(&token, 11 * SECOND), None);
    }

    #[test]
    fn revoked_forged_and_foreign_tokens_are_refused() {
        let tokens = tokens();
        let old = tokens.issue(0);
        tokens.revoke_all();
        let new = tokens.issue(0);
        assert_eq!(tokens.check(&old, 0), None);
        assert!(tokens.check(&new, 0).is_some());
        let longer = new.replacen("0000000000989680", "00000000ffffffff", 1);
        assert_ne!(longer, new);
        let foreign = self::tokens().issue(0);
        for token in ["", "x", &longer, &foreign, &new[1..], &"é".repeat(32)] {
            assert_eq!(tokens.check(token, 0), None, "{token}");
        }
    }

    async fn answer(authorization: Option<&str>, body: &str) -> (u16, serde_json::Value) {
        let mut request = Request::post("/oauth/token");
        if let Some(value) = authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        let request = request
            .body(Full::new(Bytes::from(body.to_owned())))
            .unwrap();
        let (response, issued) = tokens().answer(request, 0).await;
        let status = response.status();
        assert_eq!(issued, status == StatusCode::OK);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status.as_u16(), serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn credentials_and_grant_are_checked() {
        let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        let grant = "grant_type=client_credentials";
        let (status, body) = answer(Some(&basic("demo:secret")), grant).await;
        assert_eq!((status, &body["expires_in"]), (200, &10.into()));
        assert_eq!(body["token_type"], "bearer");
        let denied = [
            (None, grant, 401, "no client credentials"),
            (
                Some("Bearer x".to_owned()),
                grant,
                401,
                "no client credentials",
            ),
            (Some(basic("demo")), grant, 401, "no client credentials"),
            (Some(basic("other:secret")), grant, 401, "client not found"),
            (
                Some(basic("demo:wrong")),
                grant,
                401,
                "authentication failed",
            ),
            (
                Some(basic("demo:secret")),
                "grant_type=password",
                400,
                "grant_type has to be client_credentials",
            ),
            (
                Some(basic("demo:secret")),
                &"x".repeat(BODY_BYTES_MAX + 1),
                400,
                "unreadable body",
            ),
        ];
        for (authorization, body, status, description) in denied {
            let (got, body) = answer(authorization.as_deref(), body).await;
            assert_eq!(
                (got, body["description"].as_str()),
                (status, Some(description))
            );
        }
    }
}
