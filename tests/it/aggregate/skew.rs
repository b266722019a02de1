//! A disconnect stamped before its connect, or a guest who came back: nothing tells the two apart, so
//! the table of sessions decides in order of arrival. Here it is, for both orders, as the numbers that
//! it comes to, in the engine and in the reference model.

use streamgauge::config::AggregateSettings;
use streamgauge::config::ClockRule;
use streamgauge::event::Actor;
use streamgauge::event::Detail;
use streamgauge::event::Event;
use streamgauge::event::EventKind;
use streamgauge::event::Identity;
use streamgauge::event::LabelsId;
use streamgauge::snapshot::Snapshot;
use streamgauge::time::EpochMs;
use streamgauge::window::Width;

use super::Engine;
use super::differences;
use super::history::Step;
use super::history::session_key;
use super::play;
use crate::model::Model;

/// When the guest connects.
const CONNECT: EpochMs = EpochMs::from_ms(1_768_478_430_000);

/// An event by its kind and how long before [`CONNECT`] it is, in milliseconds.
type Arrival = (char, i64);

/// What a history comes to. What is not named is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Numbers {
    total: u64,
    open: u64,
    closed: u64,
    closed_ms: u64,
    orphans: u64,
    clock_skew: u64,
    duplicates: u64,
    reconnects: u64,
    stale: u64,
    recovered: u64,
}

impl Numbers {
    fn of(snapshot: &Snapshot) -> Self {
        let counters = &snapshot.counters;
        Self {
            total: snapshot.total_connections,
            open: snapshot.sessions.open,
            closed: snapshot.main().closed_sessions,
            closed_ms: snapshot.main().closed_duration_ms,
            orphans: counters.orphans,
            clock_skew: counters.clock_skew,
            duplicates: counters.duplicates,
            reconnects: counters.reconnects,
            stale: counters.stale,
            recovered: counters.recovered,
        }
    }
}

fn settings() -> AggregateSettings {
    AggregateSettings {
        lateness_ms: 60_000,
        clock: ClockRule::Event {
            max_jump_ms: AggregateSettings::MAX_JUMP_MS,
        },
        ..AggregateSettings::new(Width::DEFAULT, 60_000, &[]).unwrap()
    }
}

/// Plays events in this order of arrival to the engine and to the model.
fn check_with(own_duration_ms: Option<u32>, arrivals: &[Arrival], expected: Numbers) {
    let settings = settings();
    let mut engine = Engine::new(&settings, EpochMs::default());
    let mut model = Model::new(settings.clone());
    for &(kind, before_ms) in arrivals {
        let kind = match kind {
            'c' => EventKind::Connected,
            _ => EventKind::Disconnected,
        };
        let own_duration_ms = own_duration_ms.filter(|_| kind == EventKind::Disconnected);
        let step = Step::Apply(Event {
            time: CONNECT - before_ms,
            session: session_key(0),
            identity: Identity::NONE,
            detail: Detail::of_duration(own_duration_ms),
            kind,
            labels: LabelsId::NONE,
            actor: Actor::Unknown,
        });
        engine.play(&step);
        play(&mut model, &step);
    }
    // While a disconnect waits for its connect it is no orphan yet.
    let differences = differences(engine.snapshot(), &model.snapshot(), &settings);
    assert_eq!(differences, "", "{arrivals:?}");
    assert_eq!(Numbers::of(engine.snapshot()), expected, "{arrivals:?}");
    assert_eq!(engine.snapshot().counters.accounting_gap(), 0);
}

fn check(arrivals: &[Arrival], expected: Numbers) {
    check_with(None, arrivals, expected);
}

/// A session that has closed with a duration of 0.
const CLOSED_AT_ONCE: Numbers = Numbers {
    total: 1,
    closed: 1,
    open: 0,
    closed_ms: 0,
    orphans: 0,
    clock_skew: 0,
    duplicates: 0,
    reconnects: 0,
    stale: 0,
    recovered: 0,
};
/// The same, by skew.
const SKEWED: Numbers = Numbers {
    clock_skew: 1,
    ..CLOSED_AT_ONCE
};
/// A session that is open, beside a disconnect that belongs to none.
const OPEN_BESIDE_AN_ORPHAN: Numbers = Numbers {
    total: 1,
    open: 1,
    closed: 0,
    orphans: 1,
    ..CLOSED_AT_ONCE
};

