//! Messages for the property tests: mostly valid ones, and changes to their bytes.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::sample::select;

/// Any JSON value that is not too large, as text.
fn junk() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        select(vec![
            "null",
            "true",
            "false",
            "{}",
            "[]",
            "\"\"",
            "0",
            "-0",
            "7",
            "-1",
            "1.5",
            "1e3",
            "1e308",
            "1e309",
            "-1e999",
            "18446744073709551615",
            "18446744073709551616",
            "-9223372036854775808",
            "-9223372036854775809",
            "123456789012345678901",
            "4294967294",
            "4294967295",
            "\"x\"",
            "\"\\u0000\"",
            "\"\\ud83d\\ude00\"",
            "\"\\ud83d\"",
            "\"\\\\\\\"\"",
            "\"é\u{7f}\"",
            "01",
            "nul",
            "1.",
            "\"\\x\"",
        ])
        .prop_map(str::to_owned),
        any::<u64>().prop_map(|number| number.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:e}")),
        any::<String>().prop_map(|text| serde_json::Value::from(text).to_string()),
        (1..80_usize).prop_map(|depth| "[".repeat(depth) + &"]".repeat(depth)),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            vec((key(), inner), 0..4).prop_map(|fields| object(&fields, ",")),
        ]
    })
}

/// A key, often one that is read, sometimes with its letters escaped.
fn key() -> impl Strategy<Value = String> {
    let name = select(vec![
        "eventType",
        "timestamp",
        "data",
        "metadata",
        "sessionId",
        "id",
        "messageId",
        "durationMs",
        "seq",
        "queueId",
        "deploymentId",
        "direction",
        "ID",
        "",
    ]);
    (name, proptest::option::weighted(0.1, any::<Index>()))
        .prop_map(|(name, escaped)| escape_one(name, escaped))
}

/// A JSON string of ASCII text, with one of its letters escaped.
fn escape_one(text: &str, escaped: Option<Index>) -> String {
    match escaped {
        Some(index) if !text.is_empty() => {
            let at = index.index(text.len());
            let code = text.as_bytes()[at];
            format!("\"{}\\u{code:04x}{}\"", &text[..at], &text[at + 1..])
        }
        _ => format!("\"{text}\""),
    }
}

fn object(fields: &[(String, String)], comma: &str) -> String {
    let fields: Vec<String> = fields
        .iter()
        .map(|(key, value)| format!("{key}:{value}"))
        .collect();
    format!("{{{}}}", fields.join(comma))
}

/// A value that mostly fits, as text; rarely anything.
fn mostly<S: Strategy<Value = String> + 'static>(fitting: S) -> BoxedStrategy<String> {
    prop_oneof![24 => fitting, 1 => junk()].boxed()
}

fn id_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        1 => "[0-9a-fA-F-]{36}",
        1 => "[a-z]{0,3}",
        1 => "[a-zé]{120,260}",
    ]
    .prop_map(|text| format!("\"{text}\""))
}

fn timestamp_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (0..253_402_300_799_999_i64).prop_map(|ms| {
            format!("\"{}\"", streamgauge::time::EpochMs::from_ms(ms))
        }),
        1 => any::<u32>().prop_map(|ms| ms.to_string()),
        2 => "\"(19[67][0-9]|20[0-9]{2}|9999|0000)-(0[1-9]|1[0-3])-([0-2][0-9]|3[01])[Tt ]\
              [0-2][0-9]:[0-5][0-9]:[0-6][0-9](\\.[0-9]{0,12})?(Z|z|[+-][0-2][0-9]:[0-6][0-9]|)\"",
    ]
}

