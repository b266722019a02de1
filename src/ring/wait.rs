//! How the writer waits when there is nothing to do, and how producers wake it.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::thread::{self, Thread};
use std::time::Duration;

use crossbeam::utils::Backoff;

use crate::config::WaitStrategy;

#[derive(Debug, Default)]
struct Shared {
    parked: AtomicBool,
    rung: AtomicBool,
    thread: OnceLock<Thread>,
}

/// Wakes the writer; every producer holds one.
#[derive(Clone, Debug, Default)]
pub struct Bell(Arc<Shared>);

impl Bell {
    /// A bell whose [`Waiter`] is made by [`Bell::waiter`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Wakes the waiter if it is parked; otherwise costs one fence and one load.
    pub fn ring(&self) {
        // SeqCst fence: pairs with the one in `Waiter::park`. The caller has pushed work before; the
        // waiter stores `parked`, then looks for work. Without a single order over both pairs each
        // could miss the other's write, and the waiter would sleep on work until its timeout.
        fence(Ordering::SeqCst);
        // Relaxed: ordered by the fence above.
        if self.0.parked.load(Ordering::Relaxed)
            && let Some(thread) = self.0.thread.get()
        {
            thread.unpark();
        }
    }

    /// Wakes the waiter although no ring holds work, for shutdown.
    pub fn ring_always(&self) {
        // Release: pairs with the Acquire in `Waiter::take_rung`; publishes what the caller did.
        self.0.rung.store(true, Ordering::Release);
        self.ring();
    }

    /// The waiting end, for the thread that calls it.
    pub fn waiter(&self, strategy: WaitStrategy) -> Waiter {
        // A second waiter on one bell would never be woken: the first one keeps the bell.
        let _ = self.0.thread.set(thread::current());
        Waiter {
            shared: Arc::clone(&self.0),
            strategy,
            backoff: Backoff::new(),
        }
    }
}

/// The writer's end of a [`Bell`].
#[derive(Debug)]
pub struct Waiter {
    shared: Arc<Shared>,
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
            WaitStrategy::Park => self.park(timeout, has_work),
        }
    }

    fn park(&mut self, timeout: Duration, has_work: impl FnOnce() -> bool) {
        // Relaxed: ordered by the fence below.
        self.shared.parked.store(true, Ordering::Relaxed);
        // SeqCst fence: pairs with the one in `Bell::ring`; see there.
        fence(Ordering::SeqCst);
        // Acquire: pairs with the Release in `ring_always`.
        if !has_work() && !self.shared.rung.swap(false, Ordering::Acquire) {
            thread::park_timeout(timeout);
        }
        // Relaxed: a late unpark only makes the next park return at once.
        self.shared.parked.store(false, Ordering::Relaxed);
    }
}
