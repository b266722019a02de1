//! Histories of conversations, written out: each in its order, with every fact three times, in reverse
//! order, and shuffled, against the numbers that follow from the table and against the model.

use streamgauge::config::AggregateSettings;
use streamgauge::event::Actor;
use streamgauge::event::FactKind;
use streamgauge::event::Media;
use streamgauge::event::Outcome;
use streamgauge::metric::DeskCount;
use streamgauge::metric::DeskTime;
use streamgauge::snapshot::Counters;
use streamgauge::snapshot::Desk;
use streamgauge::snapshot::DeskDimension;
use streamgauge::snapshot::DeskGroup;
use streamgauge::snapshot::Snapshot;
use streamgauge::window::Width;

use crate::model::legs::Said;
use crate::model::legs::SaidLeg;
use crate::model::legs::SaidWhat;

use super::Rig;
use super::START;
use super::check_orders;
use super::plan::conversation;

/// Something that is said, at so many seconds.
fn said(at_s: i64, what: SaidWhat) -> Said {
    Said {
        conversation: conversation(1),
        said_ms: START + at_s * 1_000,
        what,
    }
}

const fn fact(kind: FactKind, leg: u64, queue: &'static str, agent: &'static str) -> SaidLeg {
    SaidLeg {
        kind,
        leg,
        queue,
        agent,
        media: Media::Message,
        outcome: Outcome::Unsaid,
        by: Actor::Unknown,
        own_ms: None,
        held_ms: None,
    }
}

fn queued(at_s: i64, leg: u64, queue: &'static str) -> Said {
    said(at_s, SaidWhat::Leg(fact(FactKind::Queued, leg, queue, "")))
}

fn dequeued(at_s: i64, leg: u64, queue: &'static str, outcome: Outcome) -> Said {
    let fact = fact(FactKind::LeftQueue, leg, queue, "");
    said(at_s, SaidWhat::Leg(SaidLeg { outcome, ..fact }))
}

fn alerting(at_s: i64, leg: u64, queue: &'static str, agent: &'static str) -> Said {
    said(
        at_s,
        SaidWhat::Leg(fact(FactKind::Alerting, leg, queue, agent)),
    )
}

fn joined(at_s: i64, leg: u64, queue: &'static str, agent: &'static str) -> Said {
    said(
        at_s,
        SaidWhat::Leg(fact(FactKind::Joined, leg, queue, agent)),
    )
}

fn left(at_s: i64, leg: u64, queue: &'static str, agent: &'static str) -> Said {
    said(at_s, SaidWhat::Leg(fact(FactKind::Left, leg, queue, agent)))
}

fn wrapped_up(at_s: i64, leg: u64, agent: &'static str, own_s: u32) -> Said {
    let own_ms = Some(own_s * 1_000);
    let fact = fact(FactKind::WrappedUp, leg, "", agent);
    said(at_s, SaidWhat::Leg(SaidLeg { own_ms, ..fact }))
}

fn started(at_s: i64) -> Said {
    said(at_s, SaidWhat::Started)
}

fn ended(at_s: i64, by: Actor) -> Said {
    said(at_s, SaidWhat::Ended(by))
}

/// A window of an hour, beside a short one.
fn settings() -> AggregateSettings {
    let width = Width::from_ms(1_000).unwrap();
    AggregateSettings {
        lateness_ms: 8_000,
        ..AggregateSettings::new(width, 3_600_000, &[10_000]).unwrap()
    }
}

/// What a group shows over an hour.
#[derive(Debug, Default, PartialEq)]
struct Hour {
    /// By name, where it is not 0.
    counts: Vec<(DeskCount, u64)>,
    /// How many, and how many seconds together.
    times: Vec<(DeskTime, u64, u64)>,
    waiting: u64,
    interacting: u64,
}

