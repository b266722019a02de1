//! A signed-in browser: the cookie that stands for the token, and the page that asks for the token.
//!
//! A browser cannot send a header of ours when it opens a page. So the page that asks for the token
//! posts it once, as the header that every client sends, to `/session`, and from then on the cookie
//! counts. It is out of the reach of scripts, never goes along from another site, and is no copy of
//! the token: a hash of it, so it outlives a restart of the server and ends when the token changes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::Method;
use hyper::StatusCode;
use hyper::header;
use hyper::header::HeaderValue;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use sha2::Digest;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::answer;
use super::answer::Answer;

/// The cookie over plain HTTP, and over TLS, where browsers hold us to `Secure` and to this host.
const NAMES: [&str; 2] = ["streamgauge-session", "__Host-streamgauge-session"];

/// Thirty days: a wall is not signed in each morning.
const MAX_AGE_S: u32 = 30 * 24 * 60 * 60;

/// Whether a request carries the cookie of `token`.
pub(super) fn is_in(token: &SecretString, headers: &HeaderMap) -> bool {
    let expected = value(token);
    let values = headers.get_all(header::COOKIE).iter();
    values
        .flat_map(|value| value.to_str().unwrap_or_default().split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| NAMES.contains(name))
        .any(|(_, offered)| offered.as_bytes().ct_eq(expected.as_bytes()).into())
}

/// Answers a request that was let in: `POST` signs in, `DELETE` out, `GET` tells. `is_tls` says that
/// we speak TLS ourselves.
pub(super) fn answer(
    token: Option<&SecretString>,
    method: &Method,
    headers: &HeaderMap,
    is_tls: bool,
) -> Answer {
    let Some(token) = token else {
        return answer::text(StatusCode::OK, "no token is asked for\n");
    };
    match *method {
        Method::POST => {
            let mut answer = answer::text(StatusCode::OK, "signed in\n");
            set_cookie(&mut answer, headers, is_tls, &value(token), MAX_AGE_S);
            answer
        }
        Method::DELETE => {
            let mut answer = answer::text(StatusCode::OK, "signed out\n");
            set_cookie(&mut answer, headers, is_tls, "", 0);
            answer
        }
        _ => match is_in(token, headers) {
            true => answer::text(StatusCode::OK, "signed in\n"),
            false => answer::text(StatusCode::OK, "not signed in; the header was enough\n"),
        },
    }
}

fn set_cookie(answer: &mut Answer, headers: &HeaderMap, is_tls: bool, value: &str, max_age_s: u32) {
    // Whether a proxy before us speaks TLS, the browser says.
    let origin = headers.get(header::ORIGIN).map(HeaderValue::as_bytes);
    let is_tls = is_tls || origin.is_some_and(|origin| origin.starts_with(b"https://"));
    let secure = if is_tls { "; Secure" } else { "" };
    let name = NAMES[usize::from(is_tls)];
    let cookie =
        format!("{name}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{secure}");
    let mut cookie = HeaderValue::try_from(cookie)
        .unwrap_or_else(|error| unreachable!("hexadecimal digits are a header: {error}"));
    cookie.set_sensitive(true);
    answer.headers_mut().insert(header::SET_COOKIE, cookie);
}

/// What stands for a token.
fn value(token: &SecretString) -> String {
    let mut hash = Sha256::new();
    hash.update(b"streamgauge session\0");
    hash.update(token.expose_secret().as_bytes());
    let digest = hash.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The page that asks for the token: what a browser gets beside 401. It says nothing of the server
/// but that, and nothing but its own one script runs in it.
pub(super) fn ask() -> Answer {
    let mut answer = answer::new(StatusCode::UNAUTHORIZED, "text/html; charset=utf-8", PAGE);
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; \
         img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash_of("script"),
        hash_of("style"),
    );
    let policy = HeaderValue::try_from(policy)
        .unwrap_or_else(|error| unreachable!("base64 is a header: {error}"));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    answer
}

const PAGE: &str = include_str!("sign_in.html");

/// The hash by which a policy lets the page's one `tag` in.
fn hash_of(tag: &str) -> String {
    STANDARD.encode(Sha256::digest(inside(tag)))
}

fn inside(tag: &str) -> &'static str {
    let rest = PAGE
        .split_once(&format!("<{tag}>"))
        .map_or("", |(_, rest)| rest);
    rest.split_once(&format!("</{tag}>"))
        .map_or("", |(text, _)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    fn cookie(method: &Method, pairs: &[(header::HeaderName, &str)]) -> String {
        let token = SecretString::from("s3cret");
        let answer = answer(Some(&token), method, &headers(pairs), false);
        assert_eq!(answer.status(), StatusCode::OK);
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
        cookie.to_owned()
    }

    #[test]
    fn the_cookie_lets_in_and_is_not_the_token() {
        let set = cookie(&Method::POST, &[]);
        let (pair, rest) = set.split_once("; ").unwrap();
        assert_eq!(rest, "Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict");
        assert!(!set.contains("s3cret"));
        let is_in =
            |token: &str, cookie: &str| is_in(&token.into(), &headers(&[(header::COOKIE, cookie)]));
        assert!(is_in("s3cret", pair));
        assert!(is_in("s3cret", &format!("a=b; {pair}; c=d")));
        assert!(!is_in("another", pair), "it ends when the token changes");
        let (_, value) = pair.split_once('=').unwrap();
        for wrong in [
            "",
            "streamgauge-session",
            "streamgauge-session=",
            "streamgauge-session=s3cret",
            &pair[..pair.len() - 1],
            &format!("{pair}0"),
            &format!("session={value}"),
        ] {
            assert!(!is_in("s3cret", wrong), "{wrong}");
        }
    }

    #[test]
    fn over_tls_the_cookie_is_bound_to_it_and_to_the_host() {
        let origin = [(header::ORIGIN, "https://wall.example")];
        let set = cookie(&Method::POST, &origin);
        assert!(set.starts_with("__Host-streamgauge-session="), "{set}");
        assert!(set.ends_with("; SameSite=Strict; Secure"), "{set}");
        let (pair, _) = set.split_once("; ").unwrap();
        assert!(is_in(&"s3cret".into(), &headers(&[(header::COOKIE, pair)])));
    }

    #[test]
    fn over_tls_of_our_own_the_cookie_is_bound_without_the_browsers_word() {
        let answer = answer(
            Some(&"s3cret".into()),
            &Method::POST,
            &HeaderMap::new(),
            true,
        );
        let set = answer.headers()[header::SET_COOKIE].to_str().unwrap();
        assert!(set.starts_with("__Host-streamgauge-session="), "{set}");
        assert!(set.ends_with("; Secure"), "{set}");
    }

    #[test]
    fn signing_out_takes_the_cookie_away() {
        let set = cookie(&Method::DELETE, &[]);
        assert!(
            set.starts_with("streamgauge-session=; Path=/; Max-Age=0;"),
            "{set}"
        );
    }

    #[test]
    fn the_page_runs_its_own_script_only() {
        let answer = ask();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert!(!policy.contains("unsafe"), "{policy}");
        for tag in ["script", "style"] {
            assert_eq!(PAGE.matches(&format!("<{tag}>")).count(), 1, "{tag}");
            assert!(!inside(tag).trim().is_empty(), "{tag}");
        }
        for attribute in [" style=", " onclick=", " onsubmit=", " src="] {
            assert!(!PAGE.contains(attribute), "{attribute}");
        }
    }
}
