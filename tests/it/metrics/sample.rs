//! A snapshot in which every number differs from its neighbours.

use std::sync::Arc;

use streamgauge::config::AlertBy;
use streamgauge::config::Directory;
use streamgauge::config::Names;
use streamgauge::event::Reject;
use streamgauge::histogram::Histogram;
use streamgauge::input::InputId;
use streamgauge::input::Shard;
use streamgauge::latency::Latencies;
use streamgauge::latency::Stage;
use streamgauge::latency::Steps;
use streamgauge::snapshot::Alert;
use streamgauge::snapshot::AlertPhase;
use streamgauge::snapshot::Alerts;
use streamgauge::snapshot::ClockStatus;
use streamgauge::snapshot::Comparison;
use streamgauge::snapshot::Counters;
use streamgauge::snapshot::DedupStats;
use streamgauge::snapshot::Dimension;
use streamgauge::snapshot::Group;
use streamgauge::snapshot::GroupId;
use streamgauge::snapshot::GroupKind;
use streamgauge::snapshot::GroupRoom;
use streamgauge::snapshot::GroupTable;
use streamgauge::snapshot::Groups;
use streamgauge::snapshot::InputStatus;
use streamgauge::snapshot::Measured;
use streamgauge::snapshot::Notifications;
use streamgauge::snapshot::RingStats;
use streamgauge::snapshot::SessionStats;
use streamgauge::snapshot::Snapshot;
use streamgauge::snapshot::StreamStatus;
use streamgauge::snapshot::Unusable;
use streamgauge::snapshot::UnusableFate;
use streamgauge::snapshot::WindowStats;
use streamgauge::stream::Gap;
use streamgauge::stream::LossCause;
use streamgauge::stream::StreamState;

use crate::http::NOW;

/// What a scrape of [`snapshot`] says where GraphQL has no field to compare with.
pub(super) fn expected() -> Vec<(&'static str, f64)> {
    vec![
        ("queue_open_sessions{queue=\"sales\"}", 7.0),
        ("queue_open_uncertain{queue=\"sales\"}", 3.0),
        (
            "queue_window_messages{queue=\"sales\",window=\"1m\"}",
            60_001.0,
        ),
        (
            "queue_window_connections{queue=\"sales\",window=\"1m\"}",
            60_002.0,
        ),
        (
            "queue_window_disconnections{queue=\"sales\",window=\"1m\"}",
            60_003.0,
        ),
        (
            "queue_window_active_sessions{queue=\"sales\",window=\"1m\"}",
            60_004.0,
        ),
        ("deployment_open_sessions{deployment=\"(none)\"}", 9.0),
        (
            "deployment_open_sessions{deployment=\"(none)\",kind=\"named\"}",
            5.0,
        ),
        (
            "direction_window_messages{direction=\"inbound\",window=\"1m\"}",
            60_001.0,
        ),
        ("groups{dimension=\"queue\"}", 2.0),
        ("groups{dimension=\"deployment\"}", 2.0),
        ("groups{dimension=\"direction\"}", 1.0),
        ("groups_capacity", 10_000.0),
        ("groups_bytes", 123_456.0),
        ("group_events_overflowed_total{dimension=\"queue\"}", 31.0),
        (
            "group_events_overflowed_total{dimension=\"deployment\"}",
            32.0,
        ),
        (
            "group_events_overflowed_total{dimension=\"direction\"}",
            0.0,
        ),
        ("alert_state{alert=\"flood\",state=\"ok\"}", 0.0),
        ("alert_state{alert=\"flood\",state=\"pending\"}", 0.0),
        ("alert_state{alert=\"flood\",state=\"firing\"}", 1.0),
        ("alert_fired_total{alert=\"flood\"}", 4.0),
        ("notifications_total{outcome=\"sent\"}", 5.0),
        ("notifications_total{outcome=\"failed\"}", 6.0),
        ("notification_retries_total", 8.0),
        ("stage_duration_seconds_sum{stage=\"ring\"}", 0.003),
        (
            "stage_duration_seconds_bucket{le=\"0.000001\",stage=\"ring\"}",
            40.0,
        ),
        (
            "stage_duration_seconds_bucket{le=\"0.000005\",stage=\"ring\"}",
            90.0,
        ),
        (
            "stage_duration_seconds_bucket{le=\"+Inf\",stage=\"ring\"}",
            101.0,
        ),
        ("sessions{state=\"pending\"}", 72.0),
        ("sessions{state=\"closed\"}", 73.0),
        ("window_closed_sessions{window=\"1m\"}", 5.0),
        ("stream_connected_timestamp_seconds", 1_768_478_399.5),
        ("stream_last_event_timestamp_seconds", 1_768_478_399.75),
        ("stream_last_arrival_timestamp_seconds", 1_768_478_399.875),
    ]
}

