//! What a peer said, made fit to stand in a line of ours: without our secrets, cut, escaped.
//!
//! Peers repeat what they were sent: in error bodies, reason phrases and close reasons, as it was or
//! re-encoded. So a text is searched as it stands and with its escapes undone (percent, JSON, HTML,
//! folded lines), several times over, for the secret itself and for its base64 wherever it may begin.
//! Redacting comes before cutting: a cut in the middle of a secret would leave its beginning.

use std::ops::Range;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::URL_SAFE;
use secrecy::ExposeSecret;
use secrecy::SecretSlice;

/// Characters of a peer's text that are quoted.
const QUOTED_CHARS_MAX: usize = 120;
/// Bytes of a peer's text that are looked at.
const TEXT_BYTES_MAX: usize = 16 * 1_024;
/// What stands in the place of a secret.
const HIDDEN: &str = "[hidden]";
/// How often escapes are undone: a proxy may escape what the server behind it had escaped.
const DECODINGS_MAX: usize = 3;
/// A beginning of a secret that is as long as this is hidden too: peers shorten what they repeat.
const BEGINNING_BYTES_MIN: usize = 16;
/// A shorter beginning is hidden where the text ends: it was cut on its way.
const CUT_BYTES_MIN: usize = 8;
/// Base64 of a part is looked for from this length on: less is found in innocent words.
const BASE64_BYTES_MIN: usize = 8;

/// Knows secrets, and quotes a peer's text without them. Cloning is cheap. Its `Debug` form shows
/// none of them.
#[derive(Clone, Default)]
pub struct Redactor(Arc<Vec<SecretSlice<u8>>>);

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} forms)", self.0.len())
    }
}

impl Redactor {
    /// Knows one more secret, in all the forms that are searched for.
    #[must_use]
    pub fn with(mut self, secret: &str) -> Self {
        self.add(secret.as_bytes());
        self
    }

    /// Knows the credentials of HTTP Basic authentication, together as they are sent and the
    /// password alone.
    #[must_use]
    pub fn with_basic(mut self, user: &[u8], password: &[u8]) -> Self {
        let pair = [user, b":", password].concat();
        self.add(password);
        // The pair as it stands begins with the user's name, which is no secret.
        self.add(STANDARD.encode(&pair).as_bytes());
        self.add(URL_SAFE.encode(&pair).as_bytes());
        self
    }

    /// Knows what this and the other one know.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        Arc::make_mut(&mut self.0).extend(other.0.iter().cloned());
        self
    }

    fn add(&mut self, secret: &[u8]) {
        if secret.is_empty() {
            return;
        }
        let needles = Arc::make_mut(&mut self.0);
        needles.push(SecretSlice::from(secret.to_vec()));
        for (shift, engine) in (0..3).flat_map(|shift| [(shift, &STANDARD), (shift, &URL_SAFE)]) {
            // Of the base64 of a text that holds the secret only these characters are the secret's
            // alone; those at its ends depend on its neighbours.
            let shifted = [&vec![0; shift], secret].concat();
            let encoded = engine.encode(&shifted);
            let own = (shift * 8).div_ceil(6)..shifted.len() * 8 / 6;
            if own.len() >= BASE64_BYTES_MIN {
                needles.push(SecretSlice::from(encoded.as_bytes()[own].to_vec()));
            }
        }
    }

    /// A peer's text in quotation marks, as [`Self::line`] has it.
    /// Spaces and line ends around it are left out.
    pub fn quote(&self, text: impl AsRef<[u8]>) -> Option<String> {
        let redacted = self.redact(text);
        let text = redacted.trim_matches(|c: char| c.is_whitespace() || c.is_control());
        (!text.is_empty()).then(|| format!("\"{}\"", cut(text)))
    }

    /// The body of an answer in quotation marks, as [`Self::line`] has it; of a page for people also its
    /// title, where that comes later: such a page begins with what no person reads.
    pub fn quote_body(&self, body: impl AsRef<[u8]>) -> Option<String> {
        let body = body.as_ref();
        let quoted = self.quote(body)?;
        let title = title(&self.redact(body)).map(|title| cut(title.trim()));
        Some(match title {
            Some(title) if !title.is_empty() && !quoted.contains(&title) => {
                format!("{quoted} (title: \"{title}\")")
            }
            _ => quoted,
        })
    }

    /// A peer's text for a line of ours: redacted, then cut to its first 120 characters, then
    /// escaped. `None` when it says nothing.
    pub fn line(&self, text: impl AsRef<[u8]>) -> Option<String> {
        let redacted = self.redact(text);
        (!redacted.is_empty()).then(|| cut(&redacted))
    }

    /// A peer's text without secrets, otherwise as it was.
    pub fn redact(&self, text: impl AsRef<[u8]>) -> String {
        let text = text.as_ref();
        let text = &text[..text.len().min(TEXT_BYTES_MAX)];
        let mut hidden = Vec::new();
        let mut view = View::of(text);
        for _ in 0..=DECODINGS_MAX {
            for needle in self.0.iter() {
                view.find(needle.expose_secret(), &mut hidden);
            }
            let Some(decoded) = view.decoded() else { break };
            view = decoded;
        }
        without(text, hidden)
    }
}

