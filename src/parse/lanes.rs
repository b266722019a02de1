//! Searches and compares of the guided path and of names, 8 or 16 bytes at a time.
//!
//! Every function answers for exactly the bytes it is given and never reads past them: near the end
//! of a payload the last whole lane is read and what stands before the asked-for place shifted out.

/// Bytes of one lane.
const LANE: usize = 16;
/// The lowest bit of each byte of a word.
const ONES: u64 = 0x0101_0101_0101_0101;
/// The highest bit of each byte of a word.
const TOPS: u64 = 0x80 * ONES;

/// Whether two slices of one length hold the same bytes. Literals are short, so a call costs more
/// than the comparison: whole lanes, and one that overlaps them for the rest.
#[inline(always)]
pub(super) fn is_same(left: &[u8], right: &[u8]) -> bool {
    debug_assert_eq!(left.len(), right.len());
    if let (Some(left_start), Some(right_start)) =
        (left.first_chunk::<LANE>(), right.first_chunk::<LANE>())
    {
        let is_same_at_ends =
            left_start == right_start && left.last_chunk::<LANE>() == right.last_chunk::<LANE>();
        return is_same_at_ends && (left.len() <= 2 * LANE || is_same_between(left, right));
    }
    if let (Some(left_start), Some(right_start)) =
        (left.first_chunk::<8>(), right.first_chunk::<8>())
    {
        return left_start == right_start && left.last_chunk::<8>() == right.last_chunk::<8>();
    }
    if let (Some(left_start), Some(right_start)) =
        (left.first_chunk::<4>(), right.first_chunk::<4>())
    {
        return left_start == right_start && left.last_chunk::<4>() == right.last_chunk::<4>();
    }
    left.iter().eq(right)
}

/// The same for what is between the first and the last lane of texts that are longer than both.
#[inline(always)]
fn is_same_between(left: &[u8], right: &[u8]) -> bool {
    if left.len() > 4 * LANE {
        return left == right;
    }
    let second = |text: &[u8]| {
        text.get(LANE..)
            .and_then(<[u8]>::first_chunk::<LANE>)
            .copied()
    };
    let last_but_one = |text: &[u8]| {
        let before = text.len() - LANE;
        text.get(..before)
            .and_then(<[u8]>::last_chunk::<LANE>)
            .copied()
    };
    second(left) == second(right) && last_but_one(left) == last_but_one(right)
}

/// Where the plain text that begins at `start` ends: the place of the first `"`. `None` when a
/// backslash, a control character or a byte beyond ASCII stands before it, or when there is none.
#[inline(always)]
pub(super) fn plain_text_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut place = start;
    while let Some(lane) = bytes.get(place..).and_then(<[u8]>::first_chunk) {
        if let Some(offset) = first_special(lane, 0) {
            return quote_at(bytes, place + offset);
        }
        place += LANE;
    }
    let last = bytes.last_chunk()?;
    let last_start = bytes.len() - LANE;
    // `place` is past `last_start`, as no whole lane begins at it, and past the end at the most if
    // the text began there.
    let skipped = place - last_start;
    if skipped >= LANE {
        return None;
    }
    quote_at(bytes, last_start + first_special(last, skipped)?)
}

