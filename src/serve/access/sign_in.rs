//! A signed-in browser: the cookie that stands for the token, and the page that asks for the token.
//!
//! A browser cannot send a header of ours when it opens a page. So the page that asks for the token
//! posts it once, as the header that every client sends, to `/session`, and from then on the cookie
//! counts. It is out of the reach of scripts, never goes along from another site, and is no copy of
//! the token: a hash of it, so it outlives a restart of the server and ends when the token changes.
//!
//! Cookies know hosts, not ports, and by default no paths: under a prefix the cookie has a name and a
//! path of its own, so that two servers on one host do not sign each other's visitors out.

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

use crate::config::Prefix;
use crate::serve::answer;
use crate::serve::answer::Answer;

/// The cookie's name, after what holds browsers to `Secure` and before what tells the prefix.
const NAME: &str = "streamgauge-session";
/// What holds browsers to `Secure`, and with it to this host and to the path `/`.
const HOST: &str = "__Host-";
/// What holds browsers to `Secure`, under any path.
const SECURE: &str = "__Secure-";

/// Thirty days: a wall is not signed in each morning.
const MAX_AGE_S: u32 = 30 * 24 * 60 * 60;

/// What a cookie is bound to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::serve) struct Scope {
    /// The prefix under which the browser sees the server.
    pub(in crate::serve) prefix: Prefix,
    /// Whether the browser speaks TLS, as far as that is known for sure.
    pub(in crate::serve) is_tls: bool,
}

impl Scope {
    /// The name, by which the path is known again. The plus sign is in no prefix.
    fn name(&self) -> String {
        let prefix = self.prefix.as_str();
        let rule = match (self.is_tls, prefix) {
            (true, "") => HOST,
            (true, _) => SECURE,
            (false, _) => "",
        };
        let tag = prefix.replacen('/', "-", 1).replace('/', "+");
        format!("{rule}{NAME}{tag}")
    }

    /// The scope of a cookie of ours.
    fn of(name: &str) -> Option<Self> {
        let rules = [HOST, SECURE].into_iter();
        let bare = rules.clone().find_map(|rule| name.strip_prefix(rule));
        let tag = bare.unwrap_or(name).strip_prefix(NAME)?;
        let path = tag.replacen('-', "/", 1).replace('+', "/");
        let scope = Self {
            prefix: Prefix::parse(&path).ok()?,
            is_tls: bare.is_some(),
        };
        (scope.name() == name).then_some(scope)
    }
}

/// Whether a request carries the cookie of `token`. Its scope is the browser's business: who has the
/// value has signed in.
pub(in crate::serve) fn is_in(token: &SecretString, headers: &HeaderMap) -> bool {
    scopes(token, headers).next().is_some()
}

