//! Whether this process should get traffic, and why not. Alive is another question, answered by any
//! answer.
//!
//! The same reasons stand in `/readyz`, in GraphQL and on the page.

use std::time::Duration;

use serde::Serialize;

use crate::config::duration;
use crate::pulse::Beat;
use crate::pulse::Part;
use crate::snapshot::Snapshot;
use crate::snapshot::StreamStatus;
use crate::snapshot::Unusable;
use crate::snapshot::UnusableFate;
use crate::stream::StreamState;
use crate::time::EpochMs;

/// Payloads without use in a row before it is said: a single one is no stream of them.
const UNUSABLE_MIN: u64 = 2;
/// How long ago the latest of them may have come, in milliseconds: after that the stream is merely
/// quiet.
const UNUSABLE_FRESH_MS: u64 = 60_000;
/// How long nothing but other types may come to a connection that has brought nothing else, in
/// milliseconds: what is asked for may be rare.
const IGNORED_AGE_MAX_MS: u64 = 60_000;

/// What readiness is judged by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment<'a> {
    /// The newest snapshot.
    pub(super) snapshot: &'a Snapshot,
    /// The heartbeats of those who make it.
    pub(super) beats: &'a [Beat],
    /// Wall time.
    pub(super) wall: EpochMs,
    /// How old a snapshot may be, and how long payloads may come to nothing.
    pub(super) age_max: Duration,
    /// Whether the server is about to stop.
    pub(super) is_draining: bool,
}

/// The body of `/readyz`.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Readiness {
    /// Whether there is no reason against it.
    pub(super) ready: bool,
    /// One line for each reason against it.
    pub(super) reasons: Vec<String>,
    /// One line for each thing that somebody should look at all the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) warnings: Vec<String>,
}

impl Readiness {
    /// Judges a moment.
    pub(super) fn of(moment: &Moment<'_>) -> Self {
        let stream = &moment.snapshot.stream;
        let mut reasons = Vec::new();
        if moment.is_draining {
            reasons.push(String::from("draining: the server is about to stop"));
        }
        if stream.state == StreamState::Live {
            reasons.extend(unusable(moment));
        } else {
            reasons.push(not_live(stream));
        }
        reasons.extend(stream.server_clock_offset_ms.and_then(|offset_ms| {
            // A clock that was off when it was last compared.
            stream.is_clock_off.then(|| clock_off(offset_ms))
        }));
        let late = moment.beats.iter().filter(|beat| beat.is_late);
        reasons.extend(late.map(part_late));
        if moment.snapshot.clock.is_behind {
            reasons.push(CLOCK_BEHIND.to_owned());
        }
        let age_ms = moment.wall.since(moment.snapshot.published);
        let age_ms_max = moment.age_max.as_millis();
        if u128::from(age_ms) > age_ms_max {
            reasons.push(format!("snapshot: {age_ms} ms old, over {age_ms_max} ms"));
        }
        Self {
            ready: reasons.is_empty(),
            reasons,
            warnings: Vec::new(),
        }
    }

    /// The same, with a warning where lines of the log were dropped.
    pub(super) fn with_log(mut self, dropped: u64) -> Self {
        if dropped > 0 {
            let why = "nobody reads standard error, or it cannot be written";
            let line = format!("log: {dropped} lines dropped since the start; {why}");
            self.warnings.push(line);
        }
        self
    }
}

fn not_live(stream: &StreamStatus) -> String {
    let mut reason = format!("stream: {}, not live", stream.state.label());
    if let Some(error) = &stream.last_error {
        // It says what to check, which a person who asks here wants to know.
        reason.push_str("; ");
        reason.push_str(error);
    }
    reason
}

