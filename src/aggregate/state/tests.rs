use std::sync::Arc;

use super::*;
use crate::config::limits;
use crate::event::Actor;
use crate::event::Detail;
use crate::event::EventKind;
use crate::event::IdKind;
use crate::event::Identity;
use crate::event::LabelsId;
use crate::event::SessionKey;
use crate::snapshot::Longest;
use crate::snapshot::Snapshot;
use crate::stream::LossCause;
use crate::window::Width;

impl State {
    fn phase(&self, key: SessionKey) -> Option<Phase> {
        self.sessions
            .find(key, self.sessions.hint(key))
            .map(|slot| self.sessions.row(slot).phase)
    }
}

const START: i64 = 1_768_478_400_000;

fn key(id: u64) -> SessionKey {
    SessionKey {
        hi: 0,
        lo: id,
        kind: IdKind::Uuid,
    }
}

fn event(kind: EventKind, id: u64, at: i64) -> Event {
    Event {
        time: EpochMs::from_ms(START + at),
        session: key(id),
        identity: Identity::NONE,
        detail: Event::NO_DETAIL,
        kind,
        labels: LabelsId::NONE,
        actor: Actor::Unknown,
    }
}

fn settings() -> AggregateSettings {
    AggregateSettings::new(Width::DEFAULT, 60_000, &[10_000]).unwrap()
}

/// A state whose clock stands 30 s after the start.
fn state_with(settings: AggregateSettings) -> State {
    let mut state = State::new(settings, IdKeys::FIXED, EpochMs::from_ms(START));
    state.advance(EpochMs::from_ms(START + 30_000));
    state
}

fn snapshot(state: &State) -> Snapshot {
    let mut snapshot = Snapshot::default();
    state.fill(&mut snapshot);
    snapshot
}

/// Applies events of session 1, written as a letter and a time in milliseconds: `c` connect,
/// `d` disconnect, `m` message; and says what became of them in one line.
fn run(history: &str) -> String {
    let mut state = state_with(settings());
    for word in history.split_whitespace() {
        let (kind, at) = word.split_at(1);
        let kind = match kind {
            "c" => EventKind::Connected,
            "d" => EventKind::Disconnected,
            _ => EventKind::Message,
        };
        state.count(&Delta {
            received: 1,
            accepted: 1,
            events: 1,
            ..Delta::default()
        });
        state.apply(&event(kind, 1, at.parse().unwrap()));
    }
    let snapshot = snapshot(&state);
    assert_eq!(snapshot.counters.accounting_gap(), 0);
    let (counters, main) = (snapshot.counters, snapshot.main().clone());
    let mut line = format!(
        "{:?} total {} active {} closed {}/{}ms ended {}+{}m",
        state.phase(key(1)),
        snapshot.total_connections,
        main.active_sessions,
        main.closed_sessions,
        main.closed_duration_ms,
        main.disconnections,
        main.ended_messages,
    );
    for (name, count) in [
        ("duplicates", counters.duplicates),
        ("orphans", counters.orphans),
        ("clock_skew", counters.clock_skew),
        ("reconnects", counters.reconnects),
        ("stale", counters.stale),
        ("late", counters.late),
        ("future", counters.future),
        ("ahead", counters.ahead),
    ] {
        if count > 0 {
            line.push_str(&format!(" {name} {count}"));
        }
    }
    line
}

