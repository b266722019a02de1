//! How long to wait between tries, and the state that is.

use std::time::Duration;

use super::loss::Retry;
use crate::config::StreamSettings;
use crate::config::duration;
use crate::net::Backoff;
use crate::stream::StreamState;

/// How long to wait when a fresh token was refused too: only a person can change anything.
const REFUSED_RETRY: Duration = Duration::from_secs(60);
/// Displacements in a row by which somebody else is recognised; fewer may be our own last connection.
const DISPLACEMENTS_MAX: u32 = 3;

/// The pace of tries.
#[derive(Debug)]
pub(in crate::source) struct Pace {
    backoff: Backoff,
    stable_after: Duration,
    displaced_retry: Duration,
    /// Refusals in a row, without a live stream in between.
    refusals: u32,
    /// Displacements in a row, without a stream in between that lived long enough to be ours alone.
    displacements: u32,
}

impl Pace {
    pub(in crate::source) fn new(settings: &StreamSettings) -> Self {
        Self {
            backoff: Backoff::new(settings.backoff_base, settings.backoff_cap),
            stable_after: settings.stable_after,
            displaced_retry: settings.displaced_retry,
            refusals: 0,
            displacements: 0,
        }
    }

    /// The wait after a connection that was live for `live_for` (`None`: never), and the state in it.
    pub(in crate::source) fn after(
        &mut self,
        retry: Retry,
        live_for: Option<Duration>,
    ) -> (Duration, StreamState) {
        // A stream that is cut a second after it was live each time has not proven anything.
        if live_for.is_some_and(|live_for| live_for >= self.stable_after) {
            self.backoff.reset();
        }
        if live_for.is_some() || retry != Retry::FreshToken {
            self.refusals = 0;
        }
        if live_for.is_some_and(|live_for| live_for >= self.alone_after()) {
            self.displacements = 0;
        }
        let wait = match retry {
            Retry::Backoff => self.backoff.next_delay(),
            Retry::Slower => {
                self.backoff.skip();
                self.backoff.next_delay()
            }
            Retry::FreshToken => {
                self.refusals += 1;
                if self.refusals > 1 {
                    return (REFUSED_RETRY, StreamState::Refused);
                }
                self.backoff.next_delay()
            }
            Retry::Between(least, most) => self.backoff.between(least, most),
            Retry::Displaced => {
                self.displacements += 1;
                if self.displacements >= DISPLACEMENTS_MAX {
                    let least = self.displaced_retry;
                    let wait = self.backoff.between(least, least * 2);
                    return (wait, StreamState::Displaced);
                }
                self.backoff.next_delay()
            }
        };
        (wait, StreamState::Backoff)
    }

    /// How long a stream has to live to show that nobody else takes it. Another engine that was
    /// displaced too comes back as slowly as we do.
    fn alone_after(&self) -> Duration {
        match self.displacements >= DISPLACEMENTS_MAX {
            true => self.stable_after.max(self.displaced_retry * 2),
            false => self.stable_after,
        }
    }

    /// What to say of a displacement that ended in [`StreamState::Displaced`], and what to do.
    pub(in crate::source) fn displacement(&self, wait: Duration) -> String {
        let (count, wait) = (self.displacements, duration::format(whole(wait)));
        format!(
            ", {count} times in a row: another engine uses this client's stream; stop one of them, or \
             give each an OAuth client of its own; trying again in {wait}"
        )
    }
}

/// Whole seconds, for people, where it is a second or more.
fn whole(wait: Duration) -> Duration {
    match wait.as_secs() {
        0 => Duration::from_millis(u64::from(wait.subsec_millis())),
        seconds => Duration::from_secs(seconds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn pace() -> Pace {
        let mut settings = StreamSettings::new("wss://example.com/".parse().unwrap());
        // A base as large as the cap would hide what resets; a seed would hide nothing.
        settings.backoff_base = SECOND;
        Pace::new(&settings)
    }

    #[test]
    fn only_a_stable_stream_resets_the_backoff() {
        let mut pace = pace();
        for _ in 0..10 {
            pace.after(Retry::Backoff, Some(SECOND * 59));
        }
        // Far past the base by now: a draw above it comes sooner or later.
        let above = |pace: &mut Pace| {
            (0..100).any(|_| pace.after(Retry::Backoff, Some(SECOND * 59)).0 > SECOND)
        };
        assert!(above(&mut pace));
        for _ in 0..100 {
            let (wait, state) = pace.after(Retry::Backoff, Some(SECOND * 60));
            assert!(wait <= SECOND, "{wait:?}");
            assert_eq!(state, StreamState::Backoff);
        }
    }

    #[test]
    fn a_second_refusal_in_a_row_is_tried_again_slowly() {
        let mut pace = pace();
        let (wait, state) = pace.after(Retry::FreshToken, None);
        assert!(wait <= SECOND);
        assert_eq!(state, StreamState::Backoff);
        for _ in 0..3 {
            let slow = (REFUSED_RETRY, StreamState::Refused);
            assert_eq!(pace.after(Retry::FreshToken, None), slow);
        }
        // It was live in between: the token worked for a while.
        let (_, state) = pace.after(Retry::FreshToken, Some(SECOND));
        assert_eq!(state, StreamState::Backoff);
    }

    #[test]
    fn a_wait_the_peer_asks_for_is_kept() {
        let mut pace = pace();
        let (least, most) = (SECOND * 5, SECOND * 30);
        for _ in 0..100 {
            let (wait, _) = pace.after(Retry::Between(least, most), None);
            assert!((least..=most).contains(&wait));
        }
        assert_eq!(pace.after(Retry::Between(least, least), None).0, least);
    }

    #[test]
    fn the_third_displacement_in_a_row_is_somebody_else() {
        use StreamState::{Backoff, Displaced};
        let mut pace = pace();
        let state = |pace: &mut Pace, live_s: u32| {
            let (wait, state) = pace.after(Retry::Displaced, Some(SECOND * live_s));
            match state {
                Displaced => assert!((SECOND * 300..=SECOND * 600).contains(&wait)),
                _ => assert!(wait <= SECOND * 30),
            }
            state
        };
        assert_eq!(state(&mut pace, 1), Backoff);
        assert_eq!(state(&mut pace, 59), Backoff);
        // Lost in between for another reason: the other one is still there.
        pace.after(Retry::Backoff, Some(SECOND));
        assert_eq!(state(&mut pace, 1), Displaced);
        // The other one waits as long as we do before it comes back.
        assert_eq!(state(&mut pace, 599), Displaced);
        assert!(pace.displacement(SECOND * 400).contains("4 times in a row"));
        assert_eq!(state(&mut pace, 600), Backoff);
        // Alone for a minute each time: that may be a deployment.
        for _ in 0..9 {
            assert_eq!(state(&mut pace, 60), Backoff);
        }
    }
}