#[test]
fn both_orders_of_a_connect_and_an_earlier_disconnect_are_those_of_the_table() {
    // (the disconnect is so many ms before the connect, connect first, disconnect first)
    for (before_ms, connect_first, disconnect_first) in [
        (0, CLOSED_AT_ONCE, CLOSED_AT_ONCE),
        (1, SKEWED, OPEN_BESIDE_AN_ORPHAN),
        (4_999, SKEWED, OPEN_BESIDE_AN_ORPHAN),
        (5_000, SKEWED, OPEN_BESIDE_AN_ORPHAN),
        (5_001, OPEN_BESIDE_AN_ORPHAN, OPEN_BESIDE_AN_ORPHAN),
    ] {
        check(&[('c', 0), ('d', before_ms)], connect_first);
        check(&[('d', before_ms), ('c', 0)], disconnect_first);
    }
    // And where they are in order, either order of arrival comes to the same.
    for after_ms in [0, 1, 5_001] {
        let closed = Numbers {
            closed_ms: after_ms,
            ..CLOSED_AT_ONCE
        };
        let disconnect = ('d', -i64::try_from(after_ms).unwrap());
        check(&[('c', 0), disconnect], closed);
        check(&[disconnect, ('c', 0)], closed);
    }
}

#[test]
fn copies_are_judged_by_what_is_known_when_they_arrive() {
    let copies = |numbers: Numbers, duplicates| Numbers {
        duplicates,
        ..numbers
    };
    for before_ms in [1, 5_000] {
        let (c, d) = (('c', 0), ('d', before_ms));
        check(&[c, d, d], copies(SKEWED, 1));
        check(&[c, d, c], copies(SKEWED, 1));
        check(&[c, c, d, d, c], copies(SKEWED, 3));
        check(&[d, d, c], copies(OPEN_BESIDE_AN_ORPHAN, 1));
        check(&[d, c, c], copies(OPEN_BESIDE_AN_ORPHAN, 1));
        // Nothing remembers the orphan: its copy closes the session that has opened meanwhile.
        let closed_by_the_copy = Numbers {
            orphans: 1,
            ..SKEWED
        };
        check(&[d, c, d], closed_by_the_copy);
        check(&[d, c, d, d], copies(closed_by_the_copy, 1));
    }
    let (c, d) = (('c', 0), ('d', 5_001));
    let two_orphans = Numbers {
        orphans: 2,
        ..OPEN_BESIDE_AN_ORPHAN
    };
    check(&[c, d, d], two_orphans);
    check(&[d, c, d], two_orphans);
}

#[test]
fn a_guest_who_came_back_is_told_from_skew_by_the_order_alone() {
    // Connected 20 s before, left 3 s before, came back.
    let (first, left, back) = (('c', 20_000), ('d', 3_000), ('c', 0));
    let came_back = Numbers {
        total: 2,
        open: 1,
        closed: 1,
        closed_ms: 17_000,
        ..Numbers::default()
    };
    check(&[first, left, back], came_back);
    check(&[left, first, back], came_back);
    let restarted = Numbers {
        total: 2,
        reconnects: 1,
        ..SKEWED
    };
    check(&[first, back, left], restarted);
    let stale = Numbers {
        total: 2,
        stale: 1,
        ..SKEWED
    };
    check(&[back, first, left], stale);
    check(&[back, left, first], stale);
    let orphaned = Numbers {
        total: 2,
        stale: 1,
        ..OPEN_BESIDE_AN_ORPHAN
    };
    check(&[left, back, first], orphaned);
    // Gone for more than 5 s: only the order with the connect first knows the first visit's end.
    let (left, orphaned_after_restart) = (
        ('d', 5_001),
        Numbers {
            total: 2,
            reconnects: 1,
            ..OPEN_BESIDE_AN_ORPHAN
        },
    );
    check(&[first, back, left], orphaned_after_restart);
}

#[test]
fn a_disconnect_with_its_own_duration_books_a_session_of_its_own() {
    let own = |arrivals: &[Arrival], expected| check_with(Some(700), arrivals, expected);
    let recovered = Numbers {
        total: 1,
        open: 1,
        closed: 1,
        closed_ms: 700,
        recovered: 1,
        ..Numbers::default()
    };
    for before_ms in [0, 1, 5_000, 5_001] {
        own(&[('d', before_ms), ('c', 0)], recovered);
    }
    // The connect is known: the duration is counted from it.
    own(&[('c', 0), ('d', 0)], CLOSED_AT_ONCE);
    own(&[('c', 0), ('d', 1)], SKEWED);
    own(&[('c', 0), ('d', 5_000)], SKEWED);
    own(&[('c', 0), ('d', 5_001)], OPEN_BESIDE_AN_ORPHAN);
}
