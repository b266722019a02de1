//! Ranges of arguments: what is out of one is an error of its field that names both.

use std::ops::RangeInclusive;

use async_graphql::Error;
use async_graphql::ErrorExtensions;
use async_graphql::Result;

/// Checks an argument called `name`.
///
/// # Errors
/// When it is out of `range`; the text names the argument and the range.
pub(super) fn within(name: &str, value: i32, range: RangeInclusive<i32>) -> Result<usize> {
    let (least, most) = (*range.start(), *range.end());
    let inside = range.contains(&value).then(|| usize::try_from(value).ok());
    inside.flatten().ok_or_else(|| {
        bad_input(format!(
            "{name}: {value} is out of range; choose {least} to {most}"
        ))
    })
}

/// An error that the client can mend by other arguments.
pub(super) fn bad_input(message: String) -> Error {
    Error::new(message).extend_with(|_, extensions| extensions.set("code", "BAD_USER_INPUT"))
}

/// An argument for an estimate of costs: never below 0 or above what is allowed.
pub(super) fn bounded(value: i32, most: i32) -> usize {
    usize::try_from(value.min(most)).unwrap_or(0)
}