/// What to say of a live stream whose payloads come to nothing.
fn unusable(moment: &Moment<'_>) -> Option<String> {
    let run = moment.snapshot.stream.unusable?;
    let age_max_ms = duration::millis(moment.age_max);
    let age_max_ms = match run.fate {
        UnusableFate::Ignored => age_max_ms.max(IGNORED_AGE_MAX_MS),
        _ => age_max_ms,
    };
    let Unusable {
        since,
        latest,
        payloads,
        fate,
    } = run;
    let is_said = payloads >= UNUSABLE_MIN
        && moment.wall.since(since) >= age_max_ms
        && moment.wall.since(latest) <= UNUSABLE_FRESH_MS.max(age_max_ms);
    let hint = match fate {
        UnusableFate::Ignored => {
            "none is of a type that is counted: check the stream url and what it is subscribed to"
        }
        UnusableFate::Rejected(_) => "the log quotes some, counters.rejected counts them all",
        UnusableFate::Late => {
            "they are older than every window: check this machine's clock and the sender's"
        }
        UnusableFate::Future => "they are ahead of this machine's clock: check it",
    };
    let fate = fate.label();
    is_said.then(|| {
        format!(
            "stream: live, but nothing usable since {since}: the latest payload is {fate}; {hint}"
        )
    })
}

fn clock_off(offset_ms: i64) -> String {
    let offset = duration::format(Duration::from_millis(offset_ms.unsigned_abs()));
    let side = if offset_ms > 0 { "behind" } else { "ahead of" };
    format!(
        "clock: this machine is {offset} {side} the server, by the Date of its handshake; the numbers \
         are wrong until both agree"
    )
}

/// How far behind it is changes with every look, so it is apart: `engine { clockBehindMs }`.
const CLOCK_BEHIND: &str = "clock: this machine's clock is further behind where it was than the skew; \
                            the numbers stand until it stays there for 5 s";

