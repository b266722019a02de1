//! Windows and buckets: the grid on which event time is kept.
//!
//! A *window* is a span that a query asks for. A *bucket* is the stored unit `[start, end)` and
//! *width* its length. The window of length `W` covers the buckets whose start is in `(c − W, c]`,
//! where `c` is the start of the bucket that holds the clock.

use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::de::Error;

use crate::time::EpochMs;

/// A bucket's number since the epoch: it covers `[index × width, (index + 1) × width)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct BucketIndex(pub i64);

/// Of bytes that nobody vouches for: a bucket is no further away than a time can be.
impl<'de> Deserialize<'de> for BucketIndex {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let index = i64::deserialize(from)?;
        match index.unsigned_abs() <= 2 * EpochMs::MAX.ms().unsigned_abs() {
            true => Ok(Self(index)),
            false => Err(D::Error::custom("no bucket")),
        }
    }
}

/// A bucket's length in milliseconds: it divides one second or is a multiple of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Width(u32);

impl Width {
    /// The default: 100 ms.
    pub const DEFAULT: Self = Self(100);

    /// The greatest width: one hour.
    pub const MAX_MS: u32 = 3_600_000;

    /// A width of `ms` milliseconds.
    ///
    /// # Errors
    /// When it neither divides one second nor is a multiple of it, or is over an hour.
    pub const fn from_ms(ms: u32) -> Result<Self, WindowError> {
        let fits = ms > 0 && ms <= Self::MAX_MS && (1_000 % ms == 0 || ms.is_multiple_of(1_000));
        if fits {
            Ok(Self(ms))
        } else {
            Err(WindowError::Width { ms })
        }
    }

    /// The length in milliseconds.
    pub const fn ms(self) -> u32 {
        self.0
    }

    /// The bucket that holds `time`.
    pub const fn bucket_of(self, time: EpochMs) -> BucketIndex {
        BucketIndex(time.ms().div_euclid(self.0 as i64))
    }

    /// The first millisecond of a bucket.
    pub const fn start_of(self, bucket: BucketIndex) -> EpochMs {
        EpochMs::from_ms(bucket.0 * self.0 as i64)
    }

    /// How many whole buckets it takes to hold `ms`.
    pub const fn buckets_in(self, ms: u64) -> u64 {
        ms.div_ceil(self.0 as u64)
    }
}

/// The length of a window: a whole multiple of the bucket width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WindowLength {
    /// Length in milliseconds.
    ms: u32,
    /// Length in buckets: `ms / width`, at least 1.
    buckets: u32,
}

impl WindowLength {
    /// The greatest window: one day.
    pub const MAX_MS: u32 = 86_400_000;

    /// A window of `ms` milliseconds on buckets of `width`.
    ///
    /// # Errors
    /// When it is empty, over a day, or no whole multiple of the width.
    pub const fn new(ms: u32, width: Width) -> Result<Self, WindowError> {
        if ms == 0 || ms > Self::MAX_MS || !ms.is_multiple_of(width.0) {
            return Err(WindowError::Length {
                ms,
                width_ms: width.0,
            });
        }
        Ok(Self {
            ms,
            buckets: ms / width.0,
        })
    }

    /// Length in milliseconds.
    pub const fn ms(self) -> u32 {
        self.ms
    }

    /// Length in buckets.
    pub const fn buckets(self) -> u32 {
        self.buckets
    }

    /// The oldest bucket the window covers when the clock is in `current`.
    pub const fn first_bucket(self, current: BucketIndex) -> BucketIndex {
        BucketIndex(current.0 - self.buckets as i64 + 1)
    }
}

/// How a window lies on the grid of event time. The one definition, for the total and for groups: counts
/// are taken over *cells*, percentiles over *panes*, which are coarser.
///
/// - The counts cover the cells whose start is in `(c − W, c]`, where `c` is the start of the cell that
///   holds the clock. A cell of the total is a bucket; one of groups may be wider.
/// - A pane is a sixtieth of the window, rounded up to whole buckets. The percentiles cover the pane that
///   holds the clock and as many before it as make up no more than the window, so their older edge is
///   never outside of the window, and mostly less than a pane inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    length_ms: i64,
    cell_ms: i64,
    pane_ms: i64,
}

impl Span {
    /// A window of `length_ms` whose counts lie in cells of `cell_ms`, a whole multiple of the width.
    pub const fn new(length_ms: u32, cell_ms: i64, width: Width) -> Self {
        let (length_ms, width_ms) = (length_ms as i64, width.0 as i64);
        Self {
            length_ms,
            cell_ms,
            pane_ms: ceiling(length_ms, 60 * width_ms) * width_ms,
        }
    }

    /// One of the total's: a cell is a bucket.
    pub const fn of(length: WindowLength, width: Width) -> Self {
        Self::new(length.ms, width.0 as i64, width)
    }

    /// How many cells the counts cover.
    pub const fn cells(self) -> i64 {
        ceiling(self.length_ms, self.cell_ms)
    }