#[test]
fn the_table_of_sessions() {
    let check = |history: &str, expected: &str| assert_eq!(run(history), expected, "{history}");
    check(
        "c100",
        "Some(Open) total 1 active 1 closed 0/0ms ended 0+0m",
    );
    check(
        "d100",
        "Some(Pending) total 0 active 0 closed 0/0ms ended 0+0m",
    );
    check(
        "d500 c100",
        "Some(Closed) total 1 active 0 closed 1/400ms ended 1+0m",
    );
    check(
        "d100 c500",
        "Some(Open) total 1 active 1 closed 0/0ms ended 0+0m orphans 1",
    );
    check(
        "d100 d100",
        "Some(Pending) total 0 active 0 closed 0/0ms ended 0+0m duplicates 1",
    );
    check(
        "c100 c500",
        "Some(Open) total 2 active 1 closed 0/0ms ended 0+0m reconnects 1",
    );
    check(
        "c500 c100",
        "Some(Open) total 2 active 1 closed 0/0ms ended 0+0m stale 1",
    );
    check(
        "c500 c500",
        "Some(Open) total 1 active 1 closed 0/0ms ended 0+0m duplicates 1",
    );
    check(
        "c100 m200 m300 d500",
        "Some(Closed) total 1 active 0 closed 1/400ms ended 1+2m",
    );
    check(
        "c5000 d1",
        "Some(Closed) total 1 active 0 closed 1/0ms ended 1+0m clock_skew 1",
    );
    check(
        "c6000 d1",
        "Some(Open) total 1 active 1 closed 0/0ms ended 0+0m orphans 1",
    );
    check(
        "c100 d500 d500",
        "Some(Closed) total 1 active 0 closed 1/400ms ended 1+0m duplicates 1",
    );
    check(
        "c100 d500 d600",
        "Some(Closed) total 1 active 0 closed 1/400ms ended 1+0m orphans 1",
    );
    check(
        "c100 d500 c100",
        "Some(Closed) total 1 active 0 closed 1/400ms ended 1+0m duplicates 1",
    );
    check(
        "c100 d500 c500",
        "Some(Open) total 2 active 1 closed 1/400ms ended 1+0m",
    );
    check(
        "c100 d500 c300",
        "Some(Closed) total 2 active 0 closed 1/400ms ended 1+0m stale 1",
    );
    check("m100", "None total 0 active 0 closed 0/0ms ended 0+0m");
    check(
        "c100 m100 c200 d300",
        "Some(Closed) total 2 active 0 closed 1/100ms ended 1+0m reconnects 1",
    );
}

#[test]
fn late_future_and_ahead() {
    let check = |history: &str, expected: &str| assert_eq!(run(history), expected, "{history}");
    // The clock stands at 30 s; retained is 120 s, so everything before -89.9 s is late.
    check(
        "c-89900",
        "Some(Open) total 1 active 0 closed 0/0ms ended 0+0m",
    );
    check(
        "c-89901",
        "None total 0 active 0 closed 0/0ms ended 0+0m late 1",
    );
    check(
        "c35000",
        "Some(Open) total 1 active 1 closed 0/0ms ended 0+0m ahead 1",
    );
    check(
        "c35001",
        "None total 0 active 0 closed 0/0ms ended 0+0m future 1",
    );
    check(
        "c34000 d35000",
        "Some(Closed) total 1 active 0 closed 1/1000ms ended 1+0m ahead 2",
    );
}

#[test]
fn a_late_disconnect_still_closes_its_session() {
    let mut state = state_with(settings());
    state.apply(&event(EventKind::Connected, 1, 0));
    state.advance(EpochMs::from_ms(START + 500_000));
    assert_eq!(snapshot(&state).sessions.open, 1);
    state.apply(&event(EventKind::Disconnected, 1, 10_000));
    let snapshot = snapshot(&state);
    assert_eq!((snapshot.sessions.open, snapshot.counters.late), (0, 1));
    assert_eq!(snapshot.counters.applied, 1);
    assert_eq!(state.phase(key(1)), None);
}

#[test]
fn closed_and_pending_rows_expire_one_lateness_after_their_disconnect() {
    let mut state = state_with(settings());
    state.apply(&event(EventKind::Connected, 1, 0));
    state.apply(&event(EventKind::Disconnected, 1, 20_000));
    state.apply(&event(EventKind::Disconnected, 2, 20_000));
    state.advance(EpochMs::from_ms(START + 80_099));
    assert_eq!(state.phase(key(1)), Some(Phase::Closed));
    assert_eq!(snapshot(&state).counters.orphans, 0);
    state.advance(EpochMs::from_ms(START + 80_100));
    assert_eq!((state.phase(key(1)), state.phase(key(2))), (None, None));
    assert_eq!(snapshot(&state).counters.orphans, 1);
    // Already expired on arrival.
    state.apply(&event(EventKind::Disconnected, 3, 20_000));
    assert_eq!(
        (state.phase(key(3)), snapshot(&state).counters.orphans),
        (None, 2)
    );
}

