//! The wall clock beside elapsed time: whether it stepped, runs ahead, or has fallen behind.
//!
//! Elapsed time is monotonic: nobody sets it. It stands while the machine sleeps, so a wall clock
//! that is right again after a night looks like one that ran ahead; what follows from that is decided
//! in `state`, not here.

use serde::Deserialize;
use serde::Serialize;

use crate::config::limits;
use crate::time::EpochMs;

/// Nanoseconds in a millisecond.
const MS_NS: u64 = 1_000_000;

/// What the wall clock did, as far as it was read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Wall {
    /// By how much wall and elapsed time may differ, in milliseconds.
    skew_ms: u64,
    latest: Option<Reading>,
    /// Elapsed time is counted from here: a reading of the last minute, so that the small difference
    /// between two clocks that both run well does not add up.
    anchor: Reading,
    /// Since when the wall clock has been behind the engine clock by more than the skew, and since when
    /// without another step.
    behind_since_ns: Option<(u64, u64)>,
}

/// Both clocks at one moment.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Reading {
    wall: EpochMs,
    mono_ns: u64,
}

/// What a reading says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Finding {
    /// By how much the wall clock stepped since the reading before, in milliseconds: 0 when it is a
    /// second or less.
    pub(super) step_ms: i64,
    /// When the reading before was, in monotonic nanoseconds.
    pub(super) before_ns: u64,
    /// Whether the wall clock has run ahead of elapsed time by more than the skew.
    pub(super) is_ahead: bool,
    /// How long the wall clock has been behind the engine clock by more than the skew, in
    /// milliseconds; `None` while it is not.
    pub(super) behind_ms: Option<u64>,
}

impl Wall {
    pub(super) fn new(skew_ms: u64) -> Self {
        Self {
            skew_ms,
            latest: None,
            anchor: Reading::default(),
            behind_since_ns: None,
        }
    }

    /// Takes a reading of both clocks; `engine` is the engine clock before it, once that is set.
    #[inline]
    pub(super) fn read(&mut self, wall: EpochMs, mono_ns: u64, engine: Option<EpochMs>) -> Finding {
        let reading = Reading { wall, mono_ns };
        let Some(latest) = self.latest.replace(reading) else {
            self.anchor = reading;
            return Finding::default();
        };
        let step_ms = reading.ahead_ms(latest);
        let is_ahead = reading.ahead_ms(self.anchor) > self.skew_ms.cast_signed();
        if is_ahead || mono_ns.saturating_sub(self.anchor.mono_ns) > limits::CLOCK_HOLD_MS * MS_NS {
            self.anchor = reading;
        }
        let is_behind = engine.is_some_and(|engine| engine.since(wall) > self.skew_ms);
        let is_step = step_ms.unsigned_abs() > limits::CLOCK_STEP_MS.unsigned_abs();
        let since_ns = is_behind.then_some(match self.behind_since_ns {
            Some((first_ns, _)) if is_step => (first_ns, mono_ns),
            Some(since_ns) => since_ns,
            None => (mono_ns, mono_ns),
        });
        self.behind_since_ns = since_ns;
        let behind_ms = since_ns.map(|(first_ns, latest_ns)| {
            // A clock that is set again and again is not waited for for ever.
            let patience_ns = 2 * limits::CLOCK_REBASE_MS * MS_NS;
            let first_ns = first_ns.saturating_add(patience_ns).min(latest_ns);
            mono_ns.saturating_sub(first_ns) / MS_NS
        });
        Finding {
            step_ms: if is_step { step_ms } else { 0 },
            before_ns: latest.mono_ns,
            is_ahead,
            behind_ms,
        }
    }

    pub(super) const fn skew_ms(&self) -> u64 {
        self.skew_ms
    }

    /// Another process reads both clocks from now on: what passed while none did is nobody's step.
    pub(super) fn begin_again(&mut self) {
        self.latest = None;
        self.behind_since_ns = None;
    }

