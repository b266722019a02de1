//! Reads event times: RFC 3339 with a zone, or whole milliseconds since 1970.
//!
//! RFC 3339 as read here: `YYYY-MM-DD`, then `T`, `t` or one space, then `HH:MM:SS`, then optionally
//! a point and one or more digits, then `Z`, `z` or an offset `+hh:mm` or `-hh:mm` (hours to 23,
//! minutes to 59, `-00:00` included). Nothing before or after, no other form of ISO 8601. The date
//! has to exist. What is finer than a millisecond is cut off. Second 60 is taken in any minute, since
//! no table of leap seconds is kept: it counts as the last millisecond of its minute, whatever its
//! fraction, so that the order of events around it holds. The result lies between 1970 and 9999 in UTC.

use crate::time::EpochMs;
use crate::time::days_from_civil;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Reads RFC 3339.
pub(super) fn from_text(bytes: &[u8]) -> Option<EpochMs> {
    // The form that nearly every event has.
    if let Ok(bytes) = bytes.try_into()
        && let Some(time) = from_utc_millis(bytes)
    {
        return Some(time);
    }
    from_any_form(bytes)
}

/// Reads milliseconds since 1970.
pub(super) fn from_integer(ms: u64) -> Option<EpochMs> {
    in_range(i64::try_from(ms).ok()?)
}

fn in_range(ms: i64) -> Option<EpochMs> {
    (0..=EpochMs::MAX.ms())
        .contains(&ms)
        .then(|| EpochMs::from_ms(ms))
}

/// Reads `YYYY-MM-DDTHH:MM:SS.mmmZ` eight bytes at a time; `None` for any other form, and for what
/// [`from_any_form`] has to judge.
pub(super) fn from_utc_millis(text: &[u8; 24]) -> Option<EpochMs> {
    Day::default().utc_millis(text)
}

/// The day of the last time, since the next one is mostly of the same.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Day {
    /// `YYYY-MM-` and `DD`; zeros at first, which no text is.
    date: ([u8; 8], [u8; 2]),
    start_ms: i64,
}

impl Day {
    /// As [`from_utc_millis`].
    #[inline(always)]
    pub(super) fn utc_millis(&mut self, text: &[u8; 24]) -> Option<EpochMs> {
        let (words, _) = text.as_chunks::<8>();
        let [first, second, third] = words else {
            unreachable!("24 bytes are three words")
        };
        let time = Digits::read(second, b"00T00:00")?;
        let ms_of_day = ms_of_day(&time, third)?;
        let [ten, one, ..] = *second;
        let date = (*first, [ten, one]);
        if self.date != date {
            let start = Digits::read(first, b"0000-00-")?;
            let year = start.pair(0) * 100 + start.pair(2);
            self.start_ms = civil(year, start.pair(5), time.pair(0), 0)?;
            self.date = date;
        }
        in_range(self.start_ms + ms_of_day)
    }
}

/// Of `DDTHH:MM`, read already, and `:SS.mmmZ`.
#[inline(always)]
fn ms_of_day(time: &Digits, seconds: &[u8; 8]) -> Option<i64> {
    let seconds = Digits::read(seconds, b":00.000Z")?;
    let (hour, minute, second) = (time.pair(3), time.pair(6), seconds.pair(1));
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let ms_of_second = seconds.pair(4) * 10 + seconds.digit(6);
    Some(hour * HOUR_MS + minute * MINUTE_MS + second * 1_000 + ms_of_second)
}

/// Eight bytes that fit a template, as numbers.
struct Digits {
    /// Each byte as a digit, 0 where the template has a separator; first byte lowest.
    ones: u64,
    /// At each byte, ten times its digit and the next one's: 0 to 99, so nothing is carried.
    pairs: u64,
}

impl Digits {
    /// Matches `text` with `template`, in which `0` stands for any digit.
    fn read(text: &[u8; 8], template: &[u8; 8]) -> Option<Self> {
        // What is left of a digit is 0 to 9, of a separator 0. Adding `slack` sets the top bit of a
        // byte that is more; a byte that carries into its neighbour has its own top bit set.
        let slack = u64::from_le_bytes(template.map(|byte| if byte == b'0' { 0x76 } else { 0x7f }));
        let ones = u64::from_le_bytes(*text) ^ u64::from_le_bytes(*template);
        let over = (ones.wrapping_add(slack) | ones) & 0x8080_8080_8080_8080;
        (over == 0).then(|| Self {
            ones,
            pairs: ones * 10 + (ones >> 8),
        })
    }

    fn digit(&self, index: usize) -> i64 {
        i64::from(self.ones.to_le_bytes()[index])
    }

    fn pair(&self, index: usize) -> i64 {
        i64::from(self.pairs.to_le_bytes()[index])
    }
}

