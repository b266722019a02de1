//! Steps of the wall clock while events flow, beside an engine whose clock nobody touches.

use streamgauge::aggregate::State;
use streamgauge::config::AggregateSettings;
use streamgauge::config::limits;
use streamgauge::event::Actor;
use streamgauge::event::Event;
use streamgauge::event::EventKind;
use streamgauge::event::IdKeys;
use streamgauge::event::Identity;
use streamgauge::event::LabelsId;
use streamgauge::input::InputId;
use streamgauge::snapshot::Snapshot;
use streamgauge::stream::Gap;
use streamgauge::stream::LossCause;
use streamgauge::stream::StreamNote;
use streamgauge::time::EpochMs;
use streamgauge::window::Width;

use super::history::session_key;

const START: i64 = 1_768_478_400_000;
const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// The allowed skew.
const SKEW: i64 = 5 * SECOND;
/// Between two readings of the clocks.
const TICK: i64 = 100;
/// To the year 9999.
const AGES: i64 = 7_900 * 365 * DAY;

/// An engine on a clock that is set now and then, and its twin on a good one.
struct Twins {
    engine: State,
    twin: State,
    /// True time since the start, which is monotonic time too.
    truth: i64,
    /// How far the wall clock of the first is off.
    off: i64,
}

impl Twins {
    /// Both live, with ten sessions that are open for good.
    fn new() -> Self {
        Self::with_clock_off(0)
    }

    /// The same with a wall clock that is off from the start.
    fn with_clock_off(off: i64) -> Self {
        let windows = [10 * 1_000, 300 * 1_000, 3_600 * 1_000];
        let settings = AggregateSettings {
            // A clock that is set back is a gap for one of them alone.
            uncertain_timeout_ms: AggregateSettings::IDLE_TIMEOUT_MS,
            ..AggregateSettings::new(Width::DEFAULT, 60_000, &windows).unwrap()
        };
        let state = |at| State::new(settings.clone(), IdKeys::FIXED, EpochMs::from_ms(at));
        let mut twins = Self {
            engine: state(START + off),
            twin: state(START),
            truth: 0,
            off,
        };
        twins.read();
        for (state, off) in [(&mut twins.engine, off), (&mut twins.twin, 0)] {
            let at = EpochMs::from_ms(START + off);
            state.note(InputId::default(), &StreamNote::Live { at });
        }
        for who in 100..110 {
            twins.happen(EventKind::Connected, who, 0);
        }
        twins
    }

    fn read(&mut self) {
        let mono_ns = self.truth.cast_unsigned() * 1_000_000;
        for (state, off) in [(&mut self.engine, self.off), (&mut self.twin, 0)] {
            state.read_clocks(EpochMs::from_ms(START + self.truth + off), mono_ns);
            state.work(1);
        }
    }

    /// The wall clock is set to be off by so much.
    fn set(&mut self, off: i64) {
        self.off = off;
        self.read();
    }

    /// An event at a true time.
    fn happen(&mut self, kind: EventKind, who: u8, time: i64) {
        let identity = match kind {
            EventKind::Message => Identity::from_hash(time.cast_unsigned() + 1),
            _ => Identity::NONE,
        };
        let event = Event {
            time: EpochMs::from_ms(START + time),
            session: session_key(who),
            identity,
            detail: Event::NO_DETAIL,
            labels: LabelsId::NONE,
            kind,
            actor: Actor::Unknown,
        };
        for state in [&mut self.engine, &mut self.twin] {
            state.apply(&event);
        }
    }

    /// Time goes on, with events that take a little while to arrive, some of them twice.
    fn pass(&mut self, ms: i64) {
        for _ in 0..ms / TICK {
            self.truth += TICK;
            self.read();
            let (now, tick) = (self.truth, self.truth / TICK);
            let who = u8::try_from(tick / 7 % 50).unwrap();
            match tick % 7 {
                0 => self.happen(EventKind::Connected, who, now - 150),
                6 => self.happen(EventKind::Disconnected, who, now),
                2 => self.happen(EventKind::Message, who, now - 900),
                _ => {
                    self.happen(EventKind::Message, who, now - 20);
                    self.happen(EventKind::Message, who, now - 20);
                }
            }
        }
    }

