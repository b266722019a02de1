//! Lengths of time as the rows of the table write them.

use std::time::Duration;

pub(super) const HOUR: Duration = s(3_600);
pub(super) const DAY: Duration = s(86_400);

pub(super) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(super) const fn s(s: u64) -> Duration {
    Duration::from_secs(s)
}
