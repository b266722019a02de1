//! What a snapshot tells: each family with its name in base units and one sentence of what it means.

use super::desk;
use super::events;
use super::family::Family;
use super::family::label;
use super::family::number_gauge;
use super::family::plain_counter;
use super::family::plain_gauge;
use super::family::seconds_of;
use super::groups;
use super::inputs;
use super::posts;
use super::windows;
use crate::latency::Stage;
use crate::metric::Gauge;
use crate::metric::Metric;
use crate::serve::graphql::schema::View;
use crate::serve::push_counters::PushCounts;
use crate::snapshot::AlertPhase;
use crate::snapshot::ClockStatus;
use crate::snapshot::Snapshot;
use crate::snapshot::StreamStatus;
use crate::stderr;
use crate::stream::StreamState;
use crate::time::EpochMs;

/// Every family of a view.
pub(super) fn of_snapshot(view: &View) -> Vec<Family> {
    let snapshot = &*view.snapshot;
    let mut all = vec![Family::info(
        "streamgauge_build",
        "The program that answers.",
        vec![("version", env!("CARGO_PKG_VERSION").to_owned())],
    )];
    all.extend(events::families(&snapshot.counters));
    all.extend(clock(snapshot.clock));
    all.extend(stream(&snapshot.stream));
    all.extend(inputs::families(&snapshot.stream.inputs));
    all.extend(windows::families(snapshot));
    all.extend(groups::families(snapshot));
    all.extend(desk::families(&snapshot.desk));
    all.extend(sessions(snapshot));
    all.extend(engine(view));
    all.extend(pipeline(view));
    all.extend(alerts(snapshot));
    all.extend(push(&view.push));
    all.extend(posts::families(&view.posts.now()));
    all
}

#[expect(
    clippy::cast_precision_loss,
    reason = "times of four digits a year fit"
)]
const fn seconds(ms: i64) -> f64 {
    ms as f64 / 1_000.0
}

fn moment(at: Option<EpochMs>) -> Option<f64> {
    at.map(|at| seconds(at.ms()))
}

fn clock(clock: ClockStatus) -> [Family; 2] {
    [
        number_gauge(
            "streamgauge_clock_behind_seconds",
            "How far the machine's clock is behind the engine clock.",
            Some(seconds_of(clock.behind_ms)),
        ),
        plain_gauge(
            "streamgauge_clock_on_hold",
            "1 for a minute after the machine's clock ran ahead of elapsed time, else 0.",
            u64::from(clock.is_on_hold),
        ),
    ]
}

fn stream(stream: &StreamStatus) -> Vec<Family> {
    let mut state = Family::gauge(
        "streamgauge_stream_state",
        "1 for the state the stream connection is in, 0 for the others.",
    );
    for each in [
        StreamState::Idle,
        StreamState::Connecting,
        StreamState::Live,
        StreamState::Backoff,
        StreamState::Refused,
        StreamState::Displaced,
        StreamState::Closed,
    ] {
        state = state.count(
            label("state", each.label()),
            u64::from(each == stream.state),
        );
    }
    let is_gap_open = stream.gaps.last().is_some_and(|gap| gap.end.is_none());
    vec![
        state,
        plain_counter(
            "streamgauge_stream_reconnects",
            "Times the stream was live again after a loss.",
            stream.reconnects,
        ),
        plain_counter(
            "streamgauge_stream_failed_attempts",
            "Failed attempts to connect to the stream.",
            stream.failed_attempts,
        ),
        plain_counter(
            "streamgauge_stream_protocol_errors",
            "Times the peer broke the WebSocket protocol.",
            stream.protocol_errors,
        ),
        plain_counter(
            "streamgauge_stream_gaps",
            "Spans of time in which events may have been missed, an open one included.",
            stream.gaps_total,
        ),
        plain_gauge(
            "streamgauge_stream_gap_open",
            "1 while events may be missed, else 0.",
            u64::from(is_gap_open),
        ),
        number_gauge(
            "streamgauge_stream_lag_seconds",
            "Arrival minus event time of the latest event; negative when the sender's clock is ahead.",
            stream.lag_ms.map(seconds),
        ),
        number_gauge(
            "streamgauge_stream_connected_timestamp_seconds",
            "Since when the stream is live; absent while it is not.",
            moment(stream.connected_since),
        ),
        number_gauge(
            "streamgauge_stream_last_event_timestamp_seconds",
            "The greatest event time applied so far.",
            moment(stream.last_event),
        ),
        number_gauge(
            "streamgauge_stream_last_arrival_timestamp_seconds",
            "When the latest events arrived.",
            moment(stream.last_arrival),
        ),
        plain_gauge(
            "streamgauge_stream_unusable_payloads",
            "Payloads in a row of which none was usable; 0 after a usable one.",
            stream.unusable.map_or(0, |unusable| unusable.payloads),
        ),
        number_gauge(
            "streamgauge_stream_server_clock_offset_seconds",
            "How far the server's clock is ahead of this machine's at least, by the Date of its handshake; absent when it gave none.",
            stream.server_clock_offset_ms.map(seconds),
        ),
        plain_gauge(
            "streamgauge_stream_clock_off",
            "1 while that is more than the allowed skew, so that the numbers are wrong, else 0.",
            u64::from(stream.is_clock_off),
        ),
    ]
}

