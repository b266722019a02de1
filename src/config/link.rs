//! `--session-link`: where an id of the stream can be looked at in another program.

use std::fmt;
use std::fmt::Write;

use super::error::quoted;
use super::site::Authority;

/// What an id takes the place of.
const PLACE: &str = "{id}";
/// The longest template, in bytes.
const BYTES_MAX: usize = 2_048;

/// A URL with a place for an id behind its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkTemplate(String);

impl LinkTemplate {
    /// Reads `https://host[:port]/...{id}...`.
    ///
    /// # Errors
    /// One reason that says what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > BYTES_MAX {
            return Err(format!("{} B over {BYTES_MAX} B; shorten it", text.len()));
        }
        let shape = || "not a URL; write one such as https://apps.example.com/{id}".to_owned();
        let (scheme, rest) = text.split_once("://").ok_or_else(shape)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        // First of all, so that nothing is quoted of what may be a password.
        if authority.contains('@') {
            return Err("has a user name or password in it; remove them".to_owned());
        }
        if scheme.contains(['{', '}']) || authority.contains(['{', '}']) {
            return Err(format!(
                "has {PLACE} before its path; an id may not choose the host, write {PLACE} behind it"
            ));
        }
        let is_fit = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>');
        if !text.bytes().all(is_fit) || text.contains(['\\', '^', '`', '|']) {
            return Err(
                "has a character that no URL has; write it percent-encoded, such as %20".to_owned(),
            );
        }
        let authority = Authority::parse(authority).ok_or_else(shape)?;
        match scheme.to_ascii_lowercase().as_str() {
            "https" => {}
            "http" if authority.host.is_loopback() => {}
            "http" => {
                return Err("http is not encrypted and for loopback hosts only; use https".into());
            }
            _ => return Err("of another kind; use https".to_owned()),
        }
        check_places(path)?;
        Ok(Self(text.to_owned()))
    }

    /// The link of an id. Every byte of it but letters, digits, `-`, `_` and `~` is percent-encoded,
    /// so it stays inside its place. `None` for `.` and `..`, which browsers take for a step in a
    /// path however they are written.
    pub fn of(&self, id: &str) -> Option<String> {
        if matches!(id, "" | "." | "..") {
            return None;
        }
        let mut encoded = String::with_capacity(id.len());
        for byte in id.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~' | b'.') {
                encoded.push(char::from(byte));
            } else {
                // Writing to a string does not fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
        Some(self.0.replace(PLACE, &encoded))
    }
}

/// Whether what is in braces behind the host is the one thing that can be put there.
fn check_places(path: &str) -> Result<(), String> {
    let without = path.replace(PLACE, "");
    if let Some(at) = without.find('{') {
        let rest = &without[at..];
        let end = rest.find('}').map_or(rest.len(), |end| end + 1);
        return Err(format!(
            "{}: no placeholder that is known; there is {PLACE}",
            quoted(&rest[..end])
        ));
    }
    if without.contains('}') {
        return Err(format!("a }} without its {{; write {PLACE}"));
    }
    if without == path {
        return Err(format!("has no {PLACE}; write it where the id belongs"));
    }
    Ok(())
}

impl fmt::Display for LinkTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_put_into_its_place_and_cannot_leave_it() {
        let check = |template: &str, id: &str, expected: Option<&str>| {
            let template = LinkTemplate::parse(template).unwrap();
            assert_eq!(template.of(id).as_deref(), expected, "{template} {id}");
        };
        let chief = "https://apps.example.com/directory/#/engage/admin/interactions/{id}";
        check(
            chief,
            "7d3e5a9f-1c20-4a57-9c1b-0b6f3c1e8f2d",
            Some(
                "https://apps.example.com/directory/#/engage/admin/interactions/7d3e5a9f-1c20-4a57-9c1b-0b6f3c1e8f2d",
            ),
        );
        let short = "https://a.example/{id}?of={id}&x=1";
        check(
            short,
            "a.b~c_d-e",
            Some("https://a.example/a.b~c_d-e?of=a.b~c_d-e&x=1"),
        );
        check(
            short,
            "../x?y#z&/\\\"'<é {id}",
            Some(
                "https://a.example/..%2Fx%3Fy%23z%26%2F%5C%22%27%3C%C3%A9%20%7Bid%7D?of=..%2Fx%3Fy%23z%26%2F%5C%22%27%3C%C3%A9%20%7Bid%7D&x=1",
            ),
        );
        check(
            short,
            "javascript:alert(1)",
            Some("https://a.example/javascript%3Aalert%281%29?of=javascript%3Aalert%281%29&x=1"),
        );
        check(
            short,
            "\u{202e}\n",
            Some("https://a.example/%E2%80%AE%0A?of=%E2%80%AE%0A&x=1"),
        );
        check(short, "..", None);
        check(short, ".", None);
        check(short, "", None);
        check(
            "http://127.0.0.1:8080/{id}",
            "a",
            Some("http://127.0.0.1:8080/a"),
        );
        check("http://[::1]/{id}", "a", Some("http://[::1]/a"));
        check("HTTPS://a.example?{id}", "a", Some("HTTPS://a.example?a"));
    }

    #[test]
    fn what_is_no_safe_template_is_refused() {
        let check = |template: &str, expected: &str| {
            let why = LinkTemplate::parse(template).unwrap_err();
            assert!(why.contains(expected), "{template}: {why}");
            assert!(!why.contains('\n'), "{why}");
        };
        check("", "not a URL");
        check("{id}", "not a URL");
        check("apps.example.com/{id}", "not a URL");
        check("javascript:alert('{id}')", "not a URL");
        check("javascript://a.example/%0Aalert({id})", "use https");
        check("data://text/html,{id}", "use https");
        check("ftp://a.example/{id}", "use https");
        check("http://a.example/{id}", "use https");
        check("http://127.0.0.1.example/{id}", "use https");
        check("https:///{id}", "not a URL");
        check("https:/a.example/{id}", "not a URL");
        check("https://a.example", "has no {id}");
        check("https://a.example/x", "has no {id}");
        check("https://a.example/{ID}", "there is {id}");
        check("https://a.example/{id}/{queue}", "\"{queue}\"");
        check("https://a.example/{id", "there is {id}");
        check("https://a.example/id}", "without its {");
        check("https://a.example/{id}}", "without its {");
        check("https://{id}.example/", "behind it");
        check("https://{id}/", "behind it");
        check("https://a.example:{id}/", "behind it");
        check("{id}://a.example/", "behind it");
        check(
            "https://user:secret@a.example/{id}",
            "user name or password",
        );
        check("https://user@{id}/", "user name or password");
        check("https://a.example/ {id}", "percent-encoded");
        check("https://a.example/\n{id}", "percent-encoded");
        check("https://a.example/é{id}", "percent-encoded");
        check("https://a.example\\{id}", "behind it");
        check("https://a.example/\"{id}", "percent-encoded");
        check("https://a.example:99999/{id}", "not a URL");
        check(
            &format!("https://a.example/{{id}}{}", "x".repeat(2_048)),
            "shorten it",
        );
        let secret = LinkTemplate::parse("https://user:hunter2@a.example/{id}").unwrap_err();
        assert!(!secret.contains("hunter2"));
    }
}
