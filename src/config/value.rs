//! The parsers of single values: text in, a typed value or one reason out.
//!
//! A reason never repeats the text it refuses; the caller quotes it where that is safe.

use std::net::IpAddr;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use hyper::Uri;

use super::duration;

/// Schemes of a request: encrypted, and plain for loopback only.
pub(super) const HTTP: Schemes = Schemes {
    encrypted: "https",
    plain: "http",
};
/// Schemes of a stream: encrypted, and plain for loopback only.
pub(super) const WEBSOCKET: Schemes = Schemes {
    encrypted: "wss",
    plain: "ws",
};

/// The two schemes of one protocol.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schemes {
    encrypted: &'static str,
    plain: &'static str,
}

/// The longest URL. Longer ones are slips: proxies refuse them too.
const URL_BYTES_MAX: usize = 2_048;

/// A length of time in whole milliseconds within `range`.
pub(super) fn length(text: &str, range: &RangeInclusive<Duration>) -> Result<Duration, String> {
    let length = duration::parse(text)?;
    if length.subsec_nanos() % 1_000_000 != 0 {
        return Err("finer than a millisecond; round it".to_owned());
    }
    if !range.contains(&length) {
        let (least, greatest) = (
            duration::format(*range.start()),
            duration::format(*range.end()),
        );
        return Err(format!("out of range; choose {least} to {greatest}"));
    }
    Ok(length)
}

/// Lengths of time in whole milliseconds within `range`, separated by commas.
pub(super) fn lengths(
    text: &str,
    range: &RangeInclusive<Duration>,
) -> Result<Vec<Duration>, String> {
    text.split(',').map(|part| length(part, range)).collect()
}

/// A whole number within `range`; underscores may group its digits.
pub(super) fn count(text: &str, range: &RangeInclusive<u64>) -> Result<u64, String> {
    let digits = text.replace('_', "");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("not a whole number; {}", choose(range)));
    }
    within(digits.parse().ok(), range)
}

/// A size within `range` bytes: a number and, unless it counts bytes, its unit.
pub(super) fn bytes(text: &str, range: &RangeInclusive<u64>) -> Result<u64, String> {
    const UNITS: [(&str, u64); 8] = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("kB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("B", 1),
        ("", 1),
    ];
    let unit_at = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let Some((_, factor)) = UNITS.iter().find(|(name, _)| *name == unit.trim_start()) else {
        return Err("not a size; write a number and a unit, such as 256MiB".to_owned());
    };
    if number.is_empty() {
        return Err("not a size; write a number and a unit, such as 256MiB".to_owned());
    }
    let bytes = number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(*factor));
    within(bytes, range)
}

fn within(number: Option<u64>, range: &RangeInclusive<u64>) -> Result<u64, String> {
    number
        .filter(|number| range.contains(number))
        .ok_or_else(|| format!("out of range; {}", choose(range)))
}

fn choose(range: &RangeInclusive<u64>) -> String {
    format!("choose {} to {}", range.start(), range.end())
}

/// Several values, separated by commas; what is wrong names which of them it is.
pub(super) fn list<T>(
    text: &str,
    read: impl Fn(&str) -> Result<T, &'static str>,
) -> Result<Vec<T>, String> {
    const COUNT_MAX: usize = 64;
    let count = text.split(',').count();
    if count > COUNT_MAX {
        return Err(format!("{count} values over {COUNT_MAX}"));
    }
    let values = text.split(',').map(str::trim).enumerate();
    values
        .map(|(index, value)| match read(value) {
            Err(why) if count > 1 => Err(format!("number {} of {count}: {why}", index + 1)),
            read => read.map_err(str::to_owned),
        })
        .collect()
}

/// A switch.
pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text {
        "true" | "on" | "1" => Ok(true),
        "false" | "off" | "0" => Ok(false),
        _ => Err("not a switch; write true or false".to_owned()),
    }
}

/// One of several names.
pub(super) fn choice<T: Clone>(text: &str, names: &[(&str, T)]) -> Result<T, String> {
    if let Some((_, value)) = names.iter().find(|(name, _)| *name == text) {
        return Ok(value.clone());
    }
    let known: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
    Err(format!("unknown; choose {}", known.join(" or ")))
}