    /// The first millisecond that the counts cover when the clock stands at `now`.
    pub const fn start(self, now: EpochMs) -> EpochMs {
        let current = now.ms().div_euclid(self.cell_ms);
        EpochMs::from_ms((current - self.cells() + 1) * self.cell_ms)
    }

    /// The width of a pane, in milliseconds.
    pub const fn pane_ms(self) -> i64 {
        self.pane_ms
    }

    /// How many panes the percentiles cover.
    pub const fn panes(self) -> i64 {
        let whole = self.length_ms / self.pane_ms;
        if whole > 0 { whole } else { 1 }
    }

    /// The number of the pane that holds a time.
    pub const fn pane_of(self, time: EpochMs) -> i64 {
        time.ms().div_euclid(self.pane_ms)
    }
}

/// How many of `unit` it takes to hold `length`.
const fn ceiling(length: i64, unit: i64) -> i64 {
    (length + unit - 1) / unit
}

/// Why a width or a window is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowError {
    /// The bucket width does not fit the second. Choose a divisor or a multiple of 1000 ms.
    Width {
        /// The width asked for.
        ms: u32,
    },
    /// The window is no whole multiple of the width. Choose one that is.
    Length {
        /// The window asked for.
        ms: u32,
        /// The bucket width.
        width_ms: u32,
    },
}

impl std::error::Error for WindowError {}

impl fmt::Display for WindowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Width { ms } => write!(
                f,
                "a bucket of {ms} ms neither divides one second nor is a multiple of it (up to {} ms)",
                Width::MAX_MS
            ),
            Self::Length { ms, width_ms } => write!(
                f,
                "a window of {ms} ms is no whole multiple of the {width_ms} ms bucket between {width_ms} and {} ms",
                WindowLength::MAX_MS
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_fit_the_second() {
        for ms in [1, 2, 4, 5, 8, 10, 100, 125, 500, 1_000, 2_000, 60_000] {
            assert!(Width::from_ms(ms).is_ok(), "{ms}");
        }
        for ms in [0, 3, 7, 300, 1_500, 3_601_000] {
            assert_eq!(Width::from_ms(ms), Err(WindowError::Width { ms }));
        }
    }

    #[test]
    fn buckets_are_half_open() {
        let width = Width::DEFAULT;
        let bucket = width.bucket_of(EpochMs::from_ms(1_099));
        assert_eq!(bucket, BucketIndex(10));
        assert_eq!(width.bucket_of(EpochMs::from_ms(1_100)), BucketIndex(11));
        assert_eq!(width.start_of(bucket), EpochMs::from_ms(1_000));
        assert_eq!(width.bucket_of(EpochMs::from_ms(-1)), BucketIndex(-1));
    }

    #[test]
    fn a_window_covers_its_length_in_buckets() {
        let window = WindowLength::new(60_000, Width::DEFAULT).unwrap();
        assert_eq!(window.buckets(), 600);
        assert_eq!(window.first_bucket(BucketIndex(1_000)), BucketIndex(401));
        assert!(WindowLength::new(60_050, Width::DEFAULT).is_err());
        assert!(WindowLength::new(0, Width::DEFAULT).is_err());
    }

    /// Every time that the counts or the percentiles cover lies in the window, whatever the clock.
    #[test]
    fn nothing_outside_of_the_window_is_covered() {
        for (length_ms, cell_ms, width_ms) in [
            (60_000, 100, 100),
            (3_600_000, 10_000, 100),
            (3_600_000, 18_000, 9_000),
            (3_600_000, 9_000, 9_000),
            (6_100, 100, 100),
            (100, 100, 100),
            (10_000, 60_000, 60_000),
        ] {
            let width = Width::from_ms(width_ms).unwrap();
            let span = Span::new(length_ms, cell_ms, width);
            assert_eq!(span.pane_ms() % i64::from(width_ms), 0);
            assert!(span.panes() <= 60);
            for now in (0..20_000_000).step_by(7_919).map(EpochMs::from_ms) {
                let oldest = (span.pane_of(now) - span.panes() + 1) * span.pane_ms();
                let longest = i64::from(length_ms).max(i64::from(width_ms));
                assert!(oldest > now.ms() - longest, "{span:?} at {now:?}");
                let start = span.start(now).ms();
                assert!(
                    start > now.ms() - longest.max(cell_ms) - cell_ms,
                    "{span:?}"
                );
                assert_eq!(start % cell_ms, 0);
            }
        }
    }

    #[test]
    fn panes_are_a_sixtieth_in_whole_buckets() {
        let of = |length_ms, width_ms| {
            let width = Width::from_ms(width_ms).unwrap();
            let span = Span::of(WindowLength::new(length_ms, width).unwrap(), width);
            (span.pane_ms(), span.panes())
        };
        assert_eq!(of(60_000, 100), (1_000, 60));
        assert_eq!(of(10_000, 100), (200, 50));
        assert_eq!(of(3_600_000, 9_000), (63_000, 57));
        assert_eq!(of(6_100, 100), (200, 30));
        assert_eq!(of(100, 100), (100, 1));
    }
}
