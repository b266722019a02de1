//! Up to when a connection has missed nothing: where a gap begins if it ends now.

use crate::time::EpochMs;

/// How far the newest event's time may be from what was heard to be believed as its send time.
const EVENT_TIME_TRUST_MS: u64 = 60_000;

/// What a live connection has heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) struct Coverage {
    /// When it was proven live.
    live_at: EpochMs,
    /// What the peer had sent by this moment has arrived. `live_at <= heard_until`, unless the wall
    /// clock steps back.
    heard_until: EpochMs,
}

impl Coverage {
    /// Begins when the connection is proven live.
    pub(in crate::source) const fn new(live_at: EpochMs) -> Self {
        Self {
            live_at,
            heard_until: live_at,
        }
    }

    /// A frame shows that nothing sent before `until` is under way any more.
    pub(in crate::source) fn heard(&mut self, until: EpochMs) {
        self.heard_until = self.heard_until.max(until);
    }

    /// The latest moment up to which nothing can be missing. An event sent after the newest one may
    /// be, although something else was heard later; what was sent before the connection was live
    /// belongs to the gap before it.
    pub(in crate::source) fn until(&self, newest_event: Option<EpochMs>) -> EpochMs {
        let heard = self.heard_until;
        let credible = newest_event
            .filter(|event| heard.since(*event).max(event.since(heard)) <= EVENT_TIME_TRUST_MS);
        credible
            .map_or(heard, |event| event.min(heard))
            .max(self.live_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_begins_as_late_as_is_certain() {
        let check = |heard_until: Option<i64>, newest_event: Option<i64>, expected: i64| {
            let mut coverage = Coverage::new(EpochMs::from_ms(1_000_000));
            if let Some(until) = heard_until {
                coverage.heard(EpochMs::from_ms(until));
            }
            let until = coverage.until(newest_event.map(EpochMs::from_ms));
            assert_eq!(until.ms(), expected, "{heard_until:?} {newest_event:?}");
        };
        // Nothing came, or only answers to pings.
        check(None, None, 1_000_000);
        check(Some(1_100_000), None, 1_100_000);
        check(Some(999_000), None, 1_000_000);
        // The newest event bounds it, if its time is credible.
        check(Some(1_100_000), Some(1_099_900), 1_099_900);
        check(Some(1_100_000), Some(1_100_400), 1_100_000);
        check(Some(1_100_000), Some(1_040_000), 1_040_000);
        check(Some(1_100_000), Some(1_039_999), 1_100_000);
        check(Some(1_100_000), Some(0), 1_100_000);
        check(Some(1_100_000), Some(9_000_000_000_000), 1_100_000);
        // An event older than the connection does not reach back before it.
        check(Some(1_000_500), Some(999_999), 1_000_000);
    }
}