impl Hour {
    fn of(group: Option<&DeskGroup>) -> Self {
        let Some(group) = group else {
            return Self::default();
        };
        let place = settings().windows.iter().position(|w| w.ms() == 3_600_000);
        let window = &group.windows[place.unwrap()];
        let counts = DeskCount::ALL.map(|count| (count, window.count(count)));
        let times = DeskTime::ALL.map(|time| {
            let spread = window.time(time);
            (time, spread.values.count(), spread.sum_ms / 1_000)
        });
        Self {
            counts: counts.into_iter().filter(|(_, n)| *n > 0).collect(),
            times: times.into_iter().filter(|(_, n, _)| *n > 0).collect(),
            waiting: group.waiting,
            interacting: group.interacting,
        }
    }
}

/// Checks the history in all orders, and hands back what is shown of it half a minute later.
fn told(history: &[Said]) -> Snapshot {
    let settings = settings();
    check_orders(&settings, history, 0, 7).unwrap();
    let last = history.iter().map(|said| said.said_ms).max().unwrap();
    let mut rig = Rig::at(&settings, last.max(START));
    history.iter().for_each(|said| rig.say(said));
    rig.advance(last.max(START) + 30_000);
    rig.snapshot()
}

fn total(desk: &Desk) -> Hour {
    Hour::of(desk.total.as_deref())
}

fn of(desk: &Desk, dimension: DeskDimension, name: &str) -> Hour {
    Hour::of(desk.find(dimension, name).map(|group| &**group))
}

use DeskCount::{
    Abandoned, Answered, FlowedOut, Handled, Lapsed, NotResponding, Offered, OverServiceLevel,
    ShortAbandoned, Transferred,
};
use DeskDimension::{Agent, Media as ByMedia, Queue};
use DeskTime::{Abandon, AfterWork, Answer, Talk};

#[test]
fn an_expired_alert_and_a_requeue() {
    let snapshot = told(&[
        started(0),
        queued(0, 1, "sales"),
        alerting(2, 11, "sales", "ann"),
        left(22, 11, "sales", "ann"),
        dequeued(22, 1, "sales", Outcome::Unsaid),
        queued(24, 2, "sales"),
        alerting(25, 12, "sales", "ben"),
        joined(27, 12, "sales", "ben"),
        dequeued(27, 2, "sales", Outcome::Answered),
        left(87, 12, "sales", "ben"),
        wrapped_up(97, 12, "ben", 10),
        ended(87, Actor::Agent),
    ]);
    let desk = &snapshot.desk;
    // One offer: the second leg continues the first, and the wait counts from the first.
    let waits = [(Offered, 1), (Answered, 1)];
    let all = Hour {
        counts: [
            &waits[..],
            &[(NotResponding, 1), (OverServiceLevel, 1), (Handled, 1)],
        ]
        .concat(),
        times: vec![(Answer, 1, 27), (Talk, 1, 60), (AfterWork, 1, 10)],
        ..Hour::default()
    };
    assert_eq!(total(desk), all);
    assert_eq!(
        of(desk, Queue, "sales"),
        Hour {
            times: all.times[..].to_vec(),
            counts: all.counts.clone(),
            ..Hour::default()
        }
    );
    assert_eq!(of(desk, ByMedia, "message"), all);
    assert_eq!(of(desk, Agent, "ann").counts, [(NotResponding, 1)]);
    assert_eq!(of(desk, Agent, "ben").counts, [(Handled, 1)]);
    let window = &desk.total.as_ref().unwrap().windows;
    assert!(window.iter().any(|one| one.service() == (0, 1)));
    assert_eq!(snapshot.sessions.open, 0);
}

#[test]
fn a_requeue_after_more_than_five_seconds_is_another_offer() {
    let snapshot = told(&[
        queued(0, 1, "sales"),
        dequeued(22, 1, "sales", Outcome::FlowedOut),
        queued(28, 2, "sales"),
    ]);
    let counts = vec![(Offered, 2), (FlowedOut, 1)];
    assert_eq!(
        total(&snapshot.desk),
        Hour {
            counts,
            waiting: 1,
            ..Hour::default()
        }
    );
    let longest = snapshot.desk.total.as_ref().unwrap().longest_waiting;
    assert_eq!(longest.unwrap().since.ms(), START + 28_000);
}

