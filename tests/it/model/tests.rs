//! The model against the table of the definitions, line by line.

use streamgauge::event::Actor;
use streamgauge::event::Detail;
use streamgauge::event::IdKind;
use streamgauge::event::Identity;
use streamgauge::event::LabelsId;
use streamgauge::snapshot::Snapshot;
use streamgauge::stream::LossCause;
use streamgauge::stream::StreamNote;
use streamgauge::window::Width;

use super::*;

const NOW: i64 = 1_000_000;

fn settings() -> AggregateSettings {
    let width = Width::from_ms(1_000).unwrap();
    AggregateSettings {
        lateness_ms: 20_000,
        idle_timeout_ms: 120_000,
        ..AggregateSettings::new(width, 30_000, &[]).unwrap()
    }
}

fn live() -> Model {
    let mut model = Model::new(settings());
    model.advance(EpochMs::from_ms(NOW));
    model
}

fn event(kind: EventKind, offset_ms: i64) -> Event {
    Event {
        time: EpochMs::from_ms(NOW + offset_ms),
        session: SessionKey {
            hi: 0,
            lo: 1,
            kind: IdKind::Uuid,
        },
        identity: Identity::NONE,
        detail: Event::NO_DETAIL,
        kind,
        labels: LabelsId::NONE,
        actor: Actor::Unknown,
    }
}

fn play(events: &[(char, i64)]) -> Model {
    let mut model = live();
    for &(kind, offset_ms) in events {
        let kind = match kind {
            'c' => EventKind::Connected,
            'd' => EventKind::Disconnected,
            _ => EventKind::Message,
        };
        model.apply(&event(kind, offset_ms));
    }
    model
}

/// Total, open, closed sessions in the window, their milliseconds, orphans, duplicates.
fn outcome(snapshot: &Snapshot) -> [u64; 6] {
    [
        snapshot.total_connections,
        snapshot.sessions.open,
        snapshot.main().closed_sessions,
        snapshot.main().closed_duration_ms,
        snapshot.counters.orphans,
        snapshot.counters.duplicates,
    ]
}

#[test]
fn the_table_line_by_line() {
    let check = |events: &[(char, i64)], expected: [u64; 6]| {
        assert_eq!(outcome(&play(events).snapshot()), expected, "{events:?}");
    };
    // none
    check(&[('c', -9)], [1, 1, 0, 0, 0, 0]);
    check(&[('d', -9)], [0, 0, 0, 0, 0, 0]);
    check(&[('m', -9)], [0, 0, 0, 0, 0, 0]);
    // pending
    check(&[('d', -5), ('c', -9)], [1, 0, 1, 4, 0, 0]);
    check(&[('d', -5), ('c', -5)], [1, 0, 1, 0, 0, 0]);
    check(&[('d', -9), ('c', -5)], [1, 1, 0, 0, 1, 0]);
    check(&[('d', -9), ('d', -9)], [0, 0, 0, 0, 0, 1]);
    check(&[('d', -9), ('d', -5)], [0, 0, 0, 0, 1, 0]);
    // open
    check(&[('c', -9), ('c', -5)], [2, 1, 0, 0, 0, 0]);
    check(&[('c', -5), ('c', -9)], [2, 1, 0, 0, 0, 0]);
    check(&[('c', -9), ('c', -9)], [1, 1, 0, 0, 0, 1]);
    check(&[('c', -9), ('d', -5)], [1, 0, 1, 4, 0, 0]);
    check(&[('c', -9), ('d', -9)], [1, 0, 1, 0, 0, 0]);
    check(&[('c', 0), ('d', -5_000)], [1, 0, 1, 0, 0, 0]);
    check(&[('c', 0), ('d', -5_001)], [1, 1, 0, 0, 1, 0]);
    // closed
    let closed = |last| [('c', -9), ('d', -5), last];
    check(&closed(('d', -5)), [1, 0, 1, 4, 0, 1]);
    check(&closed(('d', -4)), [1, 0, 1, 4, 1, 0]);
    check(&closed(('c', -9)), [1, 0, 1, 4, 0, 1]);
    check(&closed(('c', -5)), [2, 1, 1, 4, 0, 0]);
    check(&closed(('c', -6)), [2, 0, 1, 4, 0, 0]);
    // A restarted session that ends counts from its restart.
    check(&[('c', -9), ('c', -5), ('d', -2)], [2, 0, 1, 3, 0, 0]);
}

