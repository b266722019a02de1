//! The settings of a replay, validated.

use std::time::Duration;

use crate::config::AggregateSettings;
use crate::config::ClockRule;
use crate::config::Dialect;
use crate::window::Width;
use crate::window::WindowError;

use super::report::Format;

/// How much faster than real time a replay runs: above 0, 1 is real time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed(f64);

impl Speed {
    /// A speed, if it is a number above 0.
    pub fn new(factor: f64) -> Option<Self> {
        (factor.is_finite() && factor > 0.0).then_some(Self(factor))
    }

    /// How long `event_ms` milliseconds of event time take; a year at the most, so that no clock
    /// overflows.
    pub(super) fn real_time(self, event_ms: u64) -> Duration {
        const YEAR: Duration = Duration::from_secs(366 * 86_400);
        let event_time = Duration::from_millis(event_ms).as_secs_f64();
        Duration::try_from_secs_f64(event_time / self.0).map_or(YEAR, |time| time.min(YEAR))
    }
}

/// What a replay does with its input. Times are in milliseconds of event time.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplaySettings {
    /// The main window alone, with the clock of a replay. Its lateness is also how long events are
    /// held back to be put in order.
    pub(super) aggregate: AggregateSettings,
    /// The distance of two steps; a whole multiple of the bucket width.
    pub(super) every_ms: i64,
    /// An event further ahead of the newest than this is `future`.
    pub(super) max_jump_ms: u64,
    /// How steps are printed.
    pub format: Format,
    /// How much faster than real time; `None` is as fast as it goes.
    pub speed: Option<Speed>,
    /// Whether the first malformed line ends the replay.
    pub strict: bool,
    /// Whether copies of messages are recognised.
    pub dedup: bool,
    /// What a line holds.
    pub dialect: Dialect,
}

/// Why settings of a replay are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// See [`WindowError`].
    #[error("--window: {0}")]
    Window(#[from] WindowError),
    /// A step has to fall on the edge of a bucket.
    #[error(
        "--every: {every_ms} ms is no whole multiple of the {width_ms} ms bucket; choose one, or another --bucket"
    )]
    Every {
        /// The step asked for, in milliseconds.
        every_ms: u64,
        /// The bucket width, in milliseconds.
        width_ms: u32,
    },
    /// Every retained bucket takes memory.
    #[error(
        "--lateness: window and lateness together span {buckets} buckets, more than {max}; choose less, or a wider --bucket"
    )]
    Retention {
        /// The buckets asked for.
        buckets: u64,
        /// The most there may be.
        max: u64,
    },
}

impl ReplaySettings {
    /// The default step.
    pub const EVERY_MS: u64 = 1_000;
    /// Buckets that may be retained: a day of the default width with as much lateness again.
    pub const RETAINED_BUCKETS_MAX: u64 = 2 * 864_000;

    /// A replay on buckets of `width` with one window of `window_ms`, a step every `every_ms`,
    /// events held back for `lateness_ms`, and jumps of at most `max_jump_ms`.
    ///
    /// # Errors
    /// When the window or the step is no whole multiple of the width, or too many buckets would
    /// have to be retained.
    pub fn new(
        width: Width,
        window_ms: u32,
        every_ms: u64,
        lateness_ms: u64,
        max_jump_ms: u64,
    ) -> Result<Self, SettingsError> {
        let mut aggregate = AggregateSettings::new(width, window_ms, &[])?;
        aggregate.lateness_ms = lateness_ms;
        aggregate.clock = ClockRule::Event { max_jump_ms };
        // Its steps print totals alone.
        aggregate.groups_max = 0;
        let width_ms = width.ms();
        let every = i64::try_from(every_ms).unwrap_or(0);
        if every <= 0 || every % i64::from(width_ms) != 0 {
            return Err(SettingsError::Every { every_ms, width_ms });
        }
        let buckets = aggregate.retained_buckets();
        if buckets > Self::RETAINED_BUCKETS_MAX {
            let max = Self::RETAINED_BUCKETS_MAX;
            return Err(SettingsError::Retention { buckets, max });
        }
        Ok(Self {
            aggregate,
            every_ms: every,
            max_jump_ms,
            format: Format::Ndjson,
            speed: None,
            strict: false,
            dedup: true,
            dialect: Dialect::default(),
        })
    }

    /// What the numbers mean in this replay.
    pub fn aggregate(&self) -> &AggregateSettings {
        &self.aggregate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_fall_on_bucket_edges() {
        let check = |every_ms, lateness_ms, is_ok| {
            let settings = ReplaySettings::new(Width::DEFAULT, 60_000, every_ms, lateness_ms, 0);
            assert_eq!(settings.is_ok(), is_ok, "{settings:?}");
        };
        check(1_000, 0, true);
        check(100, 0, true);
        check(150, 0, false);
        check(0, 0, false);
        check(u64::MAX, 0, false);
        check(1_000, 86_400_000, true);
        check(1_000, 3 * 86_400_000, false);
    }

    #[test]
    fn a_speed_is_a_number_above_zero() {
        assert!(Speed::new(0.5).is_some());
        for factor in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Speed::new(factor), None);
        }
        let crawl = Speed::new(1e-300).unwrap().real_time(1_000);
        assert_eq!(crawl, Duration::from_secs(366 * 86_400));
    }
}
