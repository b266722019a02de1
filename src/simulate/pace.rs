//! An open loop: events are due by a fixed plan, whatever the reader does, and each is accounted for.
//!
//! The plan comes in stretches over a channel, so that whoever drives a load can decide on the next
//! one while the current one runs; the account goes back over another. Times are nanoseconds of the
//! clock that the simulator was given.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::habits::whole;

/// Events fall due on a grid this wide, in nanoseconds: those of one step at its end, in one write.
pub const TICK_NS: u64 = 1_000_000;
/// How often a plan without a stretch is looked at.
const IDLE: Duration = Duration::from_millis(2);

/// A part of the plan: a rate that is constant or changes evenly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// When it begins.
    pub start_ns: u64,
    /// How long it lasts.
    pub length_ns: u64,
    /// How many events there are.
    pub flow: Flow,
}

/// The rate of a [`Stretch`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Flow {
    /// Events a second at its start and its end, linear between them.
    Open {
        /// At its start, `0 <= from_per_s`.
        from_per_s: f64,
        /// At its end, `0 <= to_per_s`.
        to_per_s: f64,
    },
    /// As many as the reader takes: no plan, an event is due when it is sent.
    Closed,
}

impl Stretch {
    /// How many events are due in it; `None` for [`Flow::Closed`].
    pub fn events(&self) -> Option<u64> {
        let Flow::Open {
            from_per_s,
            to_per_s,
        } = self.flow
        else {
            return None;
        };
        let mean = f64::midpoint(from_per_s, to_per_s);
        Some(whole((mean * seconds(self.length_ns)).round()))
    }

    /// When its event number `index` is due, on the grid; never falls with the index. `None` after
    /// the last one.
    pub fn due_ns(&self, index: u64) -> Option<u64> {
        let Flow::Open {
            from_per_s,
            to_per_s,
        } = self.flow
        else {
            return None;
        };
        if index >= self.events()? {
            return None;
        }
        // `index = from * t + slope * t^2 / 2`, solved in the form that keeps its digits.
        let count = float(index);
        let slope = (to_per_s - from_per_s) / seconds(self.length_ns);
        let root = (from_per_s * from_per_s + 2.0 * slope * count)
            .max(0.0)
            .sqrt();
        let after_s = match index {
            0 => 0.0,
            _ => 2.0 * count / (from_per_s + root),
        };
        // Rounded, so that a share of a nanosecond does not move an event into another step.
        let after_ns = whole((after_s * 1e9).round()).min(self.length_ns.saturating_sub(1));
        Some(self.start_ns + (after_ns / TICK_NS + 1) * TICK_NS)
    }

    /// When it ends.
    pub const fn end_ns(&self) -> u64 {
        self.start_ns.saturating_add(self.length_ns)
    }
}

/// What a paced simulator tells, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// A connection has subscribed; what follows goes to it.
    Subscribed,
    /// Frames given to the socket in one write that were due at one moment.
    Sent {
        /// Frames: events, and with faults copies and frames that are no event.
        frames: u64,
        /// Events among them, each counted once.
        events: u64,
        /// Bytes, frame headers included.
        bytes: u64,
        /// When they were due.
        due_ns: u64,
        /// When they were given to the socket, before the write.
        sent_ns: u64,
    },
    /// Events that fell due while nobody was subscribed, or that a lost connection still held back.
    Missed {
        /// How many.
        events: u64,
        /// When the first of them was due, at or before then.
        due_ns: u64,
    },
}

/// The far end of a [`Pace`]: makes the plan and reads the account.
#[derive(Debug)]
pub struct Pacer {
    /// Where the next stretch goes; each begins no earlier than the one before ends. Dropping it ends
    /// the plan after the stretches it has.
    pub plan: mpsc::UnboundedSender<Stretch>,
    /// What became of the events.
    pub accounts: mpsc::UnboundedReceiver<Account>,
    /// Ends the plan at once: what is due and not sent by then stays unsent.
    pub stop: CancellationToken,
}