/// The place of the first byte from `start` on that is no plain text, as for [`plain_text_end`].
pub(super) fn next_special(bytes: &[u8], start: usize) -> Option<usize> {
    let mut place = start;
    while let Some(lane) = bytes.get(place..).and_then(<[u8]>::first_chunk) {
        if let Some(offset) = first_special(lane, 0) {
            return Some(place + offset);
        }
        place += LANE;
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\') || !(b' '..0x80).contains(byte);
    let rest = bytes.get(place..)?.iter().position(is_special)?;
    Some(place + rest)
}

#[inline(always)]
fn quote_at(bytes: &[u8], place: usize) -> Option<usize> {
    (bytes.get(place) == Some(&b'"')).then_some(place)
}

/// The place of the first byte from `skipped < 16` on that is no plain text: a quote, a backslash, a
/// control character or a byte beyond ASCII.
#[inline(always)]
fn first_special(lane: &[u8; LANE], skipped: usize) -> Option<usize> {
    let mask = specials(lane) >> (skipped * MASK_BITS) << (skipped * MASK_BITS);
    (mask != 0).then(|| mask.trailing_zeros() as usize / MASK_BITS)
}

/// Whether the 36 bytes at `start` are plain text. Three lanes, two of them overlapping.
#[inline(always)]
pub(super) fn is_plain_36(bytes: &[u8], start: usize) -> Option<bool> {
    let text = bytes.get(start..)?.first_chunk::<36>()?;
    let (lanes, _) = text.as_chunks::<LANE>();
    let [first, second] = lanes else {
        unreachable!("36 bytes are two lanes and a rest")
    };
    let last = text.last_chunk()?;
    Some(specials(first) | specials(second) | specials(last) == 0)
}

/// `MASK_BITS` bits for each byte that is special, the first byte's lowest.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn specials(lane: &[u8; LANE]) -> Mask {
    #[expect(unsafe_code, reason = "twice as fast as by words")]
    // SAFETY: SSE2, the one feature the function asks for, is part of every x86-64.
    unsafe {
        sse2::specials(lane)
    }
}

#[cfg(target_arch = "x86_64")]
type Mask = u32;
#[cfg(target_arch = "x86_64")]
const MASK_BITS: usize = 1;

/// Sixteen bytes at once.
#[cfg(target_arch = "x86_64")]
mod sse2 {
    use std::arch::x86_64::_mm_cmpeq_epi8;
    use std::arch::x86_64::_mm_cmplt_epi8;
    use std::arch::x86_64::_mm_movemask_epi8;
    use std::arch::x86_64::_mm_or_si128;
    use std::arch::x86_64::_mm_set_epi64x;
    use std::arch::x86_64::_mm_set1_epi8;

    #[target_feature(enable = "sse2")]
    #[inline]
    pub(super) fn specials(lane: &[u8; super::LANE]) -> u32 {
        let [low, high] = super::words(lane).map(u64::cast_signed);
        let text = _mm_set_epi64x(high, low);
        let all = |byte: u8| _mm_set1_epi8(byte.cast_signed());
        let quotes = _mm_cmpeq_epi8(text, all(b'"'));
        let backslashes = _mm_cmpeq_epi8(text, all(b'\\'));
        // As signed numbers the bytes beyond ASCII are below zero.
        let outside = _mm_cmplt_epi8(text, all(b' '));
        let special = _mm_or_si128(_mm_or_si128(quotes, backslashes), outside);
        _mm_movemask_epi8(special).cast_unsigned()
    }
}

#[cfg(not(target_arch = "x86_64"))]
use by_words::specials;
#[cfg(not(target_arch = "x86_64"))]
type Mask = u128;
#[cfg(not(target_arch = "x86_64"))]
const MASK_BITS: usize = 8;

/// Eight bytes at once, on any processor.
#[cfg(any(test, not(target_arch = "x86_64")))]
mod by_words {
    use super::ONES;
    use super::TOPS;

    /// Each byte's top bit says whether it is special, and nothing carries into another byte.
    #[inline(always)]
    pub(super) fn specials(lane: &[u8; super::LANE]) -> u128 {
        let zeros = |word: u64| !(((word & !TOPS) + !TOPS) | word) & TOPS;
        let [low, high] = super::words(lane).map(|word| {
            let quotes = zeros(word ^ (ONES * u64::from(b'"')));
            let backslashes = zeros(word ^ (ONES * u64::from(b'\\')));
            let controls = zeros(word & (ONES * 0xe0));
            quotes | backslashes | controls | (word & TOPS)
        });
        (u128::from(high) << 64) | u128::from(low)
    }
}