#[test]
fn a_disconnect_with_its_own_duration_is_recovered() {
    let mut state = state_with(settings());
    let mut disconnect = event(EventKind::Disconnected, 1, 20_000);
    disconnect.detail = Detail::of_duration(Some(15_000));
    state.apply(&disconnect);
    let seen = snapshot(&state);
    assert_eq!((seen.counters.recovered, seen.total_connections), (1, 0));
    assert_eq!(
        (seen.main().closed_sessions, seen.main().closed_duration_ms),
        (1, 15_000)
    );
    state.apply(&event(EventKind::Connected, 1, 5_000));
    assert_eq!(snapshot(&state).counters.duplicates, 1);
}

#[test]
fn messages_with_an_identity_are_counted_once() {
    let mut state = state_with(settings());
    let mut message = event(EventKind::Message, 1, 0);
    message.identity = Identity::from_hash(77);
    state.apply(&message);
    state.apply(&message);
    state.apply(&event(EventKind::Message, 1, 0));
    state.apply(&event(EventKind::Message, 1, 0));
    let snapshot = snapshot(&state);
    assert_eq!(
        (snapshot.main().messages, snapshot.counters.duplicates),
        (3, 1)
    );
}

#[test]
fn idle_sessions_leave_open_and_active_without_a_duration() {
    let mut settings = AggregateSettings::new(Width::DEFAULT, 600_000, &[]).unwrap();
    settings.idle_timeout_ms = 120_000;
    let mut state = State::new(settings, IdKeys::FIXED, EpochMs::from_ms(START));
    state.advance(EpochMs::from_ms(START));
    state.apply(&event(EventKind::Connected, 1, 0));
    state.apply(&event(EventKind::Connected, 2, 0));
    state.advance(EpochMs::from_ms(START + 100_000));
    state.apply(&event(EventKind::Message, 2, 100_000));
    state.advance(EpochMs::from_ms(START + 179_999));
    assert_eq!(snapshot(&state).sessions.open, 2);
    state.advance(EpochMs::from_ms(START + 180_000));
    let seen = snapshot(&state);
    assert_eq!((seen.sessions.open, seen.counters.evicted_idle), (1, 1));
    assert_eq!(
        (seen.main().active_sessions, seen.main().closed_sessions),
        (1, 0)
    );
    state.advance(EpochMs::from_ms(START + 240_000));
    assert_eq!(snapshot(&state).sessions.open, 0);
    state.apply(&event(EventKind::Disconnected, 2, 239_000));
    assert_eq!(state.phase(key(2)), Some(Phase::Pending));
}

#[test]
fn the_table_of_rows_is_bounded() {
    let mut settings = settings();
    settings.sessions_max = 64;
    let mut state = state_with(settings);
    for id in 0..64 {
        state.apply(&event(EventKind::Connected, id, 0));
    }
    // Pending rows evict nobody.
    for id in 1_000..1_100 {
        state.apply(&event(EventKind::Disconnected, id, 0));
    }
    let seen = snapshot(&state);
    assert_eq!((seen.sessions.open, seen.sessions.pending), (64, 0));
    assert_eq!(seen.counters.orphans, 100);
    // A closed row goes before an open one.
    state.apply(&event(EventKind::Disconnected, 5, 10));
    state.apply(&event(EventKind::Connected, 200, 20));
    let seen = snapshot(&state);
    assert_eq!(
        (seen.counters.evicted_closed, seen.counters.evicted_open),
        (1, 0)
    );
    // Then the open one that has been idle for longest.
    state.advance(EpochMs::from_ms(START + 90_000));
    for id in (0..64).filter(|&id| id != 9) {
        state.apply(&event(EventKind::Message, id, 90_000));
    }
    state.apply(&event(EventKind::Message, 200, 90_000));
    state.apply(&event(EventKind::Connected, 300, 90_000));
    let seen = snapshot(&state);
    assert_eq!((seen.sessions.open, seen.counters.evicted_open), (64, 1));
    assert_eq!(state.phase(key(9)), None);
    // Of the open ones only 300 connected inside the window.
    assert_eq!(seen.main().active_sessions, 1);
}