    /// The engine clock was set to the latest reading: what was before it counts no more.
    pub(super) fn rebased(&mut self) {
        self.anchor = self.latest.unwrap_or(self.anchor);
        self.behind_since_ns = None;
    }
}

impl Reading {
    fn elapsed_ms(self, before: Self) -> i64 {
        let passed_ns = self.mono_ns.saturating_sub(before.mono_ns);
        i64::try_from(passed_ns / MS_NS).unwrap_or(i64::MAX)
    }

    /// How far the wall clock ran ahead of elapsed time since another reading; below 0 behind it.
    fn ahead_ms(self, before: Self) -> i64 {
        let by_wall = self.wall.ms().saturating_sub(before.wall.ms());
        by_wall.saturating_sub(self.elapsed_ms(before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads at wall and monotonic milliseconds, with the engine clock at the greatest wall so far.
    fn read_all(readings: &[(i64, u64)]) -> Vec<Finding> {
        let mut wall = Wall::new(5_000);
        let mut engine: Option<EpochMs> = None;
        let mut found = Vec::new();
        for (wall_ms, mono_ms) in readings {
            let now = EpochMs::from_ms(*wall_ms);
            found.push(wall.read(now, mono_ms * MS_NS, engine));
            engine = engine.max(Some(now));
        }
        found
    }

    fn last(readings: &[(i64, u64)]) -> Finding {
        read_all(readings).pop().unwrap()
    }

    #[test]
    fn a_step_is_more_than_a_second() {
        let check = |wall_ms, step_ms| {
            let found = last(&[(100_000, 0), (100_000 + wall_ms, 100)]);
            assert_eq!(found.step_ms, step_ms, "{wall_ms}");
        };
        check(100, 0);
        check(1_100, 0);
        check(1_101, 1_001);
        check(-900, 0);
        check(-901, -1_001);
        check(i64::MAX - 100_000, i64::MAX - 100_100);
    }

    #[test]
    fn ahead_is_more_than_the_skew_also_in_small_steps() {
        assert!(!last(&[(0, 0), (5_000, 0)]).is_ahead);
        assert!(last(&[(0, 0), (5_001, 0)]).is_ahead);
        assert!(last(&[(0, 0), (3_000, 0), (6_000, 0)]).is_ahead);
        // Reported once: from there on it is what elapsed time is counted from.
        assert!(!last(&[(0, 0), (9_000, 0), (9_100, 100)]).is_ahead);
        // A clock that is slewed, 500 ms in 1,000 s, for a day.
        let slewed: Vec<(i64, u64)> = (0..86_400)
            .map(|second: i64| (second * 1_000 + second / 2, second.cast_unsigned() * 1_000))
            .collect();
        let found = read_all(&slewed);
        assert!(
            found
                .iter()
                .all(|found| !found.is_ahead && found.step_ms == 0)
        );
    }

    #[test]
    fn behind_is_counted_from_its_first_reading_while_it_lasts() {
        let behind = |readings: &[(i64, u64)]| last(readings).behind_ms;
        assert_eq!(behind(&[(60_000, 0), (55_000, 0)]), None);
        assert_eq!(behind(&[(60_000, 0), (54_999, 0)]), Some(0));
        assert_eq!(
            behind(&[(60_000, 0), (50_000, 0), (53_000, 3_000)]),
            Some(3_000)
        );
        assert_eq!(
            behind(&[(60_000, 0), (50_000, 0), (60_000, 1), (50_000, 9_000)]),
            Some(0)
        );
        // Another step starts again, for a while.
        let stepping = |count: u64| -> Vec<(i64, u64)> {
            let step = |n: u64| (n.cast_signed() % 2 * 5_000, 3_000 * n);
            let steps = (0..count).map(step);
            [(60_000, 0)].into_iter().chain(steps).collect()
        };
        assert_eq!(behind(&stepping(4)), Some(0));
        assert_eq!(behind(&stepping(6)), Some(5_000));
    }
}
