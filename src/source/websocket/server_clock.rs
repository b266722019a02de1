//! The peer's clock against ours, by the `Date` of its handshake.
//!
//! A `Date` is of a whole second, and it was written at some moment between our request and its
//! answer. So only a difference is believed that no such moment explains.

use std::time::Duration;

use tracing::info;
use tracing::warn;

use crate::config::duration;
use crate::source::intake::Intake;
use crate::stream::StreamNote;
use crate::time::Clock;
use crate::time::EpochMs;

/// A `Date` stands for its whole second.
const RESOLUTION_MS: i64 = 1_000;
/// A change of the difference that is worth telling, in milliseconds: less is the clocks' own drift.
const CHANGE_MS: u64 = 1_000;

/// What the peer's clock says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) struct ServerClock {
    /// The peer's clock was in this range, both ends included, at `mono_ns`.
    earliest: EpochMs,
    latest: EpochMs,
    mono_ns: u64,
    /// The difference that was reported last, in milliseconds, and whether it was over the skew.
    reported: Option<(i64, bool)>,
}

impl ServerClock {
    /// The peer's clock by its `date`, which was written at most `waited` ago.
    pub(in crate::source) fn new(date: EpochMs, waited: Duration, clock: &Clock) -> Self {
        let waited_ms = i64::try_from(waited.as_millis()).unwrap_or(i64::MAX);
        Self {
            earliest: date,
            latest: date + (RESOLUTION_MS - 1) + waited_ms,
            mono_ns: clock.mono_ns(),
            reported: None,
        }
    }

    /// How far the peer's clock is ahead of ours at least, in milliseconds; negative when it is
    /// behind, 0 when both may be the same. Our own clock may be set meanwhile, and that shows.
    fn offset_ms(&self, clock: &Clock) -> i64 {
        let passed_ms = clock.mono_ns().saturating_sub(self.mono_ns) / 1_000_000;
        let passed_ms = i64::try_from(passed_ms).unwrap_or(i64::MAX);
        let now = clock.wall();
        let earliest_ms = (self.earliest + passed_ms).ms().saturating_sub(now.ms());
        let latest_ms = (self.latest + passed_ms).ms().saturating_sub(now.ms());
        if earliest_ms > 0 {
            earliest_ms
        } else {
            latest_ms.min(0)
        }
    }

    /// Tells the log and the writer how the clocks differ, when that is news.
    pub(in crate::source) fn report(&mut self, skew: Duration, intake: &mut Intake) {
        let was_off = self.reported.is_some_and(|(_, is_off)| is_off);
        let Some((offset_ms, is_off)) = self.news(skew, intake.clock()) else {
            return;
        };
        if is_off {
            let offset = duration::format(Duration::from_millis(offset_ms.unsigned_abs()));
            let side = if offset_ms > 0 { "behind" } else { "ahead of" };
            let skew = duration::format(skew);
            warn!(
                "clock: this machine is {offset} {side} the server, by the Date of its handshake, over \
                 the skew of {skew}; the numbers are wrong until both agree: set this machine's clock \
                 (chrony, systemd-timesyncd), or the server's"
            );
        } else if was_off {
            info!("clock: this machine and the server agree again");
        }
        intake.note(StreamNote::ServerClock { offset_ms, is_off });
    }

    /// The difference and whether it is more than `skew`, if that is worth telling: the first time,
    /// and when it has changed. Later on only a difference that was reported can end or shrink: what
    /// seems to grow may be a machine that slept, whose monotonic clock stood still.
    fn news(&mut self, skew: Duration, clock: &Clock) -> Option<(i64, bool)> {
        let offset_ms = self.offset_ms(clock);
        let is_off = u128::from(offset_ms.unsigned_abs()) > skew.as_millis();
        if let Some((reported_ms, was_off)) = self.reported {
            let is_less = offset_ms.unsigned_abs() + CHANGE_MS <= reported_ms.unsigned_abs();
            if !was_off || !is_less {
                return None;
            }
        }
        self.reported = Some((offset_ms, is_off));
        self.reported
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: EpochMs = EpochMs::from_ms(1_768_478_400_000);
    const SKEW: Duration = Duration::from_secs(5);

    #[test]
    fn only_what_no_moment_explains_is_a_difference() {
        let check = |date_ms: i64, waited_ms: u64, offset_ms: i64, is_off: bool| {
            let (clock, _) = Clock::manual(NOW);
            let mut server =
                ServerClock::new(NOW + date_ms, Duration::from_millis(waited_ms), &clock);
            let news = server.news(SKEW, &clock);
            assert_eq!(
                news,
                Some((offset_ms, is_off)),
                "{date_ms} ms, {waited_ms} ms"
            );
            assert_eq!(server.news(SKEW, &clock), None, "reported once");
        };
        check(0, 0, 0, false);
        // The second began a while ago, and the answer was long under way.
        check(-999, 0, 0, false);
        check(-1_000, 0, -1, false);
        check(-3_999, 3_000, 0, false);
        check(-9_000, 3_000, -5_001, true);
        check(-8_999, 3_000, -5_000, false);
        // Ahead: however long the answer took, the clock has only gone on since.
        check(5_000, 3_000, 5_000, false);
        check(5_001, 0, 5_001, true);
        check(600_000, 100, 600_000, true);
        check(-86_400_000, 0, -86_399_001, true);
    }

    #[test]
    fn a_clock_that_is_set_right_is_reported_and_one_that_slept_is_not() {
        let (clock, hands) = Clock::manual(NOW);
        let mut server = ServerClock::new(NOW + 600_000, Duration::ZERO, &clock);
        assert_eq!(server.news(SKEW, &clock), Some((600_000, true)));
        hands.advance_ms(60_000);
        assert_eq!(server.news(SKEW, &clock), None);
        hands.set_wall(NOW + 660_500);
        assert_eq!(server.news(SKEW, &clock), Some((0, false)));
        // The machine sleeps: the wall goes on alone, and that is no fault of either clock.
        hands.set_wall(NOW + 7_200_000);
        assert_eq!(server.news(SKEW, &clock), None);
    }
}