    /// Time goes on in silence.
    fn pass_silently(&mut self, ms: i64) {
        for _ in 0..ms / TICK {
            self.truth += TICK;
            self.read();
        }
    }

    fn seen(&mut self) -> Snapshot {
        snapshot(&mut self.engine)
    }

    /// Asserts that what both count is the same: windows, sessions, groups and series.
    fn assert_equal(&mut self, what: &str) {
        let (engine, twin) = (snapshot(&mut self.engine), snapshot(&mut self.twin));
        assert_eq!(engine.now, twin.now, "{what}");
        let uncovered = |snapshot: &Snapshot| {
            let mut windows = snapshot.windows.clone();
            windows.iter_mut().for_each(|window| window.coverage_ms = 0);
            windows
        };
        assert_eq!(uncovered(&engine), uncovered(&twin), "{what}");
        assert_eq!(engine.total_connections, twin.total_connections, "{what}");
        let counts = |snapshot: &Snapshot| {
            let (sessions, counters) = (snapshot.sessions, snapshot.counters);
            [
                sessions.open,
                sessions.closed,
                sessions.pending,
                counters.late,
                counters.duplicates,
            ]
        };
        assert_eq!(counts(&engine), counts(&twin), "{what}");
        assert_eq!(engine.counters.evicted_idle, 0);
    }
}

fn snapshot(state: &mut State) -> Snapshot {
    let mut snapshot = Snapshot::default();
    state.work(usize::MAX);
    state.fill(&mut snapshot);
    snapshot
}

#[test]
fn a_clock_that_is_ahead_for_two_seconds_costs_nothing() {
    for off in [20 * SECOND, 10 * MINUTE, 2 * HOUR, DAY, 30 * DAY, AGES] {
        let mut twins = Twins::new();
        twins.pass(90 * SECOND);
        twins.set(off);
        assert_eq!(
            twins.seen().now,
            EpochMs::from_ms(START + twins.truth + off),
            "followed"
        );
        twins.pass(2 * SECOND);
        let seen = twins.seen();
        assert!(seen.clock.is_on_hold);
        assert_eq!(
            (seen.sessions.open, seen.counters.late),
            (snapshot(&mut twins.twin).sessions.open, 0)
        );
        twins.set(0);
        twins.pass(5 * SECOND);
        twins.assert_equal(&format!("{off}"));
        let seen = twins.seen();
        let clock = Gap {
            start: EpochMs::from_ms(START + 90 * SECOND),
            end: Some(EpochMs::from_ms(START + 97 * SECOND)),
            cause: LossCause::Clock,
        };
        assert_eq!(*seen.stream.gaps, [clock]);
        let counters = seen.counters;
        let steps = (
            counters.clock_steps_forward,
            counters.clock_steps_back,
            counters.clock_rebases,
        );
        assert_eq!(steps, (1, 1, 1));
        assert!(!seen.main().is_complete() && seen.main().coverage_ms > 52_000);
        // And it goes on.
        twins.pass(2 * MINUTE);
        twins.assert_equal(&format!("{off}, later"));
        let seen = twins.seen();
        assert!(seen.main().is_complete() && !seen.clock.is_on_hold);
    }
}

#[test]
fn a_step_within_the_skew_is_only_followed() {
    let mut twins = Twins::new();
    twins.pass(90 * SECOND);
    twins.set(SKEW);
    let seen = twins.seen();
    assert!(!seen.clock.is_on_hold);
    assert_eq!(seen.counters.clock_steps_forward, 1);
    twins.set(0);
    twins.pass(5 * SECOND);
    twins.assert_equal("time stood until the clock had caught up");
    assert_eq!(twins.seen().counters.clock_rebases, 0);
}

