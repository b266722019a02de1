//! A slow reading of a payload by serde_json, as `docs/push.md` has it: what it is, its session, queue and
//! deployment. Times, authors and copies are the unit tests' matter; so are views, which hold many events.

use serde_json::Value;

use streamgauge::config::Dialect;
use streamgauge::config::MappedKind;
use streamgauge::config::Mapping;
use streamgauge::config::Pointer;
use streamgauge::event::EventKind;
use streamgauge::parse::Decoded;
use streamgauge::parse::session_uuid;

use super::Batch;

/// What a payload says.
#[derive(Debug)]
struct Said {
    kind: EventKind,
    session: String,
    queue: String,
    deployment: String,
}

/// The two readings agree on a payload that was just read as the last of a batch.
pub(super) fn check(dialect: &Dialect, payload: &[u8], decoded: Decoded, batch: &Batch) {
    let shown = || format!("{dialect:?}: {decoded:?}: {}", payload.escape_ascii());
    let Ok(value) = serde_json::from_slice::<Value>(payload) else {
        assert!(matches!(decoded, Decoded::Rejected(..)), "{}", shown());
        return;
    };
    if payload.windows(2).any(|two| two == b"-0") {
        // Serde cannot tell it from a fraction.
        return;
    }
    // Serde keeps the last of two equal keys, and ours refuses what it has to choose of.
    let said = match dialect {
        Dialect::Tutorial | Dialect::GenesysEventbridge => return,
        Dialect::AmazonConnect => amazon_connect(&value),
        Dialect::TwilioEventStreams => twilio(&value),
        Dialect::Cloudevents if value.get("data_base64").is_some() => return,
        Dialect::Cloudevents => cloud_event(&value),
        Dialect::Mapped(mapping) => mapped(mapping, &value),
    };
    match (decoded, said) {
        (Decoded::Rejected(..), _) | (Decoded::Ignored, None) => {}
        (Decoded::Events(count @ 1..), said) => {
            // Facts of legs come with what happens to the session; the unit tests have them.
            let first = batch.events.len() - count;
            let places = first..batch.events.len();
            let plain: Vec<usize> = places
                .filter(|place| batch.events[*place].kind != EventKind::Fact)
                .collect();
            match (&plain[..], said) {
                ([place], Some(said)) => agree(&said, batch, *place, &shown()),
                ([], None) => {}
                (_, said) => panic!("{said:?}: {}", shown()),
            }
        }
        (_, said) => panic!("{said:?}: {}", shown()),
    }
}

fn agree(said: &Said, batch: &Batch, place: usize, shown: &str) {
    let event = &batch.events[place];
    assert_eq!(event.kind, said.kind, "{shown}");
    assert!(!said.session.is_empty(), "{shown}");
    match session_uuid(event.session) {
        Some(uuid) => assert_eq!(uuid.to_string(), said.session, "{shown}"),
        None if said.kind == EventKind::Connected => {
            let kept = batch.definitions.session_ids().last();
            assert_eq!(kept, Some((place, said.session.as_str())), "{shown}");
        }
        None => {}
    }
    let labels = batch.definitions.labels();
    let labels = labels.filter(|told| told.labels == event.labels);
    let names = labels.last().map_or(("", ""), |told| {
        (
            told.queue.unwrap_or_default(),
            told.deployment.unwrap_or_default(),
        )
    });
    let expected = (known(&said.queue), known(&said.deployment));
    assert_eq!(names, expected, "{shown}");
}

/// A name as it counts.
fn known(name: &str) -> &str {
    let is_good = name.len() <= 256 && !name.bytes().any(|byte| byte.is_ascii_control());
    if is_good { name } else { "" }
}

fn text(value: &Value, at: &str) -> String {
    let found = value.pointer(at).and_then(Value::as_str);
    found.unwrap_or_default().to_owned()
}

fn amazon_connect(value: &Value) -> Option<Said> {
    let kind = match text(value, "/detail/eventType").as_str() {
        "INITIATED" => EventKind::Connected,
        "DISCONNECTED" => EventKind::Disconnected,
        _ => return None,
    };
    (text(value, "/source") == "aws.connect").then(|| Said {
        kind,
        session: text(value, "/detail/contactId"),
        queue: text(value, "/detail/queueInfo/queueArn"),
        deployment: String::new(),
    })
}

fn twilio(value: &Value) -> Option<Said> {
    let is_closed = |at| text(value, at) == "closed";
    let kind = text(value, "/type");
    let kind = match kind.strip_prefix("com.twilio.conversations.")? {
        "conversation.added" => EventKind::Connected,
        "message.added" => EventKind::Message,
        "conversation.removed" => EventKind::Disconnected,
        "conversation-state.updated" if is_closed("/data/StateTo") || is_closed("/data/State") => {
            EventKind::Disconnected
        }
        _ => return None,
    };
    Some(Said {
        kind,
        session: text(value, "/data/ConversationSid"),
        queue: String::new(),
        deployment: text(value, "/data/MessagingServiceSid"),
    })
}

fn cloud_event(value: &Value) -> Option<Said> {
    let kind = text(value, "/type");
    let words: Vec<&str> = kind.rsplit(['.', ':', '/']).take(2).collect();
    let kind = match words[..] {
        ["connected", "webchat"] => EventKind::Connected,
        ["disconnected", "webchat"] => EventKind::Disconnected,
        ["message", "webchat"] => EventKind::Message,
        _ => return None,
    };
    let ways = ["/data/sessionId", "/data/id", "/subject"];
    let session = ways.map(|at| text(value, at));
    Some(Said {
        kind,
        session: session.into_iter().find(|id| !id.is_empty())?,
        queue: text(value, "/data/queueId"),
        deployment: text(value, "/data/deploymentId"),
    })
}

fn mapped(mapping: &Mapping, value: &Value) -> Option<Said> {
    let name = |pointer: &Pointer| match value.pointer(pointer.as_str()) {
        Some(Value::String(text)) => text.clone(),
        Some(number) if number.is_u64() => number.to_string(),
        _ => String::new(),
    };
    let kind = match mapping.kinds.get(&name(&mapping.kind)) {
        Some(MappedKind::Connected) => EventKind::Connected,
        Some(MappedKind::Disconnected) => EventKind::Disconnected,
        Some(MappedKind::Message) => EventKind::Message,
        // Of legs, which the unit tests have.
        Some(_) | None => return None,
    };
    let or_none = |pointer: &Option<Pointer>| pointer.as_ref().map_or_else(String::new, name);
    Some(Said {
        kind,
        session: name(&mapping.session),
        queue: or_none(&mapping.queue),
        deployment: or_none(&mapping.deployment),
    })
}
