//! How the records of a text lie in it, by its first record.

use super::peek::READ_BYTES;
use crate::config::limits;
use crate::parse::RECORD_SEPARATOR;
use crate::parse::Walk;
use crate::parse::WalkEnd;

/// A first record longer than this is looked at no further: it is too long to be accepted.
const LOOK_BYTES_MAX: usize = limits::MESSAGE_BYTES_MAX + READ_BYTES;

/// How the records of a text lie in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// One a line, or nothing that begins like a record: read as it is.
    #[default]
    Lines,
    /// In a JSON array, or in arrays inside one.
    Array,
    /// Each over several lines.
    Pretty,
    /// Each begun by a record separator (RFC 7464).
    Sequence,
    /// Several on a line, or with commas or carriage returns between them.
    Concatenated,
}

impl Shape {
    /// The shape in words; `None` for lines, of which there is nothing to say.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Lines => None,
            Self::Array => Some("a JSON array"),
            Self::Pretty => Some("JSON objects over several lines"),
            Self::Sequence => Some("a sequence with record separators (RFC 7464)"),
            Self::Concatenated => Some("JSON objects one after the other"),
        }
    }
}

/// What the first bytes of a text say; `None` when more are needed and there may be more.
///
/// A file of lines stays one when its first line is damaged: only a record that is whole, or still is
/// when its longest possible length is over, makes another shape of it.
pub(super) fn shape(first: &[u8], is_all: bool) -> Option<Shape> {
    let is_all = is_all || first.len() >= LOOK_BYTES_MAX;
    let undecided = is_all.then_some(Shape::Lines);
    let Some(start) = first.iter().position(|byte| !byte.is_ascii_whitespace()) else {
        return undecided;
    };
    match first[start] {
        RECORD_SEPARATOR => Some(Shape::Sequence),
        b'[' => array(&first[start..]).or_else(|| is_all.then_some(Shape::Array)),
        b'{' => objects(&first[start..], is_all),
        _ => Some(Shape::Lines),
    }
}

/// An array of objects, of such arrays, or of nothing; a log may begin its lines with `[` too.
fn array(first: &[u8]) -> Option<Shape> {
    let inside = |byte: &&u8| !byte.is_ascii_whitespace() && **byte != b'[';
    match first.iter().find(inside)? {
        b'{' | b']' => Some(Shape::Array),
        _ => Some(Shape::Lines),
    }
}

fn objects(first: &[u8], is_all: bool) -> Option<Shape> {
    let (taken, end) = Walk::default().walk(first);
    let is_over_lines = first[..taken].contains(&b'\n');
    match (end, is_over_lines) {
        (WalkEnd::Whole, true) => Some(Shape::Pretty),
        (WalkEnd::Whole, false) => after_object(&first[taken..], is_all),
        (WalkEnd::Broken, _) => Some(match first[taken] {
            // The separator may stand between records only.
            RECORD_SEPARATOR => Shape::Sequence,
            _ => Shape::Lines,
        }),
        (WalkEnd::Open, true) if is_all && first.len() >= LOOK_BYTES_MAX => Some(Shape::Pretty),
        (WalkEnd::Open, _) => is_all.then_some(Shape::Lines),
    }
}

/// What stands between the first object, which fills a line so far, and what follows.
fn after_object(rest: &[u8], is_all: bool) -> Option<Shape> {
    let rest = match rest.iter().position(|byte| !matches!(byte, b' ' | b'\t')) {
        Some(start) => &rest[start..],
        None => return is_all.then_some(Shape::Lines),
    };
    match rest {
        [b'\n', ..] | [b'\r', b'\n', ..] => Some(Shape::Lines),
        [b'\r'] => is_all.then_some(Shape::Lines),
        [b'\r' | b'{' | b'[' | b',', ..] => Some(Shape::Concatenated),
        [RECORD_SEPARATOR, ..] => Some(Shape::Sequence),
        // A damaged line.
        _ => Some(Shape::Lines),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_record_says_how_they_lie() {
        let check = |text: &str, expected: Shape| {
            assert_eq!(shape(text.as_bytes(), true), Some(expected), "{text:?}");
            // Never another answer for less of it.
            for bytes in 0..text.len() {
                let early = shape(&text.as_bytes()[..bytes], false);
                assert!(
                    early.is_none_or(|early| early == expected),
                    "{text:?} {bytes}"
                );
            }
        };
        check("", Shape::Lines);
        check("\n \r\n", Shape::Lines);
        check("{}", Shape::Lines);
        check("{}\n{}{}", Shape::Lines);
        check("\n\n{} \r\n{}", Shape::Lines);
        check("{}{}", Shape::Concatenated);
        check("{} {}", Shape::Concatenated);
        check("{},\n{}", Shape::Concatenated);
        check("{}\r{}\r", Shape::Concatenated);
        check("{}[{}]", Shape::Concatenated);
        check("\u{1E}{}\n\u{1E}{}\n", Shape::Sequence);
        check("[{}]", Shape::Array);
        check(" [\n  [ {} ] ]", Shape::Array);
        check("[]", Shape::Array);
        check("[\n", Shape::Array);
        check("[2026-11-28 10:00] {}", Shape::Lines);
        check("[\"a\",1]", Shape::Lines);
        check("{\n}", Shape::Pretty);
        check("{\"a\":\r\n{\"b\":\"}\"}}\n", Shape::Pretty);
        check("a,b,c\n", Shape::Lines);
        // Damaged first lines.
        check("{}x\n{}\n", Shape::Lines);
        check("{\"a\":\"b\n{}\n", Shape::Lines);
        check("{\"a\":1\n{}\n{}\n", Shape::Lines);
        check("{\"a\":\n{}\n{}\n", Shape::Lines);
    }

    #[test]
    fn a_first_line_decides_without_waiting_for_more() {
        assert_eq!(shape(b"{\"a\":1}\n", false), Some(Shape::Lines));
        assert_eq!(shape(b"{\"a\":1}", false), None);
    }

    #[test]
    fn an_object_too_long_for_a_record_is_looked_at_no_further() {
        let text = ["{\"a\":[\n", &"1,\n".repeat(LOOK_BYTES_MAX)].concat();
        assert_eq!(
            shape(&text.as_bytes()[..LOOK_BYTES_MAX], false),
            Some(Shape::Pretty)
        );
        let text = ["{\"a\":[", &"1,".repeat(LOOK_BYTES_MAX)].concat();
        assert_eq!(
            shape(&text.as_bytes()[..LOOK_BYTES_MAX], false),
            Some(Shape::Lines)
        );
    }
}