#[test]
fn a_clock_that_is_behind_for_a_moment_costs_nothing() {
    for off in [-SKEW, -10 * MINUTE, -DAY, -START] {
        let mut twins = Twins::new();
        twins.pass(90 * SECOND);
        twins.set(off);
        twins.pass_silently(2 * SECOND);
        assert_eq!(
            twins.seen().now,
            EpochMs::from_ms(START + 90 * SECOND),
            "time stands"
        );
        let behind = twins.seen().clock.behind_ms.cast_signed();
        assert_eq!(behind, -off - 2 * SECOND);
        twins.set(0);
        twins.pass(MINUTE);
        twins.assert_equal(&format!("{off}"));
        assert_eq!(twins.seen().stream.gaps.len(), 0);
    }
}

#[test]
fn a_clock_that_stays_behind_is_followed_and_costs_no_session() {
    for off in [-10 * MINUTE, -DAY, -40 * DAY] {
        let mut twins = Twins::new();
        twins.pass_silently(90 * SECOND);
        let open = twins.seen().sessions.open;
        twins.set(off);
        twins.pass_silently(5 * SECOND);
        let seen = twins.seen();
        assert_eq!(seen.now, EpochMs::from_ms(START + 95 * SECOND + off));
        assert_eq!(
            (seen.sessions.open, seen.sessions.open_uncertain),
            (open, open)
        );
        assert!(seen.total_connections == open && seen.main().coverage_ms <= 100);
        // An hour later it is set right.
        twins.pass_silently(HOUR);
        twins.set(0);
        twins.pass_silently(3 * MINUTE);
        let seen = twins.seen();
        assert_eq!(
            (seen.sessions.open, seen.counters.evicted_idle),
            (open, 0),
            "{off}"
        );
        assert_eq!(seen.now, EpochMs::from_ms(START + twins.truth));
    }
}

#[test]
fn a_clock_that_was_ahead_from_the_start_is_set_right() {
    for off in [10 * MINUTE, DAY, AGES] {
        let mut twins = Twins::with_clock_off(off);
        twins.pass(2 * SECOND);
        twins.set(0);
        twins.pass(5 * SECOND);
        let seen = twins.seen();
        assert_eq!(seen.now, EpochMs::from_ms(START + 7 * SECOND));
        assert_eq!(seen.counters_since, seen.now);
        assert!(seen.main().coverage_ms < SECOND.cast_unsigned());
        let (late, messages) = (seen.counters.late, seen.main().messages);
        twins.pass(70 * SECOND);
        let seen = twins.seen();
        assert!(seen.main().is_complete() && seen.main().messages > messages);
        assert!(
            seen.counters.late <= late + 2,
            "{} {late}",
            seen.counters.late
        );
        assert_eq!(
            seen.windows[0].messages,
            snapshot(&mut twins.twin).windows[0].messages
        );
    }
}

#[test]
fn repeated_steps_end_where_the_last_one_does() {
    let mut twins = Twins::new();
    twins.pass(90 * SECOND);
    for off in [DAY, 0, 10 * MINUTE, -DAY, HOUR] {
        twins.set(off);
        twins.pass(2 * SECOND);
    }
    twins.set(0);
    twins.pass(6 * SECOND);
    twins.assert_equal("after six steps");
    twins.pass(MINUTE);
    twins.assert_equal("later");
}

#[test]
fn a_clock_may_be_set_right_in_two_steps() {
    let mut twins = Twins::new();
    twins.pass(90 * SECOND);
    twins.set(DAY);
    twins.pass(2 * SECOND);
    twins.set(HOUR);
    twins.pass(6 * SECOND);
    let seen = twins.seen();
    assert_eq!(seen.now, EpochMs::from_ms(START + twins.truth + HOUR));
    assert!(seen.clock.is_on_hold, "still ahead");
    twins.set(0);
    twins.pass(6 * SECOND);
    twins.assert_equal("after both");
    assert_eq!(twins.seen().counters.clock_rebases, 2);
}