pub(crate) fn snapshot() -> Snapshot {
    let window = WindowStats {
        length_ms: 60_000,
        start: NOW - 60_000,
        active_sessions: 14,
        connections: 20,
        disconnections: 4,
        messages: 35,
        closed_sessions: 5,
        closed_duration_ms: 92_251,
        ended_messages: 10,
        responses: 8,
        response_ms: 80_001,
        first_responses: 3,
        first_response_ms: 45_001,
        unanswered: 2,
        never_answered: 1,
        measured: measured([10_000, 20_000, 29_950, 30_100]),
        pane_ms: 1_000,
        coverage_ms: 59_000,
    };
    let short = WindowStats {
        length_ms: 10_000,
        messages: 1,
        coverage_ms: 9_000,
        ..WindowStats::default()
    };
    Snapshot {
        engine_id: 0xabc,
        sequence: 77,
        now: NOW,
        published: NOW - 5,
        counters_since: NOW - 90_000,
        windows: vec![window, short],
        total_connections: 892,
        directory: Arc::new(Directory {
            names: Names::new([(AlertBy::Queue, "sales".into(), "Sales \"north\"".into())]),
            session_link: None,
        }),
        sessions: SessionStats {
            open: 71,
            open_uncertain: 70,
            awaiting: 6,
            awaiting_since: Some(NOW - 61_500),
            open_since: Some(NOW - 80_000),
            is_open_complete: true,
            pending: 72,
            closed: 73,
            bytes: 74_000,
        },
        clock: ClockStatus {
            behind_ms: 1_500,
            is_on_hold: true,
            ..ClockStatus::default()
        },
        counters: counters(),
        stream: StreamStatus {
            covered_since: None,
            state: StreamState::Live,
            connected_since: Some(NOW - 500),
            reconnects: 21,
            failed_attempts: 22,
            protocol_errors: 23,
            gaps_total: 24,
            gaps: [Gap {
                start: NOW - 2_000,
                end: Some(NOW - 1_000),
                cause: LossCause::Dropped,
            }]
            .into(),
            last_error: None,
            last_event: Some(NOW - 250),
            last_arrival: Some(NOW - 125),
            lag_ms: Some(-125),
            unusable: Some(Unusable {
                since: NOW - 7_000,
                latest: NOW - 125,
                payloads: 31,
                fate: UnusableFate::Late,
            }),
            server_clock_offset_ms: Some(-250),
            is_clock_off: false,
            inputs: vec![input()],
        },
        ring: RingStats {
            depth: 11,
            capacity: 65_536,
            high_water: 12,
        },
        dedup: DedupStats {
            fingerprints: 13,
            bytes: 15,
            forgotten_before: None,
        },
        latency: Arc::new(latency()),
        groups: Arc::new(groups()),
        alerts: Arc::new(alerts()),
        ..Snapshot::default()
    }
}

fn counters() -> Counters {
    let mut counters = Counters {
        ignored: 101,
        shed: 102,
        late: 103,
        future: 104,
        duplicates: 105,
        applied: 106,
        orphans: 107,
        clock_skew: 108,
        reconnects: 109,
        stale: 110,
        out_of_order: 111,
        ahead: 112,
        recovered: 113,
        evicted_idle: 114,
        evicted_uncertain: 122,
        evicted_pending: 115,
        evicted_closed: 116,
        evicted_open: 117,
        clock_steps_back: 118,
        clock_steps_forward: 120,
        clock_rebases: 121,
        bytes: 119,
        ..Counters::default()
    };
    for (index, count) in counters.rejected.iter_mut().enumerate() {
        *count = 200 + index as u64;
    }
    assert!(counters.rejected[Reject::Utf8.index()] > 0);
    for (index, count) in counters.rejected_fields.iter_mut().enumerate() {
        *count = 300 + index as u64;
    }
    for (index, count) in counters.labels_refused.iter_mut().enumerate() {
        *count = 400 + index as u64;
    }
    counters.received = counters.rejected_total() + 101 + 102 + 103 + 104 + 105 + 106;
    counters.events = counters.shed + counters.late + counters.future;
    counters.events += counters.duplicates + counters.applied;
    counters.accepted = counters.received - counters.rejected_total() - counters.ignored;
    counters
}

