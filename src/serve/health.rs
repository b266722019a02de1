//! Whether this process should get traffic. Alive is another question, answered by any answer.

use std::time::Duration;

use serde::Serialize;

use crate::snapshot::Snapshot;
use crate::stream::StreamState;
use crate::time::EpochMs;

/// The body of `/readyz`.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Readiness {
    /// Whether there is no reason against it.
    pub(super) ready: bool,
    /// One line for each reason against it.
    pub(super) reasons: Vec<String>,
}

impl Readiness {
    /// Judges a snapshot at a moment of the wall clock.
    pub(super) fn new(
        snapshot: &Snapshot,
        wall: EpochMs,
        age_max: Duration,
        is_draining: bool,
    ) -> Self {
        let mut reasons = Vec::new();
        if is_draining {
            reasons.push(String::from("draining: the server is about to stop"));
        }
        let state = snapshot.stream.state;
        if state != StreamState::Live {
            let mut reason = format!("stream: {}, not live", state.label());
            if let Some(error) = &snapshot.stream.last_error {
                // It says what to check, which a person who asks here wants to know.
                reason.push_str("; ");
                reason.push_str(error);
            }
            reasons.push(reason);
        }
        let clock = &snapshot.clock;
        if clock.is_behind {
            let behind_ms = clock.behind_ms;
            reasons.push(format!(
                "clock: the clock of this machine is {behind_ms} ms behind where it was; the numbers \
                 stand until it stays there for 5 s"
            ));
        }
        let (age_ms, age_ms_max) = (wall.since(snapshot.published), age_max.as_millis());
        if u128::from(age_ms) > age_ms_max {
            reasons.push(format!("snapshot: {age_ms} ms old, over {age_ms_max} ms"));
        }
        Self {
            ready: reasons.is_empty(),
            reasons,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_is_not_live_says_why() {
        let mut snapshot = Snapshot::default();
        snapshot.stream.state = StreamState::Refused;
        snapshot.stream.last_error = Some("token: 401: check the secret".into());
        let now = snapshot.published;
        let readiness = Readiness::new(&snapshot, now, Duration::from_secs(5), false);
        let expected = ["stream: refused, not live; token: 401: check the secret"];
        assert_eq!(readiness.reasons, expected);
        // While it is live, what went wrong before is history.
        snapshot.stream.state = StreamState::Live;
        let readiness = Readiness::new(&snapshot, now, Duration::from_secs(5), false);
        assert!(readiness.ready, "{readiness:?}");
    }

    #[test]
    fn a_clock_that_fell_behind_is_a_reason_while_the_numbers_stand() {
        let mut snapshot = Snapshot::default();
        snapshot.stream.state = StreamState::Live;
        snapshot.clock.behind_ms = 600_000;
        let ready = |snapshot: &Snapshot| {
            let age_max = Duration::from_secs(5);
            Readiness::new(snapshot, snapshot.published, age_max, false)
        };
        assert!(ready(&snapshot).ready, "within the skew");
        snapshot.clock.is_behind = true;
        let expected = "clock: the clock of this machine is 600000 ms behind where it was; the \
                        numbers stand until it stays there for 5 s";
        assert_eq!(ready(&snapshot).reasons, [expected]);
        // A clock that has run ahead is followed.
        snapshot.clock = Default::default();
        snapshot.clock.is_on_hold = true;
        assert!(ready(&snapshot).ready);
    }

    #[test]
    fn ready_means_live_fresh_and_staying() {
        let check = |state, age_ms, is_draining, expected: &[&str]| {
            let mut snapshot = Snapshot::default();
            snapshot.stream.state = state;
            snapshot.published = EpochMs::from_ms(1_000_000);
            let wall = snapshot.published + age_ms;
            let age_max = Duration::from_secs(5);
            let readiness = Readiness::new(&snapshot, wall, age_max, is_draining);
            assert_eq!(readiness.reasons, expected);
            assert_eq!(readiness.ready, expected.is_empty());
        };
        check(StreamState::Live, 0, false, &[]);
        check(StreamState::Live, 5_000, false, &[]);
        check(StreamState::Live, -5_000, false, &[]);
        check(
            StreamState::Live,
            5_001,
            false,
            &["snapshot: 5001 ms old, over 5000 ms"],
        );
        check(
            StreamState::Backoff,
            0,
            false,
            &["stream: backoff, not live"],
        );
        check(
            StreamState::Live,
            0,
            true,
            &["draining: the server is about to stop"],
        );
    }
}