/// The scopes of all cookies of `token` that a request carries.
fn scopes(token: &SecretString, headers: &HeaderMap) -> impl Iterator<Item = Scope> {
    let expected = value(token);
    let values = headers.get_all(header::COOKIE).iter();
    values
        .flat_map(|value| value.to_str().unwrap_or_default().split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter_map(|(name, offered)| Some((Scope::of(name)?, offered)))
        .filter(move |(_, offered)| offered.as_bytes().ct_eq(expected.as_bytes()).into())
        .map(|(scope, _)| scope)
}

/// Answers a request that was let in: `POST` signs in, `DELETE` out, `GET` tells.
pub(in crate::serve) fn answer(
    token: Option<&SecretString>,
    method: &Method,
    headers: &HeaderMap,
    scope: &Scope,
) -> Answer {
    let Some(token) = token else {
        return answer::text(StatusCode::OK, "no token is asked for\n");
    };
    match *method {
        Method::POST => {
            let mut answer = answer::text(StatusCode::OK, "signed in\n");
            set_cookie(&mut answer, scope, &value(token), MAX_AGE_S);
            answer
        }
        Method::DELETE => {
            let mut answer = answer::text(StatusCode::OK, "signed out\n");
            set_cookie(&mut answer, scope, "", 0);
            // And those from before a prefix or TLS stood in front.
            for other in scopes(token, headers).filter(|other| other != scope) {
                set_cookie(&mut answer, &other, "", 0);
            }
            answer
        }
        _ => match is_in(token, headers) {
            true => answer::text(StatusCode::OK, "signed in\n"),
            false => answer::text(StatusCode::OK, "not signed in; the header was enough\n"),
        },
    }
}

fn set_cookie(answer: &mut Answer, scope: &Scope, value: &str, max_age_s: u32) {
    let secure = if scope.is_tls { "; Secure" } else { "" };
    let (name, path) = (scope.name(), scope.prefix.as_str());
    let cookie = format!(
        "{name}={value}; Path={path}/; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{secure}"
    );
    let mut cookie = HeaderValue::try_from(cookie)
        .unwrap_or_else(|error| unreachable!("hexadecimal digits are a header: {error}"));
    cookie.set_sensitive(true);
    answer.headers_mut().append(header::SET_COOKIE, cookie);
}

/// What stands for a token.
fn value(token: &SecretString) -> String {
    let mut hash = Sha256::new();
    hash.update(b"streamgauge session\0");
    hash.update(token.expose_secret().as_bytes());
    let digest = hash.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The page that asks for the token at `path` of this server: what a browser gets beside 401. It says
/// nothing of the server but that, and nothing but its own one script runs in it.
pub(in crate::serve) fn ask(path: &str) -> Answer {
    let page = PAGE.replace("{place}", &place(path));
    let mut answer = answer::new(StatusCode::UNAUTHORIZED, "text/html; charset=utf-8", page);
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

/// How the root is reached from a path, whatever a proxy has put before it: `/` for the root itself,
/// which a proxy may show without its slash, else the way up.
fn place(path: &str) -> String {
    let depth = path.matches('/').count().saturating_sub(1);
    match path {
        "/" => "/".to_owned(),
        _ => "../".repeat(depth),
    }
}

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

    fn scope(prefix: &str, is_tls: bool) -> Scope {
        let prefix = Prefix::parse(prefix).unwrap();
        Scope { prefix, is_tls }
    }

    fn cookies(method: &Method, scope: &Scope, cookie: &str) -> Vec<String> {
        let token = SecretString::from("s3cret");
        let headers = headers(&[(header::COOKIE, cookie)]);
        let answer = answer(Some(&token), method, &headers, scope);
        assert_eq!(answer.status(), StatusCode::OK);
        let cookies = answer.headers().get_all(header::SET_COOKIE).iter();
        cookies
            .map(|cookie| cookie.to_str().unwrap().to_owned())
            .collect()
    }

    /// The one cookie that signing in sets.
    fn cookie(scope: &Scope) -> String {
        let mut cookies = cookies(&Method::POST, scope, "");
        assert_eq!(cookies.len(), 1);
        cookies.remove(0)
    }

    #[test]
    fn the_cookie_lets_in_and_is_not_the_token() {
        let set = cookie(&Scope::default());
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
            &format!("streamgauge-sessions={value}"),
            &format!("__Host-streamgauge-session-gauge={value}"),
        ] {
            assert!(!is_in("s3cret", wrong), "{wrong}");
        }
    }

    #[test]
    fn a_cookie_is_bound_to_its_scheme_and_its_prefix() {
        let check = |prefix: &str, is_tls: bool, name: &str, path: &str| {
            let set = cookie(&scope(prefix, is_tls));
            let (pair, rest) = set.split_once("; ").unwrap();
            assert_eq!(pair.split_once('=').unwrap().0, name);
            assert!(rest.starts_with(&format!("Path={path}; ")), "{set}");
            assert_eq!(rest.ends_with("; SameSite=Strict; Secure"), is_tls, "{set}");
            let headers = headers(&[(header::COOKIE, pair)]);
            assert!(is_in(&"s3cret".into(), &headers), "{pair}");
        };
        check("", false, "streamgauge-session", "/");
        check("", true, "__Host-streamgauge-session", "/");
        check("/gauge", false, "streamgauge-session-gauge", "/gauge/");
        check(
            "/gauge",
            true,
            "__Secure-streamgauge-session-gauge",
            "/gauge/",
        );
        // No two prefixes share a name.
        check("/a/b", true, "__Secure-streamgauge-session-a+b", "/a/b/");
        check("/a-b", true, "__Secure-streamgauge-session-a-b", "/a-b/");
        check("/-a", false, "streamgauge-session--a", "/-a/");
    }

    #[test]
    fn signing_out_takes_every_cookie_away() {
        let set = cookies(&Method::DELETE, &Scope::default(), "");
        assert_eq!(set.len(), 1);
        assert!(
            set[0].starts_with("streamgauge-session=; Path=/; Max-Age=0;"),
            "{set:?}"
        );
        let here = scope("/gauge", true);
        let pairs = [&here, &scope("", false), &scope("/old/place", true)].map(|scope| {
            let set = cookie(scope);
            set.split_once(';').unwrap().0.to_owned()
        });
        let set = cookies(&Method::DELETE, &here, &pairs.join("; "));
        let names: Vec<&str> = set
            .iter()
            .map(|set| set.split(" Max").next().unwrap())
            .collect();
        assert_eq!(
            names,
            [
                "__Secure-streamgauge-session-gauge=; Path=/gauge/;",
                "streamgauge-session=; Path=/;",
                "__Secure-streamgauge-session-old+place=; Path=/old/place/;",
            ]
        );
    }

    #[test]
    fn the_page_knows_the_way_to_the_root() {
        for (path, expected) in [
            ("/", "/"),
            ("/graphql", ""),
            ("/latency/visible.hgrm", "../"),
            ("/a/b/", "../../"),
            ("", ""),
        ] {
            assert_eq!(place(path), expected, "{path}");
        }
        assert_eq!(PAGE.matches("{place}").count(), 1);
    }

    #[test]
    fn the_page_runs_its_own_script_only() {
        let answer = ask("/");
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