#[test]
fn a_flood_of_pending_rows_is_bounded() {
    let mut settings = settings();
    settings.sessions_max = 1_600;
    let mut state = state_with(settings);
    for id in 0..1_000 {
        state.apply(&event(EventKind::Disconnected, id, 0));
    }
    let seen = snapshot(&state);
    assert_eq!(
        (seen.sessions.pending, seen.counters.evicted_pending),
        (100, 900)
    );
    assert_eq!(seen.counters.orphans, 900);
}

#[test]
fn open_sessions_are_uncertain_after_a_loss_until_they_are_heard_of() {
    let mut state = state_with(settings());
    state.note(
        InputId::default(),
        &StreamNote::Live {
            at: EpochMs::from_ms(START),
        },
    );
    for id in 0..5 {
        state.apply(&event(EventKind::Connected, id, 0));
    }
    let lost = StreamNote::Lost {
        since: EpochMs::from_ms(START + 29_000),
        cause: LossCause::Dropped,
        detail: "connection reset".to_owned(),
    };
    state.note(InputId::default(), &lost);
    assert_eq!(snapshot(&state).sessions.open_uncertain, 5);
    state.note(
        InputId::default(),
        &StreamNote::Live {
            at: EpochMs::from_ms(START + 30_000),
        },
    );
    state.apply(&event(EventKind::Message, 0, 30_000));
    state.apply(&event(EventKind::Disconnected, 1, 30_000));
    state.apply(&event(EventKind::Connected, 9, 30_000));
    let seen = snapshot(&state);
    assert_eq!(seen.sessions.open_uncertain, 3);
    assert_eq!(seen.main().coverage_ms, 60_000 - 29_900 - 1_000);
    assert!(!seen.main().is_complete());
}

#[test]
fn the_engine_clock_goes_back_only_to_a_wall_clock_that_stays_behind() {
    let mut state = State::new(settings(), IdKeys::FIXED, EpochMs::from_ms(START));
    // Wall and monotonic milliseconds, and where the engine clock is then; the skew is 5 s.
    let readings = [
        (30_000, 0, 30_000),
        // A small lag: time stands, for as long as it takes.
        (25_000, 0, 30_000),
        (29_999, 60_000, 30_000),
        (30_001, 60_001, 30_001),
        // Behind by more than the skew, but not for long.
        (20_000, 60_002, 30_001),
        (24_999, 65_001, 30_001),
        (30_002, 65_001, 30_002),
        // And for long enough.
        (25_002, 65_002, 30_002),
        (25_000, 65_003, 30_002),
        (20_000, 65_004, 30_002),
        (24_995, 70_002, 30_002),
        // Another step starts the five seconds again.
        (24_996, 70_003, 30_002),
        (24_997, 70_004, 24_997),
        (24_998, 70_005, 24_998),
    ];
    for (wall, mono_ms, now) in readings {
        state.read_clocks(EpochMs::from_ms(START + wall), mono_ms * 1_000_000);
        assert_eq!(snapshot(&state).now.ms() - START, now, "{wall} {mono_ms}");
    }
    let counters = snapshot(&state).counters;
    let found = (
        counters.clock_steps_back,
        counters.clock_steps_forward,
        counters.clock_rebases,
    );
    assert_eq!(found, (5, 1, 1));
}

