use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// What a message is, by a reading of the whole value.
fn expected(text: &str) -> bool {
    let Ok(Value::Object(message)) = serde_json::from_str(text) else {
        return false;
    };
    let payload = message.get("payload").filter(|payload| !payload.is_null());
    let is_object = payload.is_none_or(Value::is_object);
    let id = message.get("id").and_then(Value::as_str);
    let has_id = id.is_some_and(|id| (1..=256).contains(&id.len()));
    let id_fits = message
        .get("id")
        .is_none_or(|id| id.is_string() || id.is_null());
    let kind = message.get("type").and_then(Value::as_str);
    id_fits
        && match kind.unwrap_or_default() {
            "connection_init" | "ping" | "pong" => is_object,
            "subscribe" => has_id && payload.is_some_and(Value::is_object),
            "complete" => has_id,
            _ => false,
        }
}

/// Whether a key that is read stands twice, which a value does not tell.
fn repeats(text: &str) -> bool {
    ["\"type\"", "\"id\"", "\"payload\"", "\\u"]
        .iter()
        .any(|key| text.matches(key).count() > 1)
}

const PARTS: [&str; 24] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "null",
    "1",
    " ",
    "\\",
    "é",
    "\u{0}",
    "{}",
    "\"type\"",
    "\"id\"",
    "\"payload\"",
    "\"subscribe\"",
    "\"complete\"",
    "\"ping\"",
    "\"pong\"",
    "\"connection_init\"",
    "\"next\"",
    "{\"query\":\"{a}\"}",
];

const GOOD: [&str; 6] = [
    r#"{"type":"connection_init"}"#,
    r#"{"type":"connection_init","payload":{"authorization":"Bearer x"}}"#,
    r#"{"id":"1","type":"subscribe","payload":{"query":"{a}","more":[1,{}]}}"#,
    r#" { "type" : "complete" , "id" : "\u00e9" , "more" : 1 } "#,
    r#"{"type":"ping","payload":null}"#,
    r#"{"payload":{"é":[]},"type":"pong"}"#,
];

proptest! {
    #[test]
    fn any_text_gets_the_verdict_of_its_value(
        good in prop::sample::select(&GOOD[..]),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..6_usize, prop::sample::select(&PARTS[..])), 0..4),
    ) {
        let mut text = good.to_owned();
        for (place, taken, part) in edits {
            let mut at = place.index(text.len() + 1);
            while !text.is_char_boundary(at) { at -= 1; }
            let mut end = (at + taken).min(text.len());
            while !text.is_char_boundary(end) { end += 1; }
            text.replace_range(at..end, part);
        }
        let read = Message::read(&text);
        if repeats(&text) {
            return Ok(());
        }
        prop_assert_eq!(read.is_ok(), expected(&text), "{}: {:?}", text, read);
        if let Err(close) = read {
            prop_assert_eq!(close.code, 4400);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(text in ".{0,64}") {
        prop_assert_eq!(Message::read(&text).is_ok(), expected(&text));
    }

    #[test]
    fn what_is_sent_is_json_with_the_clients_id(id in ".{1,16}") {
        let envelope = Envelope::new(&id);
        let body: &[u8] = br#"{"data":{"a":1}}"#;
        for (message, kind, payload) in [
            (envelope.next(body), "next", serde_json::json!({ "data": { "a": 1 } })),
            (envelope.error(b"[]"), "error", serde_json::json!([])),
            (envelope.complete(), "complete", Value::Null),
        ] {
            let message: Value = serde_json::from_slice(&message).unwrap();
            prop_assert_eq!(&message["id"], &id);
            prop_assert_eq!(&message["type"], kind);
            prop_assert_eq!(&message["payload"], &payload);
        }
    }
}
