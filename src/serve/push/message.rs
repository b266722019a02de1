//! The messages of the `graphql-transport-ws` protocol.
//!
//! Source: the specification of that protocol in the `graphql-ws` project, `PROTOCOL.md`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::close::Close;
use crate::config::limits;
use crate::serve::graphql::shape;
use crate::serve::graphql::shape::Wanted;

/// `connection_ack`.
pub(super) const ACK: &[u8] = br#"{"type":"connection_ack"}"#;

/// The members of a message.
const MEMBERS: [(&str, Wanted); 3] = [
    ("type", Wanted::Text),
    ("id", Wanted::Text),
    ("payload", Wanted::Any),
];

/// What a client sends.
#[derive(Debug)]
pub(super) enum Message<'a> {
    /// The first message, with what the client says about itself.
    Init(Option<&'a RawValue>),
    /// A sign of life that wants one.
    Ping(Option<&'a RawValue>),
    /// A sign of life.
    Pong,
    /// An operation, and the id under which it is answered.
    Subscribe {
        id: Cow<'a, str>,
        payload: &'a RawValue,
    },
    /// The client wants no more of an operation.
    Complete { id: Cow<'a, str> },
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
}

impl<'a> Message<'a> {
    /// Reads a message.
    ///
    /// # Errors
    /// How to close when it is none.
    pub(super) fn read(text: &'a str) -> Result<Self, Close> {
        // The first byte decides, because the deserializer would take a list for a message too.
        if !text.trim_ascii_start().starts_with('{') {
            return Err(Close::bad_message("message: not a JSON object"));
        }
        let raw: Raw<'a> = serde_json::from_str(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let reason = match shape::fault(text.as_bytes(), &MEMBERS) {
                Some(fault) => format!("message: {fault}"),
                None => format!("message: line {line}, column {column}: not a message"),
            };
            Close::bad_message(reason)
        })?;
        let object = |payload: Option<&'a RawValue>| match payload {
            Some(payload) if !payload.get().starts_with('{') => {
                Err(Close::bad_message("message: payload: not a JSON object"))
            }
            payload => Ok(payload),
        };
        let id = |id: Option<Cow<'a, str>>| match id {
            Some(id) if id.is_empty() => Err(Close::bad_message("message: id: empty")),
            Some(id) if id.len() > limits::OPERATION_ID_BYTES_MAX => {
                Err(Close::bad_message("message: id: over 256 bytes"))
            }
            Some(id) => Ok(id),
            None => Err(Close::bad_message("message: id: missing")),
        };
        let kind = raw.kind;
        let kind = kind.ok_or_else(|| Close::bad_message("message: type: missing"))?;
        match &*kind {
            "connection_init" => Ok(Self::Init(object(raw.payload)?)),
            "ping" => Ok(Self::Ping(object(raw.payload)?)),
            "pong" => {
                object(raw.payload)?;
                Ok(Self::Pong)
            }
            "subscribe" => Ok(Self::Subscribe {
                id: id(raw.id)?,
                payload: object(raw.payload)?
                    .ok_or_else(|| Close::bad_message("message: payload: missing"))?,
            }),
            "complete" => Ok(Self::Complete { id: id(raw.id)? }),
            _ => Err(Close::bad_message("message: type: not one of a client's")),
        }
    }
}

const _: () = assert!(
    limits::OPERATION_ID_BYTES_MAX == 256,
    "the message that names it"
);

/// The answer to a `ping`, with its payload.
pub(super) fn pong(payload: Option<&RawValue>) -> Vec<u8> {
    match payload {
        Some(payload) => format!(r#"{{"type":"pong","payload":{}}}"#, payload.get()).into(),
        None => br#"{"type":"pong"}"#.to_vec(),
    }
}

/// The messages about one operation. Made once, so that its id is escaped once.
#[derive(Clone, Debug)]
pub(super) struct Envelope {
    /// `{"id":"…","type":"`.
    head: Box<str>,
}

impl Envelope {
    /// The messages about the operation `id`.
    pub(super) fn new(id: &str) -> Self {
        let id = serde_json::Value::from(id);
        Self {
            head: format!(r#"{{"id":{id},"type":""#).into(),
        }
    }

    /// One answer.
    pub(super) fn next(&self, body: &[u8]) -> Vec<u8> {
        self.around(br#"next","payload":"#, body)
    }

    /// The operation was refused, and with that has ended.
    pub(super) fn error(&self, errors: &[u8]) -> Vec<u8> {
        self.around(br#"error","payload":"#, errors)
    }

    /// The operation has ended.
    pub(super) fn complete(&self) -> Vec<u8> {
        [self.head.as_bytes(), br#"complete"}"#].concat()
    }

    fn around(&self, kind: &[u8], payload: &[u8]) -> Vec<u8> {
        [self.head.as_bytes(), kind, payload, b"}"].concat()
    }
}

#[cfg(test)]
mod tests;