fn input() -> InputStatus {
    let shard = Shard::only("events-stream");
    let mut input = InputStatus::new(InputId { shard, instance: 0 });
    input.state = StreamState::Live;
    input.lag_ms = Some(-125);
    input
}

/// Values of every measure of which these are the median, the 90th and 99th percentile, and the maximum,
/// within 1 %.
fn measured(values: [u64; 4]) -> Measured {
    let mut histogram = Histogram::default();
    for (value, sessions) in values.into_iter().zip([60, 35, 4, 1]) {
        histogram.record_n(value, sessions);
    }
    let histogram = Arc::new(histogram);
    Measured::from_fn(|_| Some(Arc::clone(&histogram)))
}

fn latency() -> Latencies {
    let mut latency = Latencies::default();
    for stage in Stage::ALL {
        let count = 100 + stage.index() as u64;
        latency.since_start[stage.index()].record_n(1_000, count);
        let mut steps = Steps {
            count,
            sum_ns: 3_000_000,
            ..Steps::default()
        };
        steps.counts[..2].copy_from_slice(&[40, 50]);
        latency.steps[stage.index()] = steps;
    }
    latency
}

/// A group whose windows' numbers begin with their length.
fn group(name: &str, kind: GroupKind, open_sessions: u64) -> Group {
    let windows = [10_000, 60_000, 300_000, 3_600_000].map(|length_ms: u32| WindowStats {
        length_ms,
        messages: u64::from(length_ms) + 1,
        connections: u64::from(length_ms) + 2,
        disconnections: u64::from(length_ms) + 3,
        active_sessions: u64::from(length_ms) + 4,
        closed_sessions: 4,
        closed_duration_ms: u64::from(length_ms) + 5,
        ended_messages: u64::from(length_ms) + 6,
        responses: 8,
        response_ms: 80_001,
        first_responses: 3,
        first_response_ms: 45_001,
        unanswered: 2,
        never_answered: 1,
        measured: measured([1, 2, 3, 4].map(|times| times * u64::from(length_ms))),
        ..WindowStats::default()
    });
    Group {
        id: GroupId::default(),
        name: name.into(),
        kind,
        open_sessions,
        open_uncertain: open_sessions / 2,
        awaiting: open_sessions / 3,
        awaiting_since: Some(NOW - 7_250),
        windows,
    }
}

fn groups() -> Groups {
    let table = |groups: Vec<Group>| GroupTable::new(vec![Arc::new(groups)]);
    let mut all = Groups {
        room: GroupRoom {
            capacity: 10_000,
            overflowed: [31, 32, 0],
            bytes: 123_456,
        },
        ..Groups::default()
    };
    let odd = "a \"quoted\\\" name\n# HELP x";
    all.tables[Dimension::Queue.index()] = table(vec![
        group("sales", GroupKind::Named, 7),
        group(odd, GroupKind::Named, 2),
    ]);
    all.tables[Dimension::Deployment.index()] = table(vec![
        group("(none)", GroupKind::Unnamed, 9),
        group("(none)", GroupKind::Named, 5),
    ]);
    all.tables[Dimension::Direction.index()] = table(vec![group("inbound", GroupKind::Named, 0)]);
    all
}

fn alerts() -> Alerts {
    Alerts {
        all: vec![Alert {
            name: "flood".into(),
            metric: "messagesPerMinute",
            window_ms: Some(60_000),
            group: None,
            comparison: Comparison::Above,
            threshold: 10.0,
            clear: 9.0,
            for_ms: 0,
            phase: AlertPhase::Firing,
            since: NOW,
            value: Some(35.0),
            fired: 4,
        }],
        history: Arc::default(),
        notifications: Notifications {
            is_configured: true,
            sent: 5,
            retried: 8,
            failed: 6,
            last_error: None,
        },
    }
}