#[test]
fn in_a_replay_events_move_the_clock() {
    let mut settings = settings();
    settings.clock = ClockRule::Event {
        max_jump_ms: 1_000_000,
    };
    settings.lateness_ms = 0;
    let mut state = State::new(settings, IdKeys::FIXED, EpochMs::default());
    state.apply(&event(EventKind::Connected, 1, 0));
    state.apply(&event(EventKind::Message, 1, 59_999));
    assert_eq!(snapshot(&state).main().active_sessions, 1);
    state.apply(&event(EventKind::Message, 1, 60_000));
    assert_eq!(snapshot(&state).main().active_sessions, 0);
    state.apply(&event(EventKind::Message, 1, 60_000 + 1_000_001));
    assert_eq!(snapshot(&state).counters.future, 1);
    state.apply(&event(EventKind::Message, 1, 99));
    assert_eq!(snapshot(&state).counters.late, 1);
}

#[test]
fn the_first_reading_of_the_clock_may_be_before_the_start() {
    let mut state = State::new(settings(), IdKeys::FIXED, EpochMs::from_ms(START));
    state.advance(EpochMs::from_ms(START - 500_000));
    let mut message = event(EventKind::Message, 1, -500_000);
    message.identity = Identity::from_hash(5);
    state.apply(&message);
    state.apply(&message);
    let seen = snapshot(&state);
    assert_eq!((seen.main().messages, seen.counters.duplicates), (1, 1));
    assert_eq!(seen.main().start.ms(), START - 500_000 - 59_900);
}

#[test]
fn a_million_open_sessions_take_at_most_96_bytes_each() {
    const SESSIONS: u64 = 1_000_000;
    let mut state = state_with(settings());
    let mut events = Vec::new();
    for first in (0..SESSIONS).step_by(1_000) {
        events.clear();
        events.extend((first..first + 1_000).map(|id| event(EventKind::Connected, id, 0)));
        state.apply_all(&events);
    }
    let sessions = snapshot(&state).sessions;
    assert_eq!(sessions.open, SESSIONS);
    assert!(sessions.bytes <= 96 * SESSIONS, "{}", sessions.bytes);
}

/// A connect with the text of its id and labels, in a batch of its own.
fn connect_batch(id: u64, labels: u16, text: &str) -> Batch {
    let mut batch = Batch::with_capacity(4);
    batch.events.push(Event {
        session: SessionKey {
            kind: IdKind::Hashed,
            ..key(id)
        },
        labels: LabelsId::from_number(labels),
        ..event(EventKind::Connected, id, 0)
    });
    batch.definitions.keep_session_id(0, text);
    batch
}

/// The longest-open sessions once the clock has entered another second.
fn listed_at(state: &mut State, at: i64) -> Vec<(String, String)> {
    state.advance(EpochMs::from_ms(START + at));
    state.work(usize::MAX);
    let longest = &snapshot(state).longest;
    let shown = longest.overall.iter();
    shown
        .map(|session| (session.id.to_string(), session.queue.to_string()))
        .collect()
}

#[test]
fn who_lets_go_of_the_longest_open_frees_no_list() {
    let mut state = state_with(settings());
    let mut seen = Snapshot::default();
    let mut held = None;
    for id in 0..12_u32 {
        state.apply(&event(EventKind::Connected, u64::from(id), 0));
        listed_at(&mut state, 31_000 + i64::from(id) * 1_000);
        // The state has published the next one, and still holds the one that is let go here.
        let holders = Arc::strong_count(&seen.longest);
        assert!(id == 0 || holders > 1, "{id}: {holders}");
        state.fill(&mut seen);
        let count = id as usize + 1;
        let of_queues: usize = seen.longest.by_queue.iter().map(|queue| queue.len()).sum();
        assert_eq!(seen.longest.overall.len(), count);
        assert_eq!(of_queues, count.min(10));
        if id == 3 {
            held = Some((Arc::clone(&seen.longest), Longest::clone(&seen.longest)));
        }
    }
    let (held, then) = held.unwrap();
    assert_eq!(*held, then, "a list that is read was made new");
}