#[test]
fn a_transfer_to_another_queue_and_back_to_the_first_agent() {
    let snapshot = told(&[
        started(0),
        queued(0, 1, "sales"),
        joined(5, 11, "sales", "ann"),
        dequeued(5, 1, "sales", Outcome::Answered),
        left(60, 11, "sales", "ann"),
        queued(60, 2, "returns"),
        alerting(62, 12, "returns", "ben"),
        joined(64, 12, "returns", "ben"),
        dequeued(64, 2, "returns", Outcome::Answered),
        left(100, 12, "returns", "ben"),
        alerting(100, 13, "returns", "ann"),
        joined(101, 13, "returns", "ann"),
        ended(160, Actor::Guest),
    ]);
    let desk = &snapshot.desk;
    let counts = vec![(Offered, 2), (Answered, 2), (Transferred, 2), (Handled, 3)];
    // Ann 55 s and 59 s, Ben 36 s.
    let times = vec![(Answer, 2, 9), (Talk, 3, 150)];
    assert_eq!(
        total(desk),
        Hour {
            counts,
            times,
            ..Hour::default()
        }
    );
    assert_eq!(
        of(desk, Queue, "sales").counts,
        [(Offered, 1), (Answered, 1), (Transferred, 1), (Handled, 1)]
    );
    assert_eq!(
        of(desk, Queue, "returns").counts,
        [(Offered, 1), (Answered, 1), (Transferred, 1), (Handled, 2)]
    );
    assert_eq!(
        of(desk, Agent, "ann").counts,
        [(Transferred, 1), (Handled, 2)]
    );
    assert_eq!(
        of(desk, Agent, "ben").counts,
        [(Transferred, 1), (Handled, 1)]
    );
    assert_eq!(of(desk, Agent, "ann").times, [(Talk, 2, 114)]);
}

#[test]
fn a_conversation_that_began_before_the_start() {
    const HOURS: i64 = -2 * 3_600;
    let waiting = [
        started(HOURS),
        queued(HOURS, 1, "sales"),
        alerting(-3, 11, "sales", "ann"),
    ];
    let snapshot = told(&waiting);
    assert_eq!(
        total(&snapshot.desk),
        Hour {
            waiting: 1,
            ..Hour::default()
        }
    );
    assert_eq!(
        (snapshot.counters.carried, snapshot.counters.applied),
        (2, 1)
    );
    assert_eq!((snapshot.sessions.open, snapshot.total_connections), (1, 0));
    let longest = snapshot.desk.total.as_ref().unwrap().longest_waiting;
    assert_eq!(longest.unwrap().since.ms(), START + HOURS * 1_000);

    let rest = [
        joined(10, 11, "sales", "ann"),
        dequeued(10, 1, "sales", Outcome::Unsaid),
        ended(70, Actor::Agent),
    ];
    let snapshot = told(&[&waiting[..], &rest].concat());
    // What happens now counts, its wait from where it began; what happened then does not.
    let counts = vec![(Answered, 1), (OverServiceLevel, 1), (Handled, 1)];
    let times = vec![(Answer, 1, 7_210), (Talk, 1, 60)];
    assert_eq!(
        total(&snapshot.desk),
        Hour {
            counts,
            times,
            ..Hour::default()
        }
    );
    assert_eq!((snapshot.sessions.open, snapshot.total_connections), (0, 0));
}

