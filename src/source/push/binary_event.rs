//! CloudEvents in binary mode: the attributes stand in headers, and the body is the data.

use bytes::Bytes;
use hyper::HeaderMap;
use serde_json::Map;
use serde_json::Value;
use serde_json::value::RawValue;

use super::reply;
use crate::post::Outcome;
use crate::post::Reply;

/// What the names of the headers begin with.
const PREFIX: &str = "ce-";
/// Says that a request is one, by the specification.
const VERSION: &str = "ce-specversion";

/// The attributes of one event, as the members of the same event in structured mode; without the brace
/// that closes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BinaryEvent(String);

impl BinaryEvent {
    /// The form of a request, if it has an event in binary mode.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        headers.get(VERSION)?;
        let mut attributes = Map::new();
        for (name, value) in headers {
            let Some(name) = name.as_str().strip_prefix(PREFIX) else {
                continue;
            };
            // An attribute called like this is none, and would be taken for the body.
            if !name.is_empty() && name != "data" && name != "data_base64" {
                let text = decoded(value.as_bytes());
                attributes.insert(name.to_owned(), Value::String(text));
            }
        }
        let mut members = Value::Object(attributes).to_string();
        members.pop();
        Some(Self(members))
    }

    /// The event in structured mode.
    ///
    /// # Errors
    /// The body is not one JSON document.
    pub(super) fn structured(&self, data: &[u8]) -> Result<Bytes, Reply> {
        let mut event = Vec::with_capacity(self.0.len() + data.len() + 10);
        event.extend_from_slice(self.0.as_bytes());
        if !data.trim_ascii().is_empty() {
            // Anything else could close the event and begin another one.
            if serde_json::from_slice::<&RawValue>(data).is_err() {
                let why = "the data of the event is not one JSON document";
                return Err(reply::refused(Outcome::Malformed, why));
            }
            event.extend_from_slice(b",\"data\":");
            event.extend_from_slice(data);
        }
        event.push(b'}');
        Ok(event.into())
    }
}

/// The text of a header's value, in which any byte may be written as % and two hexadecimal digits.
fn decoded(value: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((&byte, after)) = rest.split_first() {
        let digit = |at: usize| (*after.get(at)? as char).to_digit(16);
        let escaped = (byte == b'%')
            .then(|| Some(digit(0)? * 16 + digit(1)?))
            .flatten();
        match escaped.and_then(|byte| u8::try_from(byte).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderName;

    fn event(headers: &[(&'static str, &str)], body: &str) -> Option<String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        let event = BinaryEvent::of(&map)?;
        let text = event.structured(body.as_bytes()).ok()?;
        Some(String::from_utf8(text.to_vec()).unwrap())
    }

    #[test]
    fn headers_and_body_are_one_event() {
        let headers = [
            ("ce-specversion", "1.0"),
            ("ce-id", "a\"b"),
            ("ce-subject", "Euro%20%E2%82%AC%20100%"),
            ("ce-data", "{}"),
            ("content-type", "application/json"),
        ];
        let expected =
            r#"{"id":"a\"b","specversion":"1.0","subject":"Euro € 100%","data":{"a":1}}"#;
        assert_eq!(event(&headers, "{\"a\":1}").unwrap(), expected);
        let bare = r#"{"id":"a\"b","specversion":"1.0","subject":"Euro € 100%"}"#;
        assert_eq!(event(&headers, " \n").unwrap(), bare);
        assert_eq!(event(&headers[1..], "{}"), None);
        for bad in ["{", "{}}{\"id\":1", "1,\"x\":2", "text"] {
            assert_eq!(event(&headers, bad), None, "{bad}");
        }
    }
}
