//! The `Date` header: what time it is for the peer.

use std::time::SystemTime;

use hyper::HeaderMap;
use hyper::header::DATE;

use crate::time::EpochMs;

/// The moment of an answer by the peer's own clock, to the second. `None` when there is no `Date`,
/// several of them, or one that cannot be read.
pub fn server_date(headers: &HeaderMap) -> Option<EpochMs> {
    let mut dates = headers.get_all(DATE).iter();
    let (Some(date), None) = (dates.next(), dates.next()) else {
        return None;
    };
    http_date(date.to_str().ok()?)
}

/// A moment in one of the three forms that HTTP allows.
pub(super) fn http_date(text: &str) -> Option<EpochMs> {
    let at = httpdate::parse_http_date(text.trim()).ok()?;
    let since = at.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(EpochMs::from_ms(i64::try_from(since.as_millis()).ok()?))
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn a_date_is_read_in_every_form_and_never_guessed() {
        let check = |dates: &[&'static str], expected: Option<i64>| {
            let mut headers = HeaderMap::new();
            for date in dates {
                headers.append(DATE, HeaderValue::from_static(date));
            }
            let found = server_date(&headers).map(EpochMs::ms);
            assert_eq!(found, expected, "{dates:?}");
        };
        let noon = Some(1_768_478_400_000);
        check(&["Thu, 15 Jan 2026 12:00:00 GMT"], noon);
        check(&["Thursday, 15-Jan-26 12:00:00 GMT"], noon);
        check(&["Thu Jan 15 12:00:00 2026"], noon);
        check(&[], None);
        check(&["soon"], None);
        check(&["2026-01-15T12:00:00Z"], None);
        check(
            &[
                "Thu, 15 Jan 2026 12:00:00 GMT",
                "Thu, 15 Jan 2026 12:00:01 GMT",
            ],
            None,
        );
    }
}
