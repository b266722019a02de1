//! A replay of a file in a dialect counts what an engine counts to which the same bytes are posted.

use streamgauge::replay;
use streamgauge::replay::Recording;
use streamgauge::replay::ReplaySettings;
use streamgauge::time::EpochMs;
use streamgauge::time::ManualClock;
use streamgauge::window::Width;

use super::presets::*;
use super::*;

/// A whole second, at which the fixtures of Genesys begin.
const START: i64 = 1_760_000_000_000;

/// The last step of a replay, and the summary's own count of lines.
fn replayed(dialect: &Dialect, lateness_ms: u64, body: &[u8]) -> (Value, u64) {
    let mut settings =
        ReplaySettings::new(Width::DEFAULT, 60_000, 60_000, lateness_ms, 86_400_000).unwrap();
    settings.dialect = dialect.clone();
    let mut output = Vec::new();
    let recording = Recording::open(body).unwrap();
    let summary = replay::run(
        recording,
        &settings,
        &mut output,
        &Clock::system(),
        |line| panic!("{line}"),
    );
    let output = String::from_utf8(output).unwrap();
    let last = serde_json::from_str(output.lines().last().unwrap()).unwrap();
    (last, summary.unwrap().counters.received)
}

/// What is published of what was posted, as of the moment of a replay's step.
fn posted(engine: &Engine) -> Value {
    let snapshot = engine.reader().load();
    let (main, counters) = (snapshot.main(), &snapshot.counters);
    json!({
        "at": AT,
        "activeSessions": main.active_sessions,
        "totalConnections": snapshot.total_connections,
        "avgSessionDurationMs": main.avg_session_duration_ms(),
        "messagesPerMinute": main.messages_per_minute(),
        "openSessions": snapshot.sessions.open,
        "received": counters.received,
        "ignored": counters.ignored,
        "rejected": counters.rejected_total(),
        "duplicates": counters.duplicates + counters.repeated,
        "late": counters.late,
        "future": counters.future,
        "orphans": counters.orphans,
        "outOfOrder": counters.out_of_order,
    })
}

/// Event times as the senders of a dialect write them.
fn moved(mut event: Value, second: i64) -> Value {
    let at = EpochMs::from_ms(START + second * 1_000);
    for (pointer, value) in [
        ("/timestamp", json!(at.ms())),
        ("/at", json!(at.ms())),
        ("/time", json!(at.to_string())),
        ("/detail/initiationTimestamp", json!(at.to_string())),
        ("/detail/disconnectTimestamp", json!(at.to_string())),
    ] {
        if let Some(found) = event.pointer_mut(pointer) {
            *found = value;
        }
    }
    event
}