#[inline(always)]
fn words(lane: &[u8; LANE]) -> [u64; 2] {
    let lane = u128::from_le_bytes(*lane);
    #[expect(clippy::cast_possible_truncation, reason = "the halves of the lane")]
    [lane as u64, (lane >> 64) as u64]
}

/// Up to 15 decimal digits: an integer as JSON writes it, without sign and leading zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Integer {
    /// One to eight digits as numbers, the last one in the highest byte.
    high: u64,
    /// What follows them, likewise.
    low: u64,
    /// How many digits `low` has: 0 to 7.
    low_digits: u32,
    /// Where it ends.
    pub(super) end: usize,
}

impl Integer {
    /// Finds the integer at `start`. `None` when there is none, when it is longer or has a leading
    /// zero. What follows is not looked at (`1.5` and `1e3` begin with an integer), but there has to
    /// be something: no integer ends an object.
    #[inline(always)]
    pub(super) fn find(bytes: &[u8], start: usize) -> Option<Self> {
        let word = word_at(bytes, start)? ^ (ONES * u64::from(b'0'));
        let digits = leading_digits(word);
        let has_leading_zero = word & 0xff == 0 && digits > 1;
        if digits == 0 || has_leading_zero {
            return None;
        }
        let high = word << (64 - 8 * digits);
        if digits < 8 {
            let end = start + digits as usize;
            return Some(Self {
                high,
                low: 0,
                low_digits: 0,
                end,
            });
        }
        let next = word_at(bytes, start + 8)? ^ (ONES * u64::from(b'0'));
        let low_digits = leading_digits(next);
        let low = match low_digits {
            0 => 0,
            1..8 => next << (64 - 8 * low_digits),
            _ => return None,
        };
        Some(Self {
            high,
            low,
            low_digits,
            end: start + 8 + low_digits as usize,
        })
    }

    /// Its value, below 10^15.
    #[inline(always)]
    pub(super) fn value(self) -> u64 {
        const POWERS: [u64; 8] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];
        let high = eight_digits(self.high);
        match POWERS.get(self.low_digits as usize) {
            Some(power) if self.low_digits > 0 => high * power + eight_digits(self.low),
            _ => high,
        }
    }
}

/// The eight bytes at `start`; past the end of `bytes` they are 0.
#[inline(always)]
fn word_at(bytes: &[u8], start: usize) -> Option<u64> {
    if let Some(word) = bytes.get(start..).and_then(<[u8]>::first_chunk) {
        return Some(u64::from_le_bytes(*word));
    }
    let last = u64::from_le_bytes(*bytes.last_chunk()?);
    let skipped = start - (bytes.len() - 8);
    (skipped < 8).then(|| last >> (8 * skipped))
}

/// How many bytes from the lowest on are 0 to 9.
#[inline(always)]
fn leading_digits(word: u64) -> u32 {
    let over = (((word & !TOPS) + 0x76 * ONES) | word) & TOPS;
    // 64 when all are digits.
    over.trailing_zeros() / 8
}

