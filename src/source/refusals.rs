//! Refused payloads in the log: each reason at most once a second, with how many there were, which
//! field was wrong, and how the latest one begins. Counting them is the intake's.

use tracing::warn;

use super::quote::Head;
use crate::event::Field;
use crate::event::Reject;
use crate::net::Redactor;

/// How often a reason is logged at the most, in nanoseconds.
const INTERVAL_NS: u64 = 1_000_000_000;

/// What is not logged yet.
#[derive(Debug)]
pub(super) struct RefusalLog {
    /// By [`Reject::index`].
    tallies: [Tally; Reject::COUNT],
    /// Whether any of them has something to log.
    has_untold: bool,
    /// Knows what the peer was shown: nothing is quoted without.
    redactor: Redactor,
}

#[derive(Clone, Copy, Debug)]
struct Tally {
    untold: u64,
    /// When it was last logged; `None` before the first time.
    told_ns: Option<u64>,
    field: Option<Field>,
    head: Head,
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    reason: Reject,
    count: u64,
    field: Option<Field>,
    quote: String,
}

impl RefusalLog {
    pub(super) fn new() -> Self {
        let tally = Tally {
            untold: 0,
            told_ns: None,
            field: None,
            head: Head::EMPTY,
        };
        Self {
            tallies: [tally; Reject::COUNT],
            has_untold: false,
            redactor: Redactor::default(),
        }
    }

    /// From here on what is refused comes from a peer that was shown what `redactor` knows.
    pub(super) fn begin(&mut self, redactor: Redactor) {
        self.redactor = redactor;
    }

    /// Takes note of a refused payload, and reports it if its reason was not reported lately.
    #[cold]
    pub(super) fn refused(
        &mut self,
        reason: Reject,
        field: Option<Field>,
        head: &Head,
        now_ns: u64,
    ) {
        let tally = &mut self.tallies[reason.index()];
        tally.untold += 1;
        tally.field = field;
        tally.head = *head;
        self.has_untold = true;
        self.log_due(now_ns);
    }

    /// Tells what has waited for its second.
    pub(super) fn log_due(&mut self, now_ns: u64) {
        if self.has_untold {
            self.take_due(now_ns, |line| line.log());
        }
    }

    fn take_due(&mut self, now_ns: u64, mut log: impl FnMut(Line)) {
        self.has_untold = false;
        for (reason, tally) in Reject::ALL.iter().zip(&mut self.tallies) {
            if tally.untold == 0 {
                continue;
            }
            if tally
                .told_ns
                .is_some_and(|told_ns| now_ns.saturating_sub(told_ns) < INTERVAL_NS)
            {
                self.has_untold = true;
                continue;
            }
            log(Line {
                reason: *reason,
                count: tally.untold,
                field: tally.field,
                quote: tally.head.quote(&self.redactor),
            });
            tally.told_ns = Some(now_ns);
            tally.untold = 0;
        }
    }
}

impl Line {
    fn log(&self) {
        let (reason, count) = (self.reason.label(), self.count);
        let field = self.field.map_or("-", Field::label);
        warn!(reason, field, count, "payload refused: {}", self.quote);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_told_once_a_second_with_its_count() {
        let mut log = RefusalLog::new();
        let mut head = Head::EMPTY;
        let mut logged = Vec::new();
        let look = |log: &mut RefusalLog, now_ns: u64, logged: &mut Vec<(Reject, u64, String)>| {
            log.take_due(now_ns, |line| {
                logged.push((line.reason, line.count, line.quote));
            });
        };
        let mut add = |log: &mut RefusalLog, reason: Reject, text: &str| {
            head.keep(text.as_bytes());
            let tally = &mut log.tallies[reason.index()];
            tally.untold += 1;
            tally.head = head;
            log.has_untold = true;
        };
        add(&mut log, Reject::NotJson, "a");
        look(&mut log, 5, &mut logged);
        for text in ["b", "c"] {
            add(&mut log, Reject::NotJson, text);
        }
        add(&mut log, Reject::Field, "d");
        look(&mut log, INTERVAL_NS + 4, &mut logged);
        assert!(log.has_untold);
        look(&mut log, INTERVAL_NS + 5, &mut logged);
        assert!(!log.has_untold);
        look(&mut log, 9 * INTERVAL_NS, &mut logged);
        let expected = [
            (Reject::NotJson, 1, "a"),
            (Reject::Field, 1, "d"),
            (Reject::NotJson, 2, "c"),
        ];
        let expected = expected.map(|(reason, count, text)| (reason, count, text.to_owned()));
        assert_eq!(logged, expected);
    }
}
