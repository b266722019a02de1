//! Points in time and the one clock. No other module reads the system's clocks.

use std::fmt;
use std::ops::{Add, Sub};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::de::Error;

/// Milliseconds in a second.
pub(crate) const SECOND_MS: i64 = 1_000;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct EpochMs(i64);

impl EpochMs {
    /// The greatest time that has an RFC 3339 form: 9999-12-31T23:59:59.999Z.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// A point in time from its milliseconds.
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// The milliseconds.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// The second since the epoch that holds it; times before 1970 are in negative ones.
    pub const fn second(self) -> i64 {
        self.0.div_euclid(SECOND_MS)
    }

    /// Milliseconds from `earlier` to here; 0 when `earlier` is later.
    pub const fn since(self, earlier: Self) -> u64 {
        if self.0 > earlier.0 {
            self.0.abs_diff(earlier.0)
        } else {
            0
        }
    }
}

impl Add<i64> for EpochMs {
    type Output = Self;
    fn add(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

impl Sub<i64> for EpochMs {
    type Output = Self;
    fn sub(self, ms: i64) -> Self {
        Self(self.0.saturating_sub(ms))
    }
}

/// Of bytes that nobody vouches for: a time so far away that sums with it could overflow is none.
impl<'de> Deserialize<'de> for EpochMs {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let ms = i64::deserialize(from)?;
        match ms == i64::MIN || ms.unsigned_abs() <= 2 * Self::MAX.0.unsigned_abs() {
            true => Ok(Self(ms)),
            false => Err(D::Error::custom("no time")),
        }
    }
}

/// RFC 3339 in UTC with milliseconds: `2026-01-15T12:00:00.000Z`.
impl fmt::Display for EpochMs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, ms) = (self.0.div_euclid(86_400_000), self.0.rem_euclid(86_400_000));
        let (year, month, day) = civil_from_days(days);
        let (hour, minute) = (ms / 3_600_000, ms / 60_000 % 60);
        let (second, milli) = (ms / 1_000 % 60, ms % 1_000);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z"
        )
    }
}

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar.
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
pub const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of a number of days since 1970-01-01.
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
pub const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

/// Microseconds by the machine's monotonic clock, as other processes of this machine read it. For
/// them only: what we measure ourselves, [`Clock`] tells.
pub fn monotonic_us() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let us = |part: i64, scale: u64| {
        u64::try_from(part)
            .unwrap_or_default()
            .saturating_mul(scale)
    };
    us(now.tv_sec, 1_000_000).saturating_add(us(now.tv_nsec, 1) / 1_000)
}

/// The process's clocks: wall time and a monotonic count, both replaceable by a test.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System { origin: Instant },
    Manual(Arc<Hands>),
}

#[derive(Debug)]
struct Hands {
    wall_ms: AtomicI64,
    mono_ns: AtomicU64,
}

impl Clock {
    /// The machine's own clocks. Monotonic time counts from this call, so share one per process.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the system's clocks"
    )]
    pub fn system() -> Self {
        Self(Source::System {
            origin: Instant::now(),
        })
    }

    /// A clock that stands at `wall` until its [`ManualClock`] is moved.
    pub fn manual(wall: EpochMs) -> (Self, ManualClock) {
        let hands = Arc::new(Hands {
            wall_ms: AtomicI64::new(wall.ms()),
            mono_ns: AtomicU64::new(0),
        });
        (Self(Source::Manual(Arc::clone(&hands))), ManualClock(hands))
    }

    /// Wall time. May step back when the machine's clock is set.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the system's clocks"
    )]
    pub fn wall(&self) -> EpochMs {
        match &self.0 {
            Source::System { .. } => {
                let since = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default();
                EpochMs(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            // Relaxed: a test's clock orders nothing.
            Source::Manual(hands) => EpochMs(hands.wall_ms.load(Ordering::Relaxed)),
        }
    }

    /// Nanoseconds since the clock was made; never goes back.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the system's clocks"
    )]
    pub fn mono_ns(&self) -> u64 {
        match &self.0 {
            Source::System { origin } => {
                u64::try_from(Instant::now().duration_since(*origin).as_nanos()).unwrap_or(u64::MAX)
            }
            // Relaxed: a test's clock orders nothing.
            Source::Manual(hands) => hands.mono_ns.load(Ordering::Relaxed),
        }
    }
}

/// Moves a [`Clock::manual`].
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Hands>);

impl ManualClock {
    /// Sets wall time, forwards or back; monotonic time stays.
    pub fn set_wall(&self, wall: EpochMs) {
        self.0.wall_ms.store(wall.ms(), Ordering::Relaxed);
    }

    /// Moves both clocks forward.
    pub fn advance_ms(&self, ms: u32) {
        self.0.wall_ms.fetch_add(i64::from(ms), Ordering::Relaxed);
        self.0
            .mono_ns
            .fetch_add(u64::from(ms) * 1_000_000, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_four_centuries_round_trips() {
        for days in -200_000..200_000 {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days);
        }
    }

    #[test]
    fn a_second_holds_its_thousand_milliseconds() {
        for (ms, second) in [(-1_001, -2), (-1, -1), (0, 0), (999, 0), (1_000, 1)] {
            assert_eq!(EpochMs::from_ms(ms).second(), second, "{ms}");
        }
    }

    #[test]
    fn displays_rfc3339() {
        let check = |ms: i64, text: &str| assert_eq!(EpochMs::from_ms(ms).to_string(), text);
        check(0, "1970-01-01T00:00:00.000Z");
        check(951_782_400_123, "2000-02-29T00:00:00.123Z");
        check(1_768_478_400_000, "2026-01-15T12:00:00.000Z");
        check(EpochMs::MAX.ms(), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn manual_clock_moves_only_by_hand() {
        let (clock, hand) = Clock::manual(EpochMs::from_ms(1_000));
        assert_eq!((clock.wall().ms(), clock.mono_ns()), (1_000, 0));
        hand.advance_ms(5);
        assert_eq!((clock.wall().ms(), clock.mono_ns()), (1_005, 5_000_000));
        hand.set_wall(EpochMs::from_ms(10));
        assert_eq!((clock.wall().ms(), clock.mono_ns()), (10, 5_000_000));
    }
}