/// One message, mostly of a known type, its fields in any order.
pub(super) fn message() -> impl Strategy<Value = String> {
    let event_type = mostly(
        (
            select(vec![
                "webchat:connected",
                "webchat:disconnected",
                "webchat:message",
                "webchat:message",
                "webchat:typing",
            ]),
            proptest::option::weighted(0.1, any::<Index>()),
        )
            .prop_map(|(name, escaped)| escape_one(name, escaped)),
    );
    let field = |name: &str, value: BoxedStrategy<String>| (Just(format!("\"{name}\"")), value);
    let data = (
        field("sessionId", mostly(id_text())),
        field("id", mostly(id_text())),
        field("messageId", mostly(id_text())),
        field(
            "durationMs",
            mostly(any::<u32>().prop_map(|ms| ms.to_string())),
        ),
        field("queueId", mostly(id_text())),
        field("deploymentId", mostly(id_text())),
        field(
            "direction",
            mostly(select(vec!["\"inbound\"", "\"outbound\"", "\"In\""]).prop_map(str::to_owned)),
        ),
        vec((key(), junk()), 0..2),
        // Which of the seven are there; one time in four the session's id may be missing.
        prop_oneof![3 => (0..64_u32).prop_map(|others| others << 1 | 1), 1 => 0..128_u32],
    )
        .prop_map(
            |(
                session_id,
                id,
                message_id,
                duration,
                queue,
                deployment,
                direction,
                mut fields,
                chosen,
            )| {
                let all = [
                    session_id, id, message_id, duration, queue, deployment, direction,
                ];
                let chosen = all
                    .into_iter()
                    .enumerate()
                    .filter(|(i, _)| chosen >> i & 1 == 1);
                fields.extend(chosen.map(|(_, field)| field));
                fields
            },
        )
        .prop_shuffle()
        .prop_map(|fields| object(&fields, ","));
    let metadata =
        mostly(any::<u64>().prop_map(|seq| format!("{{\"seq\":{seq},\"region\":\"use1\"}}")));
    (
        field("eventType", event_type),
        field("timestamp", mostly(timestamp_text())),
        field("data", mostly(data)),
        field("metadata", metadata),
        proptest::option::weighted(0.2, (key(), junk())),
        proptest::option::weighted(0.1, 0..4_usize),
    )
        .prop_map(|(event_type, timestamp, data, metadata, extra, missing)| {
            let mut fields = vec![event_type, timestamp, data, metadata];
            if let Some(missing) = missing {
                fields.remove(missing);
            }
            fields.extend(extra);
            fields
        })
        .prop_shuffle()
        .prop_flat_map(|fields| {
            (
                Just(fields),
                select(vec![",", " , ", ",\n"]),
                select(vec!["", " ", "\n"]),
            )
        })
        .prop_map(|(fields, comma, around)| format!("{around}{}{around}", object(&fields, comma)))
}

/// A change to the bytes of a message.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Put(Index, u8),
    Insert(Index, u8),
    Delete(Index),
    Repeat(Index, Index),
    Cut(Index),
}

pub(super) fn change() -> impl Strategy<Value = Change> {
    let byte = || {
        prop_oneof![
            select(b"\"\\{}[]:,0123456789-+.eEunx \n\t\0\x7f\xc3\xa9\xff".to_vec()),
            any::<u8>(),
        ]
    };
    prop_oneof![
        (any::<Index>(), byte()).prop_map(|(at, byte)| Change::Put(at, byte)),
        (any::<Index>(), byte()).prop_map(|(at, byte)| Change::Insert(at, byte)),
        any::<Index>().prop_map(Change::Delete),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Change::Repeat(from, to)),
        any::<Index>().prop_map(Change::Cut),
    ]
}

pub(super) fn apply(change: Change, payload: &mut Vec<u8>) {
    let place = |index: Index| index.index(payload.len().max(1)).min(payload.len());
    match change {
        Change::Put(at, byte) => {
            let at = place(at);
            if let Some(old) = payload.get_mut(at) {
                *old = byte;
            }
        }
        Change::Insert(at, byte) => payload.insert(place(at), byte),
        Change::Delete(at) => {
            let at = place(at);
            payload.drain(at..payload.len().min(at + 1));
        }
        Change::Repeat(from, to) => {
            let (from, to) = (place(from), place(to));
            let copy = payload[from.min(to)..from.max(to)].to_vec();
            let at = from.max(to);
            payload.splice(at..at, copy);
        }
        Change::Cut(at) => payload.truncate(place(at)),
    }
}
