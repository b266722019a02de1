//! The body of one request.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::conveyor::Element;
use crate::config::Dialect;
use crate::time::EpochMs;

/// How the elements of a request are put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyForm {
    /// A JSON array; one element alone is sent as it is.
    #[default]
    Array,
    /// One a line.
    Lines,
    /// Records of Amazon Data Firehose, one element each.
    Firehose,
}

impl BodyForm {
    /// Its names on the command line.
    pub const NAMES: [(&str, Self); 3] = [
        ("array", Self::Array),
        ("lines", Self::Lines),
        ("firehose", Self::Firehose),
    ];
}

impl FromStr for BodyForm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::NAMES.iter().find(|(name, _)| *name == text);
        let found = found.map(|(_, form)| *form);
        found.ok_or_else(|| "no such form; use array, lines or firehose".to_owned())
    }
}

/// A body with what its head says of it.
#[derive(Clone, Debug)]
pub(super) struct Body {
    pub(super) bytes: Bytes,
    pub(super) content_type: &'static str,
    /// Of Firehose: the request's id.
    pub(super) request_id: Option<String>,
}

impl Body {
    /// The body of some elements, the n-th request.
    pub(super) fn new(
        form: BodyForm,
        dialect: &Dialect,
        elements: &[Element],
        number: u64,
        now: EpochMs,
    ) -> Self {
        let is_cloud_event = matches!(dialect, Dialect::Cloudevents | Dialect::TwilioEventStreams);
        let plain = |bytes: Vec<u8>, content_type| Self {
            bytes: bytes.into(),
            content_type,
            request_id: None,
        };
        let payloads = elements.iter().map(|element| &element.payload[..]);
        match (form, elements) {
            (BodyForm::Array, [only]) if *dialect == Dialect::Cloudevents => {
                plain(only.payload.clone(), "application/cloudevents+json")
            }
            (BodyForm::Array, [only]) if !is_cloud_event => {
                plain(only.payload.clone(), "application/json")
            }
            (BodyForm::Array, _) => {
                let content_type = match dialect {
                    Dialect::Cloudevents => "application/cloudevents-batch+json",
                    _ => "application/json",
                };
                plain(joined(b"[", payloads, b",", b"]"), content_type)
            }
            (BodyForm::Lines, _) => {
                plain(joined(b"", payloads, b"\n", b"\n"), "application/x-ndjson")
            }
            (BodyForm::Firehose, _) => {
                let request_id = format!("simulate-{number}");
                let head = format!(
                    "{{\"requestId\":\"{request_id}\",\"timestamp\":{},\"records\":[",
                    now.ms()
                );
                let records = payloads.map(|payload| {
                    let data = STANDARD.encode(payload);
                    format!("{{\"data\":\"{data}\"}}").into_bytes()
                });
                Self {
                    bytes: joined(head.as_bytes(), records, b",", b"]}").into(),
                    content_type: "application/json",
                    request_id: Some(request_id),
                }
            }
        }
    }
}

fn joined(
    head: &[u8],
    parts: impl Iterator<Item = impl AsRef<[u8]>>,
    between: &[u8],
    tail: &[u8],
) -> Vec<u8> {
    let mut bytes = head.to_vec();
    for (index, part) in parts.enumerate() {
        if index > 0 {
            bytes.extend_from_slice(between);
        }
        bytes.extend_from_slice(part.as_ref());
    }
    bytes.extend_from_slice(tail);
    bytes
}