/// The first characters of a text, escaped.
fn cut(text: &str) -> String {
    let mut rest = text.chars();
    let first: String = rest.by_ref().take(QUOTED_CHARS_MAX).collect();
    let more = if rest.next().is_some() { "..." } else { "" };
    format!("{}{more}", first.escape_debug())
}

/// The title of a page.
fn title(page: &str) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    let from = lower.find("<title>")? + "<title>".len();
    let length = lower[from..].find("</title>")?;
    Some(page[from..from + length].to_owned())
}

/// The text with these ranges replaced, those that touch as one.
fn without(text: &[u8], mut hidden: Vec<Range<usize>>) -> String {
    hidden.sort_by_key(|range| range.start);
    let mut out = String::new();
    let mut at = 0;
    for range in hidden {
        if range.start > at || at == 0 {
            out.push_str(&String::from_utf8_lossy(&text[at..range.start]));
            out.push_str(HIDDEN);
        }
        at = at.max(range.end);
    }
    out.push_str(&String::from_utf8_lossy(&text[at..]));
    out
}

/// A text with escapes undone, and where in the original each of its bytes stands.
struct View {
    bytes: Vec<u8>,
    origins: Vec<Range<usize>>,
}

impl View {
    fn of(text: &[u8]) -> Self {
        Self {
            bytes: text.to_vec(),
            origins: (0..text.len()).map(|at| at..at + 1).collect(),
        }
    }

    /// Adds the places of the needle, and of beginnings of it that tell too much.
    fn find(&self, needle: &[u8], hidden: &mut Vec<Range<usize>>) {
        let Some(first) = needle.first() else { return };
        for at in 0..self.bytes.len() {
            if self.bytes[at] != *first {
                continue;
            }
            let rest = &self.bytes[at..];
            let same = rest.iter().zip(needle).take_while(|(a, b)| a == b).count();
            let is_cut = same == rest.len() && same >= CUT_BYTES_MIN;
            if same == needle.len() || same >= BEGINNING_BYTES_MIN || is_cut {
                hidden.push(self.origins[at].start..self.origins[at + same - 1].end);
            }
        }
    }

    /// The same with one layer of escapes undone and without spaces, line ends and NULs; `None` when
    /// nothing changes.
    fn decoded(&self) -> Option<Self> {
        let mut decoded = Self::of(&[]);
        let mut at = 0;
        while let Some(first) = self.bytes.get(at) {
            let (bytes, length) = match unescape(&self.bytes[at..]) {
                Some(escape) => escape,
                None if *first == 0 || first.is_ascii_whitespace() => (Vec::new(), 1),
                None => (vec![*first], 1),
            };
            let origin = self.origins[at].start..self.origins[at + length - 1].end;
            for byte in bytes {
                decoded.bytes.push(byte);
                decoded.origins.push(origin.clone());
            }
            at += length;
        }
        (decoded.bytes != self.bytes).then_some(decoded)
    }
}