/// What drives a paced simulator.
#[derive(Debug)]
pub struct Pace {
    plan: mpsc::UnboundedReceiver<Stretch>,
    accounts: mpsc::UnboundedSender<Account>,
    stop: CancellationToken,
    current: Option<Stretch>,
    /// Events taken from `current`.
    taken: u64,
    /// When the next event is due; `None` while there is none.
    next_ns: Option<u64>,
    /// Nothing follows `current`.
    is_last: bool,
}

impl Pace {
    /// A pace without a plan yet, and the way to give it one.
    pub fn new() -> (Self, Pacer) {
        let (plan, stretches) = mpsc::unbounded_channel();
        let (accounts, read) = mpsc::unbounded_channel();
        let stop = CancellationToken::new();
        let pace = Self {
            plan: stretches,
            accounts,
            stop: stop.clone(),
            current: None,
            taken: 0,
            next_ns: None,
            is_last: false,
        };
        (
            pace,
            Pacer {
                plan,
                accounts: read,
                stop,
            },
        )
    }

    /// Takes up the stretches that have come.
    pub(super) fn look(&mut self, now_ns: u64) {
        if self.stop.is_cancelled() {
            (self.current, self.next_ns, self.is_last) = (None, None, true);
            return;
        }
        while self.next_ns.is_none() {
            if let Some(Stretch {
                flow: Flow::Closed, ..
            }) = self.current
            {
                // It has an event at any moment until it ends.
                self.next_ns = self.closed_due(now_ns);
                if self.next_ns.is_some() {
                    return;
                }
            }
            match self.plan.try_recv() {
                Ok(stretch) => {
                    self.current = Some(stretch);
                    self.taken = 0;
                    self.next_ns = match stretch.flow {
                        Flow::Open { .. } => stretch.due_ns(0),
                        Flow::Closed => Some(stretch.start_ns),
                    };
                }
                Err(error) => {
                    self.current = None;
                    self.is_last = error == mpsc::error::TryRecvError::Disconnected;
                    return;
                }
            }
        }
    }

    /// When the event that is next falls due, if it has by `now_ns`.
    pub(super) fn due(&self, now_ns: u64) -> Option<u64> {
        let due_ns = self.next_ns.filter(|due_ns| *due_ns <= now_ns)?;
        match self.current?.flow {
            Flow::Open { .. } => Some(due_ns),
            // There is no plan to be late for.
            Flow::Closed => Some(now_ns),
        }
    }

    /// Goes on to the next event.
    pub(super) fn take(&mut self, now_ns: u64) {
        self.taken += 1;
        self.next_ns = self.current.and_then(|stretch| match stretch.flow {
            Flow::Open { .. } => stretch.due_ns(self.taken),
            Flow::Closed => self.closed_due(now_ns),
        });
        self.look(now_ns);
    }

    fn closed_due(&self, now_ns: u64) -> Option<u64> {
        self.current
            .filter(|stretch| now_ns < stretch.end_ns())
            .map(|stretch| now_ns.max(stretch.start_ns))
    }

    /// Whether no event will ever be due again.
    pub(super) fn is_over(&self) -> bool {
        self.is_last && self.next_ns.is_none()
    }

    /// How long until the next event is due, or until it is worth looking for one.
    pub(super) fn wait(&self, now_ns: u64) -> Duration {
        match self.next_ns {
            Some(due_ns) => Duration::from_nanos(due_ns.saturating_sub(now_ns)),
            None => IDLE,
        }
    }

    pub(super) fn report(&self, account: Account) {
        // Whoever drove the load may have seen enough.
        let _ = self.accounts.send(account);
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "times and counts stay far below 2^53"
)]
fn float(value: u64) -> f64 {
    value as f64
}

