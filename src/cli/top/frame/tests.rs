use serde_json::Value;
use serde_json::json;

use super::*;
use crate::cli::top::answer;

fn group(name: &str, messages: f64) -> Value {
    json!({
        "name": name, "displayName": if name == "vip" { "Very important" } else { name },
        "kind": "NAMED", "openSessions": 120.0, "openUncertain": 7.0,
        "window": {
            "activeSessions": 34, "messagesPerMinute": messages, "connectionsPerMinute": 12.0,
            "disconnectionsPerMinute": 11.5, "avgSessionDurationMs": 95_000.0,
            "durations": (messages > 0.0).then(|| json!({ "p50Ms": 77_000.0, "p99Ms": 310_000.0 })),
        },
    })
}

fn data() -> Value {
    let alert = |name: &str, metric: &str, phase: &str, value: Option<f64>| {
        json!({
            "name": name, "metric": metric, "comparison": "BELOW", "threshold": 7_500.0,
            "phase": phase, "value": value,
            "by": value.is_none().then_some("QUEUE"), "groupDisplayName": value.is_none().then_some("Very important"),
        })
    };
    json!({
        "realTimeMetrics": {
            "activeSessions": 2404, "totalConnectionsExact": 1_234_567.0,
            "avgSessionDurationMs": 28_799.0, "messagesPerMinute": 24_015.0,
            "connectionsPerMinute": 1_510.0, "disconnectionsPerMinute": 1_498.0,
            "openSessions": 3988.0, "openUncertain": 191.0, "openComplete": false,
            "openSince": "2026-01-15T09:57:05.000Z", "asOf": "2026-01-15T12:00:05.000Z", "complete": false,
            "durations": { "p50Ms": 28_799.0, "p99Ms": 71_167.0 },
        },
        "stream": {
            "state": "LIVE", "lagMs": 12.0, "reconnects": 1.0, "gapsTotal": 1.0,
            "lastError": null,
        },
        "counters": {
            "received": 35_132.0, "applied": 35_000.0, "ignored": 0.0, "late": 2.0, "future": 0.0,
            "duplicates": 130.0, "shed": 0.0, "rejected": { "total": 0.0 },
        },
        "latency": [
            { "stage": "RING", "lastMinute": { "p99Ms": 9.0 } },
            { "stage": "VISIBLE", "lastMinute": { "p99Ms": 0.234 } },
        ],
        "engine": {
            "version": "0.1.0", "uptimeMs": 7_380_000.0, "ringDepth": 655.36,
            "ringCapacity": 65_536.0, "sessionBytes": 300_000_000.0, "snapshotAgeMs": 1.0,
        },
        "alerts": {
            "items": [
                alert("few messages", "messagesPerMinute", "FIRING", Some(5_000.0)),
                alert("all well", "openSessions", "OK", Some(3_988.0)),
                alert("too quick", "durationP50Ms", "PENDING", None),
            ],
            "notifications": { "failed": 2.0, "lastError": "webhook: hooks.example.com: status 500" },
        },
        "alertHistory": { "items": [{
            "at": "2026-01-15T11:58:03.000Z", "name": "quiet\u{7}", "change": "ENDED", "lastedMs": 194_000.0,
        }] },
        "groups": {
            "count": 30.0,
            "items": [
                group("support", 9_000.0),
                group("日本語のとても長い名前の待ち行列です", 800.0),
                group("sales\u{1b}[2J", 7.5),
                group("vip", 0.0),
                group("(none)", 0.0),
            ],
        },
    })
}

fn controls() -> Controls {
    Controls {
        by: By::Queue,
        sort: Sort::DEFAULT,
        filter: String::new(),
        is_typing: false,
    }
}

/// The screen as text.
fn screen(
    data: &Value,
    controls: &Controls,
    stale: Option<(&str, f64)>,
    columns: usize,
    lines: Option<usize>,
) -> String {
    let body = json!({ "data": data }).to_string();
    let answer = answer::read(body.as_bytes()).unwrap();
    let view = View {
        place: "127.0.0.1:4000",
        answer: &answer,
        per_second: Some(498.7),
        stale,
    };
    let drawn = draw(&view, controls, columns, lines);
    if let Some(lines) = lines {
        assert!(drawn.len() <= lines, "{} lines", drawn.len());
    }
    let rendered: Vec<String> = drawn
        .iter()
        .map(|line| line.render(columns, false))
        .collect();
    rendered.join("\n")
}

#[test]
fn a_frame_of_a_wide_terminal() {
    insta::assert_snapshot!(screen(&data(), &controls(), None, 120, Some(40)));
}

#[test]
fn a_small_terminal_drops_columns_and_rows() {
    let filtered = Controls {
        filter: "S".to_owned(),
        is_typing: true,
        sort: Sort::Name,
        ..controls()
    };
    insta::assert_snapshot!(screen(&data(), &filtered, None, 40, Some(24)));
}

#[test]
fn a_stale_frame_says_so_and_keeps_the_numbers() {
    let mut data = data();
    data["stream"]["state"] = "BACKOFF".into();
    data["stream"]["lastError"] = "closed: 1006".into();
    data["stream"]["lagMs"] = Value::Null;
    data["alerts"] = json!({
        "items": [],
        "notifications": { "failed": 0.0, "lastError": null },
    });
    data["groups"] = json!({ "count": 0.0, "items": [] });
    let directions = Controls {
        by: By::Direction,
        ..controls()
    };
    let stale = Some(("127.0.0.1:4000: connection refused", 12_300.0));
    insta::assert_snapshot!(screen(&data, &directions, stale, 80, None));
}

#[test]
fn nothing_of_the_stream_moves_the_cursor_at_any_size() {
    for columns in [1, 7, 12, 20, 80, 300] {
        for lines in [1, 5, 24] {
            let text = screen(&data(), &controls(), None, columns, None);
            assert!(!text.contains('\u{1b}'), "{text:?}");
            // The table gives way; what stands above it is cut by the screen.
            let body = json!({ "data": data() }).to_string();
            let answer = answer::read(body.as_bytes()).unwrap();
            let view = View {
                place: "x",
                answer: &answer,
                per_second: None,
                stale: None,
            };
            for line in draw(&view, &controls(), columns, Some(lines)) {
                let line = line.render(columns, false);
                assert!(line.chars().count() <= columns, "{line:?} in {columns}");
            }
        }
    }
}

#[test]
fn a_summary_is_one_line() {
    let body = json!({ "data": data() }).to_string();
    let answer = answer::read(body.as_bytes()).unwrap();
    let mut view = View {
        place: "x",
        answer: &answer,
        per_second: None,
        stale: None,
    };
    assert_eq!(
        summary(&view),
        "2026-01-15T12:00:05.000Z  live  active 2404  open 3988 (uncertain 191) (since 2026-01-15T09:57:05.000Z)  total 1234567  average 28.8 s  messages/min 24015  lag 12.0 ms  alerts firing 1"
    );
    view.stale = Some(("x: connection lost", 5_000.0));
    assert_eq!(
        summary(&view),
        "2026-01-15T12:00:05.000Z  no answer for 5.0 s: x: connection lost"
    );
}

#[test]
fn other_answers_are_told_apart() {
    let check = |body: &str, part: &str| {
        let error = answer::read(body.as_bytes()).unwrap_err();
        assert!(error.contains(part), "{error}");
    };
    check("<html>", "no answer of streamgauge");
    check("{}", "no answer of streamgauge");
    check(
        r#"{"errors":[{"message":"Unknown field \"groups\"\u001b"}]}"#,
        r#"(Unknown field \"groups\"\u{1b}); is it of the same version?"#,
    );
}