#[test]
fn a_conversation_of_three_days_seen_in_snapshots() {
    const DAY: i64 = 86_400;
    let seen = [
        started(-3 * DAY),
        queued(-3 * DAY, 1, "sales"),
        dequeued(-3 * DAY + 30, 1, "sales", Outcome::Answered),
        joined(-3 * DAY + 30, 11, "sales", "ann"),
        left(-2 * DAY, 11, "sales", "ann"),
        wrapped_up(-2 * DAY + 60, 11, "ann", 60),
        queued(-2 * DAY, 2, "returns"),
        dequeued(-2 * DAY + 10, 2, "returns", Outcome::Answered),
        joined(-2 * DAY + 10, 12, "returns", "ben"),
    ];
    let settings = settings();
    let mut rig = Rig::new(&settings);
    // Each snapshot says all of it again.
    for at_s in [0, 600, 1_200, 5_000] {
        rig.advance(START + at_s * 1_000);
        seen.iter().for_each(|said| rig.say(said));
        rig.advance(START + at_s * 1_000 + 20_000);
        let snapshot = rig.snapshot();
        assert_eq!(
            total(&snapshot.desk),
            Hour {
                interacting: 1,
                ..Hour::default()
            }
        );
        assert_eq!((snapshot.sessions.open, snapshot.total_connections), (1, 0));
    }
    let Counters {
        applied,
        carried,
        repeated,
        ..
    } = rig.snapshot().counters;
    assert_eq!((applied, carried, repeated), (0, 9, 27));
    let over = [&seen[..], &[ended(5_100, Actor::Guest)]].concat();
    rig.advance(START + 5_100_000);
    over.iter().for_each(|said| rig.say(said));
    rig.advance(START + 5_130_000);
    let snapshot = rig.snapshot();
    let talk_s = u64::try_from(2 * DAY - 10 + 5_100).unwrap();
    assert_eq!(
        total(&snapshot.desk),
        Hour {
            counts: vec![(Handled, 1)],
            times: vec![(Talk, 1, talk_s)],
            ..Hour::default()
        }
    );
    assert_eq!(
        (snapshot.sessions.open, snapshot.counters.accounting_gap()),
        (0, 0)
    );
    // It is forgotten two hours after its end, and nothing comes back with another snapshot of it.
    rig.advance(START + 5_100_000 + 7_300_000);
    assert_eq!(rig.desk().size.conversations, 0);
    over.iter().for_each(|said| rig.say(said));
    rig.advance(START + 5_100_000 + 7_310_000);
    let snapshot = rig.snapshot();
    assert_eq!(total(&snapshot.desk), Hour::default());
    assert_eq!(snapshot.sessions.open, 0);
    told(&over);
}

#[test]
fn two_queues_views_of_one_conversation() {
    // The topic of each queue shows all legs of the conversation, in its own order.
    let legs = [
        queued(0, 1, "sales"),
        dequeued(20, 1, "sales", Outcome::Unsaid),
        queued(22, 2, "returns"),
        joined(30, 11, "returns", "ann"),
        dequeued(30, 2, "returns", Outcome::Unsaid),
    ];
    let other: Vec<Said> = legs.iter().rev().copied().collect();
    let snapshot = told(&legs);
    let mut rig = Rig::at(&settings(), START + 30_000);
    [&legs[..], &other]
        .concat()
        .iter()
        .for_each(|said| rig.say(said));
    rig.advance(START + 60_000);
    let desk = rig.desk();
    assert_eq!(total(&desk), total(&snapshot.desk));
    assert_eq!(
        of(&desk, Queue, "sales").counts,
        [(Offered, 1), (FlowedOut, 1)]
    );
    assert_eq!(
        of(&desk, Queue, "returns").counts,
        [(Offered, 1), (Answered, 1)]
    );
    assert_eq!(of(&desk, Queue, "returns").times, [(Answer, 1, 8)]);
    assert_eq!(of(&desk, Agent, "ann").interacting, 1);
    assert_eq!(rig.snapshot().counters.repeated, 5);
}