/// What an escape at the beginning stands for, and its length.
fn unescape(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    match text {
        [b'%', ..] => byte(text.get(1..3)?, 3),
        [b'\\', b'x', ..] => byte(text.get(2..4)?, 4),
        [b'\\', b'u', b'{', ..] => {
            let end = text.iter().take(10).position(|byte| *byte == b'}')?;
            character(hex(&text[3..end])?, end + 1)
        }
        [b'\\', b'u', ..] => character(hex(text.get(2..6)?)?, 6),
        [b'\\', escaped @ (b'"' | b'\\' | b'/' | b'\''), ..] => Some((vec![*escaped], 2)),
        [b'\\', b'n' | b'r' | b't', ..] => Some((Vec::new(), 2)),
        [b'&', ..] => entity(text),
        _ => None,
    }
}

fn entity(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let end = text.iter().take(10).position(|byte| *byte == b';')?;
    let name = std::str::from_utf8(&text[1..end]).ok()?;
    let number = match name {
        "amp" => u32::from(b'&'),
        "lt" => u32::from(b'<'),
        "gt" => u32::from(b'>'),
        "quot" => u32::from(b'"'),
        "apos" => u32::from(b'\''),
        "sol" => u32::from(b'/'),
        "plus" => u32::from(b'+'),
        "equals" => u32::from(b'='),
        _ => match name.strip_prefix('#')? {
            number if number.starts_with(['x', 'X']) => hex(&number.as_bytes()[1..])?,
            number => number.parse().ok()?,
        },
    };
    character(number, end + 1)
}

fn byte(digits: &[u8], length: usize) -> Option<(Vec<u8>, usize)> {
    Some((vec![u8::try_from(hex(digits)?).ok()?], length))
}

fn character(number: u32, length: usize) -> Option<(Vec<u8>, usize)> {
    let character = char::from_u32(number)?;
    Some((character.to_string().into_bytes(), length))
}

