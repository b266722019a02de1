//! Which reason stands behind an error of simd-json. Cold: only refused messages come here.
//!
//! simd-json reports bad numbers and numbers out of range alike, and finds invalid UTF-8 before or
//! after other faults depending on the processor. Here both become one answer for the same bytes.

use simd_json::Error;
use simd_json::ErrorType;

use crate::event::Reject;

/// The reason for `error`, met in `payload`, whose strings may have been decoded in place already.
pub(super) fn reason(error: &Error, payload: &[u8]) -> Reject {
    // Only the first pass, which looks for strings and UTF-8 and changes nothing, has no character
    // to show. The second pass runs on valid UTF-8 alone, but leaves half-decoded strings behind.
    if error.character().is_none() {
        return match str::from_utf8(payload) {
            Ok(_) => Reject::NotJson,
            Err(_) => Reject::Utf8,
        };
    }
    match error.error() {
        ErrorType::DepthLimitExceeded => Reject::Depth,
        ErrorType::InvalidNumber if is_number_around(payload, error.index()) => Reject::NumberRange,
        _ => Reject::NotJson,
    }
}

/// Whether a whole JSON number stands at `index`, or ends right before it. If so, the only thing
/// wrong with it is its size.
fn is_number_around(payload: &[u8], index: usize) -> bool {
    let Some((before, after)) = payload.split_at_checked(index) else {
        return false;
    };
    let start = before.len() - trailing(before, is_number_byte);
    let end = index + leading(after, is_number_byte);
    let ends_well = payload
        .get(end)
        .is_none_or(|byte| b",:]}[{ \t\r\n".contains(byte));
    ends_well && payload.get(start..end).is_some_and(is_number)
}

/// RFC 8259, section 6.
fn is_number(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let whole = leading(text, u8::is_ascii_digit);
    let (digits, mut rest) = text.split_at(whole);
    if digits.is_empty() || (digits.len() > 1 && digits.starts_with(b"0")) {
        return false;
    }
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = leading(fraction, u8::is_ascii_digit);
        if length == 0 {
            return false;
        }
        rest = fraction.split_at(length).1;
    }
    let [b'e' | b'E', exponent @ ..] = rest else {
        return rest.is_empty();
    };
    let exponent = match exponent {
        [b'+' | b'-', digits @ ..] => digits,
        digits => digits,
    };
    !exponent.is_empty() && exponent.iter().all(u8::is_ascii_digit)
}

fn is_number_byte(byte: &u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')
}

fn leading(bytes: &[u8], is: fn(&u8) -> bool) -> usize {
    bytes.iter().take_while(|byte| is(byte)).count()
}

fn trailing(bytes: &[u8], is: fn(&u8) -> bool) -> usize {
    bytes.iter().rev().take_while(|byte| is(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_from_what_looks_like_one() {
        for number in ["0", "-0", "12", "1.5", "-0.5e7", "1e999", "1E+9", "1e-07"] {
            assert!(is_number(number.as_bytes()), "{number}");
        }
        for other in [
            "", "-", "01", "-01", "+1", "1.", ".5", "1e", "1e+", "1.e5", "1-2", "1e5.", "1e+-5",
        ] {
            assert!(!is_number(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn the_number_is_found_from_each_of_its_places() {
        let check = |text: &str, index: usize, expected: bool| {
            let found = is_number_around(text.as_bytes(), index);
            assert_eq!(found, expected, "{text} at {index}");
        };
        for index in 3..=8 {
            check(r#"[1,1e999]"#, index, true);
            check(r#"[1,1e999x"#, index, false);
        }
        check("1e999", 5, true);
        check("[01]", 2, false);
        check("[-]", 2, false);
        check("[]", 9, false);
    }
}
