//! How a producer wakes the writer: the protocol alone, without strategies.
//!
//! `tests/loom.rs` compiles this very file against a model checker, which runs every order of its
//! steps, with and without each fence. So it names atomics and threads by way of `sync.rs` only.

use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use super::sync::AtomicBool;
use super::sync::Ordering;
use super::sync::Thread;
use super::sync::current;
use super::sync::fence;
use super::sync::park_timeout;

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
    /// A bell that somebody waits for by [`Bell::waiter`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Wakes the waiter if it is parked; otherwise costs one fence and one load.
    pub fn ring(&self) {
        // SeqCst fence: pairs with the one in `Sleeper::park`. The caller has pushed work before; the
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
        // Release: pairs with the Acquire in `Sleeper::park`; publishes what the caller did.
        self.0.rung.store(true, Ordering::Release);
        self.ring();
    }

    /// The sleeping end, for the thread that calls it.
    pub(super) fn sleeper(&self) -> Sleeper {
        // A second sleeper of one bell would never be woken: the first one keeps the bell.
        let _ = self.0.thread.set(current());
        Sleeper(Arc::clone(&self.0))
    }
}

/// The end of a [`Bell`] that sleeps.
#[derive(Debug)]
pub(super) struct Sleeper(Arc<Shared>);

impl Sleeper {
    /// Sleeps until the bell rings or `timeout` has passed; not at all if `has_work`, which is asked
    /// once more after the thread has announced that it parks, or if the bell was rung for shutdown.
    pub(super) fn park(&self, timeout: Duration, has_work: impl FnOnce() -> bool) {
        // Relaxed: ordered by the fence below.
        self.0.parked.store(true, Ordering::Relaxed);
        // SeqCst fence: pairs with the one in `Bell::ring`; see there.
        fence(Ordering::SeqCst);
        // Acquire: pairs with the Release in `ring_always`.
        if !has_work() && !self.0.rung.swap(false, Ordering::Acquire) {
            park_timeout(timeout);
        }
        // Relaxed: a late unpark only makes the next park return at once.
        self.0.parked.store(false, Ordering::Relaxed);
    }
}
