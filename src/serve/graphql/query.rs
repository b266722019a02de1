//! A GraphQL request in its two wire forms: a JSON body, and the parameters of a URL.

use std::borrow::Cow;

use async_graphql::Variables;
use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;

use super::persisted::DocumentHash;
use super::shape;
use super::shape::Fault;
use super::shape::Wanted;
use crate::config::limits;

/// The bytes of a request, and how to read them.
#[derive(Clone, Copy, Debug)]
pub(in crate::serve) enum Wire<'a> {
    /// The JSON body of a POST.
    Body(&'a [u8]),
    /// The part of a URL after `?`.
    Parameters(&'a str),
}

/// The members of a request.
const MEMBERS: [(&str, Wanted); 4] = [
    ("query", Wanted::Text),
    ("operationName", Wanted::Text),
    ("variables", Wanted::Object),
    ("extensions", Wanted::Object),
];

/// One request, as it came.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::serve) struct QueryRequest {
    /// The document.
    #[serde(default)]
    pub(in crate::serve) query: Option<String>,
    /// Which operation of it to run.
    #[serde(default)]
    pub(super) operation_name: Option<String>,
    #[serde(default)]
    variables: Option<Map<String, Value>>,
    /// Of these the server knows `persistedQuery`.
    #[serde(default)]
    extensions: Option<Map<String, Value>>,
}