fn hex(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "c4n4ry/+\"s=cret&1234<5>'";

    fn quoted(text: &str) -> String {
        let redactor = Redactor::default().with_basic(b"client-1", SECRET.as_bytes());
        redactor.quote(text).unwrap()
    }

    #[track_caller]
    fn hides(text: &str) {
        let quoted = quoted(text);
        assert!(quoted.contains(HIDDEN), "{text} became {quoted}");
        for part in ["c4n4", "s=cr", "1234"] {
            assert!(!quoted.contains(part), "{text} became {quoted}");
        }
        for shift in 0..3 {
            let encoded = STANDARD.encode(format!("{}{SECRET}", "-".repeat(shift)));
            for part in encoded.as_bytes()[4..].windows(8) {
                let part = std::str::from_utf8(part).unwrap();
                assert!(!quoted.contains(part), "{text} became {quoted}");
            }
        }
    }

    fn percent(text: &str, upper: bool) -> String {
        let escape = |byte: u8| match (byte.is_ascii_alphanumeric(), upper) {
            (true, _) => char::from(byte).to_string(),
            (_, true) => format!("%{byte:02X}"),
            (_, false) => format!("%{byte:02x}"),
        };
        text.bytes().map(escape).collect()
    }

    #[test]
    fn every_form_is_hidden() {
        hides(SECRET);
        hides(&format!("you sent {SECRET}, which is wrong"));
        hides(&percent(SECRET, true));
        hides(&percent(SECRET, false));
        hides(&percent(&percent(SECRET, true), true));
        hides(&serde_json::to_string(SECRET).unwrap());
        let json = serde_json::to_string(SECRET).unwrap();
        hides(&serde_json::to_string(&json).unwrap());
        hides(&SECRET.replace('/', "\\/").replace('"', "\\u0022"));
        hides(&SECRET.escape_debug().to_string());
        let html = SECRET.replace('&', "&amp;").replace('"', "&quot;");
        hides(&html.replace('<', "&lt;").replace('\'', "&#39;"));
        hides(&html.replace('\'', "&#x27;").replace('/', "&#x2F;"));
    }

    #[test]
    fn base64_is_hidden_wherever_it_begins() {
        let pair = format!("client-1:{SECRET}");
        for before in ["", "a", "ab", "abc", "Basic ", "{\"secret\":\""] {
            for after in ["", "z", "zz", "\"}"] {
                for text in [SECRET, &pair] {
                    let whole = format!("{before}{text}{after}");
                    hides(&STANDARD.encode(&whole));
                    hides(&URL_SAFE.encode(&whole));
                    hides(STANDARD.encode(&whole).trim_end_matches('='));
                    hides(&percent(&STANDARD.encode(&whole), true));
                }
            }
        }
        let basic = STANDARD.encode(&pair);
        hides(&format!("Authorization: Basic {basic}"));
        hides(&STANDARD.encode(format!("Basic {basic}")));
        // Folded as mail does it.
        let (first, second) = basic.split_at(20);
        hides(&format!("{first}\r\n {second}"));
        hides(&format!("{first}\\r\\n{second}"));
    }

    #[test]
    fn what_is_cut_is_hidden_too() {
        for length in CUT_BYTES_MIN..SECRET.len() {
            hides(&format!("bad token {}", &SECRET[..length]));
        }
        hides(&format!("bad token {}... of yours", &SECRET[..17]));
        // At the limit of quoting, wherever the secret begins.
        for before in 0..130 {
            let text = format!("{}{SECRET}{}", "x".repeat(before), "y".repeat(200));
            let quoted = quoted(&text);
            assert!(!quoted.contains("c4n"), "{quoted}");
            assert!(quoted.len() <= QUOTED_CHARS_MAX + 5, "{quoted}");
        }
        // At the limit of reading.
        for before in TEXT_BYTES_MAX - SECRET.len()..TEXT_BYTES_MAX - CUT_BYTES_MIN {
            let text = format!("{}{SECRET}", "x".repeat(before));
            let redactor = Redactor::default().with(SECRET);
            assert!(!redactor.redact(text).contains("c4n4"));
        }
    }

    #[test]
    fn everything_else_stays_as_it_was() {
        let check = |text: &str, expected: &str| assert_eq!(quoted(text), expected);
        check("  no such client\r\n", "\"no such client\"");
        check("a\tb\n\x1b[31m", r#""a\tb\n\u{1b}[31m""#);
        check("50% of &c. \\o/ client-1", r#""50% of &c. \\o/ client-1""#);
        check("a%zz&#;\\u12&", r#""a%zz&#;\\u12&""#);
        let long = "ä".repeat(500);
        assert_eq!(quoted(&long), format!("\"{}...\"", "ä".repeat(120)));
        assert_eq!(Redactor::default().quote(" \r\n\0"), None);
        assert_eq!(
            Redactor::default().quote(b"\xff\xfe").unwrap(),
            "\"\u{fffd}\u{fffd}\""
        );
        // Its own hits leave what is between them.
        check(
            &format!("{SECRET} and {SECRET}"),
            "\"[hidden] and [hidden]\"",
        );
    }

    #[test]
    fn of_a_page_the_title_is_quoted_too() {
        let redactor = Redactor::default().with(SECRET);
        let check = |body: &str, expected: &str| {
            assert_eq!(redactor.quote_body(body).unwrap(), expected);
        };
        let (begin, far) = ("<!DOCTYPE html>", format!("<!-- {} -->", "x".repeat(200)));
        check(
            &format!("{begin}<title>Blocked</title>"),
            "\"<!DOCTYPE html><title>Blocked</title>\"",
        );
        let cut = "x".repeat(120 - begin.len() - 5);
        check(
            &format!("{begin}{far}<TITLE>\nBlocked: {SECRET} </Title>"),
            &format!("\"{begin}<!-- {cut}...\" (title: \"Blocked: [hidden]\")"),
        );
        check("no page", "\"no page\"");
        check("<title>ä", "\"<title>ä\"");
    }

    #[test]
    fn a_form_of_16_bits_is_seen_through() {
        let wide: Vec<u8> = SECRET.bytes().flat_map(|byte| [byte, 0]).collect();
        let redactor = Redactor::default().with(SECRET);
        assert!(redactor.redact(wide).starts_with(HIDDEN));
    }
}
