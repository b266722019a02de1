//! How 64-bit numbers leave the process.

use async_graphql::InputValueError;
use async_graphql::InputValueResult;
use async_graphql::Scalar;
use async_graphql::ScalarType;
use async_graphql::Value;

/// A count: see the description below, which is what clients read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count(pub(super) u64);

/// A whole number from 0 to 18446744073709551615, written as a JSON number. `Int` would end at
/// 2147483647; readers that keep numbers as doubles are exact up to 9007199254740992.
#[Scalar]
impl ScalarType for Count {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::Number(number) => number
                .as_u64()
                .map(Self)
                .ok_or_else(|| InputValueError::custom("not a whole number of 64 bits")),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::from(self.0)
    }
}

/// A type in which a number of the table of metrics is shown.
pub(super) trait Number {
    /// A number, or what is shown while there is none.
    fn of(number: Option<f64>) -> Self;
}

impl Number for f64 {
    fn of(number: Option<f64>) -> Self {
        number.unwrap_or_default()
    }
}

impl Number for Option<f64> {
    fn of(number: Self) -> Self {
        number
    }
}

/// A count; the greatest `Int` where it no longer fits.
impl Number for i32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the cast stops at the greatest"
    )]
    fn of(number: Option<f64>) -> Self {
        number.unwrap_or_default() as Self
    }
}

/// A count; exact up to 2^53.
impl Number for Count {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts are whole and not below 0"
    )]
    fn of(number: Option<f64>) -> Self {
        Self(number.unwrap_or_default() as u64)
    }
}

/// Nanoseconds in milliseconds.
pub(super) fn ms_from_ns(ns: u64) -> f64 {
    float(ns) / 1e6
}

/// Milliseconds since the epoch; exact, as times stay far below 2^53.
#[expect(clippy::cast_precision_loss, reason = "times stay far below 2^53")]
pub(super) fn signed_float(ms: i64) -> f64 {
    ms as f64
}

/// A count or a time; exact up to 2^53.
#[expect(
    clippy::cast_precision_loss,
    reason = "the schema says where `Float` ends"
)]
pub(super) fn float(value: u64) -> f64 {
    value as f64
}

/// A count as `Int`: the greatest one where it no longer fits.
pub(super) fn saturating_int(count: u64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