/// Where a server listens: `127.0.0.1:4000`, `[::1]:4000` or `localhost:4000`.
///
/// # Errors
/// One reason that says what to write.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    let numeric = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    numeric.parse().map_err(|_| {
        "not an address with a port; write one such as 127.0.0.1:4000 or [::1]:4000".to_owned()
    })
}

/// A URL to send credentials to: encrypted unless it stays on this machine, without a user name,
/// a password or a token in it.
pub(super) fn url(text: &str, schemes: Schemes) -> Result<Uri, String> {
    let Schemes { encrypted, plain } = schemes;
    if text.len() > URL_BYTES_MAX {
        return Err(format!(
            "a URL of {} B over {URL_BYTES_MAX} B; shorten it",
            text.len()
        ));
    }
    let no_url = || format!("not a URL; write one such as {encrypted}://host/path");
    let url: Uri = text.parse().map_err(|_| no_url())?;
    let authority = url.authority().ok_or_else(no_url)?;
    if text.contains('#') {
        return Err("has a fragment (#); remove it".to_owned());
    }
    // Anywhere: a password with a slash in it ends the authority early.
    if text.contains('@') {
        return Err(
            "has a user name or password in it; remove them, credentials have their own settings"
                .to_owned(),
        );
    }
    if url
        .query()
        .is_some_and(|query| query.contains("access_token"))
    {
        return Err("has a token in it; remove it, a token is fetched by itself".to_owned());
    }
    let after_host = &authority.as_str()[authority.host().len()..];
    if authority.host().is_empty() || (!after_host.is_empty() && url.port_u16().is_none()) {
        return Err(no_url());
    }
    let scheme = url.scheme_str().unwrap_or_default();
    if scheme == encrypted || (scheme == plain && is_loopback(authority.host())) {
        return Ok(url);
    }
    if scheme == plain {
        return Err(format!(
            "{plain} is not encrypted and for loopback hosts only; use {encrypted}"
        ));
    }
    Err(format!("of another kind; use {encrypted}"))
}

/// A URL as people may see it: what follows the path stays hidden, it may hold a key.
pub fn shown_url(url: &Uri) -> String {
    let text = url.to_string();
    match text.split_once('?') {
        Some((path, _)) => format!("{path}?(hidden)"),
        None => text,
    }
}

/// A URL whose path may be a key, as those of webhooks are: scheme and host alone.
pub fn shown_host(url: &Uri) -> String {
    let (scheme, authority) = (url.scheme_str(), url.authority());
    format!(
        "{}://{}/(hidden)",
        scheme.unwrap_or_default(),
        authority.map_or("", |authority| authority.as_str())
    )
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The longest scope or audience, in bytes.
const OAUTH_BYTES_MAX: usize = 1_024;

/// An OAuth scope: names separated by single spaces, of the characters of RFC 6749, section 3.3.
pub(super) fn scope(text: &str) -> Result<String, String> {
    let is_name = |name: &str| {
        let is_legal = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        !name.is_empty() && name.bytes().all(is_legal)
    };
    if text.len() <= OAUTH_BYTES_MAX && text.split(' ').all(is_name) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "not a scope; write names of printable ASCII characters separated by single spaces, {OAUTH_BYTES_MAX} B at the most"
    ))
}

/// An OAuth audience: a name or a URL.
pub(super) fn audience(text: &str) -> Result<String, String> {
    let is_legal = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    if text.len() <= OAUTH_BYTES_MAX && text.bytes().all(is_legal) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "not an audience; write up to {OAUTH_BYTES_MAX} printable ASCII characters"
    ))
}

/// What is said of a placeholder.
pub(super) const PLACEHOLDER: &str =
    "is the placeholder of an example; put in the value that the service gave";