/// The number that eight digits write, the first in the lowest byte: neighbours are joined to pairs,
/// then all pairs multiplied and added at once.
#[inline(always)]
fn eight_digits(digits: u64) -> u64 {
    const PAIRS: u64 = 0x0000_00ff_0000_00ff;
    let pairs = digits * 10 + (digits >> 8);
    let odd = (pairs & PAIRS).wrapping_mul(100 + (1_000_000 << 32));
    let even = (pairs >> 16 & PAIRS).wrapping_mul(1 + (10_000 << 32));
    odd.wrapping_add(even) >> 32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition of plain text, byte by byte.
    fn is_special(byte: u8) -> bool {
        byte == b'"' || byte == b'\\' || !(b' '..0x80).contains(&byte)
    }

    fn slow_plain_text_end(bytes: &[u8], start: usize) -> Option<usize> {
        let place = (start..bytes.len()).find(|&place| is_special(bytes[place]))?;
        (bytes[place] == b'"').then_some(place)
    }

    #[test]
    fn every_byte_is_told_at_every_place_of_a_lane() {
        for byte in 0..=u8::MAX {
            for place in 0..LANE {
                let mut lane = [b'a'; LANE];
                lane[place] = byte;
                let expected = is_special(byte).then_some(place);
                assert_eq!(first_special(&lane, 0), expected, "{byte} at {place}");
                let by_words = by_words::specials(&lane);
                let first = (by_words != 0).then(|| by_words.trailing_zeros() as usize / 8);
                assert_eq!(first, expected, "{byte} at {place}, by words");
                for skipped in 0..LANE {
                    let expected = expected.filter(|&place| place >= skipped);
                    assert_eq!(first_special(&lane, skipped), expected);
                }
            }
        }
    }

    #[test]
    fn plain_text_ends_at_its_quote() {
        for length in LANE..60 {
            for quote in 0..=length {
                let mut bytes = vec![b'a'; length];
                if let Some(byte) = bytes.get_mut(quote) {
                    *byte = b'"';
                }
                for start in 0..=length {
                    let expected = slow_plain_text_end(&bytes, start);
                    let found = plain_text_end(&bytes, start);
                    assert_eq!(found, expected, "{quote} of {length} from {start}");
                }
            }
        }
    }

    #[test]
    fn thirty_six_bytes_are_plain_or_not() {
        let text = [b'x'; 40];
        assert_eq!(is_plain_36(&text, 0), Some(true));
        assert_eq!(is_plain_36(&text, 5), None);
        for place in 0..40 {
            let mut text = text;
            text[place] = b'\\';
            let is_plain = !(2..38).contains(&place);
            assert_eq!(is_plain_36(&text, 2), Some(is_plain), "{place}");
        }
    }

    #[test]
    fn integers_are_found_and_converted() {
        let check = |text: &str, expected: Option<(u64, usize)>| {
            for padding in [",", "}}", ",\"region\":\"use1\"}}"] {
                let bytes = format!("\"a\":123456789:{text}{padding}");
                let found = Integer::find(bytes.as_bytes(), 14);
                let found = found.map(|integer| (integer.value(), integer.end - 14));
                assert_eq!(found, expected, "{text} before {padding:?}");
            }
        };
        for digits in 1..=15_usize {
            let text = &"987654321012345"[..digits];
            check(text, Some((text.parse().unwrap(), digits)));
            let nines = "9".repeat(digits);
            check(&nines, Some((nines.parse().unwrap(), digits)));
        }
        check("0", Some((0, 1)));
        check("10000000", Some((10_000_000, 8)));
        check("100000000", Some((100_000_000, 9)));
        check("1.5", Some((1, 1)));
        check("12345678e1", Some((12_345_678, 8)));
        for none in [
            "",
            "-1",
            "00",
            "01",
            "x",
            "0123456789",
            "1234567890123456",
            "/",
            ":",
        ] {
            check(none, None);
        }
    }

    proptest! {
        #[test]
        fn texts_end_where_the_slow_search_says(
            bytes in prop::collection::vec(prop_oneof![8 => b' '..0x7f, 1 => any::<u8>()], LANE..200),
            start in 0..200_usize,
        ) {
            prop_assume!(start <= bytes.len());
            prop_assert_eq!(plain_text_end(&bytes, start), slow_plain_text_end(&bytes, start));
        }

        #[test]
        fn same_means_equal(
            left in prop::collection::vec(any::<u8>(), 0..70),
            changed: prop::sample::Index,
            bit in 0..8_u32,
        ) {
            let mut right = left.clone();
            prop_assert!(is_same(&left, &right));
            if !right.is_empty() {
                let place = changed.index(right.len());
                right[place] ^= 1 << bit;
                prop_assert!(!is_same(&left, &right));
            }
        }
    }
}
