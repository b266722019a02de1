//! How the writer waits when there is nothing to do.

use std::thread;
use std::time::Duration;

use crossbeam::utils::Backoff;

use super::bell::Bell;
use super::bell::Sleeper;
use crate::config::WaitStrategy;

impl Bell {
    /// The waiting end, for the thread that calls it.
    pub fn waiter(&self, strategy: WaitStrategy) -> Waiter {
        Waiter {
            sleeper: self.sleeper(),
            strategy,
            backoff: Backoff::new(),
        }
    }
}

/// The writer's end of a [`Bell`].
#[derive(Debug)]
pub struct Waiter {
    sleeper: Sleeper,
    strategy: WaitStrategy,
    backoff: Backoff,
}

impl Waiter {
    /// Tells that the last look found work: the next wait begins with short pauses again.
    pub fn found_work(&mut self) {
        self.backoff.reset();
    }

    /// Waits a moment after a look that found nothing; at most until `timeout` has passed.
    /// `has_work` is asked once more after the thread has announced that it parks.
    pub fn wait(&mut self, timeout: Duration, has_work: impl FnOnce() -> bool) {
        match self.strategy {
            WaitStrategy::Spin => std::hint::spin_loop(),
            WaitStrategy::Yield => thread::yield_now(),
            WaitStrategy::Park if !self.backoff.is_completed() => self.backoff.snooze(),
            WaitStrategy::Park => self.sleeper.park(timeout, has_work),
        }
    }
}
