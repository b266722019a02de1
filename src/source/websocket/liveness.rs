//! Whether the peer is there: the deadlines of an open connection, in time awake.
//!
//! What waits in the socket when the process comes back from a stop is read before the peer is
//! judged, because the time away is not counted. A peer that has really gone meanwhile is noticed
//! within its deadline from then on.

use std::time::Duration;

use tokio::time::Instant;

use super::awake::AwakeClock;
use super::loss::Loss;
use crate::config::StreamSettings;
use crate::config::duration;

/// How often what need not be done at once is, at the most.
const CHORES_EVERY: Duration = Duration::from_millis(500);

/// What the peer has sent, and when.
#[derive(Debug)]
pub(in crate::source) struct Liveness {
    clock: AwakeClock,
    dead_after: Duration,
    live_timeout: Duration,
    /// When a frame last came, not counting time spent waiting for the ring.
    heard_at: Duration,
    /// By when it has to prove itself live; `None` once it has.
    live_by: Option<Duration>,
    unproven: Unproven,
    chores_at: Duration,
}

/// What a peer sent that proves nothing: it is no whole message and answers no ping of ours.
#[derive(Clone, Copy, Debug, Default)]
struct Unproven {
    pings: u32,
    pongs: u32,
    fragments: u32,
}

/// A frame that proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) enum Unsure {
    Ping,
    Pong,
    Fragment,
}

impl Liveness {
    pub(in crate::source) fn new(settings: &StreamSettings) -> Self {
        let (dead_after, live_timeout) = (settings.dead_after, settings.live_timeout);
        Self {
            clock: AwakeClock::new(dead_after.min(live_timeout)),
            dead_after,
            live_timeout,
            heard_at: Duration::ZERO,
            live_by: Some(live_timeout),
            unproven: Unproven::default(),
            chores_at: Duration::ZERO,
        }
    }

    /// Frames have come.
    pub(in crate::source) fn heard(&mut self) {
        self.heard_at = self.clock.look();
    }

    /// One came that proves nothing.
    pub(in crate::source) fn unsure(&mut self, what: Unsure) {
        let count = match what {
            Unsure::Ping => &mut self.unproven.pings,
            Unsure::Pong => &mut self.unproven.pongs,
            Unsure::Fragment => &mut self.unproven.fragments,
        };
        *count = count.saturating_add(1);
    }

    /// It has proven itself live.
    pub(in crate::source) fn proven(&mut self) {
        self.live_by = None;
    }

    /// Time awake, looked at now.
    pub(in crate::source) fn awake(&mut self) -> Duration {
        self.clock.look()
    }

    /// The moment of the latest look.
    pub(in crate::source) const fn looked_at(&self) -> Instant {
        self.clock.looked_at()
    }

    /// We did not listen since `before`: that is no fault of the peer.
    pub(in crate::source) fn pardon(&mut self, before: Duration) {
        let waited = self.clock.look() - before;
        self.heard_at += waited;
        if let Some(live_by) = &mut self.live_by {
            *live_by += waited;
        }
    }

    /// Judges the peer as of the latest look.
    ///
    /// # Errors
    /// The loss of a peer that is given up, and whether it may still be there to be notified.
    pub(in crate::source) fn check(&self) -> Result<(), (Loss, IsThere)> {
        let awake = self.clock.awake();
        if awake >= self.heard_at + self.dead_after {
            let silence = duration::format(self.dead_after);
            let why = format!("nothing came for {silence}, not even an answer to a ping");
            return Err((Loss::dead_peer(&why), IsThere(false)));
        }
        if self.live_by.is_some_and(|live_by| awake >= live_by) {
            let loss = self.unproven.into_loss(self.live_timeout);
            return Err((loss, IsThere(true)));
        }
        Ok(())
    }

    /// Whether it is time for what need not be done at once.
    pub(in crate::source) fn is_time_for_chores(&mut self) -> bool {
        let awake = self.clock.awake();
        let is_time = awake >= self.chores_at;
        if is_time {
            self.chores_at = awake + CHORES_EVERY;
        }
        is_time
    }

    /// When to look next; `until` is a deadline in place of the peer's.
    pub(in crate::source) fn alarm(&self, until: Option<Duration>) -> Instant {
        let dead_at = self.heard_at + self.dead_after;
        let due = self.live_by.map_or(dead_at, |live_by| live_by.min(dead_at));
        self.clock.alarm(until.unwrap_or(due))
    }
}

/// Whether a peer may still be there to be notified why it is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) struct IsThere(pub(in crate::source) bool);

impl Unproven {
    /// The loss when the stream was not live within `limit`.
    fn into_loss(self, limit: Duration) -> Loss {
        let limit = duration::format(limit);
        let came: Vec<String> = [
            (self.pings, "pings"),
            (self.pongs, "pongs to no ping of ours"),
            (self.fragments, "fragments of a message that did not end"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(_, what)| what.to_owned())
        .collect();
        let came = match came.is_empty() {
            true => "nothing".to_owned(),
            false => format!("only {}", came.join(" and ")),
        };
        Loss::not_live(&format!(
            "not live within {limit} of the handshake: {came} came, no event and no answer to our ping; \
             check that the stream url is the event stream's"
        ))
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;
    use crate::stream::LossCause;

    const SECOND: Duration = Duration::from_secs(1);

    fn liveness() -> Liveness {
        Liveness::new(&StreamSettings::new("wss://example.com/".parse().unwrap()))
    }

    /// Looks every second for so long.
    async fn look_for(liveness: &mut Liveness, seconds: u32) -> Result<(), String> {
        for _ in 0..seconds {
            advance(SECOND).await;
            liveness.awake();
            liveness.check().map_err(|(loss, _)| loss.detail)?;
        }
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_is_no_silence_and_a_peer_gone_meanwhile_is_noticed() {
        let mut liveness = liveness();
        liveness.proven();
        liveness.heard();
        assert_eq!(look_for(&mut liveness, 39).await, Ok(()));
        advance(SECOND * 3_600).await;
        liveness.awake();
        assert_eq!(
            liveness.check().map_err(|(loss, _)| loss.cause),
            Ok(()),
            "away"
        );
        assert_eq!(liveness.alarm(None), Instant::now() + SECOND);
        let lost = look_for(&mut liveness, 1).await.unwrap_err();
        assert!(lost.contains("nothing came for 40s"), "{lost}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_proves_nothing_is_named() {
        let check = async |came: &[Unsure], expected: &str| {
            let mut liveness = liveness();
            for _ in 0..29 {
                // It is there all the time.
                liveness.heard();
                came.iter().for_each(|what| liveness.unsure(*what));
                assert_eq!(look_for(&mut liveness, 1).await, Ok(()));
            }
            let lost = look_for(&mut liveness, 1).await.unwrap_err();
            let expected =
                format!("stream: not live within 30s of the handshake: {expected} came, ");
            assert!(lost.starts_with(&expected), "{lost}");
            let (loss, _) = liveness.check().unwrap_err();
            assert_eq!(loss.cause, LossCause::DeadPeer);
        };
        check(&[], "nothing").await;
        check(&[Unsure::Ping], "only pings").await;
        check(
            &[Unsure::Pong, Unsure::Fragment],
            "only pongs to no ping of ours and fragments of a message that did not end",
        )
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_for_the_ring_is_pardoned() {
        let mut liveness = liveness();
        for _ in 0..100 {
            let before = liveness.awake();
            advance(SECOND).await;
            liveness.pardon(before);
            assert!(liveness.check().is_ok());
        }
    }
}