fn sessions(snapshot: &Snapshot) -> Vec<Family> {
    let sessions = &snapshot.sessions;
    let mut rows = Family::gauge(
        "streamgauge_sessions",
        "Rows of the session table: open sessions, disconnects waiting for their connect, closed sessions still remembered.",
    );
    for (state, count) in [
        ("open", sessions.open),
        ("pending", sessions.pending),
        ("closed", sessions.closed),
    ] {
        rows = rows.count(label("state", state), count);
    }
    vec![
        rows,
        plain_gauge(
            "streamgauge_sessions_open_uncertain",
            "Open sessions without any event since the last gap began.",
            sessions.open_uncertain,
        ),
        plain_gauge(
            "streamgauge_sessions_awaiting_reply",
            Metric::AwaitingReply.row().definition,
            sessions.awaiting,
        ),
        number_gauge(
            "streamgauge_sessions_longest_awaiting_seconds",
            Metric::LongestAwaitingMs.row().definition,
            snapshot
                .gauge(Gauge::LongestAwaitingMs)
                .map(|ms| ms / 1_000.0),
        ),
        number_gauge(
            "streamgauge_sessions_open_since_timestamp_seconds",
            "Since when open sessions are known: when the stream was first live; absent before that.",
            moment(sessions.open_since),
        ),
        plain_gauge(
            "streamgauge_sessions_open_complete",
            "1 once that is longer ago than the idle timeout, so that no open session is missing for having begun before it, else 0.",
            u64::from(sessions.is_open_complete),
        ),
        plain_gauge(
            "streamgauge_session_table_bytes",
            "Memory of the session table, rows and index.",
            sessions.bytes,
        ),
        plain_gauge(
            "streamgauge_dedup_fingerprints",
            "Fingerprints kept for recognising copies of messages.",
            snapshot.dedup.fingerprints,
        ),
        plain_gauge(
            "streamgauge_dedup_bytes",
            "Memory for recognising copies of messages.",
            snapshot.dedup.bytes,
        ),
    ]
}

fn engine(view: &View) -> Vec<Family> {
    let snapshot = &view.snapshot;
    let mut latency = Family::histogram(
        "streamgauge_stage_duration_seconds",
        "How long events take in each stage, visible being the sum of the four before it, and how long queries take. They begin when the engine reads an event; stage pause is how late the writer woke, which shows when the whole process was stopped.",
    );
    for stage in Stage::ALL {
        let steps = snapshot.latency.steps[stage.index()];
        latency = latency.times(label("stage", stage.label()), steps);
    }
    vec![
        plain_gauge(
            "streamgauge_ring_depth_events",
            "Events waiting in the ring when the snapshot was published.",
            snapshot.ring.depth,
        ),
        plain_gauge(
            "streamgauge_ring_capacity_events",
            "Events the ring has room for.",
            snapshot.ring.capacity,
        ),
        plain_gauge(
            "streamgauge_ring_high_water_events",
            "The most events ever seen waiting in the ring.",
            snapshot.ring.high_water,
        ),
        plain_counter(
            "streamgauge_snapshots_published",
            "Snapshots published.",
            snapshot.sequence,
        ),
        number_gauge(
            "streamgauge_snapshot_age_seconds",
            "How long ago the snapshot was published that these values are of.",
            Some(seconds_of(view.wall.since(snapshot.published))),
        ),
        plain_counter(
            "streamgauge_log_lines_dropped",
            "Lines of the log that were dropped: nobody read standard error, or it could not be written.",
            stderr::dropped(),
        ),
        latency,
    ]
}

