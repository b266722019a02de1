//! The engine clock: what happens as it moves on.

use super::State;
use crate::aggregate::sessions::Lapse;
use crate::aggregate::sessions::Phase;
use crate::aggregate::timeline::end_of;
use crate::config::ClockRule;
use crate::time::EpochMs;

/// Milliseconds in the wheel's minutes.
const MINUTE_MS: i64 = 60_000;

impl State {
    /// Moves the clock forward, by way of the last millisecond of every second that passes: what is
    /// published by the second is how things stand there.
    pub(super) fn move_clock(&mut self, to: EpochMs) {
        let to = to.clamp(EpochMs::from_ms(0), EpochMs::MAX);
        if self.now.is_some_and(|now| to <= now) {
            return;
        }
        if self.now.is_some() {
            for second in self.live.passing(to) {
                self.step_clock(end_of(second), true);
                let (open, awaiting) = self.standing();
                self.live.pass_second(open, awaiting);
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

    /// Moves the clock to a time that is not before it. What expires is taken out before anything new
    /// is put in; while the clock may yet be set back nothing does.
    fn step_clock(&mut self, to: EpochMs, is_passing: bool) {
        let is_first = self.now.is_none();
        if self.now == Some(to) {
            return;
        }
        self.now = Some(to);
        if is_first {
            self.awaiting.begin(to);
            if let Some(longest) = &mut self.longest {
                longest.begin(to);
            }
        }
        let is_new_bucket = self.live.step(to, is_first, is_passing, &self.coverage);
        if is_new_bucket {
            self.step_desk(to);
        }
        if let (ClockRule::Event { .. }, Some(groups)) =
            (self.settings.clock, &mut self.live.groups)
        {
            // Event time does not wait for the work.
            groups.work(usize::MAX);
        }
        if self.hold.is_none() {
            self.expire(to, is_first || is_new_bucket, is_first);
        } else if is_new_bucket {
            self.dedup.advance(self.live.buckets.oldest());
        }
    }

    /// Takes out what has had its time.
    pub(super) fn expire(&mut self, now: EpochMs, is_new_bucket: bool, is_first: bool) {
        if is_new_bucket {
            self.dedup.advance(self.live.buckets.oldest());
            let bucket = self.live.buckets.current();
            while let Some(slot) = self.sessions.next_expired(bucket) {
                self.counters.orphans += u64::from(self.sessions.row(slot).phase == Phase::Pending);
                self.sessions.remove(slot);
            }
        }
        if is_first || now >= self.minute_end {
            self.set_minute(now);
            while let Some((slot, lapse)) = self.sessions.next_lapsed(self.minute, self.loss_epoch)
            {
                match lapse {
                    Lapse::Idle => self.counters.evicted_idle += 1,
                    Lapse::Uncertain => self.counters.evicted_uncertain += 1,
                }
                self.evict_open(slot);
            }
        }
    }

    /// How many sessions are open now, and of how many the guest waits for a reply.
    pub(super) fn standing(&self) -> (u64, u64) {
        (self.sessions.open_count() as u64, self.awaiting.count())
    }

    pub(super) fn set_minute(&mut self, now: EpochMs) {
        self.minute = minute_of(now);
        self.minute_end = minute_end(now);
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