/// Milliseconds since 1970 of a date that exists and the milliseconds of its day.
fn civil(year: i64, month: i64, day: i64, ms_of_day: i64) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days_in_month = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => return None,
    };
    (1..=days_in_month)
        .contains(&day)
        .then(|| days_from_civil(year, month, day) * DAY_MS + ms_of_day)
}

/// Reads every form, one part after the other.
fn from_any_form(text: &[u8]) -> Option<EpochMs> {
    let mut rest = Rest(text);
    let year = rest.pair(0..=99)? * 100 + rest.pair(0..=99)?;
    rest.one_of(b"-")?;
    let month = rest.pair(1..=12)?;
    rest.one_of(b"-")?;
    let day = rest.pair(1..=31)?;
    rest.one_of(b"Tt ")?;
    let hour = rest.pair(0..=23)?;
    rest.one_of(b":")?;
    let minute = rest.pair(0..=59)?;
    rest.one_of(b":")?;
    let second = rest.pair(0..=60)?;
    let fraction_ms = match rest.one_of(b".") {
        Some(_) => rest.fraction_ms()?,
        None => 0,
    };
    let ms_of_minute = match second {
        60 => MINUTE_MS - 1,
        second => second * 1_000 + fraction_ms,
    };
    let offset_ms = rest.offset_ms()?;
    let ms_of_day = hour * HOUR_MS + minute * MINUTE_MS + ms_of_minute;
    let is_whole = rest.0.is_empty();
    civil(year, month, day, ms_of_day)
        .filter(|_| is_whole)
        .and_then(|local_ms| in_range(local_ms - offset_ms))
}

/// What is still to be read.
struct Rest<'text>(&'text [u8]);