fn fixture(name: &str) -> Value {
    let path = format!(
        "{}/tests/fixtures/genesys/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Of each dialect a conversation that ended, one that goes on, and something that is ignored, in order of
/// time.
pub(super) fn content(name: &str) -> Vec<Value> {
    let tutorial = |kind: &str, id: &str, message: &str| {
        let mut event = event(id);
        event["eventType"] = json!(format!("webchat:{kind}"));
        event["data"]["messageId"] = json!(message);
        event
    };
    let ended = |id: &str| {
        let mut contact = contact("DISCONNECTED", id);
        contact["detail"]["disconnectTimestamp"] = json!("");
        contact
    };
    let channel =
        |kind: &str, id: &str| twilio(kind, json!({"ConversationSid": id, "MessageSid": "IM1"}));
    let events = match name {
        "tutorial" => vec![
            tutorial("connected", "a", ""),
            tutorial("connected", "b", ""),
            tutorial("message", "a", "m1"),
            tutorial("other", "a", ""),
            tutorial("disconnected", "a", ""),
        ],
        "amazon-connect" => vec![
            contact("INITIATED", "a"),
            contact("INITIATED", "b"),
            contact("QUEUED", "a"),
            contact("COMPLETED", "a"),
            ended("a"),
        ],
        "twilio-event-streams" => vec![
            channel("conversation.added", "a"),
            channel("conversation.added", "b"),
            channel("message.added", "a"),
            channel("participant.added", "a"),
            channel("conversation.removed", "a"),
        ],
        "cloudevents" => vec![
            webchat("connected", "a"),
            in_base64(webchat("connected", "b")),
            webchat("message", "a"),
            webchat("other", "a"),
            webchat("disconnected", "a"),
        ],
        "mapped" => vec![
            mapped("opened", "a"),
            mapped("opened", "b"),
            mapped("said", "a"),
            mapped("typing", "a"),
        ],
        "genesys-eventbridge" => {
            // Views with several messages, with none, and repeated.
            let mut events = [
                "eventbridge.customer.start",
                "queue.messages.waiting",
                "queue.messages.agent_replied",
                "acd.start",
                "flow.start",
                "queue.messages.ended",
                "user.conversations.nested",
                "customer.end",
            ]
            .map(fixture)
            .to_vec();
            events.push(json!({
                "topicName": "v2.users.u.conversations", "eventBody": {"id": "c"},
            }));
            return events;
        }
        other => unreachable!("{other}"),
    };
    let moved = events.into_iter().zip(1..);
    moved
        .map(|(event, second)| self::moved(event, second))
        .collect()
}

/// When the only step of a replay is.
const AT: i64 = START + 40_000;

/// The beginning of the last bucket before it.
pub(super) fn clock() -> (Clock, ManualClock) {
    Clock::manual(EpochMs::from_ms(AT - 100))
}

/// Waits until so many events are counted. Between two publications time has to pass, which it does by
/// hand: at most so many milliseconds, slower and slower, so that a busy machine has its time.
pub(super) async fn counted(engine: &Engine, hands: &ManualClock, events: u64, ms_max: u32) {
    let reader = engine.reader();
    let looking = async {
        let mut passed = 0;
        while reader.load().counters.events < events {
            if passed < ms_max {
                passed += 1;
                hands.advance_ms(1);
            }
            tokio::time::sleep(Duration::from_millis(u64::from(passed.min(400)))).await;
        }
    };
    timeout(HANG, looking).await.unwrap();
}

/// Posts elements to an engine of its own; what it publishes as of the step that a replay ends with.
async fn post_all(endpoint: &PushEndpoint, elements: &[Value]) -> Value {
    let (clock, hands) = clock();
    let engine = start_at(clock, |settings| {
        settings.push.endpoints = vec![endpoint.clone()];
    })
    .await;
    let (status, said) = answer(engine.local_addr(), &endpoint.name, &[], json!(elements)).await;
    let expected = (200, &json!(elements.len()));
    assert_eq!((status, &said["elements"]), expected, "{said}");
    counted(&engine, &hands, said["events"].as_u64().unwrap(), 90).await;
    let published = posted(&engine);
    engine.shutdown().await.unwrap();
    published
}

/// The same elements in the shapes that files have.
fn files(elements: &[Value]) -> Vec<(&'static str, Vec<u8>)> {
    let lines: Vec<String> = elements.iter().map(Value::to_string).collect();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(lines.join("\n").as_bytes()).unwrap();
    let half = lines.len() / 2;
    let requests = [
        firehose(&lines[..half]),
        firehose(&[lines[half..].join("\n")]),
    ];
    vec![
        ("lines", lines.join("\n").into_bytes()),
        ("an array", json!(elements).to_string().into_bytes()),
        ("one after the other", lines.concat().into_bytes()),
        ("gzip", encoder.finish().unwrap()),
        ("firehose", requests.join("\n").into_bytes()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_each_dialect_gives_what_its_posts_give() {
    for endpoint in endpoints() {
        let (name, dialect) = (&endpoint.name, &endpoint.dialect);
        let once = content(name);
        let expected = post_all(&endpoint, &once).await;
        assert!(
            expected["totalConnections"].as_u64() > Some(0),
            "{expected}"
        );
        assert!(expected["ignored"].as_u64() > Some(0), "{expected}");
        for (shape, file) in files(&once) {
            let (last, received) = replayed(dialect, 0, &file);
            assert_eq!(received, once.len() as u64, "{name} as {shape}");
            assert_eq!(last, expected, "{name} as {shape}");
        }
        // All of it again, which an engine and a replay with its lateness know for copies; and
        // backwards, where nothing but the count of what came out of order differs.
        let twice = [once.clone(), once].concat();
        let backwards: Vec<Value> = twice.iter().rev().cloned().collect();
        let mut expected = post_all(&endpoint, &twice).await;
        assert!(expected["duplicates"].as_u64() > Some(0), "{expected}");
        expected["outOfOrder"] = json!(0);
        for elements in [twice, backwards] {
            for (shape, file) in files(&elements) {
                let (mut last, received) = replayed(dialect, 60_000, &file);
                assert_eq!(received, elements.len() as u64, "{name} as {shape}");
                last["outOfOrder"] = json!(0);
                assert_eq!(last, expected, "{name} as {shape}");
            }
        }
    }
}
