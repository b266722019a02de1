//! Which member of a JSON object is not what it should be, in words. Looked for only once the object
//! could not be read, so that the usual one is read once and without copies.

use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::MapAccess;
use serde::de::Visitor;
use serde_json::Value;

/// What a member has to be; each may be null or absent too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::serve) enum Wanted {
    /// A string.
    Text,
    /// An object.
    Object,
    /// Anything.
    Any,
}

/// A member that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::serve) enum Fault {
    /// It is of another type.
    Type {
        /// Its name.
        name: &'static str,
        /// What it is, in words.
        found: &'static str,
        /// What it has to be.
        wanted: Wanted,
    },
    /// It stands there more than once.
    Twice(&'static str),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type {
                name,
                found,
                wanted,
            } => {
                let wanted = match wanted {
                    Wanted::Text => "a string",
                    Wanted::Object => "an object",
                    Wanted::Any => "something else",
                };
                write!(f, "{name}: {found}; send {wanted}, or leave it out")
            }
            Self::Twice(name) => write!(f, "{name}: given twice; send it once"),
        }
    }
}

/// The first of `members` that is at fault in a JSON object; `None` when the text is no JSON object.
pub(in crate::serve) fn fault(json: &[u8], members: &[(&'static str, Wanted)]) -> Option<Fault> {
    let object: Object = serde_json::from_slice(json).ok()?;
    members.iter().find_map(|&(name, wanted)| {
        let mut values = object.0.iter().filter(|(other, _)| other == name);
        let (_, value) = values.next()?;
        let found = words(value);
        let fits = match wanted {
            Wanted::Text => value.is_string() || value.is_null(),
            Wanted::Object => value.is_object() || value.is_null(),
            Wanted::Any => true,
        };
        match (fits, values.next()) {
            (false, _) => Some(Fault::Type {
                name,
                found,
                wanted,
            }),
            (true, Some(_)) => Some(Fault::Twice(name)),
            (true, None) => None,
        }
    })
}

const fn words(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// An object's members in their order, repeated ones included.
struct Object(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Object(members))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_member_at_fault_is_named() {
        const MEMBERS: [(&str, Wanted); 3] = [
            ("text", Wanted::Text),
            ("map", Wanted::Object),
            ("any", Wanted::Any),
        ];
        let check = |json: &str, expected: Option<&str>| {
            let fault = fault(json.as_bytes(), &MEMBERS).map(|fault| fault.to_string());
            assert_eq!(fault.as_deref(), expected, "{json}");
        };
        check(r#"{"text":"a","map":{},"any":[1],"more":3}"#, None);
        check(r#"{"text":null,"map":null,"any":null}"#, None);
        check(
            r#"{"map":[],"text":5}"#,
            Some("text: a number; send a string, or leave it out"),
        );
        check(
            r#"{"map":""}"#,
            Some("map: a string; send an object, or leave it out"),
        );
        check(
            r#"{"map":[]}"#,
            Some("map: a list; send an object, or leave it out"),
        );
        check(
            r#"{"text":{}}"#,
            Some("text: an object; send a string, or leave it out"),
        );
        check(
            r#"{"text":true}"#,
            Some("text: true or false; send a string, or leave it out"),
        );
        check(
            r#"{"any":1,"any":2}"#,
            Some("any: given twice; send it once"),
        );
        check(r#"{"map":[]"#, None);
        check(r#"["map"]"#, None);
    }
}
