//! What the token endpoint's answer says. The body is read here and never logged.

use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde_json::Value;

use super::lifetime::Lifetime;
use crate::net::printable;

/// Longest token: it has to fit into a request's header.
const TOKEN_BYTES_MAX: usize = 16 * 1_024;

/// A token as it was granted.
#[derive(Debug)]
pub(super) struct Grant {
    /// The token: visible ASCII without spaces.
    pub(super) secret: SecretString,
    /// How long it lives, from the moment the request was sent.
    pub(super) lifetime: Lifetime,
}

/// Reads the body of an answer with status 200.
///
/// # Errors
/// What is wrong with it, in words of ours.
pub(super) fn read_grant(content_type: Option<&str>, body: &[u8]) -> Result<Grant, String> {
    if body.is_empty() {
        return Err("empty".to_owned());
    }
    // JSON under another name is taken; a page for people is named as one, which is what a wrong
    // url, a proxy or a login wall answers.
    if let Some(kind) = content_type.filter(|kind| is_html(kind)) {
        return Err(format!("content-type {}", printable(kind)));
    }
    let answer: Value = serde_json::from_slice(body).map_err(|_| "not json".to_owned())?;
    let Value::Object(answer) = answer else {
        return Err("not a json object".to_owned());
    };
    let token = match answer.get("access_token") {
        None => return Err("no access_token".to_owned()),
        Some(Value::String(token)) => token,
        Some(_) => return Err("access_token is not a string".to_owned()),
    };
    match answer.get("token_type") {
        None => return Err("no token_type".to_owned()),
        Some(Value::String(kind)) if kind.eq_ignore_ascii_case("bearer") => {}
        Some(_) => return Err("token_type is not bearer".to_owned()),
    }
    // Such a token could end the header it is sent in.
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("access_token is empty or holds characters that no token has".to_owned());
    }
    if token.len() > TOKEN_BYTES_MAX {
        return Err("access_token is too long".to_owned());
    }
    let lifetime = Lifetime::from_json(answer.get("expires_in"))
        .ok_or_else(|| "expires_in is not a whole number of seconds above 0".to_owned())?;
    Ok(Grant {
        secret: SecretString::from(token.as_str()),
        lifetime,
    })
}

/// The OAuth error code of an answer with status 400 or 401, escaped and cut; `None` without one, or
/// when the answer repeats the secret.
pub(super) fn read_error_code(body: &[u8], secret: &SecretString) -> Option<String> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let code = answer.get("error")?.as_str()?;
    // Genesys puts the useful half into the description.
    let description = ["error_description", "description"]
        .iter()
        .find_map(|key| answer.get(*key)?.as_str());
    let repeats = |text: &str| text.contains(secret.expose_secret());
    if repeats(code) || description.is_some_and(repeats) {
        return None;
    }
    let code = printable(code);
    Some(match description {
        Some(text) => format!("{code}: {}", printable(text)),
        None => code,
    })
}

fn is_html(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("text/html") || kind.eq_ignore_ascii_case("application/xhtml+xml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_read() {
        let check = |body: &str| {
            let grant = read_grant(Some("application/json"), body.as_bytes()).unwrap();
            assert_eq!(grant.secret.expose_secret(), "abc-._~+/=");
            assert_eq!(grant.lifetime.total().as_secs(), 60);
            assert!(!format!("{grant:?}").contains("abc"));
        };
        check(r#"{"access_token":"abc-._~+/=","token_type":"bearer","expires_in":60}"#);
        check(r#"{"access_token":"abc-._~+/=","token_type":"Bearer","expires_in":"60","x":[1]}"#);
    }

    #[test]
    fn an_unusable_answer_is_named_and_not_shown() {
        let check = |content_type: &str, body: &str, expected: &str| {
            let error = read_grant(Some(content_type), body.as_bytes()).unwrap_err();
            assert_eq!(error, expected, "{body}");
        };
        let json = "application/json";
        check(json, "", "empty");
        check(
            "text/html; charset=utf-8",
            "<html>canary",
            "content-type text/html; charset=utf-8",
        );
        check(json, "<html>canary", "not json");
        check(json, r#"["canary"]"#, "not a json object");
        check(json, "{}", "no access_token");
        check(
            json,
            r#"{"access_token":7,"token_type":"bearer"}"#,
            "access_token is not a string",
        );
        check(json, r#"{"access_token":"canary"}"#, "no token_type");
        check(
            json,
            r#"{"access_token":"canary","token_type":"mac"}"#,
            "token_type is not bearer",
        );
        let characters = "access_token is empty or holds characters that no token has";
        for token in ["", "a b", r"a\r\nX: y", r"a\n", "ä", r"a\u0000"] {
            let body = format!(r#"{{"access_token":"{token}","token_type":"bearer"}}"#);
            check(json, &body, characters);
        }
        let body = r#"{"access_token":"canary","token_type":"bearer","expires_in":null}"#;
        check(
            json,
            body,
            "expires_in is not a whole number of seconds above 0",
        );
    }

    #[test]
    fn error_codes_are_escaped_and_cut() {
        let secret = SecretString::from("canary");
        let check = |body: &str, expected: Option<&str>| {
            assert_eq!(
                read_error_code(body.as_bytes(), &secret).as_deref(),
                expected,
                "{body}"
            );
        };
        check(r#"{"error":"invalid_client"}"#, Some("invalid_client"));
        check(
            r#"{"error":"invalid_client","description":"client not found"}"#,
            Some("invalid_client: client not found"),
        );
        check(r#"{"error":"a\nb"}"#, Some(r"a\nb"));
        check(r#"{"error":7}"#, None);
        check("<html>", None);
        let long = format!(r#"{{"error":"{}"}}"#, "x".repeat(500));
        assert_eq!(read_error_code(long.as_bytes(), &secret).unwrap().len(), 64);
        // One that repeats what it was sent says nothing more than its status.
        check(r#"{"error":"no client id:c\u0061nary"}"#, None);
        check(r#"{"error":"a","error_description":"id:canary"}"#, None);
    }
}
