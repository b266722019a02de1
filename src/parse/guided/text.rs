//! Where texts end that are more than plain ASCII: with escapes where nobody reads them, with other
//! scripts where somebody does.
//!
//! What is accepted here is a JSON string to the tape as well; what is not is left to it.

use crate::parse::lanes;

/// Where the text that begins at `start` ends: at its quote. If `ODD`, with escapes and other scripts;
/// else not, because a call in the loop over spans costs every event.
#[inline(always)]
pub(super) fn unread_end<const ODD: bool>(bytes: &[u8], start: usize) -> Option<usize> {
    match lanes::plain_text_end(bytes, start) {
        None if ODD => odd_end(bytes, start, true),
        end => end,
    }
}

/// The same for a text that is read as it stands: its bytes are what it says, so without escapes.
#[inline(always)]
pub(super) fn read_end<const ODD: bool>(bytes: &[u8], start: usize) -> Option<usize> {
    match lanes::plain_text_end(bytes, start) {
        None if ODD => odd_end(bytes, start, false),
        end => end,
    }
}

#[cold]
#[inline(never)]
fn odd_end(bytes: &[u8], start: usize, has_escapes: bool) -> Option<usize> {
    let mut place = start;
    loop {
        place = lanes::next_special(bytes, place)?;
        place = match *bytes.get(place)? {
            b'"' => return Some(place),
            b'\\' if has_escapes => escape_end(bytes, place)?,
            0x80.. => run_end(bytes, place)?,
            _ => return None,
        };
    }
}

/// Where the bytes beyond ASCII from `start` on end, if they are whole characters in UTF-8.
fn run_end(bytes: &[u8], start: usize) -> Option<usize> {
    let rest = bytes.get(start..)?;
    let length = rest.iter().take_while(|byte| **byte >= 0x80).count();
    str::from_utf8(rest.get(..length)?).ok()?;
    Some(start + length)
}

/// Where the escape at `start` ends.
fn escape_end(bytes: &[u8], start: usize) -> Option<usize> {
    match *bytes.get(start + 1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(start + 2),
        b'u' => match unit(bytes, start)? {
            // The first half of a pair, which its second half has to follow.
            0xd800..=0xdbff => {
                let second = unit(bytes, start + 6)?;
                (0xdc00..=0xdfff).contains(&second).then_some(start + 12)
            }
            0xdc00..=0xdfff => None,
            _ => Some(start + 6),
        },
        _ => None,
    }
}

/// The number of an escape such as `\u00e9` at `start`.
fn unit(bytes: &[u8], start: usize) -> Option<u16> {
    let escape: &[u8; 6] = bytes.get(start..)?.first_chunk()?;
    let [b'\\', b'u', digits @ ..] = escape else {
        return None;
    };
    digits.iter().try_fold(0, |number: u16, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(number << 4 | u16::try_from(digit).ok()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(text: &str) -> (Option<usize>, Option<usize>) {
        let payload = format!("{text}\",\"next\":\"\"}}");
        (
            unread_end::<true>(payload.as_bytes(), 0),
            read_end::<true>(payload.as_bytes(), 0),
        )
    }

    #[test]
    fn texts_end_at_their_quote() {
        for text in [
            "",
            "plain",
            "Grüße",
            "你好",
            "a \u{1f642} of thirty-two bytes and more \u{1f642}",
        ] {
            assert_eq!(ends(text), (Some(text.len()), Some(text.len())), "{text}");
        }
        for text in [
            r#"\""#,
            r"\\",
            r"\n\t\/\b\f\r",
            r"\u00fc\u0000",
            r"\ud83d\ude42",
            r"\uD83D\uDE42 after some text that is long enough\n",
            "Grüße\\n",
        ] {
            assert_eq!(ends(text), (Some(text.len()), None), "{text}");
        }
        for bad in [
            r"\x",
            r"\u00f",
            r"\u00g0",
            r"\u+0ff",
            r"\ud83d",
            r"\ud83d\u0041",
            r"\ude42",
            "\n",
            "a\u{1f}",
        ] {
            assert_eq!(ends(bad), (None, None), "{bad:?}");
        }
    }

    #[test]
    fn what_is_no_utf_8_or_has_no_end_is_left_alone() {
        for bad in [
            &b"\xff\""[..],
            b"\xc3\"",
            b"\xed\xa0\x80\"",
            b"abc",
            b"\\",
            b"\\u00",
        ] {
            let bytes = [bad, b"................"].concat();
            assert_eq!(
                unread_end::<true>(&bytes, 0),
                None,
                "{}",
                bad.escape_ascii()
            );
        }
    }
}
