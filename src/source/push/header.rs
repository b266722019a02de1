//! Headers that decide something: they stand once or not at all.

use hyper::HeaderMap;
use hyper::header::HeaderName;
use hyper::header::HeaderValue;

/// The value of a header that stands once.
pub(super) fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => Some(value),
        _ => None,
    }
}