impl Rest<'_> {
    fn one_of(&mut self, bytes: &[u8]) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        bytes.contains(&first).then(|| {
            self.0 = rest;
            first
        })
    }

    fn digit(&mut self) -> Option<i64> {
        self.one_of(b"0123456789")
            .map(|byte| i64::from(byte - b'0'))
    }

    fn pair(&mut self, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let pair = self.digit()? * 10 + self.digit()?;
        range.contains(&pair).then_some(pair)
    }

    /// The milliseconds of a fraction of one or more digits.
    fn fraction_ms(&mut self) -> Option<i64> {
        let mut ms = self.digit()? * 100;
        ms += self.digit().unwrap_or(0) * 10;
        ms += self.digit().unwrap_or(0);
        while self.digit().is_some() {}
        Some(ms)
    }

    fn offset_ms(&mut self) -> Option<i64> {
        let sign = match self.one_of(b"Zz+-")? {
            b'+' => 1,
            b'-' => -1,
            _ => return Some(0),
        };
        let hours = self.pair(0..=23)?;
        self.one_of(b":")?;
        let minutes = self.pair(0..=59)?;
        Some(sign * (hours * HOUR_MS + minutes * MINUTE_MS))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2026-01-15T12:00:00Z
    const NOON: i64 = 1_768_478_400_000;

    fn check(text: &str, expected: Option<i64>) {
        assert_eq!(
            from_text(text.as_bytes()).map(EpochMs::ms),
            expected,
            "{text:?}"
        );
    }

    #[test]
    fn every_form_is_read() {
        for (text, ms) in [
            ("2026-01-15T12:00:00.000Z", NOON),
            ("2026-01-15T12:00:00Z", NOON),
            ("2026-01-15t12:00:00z", NOON),
            ("2026-01-15 12:00:00Z", NOON),
            ("2026-01-15T13:30:00+01:30", NOON),
            ("2026-01-14T12:01:00-23:59", NOON),
            ("2026-01-15T12:00:00-00:00", NOON),
            ("2026-01-15T12:00:00.5Z", NOON + 500),
            ("2026-01-15T12:00:00.12Z", NOON + 120),
            ("2026-01-15T12:00:00.1239999999999999999999Z", NOON + 123),
            ("2026-01-15T12:00:00.0019Z", NOON + 1),
            ("2024-02-29T00:00:00Z", 1_709_164_800_000),
            ("2000-02-29T00:00:00Z", 951_782_400_000),
            ("1970-01-01T00:00:00.000Z", 0),
            ("1969-12-31T23:00:00-01:00", 0),
            ("9999-12-31T23:59:59.999Z", EpochMs::MAX.ms()),
            ("9999-12-31T23:59:59.9999Z", EpochMs::MAX.ms()),
        ] {
            check(text, Some(ms));
        }
    }

    #[test]
    fn a_leap_second_is_the_last_millisecond_of_its_minute() {
        let last = 1_483_228_799_999;
        for text in [
            "2016-12-31T23:59:59.999Z",
            "2016-12-31T23:59:60Z",
            "2016-12-31T23:59:60.000Z",
            "2016-12-31T23:59:60.500Z",
            "2017-01-01T00:59:60+01:00",
        ] {
            check(text, Some(last));
        }
        check("2026-01-15T11:59:60Z", Some(NOON - 1));
        check("9999-12-31T23:59:60Z", Some(EpochMs::MAX.ms()));
        check("2016-12-31T23:59:61Z", None);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "now",
            "1768478400000",
            "2026-01-15",
            "2026-01-15T12:00:00",
            "2026-01-15T12:00:00.000",
            "2026-01-15T12:00Z",
            "2026-01-15T12:00:00.Z",
            "2026-01-15T12:00:00,5Z",
            "2026-01-15T12:00:00.5 Z",
            "2026-01-15_12:00:00Z",
            "2026-01-15  12:00:00Z",
            " 2026-01-15T12:00:00Z",
            "2026-01-15T12:00:00Z ",
            "2026-01-15T12:00:00ZZ",
            "2026-01-15T12:00:00+0100",
            "2026-01-15T12:00:00+01",
            "2026-01-15T12:00:00+24:00",
            "2026-01-15T12:00:00+01:60",
            "2026-01-15T12:00:00+01:00[Europe/Berlin]",
            "2026-1-15T12:00:00Z",
            "20260115T120000Z",
            "+002026-01-15T12:00:00Z",
            "2026-00-15T12:00:00.000Z",
            "2026-13-15T12:00:00.000Z",
            "2026-01-00T12:00:00.000Z",
            "2026-01-32T12:00:00.000Z",
            "2026-04-31T12:00:00.000Z",
            "2026-02-29T12:00:00.000Z",
            "2100-02-29T12:00:00.000Z",
            "2026-01-15T24:00:00.000Z",
            "2026-01-15T12:60:00.000Z",
            "2026-01-15T12:00:0x.000Z",
            "2026-01-15T12:00:00.0\u{e9}Z",
            "1969-12-31T23:59:59.999Z",
            "1970-01-01T00:00:00+00:01",
            "0000-01-01T00:00:00.000Z",
            "9999-12-31T23:59:59-00:01",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn integers_are_milliseconds_until_the_end_of_9999() {
        assert_eq!(from_integer(0), Some(EpochMs::from_ms(0)));
        assert_eq!(from_integer(253_402_300_799_999), Some(EpochMs::MAX));
        assert_eq!(from_integer(253_402_300_800_000), None);
        assert_eq!(from_integer(u64::MAX), None);
    }

    #[test]
    fn each_byte_of_the_usual_form_is_checked() {
        let text = *b"2026-01-15T12:00:00.000Z";
        for index in 0..text.len() {
            for byte in 0..=u8::MAX {
                let mut changed = text;
                changed[index] = byte;
                // What the fast way leaves to the other is no time at all, or of another form.
                let other_form =
                    matches!((index, byte), (10, b't' | b' ') | (17, b'6') | (23, b'z'));
                let expected = from_any_form(&changed).filter(|_| !other_form);
                assert_eq!(from_utc_millis(&changed), expected, "{changed:?}");
            }
        }
    }

    #[test]
    fn a_day_that_is_known_gives_the_same_times() {
        let mut day = Day::default();
        for text in [
            "2026-01-15T12:00:00.000Z",
            "2026-01-15T23:59:59.999Z",
            "2026-01-16T00:00:00.000Z",
            "2026-02-16T00:00:00.000Z",
            "2026-02-30T00:00:00.000Z",
            "2026-02-16T00:00:00.001Z",
            "2025-02-16T24:00:00.000Z",
            "2025-02-16T00:00:00.000Z",
            "1969-12-31T00:00:00.000Z",
            "1969-12-31T23:59:59.999Z",
            "2026-02-3xT00:00:00.000Z",
            "0000-00-00T00:00:00.000Z",
        ] {
            let expected = from_any_form(text.as_bytes());
            assert_eq!(
                day.utc_millis(text.as_bytes().try_into().unwrap()),
                expected,
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn printed_times_are_read_back(ms in 0..=EpochMs::MAX.ms()) {
            let text = EpochMs::from_ms(ms).to_string();
            prop_assert_eq!(from_utc_millis(text.as_bytes().try_into().unwrap()).map(EpochMs::ms), Some(ms));
            prop_assert_eq!(from_any_form(text.as_bytes()).map(EpochMs::ms), Some(ms));
        }

        #[test]
        fn any_form_agrees_with_jiff(
            // jiff ends a day before 9999 does.
            text in "(19[67][0-9]|[01][09][0-9]{2}|[2-8][0-9]{3})-[01][0-9]-[0-3][0-9][Tt ]\
                     [0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?\
                     (Z|z|[+-](0[0-9]|1[0-9]|2[0-3]):[0-5][0-9])",
        ) {
            let expected = text
                .parse::<jiff::Timestamp>()
                .ok()
                .filter(|time| *time >= jiff::Timestamp::UNIX_EPOCH)
                .map(jiff::Timestamp::as_millisecond);
            prop_assert_eq!(from_text(text.as_bytes()).map(EpochMs::ms), expected);
        }
    }
}
