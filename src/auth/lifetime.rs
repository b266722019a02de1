//! How long a token lives, and when it is time for the next one.

use std::time::Duration;

use serde_json::Value;

/// What `expires_in` means when the answer does not have it.
const LIFETIME_DEFAULT: Duration = Duration::from_secs(300);
/// Longer lives are not believed, so that no clock arithmetic overflows and a revoked token is
/// noticed within two days at the latest.
const LIFETIME_MAX: Duration = Duration::from_secs(48 * 3_600);
/// How long ahead of its expiry a token is replaced.
const REFRESH_AHEAD: Duration = Duration::from_secs(120);
/// The least time between a token and its successor.
const REFRESH_MIN: Duration = Duration::from_secs(5);

/// How long a fetched token may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lifetime(Duration);

impl Lifetime {
    /// Reads `expires_in`: whole seconds as a number or a string of digits, at least 1. `None` when
    /// it is anything else.
    pub(super) fn from_json(expires_in: Option<&Value>) -> Option<Self> {
        let seconds = match expires_in {
            None => return Some(Self(LIFETIME_DEFAULT)),
            Some(Value::Number(number)) => number.as_u64()?,
            // Digits only: `parse` alone would take a plus sign too.
            Some(Value::String(text)) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse().ok()?
            }
            Some(_) => return None,
        };
        (seconds > 0).then(|| Self(Duration::from_secs(seconds).min(LIFETIME_MAX)))
    }

    /// How long it lives.
    pub(super) const fn total(self) -> Duration {
        self.0
    }

    /// How long no further token may be asked for, whatever happens to this one. Short lives must
    /// not become a tight loop, also where a peer refuses each of them; a token that lives longer and
    /// is refused is replaced at once.
    pub(super) fn pause(self) -> Duration {
        match self.0 <= REFRESH_MIN {
            true => REFRESH_MIN,
            false => Duration::ZERO,
        }
    }

    /// After how long it is replaced: 120 s ahead of the end; at half-life if it lives less than
    /// twice that, but not within 5 s; at the end, or 5 s after its beginning, if it lives shorter
    /// still.
    pub(super) fn refresh_after(self) -> Duration {
        if self.0 >= REFRESH_AHEAD * 2 {
            return self.0 - REFRESH_AHEAD;
        }
        (self.0 / 2).max(REFRESH_MIN)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_expires_in_has_one_fate() {
        let check = |value: Option<Value>, expected: Option<u64>| {
            let lifetime = Lifetime::from_json(value.as_ref()).map(|life| life.total().as_secs());
            assert_eq!(lifetime, expected, "{value:?}");
        };
        check(None, Some(300));
        check(Some(json!(3_600)), Some(3_600));
        check(Some(json!("3600")), Some(3_600));
        check(Some(json!(1)), Some(1));
        check(Some(json!(172_801)), Some(172_800));
        check(Some(json!(u64::MAX)), Some(172_800));
        check(Some(json!("18446744073709551615")), Some(172_800));
        check(Some(json!(0)), None);
        check(Some(json!("0")), None);
        check(Some(json!(-1)), None);
        check(Some(json!(3_600.5)), None);
        check(Some(json!(1e18)), None);
        check(Some(json!("1e3")), None);
        check(Some(json!("+3600")), None);
        check(Some(json!("99999999999999999999")), None);
        check(Some(json!("")), None);
        check(Some(json!(null)), None);
        check(Some(json!([3_600])), None);
    }

    #[test]
    fn the_refresh_comes_ahead_of_the_end() {
        let check = |total: u64, expected_ms: u128| {
            let after = Lifetime(Duration::from_secs(total)).refresh_after();
            assert_eq!(after.as_millis(), expected_ms, "{total}");
        };
        check(172_800, 172_680_000);
        check(3_600, 3_480_000);
        check(240, 120_000);
        check(239, 119_500);
        check(59, 29_500);
        check(9, 5_000);
        check(5, 5_000);
        check(3, 5_000);
        check(1, 5_000);
    }
}
