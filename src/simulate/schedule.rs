//! Fires the faults that cut or stall a stream. Time is the simulator's, in microseconds since its
//! start; one connection at a time is subscribed.

use super::fault::Fault;
use super::fault::FaultKind;
use super::fault::When;
use super::fault::micros;

/// What a stream has to do wrong now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Close(u16),
    Reset,
    HalfOpen,
    Pause {
        us: u64,
    },
    /// Close with 4401; `revoke` says that the tokens issued so far end with it.
    ExpireToken {
        revoke: bool,
    },
}

/// The stream's faults and when each fires next.
#[derive(Debug)]
pub(super) struct Schedule(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    action: Action,
    when: When,
    next: Next,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// At the next subscription it is known.
    Unarmed,
    AtUs(u64),
    AtEvents(u64),
    Over,
}

impl Schedule {
    /// The faults of the stream among `faults`.
    pub(super) fn new(faults: &[Fault]) -> Self {
        Self(faults.iter().filter_map(Entry::new).collect())
    }

    /// A connection has subscribed, with a token that is valid until `token_ends_us`.
    pub(super) fn begin(&mut self, now_us: u64, token_ends_us: u64) {
        for entry in &mut self.0 {
            if entry.next == Next::Unarmed {
                entry.next = match (entry.when, entry.action) {
                    (When::After(wait) | When::Every(wait), _) => {
                        Next::AtUs(now_us.saturating_add(micros(wait)))
                    }
                    (When::FromStart, Action::ExpireToken { .. }) => Next::AtUs(token_ends_us),
                    _ => Next::AtUs(now_us),
                };
            }
        }
    }

    /// The connection is gone: what counts from its subscription waits for the next one.
    pub(super) fn end(&mut self) {
        for entry in &mut self.0 {
            if matches!(entry.next, Next::AtUs(_)) {
                entry.next = Next::Unarmed;
            }
        }
    }

    /// Takes the first fault that is due after `sent` events; call again until there is none.
    pub(super) fn take_due(&mut self, now_us: u64, sent: u64) -> Option<Action> {
        let entry = self.0.iter_mut().find(|entry| match entry.next {
            Next::AtUs(at_us) => at_us <= now_us,
            Next::AtEvents(count) => count <= sent,
            Next::Unarmed | Next::Over => false,
        })?;
        entry.next = match (entry.when, entry.next) {
            (When::Every(period), _) => Next::AtUs(now_us.saturating_add(micros(period))),
            (When::EveryEvents(period), Next::AtEvents(count)) => {
                Next::AtEvents(count.saturating_add(period))
            }
            // Every token ends.
            (When::FromStart, _) if matches!(entry.action, Action::ExpireToken { .. }) => {
                Next::Unarmed
            }
            _ => Next::Over,
        };
        Some(entry.action)
    }

    /// When the next fault fires by time, in microseconds.
    pub(super) fn next_us(&self) -> Option<u64> {
        let times = self.0.iter().filter_map(|entry| match entry.next {
            Next::AtUs(at_us) => Some(at_us),
            _ => None,
        });
        times.min()
    }

    /// After how many sent events the next fault fires; `u64::MAX` for none.
    pub(super) fn next_events(&self) -> u64 {
        let counts = self.0.iter().filter_map(|entry| match entry.next {
            Next::AtEvents(count) => Some(count),
            _ => None,
        });
        counts.min().unwrap_or(u64::MAX)
    }
}

impl Entry {
    fn new(fault: &Fault) -> Option<Self> {
        let action = match fault.kind {
            FaultKind::Close(code) => Action::Close(code),
            FaultKind::Drop => Action::Reset,
            FaultKind::HalfOpen => Action::HalfOpen,
            FaultKind::Pause(length) => Action::Pause { us: micros(length) },
            FaultKind::ExpireToken => Action::ExpireToken {
                revoke: fault.when != When::FromStart,
            },
            FaultKind::Refuse(_)
            | FaultKind::Duplicate(_)
            | FaultKind::Reorder(_)
            | FaultKind::Malformed(_)
            | FaultKind::SlowBody(_)
            | FaultKind::LostAnswer(_) => return None,
        };
        let next = match fault.when {
            When::AfterEvents(count) | When::EveryEvents(count) => Next::AtEvents(count),
            When::FromStart | When::After(_) | When::Every(_) => Next::Unarmed,
        };
        Some(Self {
            action,
            when: fault.when,
            next,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    fn schedule(flags: &[&str]) -> Schedule {
        let faults: Vec<Fault> = flags.iter().map(|flag| flag.parse().unwrap()).collect();
        Schedule::new(&faults)
    }

    #[test]
    fn a_single_fault_fires_once_and_counts_from_the_subscription() {
        let mut schedule = schedule(&["drop@10s"]);
        assert_eq!(schedule.take_due(100 * SECOND, 0), None);
        schedule.begin(100 * SECOND, u64::MAX);
        schedule.end();
        schedule.begin(200 * SECOND, u64::MAX);
        assert_eq!(schedule.next_us(), Some(210 * SECOND));
        assert_eq!(schedule.take_due(209 * SECOND, 0), None);
        assert_eq!(schedule.take_due(210 * SECOND, 0), Some(Action::Reset));
        schedule.end();
        schedule.begin(300 * SECOND, u64::MAX);
        assert_eq!(schedule.take_due(900 * SECOND, 0), None);
    }

    #[test]
    fn a_repeated_fault_fires_again_on_the_same_and_the_next_connection() {
        let mut schedule = schedule(&["pause=1s@every:10s"]);
        let pause = Some(Action::Pause { us: SECOND });
        schedule.begin(0, u64::MAX);
        assert_eq!(schedule.take_due(10 * SECOND, 0), pause);
        assert_eq!(schedule.take_due(19 * SECOND, 0), None);
        assert_eq!(schedule.take_due(20 * SECOND, 0), pause);
        schedule.end();
        schedule.begin(25 * SECOND, u64::MAX);
        assert_eq!(schedule.take_due(34 * SECOND, 0), None);
        assert_eq!(schedule.take_due(35 * SECOND, 0), pause);
    }

    #[test]
    fn events_count_over_all_connections() {
        let mut schedule = schedule(&["close=1008@100ev", "drop@every:60ev"]);
        schedule.begin(0, u64::MAX);
        assert_eq!(schedule.next_events(), 60);
        assert_eq!(schedule.take_due(0, 59), None);
        assert_eq!(schedule.take_due(0, 60), Some(Action::Reset));
        schedule.end();
        schedule.begin(0, u64::MAX);
        assert_eq!(schedule.next_events(), 100);
        assert_eq!(schedule.take_due(0, 120), Some(Action::Close(1008)));
        assert_eq!(schedule.take_due(0, 120), Some(Action::Reset));
        assert_eq!(schedule.take_due(0, 120), None);
        assert_eq!(schedule.next_events(), 180);
    }

    #[test]
    fn every_token_ends_with_its_lifetime() {
        let mut schedule = schedule(&["expire-token"]);
        let expired = Some(Action::ExpireToken { revoke: false });
        for start in [0, 50 * SECOND] {
            schedule.begin(start, start + 30 * SECOND);
            assert_eq!(schedule.take_due(start + 29 * SECOND, 0), None);
            assert_eq!(schedule.take_due(start + 30 * SECOND, 0), expired);
            schedule.end();
        }
    }
}