#[test]
fn a_machine_that_slept_keeps_everything_for_a_minute() {
    let mut twins = Twins::new();
    twins.pass(90 * SECOND);
    twins.pass_silently(2 * MINUTE);
    let open = twins.seen().sessions.open;
    twins.set(25 * HOUR);
    let hold = i64::try_from(limits::CLOCK_HOLD_MS).unwrap();
    // One session is heard of again, by the clock that is right now.
    twins.pass_silently(SECOND);
    twins.happen(EventKind::Message, 100, twins.truth + 25 * HOUR);
    assert_eq!(twins.seen().main().messages, 1);
    twins.pass_silently(hold - SECOND - TICK);
    let seen = twins.seen();
    assert_eq!((seen.sessions.open, seen.counters.evicted_idle), (open, 0));
    assert_eq!((seen.clock.is_on_hold, seen.stream.gaps.len()), (true, 0));
    twins.pass_silently(TICK);
    let seen = twins.seen();
    assert_eq!((seen.sessions.open, seen.sessions.closed), (1, 0));
    assert_eq!(seen.counters.evicted_idle, open - 1);
    assert!(!seen.clock.is_on_hold);
}

#[test]
fn what_was_booked_ahead_leaves_the_windows_and_stays_in_the_total() {
    for (off, is_believed) in [
        (10 * MINUTE, false),
        (10 * MINUTE, true),
        (DAY, false),
        (DAY, true),
    ] {
        let mut twins = Twins::new();
        twins.pass_silently(2 * MINUTE);
        twins.set(off);
        // Sessions by the wrong clock: one ends under it, one later, one is restarted by the right one.
        for who in 1..=3 {
            twins.happen(EventKind::Connected, who, twins.truth + off);
        }
        twins.happen(EventKind::Disconnected, 1, twins.truth + off + 1);
        twins.pass_silently(if is_believed { 2 * MINUTE } else { 2 * SECOND });
        twins.set(0);
        twins.pass_silently(6 * SECOND);
        let seen = twins.seen();
        // By a clock that is believed to be a day later, the ten have been idle for a day.
        let open = if off == DAY && is_believed { 2 } else { 12 };
        let found = (seen.total_connections, seen.sessions.open);
        assert_eq!(found, (13, open), "{off}");
        let is_held = off == 10 * MINUTE || !is_believed;
        let connections: Vec<u64> = seen
            .windows
            .iter()
            .map(|window| window.connections)
            .collect();
        assert_eq!(
            connections[3],
            if is_held { 10 } else { 0 },
            "{off} {is_believed}"
        );
        for step in 0..3 {
            twins.happen(EventKind::Disconnected, 2, twins.truth + off + 20);
            twins.happen(EventKind::Connected, 3, twins.truth + off + 20);
            twins.pass_silently(step * 10 * MINUTE);
            let seen = twins.seen();
            for window in &seen.windows {
                // A count that was taken out twice would be as good as endless.
                assert!(window.active_sessions <= 12, "{window:?}");
            }
            for group in seen
                .groups
                .by(streamgauge::snapshot::Dimension::Queue)
                .iter()
            {
                assert!(
                    group
                        .windows
                        .iter()
                        .all(|window| window.active_sessions <= 12)
                );
            }
        }
    }
}

#[test]
fn no_reading_and_no_time_is_too_far() {
    let extremes = [
        i64::MIN,
        -1,
        0,
        1,
        START,
        EpochMs::MAX.ms(),
        EpochMs::MAX.ms() + 1,
        i64::MAX,
    ];
    for first in extremes {
        let mut twins = Twins::new();
        let mut mono_ms: u64 = 0;
        for wall in [first].into_iter().chain(extremes) {
            for wait_ms in [0, 6_000, 61_000] {
                mono_ms += wait_ms;
                twins
                    .engine
                    .read_clocks(EpochMs::from_ms(wall), mono_ms * 1_000_000);
                for time in extremes {
                    for kind in [
                        EventKind::Connected,
                        EventKind::Message,
                        EventKind::Disconnected,
                    ] {
                        twins.happen(kind, 1, time.saturating_sub(START));
                    }
                }
                let seen = twins.seen();
                assert!((EpochMs::from_ms(0)..=EpochMs::MAX).contains(&seen.now));
                assert!(
                    seen.windows
                        .iter()
                        .all(|window| window.active_sessions < 100)
                );
            }
        }
    }
}
