//! A JSON pointer (RFC 6901): where in a document something stands.

use std::fmt;
use std::str::FromStr;

/// The longest pointer, in bytes.
const BYTES_MAX: usize = 256;

/// The way from the top of a document to one of its values, never empty.
#[derive(Clone, PartialEq, Eq)]
pub struct Pointer {
    text: Box<str>,
    steps: Box<[Box<str>]>,
}

impl Pointer {
    /// The keys on the way, or places where it leads through an array; escapes are read.
    pub fn steps(&self) -> &[Box<str>] {
        &self.steps
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for Pointer {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some(rest) = text.strip_prefix('/') else {
            return Err("not a JSON pointer: begins with no slash; write one such as /data/id");
        };
        if text.len() > BYTES_MAX {
            return Err("not a JSON pointer: over 256 bytes; write a shorter one");
        }
        let steps = rest.split('/').map(unescaped).collect::<Option<_>>();
        let steps = steps.ok_or(
            "not a JSON pointer: a ~ without 0 or 1 after it; write ~0 for ~ and ~1 for a slash in a key",
        )?;
        Ok(Self {
            text: text.into(),
            steps,
        })
    }
}

/// The key that a step writes.
fn unescaped(step: &str) -> Option<Box<str>> {
    let mut parts = step.split('~');
    let mut key = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        key.push(match part.as_bytes().first()? {
            b'0' => '~',
            b'1' => '/',
            _ => return None,
        });
        key.push_str(&part[1..]);
    }
    Some(key.into())
}

impl fmt::Debug for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pointer").field(&self.text).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_a_way_of_keys() {
        let check = |text: &str, steps: &[&str]| {
            let pointer: Pointer = text.parse().unwrap();
            let found: Vec<&str> = pointer.steps().iter().map(|step| &**step).collect();
            assert_eq!((&found[..], pointer.as_str()), (steps, text));
        };
        check("/a", &["a"]);
        check("/a/b/0", &["a", "b", "0"]);
        check("/", &[""]);
        check("/a//b", &["a", "", "b"]);
        check("/a~1b/~0~01", &["a/b", "~~1"]);
        check("/detail-type/ä", &["detail-type", "ä"]);
        for bad in ["", "a", "a/b", "#/a", "$.a", "/a~", "/~2", "/a~/b", " /a"] {
            assert!(bad.parse::<Pointer>().is_err(), "{bad}");
        }
        assert!(format!("/{}", "x".repeat(256)).parse::<Pointer>().is_err());
    }
}
