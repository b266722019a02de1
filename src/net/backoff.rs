//! How long to wait before the next try: exponential backoff with full jitter.
//!
//! Source: Marc Brooker, "Exponential Backoff And Jitter": a random delay between nothing and the
//! bound spreads clients that were all cut off at the same moment better than any other scheme.

use std::time::Duration;

use rand::RngExt;
use rand::SeedableRng;
use rand::rngs::SmallRng;

/// A sequence of random delays whose upper bound doubles with every failure.
#[derive(Debug)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    /// Failures since the last reset: the bound is `min(cap, base × 2^failures)`.
    failures: u32,
    rng: SmallRng,
}

impl Backoff {
    /// Delays of at most `base` at first and never more than `cap`, from a random seed.
    pub fn new(base: Duration, cap: Duration) -> Self {
        // Without entropy the delays are still legal, only no longer spread over clients.
        Self::with_seed(base, cap, getrandom::u64().unwrap_or_default())
    }

    /// The same from a given seed, for tests.
    pub fn with_seed(base: Duration, cap: Duration, seed: u64) -> Self {
        Self {
            base,
            cap,
            failures: 0,
            rng: SmallRng::seed_from_u64(seed),
        }
    }

    /// Draws the delay before the next try and doubles the bound of the one after it.
    pub fn next_delay(&mut self) -> Duration {
        let bound = self.bound();
        self.failures = self.failures.saturating_add(1);
        self.between(Duration::ZERO, bound)
    }

    /// Doubles the bound without drawing: for failures that are worse than a broken line.
    pub fn skip(&mut self) {
        self.failures = self.failures.saturating_add(1);
    }

    /// Begins again at the base.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// A random length of time in `[least, most]`.
    pub fn between(&mut self, least: Duration, most: Duration) -> Duration {
        if most <= least {
            return least;
        }
        self.rng.random_range(least..=most)
    }

    fn bound(&self) -> Duration {
        let factor = 1_u32.checked_shl(self.failures).unwrap_or(u32::MAX);
        self.base.saturating_mul(factor).min(self.cap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: Duration = Duration::from_secs(1);
    const CAP: Duration = Duration::from_secs(30);

    #[test]
    fn the_bound_doubles_up_to_the_cap_and_starts_again_after_a_reset() {
        let mut backoff = Backoff::with_seed(BASE, CAP, 1);
        let mut bounds = Vec::new();
        for _ in 0..7 {
            bounds.push(backoff.bound().as_secs());
            backoff.next_delay();
        }
        assert_eq!(bounds, [1, 2, 4, 8, 16, 30, 30]);
        backoff.reset();
        assert_eq!(backoff.bound(), BASE);
        backoff.skip();
        assert_eq!(backoff.bound(), BASE * 2);
    }

    #[test]
    fn delays_are_spread_over_the_whole_bound() {
        let mut delays = Vec::new();
        for seed in 0..1_000 {
            delays.push(Backoff::with_seed(BASE, CAP, seed).next_delay());
        }
        assert!(delays.iter().all(|delay| *delay <= BASE));
        for tenth in 0..10_u32 {
            let range = BASE * tenth / 10..BASE * (tenth + 1) / 10;
            let count = delays.iter().filter(|delay| range.contains(*delay)).count();
            assert!((50..=150).contains(&count), "{count} delays in {range:?}");
        }
    }

    #[test]
    fn endless_failures_overflow_nothing() {
        let mut backoff = Backoff::with_seed(BASE, CAP, 1);
        backoff.failures = u32::MAX - 1;
        for _ in 0..4 {
            assert!(backoff.next_delay() <= CAP);
        }
    }
}