#[test]
fn ends_while_waiting() {
    let check = |at_s, by, expected: &[(DeskCount, u64)]| {
        let snapshot = told(&[
            started(0),
            queued(0, 1, "sales"),
            alerting(at_s - 1, 11, "sales", "ann"),
            left(at_s, 11, "sales", "ann"),
            ended(at_s, by),
        ]);
        let hour = of(&snapshot.desk, Queue, "sales");
        assert_eq!(hour.counts, expected, "by {by:?} at {at_s}");
        assert_eq!((hour.waiting, snapshot.sessions.open), (0, 0));
        // An alert that the end cuts off is nobody's fault.
        assert_eq!(of(&snapshot.desk, Agent, "ann"), Hour::default());
        snapshot
    };
    // By inactivity.
    let lapsed = check(300, Actor::Business, &[(Offered, 1), (Lapsed, 1)]);
    let service = &lapsed.desk.total.as_ref().unwrap().windows;
    assert!(
        service
            .iter()
            .all(|window| window.service_level().is_none())
    );
    check(300, Actor::Agent, &[(Offered, 1), (Lapsed, 1)]);
    check(3, Actor::Guest, &[(Offered, 1), (ShortAbandoned, 1)]);
    let abandoned = check(300, Actor::Guest, &[(Offered, 1), (Abandoned, 1)]);
    assert_eq!(total(&abandoned.desk).times, [(Abandon, 1, 300)]);
}

#[test]
fn what_is_missed_is_made_of_what_is_said() {
    // The beginning was missed, and the wait is said.
    let mut known = dequeued(60, 1, "sales", Outcome::Answered);
    if let SaidWhat::Leg(leg) = &mut known.what {
        leg.own_ms = Some(25_000);
    }
    let snapshot = told(&[known]);
    assert_eq!(total(&snapshot.desk).times, [(Answer, 1, 25)]);
    assert_eq!(
        (snapshot.counters.recovered, snapshot.counters.orphans),
        (1, 0)
    );
    // The same without it.
    let snapshot = told(&[dequeued(60, 1, "sales", Outcome::Answered)]);
    assert_eq!(total(&snapshot.desk), Hour::default());
    assert_eq!(
        (snapshot.counters.recovered, snapshot.counters.orphans),
        (0, 1)
    );
    // The end of the wait was missed: it ended when the agent joined.
    let snapshot = told(&[queued(0, 1, "sales"), joined(12, 11, "sales", "ann")]);
    let hour = of(&snapshot.desk, Queue, "sales");
    assert_eq!(hour.counts, [(Offered, 1), (Answered, 1)]);
    assert_eq!((hour.times, hour.waiting), (vec![(Answer, 1, 12)], 0));
    // It comes much later than the join: nothing is taken back.
    let late = [
        queued(0, 1, "sales"),
        joined(12, 11, "sales", "ann"),
        dequeued(112, 1, "sales", Outcome::Unsaid),
    ];
    assert_eq!(total(&told(&late).desk).times, [(Answer, 1, 12)]);
    // Nobody says that the agent joined, but how long they talked.
    let mut talked = left(100, 11, "sales", "ann");
    if let SaidWhat::Leg(leg) = &mut talked.what {
        leg.own_ms = Some(40_000);
    }
    let unanswered = told(&[
        queued(0, 1, "sales"),
        dequeued(61, 1, "sales", Outcome::Unsaid),
        talked,
    ]);
    assert_eq!(
        total(&unanswered.desk).counts,
        [
            (Offered, 1),
            (Answered, 1),
            (OverServiceLevel, 1),
            (Handled, 1)
        ]
    );
}

#[test]
fn two_stamps_of_one_beginning_and_of_one_end_are_one() {
    let snapshot = told(&[
        started(0),
        started(1),
        queued(1, 1, "sales"),
        ended(60, Actor::Guest),
        ended(61, Actor::Agent),
    ]);
    assert_eq!((snapshot.total_connections, snapshot.sessions.open), (1, 0));
    let counters = snapshot.counters;
    assert_eq!(
        (counters.repeated, counters.stale, counters.orphans),
        (2, 0, 0)
    );
    assert_eq!(total(&snapshot.desk).counts, [(Offered, 1), (Abandoned, 1)]);
}
