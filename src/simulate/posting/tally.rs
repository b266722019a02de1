//! What was posted.

use std::fmt;

/// Counts of a sender.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PostTally {
    /// Requests that were taken.
    pub requests: u64,
    /// Events in them, each counted once.
    pub events: u64,
    /// Events in them that had been sent before.
    pub copies: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
    /// Requests that were refused for an element that is none, as they should be.
    pub half_bad: u64,
    /// Requests that were taken although an element of them is none.
    pub wrongly_taken: u64,
    /// Answers that there is no room now.
    pub busy: u64,
    /// Other attempts that were repeated.
    pub retries: u64,
    /// Answers that were thrown away on purpose, and the request sent again.
    pub lost_answers: u64,
    /// Bodies that were sent slowly on purpose.
    pub slow_bodies: u64,
}

/// One line for people.
impl fmt::Display for PostTally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "posted {} events in {} requests",
            self.events, self.requests
        )?;
        for (name, count) in [
            ("copies", self.copies),
            ("half-bad", self.half_bad),
            ("wrongly taken", self.wrongly_taken),
            ("busy", self.busy),
            ("retries", self.retries),
            ("lost answers", self.lost_answers),
            ("slow bodies", self.slow_bodies),
        ] {
            if count > 0 {
                write!(f, ", {count} {name}")?;
            }
        }
        Ok(())
    }
}