fn pipeline(view: &View) -> Vec<Family> {
    let mut ages = Family::gauge(
        "streamgauge_pipeline_beat_age_seconds",
        "How long ago a part of the pipeline last gave a sign of life; of the ring, for how long batches have waited and none was taken.",
    );
    let mut late = Family::gauge(
        "streamgauge_pipeline_late",
        "1 for a part of the pipeline whose sign of life is overdue, else 0.",
    );
    for beat in &view.beats {
        let part = || label("part", beat.part.label());
        if let Some(age) = beat.age {
            ages = ages.number(part(), age.as_secs_f64());
        }
        late = late.count(part(), u64::from(beat.is_late));
    }
    let is_ready = view.readiness().ready;
    vec![
        plain_gauge(
            "streamgauge_ready",
            "1 while /readyz answers 200, else 0.",
            u64::from(is_ready),
        ),
        ages,
        late,
    ]
}

fn alerts(snapshot: &Snapshot) -> Vec<Family> {
    let alerts = &snapshot.alerts;
    let mut phases = Family::gauge(
        "streamgauge_alert_state",
        "1 for the state an alert of the settings is in, 0 for the others.",
    );
    let mut fired = Family::counter("streamgauge_alert_fired", "Times an alert began to fire.");
    for alert in &alerts.all {
        for (state, phase) in [
            ("ok", AlertPhase::Ok),
            ("pending", AlertPhase::Pending),
            ("firing", AlertPhase::Firing),
        ] {
            let labels = vec![
                ("alert", alert.name.to_string()),
                ("state", state.to_owned()),
            ];
            phases = phases.count(labels, u64::from(alert.phase == phase));
        }
        fired = fired.count(label("alert", &alert.name), alert.fired);
    }
    let notifications = &alerts.notifications;
    let mut sent = Family::counter(
        "streamgauge_notifications",
        "Notifications about alerts by their outcome: delivered, or given up.",
    );
    for (outcome, count) in [
        ("sent", notifications.sent),
        ("failed", notifications.failed),
    ] {
        sent = sent.count(label("outcome", outcome), count);
    }
    vec![
        phases,
        fired,
        sent,
        plain_counter(
            "streamgauge_notification_retries",
            "Attempts to notify that failed and were tried again.",
            notifications.retried,
        ),
    ]
}

fn push(counts: &PushCounts) -> Vec<Family> {
    vec![
        plain_gauge(
            "streamgauge_push_sockets",
            "WebSockets open now.",
            counts.sockets,
        ),
        plain_gauge(
            "streamgauge_push_subscriptions",
            "Subscriptions open now, over WebSockets and server-sent events.",
            counts.subscribers,
        ),
        plain_gauge(
            "streamgauge_push_feeds",
            "Feeds running now: one for each different request and interval.",
            counts.feeds,
        ),
        plain_counter(
            "streamgauge_push_executions",
            "Executions by feeds; each serves every subscriber of its feed.",
            counts.executed,
        ),
        plain_counter(
            "streamgauge_push_answers_sent",
            "Answers handed to subscribers.",
            counts.sent,
        ),
        plain_counter(
            "streamgauge_push_answers_skipped",
            "Answers that a subscriber missed because it had not read the one before.",
            counts.skipped,
        ),
        plain_counter(
            "streamgauge_push_sockets_cut",
            "WebSockets cut because their client did not read or did not answer.",
            counts.cut,
        ),
    ]
}
