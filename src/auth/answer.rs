//! What the token endpoint's answer says: a token, a refusal, or that something is out of order.
//!
//! Only an OAuth error is a refusal. Whatever else comes, from a firewall, a proxy, a login page or a
//! server in trouble, passes by. What the answer says is quoted, never a token in it.

use hyper::HeaderMap;
use hyper::StatusCode;
use secrecy::SecretString;
use serde_json::Map;
use serde_json::Value;

use super::lifetime::Lifetime;
use crate::net;
use crate::net::Redactor;

/// Longest token: it has to fit into a request's header.
const TOKEN_BYTES_MAX: usize = 16 * 1_024;
/// OAuth errors that say "not now", whatever the status.
const MOMENTARY: [&str; 2] = ["temporarily_unavailable", "server_error"];
/// What stands before a token, in an answer that is no JSON.
const TOKEN_WORDS: [&str; 3] = ["access_token", "refresh_token", "id_token"];

/// A token as it was granted.
#[derive(Debug)]
pub(super) struct Grant {
    /// The token: visible ASCII without spaces.
    pub(super) secret: SecretString,
    /// How long it lives, from the moment the request was sent.
    pub(super) lifetime: Lifetime,
}

/// What an answer without a token means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoGrant {
    /// The client is refused, for this reason.
    Refused(String),
    /// Something is out of order that passes by.
    Outage(String),
    /// So is this, unless the token URL is wrong.
    Unusable(String),
}

/// Reads an answer.
///
/// # Errors
/// What it means when it grants no token.
pub(super) fn read(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    redactor: &Redactor,
) -> Result<Grant, NoGrant> {
    // Gateways on Windows write a byte-order mark.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let object = json.as_ref().and_then(Value::as_object);
    let said = || said(body, json.as_ref(), redactor);
    let number = status.as_u16();
    match object.and_then(oauth_error) {
        Some((code, _)) if MOMENTARY.contains(&code) || status.is_success() => {
            return Err(NoGrant::Outage(format!("status {number}{}", said())));
        }
        Some((code, description)) if is_verdict(status) => {
            let text =
                description.map_or_else(|| code.to_owned(), |text| format!("{code}: {text}"));
            let text = redactor.line(text).unwrap_or_default();
            return Err(NoGrant::Refused(text));
        }
        _ => {}
    }
    if status.is_success() {
        let grant = match object {
            Some(object) => grant(object),
            None if body.is_empty() => Err("empty"),
            None if json.is_some() => Err("not a json object"),
            None if net::is_html(headers) => Err("a page for people"),
            None => Err("not json"),
        };
        return grant.map_err(|why| NoGrant::Unusable(format!("{why}{}", said())));
    }
    if status.is_redirection() {
        let why = format!("status {number}, redirects are not followed");
        return Err(NoGrant::Unusable(why));
    }
    let why = format!("status {number}{}", said());
    match status {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::GONE => {
            Err(NoGrant::Unusable(why))
        }
        _ => Err(NoGrant::Outage(why)),
    }
}

/// Whether an OAuth error under this status speaks of the client.
fn is_verdict(status: StatusCode) -> bool {
    matches!(status, StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED)
}

/// The code of an OAuth error and its description, which Genesys spells in its own way.
fn oauth_error(answer: &Map<String, Value>) -> Option<(&str, Option<&str>)> {
    let code = answer
        .get("error")?
        .as_str()
        .filter(|code| !code.is_empty())?;
    let description = ["error_description", "description"]
        .iter()
        .find_map(|key| answer.get(*key)?.as_str());
    Some((code, description))
}

fn grant(answer: &Map<String, Value>) -> Result<Grant, &'static str> {
    let token = match answer.get("access_token") {
        None => return Err("no access_token"),
        Some(Value::String(token)) => token,
        Some(_) => return Err("access_token is not a string"),
    };
    match answer.get("token_type") {
        // Some gateways leave it out, Apigee calls it otherwise; none of them means another type.
        None | Some(Value::Null) => {}
        Some(Value::String(kind))
            if kind.eq_ignore_ascii_case("bearer") || kind.eq_ignore_ascii_case("bearertoken") => {}
        Some(_) => return Err("token_type is not bearer"),
    }
    // Such a token could end the header it is sent in.
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("access_token is empty or holds characters that no token has");
    }
    if token.len() > TOKEN_BYTES_MAX {
        return Err("access_token is too long");
    }
    let lifetime = Lifetime::from_json(answer.get("expires_in"))
        .ok_or("expires_in is not a whole number of seconds above 0")?;
    Ok(Grant {
        secret: SecretString::from(token.as_str()),
        lifetime,
    })
}

/// What the answer says, as `: "..."`; nothing when it says nothing, or may hold a token that cannot
/// be distinguished from the rest.
fn said(body: &[u8], json: Option<&Value>, redactor: &Redactor) -> String {
    let redactor = match json {
        Some(json) => with_tokens(json, redactor.clone()),
        None => {
            let text = String::from_utf8_lossy(body).to_ascii_lowercase();
            if TOKEN_WORDS.iter().any(|word| text.contains(word)) {
                return String::new();
            }
            redactor.clone()
        }
    };
    let quoted = redactor.quote_body(body);
    quoted
        .map(|quoted| format!(": {quoted}"))
        .unwrap_or_default()
}

/// Knows what stands under names such as `access_token` too, at any depth.
fn with_tokens(json: &Value, redactor: Redactor) -> Redactor {
    match json {
        Value::Array(items) => items
            .iter()
            .fold(redactor, |redactor, item| with_tokens(item, redactor)),
        Value::Object(fields) => {
            fields
                .iter()
                .fold(redactor, |redactor, (name, value)| match value {
                    Value::String(text) if is_token_name(name) => redactor.with(text),
                    value => with_tokens(value, redactor),
                })
        }
        _ => redactor,
    }
}

fn is_token_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    (name.contains("token") && name != "token_type") || name.contains("secret")
}

#[cfg(test)]
mod tests;
