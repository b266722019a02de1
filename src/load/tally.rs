//! Brings together what was sent and what is seen: which event became visible when, and which never.
//!
//! Frames become visible in the order in which they were sent, so a count of those that reached the
//! writer says which ones they are. A connection that is lost takes the rest of its frames with it.

use std::collections::VecDeque;
use std::time::Duration;

use super::seconds::Second;
use crate::latency::Histogram;
use crate::latency::IntervalLog;
use crate::simulate::Account;

const SECOND_NS: u64 = 1_000_000_000;

/// What a reader sees of an engine.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sight {
    /// Payloads that have reached the writer, whatever became of them.
    pub(super) received: u64,
    /// Whether the stream is live.
    pub(super) is_live: bool,
    /// Gaps so far.
    pub(super) gaps: u64,
    /// How much of the ring is in use, from 0 to 1.
    pub(super) ring_share: f64,
}

/// Events that nobody will ever see, and when they were sent or due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Loss {
    pub(super) frames: u64,
    pub(super) at_ns: u64,
}

/// Sums over a run, the warm-up included unless something else is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    /// Frames given to the socket.
    pub(super) frames: u64,
    /// Events among them.
    pub(super) events: u64,
    /// Of these, events that were due after the warm-up.
    pub(super) events_measured: u64,
    /// Bytes that were due after the warm-up.
    pub(super) bytes_measured: u64,
    /// Events that fell due while nobody was subscribed.
    pub(super) missed: u64,
    /// Frames seen.
    pub(super) visible: u64,
    /// Frames lost with their connection.
    pub(super) lost: u64,
}

#[derive(Clone, Copy, Debug)]
enum Waiting {
    Frames {
        left: u64,
        due_ns: u64,
        sent_ns: u64,
    },
    /// What follows goes over a new connection.
    Connection,
}

/// Matches sent with seen.
#[derive(Debug)]
pub(super) struct Tally {
    /// What is due until then is warm-up.
    measured_from_ns: u64,
    received: u64,
    gaps: u64,
    is_lost: bool,
    waiting: VecDeque<Waiting>,
    /// Frames of a lost connection, and when they were sent, that were taken for seen in the very look
    /// that showed the loss: what was seen may have come over the next connection.
    doubtful: Vec<(u64, u64)>,
    pub(super) sums: Sums,
    pub(super) losses: Vec<Loss>,
    pub(super) corrected: Histogram,
    pub(super) uncorrected: Histogram,
    pub(super) slip: Histogram,
    /// The second that is filled now, and what it holds.
    second: u64,
    in_second: Histogram,
    second_slip_ns: u64,
    second_ring_share: f64,
    pub(super) log: IntervalLog,
}

impl Tally {
    /// A tally that begins at what is seen now; `start` is the time of day, since 1970, at
    /// `measured_from_ns`.
    pub(super) fn new(now: Sight, measured_from_ns: u64, start: Duration) -> Self {
        Self {
            measured_from_ns,
            received: now.received,
            gaps: now.gaps,
            is_lost: false,
            waiting: VecDeque::new(),
            doubtful: Vec::new(),
            sums: Sums::default(),
            losses: Vec::new(),
            corrected: Histogram::new(),
            uncorrected: Histogram::new(),
            slip: Histogram::new(),
            second: 0,
            in_second: Histogram::new(),
            second_slip_ns: 0,
            second_ring_share: 0.0,
            log: IntervalLog::new(start),
        }
    }

    /// Takes note of what the sender tells.
    pub(super) fn sent(&mut self, account: Account) {
        match account {
            Account::Subscribed => self.waiting.push_back(Waiting::Connection),
            Account::Missed { events, due_ns } => {
                self.sums.missed += events;
                self.lose(events, due_ns);
            }
            Account::Sent {
                frames,
                events,
                bytes,
                due_ns,
                sent_ns,
            } => {
                self.sums.frames += frames;
                self.sums.events += events;
                if due_ns > self.measured_from_ns {
                    self.sums.events_measured += events;
                    self.sums.bytes_measured += bytes;
                    let slip_ns = sent_ns.saturating_sub(due_ns);
                    self.slip.record(slip_ns, frames);
                    self.second_slip_ns = self.second_slip_ns.max(slip_ns);
                }
                self.waiting.push_back(Waiting::Frames {
                    left: frames,
                    due_ns,
                    sent_ns,
                });
            }
        }
    }

