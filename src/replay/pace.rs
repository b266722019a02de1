//! A replay at a chosen speed: the step `at` is printed no earlier than a recording that began with
//! its first event would have reached it.

use std::time::Duration;

use crate::time::Clock;
use crate::time::EpochMs;

use super::settings::Speed;

/// Holds the printing of steps back.
#[derive(Debug)]
pub(super) struct Pace {
    speed: Speed,
    clock: Clock,
    first: EpochMs,
    begun_ns: u64,
}

impl Pace {
    pub(super) fn new(speed: Speed, clock: Clock) -> Self {
        Self {
            speed,
            begun_ns: clock.mono_ns(),
            clock,
            first: EpochMs::default(),
        }
    }

    /// The first event is read: time runs from here.
    pub(super) fn begin(&mut self, first: EpochMs) {
        self.first = first;
        self.begun_ns = self.clock.mono_ns();
    }

    /// Blocks until it is time for `at`.
    pub(super) fn wait_for(&self, at: EpochMs) {
        std::thread::sleep(self.remaining(at));
    }

    fn remaining(&self, at: EpochMs) -> Duration {
        let due = self.speed.real_time(at.since(self.first));
        let passed = Duration::from_nanos(self.clock.mono_ns().saturating_sub(self.begun_ns));
        due.saturating_sub(passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_waits_for_its_share_of_real_time() {
        let (clock, hand) = Clock::manual(EpochMs::default());
        let mut pace = Pace::new(Speed::new(10.0).unwrap(), clock);
        hand.advance_ms(500);
        pace.begin(EpochMs::from_ms(7_000));
        let remaining = |at| pace.remaining(EpochMs::from_ms(at)).as_millis();
        assert_eq!(remaining(8_000), 100);
        assert_eq!(remaining(17_000), 1_000);
        hand.advance_ms(100);
        assert_eq!(remaining(8_000), 0);
        assert_eq!(remaining(17_000), 900);
        assert_eq!(remaining(6_000), 0);
    }
}