/// Whether a credential is what an example writes in its place: dots, `<id>`, `$VARIABLE`, `changeme`,
/// `your-client-id`, `xxx`. No service hands out such a one.
pub(super) fn is_placeholder(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let only = |wanted: &[char]| !text.is_empty() && text.chars().all(|c| wanted.contains(&c));
    only(&['.', '…'])
        || (text.len() >= 3 && (only(&['x', 'X']) || only(&['*'])))
        || (text.starts_with('<') && text.ends_with('>'))
        || (text.starts_with("${") && text.ends_with('}'))
        || lower.starts_with("your-")
        || lower.starts_with("your_")
        || ["changeme", "change-me", "todo", "placeholder"].contains(&&*lower)
}

/// An OAuth client's id.
pub(super) fn client_id(text: &str) -> Result<String, String> {
    const BYTES_MAX: usize = 256;
    if is_placeholder(text) {
        return Err(PLACEHOLDER.to_owned());
    }
    // HTTP Basic authentication ends the id at the first colon.
    let fits = text.len() <= BYTES_MAX
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b':');
    if fits {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "not a client id; it has up to {BYTES_MAX} printable ASCII characters without spaces and colons"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_no_credentials() {
        for text in [
            "...",
            "…",
            ".",
            "<client id>",
            "<id>",
            "${CLIENT_ID}",
            "your-client-id",
            "YOUR_CLIENT_ID",
            "changeme",
            "xxxx",
            "XXX",
            "***",
            "TODO",
        ] {
            assert!(is_placeholder(text), "{text}");
            assert!(client_id(text).is_err(), "{text}");
        }
        for text in [
            "",
            "demo",
            "a.b",
            "5f1d0c9a-3b7e-4c52-9a41-6d2e8f70b1c3",
            "yours",
            "x",
            "x1",
            "<a",
            "$a",
        ] {
            assert!(!is_placeholder(text), "{text}");
        }
        assert_eq!(client_id("..."), Err(PLACEHOLDER.to_owned()));
    }

    #[test]
    fn sizes() {
        let range = 0..=1 << 40;
        let check = |text: &str, expected: Option<u64>| {
            assert_eq!(bytes(text, &range).ok(), expected, "{text}");
        };
        check("0", Some(0));
        check("512", Some(512));
        check("1KiB", Some(1_024));
        check("256 MiB", Some(256 << 20));
        check("2GB", Some(2_000_000_000));
        check("MiB", None);
        check("1.5GiB", None);
        check("-1", None);
        check("18446744073709551615GiB", None);
    }

    #[test]
    fn counts_and_switches() {
        assert_eq!(count("4_000_000", &(1..=5_000_000)), Ok(4_000_000));
        for text in [
            "",
            "_",
            "-1",
            "+1",
            "1.0",
            "6000000",
            "99999999999999999999",
        ] {
            assert!(count(text, &(1..=5_000_000)).is_err(), "{text}");
        }
        assert_eq!(switch("on"), Ok(true));
        assert!(switch("TRUE!").is_err());
    }

    #[test]
    fn plain_urls_stay_on_this_machine() {
        for text in [
            "wss://api.example/x",
            "ws://localhost:1/x",
            "ws://127.9.9.9/x",
            "ws://[::1]:80/x",
        ] {
            assert!(url(text, WEBSOCKET).is_ok(), "{text}");
        }
        for text in [
            "ws://api.example/x",
            "ws://0.0.0.0/x",
            "ws://127.0.0.1.example/x",
            "ws://localhost.example/x",
            "https://api.example/x",
            "wss://user@api.example/x",
            "wss://user:secret@api.example/x",
            "wss://api.example/x?access_token=secret",
            "wss://api.example/x#fragment",
            "wss://",
            "wss://:80/x",
            "wss://api.example:",
            "wss://api.example:99999/",
            "wss://me:sec/ret@host/",
            "wss://me:sec/ret",
            "/x",
            "api.example",
            "wss://host name/x",
        ] {
            let why = url(text, WEBSOCKET).expect_err(text);
            assert!(!why.contains("secret"), "{why}");
        }
    }

    #[test]
    fn a_query_is_never_shown() {
        let url = url("https://host/token?key=1", HTTP).unwrap();
        assert_eq!(shown_url(&url), "https://host/token?(hidden)");
    }
}
