//! The engine clock: what an event's time means, and what happens as the clock moves on.

use super::Placed;
use super::State;
use crate::aggregate::sessions::Phase;
use crate::config::ClockRule;
use crate::snapshot::TOTAL_SECONDS;
use crate::time::EpochMs;
use crate::time::SECOND_MS;
use crate::window::BucketIndex;

/// Milliseconds in the wheel's minutes.
const MINUTE_MS: i64 = 60_000;

impl State {
    pub(super) fn is_future(&self, time: EpochMs) -> bool {
        let Some(now) = self.now else { return false };
        let allowed_ms = match self.settings.clock {
            ClockRule::Wall { skew_ms } => skew_ms,
            ClockRule::Event { max_jump_ms } => max_jump_ms,
        };
        time.since(now) > allowed_ms
    }

    pub(super) fn place(&self, time: EpochMs, bucket: BucketIndex) -> Placed {
        let ahead_ms = self.now.map_or(0, |now| time.since(now));
        if ahead_ms == 0 {
            return Placed {
                booked: bucket,
                time,
                ahead_ms: 0,
            };
        }
        let ahead_ms = u32::try_from(ahead_ms).unwrap_or(u32::MAX);
        Placed {
            booked: self.buckets.current(),
            time: self.clock(),
            ahead_ms,
        }
    }

    /// The engine clock, once it is set.
    pub(super) fn clock(&self) -> EpochMs {
        self.now.unwrap_or(self.started)
    }

    /// Moves the clock forward, by way of the last millisecond of every second that passes: what is
    /// published by the second is how things stand there.
    pub(super) fn move_clock(&mut self, to: EpochMs) {
        if self.now.is_some_and(|now| to <= now) {
            return;
        }
        if let (Some(now), Some(groups)) = (self.now, &mut self.groups) {
            let last = to.second();
            let first = now.second().max(last - TOTAL_SECONDS as i64);
            if first > now.second() {
                groups.skip_seconds(first);
            }
            for second in first..last {
                self.step_clock(EpochMs::from_ms((second + 1) * SECOND_MS - 1), true);
                self.pass_second();
            }
        }
        let is_second = self.now.map(EpochMs::second) != Some(to.second());
        self.step_clock(to, false);
        if let Some(longest) = &mut self.longest
            && is_second
        {
            longest.begin_round(to);
        }
    }

    fn pass_second(&mut self) {
        let open = self.sessions.open_count() as u64;
        let active = self.buckets.window(self.settings.main_window()).active;
        if let Some(groups) = &mut self.groups {
            // The main window stands first.
            groups.pass_second(open, active, self.durations[0].quantiles());
        }
    }

    /// Moves the clock to a time that is not before it. What expires is taken out before anything new
    /// is put in. A clock that only passes by makes no cut of groups in which nothing happened.
    fn step_clock(&mut self, to: EpochMs, is_passing: bool) {
        let previous = self.now;
        if previous == Some(to) {
            return;
        }
        self.now = Some(to);
        if previous.is_none()
            && let Some(groups) = &mut self.groups
        {
            groups.begin(to);
            if let Some(longest) = &mut self.longest {
                longest.begin(to);
            }
        }
        if let Some(groups) = &mut self.groups
            && (previous.is_none() || groups.is_past_tick(to))
            && !(is_passing && groups.pass_tick(to))
        {
            let coverage = &self.coverage;
            groups.begin_tick(to, |start, length_ms| coverage.covered_ms(start, length_ms));
            if let ClockRule::Event { .. } = self.settings.clock {
                // Event time does not wait for the work.
                groups.work(usize::MAX);
            }
        }
        let bucket = self.buckets.bucket_of(to);
        if previous.is_none() || bucket != self.buckets.current() {
            self.buckets.advance(bucket);
            for durations in &mut self.durations {
                durations.advance(bucket);
            }
            self.dedup.advance(self.buckets.oldest());
            while let Some(slot) = self.sessions.next_expired(bucket) {
                self.counters.orphans += u64::from(self.sessions.row(slot).phase == Phase::Pending);
                self.sessions.remove(slot);
            }
        }
        if previous.is_none() || to >= self.minute_end {
            self.minute = minute_of(to);
            self.minute_end = minute_end(to);
            while let Some(slot) = self.sessions.next_idle(self.minute) {
                self.counters.evicted_idle += 1;
                self.evict_open(slot);
            }
        }
    }
}

/// The minute since the epoch that holds a time.
pub(super) fn minute_of(time: EpochMs) -> u32 {
    u32::try_from(time.ms().div_euclid(MINUTE_MS)).unwrap_or(0)
}

/// The first millisecond after the minute that holds a time.
pub(super) fn minute_end(time: EpochMs) -> EpochMs {
    time + (MINUTE_MS - time.ms().rem_euclid(MINUTE_MS))
}
