//! Sessions whose end may lie in a gap: until when they count as open, and as what they leave.

use streamgauge::aggregate::State;
use streamgauge::config::AggregateSettings;
use streamgauge::config::limits;
use streamgauge::event::Actor;
use streamgauge::event::Event;
use streamgauge::event::EventKind;
use streamgauge::event::IdKeys;
use streamgauge::event::IdKind;
use streamgauge::event::Identity;
use streamgauge::event::LabelsId;
use streamgauge::event::SessionKey;
use streamgauge::input::InputId;
use streamgauge::snapshot::Dimension;
use streamgauge::snapshot::Snapshot;
use streamgauge::stream::LossCause;
use streamgauge::stream::StreamNote;
use streamgauge::time::EpochMs;
use streamgauge::window::Width;

/// The beginning of a minute.
const START: i64 = 1_768_478_400_000;
const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

struct Engine {
    state: State,
    /// Since the start, in milliseconds.
    now: i64,
    /// How far the wall clock is off.
    off: i64,
}

impl Engine {
    /// One that is live from the start.
    fn new(idle_minutes: u64, uncertain_minutes: u64) -> Self {
        let settings = AggregateSettings {
            idle_timeout_ms: idle_minutes * 60_000,
            uncertain_timeout_ms: uncertain_minutes * 60_000,
            ..AggregateSettings::new(Width::DEFAULT, 60_000, &[3_600_000]).unwrap()
        };
        let start = EpochMs::from_ms(START);
        let mut engine = Self {
            state: State::new(settings, IdKeys::FIXED, start),
            now: 0,
            off: 0,
        };
        engine.at(0);
        engine
            .state
            .note(InputId::default(), &StreamNote::Live { at: start });
        engine
    }

    /// Time goes on to so many milliseconds after the start.
    fn at(&mut self, now: i64) -> &mut Self {
        self.now = now;
        let wall = EpochMs::from_ms(START + now + self.off);
        self.state
            .read_clocks(wall, now.cast_unsigned() * 1_000_000);
        self
    }

    /// The same, in steps of a second.
    fn pass_to(&mut self, now: i64) -> &mut Self {
        while self.now + SECOND < now {
            self.at(self.now + SECOND);
        }
        self.at(now)
    }

    fn happen(&mut self, kind: EventKind, id: u64) -> &mut Self {
        self.state.apply(&Event {
            time: EpochMs::from_ms(START + self.now + self.off),
            session: SessionKey {
                hi: 0,
                lo: id,
                kind: IdKind::Uuid,
            },
            identity: Identity::NONE,
            detail: Event::NO_DETAIL,
            kind,
            labels: LabelsId::NONE,
            actor: Actor::Unknown,
        });
        self
    }

    fn connect(&mut self, id: u64) -> &mut Self {
        self.happen(EventKind::Connected, id)
    }

    /// A gap of a moment.
    fn gap(&mut self) -> &mut Self {
        let at = EpochMs::from_ms(START + self.now + self.off);
        self.state.note(
            InputId::default(),
            &StreamNote::Lost {
                since: at,
                cause: LossCause::Dropped,
                detail: "gone".to_owned(),
            },
        );
        self.state
            .note(InputId::default(), &StreamNote::Live { at });
        self
    }

    fn seen(&mut self) -> Snapshot {
        self.state.work(usize::MAX);
        let mut snapshot = Snapshot::default();
        self.state.fill(&mut snapshot);
        snapshot
    }

    /// Open and uncertain sessions, and those let go as idle and as uncertain.
    fn counts(&mut self) -> [u64; 4] {
        let seen = self.seen();
        let (sessions, counters) = (seen.sessions, seen.counters);
        [
            sessions.open,
            sessions.open_uncertain,
            counters.evicted_idle,
            counters.evicted_uncertain,
        ]
    }
}

#[test]
fn an_uncertain_session_goes_after_whole_minutes_without_an_event() {
    let mut engine = Engine::new(120, 30);
    engine.at(59 * SECOND).connect(1).at(5 * MINUTE).gap();
    assert_eq!(engine.at(31 * MINUTE - 1).counts(), [1, 1, 0, 0]);
    assert_eq!(engine.seen().windows[1].active_sessions, 1);
    assert_eq!(engine.at(31 * MINUTE).counts(), [0, 0, 0, 1]);
    // It gains no duration, and its disconnect is an orphan.
    engine.happen(EventKind::Disconnected, 1).at(34 * MINUTE);
    let (seen, window) = (engine.seen(), engine.seen().windows[1].clone());
    assert_eq!((window.active_sessions, window.closed_sessions), (0, 0));
    assert_eq!((window.disconnections, seen.counters.orphans), (0, 1));
}

#[test]
fn a_session_without_a_gap_since_its_latest_event_waits_for_the_idle_timeout() {
    let mut engine = Engine::new(120, 30);
    engine.connect(1).at(MINUTE).gap();
    // An event makes it certain, and a gap before that is of no more interest.
    engine.at(2 * MINUTE).happen(EventKind::Message, 1);
    assert_eq!(engine.at(122 * MINUTE).counts(), [1, 0, 0, 0]);
    assert_eq!(engine.at(123 * MINUTE).counts(), [0, 0, 1, 0]);
}

