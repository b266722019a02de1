//! Time in which this task could have run.
//!
//! A process that was stopped, a container that was paused and a runtime that was blocked have not
//! been waiting for the peer, so that time is no silence of its. A clock that is looked at often sees
//! it: where much more than a look has passed since the look before, nobody was there to look.
//! (While a machine sleeps, its monotonic clock does not even count.)

use std::pin::pin;
use std::time::Duration;

use tokio::time::Instant;
use tokio::time::timeout_at;

/// The longest look: it distinguishes a second of sleep from a second of waiting.
const LOOK_MAX: Duration = Duration::from_secs(1);
/// Looks until a deadline, at least.
const LOOKS_MIN: u32 = 4;

/// A clock that stands still while its task cannot run. Look at it at [`AwakeClock::alarm`], at the
/// latest.
#[derive(Debug)]
pub(in crate::source) struct AwakeClock {
    /// How long a look is.
    look: Duration,
    looked_at: Instant,
    /// Time awake until then.
    awake: Duration,
    /// Whether the look before took much too long. It counts nothing then, but never twice in a row:
    /// on a machine without time to spare the clock goes at half its speed, and still goes.
    was_away: bool,
}

impl AwakeClock {
    /// A clock for deadlines of this length or longer.
    pub(in crate::source) fn new(deadline: Duration) -> Self {
        Self {
            look: (deadline / LOOKS_MIN).min(LOOK_MAX),
            looked_at: Instant::now(),
            awake: Duration::ZERO,
            was_away: false,
        }
    }

    /// Time awake since the clock was made.
    pub(in crate::source) fn look(&mut self) -> Duration {
        let now = Instant::now();
        let passed = now.saturating_duration_since(self.looked_at);
        self.looked_at = now;
        let is_away = passed > self.look + self.look / 4;
        if !is_away || self.was_away {
            self.awake += passed.min(self.look);
        }
        self.was_away = is_away && !self.was_away;
        self.awake
    }

    /// Time awake as of the latest look.
    pub(in crate::source) const fn awake(&self) -> Duration {
        self.awake
    }

    /// The moment of the latest look.
    pub(in crate::source) const fn looked_at(&self) -> Instant {
        self.looked_at
    }

    /// When to look next, if `due` is when something has to be done.
    pub(in crate::source) fn alarm(&self, due: Duration) -> Instant {
        self.looked_at + due.saturating_sub(self.awake).min(self.look)
    }
}

/// Runs `work` for at most `limit` of time awake; `None` when it was not done by then.
pub(in crate::source) async fn within<F: Future>(limit: Duration, work: F) -> Option<F::Output> {
    let mut clock = AwakeClock::new(limit);
    let mut work = pin!(work);
    loop {
        if let Ok(done) = timeout_at(clock.alarm(limit), work.as_mut()).await {
            return Some(done);
        }
        if clock.look() >= limit {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;
    use tokio::time::sleep;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn time_away_is_not_counted() {
        let mut clock = AwakeClock::new(SECOND * 40);
        advance(SECOND).await;
        assert_eq!(clock.look(), SECOND);
        advance(SECOND * 3_600).await;
        assert_eq!(clock.look(), SECOND);
        assert_eq!(clock.alarm(SECOND * 40), Instant::now() + SECOND);
        assert_eq!(clock.alarm(SECOND * 3 / 2), Instant::now() + SECOND / 2);
        assert_eq!(clock.alarm(SECOND), Instant::now());
        advance(SECOND).await;
        assert_eq!(clock.look(), SECOND * 2);
    }

    #[tokio::test(start_paused = true)]
    async fn on_a_slow_machine_the_clock_goes_on() {
        let mut clock = AwakeClock::new(SECOND * 40);
        for _ in 0..10 {
            advance(SECOND * 2).await;
            clock.look();
        }
        assert_eq!(clock.look(), SECOND * 5);
    }

    #[tokio::test(start_paused = true)]
    async fn work_is_cut_after_its_limit_awake() {
        assert_eq!(within(SECOND, async { 7 }).await, Some(7));
        assert_eq!(within(SECOND * 3, sleep(SECOND * 2)).await, Some(()));
        let begun = Instant::now();
        assert_eq!(within(SECOND * 3, sleep(SECOND * 4)).await, None);
        assert_eq!(begun.elapsed(), SECOND * 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_in_the_middle_of_work_is_not_held_against_it() {
        let begun = Instant::now();
        // What blocks the task stops the clock for everybody on this thread.
        let blocked = async {
            advance(SECOND * 60).await;
            sleep(SECOND).await;
        };
        assert_eq!(within(SECOND * 3, blocked).await, Some(()));
        assert!(begun.elapsed() >= SECOND * 61);
    }
}
