//! The bell under a model checker: every order of its steps that the memory model allows.
//!
//! `src/ring/bell.rs` is compiled here against loom's atomics and threads. A wake-up that is lost shows
//! as a deadlock, because nothing rings twice and no park times out. Each part that the protocol hangs
//! on (either fence, the second look for work, the flag for shutdown) is taken out in turn, and loom has
//! to find the deadlock: a guard that could not fail would guard nothing.

use std::panic;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use loom::sync::atomic::AtomicBool;
use loom::sync::atomic::Ordering;
use loom::thread;

#[expect(
    unreachable_pub,
    reason = "public where it belongs, in the crate's own tree"
)]
#[path = "../src/ring/bell.rs"]
mod bell;

/// What takes the place of `src/ring/sync.rs`.
mod sync {
    use std::time::Duration;

    pub(super) use loom::sync::atomic::AtomicBool;
    pub(super) use loom::sync::atomic::Ordering;
    pub(super) use loom::thread::Thread;
    pub(super) use loom::thread::current;

    loom::thread_local! {
        /// Whether this thread goes without its fence.
        pub(super) static IS_WITHOUT_FENCE: std::cell::Cell<bool> = std::cell::Cell::new(false);
    }

    pub(super) fn fence(ordering: Ordering) {
        if !IS_WITHOUT_FENCE.with(std::cell::Cell::get) {
            loom::sync::atomic::fence(ordering);
        }
    }

    /// Never times out: nothing heals what was lost.
    pub(super) fn park_timeout(_: Duration) {
        loom::thread::park();
    }
}

/// What is taken out of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Without {
    Nothing,
    FenceOfRinger,
    FenceOfSleeper,
    SecondLook,
}

fn begin_thread(is_without_fence: bool) {
    sync::IS_WITHOUT_FENCE.with(|flag| flag.set(is_without_fence));
}

/// One offer by each of `producers`, each rung for once; the writer ends when it has seen them all.
fn offers(producers: usize, without: Without) {
    let bell = bell::Bell::new();
    let offered: Vec<_> = (0..producers)
        .map(|_| Arc::new(AtomicBool::new(false)))
        .collect();
    for offered in offered.iter().map(Arc::clone) {
        let bell = bell.clone();
        thread::spawn(move || {
            begin_thread(without == Without::FenceOfRinger);
            // As a ring takes a batch: no stronger than a queue promises.
            offered.store(true, Ordering::Release);
            bell.ring();
        });
    }
    begin_thread(without == Without::FenceOfSleeper);
    let sleeper = bell.sleeper();
    let mut taken = 0;
    while taken < producers {
        let is_offered = |offered: &Arc<AtomicBool>| offered.load(Ordering::Acquire);
        match offered.iter().filter(|offered| is_offered(offered)).count() {
            seen if seen > taken => taken = seen,
            seen => sleeper.park(Duration::ZERO, || {
                without != Without::SecondLook
                    && offered.iter().filter(|offered| is_offered(offered)).count() > seen
            }),
        }
    }
}

/// A stop while no work comes, as `Writer::run` sees it.
fn shutdown(without: Without) {
    let bell = bell::Bell::new();
    let stop = Arc::new(AtomicBool::new(false));
    {
        let (bell, stop) = (bell.clone(), Arc::clone(&stop));
        thread::spawn(move || {
            begin_thread(without == Without::FenceOfRinger);
            stop.store(true, Ordering::Release);
            match without {
                // Rung as for work, of which there is none to be seen.
                Without::SecondLook => bell.ring(),
                _ => bell.ring_always(),
            }
        });
    }
    begin_thread(without == Without::FenceOfSleeper);
    let sleeper = bell.sleeper();
    while !stop.load(Ordering::Acquire) {
        sleeper.park(Duration::ZERO, || false);
    }
}

/// Orders with more switches than this away from a thread that could go on are not run: faults need two.
const SWITCHES_MAX: usize = 3;

/// Whether some order of the steps never ends.
fn is_stuck(model: impl Fn() + Sync + Send + 'static) -> bool {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(SWITCHES_MAX);
    let run = AssertUnwindSafe(|| builder.check(model));
    let Err(found) = panic::catch_unwind(run) else {
        return false;
    };
    let text = found.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| found.downcast_ref::<&str>().copied());
    assert!(
        text.is_some_and(|text| text.starts_with("deadlock")),
        "loom found something else: {text:?}"
    );
    true
}

#[test]
fn no_wake_up_is_lost() {
    assert!(!is_stuck(|| offers(1, Without::Nothing)));
    assert!(!is_stuck(|| offers(2, Without::Nothing)));
    assert!(!is_stuck(|| shutdown(Without::Nothing)));
}

#[test]
fn each_part_of_the_bell_is_needed() {
    for without in [
        Without::FenceOfRinger,
        Without::FenceOfSleeper,
        Without::SecondLook,
    ] {
        assert!(is_stuck(move || offers(1, without)), "{without:?}");
        assert!(is_stuck(move || shutdown(without)), "shutdown: {without:?}");
    }
}
