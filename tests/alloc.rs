//! What allocates nothing once it is warm. A binary of its own, since it replaces the allocator.
//!
//! Allocations are counted per thread, so tests may run side by side, and a stage that lives on a
//! thread of its own is measured by calling [`allocations`] on that thread.

use std::alloc::GlobalAlloc;
use std::alloc::Layout;
use std::alloc::System;
use std::cell::Cell;
use std::hint::black_box;

use streamgauge::event::IdKeys;
use streamgauge::parse::Parser;
use streamgauge::parse::Verdict;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counting every call that may hand out memory.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

fn count() {
    // A thread that is being torn down has no counter any more, and nobody who would read it.
    let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
}

#[expect(unsafe_code, reason = "counting allocations needs an allocator")]
// SAFETY: every call goes to `System` unchanged; the counter has no destructor and never allocates.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `GlobalAlloc::realloc`.
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::dealloc`.
        unsafe { System.dealloc(old, layout) }
    }
}

/// How often this thread asked for memory while `work` ran.
fn allocations(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

#[test]
fn the_counter_counts() {
    let found = allocations(|| drop(black_box(Box::new(1))));
    assert_eq!(found, 1);
    assert_eq!(allocations(|| {}), 0);
}

#[test]
fn parsing_allocates_nothing_once_warm() {
    let payload = |number: usize| {
        let kind = ["connected", "message", "disconnected", "typing"][number % 4];
        let id = if number.is_multiple_of(3) {
            format!("0123abcd-4567-89ef-8123-{number:012x}")
        } else {
            format!("guest \\u0023{number}")
        };
        // Refused messages are part of the traffic.
        let timestamp = if number.is_multiple_of(10) { "" } else { "Z" };
        format!(
            r#"{{"eventType":"webchat:{kind}","timestamp":"2026-01-15T12:00:00.000{timestamp}","data":{{"sessionId":"{id}","messageId":"m\n{number}"}},"metadata":{{"seq":{number}}}}}"#
        )
        .into_bytes()
    };
    let mut parser = Parser::new(IdKeys::FIXED);
    parser.parse(&mut payload(usize::MAX));

    let mut payloads: Vec<Vec<u8>> = (0..10_000).map(payload).collect();
    let mut events = 0;
    let found = allocations(|| {
        for payload in &mut payloads {
            events += u32::from(matches!(parser.parse(payload), Verdict::Event(_)));
        }
    });
    assert_eq!(found, 0);
    assert!(events > 5_000, "{events} of 10,000 were events");
}