/// Why bytes are no request. The client's fault: answered 400, the text says what to change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::serve) enum Malformed {
    /// The body is a list.
    #[error("request body: a list; send one request at a time")]
    Batch,
    /// The body is not a JSON object.
    #[error("request body: not a JSON object; send {{\"query\": \"…\"}}")]
    NotObject,
    /// The body is JSON of another shape, or none.
    #[error("request body: line {line}, column {column}: no GraphQL request")]
    Body {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// A member of the body is not what it should be.
    #[error("request: {0}")]
    Member(Fault),
    /// A parameter stands in the URL twice.
    #[error("request parameters: {0}: given twice; send it once")]
    Twice(&'static str),
    /// A parameter is not percent-encoded UTF-8.
    #[error("request parameters: {0}: not percent-encoded UTF-8")]
    Encoding(&'static str),
    /// A parameter is no JSON object.
    #[error("request parameters: {0}: not a JSON object; send one, or leave it out")]
    Parameter(&'static str),
    /// There is no document.
    #[error("request: no query; send one as \"query\"")]
    NoQuery,
    /// A persisted query of another version of the protocol.
    #[error("extensions: persistedQuery: version {0}: not known; use version 1")]
    PersistedVersion(String),
    /// A persisted query without a hash.
    #[error("extensions: persistedQuery: sha256Hash: not 64 hexadecimal digits")]
    PersistedHash,
    /// The hash of a persisted query is not that of the document sent with it.
    #[error("extensions: persistedQuery: provided sha does not match query")]
    PersistedMismatch,
    /// The variables are nested too deep.
    #[error("variables: nested deeper than {} levels", limits::VARIABLES_DEPTH_MAX)]
    Variables,
}

impl Malformed {
    /// Whether the bytes have not even the shape of a request.
    pub(super) const fn is_of_shape(&self) -> bool {
        match self {
            Self::Batch | Self::NotObject | Self::Body { .. } | Self::Member(_) => true,
            Self::NoQuery => true,
            Self::Twice(_) | Self::Encoding(_) | Self::Parameter(_) => true,
            Self::PersistedVersion(_) | Self::PersistedHash | Self::PersistedMismatch => false,
            Self::Variables => false,
        }
    }
}

impl QueryRequest {
    /// Reads a request.
    ///
    /// # Errors
    /// When the bytes are none.
    pub(in crate::serve) fn read(wire: Wire<'_>) -> Result<Self, Malformed> {
        match wire {
            Wire::Body(body) => Self::from_body(body),
            Wire::Parameters(parameters) => Self::from_parameters(parameters),
        }
    }

    /// Reads a JSON body.
    ///
    /// # Errors
    /// When it is not one JSON object with the fields of a request.
    fn from_body(body: &[u8]) -> Result<Self, Malformed> {
        // The first byte decides, because the deserializer would take a list for a request too.
        match body.trim_ascii_start().first() {
            Some(b'[') => return Err(Malformed::Batch),
            Some(b'{') => {}
            _ => return Err(Malformed::NotObject),
        }
        let request: Self = serde_json::from_slice(body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let fault = shape::fault(body, &MEMBERS);
            fault.map_or(Malformed::Body { line, column }, Malformed::Member)
        })?;
        request.bounded()
    }

    /// Reads the parameters of a URL, the part after `?`. Unknown ones are passed over.
    ///
    /// # Errors
    /// When a known one is given twice, badly encoded, or no JSON object where one is due.
    fn from_parameters(parameters: &str) -> Result<Self, Malformed> {
        let mut request = Self::default();
        for (key, value) in pairs(parameters) {
            match key {
                "query" => set_once(&mut request.query, "query", text("query", value)?)?,
                "operationName" => {
                    let name = text("operationName", value)?;
                    set_once(&mut request.operation_name, "operationName", name)?;
                }
                "variables" => {
                    set_once(
                        &mut request.variables,
                        "variables",
                        object("variables", value)?,
                    )?;
                }
                "extensions" => {
                    let extensions = object("extensions", value)?;
                    set_once(&mut request.extensions, "extensions", extensions)?;
                }
                _ => {}
            }
        }
        request.operation_name = request.operation_name.filter(|name| !name.is_empty());
        request.bounded()
    }

    /// The document's text.
    ///
    /// # Errors
    /// When there is none.
    pub(in crate::serve) fn document(&self) -> Result<&str, Malformed> {
        self.query.as_deref().ok_or(Malformed::NoQuery)
    }

    /// The hash by which the document is asked for or to be kept, if any.
    ///
    /// # Errors
    /// When there is one that cannot be used, or that is another document's.
    pub(super) fn persisted(&self) -> Result<Option<DocumentHash>, Malformed> {
        let extensions = self.extensions.as_ref();
        let Some(persisted) = extensions.and_then(|extensions| extensions.get("persistedQuery"))
        else {
            return Ok(None);
        };
        let version = &persisted["version"];
        if *version != 1 {
            let shown = version
                .as_i64()
                .map_or_else(|| String::from("none"), |n| n.to_string());
            return Err(Malformed::PersistedVersion(shown));
        }
        let hash = persisted["sha256Hash"].as_str();
        let hash = hash
            .and_then(DocumentHash::parse)
            .ok_or(Malformed::PersistedHash)?;
        match &self.query {
            Some(query) if DocumentHash::of(query) != hash => Err(Malformed::PersistedMismatch),
            _ => Ok(Some(hash)),
        }
    }

    /// The variables in JSON, names in order: the same for the same variables.
    pub(super) fn variables_text(&self) -> String {
        let variables = self
            .variables
            .as_ref()
            .filter(|variables| !variables.is_empty());
        variables.map_or_else(String::new, |variables| {
            serde_json::to_string(variables).unwrap_or_default()
        })
    }

    /// The variables, taken out.
    pub(super) fn take_variables(&mut self) -> Variables {
        let variables = self.variables.take().unwrap_or_default();
        Variables::from_json(Value::Object(variables))
    }

    /// Holds the variables to their depth, without recursion.
    fn bounded(self) -> Result<Self, Malformed> {
        let variables = self.variables.iter().flat_map(Map::values);
        let mut waiting: Vec<(&Value, usize)> = variables.map(|value| (value, 1)).collect();
        while let Some((value, depth)) = waiting.pop() {
            if depth > limits::VARIABLES_DEPTH_MAX {
                return Err(Malformed::Variables);
            }
            match value {
                Value::Array(items) => waiting.extend(items.iter().map(|item| (item, depth + 1))),
                Value::Object(map) => waiting.extend(map.values().map(|item| (item, depth + 1))),
                _ => {}
            }
        }
        Ok(self)
    }
}

fn set_once<T>(slot: &mut Option<T>, name: &'static str, value: T) -> Result<(), Malformed> {
    if slot.is_some() {
        return Err(Malformed::Twice(name));
    }
    *slot = Some(value);
    Ok(())
}

fn text(name: &'static str, value: &str) -> Result<String, Malformed> {
    decode(value)
        .map(Cow::into_owned)
        .ok_or(Malformed::Encoding(name))
}

fn object(name: &'static str, value: &str) -> Result<Map<String, Value>, Malformed> {
    let text = decode(value).ok_or(Malformed::Encoding(name))?;
    if text.is_empty() || text == "null" {
        return Ok(Map::new());
    }
    serde_json::from_str(&text).map_err(|_| Malformed::Parameter(name))
}

/// The parameters of a URL, not decoded; a name without `=` has an empty value.
pub(in crate::serve) fn pairs(parameters: &str) -> impl Iterator<Item = (&str, &str)> {
    parameters
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// Undoes percent-encoding, `+` for a space included; `None` when it is broken or not UTF-8.
fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            _ => byte,
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_body() {
        let body = br#" {"query":"{a}","operationName":"Q","variables":{"x":[1]},"more":1}"#;
        let mut request = QueryRequest::from_body(body).unwrap();
        assert_eq!(request.document(), Ok("{a}"));
        assert_eq!(request.operation_name.as_deref(), Some("Q"));
        let expected = Variables::from_json(serde_json::json!({"x": [1]}));
        assert_eq!(request.take_variables(), expected);
        let nulls = br#"{"query":null,"operationName":null,"variables":null,"extensions":null}"#;
        let request = QueryRequest::from_body(nulls).unwrap();
        assert_eq!(request.document(), Err(Malformed::NoQuery));
    }

    #[test]
    fn refuses_other_bodies() {
        let check = |body: &str, expected: Malformed| {
            let error = QueryRequest::from_body(body.as_bytes()).unwrap_err();
            assert_eq!(error, expected, "{body}");
        };
        let at = |column| Malformed::Body { line: 1, column };
        check("", Malformed::NotObject);
        check("null", Malformed::NotObject);
        check("query", Malformed::NotObject);
        check(r#"["{a}"]"#, Malformed::Batch);
        check(r#" [{"query":"{a}"}]"#, Malformed::Batch);
        let of_type = |name, found, wanted| {
            Malformed::Member(Fault::Type {
                name,
                found,
                wanted,
            })
        };
        let (text, object) = (Wanted::Text, Wanted::Object);
        check(r#"{"query":1}"#, of_type("query", "a number", text));
        check(r#"{"query":{}}"#, of_type("query", "an object", text));
        check(r#"{"query":["{a}"]}"#, of_type("query", "a list", text));
        check(
            r#"{"query":"{a}","operationName":5}"#,
            of_type("operationName", "a number", text),
        );
        check(
            r#"{"query":"{a}","variables":""}"#,
            of_type("variables", "a string", object),
        );
        check(
            r#"{"query":"{a}","extensions":3}"#,
            of_type("extensions", "a number", object),
        );
        check(r#"{"query":1"#, at(10));
        check(r#"{"query":"{a}"} x"#, at(17));
        check(
            r#"{"query":"{a}","query":"{b}"}"#,
            Malformed::Member(Fault::Twice("query")),
        );
        check(
            r#"{"variables":[]}"#,
            of_type("variables", "a list", object),
        );
        check(
            r#"{"extensions":"x"}"#,
            of_type("extensions", "a string", object),
        );
        let nested = |levels: usize| {
            let (open, close) = ("[".repeat(levels - 1), "]".repeat(levels - 1));
            format!(r#"{{"query":"{{a}}","variables":{{"x":{open}1{close}}}}}"#)
        };
        assert!(QueryRequest::from_body(nested(16).as_bytes()).is_ok());
        check(&nested(17), Malformed::Variables);
        assert!(QueryRequest::from_body(nested(30_000).as_bytes()).is_err());
    }

    #[test]
    fn a_persisted_query_is_named_by_its_hash() {
        let check = |body: &str, expected: Result<Option<DocumentHash>, Malformed>| {
            let request = QueryRequest::from_body(body.as_bytes()).unwrap();
            assert_eq!(request.persisted(), expected, "{body}");
        };
        let hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let with = |query: &str, version: &str, hash: &str| {
            format!(
                r#"{{"query":{query},"extensions":{{"persistedQuery":{{"version":{version},"sha256Hash":"{hash}"}}}}}}"#
            )
        };
        let empty = Ok(Some(DocumentHash::of("")));
        check(r#"{"query":"{a}"}"#, Ok(None));
        check(r#"{"extensions":{"more":1}}"#, Ok(None));
        check(&with("null", "1", hash), empty.clone());
        check(&with("\"\"", "1", hash), empty);
        check(
            &with("\"{a}\"", "1", hash),
            Err(Malformed::PersistedMismatch),
        );
        let version = |version: &str| Err(Malformed::PersistedVersion(version.to_owned()));
        check(&with("null", "2", hash), version("2"));
        check(&with("null", "\"1\"", hash), version("none"));
        check(r#"{"extensions":{"persistedQuery":1}}"#, version("none"));
        check(&with("null", "1", "e3b0"), Err(Malformed::PersistedHash));
    }

    #[test]
    fn reads_parameters() {
        let parameters = "x&query=%7B+a%C3%A9%7d&operationName=Q&variables=%7B%22x%22:1%7D";
        let mut request = QueryRequest::from_parameters(parameters).unwrap();
        assert_eq!(request.document(), Ok("{ aé}"));
        assert_eq!(request.operation_name.as_deref(), Some("Q"));
        let expected = Variables::from_json(serde_json::json!({"x": 1}));
        assert_eq!(request.take_variables(), expected);
        let request = QueryRequest::from_parameters("operationName=&variables=").unwrap();
        assert_eq!(request.operation_name, None);
        assert_eq!(request.document(), Err(Malformed::NoQuery));
    }

    #[test]
    fn refuses_other_parameters() {
        let check = |parameters: &str, expected: Malformed| {
            let error = QueryRequest::from_parameters(parameters).unwrap_err();
            assert_eq!(error, expected, "{parameters}");
        };
        check("query=a&query=b", Malformed::Twice("query"));
        check("query=%", Malformed::Encoding("query"));
        check("query=%4", Malformed::Encoding("query"));
        check("query=%zz", Malformed::Encoding("query"));
        check("query=%ff", Malformed::Encoding("query"));
        check("variables=[1]", Malformed::Parameter("variables"));
        check("extensions=1", Malformed::Parameter("extensions"));
    }
}