#[test]
fn further_gaps_do_not_put_it_off_and_silence_before_the_gap_counts() {
    let mut engine = Engine::new(120, 30);
    engine.connect(1).connect(2);
    for minute in 1..31 {
        engine.at(minute * MINUTE).gap();
    }
    assert_eq!(engine.counts(), [2, 2, 0, 0]);
    // One was heard of in time.
    engine.happen(EventKind::Message, 2);
    assert_eq!(engine.at(31 * MINUTE).counts(), [1, 0, 0, 1]);
    // The other was silent for an hour before the next gap: it goes in the minute after.
    assert_eq!(engine.at(90 * MINUTE).counts(), [1, 0, 0, 1]);
    assert_eq!(engine.gap().at(91 * MINUTE - 1).counts(), [1, 1, 0, 1]);
    assert_eq!(engine.at(91 * MINUTE).counts(), [0, 0, 0, 2]);
}

#[test]
fn what_is_heard_of_between_the_gap_and_the_minute_stays() {
    let mut engine = Engine::new(120, 30);
    engine.connect(1).connect(2).at(90 * MINUTE).gap();
    engine.happen(EventKind::Message, 1);
    assert_eq!(engine.at(91 * MINUTE).counts(), [1, 0, 0, 1]);
    assert_eq!(engine.at(210 * MINUTE).counts(), [1, 0, 0, 1]);
    assert_eq!(engine.at(211 * MINUTE).counts(), [0, 0, 1, 1]);
}

#[test]
fn a_shorter_idle_timeout_comes_first() {
    for uncertain_minutes in [10, 30] {
        let mut engine = Engine::new(10, uncertain_minutes);
        engine.connect(1).at(MINUTE).gap();
        assert_eq!(engine.at(10 * MINUTE).counts(), [1, 1, 0, 0]);
        assert_eq!(engine.at(11 * MINUTE).counts(), [0, 0, 1, 0]);
    }
}

#[test]
fn nobody_goes_while_the_clock_is_on_hold() {
    let mut engine = Engine::new(120, 30);
    engine.connect(1).pass_to(MINUTE).gap().pass_to(2 * MINUTE);
    engine.off = HOUR;
    let hold = i64::try_from(limits::CLOCK_HOLD_MS).unwrap();
    engine.pass_to(2 * MINUTE + hold - SECOND);
    assert!(engine.seen().clock.is_on_hold);
    assert_eq!(engine.counts(), [1, 1, 0, 0]);
    // The clock is believed: by it the session was silent for an hour.
    engine.pass_to(2 * MINUTE + hold + SECOND);
    assert_eq!(engine.counts(), [0, 0, 0, 1]);
}

#[test]
fn a_clock_that_is_set_back_is_a_gap_too() {
    let mut engine = Engine::new(120, 30);
    engine.connect(1).pass_to(2 * MINUTE);
    engine.off = -20 * MINUTE;
    engine.pass_to(3 * MINUTE);
    assert_eq!(engine.counts(), [1, 1, 0, 0]);
    // From where the clock goes on.
    engine.pass_to(32 * MINUTE + 30 * SECOND);
    assert_eq!(engine.counts(), [1, 1, 0, 0]);
    engine.pass_to(33 * MINUTE + 10 * SECOND);
    assert_eq!(engine.counts(), [0, 0, 0, 1]);
}

/// Guests whose end fell into a gap once stayed open for the idle timeout: a day.
#[test]
fn with_a_drop_every_45_s_open_stays_bounded() {
    let mut engine = Engine::new(24 * 60, 30);
    let (mut id, mut most) = (0, 0);
    // Every second a guest comes and another one, who came two minutes ago, leaves; of every 45 s the
    // first five are lost.
    for second in 0..4 * 3_600 {
        engine.at(second * SECOND);
        if second % 45 == 0 {
            engine.gap();
        }
        id += 1;
        if second % 45 >= 5 {
            engine.connect(id);
            if id > 120 {
                engine.happen(EventKind::Disconnected, id - 120);
            }
        }
        if second % 600 == 599 {
            most = most.max(engine.counts()[0]);
        }
    }
    let [open, uncertain, idle, let_go] = engine.counts();
    // At most 120 are there; of half an hour's guests each ninth is lost.
    assert!(most <= 120 + 31 * 60 / 9 + 10, "{most}");
    assert!(open <= most && uncertain < open, "{uncertain} of {open}");
    assert!(idle == 0 && let_go > 1_000, "{idle} and {let_go}");
    let seen = engine.seen();
    let group = seen
        .groups
        .by(Dimension::Queue)
        .find("(none)", None)
        .unwrap()
        .clone();
    let count = [group.open_sessions, group.open_uncertain];
    assert!(
        count[0].abs_diff(open) <= 1 && count[1].abs_diff(uncertain) <= 1,
        "{count:?}"
    );
}

#[test]
fn open_is_complete_once_the_idle_timeout_has_passed_since_the_stream_was_live() {
    let mut engine = Engine::new(10, 30);
    let since = |engine: &mut Engine| {
        let sessions = engine.seen().sessions;
        (
            sessions.open_since.map(|since| since.ms() - START),
            sessions.is_open_complete,
        )
    };
    assert_eq!(since(&mut engine), (Some(0), false));
    engine.at(11 * MINUTE - 1).gap();
    assert_eq!(since(&mut engine), (Some(0), false));
    engine.at(11 * MINUTE);
    assert_eq!(since(&mut engine), (Some(0), true));
    // Nothing is known before the stream is live, however long that takes.
    let settings = AggregateSettings::default();
    let mut state = State::new(settings, IdKeys::FIXED, EpochMs::from_ms(START));
    let mut snapshot = Snapshot::default();
    state.read_clocks(EpochMs::from_ms(START), 0);
    state.read_clocks(EpochMs::from_ms(START + 48 * HOUR), 48 * 3_600_000_000_000);
    state.fill(&mut snapshot);
    assert_eq!(snapshot.sessions.open_since, None);
    assert!(!snapshot.sessions.is_open_complete);
}
