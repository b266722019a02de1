//! The requests of Amazon Data Firehose to an HTTP endpoint: elements packed in records, and an answer that
//! names the request.

use bytes::Bytes;
use hyper::HeaderMap;
use serde_json::json;

use super::reply;
use crate::config::limits::POST_BYTES_MAX;
use crate::parse::Records;
use crate::parse::RecordsFault;
use crate::post::Outcome;
use crate::post::Reply;
use crate::time::EpochMs;

/// Only Firehose sends it, with every request.
const REQUEST_ID: &str = "x-amz-firehose-request-id";

/// What a request says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Firehose {
    /// It has to stand in the answer.
    request_id: String,
    /// When it came.
    at: EpochMs,
}

impl Firehose {
    /// The form of a request, if it is one of Firehose.
    pub(super) fn of(headers: &HeaderMap, at: EpochMs) -> Option<Self> {
        let request_id = headers.get(REQUEST_ID)?.to_str().ok()?.to_owned();
        Some(Self { request_id, at })
    }

    /// What is in all records, in their order. A record holds one element or several.
    ///
    /// # Errors
    /// Where the body is none of Firehose, or what its records hold is too long.
    pub(super) fn elements(body: &[u8]) -> Result<Bytes, Reply> {
        match Records::unpack(body, POST_BYTES_MAX) {
            Ok(records) => Ok(records.into_text().into()),
            Err(fault) => {
                let outcome = match fault {
                    RecordsFault::TooLong(_) => Outcome::TooLarge,
                    RecordsFault::Shape { .. } | RecordsFault::Base64 { .. } => Outcome::Malformed,
                };
                Err(reply::refused(outcome, &fault.to_string()))
            }
        }
    }

    /// An answer as Firehose reads it: the request's id, a time, and what is wrong where something is.
    pub(super) fn answer(&self, reply: Reply) -> Reply {
        let Self { request_id, at } = self;
        let mut body = json!({ "requestId": request_id, "timestamp": at.ms() });
        if reply.outcome != Outcome::Taken {
            let said: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            let error = said.get("error").and_then(|error| error.as_str());
            body["errorMessage"] = error.unwrap_or("refused").into();
        }
        Reply {
            body: format!("{body}\n").into(),
            ..reply
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn elements(body: &str) -> Result<String, (Outcome, String)> {
        match Firehose::elements(body.as_bytes()) {
            Ok(text) => Ok(String::from_utf8(text.to_vec()).unwrap()),
            Err(reply) => {
                let body = String::from_utf8(reply.body.to_vec()).unwrap();
                Err((reply.outcome, body))
            }
        }
    }

    fn delivery(records: &[&str]) -> String {
        let records: Vec<_> = records
            .iter()
            .map(|text| json!({ "data": STANDARD.encode(text) }))
            .collect();
        json!({ "requestId": "r", "timestamp": 1, "records": records }).to_string()
    }

    #[test]
    fn records_hold_elements() {
        assert_eq!(elements(&delivery(&["{}"])).unwrap(), "{}\n");
        let several = delivery(&["{\"a\":1}\n", "{}{}"]);
        assert_eq!(elements(&several).unwrap(), "{\"a\":1}\n\n{}{}\n");
        for empty in [&[][..], &[""], &["\n", " "]] {
            assert_eq!(elements(&delivery(empty)).unwrap(), "[]");
        }
        for (bad, what) in [
            ("", "no request of Firehose"),
            ("{}", "no request of Firehose"),
            ("[]", "no request of Firehose"),
            ("{\"records\":[{\"data\":1}]}", "no request of Firehose"),
            (
                "{\"records\":[{\"data\":\"e30=\"},{\"data\":\"!\"}]}",
                "record 1",
            ),
        ] {
            let (outcome, why) = elements(bad).unwrap_err();
            assert_eq!(outcome, Outcome::Malformed, "{bad}");
            assert!(why.contains(what), "{bad}: {why}");
        }
        let long = "x".repeat(POST_BYTES_MAX / 2 + 1);
        let (outcome, _) = elements(&delivery(&[&long, &long])).unwrap_err();
        assert_eq!(outcome, Outcome::TooLarge);
    }

    #[test]
    fn an_answer_names_the_request_and_what_is_wrong() {
        let mut headers = HeaderMap::new();
        let at = EpochMs::from_ms(1_578_090_901_599);
        assert_eq!(Firehose::of(&headers, at), None);
        headers.insert(REQUEST_ID, "ed4acda5-034f".parse().unwrap());
        let firehose = Firehose::of(&headers, at).unwrap();
        let said = |reply: Reply| {
            let answer = firehose.answer(reply);
            (
                answer.outcome,
                serde_json::from_slice::<serde_json::Value>(&answer.body).unwrap(),
            )
        };
        let (outcome, body) = said(reply::taken(Default::default()));
        assert_eq!(outcome, Outcome::Taken);
        let expected = json!({ "requestId": "ed4acda5-034f", "timestamp": 1_578_090_901_599_i64 });
        assert_eq!(body, expected);
        let (outcome, body) = said(reply::busy());
        assert_eq!(outcome, Outcome::Busy);
        assert_eq!(body["requestId"], "ed4acda5-034f");
        assert!(
            body["errorMessage"]
                .as_str()
                .unwrap()
                .contains("Retry-After")
        );
    }
}
