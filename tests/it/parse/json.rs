//! JSON for the model: serde_json made comparable with our rules.
//!
//! serde_json is another parser with other limits. So number tokens are judged and rewritten before
//! it sees them (it reads 21 digits as a float and `-0` as -0.0, and its floats may be off at the
//! edge of infinity), nesting is counted by a visitor of our own, which stops long before
//! serde_json's limit of 128, and objects keep every duplicate key.

use std::fmt;

use serde::Deserializer;
use serde::de::DeserializeSeed;
use serde::de::Error;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;

use streamgauge::event::Reject;

/// JSON with every duplicate key.
#[derive(Debug)]
pub(super) enum Json {
    Null,
    Integer(u64),
    Text(String),
    Object(Vec<(String, Self)>),
    /// A boolean, a float, a negative integer or an array.
    Other,
}

impl Json {
    pub(super) fn fields(&self) -> &[(String, Self)] {
        match self {
            Self::Object(fields) => fields,
            _ => &[],
        }
    }
}

/// Reads one document, or tells its first fault: rules 3 and 4.
pub(super) fn read(text: &str) -> Result<Json, Reject> {
    let text = with_plain_numbers(text)?;
    let mut reader = serde_json::Deserializer::from_str(&text);
    let json = Level(0).deserialize(&mut reader);
    json.and_then(|json| reader.end().map(|()| json))
        .map_err(|error| match error.to_string() {
            text if text.starts_with("number out of range") => Reject::NumberRange,
            text if text.starts_with("too deep") => Reject::Depth,
            _ => Reject::NotJson,
        })
}

/// Reads one value that stands inside this many others.
#[derive(Clone, Copy)]
struct Level(usize);

impl Level {
    fn inside<E: Error>(self) -> Result<Self, E> {
        if self.0 == 64 {
            return Err(E::custom("too deep"));
        }
        Ok(Self(self.0 + 1))
    }
}

impl<'de> DeserializeSeed<'de> for Level {
    type Value = Json;
    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Json, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Other)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Other)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Other)
    }
    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Integer(number))
    }
    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let level = self.inside()?;
        while items.next_element_seed(level)?.is_some() {}
        Ok(Json::Other)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Json, A::Error> {
        let level = self.inside()?;
        let mut object = Vec::new();
        while let Some(key) = fields.next_key()? {
            object.push((key, fields.next_value_seed(level)?));
        }
        Ok(Json::Object(object))
    }
}

/// Rule 3, and rule 4's numbers: what stands outside strings becomes `0` for a zero with a sign,
/// `0.5` for a float that fits, `1e999` for a number that does not, `?` for what is no number.
fn with_plain_numbers(text: &str) -> Result<String, Reject> {
    let mut plain = String::new();
    let mut rest = text;
    let mut in_string = false;
    while let Some(next) = rest.chars().next() {
        let mut length = next.len_utf8();
        if next == '\\' {
            length += rest[1..].chars().next().map_or(0, char::len_utf8);
        }
        if next == '"' {
            in_string = !in_string;
        } else if in_string && rest[..length].chars().any(|char| char < ' ') {
            return Err(Reject::NotJson);
        } else if !in_string && (next == '-' || next.is_ascii_digit()) {
            length = rest
                .find(|char: char| !"0123456789+-.eE".contains(char))
                .unwrap_or(rest.len());
            let ends = rest[length..].chars().next();
            let ends_well = ends.is_none_or(|char| ",:]}[{ \t\r\n".contains(char));
            plain.push_str(if ends_well {
                plain_number(&rest[..length])
            } else {
                "?"
            });
            rest = &rest[length..];
            continue;
        }
        plain.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    if in_string {
        return Err(Reject::NotJson);
    }
    Ok(plain)
}

fn plain_number(token: &str) -> &str {
    let digits = token.trim_start_matches('-').as_bytes();
    let starts_well = match digits {
        [b'0', second, ..] => !second.is_ascii_digit(),
        [first, ..] => first.is_ascii_digit(),
        [] => false,
    };
    let point_is_followed = token
        .split('.')
        .skip(1)
        .all(|after| after.starts_with(|char: char| char.is_ascii_digit()));
    let float = token.parse::<f64>().ok();
    let Some(float) = float.filter(|_| starts_well && point_is_followed) else {
        return "?";
    };
    if token.contains(['.', 'e', 'E']) {
        return if float.is_finite() { "0.5" } else { "1e999" };
    }
    match (token, token.parse::<u64>(), token.parse::<i64>()) {
        ("-0", ..) => "0",
        (_, Err(_), Err(_)) => "1e999",
        _ => token,
    }
}