    /// Takes note of what a reader sees at `now_ns`, after all that was sent until then was reported.
    /// Calls `closed` for each second that is complete.
    pub(super) fn seen(&mut self, sight: Sight, now_ns: u64, closed: impl FnMut(Second)) {
        self.second_ring_share = self.second_ring_share.max(sight.ring_share);
        let mut arrived = sight.received.saturating_sub(self.received);
        self.received = self.received.max(sight.received);
        let mut closed = closed;
        self.is_lost |= !sight.is_live || sight.gaps > self.gaps;
        let mut is_doubtful = self.is_lost;
        let doubtful = self.doubtful.len();
        while arrived > 0 {
            match self.waiting.front_mut() {
                Some(Waiting::Connection) => {
                    self.waiting.pop_front();
                    // Those of one connection: what the next one owed is not in doubt.
                    is_doubtful &= doubtful == self.doubtful.len();
                }
                Some(Waiting::Frames {
                    left,
                    due_ns,
                    sent_ns,
                }) => {
                    let count = arrived.min(*left);
                    *left -= count;
                    arrived -= count;
                    let (is_spent, due_ns, sent_ns) = (*left == 0, *due_ns, *sent_ns);
                    if is_spent {
                        self.waiting.pop_front();
                    }
                    if is_doubtful {
                        self.doubtful.push((count, sent_ns));
                    }
                    self.visible(count, due_ns, sent_ns, now_ns, &mut closed);
                }
                // Not ours: somebody else's events, or copies by another sender.
                None => break,
            }
        }
        // What the lost connection delivered is in this sight, since the loss is reported behind it.
        if self.is_lost && self.lose_connection() {
            self.gaps = sight.gaps;
            self.is_lost = !sight.is_live;
        }
    }

    fn visible(
        &mut self,
        count: u64,
        due_ns: u64,
        sent_ns: u64,
        now_ns: u64,
        closed: &mut impl FnMut(Second),
    ) {
        self.sums.visible += count;
        if due_ns <= self.measured_from_ns {
            return;
        }
        // Events fall due at the end of a step of the grid, the last ones of a second at its end.
        let index = (due_ns - self.measured_from_ns - 1) / SECOND_NS;
        while index > self.second {
            closed(self.close_second());
        }
        let latency_ns = now_ns.saturating_sub(due_ns);
        self.corrected.record(latency_ns, count);
        self.in_second.record(latency_ns, count);
        self.uncorrected
            .record(now_ns.saturating_sub(sent_ns), count);
    }

    /// Gives up what the lost connection still owes; `false` while no other one has begun.
    fn lose_connection(&mut self) -> bool {
        let is_next = |waiting: &Waiting| matches!(waiting, Waiting::Connection);
        let Some(next) = self.waiting.iter().position(is_next) else {
            return false;
        };
        let owed: Vec<Waiting> = self.waiting.drain(..=next).collect();
        for waiting in owed {
            if let Waiting::Frames { left, sent_ns, .. } = waiting {
                self.sums.lost += left;
                self.lose(left, sent_ns);
            }
        }
        true
    }

    fn lose(&mut self, frames: u64, at_ns: u64) {
        match self.losses.last_mut() {
            // Events of a long gap, one by one, would fill the memory.
            Some(last) if at_ns.abs_diff(last.at_ns) < 1_000_000 => last.frames += frames,
            _ => self.losses.push(Loss { frames, at_ns }),
        }
    }

    /// Ends the account: nothing more is seen. Frames that are pending although a later look has shown
    /// as many were seen, and as many of a lost connection were taken for them: those are lost.
    pub(super) fn settle(&mut self) {
        while let Some((frames, sent_ns)) = self.doubtful.pop() {
            let frames = frames.min(self.pending());
            if frames > 0 {
                self.sums.lost += frames;
                self.lose(frames, sent_ns);
            }
        }
    }

    /// Frames sent that neither were seen nor are lost.
    pub(super) fn pending(&self) -> u64 {
        let Sums {
            frames,
            visible,
            lost,
            ..
        } = self.sums;
        frames.saturating_sub(visible + lost)
    }

    /// Ends the second that is filled now.
    pub(super) fn close_second(&mut self) -> Second {
        let second = Second::new(
            self.second,
            &self.in_second,
            self.second_slip_ns,
            self.second_ring_share,
        );
        let length = Duration::from_secs(1);
        let since_start = Duration::from_secs(self.second);
        self.log.add(&self.in_second, since_start, length);
        self.in_second.clear();
        (self.second_slip_ns, self.second_ring_share) = (0, 0.0);
        self.second += 1;
        second
    }

    /// Whether the second that is filled now holds something.
    pub(super) fn has_open_second(&self) -> bool {
        self.in_second.count() > 0
    }

