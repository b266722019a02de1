//! The records of a request of Amazon Data Firehose: each holds elements in base64, one or several.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;
use serde::Deserialize;

/// What all records of a request hold, as one text of elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Records {
    text: Vec<u8>,
    /// Where in the text each record begins.
    starts: Vec<usize>,
}

/// Why a body has no records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordsFault {
    /// It is no such request: where in it that was noticed.
    Shape {
        /// From 1.
        line: usize,
        /// From 1; 0 before the first.
        column: usize,
    },
    /// The data of a record is not base64.
    Base64 {
        /// Which one, from 0.
        record: usize,
    },
    /// The records hold more than so many bytes together.
    TooLong(usize),
}

#[derive(Deserialize)]
struct Delivery {
    #[serde(rename = "requestId")]
    request_id: Option<String>,
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    data: String,
}

impl Records {
    /// What a request holds.
    ///
    /// # Errors
    /// Where the body is no such request, or its records hold more than `bytes_max`.
    pub fn unpack(body: &[u8], bytes_max: usize) -> Result<Self, RecordsFault> {
        Self::of(&delivery(body)?, bytes_max)
    }

    /// The same for a text that nothing but itself says what it is: `None` where it is no such request.
    pub fn found_in(text: &[u8], bytes_max: usize) -> Option<Result<Self, RecordsFault>> {
        // Cheap for whatever else is refused.
        let has = |key: &str| memmem::find(text, key.as_bytes()).is_some();
        if !has("\"records\"") || !has("\"requestId\"") {
            return None;
        }
        let delivery = delivery(text).ok()?;
        delivery.request_id.as_ref()?;
        Some(Self::of(&delivery, bytes_max))
    }

    fn of(delivery: &Delivery, bytes_max: usize) -> Result<Self, RecordsFault> {
        let (mut text, mut starts) = (Vec::new(), Vec::new());
        for (record, Record { data }) in delivery.records.iter().enumerate() {
            starts.push(text.len());
            if STANDARD.decode_vec(data, &mut text).is_err() {
                return Err(RecordsFault::Base64 { record });
            }
            if text.len() > bytes_max {
                return Err(RecordsFault::TooLong(bytes_max));
            }
            text.push(b'\n');
        }
        if text.trim_ascii().is_empty() {
            // A transformation on the way may have emptied them: nothing to take, and nothing wrong.
            text = b"[]".to_vec();
        }
        Ok(Self { text, starts })
    }

    /// The record that holds a place of the text, from 0.
    pub fn record_at(&self, place: usize) -> usize {
        let begun = self.starts.partition_point(|start| *start <= place);
        begun.saturating_sub(1)
    }

    /// The elements, as one text.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The same, which need not be kept.
    pub fn into_text(self) -> Vec<u8> {
        self.text
    }
}

fn delivery(body: &[u8]) -> Result<Delivery, RecordsFault> {
    serde_json::from_slice(body).map_err(|error| RecordsFault::Shape {
        // The parser's words may quote the body, and its place is all that is needed.
        line: error.line(),
        column: error.column(),
    })
}

/// In words.
impl fmt::Display for RecordsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape { line, column } => write!(
                f,
                "no request of Firehose: line {line}, column {column}: write {{\"requestId\", \"timestamp\", \"records\": [{{\"data\": base64}}]}}"
            ),
            Self::Base64 { record } => write!(
                f,
                "record {record}: its data is not base64; nothing of the request was taken"
            ),
            Self::TooLong(bytes_max) => {
                write!(f, "the records have over {bytes_max} bytes together")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(records: &[&str]) -> String {
        let records: Vec<_> = records
            .iter()
            .map(|text| json!({ "data": STANDARD.encode(text) }))
            .collect();
        json!({ "requestId": "r", "timestamp": 1, "records": records }).to_string()
    }

    fn unpacked(body: &str) -> Result<Records, RecordsFault> {
        Records::unpack(body.as_bytes(), 100)
    }

    #[test]
    fn records_hold_elements() {
        let several = unpacked(&request(&["{\"a\":1}\n", "{}{}"])).unwrap();
        assert_eq!(several.text(), b"{\"a\":1}\n\n{}{}\n");
        let records = [0, 7, 9, 11, 13].map(|place| several.record_at(place));
        assert_eq!(records, [0, 0, 1, 1, 1]);
        for empty in [&[][..], &[""], &["\n", " "]] {
            assert_eq!(unpacked(&request(empty)).unwrap().text(), b"[]");
        }
        for bad in ["", "{}", "[]", "{\"records\":[{\"data\":1}]}"] {
            let fault = unpacked(bad).unwrap_err();
            assert!(matches!(fault, RecordsFault::Shape { .. }), "{bad}");
        }
        let bad = "{\"records\":[{\"data\":\"e30=\"},{\"data\":\"!\"}]}";
        assert_eq!(unpacked(bad), Err(RecordsFault::Base64 { record: 1 }));
        let long = request(&[&"x".repeat(60), &"x".repeat(60)]);
        assert_eq!(unpacked(&long), Err(RecordsFault::TooLong(100)));
    }

    #[test]
    fn a_request_is_known_by_itself() {
        let found = |text: &str| Records::found_in(text.as_bytes(), 100);
        let whole = found(&request(&["{}"])).unwrap().unwrap();
        assert_eq!(whole.into_text(), b"{}\n");
        for other in [
            "{}",
            "{\"records\":[]}",
            "{\"requestId\":\"r\",\"records\":1}",
            "{\"requestId\":\"r\",\"records\":[{}]}",
            "{\"requestId\":null,\"records\":[]}",
            "{\"a\":\"requestId\",\"b\":\"records\"}",
        ] {
            assert_eq!(found(other), None, "{other}");
        }
        let bad = "{\"requestId\":\"r\",\"records\":[{\"data\":\"!\"}]}";
        assert_eq!(found(bad), Some(Err(RecordsFault::Base64 { record: 0 })));
    }
}