#[test]
fn a_session_that_begins_again_where_it_began_is_listed_with_its_new_names() {
    let mut settings = settings();
    settings.lateness_ms = 100;
    let mut state = state_with(settings);
    let connect = |state: &mut State, deployment: &str| {
        let mut batch = connect_batch(1, 7, "guest 1");
        batch
            .definitions
            .define_labels(0, LabelsId::from_number(7), "", deployment);
        state.apply_batch(&batch);
        batch.events[0].session
    };
    let session = connect(&mut state, "web");
    listed_at(&mut state, 31_000);
    // Within the skew before its connect: it closes with no length, is forgotten soon, and the next
    // connect, at the same time, is another session in the same row.
    state.apply(&Event {
        session,
        ..event(EventKind::Disconnected, 1, -1_000)
    });
    state.advance(EpochMs::from_ms(START + 31_500));
    connect(&mut state, "app");
    listed_at(&mut state, 32_000);
    let longest = snapshot(&state).longest;
    let of_queue = longest.by_queue.iter().flat_map(|queue| queue.iter());
    for session in longest.overall.iter().chain(of_queue) {
        assert_eq!(&*session.deployment, "app");
    }
    assert_eq!(longest.overall.len(), 1);
}

#[test]
fn a_number_of_labels_means_what_was_said_before_its_event() {
    let mut state = state_with(settings());
    let mut batch = connect_batch(1, 7, "guest 1");
    batch.events.push(Event {
        labels: LabelsId::from_number(7),
        ..event(EventKind::Connected, 2, 1)
    });
    batch
        .definitions
        .define_labels(0, LabelsId::from_number(7), "sales", "");
    // The number is given to another queue in the middle of the batch.
    batch
        .definitions
        .define_labels(1, LabelsId::from_number(7), "returns", "");
    state.apply_batch(&batch);
    // The same number of another input is another's.
    let mut other = connect_batch(3, 7, "guest 3");
    other.input.instance = 1;
    state.apply_batch(&other);
    let queues: Vec<String> = listed_at(&mut state, 31_000)
        .into_iter()
        .map(|(_, queue)| queue)
        .collect();
    assert_eq!(queues, ["sales", "(none)", "returns"]);
}

#[test]
fn ids_that_are_no_uuid_are_shown_while_their_session_is_open() {
    let mut state = state_with(settings());
    for id in 0..2 {
        state.apply_batch(&connect_batch(id, 0, &format!("guest {id}")));
    }
    let shown = |state: &mut State, at| -> Vec<String> {
        let listed = listed_at(state, at);
        listed.into_iter().map(|(id, _)| id).collect()
    };
    assert_eq!(shown(&mut state, 31_000), ["guest 0", "guest 1"]);
    let mut disconnect = connect_batch(0, 0, "unused").events[0];
    disconnect.kind = EventKind::Disconnected;
    disconnect.time = EpochMs::from_ms(START + 1);
    state.apply(&disconnect);
    assert_eq!(shown(&mut state, 32_000), ["guest 1"]);
    // Its row is used again; the id it had is not shown for another session.
    state.advance(EpochMs::from_ms(START + 200_000));
    let mut later = connect_batch(5, 0, "unused").events[0];
    later.time = EpochMs::from_ms(START + 200_000);
    state.apply(&later);
    let number = format!("#{:016x}{:016x}", key(5).hi, key(5).lo);
    assert_eq!(shown(&mut state, 201_000), ["guest 1".to_owned(), number]);
}

#[test]
fn ids_kept_are_bounded() {
    let mut state = state_with(settings());
    let most = u64::try_from(limits::SESSION_IDS_MAX).unwrap();
    for id in 0..=most {
        let mut batch = connect_batch(id, 0, &format!("guest {id}"));
        // The one without room is the oldest.
        batch.events[0].time = EpochMs::from_ms(START + i64::from(id < most));
        state.apply_batch(&batch);
    }
    let listed = listed_at(&mut state, 31_000);
    assert!(listed[0].0.starts_with('#'), "{}", listed[0].0);
    assert!(listed[1..].iter().all(|(id, _)| id.starts_with("guest")));
}