#[test]
fn attributes_of_the_table() {
    let counters = |events: &[(char, i64)]| *play(events).counters();
    assert_eq!(counters(&[('c', -9), ('c', -5)]).reconnects, 1);
    assert_eq!(counters(&[('c', -5), ('c', -9)]).stale, 1);
    assert_eq!(counters(&[('c', 0), ('d', -5_000)]).clock_skew, 1);
    assert_eq!(counters(&[('c', 5_000), ('m', 0)]).ahead, 1);
    assert_eq!(counters(&[('c', 5_001)]).future, 1);
    assert_eq!(counters(&[('c', 0), ('m', -1)]).out_of_order, 1);
    assert_eq!(counters(&[('c', 0), ('m', 0)]).out_of_order, 0);
    assert_eq!(counters(&[('m', -50_001)]).late, 1);
    assert_eq!(counters(&[('m', -49_000)]).late, 0);
}

#[test]
fn a_disconnect_with_its_own_duration_is_recovered() {
    let mut model = live();
    let mut disconnect = event(EventKind::Disconnected, -5);
    disconnect.detail = Detail::of_duration(Some(700));
    model.apply(&disconnect);
    assert_eq!(outcome(&model.snapshot()), [0, 0, 1, 700, 0, 0]);
    assert_eq!(model.counters().recovered, 1);
}

#[test]
fn a_pending_disconnect_expires_on_the_grid() {
    let mut model = play(&[('d', 0)]);
    model.advance(EpochMs::from_ms(NOW + 20_999));
    assert_eq!(model.counters().orphans, 0);
    model.advance(EpochMs::from_ms(NOW + 21_000));
    assert_eq!(model.counters().orphans, 1);
    assert_eq!(model.snapshot().sessions.pending, 0);
    // One that would be expired on arrival is an orphan at once.
    assert_eq!(play(&[('d', -21_000)]).counters().orphans, 1);
    assert_eq!(play(&[('d', -20_000)]).counters().orphans, 0);
}

#[test]
fn a_late_disconnect_closes_the_open_session_it_fits() {
    let mut model = play(&[('c', 0)]);
    model.advance(EpochMs::from_ms(NOW + 60_000));
    model.apply(&event(EventKind::Disconnected, 1_000));
    let snapshot = model.snapshot();
    assert_eq!(outcome(&snapshot), [1, 0, 0, 0, 0, 0]);
    assert_eq!((snapshot.counters.late, snapshot.counters.applied), (1, 1));
}

#[test]
fn idle_sessions_leave_after_whole_minutes() {
    let mut model = play(&[('c', 0)]);
    let minute_of_now = NOW.div_euclid(60_000);
    model.advance(EpochMs::from_ms((minute_of_now + 3) * 60_000 - 1));
    assert_eq!(model.snapshot().sessions.open, 1);
    model.advance(EpochMs::from_ms((minute_of_now + 3) * 60_000));
    let snapshot = model.snapshot();
    assert_eq!(
        (snapshot.sessions.open, snapshot.counters.evicted_idle),
        (0, 1)
    );
}

#[test]
fn copies_of_messages_are_told_by_identity_and_bucket() {
    let mut model = live();
    let mut message = event(EventKind::Message, -5);
    message.identity = Identity::from_hash(7);
    model.apply(&message);
    model.apply(&message);
    message.time = EpochMs::from_ms(NOW - 2_000);
    model.apply(&message);
    let snapshot = model.snapshot();
    assert_eq!(
        (snapshot.main().messages, snapshot.counters.duplicates),
        (2, 1)
    );
    assert_eq!(snapshot.dedup.fingerprints, 2);
}

#[test]
fn coverage_leaves_out_gaps_and_the_time_before_the_start() {
    let mut model = live();
    let at = |offset: i64| EpochMs::from_ms(NOW + offset);
    assert_eq!(model.snapshot().main().coverage_ms, 0);
    model.note(&StreamNote::Live { at: at(-9_000) });
    // The window ends with the clock's bucket.
    assert_eq!(model.snapshot().main().coverage_ms, 10_000);
    let lost = |since| StreamNote::Lost {
        since,
        cause: LossCause::Dropped,
        detail: "gone".to_owned(),
    };
    model.note(&lost(at(-8_000)));
    model.note(&lost(at(-7_000)));
    assert_eq!(model.snapshot().main().coverage_ms, 1_000);
    model.note(&StreamNote::Live { at: at(-5_000) });
    let snapshot = model.snapshot();
    assert_eq!(snapshot.main().coverage_ms, 7_000);
    assert_eq!(
        (snapshot.stream.gaps_total, snapshot.stream.reconnects),
        (1, 1)
    );
}
