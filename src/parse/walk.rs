//! Where a JSON object ends, found byte by byte and across reads.

use super::lanes::next_special;

/// How deep brackets are distinguished; what lies deeper is only counted. Events are refused before that.
const DEPTH_KNOWN: u32 = 128;

/// Begins a record in RFC 7464's sequences, and stands in no JSON text.
pub const RECORD_SEPARATOR: u8 = 0x1E;

/// What the bytes came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WalkEnd {
    /// The object goes on.
    Open,
    /// It ends with the last byte taken.
    Whole,
    /// It cannot go on with the byte after those taken, which belongs to what follows.
    Broken,
}

/// A walk through one object, from its brace on.
///
/// It checks no more than it needs to find the end, and to notice early that there is none: which
/// bracket closes which, where a bracket may open, and that strings hold no line feed. So a record that
/// was cut off ends at the beginning of the next one instead of swallowing it.
#[derive(Clone, Debug, Default)]
pub struct Walk {
    depth: u32,
    /// Of each open bracket, innermost in the lowest bit, whether it is an object's.
    objects: u128,
    is_in_text: bool,
    is_escaped: bool,
    /// The last byte that is neither space nor inside a string.
    last: u8,
}

impl Walk {
    /// Takes bytes until the object ends; says how many and why no more.
    pub fn walk(&mut self, bytes: &[u8]) -> (usize, WalkEnd) {
        let mut index = 0;
        while let Some(&byte) = bytes.get(index) {
            match self.step(byte) {
                WalkEnd::Open => index += 1,
                WalkEnd::Whole => return (index + 1, WalkEnd::Whole),
                WalkEnd::Broken => return (index, WalkEnd::Broken),
            }
            if self.is_in_text && !self.is_escaped {
                // Nothing before it ends the text or cannot be in one.
                let Some(special) = next_special(bytes, index) else {
                    break;
                };
                index = special;
            }
        }
        (bytes.len(), WalkEnd::Open)
    }

    fn step(&mut self, byte: u8) -> WalkEnd {
        if byte == RECORD_SEPARATOR {
            return WalkEnd::Broken;
        }
        if self.is_in_text {
            if byte == b'\n' {
                return WalkEnd::Broken;
            }
            if self.is_escaped {
                self.is_escaped = false;
            } else if byte == b'\\' {
                self.is_escaped = true;
            } else if byte == b'"' {
                self.is_in_text = false;
                self.last = b'"';
            }
            return WalkEnd::Open;
        }
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => return WalkEnd::Open,
            b'"' => self.is_in_text = true,
            b'{' | b'[' => {
                if !self.may_open() {
                    return WalkEnd::Broken;
                }
                self.depth += 1;
                if self.depth <= DEPTH_KNOWN {
                    self.objects = self.objects << 1 | u128::from(byte == b'{');
                }
            }
            b'}' | b']' => {
                if self.depth <= DEPTH_KNOWN {
                    if (self.objects & 1 == 1) != (byte == b'}') {
                        return WalkEnd::Broken;
                    }
                    self.objects >>= 1;
                }
                self.depth -= 1;
                if self.depth == 0 {
                    return WalkEnd::Whole;
                }
            }
            _ => {}
        }
        self.last = byte;
        WalkEnd::Open
    }

    /// Whether a bracket may open after what came last.
    fn may_open(&self) -> bool {
        if self.depth == 0 || self.depth > DEPTH_KNOWN {
            return true;
        }
        match self.objects & 1 == 1 {
            true => self.last == b':',
            false => matches!(self.last, b'[' | b','),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_ends_where_its_brackets_say() {
        let check = |text: &str, taken: usize, end: WalkEnd| {
            let whole = Walk::default().walk(text.as_bytes());
            assert_eq!(whole, (taken, end), "{text}");
            // And byte by byte.
            let mut value = Walk::default();
            let (mut count, mut last) = (0, WalkEnd::Open);
            for byte in text.as_bytes() {
                let (taken, end) = value.walk(&[*byte]);
                (count, last) = (count + taken, end);
                if end != WalkEnd::Open {
                    break;
                }
            }
            assert_eq!((count, last), (taken, end), "{text}");
        };
        check("{}", 2, WalkEnd::Whole);
        check("{}{}", 2, WalkEnd::Whole);
        check(r#"{"a":"}"}x"#, 9, WalkEnd::Whole);
        check(r#"{"a":"\"}"}"#, 11, WalkEnd::Whole);
        check(r#"{"a":"\\"}}"#, 10, WalkEnd::Whole);
        check("{\"a\":\n[{},\n{\"b\":[[1]]}]\n}", 25, WalkEnd::Whole);
        check(r#"{"a":1"#, 6, WalkEnd::Open);
        // Cut off, and the next one begins.
        check("{\"a\":\"b\n{", 7, WalkEnd::Broken);
        check("{\"a\":1\n{\"b\":2}", 7, WalkEnd::Broken);
        check("{\"a\":1,\n{\"b\":2}", 8, WalkEnd::Broken);
        check("{\"a\":[1\n{\"b\":2}", 8, WalkEnd::Broken);
        check("{\"a\":\u{1E}{}", 5, WalkEnd::Broken);
        check(r#"{"a":[1}"#, 7, WalkEnd::Broken);
        check(r#"{"a":1]"#, 6, WalkEnd::Broken);
    }

    #[test]
    fn what_is_too_deep_to_know_is_counted() {
        let deep = 500;
        let text = ["{\"a\":", &"[".repeat(deep), &"]".repeat(deep), "}"].concat();
        let (taken, end) = Walk::default().walk(text.as_bytes());
        assert_eq!((taken, end), (text.len(), WalkEnd::Whole));
    }
}
