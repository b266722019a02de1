//! What one thread waking another costs here, a baseline for the latency of `streamgauge load`: one
//! sleeps until its next step of a fixed plan and unparks the other, which says when it is awake.
//!
//! ```text
//! cargo run --release --example park_ping -- [STEPS_PER_SECOND] [SECONDS]
//! ```
//!
//! Default: 1,000 steps, those of a load, for 5 seconds. Prints quantiles in milliseconds, from the due
//! time (the sleep's own lateness included) and from the unpark.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement ends at its first surprise, and prints its figures"
)]

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use streamgauge::latency::Histogram;
use streamgauge::time::Clock;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let per_s: u64 = arguments.next().map_or(1_000, |text| text.parse().unwrap());
    let seconds: u64 = arguments.next().map_or(5, |text| text.parse().unwrap());
    let steps = per_s * seconds;
    let clock = Clock::system();
    // The number of the newest step, from 1, and when it was rung.
    let rung = Arc::new((AtomicU64::new(0), AtomicU64::new(0)));
    let start_ns = clock.mono_ns() + 10_000_000;
    let due_ns = move |step: u64| start_ns + step * 1_000_000_000 / per_s;

    let sleeper = {
        let (rung, clock) = (Arc::clone(&rung), clock.clone());
        thread::spawn(move || {
            let (mut from_due, mut from_unpark) = (Histogram::new(), Histogram::new());
            let mut seen = 0;
            while seen < steps {
                thread::park();
                // Acquire: pairs with the Release of the step; its moment is seen with it.
                let step = rung.0.load(Ordering::Acquire);
                if step == seen {
                    continue;
                }
                let now_ns = clock.mono_ns();
                // Steps that were slept through were late too.
                for missed in seen + 1..=step {
                    from_due.record(now_ns.saturating_sub(due_ns(missed)), 1);
                }
                let rung_ns = rung.1.load(Ordering::Relaxed);
                from_unpark.record(now_ns.saturating_sub(rung_ns), step - seen);
                seen = step;
            }
            (from_due, from_unpark)
        })
    };
    for step in 1..=steps {
        let left_ns = due_ns(step).saturating_sub(clock.mono_ns());
        thread::sleep(Duration::from_nanos(left_ns));
        rung.1.store(clock.mono_ns(), Ordering::Relaxed);
        rung.0.store(step, Ordering::Release);
        sleeper.thread().unpark();
    }
    let (from_due, from_unpark) = sleeper.join().unwrap();
    assert_eq!(from_due.count(), steps);
    println!("            p50 ms     p99 ms   p99.9 ms     max ms");
    for (name, histogram) in [("due", &from_due), ("unpark", &from_unpark)] {
        let ms = |ns: u64| ns as f64 / 1e6;
        println!(
            "{name:7} {:10.3} {:10.3} {:10.3} {:10.3}",
            ms(histogram.quantile_ns(0.5)),
            ms(histogram.quantile_ns(0.99)),
            ms(histogram.quantile_ns(0.999)),
            ms(histogram.max_ns()),
        );
    }
}
