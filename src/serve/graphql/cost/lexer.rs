//! Counts the tokens of a query document before the parser sees it.
//!
//! The parser recurses by brackets and builds a tree of what it reads; this does neither. One pass
//! over the bytes, constant memory, and it stops at the first limit that is crossed. It must never
//! see fewer tokens than the parser: where the two could read a text differently, as after an
//! unterminated string, it refuses.

/// What a document is made of, as far as bytes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tally {
    /// Names, numbers, strings and punctuation marks.
    pub(super) tokens: usize,
}

/// Why a text is not worth parsing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// More tokens than the limit; counting ended there.
    Tokens,
    /// More brackets open at a time than the limit.
    Brackets,
    /// A string without its end begins at this byte.
    OpenString {
        /// Where it begins.
        at: usize,
    },
}

/// Counts the tokens of `text`.
///
/// # Errors
/// When there are more than `tokens_max`, more than `brackets_max` brackets of any kind are open at
/// a time, or a string does not end.
pub(super) fn tally(text: &str, tokens_max: usize, brackets_max: usize) -> Result<Tally, Unfit> {
    let bytes = text.as_bytes();
    let (mut at, mut tokens, mut open) = (0, 0, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        let length = match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b',' => {
                at += 1;
                continue;
            }
            b'#' => {
                at += comment_length(&bytes[at..]);
                continue;
            }
            b'"' => string_length(&bytes[at..]).ok_or(Unfit::OpenString { at })?,
            b'{' | b'(' | b'[' => {
                open += 1;
                if open > brackets_max {
                    return Err(Unfit::Brackets);
                }
                1
            }
            b'}' | b')' | b']' => {
                open = open.saturating_sub(1);
                1
            }
            b'.' if bytes[at..].starts_with(b"...") => 3,
            _ if is_word(byte) => bytes[at..].iter().take_while(|&&b| is_word(b)).count(),
            _ => 1,
        };
        at += length;
        tokens += 1;
        if tokens > tokens_max {
            return Err(Unfit::Tokens);
        }
    }
    Ok(Tally { tokens })
}

/// Whether a byte can be part of a name or a number. A byte beyond ASCII is a token of its own: no
/// document holds many outside its strings and comments, and the parser refuses it there.
const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn comment_length(bytes: &[u8]) -> usize {
    let end = bytes.iter().position(|&b| matches!(b, b'\n' | b'\r'));
    end.unwrap_or(bytes.len())
}

/// The length of the string at the start of `bytes`, its quotes included.
fn string_length(bytes: &[u8]) -> Option<usize> {
    if let Some(block) = bytes.strip_prefix(b"\"\"\"") {
        return block_length(block).map(|length| 3 + length);
    }
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\n' | b'\r' => return None,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The length of a block string after its opening quotes, its closing ones included.
fn block_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
        if rest.starts_with(b"\\\"\"\"") {
            at += 4;
        } else if rest.starts_with(b"\"\"\"") {
            return Some(at + 3);
        } else {
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> Result<usize, Unfit> {
        tally(text, 1_000, 32).map(|tally| tally.tokens)
    }

    #[test]
    fn counts_tokens() {
        let check = |text: &str, tokens: usize| assert_eq!(count(text), Ok(tokens), "{text}");
        check("", 0);
        check(" ,\t\r\n# { a }\n", 0);
        check("{a}", 3);
        check("query Q($a: [Int!] = [1, -2.5e3]) { b(c: $a) @d ...F }", 32);
        check(r#"{a(s: "x \" # { \\" t: "")}"#, 11);
        check("{a(s: \"\"\"x \\\"\"\" \n \" y\"\"\")}", 8);
        check("{…}", 5);
        check("}}}{", 4);
    }

    #[test]
    fn stops_at_the_limits() {
        assert_eq!(count(&"{".repeat(100_000)), Err(Unfit::Brackets));
        assert_eq!(count(&"[(".repeat(16)), Ok(32));
        assert_eq!(count(&"@a".repeat(100_000)), Err(Unfit::Tokens));
        assert_eq!(count(&"a ".repeat(1_000)), Ok(1_000));
        assert_eq!(count(&"a ".repeat(1_001)), Err(Unfit::Tokens));
    }

    #[test]
    fn refuses_strings_that_do_not_end() {
        for text in ["\"", "\"a\n\"", "\"\\\"", "\"\"\"a\"\"", "\"\"\"", "\"\\"] {
            assert_eq!(count(text), Err(Unfit::OpenString { at: 0 }), "{text}");
        }
    }
}
