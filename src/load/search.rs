//! The highest rate that holds: up step by step until something gives.

use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::Second;
use super::plan::even;
use crate::simulate::Stretch;
use crate::time::Clock;

/// What each rate is multiplied with for the next step.
const GROWTH: f64 = 1.25;
/// A step: two seconds of load, of which the second one is judged, and a pause in which what is left
/// drains.
const STEP_SECONDS: u64 = 3;
const LOAD_SECONDS: u64 = 2;
const SECOND_NS: u64 = 1_000_000_000;
/// How long after its end the judged second may stay open.
const JUDGE_WITHIN: Duration = Duration::from_millis(900);
/// A rate holds while 99 % are visible within this, in milliseconds,
const P99_MS_MAX: f64 = 10.0;
/// and while less than this share of the ring is ever in use.
const RING_SHARE_MAX: f64 = 0.9;

/// One step of a search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its rate, in events a second.
    pub rate_per_s: f64,
    /// The 99th percentile of its second second, in milliseconds; `None` when that never ended.
    pub p99_ms: Option<f64>,
    /// Why the rate does not hold; `None` when it does.
    pub fails: Option<String>,
}

impl Step {
    fn judge(rate_per_s: f64, second: Option<Second>) -> Self {
        let fails = match second {
            None => Some("events were still on their way a second later".to_owned()),
            Some(second) if second.ring_share_max >= RING_SHARE_MAX => {
                Some("the ring is full".to_owned())
            }
            Some(second) if second.p99_ms <= P99_MS_MAX => None,
            Some(second) if second.slip_ms_max * 2.0 > second.p99_ms => Some(format!(
                "the sender is late, by up to {:.1} ms",
                second.slip_ms_max
            )),
            Some(_) => Some(format!("p99 is over {P99_MS_MAX} ms")),
        };
        Self {
            rate_per_s,
            p99_ms: second.map(|second| second.p99_ms),
            fails,
        }
    }
}

/// Runs steps from `rate` on, beginning at `start_ns`, as many as fit into `duration`, until one
/// fails. The seconds that `seconds` yields are counted from `start_ns` and kept in `kept`.
pub(super) async fn search(
    rate: f64,
    start_ns: u64,
    duration: Duration,
    plan: &mpsc::UnboundedSender<Stretch>,
    seconds: &mut mpsc::UnboundedReceiver<Second>,
    kept: &mut Vec<Second>,
    clock: &Clock,
) -> (Vec<Step>, u64) {
    let mut steps = Vec::new();
    let mut planned = 0;
    let mut rate = rate;
    for number in 0..(duration.as_secs() / STEP_SECONDS).max(1) {
        let first = number * STEP_SECONDS;
        let stretch = Stretch {
            start_ns: start_ns + first * SECOND_NS,
            length_ns: LOAD_SECONDS * SECOND_NS,
            flow: even(rate),
        };
        planned += stretch.events().unwrap_or_default();
        // The sender is there as long as the load runs.
        let _ = plan.send(stretch);
        let judged = first + LOAD_SECONDS - 1;
        let left = Duration::from_nanos(stretch.end_ns().saturating_sub(clock.mono_ns()));
        let second = async {
            while let Some(second) = seconds.recv().await {
                kept.push(second);
                if second.index == judged {
                    return Some(second);
                }
            }
            None
        };
        let second = timeout(left + JUDGE_WITHIN, second).await.ok().flatten();
        let step = Step::judge(rate, second);
        let is_over = step.fails.is_some();
        steps.push(step);
        if is_over {
            break;
        }
        rate *= GROWTH;
    }
    (steps, planned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::EpochMs;

    fn second(index: u64, p99_ms: f64) -> Second {
        Second {
            index,
            p99_ms,
            ..Second::default()
        }
    }

    #[test]
    fn a_step_fails_for_a_stated_reason() {
        let check = |second: Option<Second>, part: Option<&str>| {
            let step = Step::judge(1.0, second);
            assert_eq!(step.fails.is_some(), part.is_some(), "{step:?}");
            assert!(
                step.fails
                    .unwrap_or_default()
                    .contains(part.unwrap_or_default())
            );
        };
        check(None, Some("on their way"));
        check(Some(second(0, 10.0)), None);
        check(Some(second(0, 10.1)), Some("p99"));
        let mut late = second(0, 12.0);
        late.slip_ms_max = 11.0;
        check(Some(late), Some("late"));
        let mut full = second(0, 1.0);
        full.ring_share_max = 0.95;
        check(Some(full), Some("ring"));
    }

    #[tokio::test(start_paused = true)]
    async fn the_rate_goes_up_until_a_step_fails() {
        let (clock, _) = Clock::manual(EpochMs::from_ms(0));
        let (plan, mut stretches) = mpsc::unbounded_channel();
        let (sender, mut seconds) = mpsc::unbounded_channel();
        for (index, p99_ms) in [(0, 50.0), (1, 1.0), (2, 0.0), (3, 1.0), (4, 20.0)] {
            sender.send(second(index, p99_ms)).unwrap();
        }
        let mut kept = Vec::new();
        let minute = Duration::from_secs(60);
        let (steps, planned) =
            search(1_000.0, 7, minute, &plan, &mut seconds, &mut kept, &clock).await;
        let rates: Vec<_> = steps
            .iter()
            .map(|step| (step.rate_per_s, step.fails.is_some()))
            .collect();
        assert_eq!(rates, [(1_000.0, false), (1_250.0, true)]);
        assert_eq!((planned, kept.len()), (2_000 + 2_500, 5));
        assert_eq!(stretches.try_recv().unwrap().start_ns, 7);
        assert_eq!(stretches.try_recv().unwrap().start_ns, 7 + 3 * SECOND_NS);
        assert!(stretches.try_recv().is_err());

        // Nothing becomes visible any more.
        let (steps, _) = search(10.0, 7, minute, &plan, &mut seconds, &mut kept, &clock).await;
        assert_eq!((steps.len(), steps[0].p99_ms), (1, None));
    }
}
