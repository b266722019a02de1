//! The `Retry-After` header of an answer that says "not now".

use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::RETRY_AFTER;

use super::date::http_date;
use super::date::server_date;
use crate::time::EpochMs;

/// The longest wait a peer can ask for.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(15 * 60);
/// The shortest: a moment that has passed, or no wait at all, must not become a tight loop.
const RETRY_AFTER_MIN: Duration = Duration::from_secs(1);

/// How long the peer asks to wait: seconds or an HTTP date, held between one second and
/// [`RETRY_AFTER_MAX`]. A date counts from the answer's own `Date`, so that a difference between the
/// clocks changes nothing, and from `now` where the answer has none. `None` when the header is
/// missing or unreadable: back off as usual.
pub fn retry_after(headers: &HeaderMap, now: EpochMs) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are longer than the limit anyway.
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        let from = server_date(headers).unwrap_or(now);
        Duration::from_millis(http_date(text)?.since(from))
    };
    Some(wait.clamp(RETRY_AFTER_MIN, RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn every_form_has_one_meaning() {
        // Thu, 15 Jan 2026 12:00:00 GMT
        let now = EpochMs::from_ms(1_768_478_400_000);
        let check = |text: &str, expected: Option<u64>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_str(text).unwrap());
            let expected = expected.map(Duration::from_secs);
            assert_eq!(retry_after(&headers, now), expected, "{text}");
        };
        check("7", Some(7));
        check(" 7 ", Some(7));
        check("0", Some(1));
        check("1000000000000", Some(900));
        check("99999999999999999999999", Some(900));
        check("Thu, 15 Jan 2026 12:00:30 GMT", Some(30));
        check("Thu, 15 Jan 2026 11:00:00 GMT", Some(1));
        check("Fri, 31 Dec 9999 23:59:59 GMT", Some(900));
        check("", None);
        check("-1", None);
        check("1.5", None);
        check("soon", None);
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn a_date_counts_from_the_answers_own() {
        // By our clock all of it is an hour ago, or a year ahead.
        let now = EpochMs::from_ms(1_768_478_400_000);
        let check = |date: &'static str, after: &'static str, expected: u64| {
            let mut headers = HeaderMap::new();
            headers.insert(hyper::header::DATE, HeaderValue::from_static(date));
            headers.insert(RETRY_AFTER, HeaderValue::from_static(after));
            let wait = retry_after(&headers, now).map(|wait| wait.as_secs());
            assert_eq!(wait, Some(expected), "{date} {after}");
        };
        check(
            "Thu, 15 Jan 2026 11:00:00 GMT",
            "Thu, 15 Jan 2026 11:00:20 GMT",
            20,
        );
        check(
            "Fri, 15 Jan 2027 12:00:00 GMT",
            "Fri, 15 Jan 2027 12:01:00 GMT",
            60,
        );
        check(
            "Thu, 15 Jan 2026 13:00:00 GMT",
            "Thu, 15 Jan 2026 12:30:00 GMT",
            1,
        );
        // Without a date that can be read, our clock.
        check("yesterday", "Thu, 15 Jan 2026 12:00:07 GMT", 7);
    }
}