    /// Whether the second that is filled now was over `ns` nanoseconds ago and nothing is pending.
    pub(super) fn is_second_over(&self, now_ns: u64, ns: u64) -> bool {
        let end_ns = self.measured_from_ns + (self.second + 1) * SECOND_NS;
        self.pending() == 0 && now_ns >= end_ns + ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn tally() -> Tally {
        let now = Sight {
            received: 100,
            is_live: true,
            ..Sight::default()
        };
        Tally::new(now, 10 * MS, Duration::ZERO)
    }

    fn sent(frames: u64, due_ms: u64, sent_ms: u64) -> Account {
        Account::Sent {
            frames,
            events: frames,
            bytes: 10 * frames,
            due_ns: due_ms * MS,
            sent_ns: sent_ms * MS,
        }
    }

    fn see(tally: &mut Tally, received: u64, is_live: bool, gaps: u64, now_ms: u64) -> Vec<Second> {
        let mut seconds = Vec::new();
        let sight = Sight {
            received,
            is_live,
            gaps,
            ring_share: 0.5,
        };
        tally.seen(sight, now_ms * MS, |second| seconds.push(second));
        seconds
    }

    #[test]
    fn latency_counts_from_the_due_time_and_from_the_send() {
        let mut tally = tally();
        tally.sent(Account::Subscribed);
        tally.sent(sent(5, 9, 9));
        tally.sent(sent(10, 20, 120));
        assert_eq!(see(&mut tally, 103, true, 0, 100), []);
        assert_eq!(
            (tally.pending(), tally.corrected.count()),
            (12, 0),
            "warm-up"
        );
        see(&mut tally, 115, true, 0, 130);
        assert_eq!(tally.pending(), 0);
        let max_ms = |histogram: &Histogram| (histogram.max_ns() + MS / 2) / MS;
        assert_eq!(tally.corrected.count(), 10);
        assert_eq!(max_ms(&tally.corrected), 110);
        assert_eq!(max_ms(&tally.uncorrected), 10);
        assert_eq!(max_ms(&tally.slip), 100);
        assert_eq!(tally.sums.events_measured, 10);
    }

    #[test]
    fn a_second_closes_when_the_next_one_is_seen() {
        let mut tally = tally();
        tally.sent(sent(3, 500, 500));
        tally.sent(sent(2, 2_100, 2_100));
        assert!(!tally.is_second_over(3_000 * MS, 0));
        let seconds = see(&mut tally, 105, true, 0, 2_101);
        let counts: Vec<_> = seconds
            .iter()
            .map(|second| (second.index, second.visible))
            .collect();
        assert_eq!(counts, [(0, 3), (1, 0)]);
        assert_eq!(seconds[0].ring_share_max, 0.5);
        assert!(!tally.is_second_over(3_009 * MS, 0) && tally.is_second_over(3_010 * MS, 0));
        assert_eq!(tally.close_second().visible, 2);
        assert_eq!(tally.log.text().lines().count(), 4 + 3);
    }

    #[test]
    fn a_lost_connection_takes_the_rest_with_it() {
        let mut tally = tally();
        tally.sent(Account::Subscribed);
        tally.sent(sent(10, 20, 20));
        see(&mut tally, 104, true, 0, 21);
        see(&mut tally, 106, false, 1, 22);
        assert_eq!(
            (tally.pending(), tally.sums.lost),
            (4, 0),
            "they may be anywhere"
        );
        tally.sent(Account::Missed {
            events: 7,
            due_ns: 25 * MS,
        });
        tally.sent(Account::Subscribed);
        tally.sent(sent(3, 30, 30));
        see(&mut tally, 106, false, 1, 31);
        assert_eq!((tally.pending(), tally.sums.lost), (3, 4));
        see(&mut tally, 109, true, 1, 32);
        assert_eq!((tally.pending(), tally.sums.missed), (0, 7));
        let losses: Vec<_> = tally
            .losses
            .iter()
            .map(|loss| (loss.frames, loss.at_ns / MS))
            .collect();
        assert_eq!(losses, [(7, 25), (4, 20)]);
    }

    #[test]
    fn what_the_next_connection_brought_excuses_nothing_of_the_lost_one() {
        let mut tally = tally();
        tally.sent(Account::Subscribed);
        tally.sent(sent(10, 20, 20));
        tally.sent(Account::Subscribed);
        tally.sent(sent(5, 40, 40));
        // One look shows four of the first connection, its loss, and five of the second.
        see(&mut tally, 109, true, 1, 50);
        assert_eq!((tally.pending(), tally.sums.lost), (5, 1));
        tally.settle();
        assert_eq!((tally.pending(), tally.sums.lost), (0, 6));
        let lost_at = |loss: &Loss| (loss.frames, loss.at_ns / MS);
        let losses: Vec<_> = tally.losses.iter().map(lost_at).collect();
        assert_eq!(losses, [(6, 20)]);
        // What is missing without a loss stays so.
        tally.sent(sent(3, 60, 60));
        see(&mut tally, 110, true, 1, 70);
        tally.settle();
        assert_eq!((tally.pending(), tally.sums.lost), (2, 6));
    }

    #[test]
    fn a_loss_that_nobody_saw_is_known_by_its_gap() {
        let mut tally = tally();
        tally.sent(Account::Subscribed);
        tally.sent(sent(10, 20, 20));
        tally.sent(Account::Subscribed);
        see(&mut tally, 106, true, 1, 31);
        assert_eq!((tally.pending(), tally.sums.lost), (0, 4));
        // Once.
        tally.sent(sent(2, 40, 40));
        tally.sent(Account::Subscribed);
        see(&mut tally, 106, true, 1, 41);
        assert_eq!((tally.pending(), tally.sums.lost), (2, 4));
    }
}