/// The text stays the same while the part is late: who listens to the page hears it once.
fn part_late(beat: &Beat) -> String {
    let deadline = duration::format(beat.deadline);
    match beat.part {
        Part::Ingest => {
            let of = beat
                .input
                .map_or_else(String::new, |id| format!(" of {id}"));
            format!("ingest{of}: late: no sign of life for over {deadline}; nothing is read there")
        }
        Part::Ring => {
            format!("ring: late: batches have waited for over {deadline} and none was taken")
        }
        Part::Writer => {
            format!(
                "writer: late: no sign of life for over {deadline}; nothing is applied or published"
            )
        }
        Part::Publisher => {
            format!("publisher: late: no snapshot for over {deadline}; the numbers stand still")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Reject;
    use crate::input::InputId;
    use crate::input::Shard;
    use crate::pulse::Pulse;

    const NOW: EpochMs = EpochMs::from_ms(1_768_478_400_000);
    const AGE_MAX: Duration = Duration::from_secs(5);

    fn live() -> Snapshot {
        let mut snapshot = Snapshot {
            published: NOW,
            ..Snapshot::default()
        };
        snapshot.stream.state = StreamState::Live;
        snapshot
    }

    fn reasons_with(snapshot: &Snapshot, beats: &[Beat], is_draining: bool) -> Vec<String> {
        let readiness = Readiness::of(&Moment {
            snapshot,
            beats,
            wall: NOW,
            age_max: AGE_MAX,
            is_draining,
        });
        assert_eq!(readiness.ready, readiness.reasons.is_empty());
        readiness.reasons
    }

    fn reasons(snapshot: &Snapshot) -> Vec<String> {
        reasons_with(snapshot, &[], false)
    }

    #[test]
    fn a_stream_that_is_not_live_says_why() {
        let mut snapshot = live();
        snapshot.stream.state = StreamState::Refused;
        snapshot.stream.last_error = Some("token: 401: check the secret".into());
        let expected = ["stream: refused, not live; token: 401: check the secret"];
        assert_eq!(reasons(&snapshot), expected);
        snapshot.stream.state = StreamState::Displaced;
        let expected = ["stream: displaced, not live; token: 401: check the secret"];
        assert_eq!(reasons(&snapshot), expected);
        // While it is live, what went wrong before is history.
        snapshot.stream.state = StreamState::Live;
        assert_eq!(reasons(&snapshot), [""; 0]);
    }

    #[test]
    fn a_log_that_loses_lines_is_a_warning_and_no_reason() {
        let snapshot = live();
        let of = |dropped| {
            let moment = Moment {
                snapshot: &snapshot,
                beats: &[],
                wall: NOW,
                age_max: AGE_MAX,
                is_draining: false,
            };
            Readiness::of(&moment).with_log(dropped)
        };
        assert!(of(0).ready && of(0).warnings.is_empty());
        let expected = "log: 3 lines dropped since the start; nobody reads standard error, or it cannot be written";
        assert!(of(3).ready);
        assert_eq!(of(3).warnings, [expected]);
    }

    #[test]
    fn a_clock_that_fell_behind_is_a_reason_while_the_numbers_stand() {
        let mut snapshot = live();
        snapshot.clock.behind_ms = 600_000;
        assert_eq!(reasons(&snapshot), [""; 0], "within the skew");
        snapshot.clock.is_behind = true;
        assert_eq!(reasons(&snapshot), [CLOCK_BEHIND]);
        // A clock that has run ahead is followed.
        snapshot.clock = Default::default();
        snapshot.clock.is_on_hold = true;
        assert_eq!(reasons(&snapshot), [""; 0]);
    }

    #[test]
    fn ready_means_live_fresh_and_staying() {
        let check = |state, age_ms, is_draining, expected: &[&str]| {
            let mut snapshot = live();
            snapshot.stream.state = state;
            snapshot.published = NOW - age_ms;
            assert_eq!(reasons_with(&snapshot, &[], is_draining), expected);
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

    #[test]
    fn payloads_that_come_to_nothing_are_said_after_a_while() {
        let check = |fate, payloads, since_ms: i64, latest_ms: i64, expected: &str| {
            let mut snapshot = live();
            snapshot.stream.unusable = Some(Unusable {
                since: NOW - since_ms,
                latest: NOW - latest_ms,
                payloads,
                fate,
            });
            let reasons = reasons(&snapshot).join("\n");
            assert!(reasons.starts_with(expected), "{reasons}");
            assert_eq!(reasons.is_empty(), expected.is_empty(), "{reasons}");
        };
        let refused = UnusableFate::Rejected(Reject::NotJson);
        let said = "stream: live, but nothing usable since 2026-01-15T11:59:55.000Z: ";
        check(
            refused,
            2,
            5_000,
            0,
            &format!("{said}the latest payload is not_json; "),
        );
        check(refused, 1, 5_000, 0, "");
        check(refused, 9, 4_999, 0, "");
        check(refused, 9, 70_000, 60_001, "");
        check(
            refused,
            9,
            70_000,
            60_000,
            "stream: live, but nothing usable",
        );
        check(
            UnusableFate::Late,
            9,
            5_000,
            0,
            &format!("{said}the latest payload is late; "),
        );
        check(
            UnusableFate::Future,
            9,
            5_000,
            0,
            &format!("{said}the latest payload is future; "),
        );
        check(UnusableFate::Ignored, 9, 59_999, 0, "");
        check(
            UnusableFate::Ignored,
            9,
            60_000,
            0,
            "stream: live, but nothing usable",
        );
    }

    #[test]
    fn a_clock_that_is_off_is_said_also_while_nothing_is_live() {
        let check = |offset_ms, is_clock_off, expected: &str| {
            let mut snapshot = live();
            snapshot.stream.server_clock_offset_ms = Some(offset_ms);
            snapshot.stream.is_clock_off = is_clock_off;
            let reasons = reasons(&snapshot).join("\n");
            assert!(reasons.starts_with(expected), "{reasons}");
            assert_eq!(reasons.is_empty(), expected.is_empty(), "{reasons}");
        };
        check(
            600_000,
            true,
            "clock: this machine is 10m behind the server",
        );
        check(
            -5_500,
            true,
            "clock: this machine is 5s500ms ahead of the server",
        );
        check(4_000, false, "");
    }

    #[test]
    fn the_part_that_is_late_is_named() {
        let pulse = Pulse::default();
        pulse.begin(1);
        let beats = pulse.look(7_000_000_000);
        let expected =
            ["writer: late: no sign of life for over 5s; nothing is applied or published"];
        assert_eq!(reasons_with(&live(), &beats, false), expected);
    }

    #[test]
    fn the_input_that_is_late_is_named() {
        let pulse = Pulse::default();
        let now_ns = 7_000_000_000;
        pulse.begin(now_ns);
        let id = |instance| InputId {
            shard: Shard::only("channel"),
            instance,
        };
        let _stuck = pulse.input(id(1), 1);
        let _turning = pulse.input(id(2), now_ns);
        let expected =
            ["ingest of channel/0#1: late: no sign of life for over 5s; nothing is read there"];
        let reasons = reasons_with(&live(), &pulse.look(now_ns), false);
        assert_eq!(reasons, expected);
    }
}