fn seconds(ns: u64) -> f64 {
    float(ns) / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn open(from_per_s: f64, to_per_s: f64, length_ns: u64) -> Stretch {
        let flow = Flow::Open {
            from_per_s,
            to_per_s,
        };
        Stretch {
            start_ns: 7 * SECOND,
            length_ns,
            flow,
        }
    }

    fn dues(stretch: &Stretch) -> Vec<u64> {
        (0..).map_while(|index| stretch.due_ns(index)).collect()
    }

    #[test]
    fn a_stretch_has_the_stated_number_of_events_in_order_on_the_grid() {
        let check = |stretch: Stretch, expected: usize| {
            let dues = dues(&stretch);
            assert_eq!(dues.len(), expected, "{stretch:?}");
            assert_eq!(stretch.events(), Some(expected as u64));
            assert!(dues.is_sorted(), "{stretch:?}");
            for due_ns in dues {
                assert!(stretch.start_ns < due_ns && due_ns <= stretch.end_ns());
                assert_eq!((due_ns - stretch.start_ns) % TICK_NS, 0);
            }
        };
        check(open(5_000.0, 5_000.0, 2 * SECOND), 10_000);
        check(open(0.5, 0.5, 10 * SECOND), 5);
        check(open(0.0, 4_000.0, 5 * SECOND), 10_000);
        check(open(4_000.0, 0.0, 5 * SECOND), 10_000);
        check(open(100.0, 300.0, SECOND), 200);
        check(open(0.0, 0.0, SECOND), 0);
        check(open(333.3, 333.3, 3 * SECOND), 1_000);
    }

    #[test]
    fn a_constant_rate_is_even_and_a_ramp_is_a_parabola() {
        let even = dues(&open(5_000.0, 5_000.0, 2 * SECOND));
        for ms in 1..=2_000 {
            let at = 7 * SECOND + ms * TICK_NS;
            assert_eq!(even.iter().filter(|due| **due == at).count(), 5, "{ms}");
        }
        let ramp = dues(&open(0.0, 1_000.0, 10 * SECOND));
        for (second, count) in [(1, 50), (5, 1_250), (9, 4_050)] {
            let until = (7 + second) * SECOND;
            let before = ramp.iter().filter(|due| **due <= until).count();
            assert!(before.abs_diff(count) <= 2, "{second}: {before}");
        }
    }

    #[test]
    fn stretches_follow_one_another_and_the_plan_ends_when_the_pacer_does() {
        let (mut pace, Pacer { plan, .. }) = Pace::new();
        pace.look(0);
        assert_eq!((pace.due(u64::MAX), pace.wait(0)), (None, IDLE));
        plan.send(open(2.0, 2.0, SECOND)).unwrap();
        let mut second = open(1.0, 1.0, SECOND);
        second.start_ns = 8 * SECOND;
        plan.send(second).unwrap();
        pace.look(0);
        assert_eq!(pace.due(7 * SECOND + TICK_NS - 1), None);
        assert_eq!(pace.wait(6 * SECOND + TICK_NS), Duration::from_secs(1));
        let mut taken = Vec::new();
        while let Some(due_ns) = pace.due(9 * SECOND) {
            taken.push(due_ns);
            pace.take(9 * SECOND);
        }
        let expected = [7 * SECOND, 7 * SECOND + SECOND / 2, 8 * SECOND];
        assert_eq!(taken, expected.map(|start_ns| start_ns + TICK_NS));
        assert!(!pace.is_over());
        drop(plan);
        pace.look(9 * SECOND);
        assert!(pace.is_over());
    }

    #[test]
    fn a_stopped_plan_has_nothing_due() {
        let (mut pace, pacer) = Pace::new();
        pacer.plan.send(open(10.0, 10.0, SECOND)).unwrap();
        pace.look(0);
        assert!(pace.due(9 * SECOND).is_some());
        pacer.stop.cancel();
        pace.look(0);
        assert!(pace.is_over() && pace.due(9 * SECOND).is_none());
    }

    #[test]
    fn without_a_rate_events_are_due_at_any_moment_of_the_stretch() {
        let (mut pace, Pacer { plan, .. }) = Pace::new();
        let mut stretch = open(0.0, 0.0, SECOND);
        stretch.flow = Flow::Closed;
        assert_eq!(stretch.events(), None);
        plan.send(stretch).unwrap();
        pace.look(0);
        assert_eq!(pace.due(7 * SECOND - 1), None);
        for ms in [0, 1, 500] {
            let now_ns = 7 * SECOND + ms * TICK_NS;
            assert_eq!(pace.due(now_ns), Some(now_ns));
            pace.take(now_ns);
        }
        pace.take(8 * SECOND);
        assert_eq!(pace.due(u64::MAX), None);
    }
}
