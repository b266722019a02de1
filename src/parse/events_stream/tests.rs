//! Tables: one row for every line of the module's page.

use super::*;
use crate::event::Event;
use crate::event::EventKind;
use crate::event::IdKind;
use crate::event::session_uuid;
use crate::time::EpochMs;

const UUID: &str = "0123abcd-4567-89ef-8123-456789abcdef";
const NOON: &str = "2026-01-15T12:00:00.000Z";
const NOON_MS: i64 = 1_768_478_400_000;

fn parse(payload: impl AsRef<[u8]>) -> Verdict {
    Parser::new(IdKeys::FIXED).parse(&mut payload.as_ref().to_vec())
}

fn event(payload: impl AsRef<[u8]>) -> Event {
    match parse(&payload) {
        Verdict::Event(event) => event,
        other => panic!("{other:?}: {}", String::from_utf8_lossy(payload.as_ref())),
    }
}

#[test]
fn the_field_that_is_to_blame_is_named() {
    let check = |payload: &str, expected: Option<Field>| {
        let mut parser = Parser::new(IdKeys::FIXED);
        // What an earlier message was refused for is forgotten.
        for text in [r#"{"eventType":5}"#, payload] {
            parser.parse(&mut text.as_bytes().to_vec());
        }
        assert_eq!(parser.refused_field(), expected, "{payload}");
    };
    let event = |rest: &str| format!(r#"{{"eventType":"webchat:message",{rest}}}"#);
    let data = |rest: &str| event(&format!(r#""timestamp":0,"data":{{{rest}}}"#));
    check("{", None);
    check("[]", None);
    check(r#"{"eventType":"x"}"#, None);
    check(&data(r#""id":"s""#), None);
    check("{}", Some(Field::EventType));
    check(r#"{"eventType":1,"eventType":2}"#, Some(Field::EventType));
    check(&event(r#""data":{}"#), Some(Field::Timestamp));
    check(
        &event(r#""timestamp":"noon","data":{"id":"s"}"#),
        Some(Field::Timestamp),
    );
    check(
        &event(r#""timestamp":0,"timestamp":0"#),
        Some(Field::Timestamp),
    );
    check(&event(r#""timestamp":0,"data":[]"#), Some(Field::Data));
    check(
        &event(r#""timestamp":0,"metadata":[]"#),
        Some(Field::Metadata),
    );
    check(&event(r#""timestamp":0"#), Some(Field::SessionId));
    check(&data(r#""sessionId":"","id":"""#), Some(Field::SessionId));
    check(
        &data(r#""sessionId":"a\u0000","id":"s""#),
        Some(Field::SessionId),
    );
    check(
        &data(&format!(r#""id":"{}""#, "x".repeat(257))),
        Some(Field::Id),
    );
    for (name, field) in [
        ("sessionId", Field::SessionId),
        ("id", Field::Id),
        ("messageId", Field::MessageId),
        ("durationMs", Field::DurationMs),
        ("queueId", Field::QueueId),
        ("deploymentId", Field::DeploymentId),
        ("direction", Field::Direction),
    ] {
        check(&data(&format!(r#""{name}":1,"{name}":1"#)), Some(field));
    }
    let seq = r#""timestamp":0,"data":{"id":"s"},"metadata":{"seq":1,"seq":2}"#;
    check(&event(seq), Some(Field::Seq));
}

#[track_caller]
fn check(payload: impl AsRef<[u8]>, expected: Reject) {
    let text = String::from_utf8_lossy(payload.as_ref()).into_owned();
    assert_eq!(parse(payload), Verdict::Rejected(expected), "{text:.300}");
}

/// A message of a known type with these fields after its type.
fn message(fields: &str) -> String {
    format!(r#"{{"eventType":"webchat:message",{fields}}}"#)
}

/// A message at noon with this `data`, and further fields of the top level.
fn with_data(data: &str) -> String {
    message(&format!(r#""timestamp":"{NOON}","data":{data}"#))
}

/// A message of session `s` with this timestamp.
fn with_time(timestamp: &str) -> String {
    message(&format!(r#""timestamp":{timestamp},"data":{{"id":"s"}}"#))
}

#[test]
fn smoke() {
    let event = event(format!(
        r#"{{"eventType":"webchat:disconnected","timestamp":"{NOON}","data":{{"sessionId":"{UUID}","conversationId":"c","durationMs":1500,"tags":[1,{{"id":2}}]}},"metadata":{{"seq":7,"region":"use1"}}}}"#
    ));
    assert_eq!(event.kind, EventKind::Disconnected);
    assert_eq!(event.time, EpochMs::from_ms(NOON_MS));
    assert_eq!(event.session.kind, IdKind::Uuid);
    assert_eq!(session_uuid(event.session).unwrap().to_string(), UUID);
    assert_eq!(event.own_duration_ms(), Some(1_500));
    assert_eq!(event.identity.fingerprint(), None, "only of messages");
}

#[test]
fn rule_1_length() {
    let padded = |length: usize| {
        let mut payload = with_data(r#"{"id":"s"}"#).into_bytes();
        payload.resize(length, b' ');
        payload
    };
    event(padded(MESSAGE_BYTES_MAX));
    check(padded(MESSAGE_BYTES_MAX + 1), Reject::TooBig);
}

#[test]
fn rule_2_utf8() {
    check(b"\xff", Reject::Utf8);
    check(b"{\"a\":\"\xc3\"}", Reject::Utf8);
    check(b"{\"a\":\"\xed\xa0\x80\"}", Reject::Utf8);
    check(b"{\"\xf8\":1}", Reject::Utf8);
    // Before any other fault, wherever it stands, however long the rest.
    check(b"\"\xff", Reject::Utf8);
    check(b"[1e999,\"\n\",\xff", Reject::Utf8);
    for length in 0..200 {
        let mut payload = vec![b' '; length];
        payload.extend_from_slice(b"{\"a\\n\":1x} \xc3");
        check(payload, Reject::Utf8);
    }
}

#[test]
fn rules_3_and_4_not_json() {
    for payload in [
        "",
        " ",
        " \t\r\n ",
        "x",
        "nul",
        "nulll",
        "{",
        "}",
        "{]",
        "[1}",
        "[1",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{a:1}",
        "{1:1}",
        "{'a':1}",
        "[1,]",
        "[1 2]",
        "{\"a\":1 \"b\":2}",
        "\"",
        "{\"a",
        "{\"a\":\"\t\"}",
        "{\"a\":\"\0\"}",
        r#"{"a":"\x"}"#,
        r#"{"a":"\u12g4"}"#,
        r#"{"a":"\ud800"}"#,
        r#"{"a":"\udc00"}"#,
        r#"{"a":"\ud800\u0041"}"#,
        "{\"a\":tru}",
        "{\"a\":truex}",
        "{\"a\":NaN}",
        "{\"a\":+1}",
        "{\"a\":01}",
        "{\"a\":-}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":1e}",
        "{\"a\":1e999x}",
        "{\"a\":0x1}",
        "{\"a\":1}\0",
        "{\"a\":1}\u{b}",
        "{\"a\":1}\u{a0}",
        "{\"a\":1}//",
        "\u{feff}{}",
        "{}{}",
        "{} {}",
        "{},",
        "{}\n{}",
        "1 2",
    ] {
        check(payload, Reject::NotJson);
    }
}

#[test]
fn whitespace_may_stand_around() {
    let plain = with_data(r#"{"id":"s"}"#);
    assert_eq!(event(format!(" \t\r\n{plain} \t\r\n")), event(plain));
}

#[test]
fn rule_4_depth_counts_the_top_level() {
    let nested = |depth: usize, open: &str, close: &str| {
        let inside = open.repeat(depth - 1) + "0" + &close.repeat(depth - 1);
        message(&format!(
            r#""timestamp":"{NOON}","data":{{"id":"s"}},"x":{inside}"#
        ))
    };
    event(nested(JSON_DEPTH_MAX, "[", "]"));
    event(nested(JSON_DEPTH_MAX, r#"{"a":"#, "}"));
    check(nested(JSON_DEPTH_MAX + 1, "[", "]"), Reject::Depth);
    check(nested(JSON_DEPTH_MAX + 1, r#"{"a":"#, "}"), Reject::Depth);
    check("[".repeat(100_000), Reject::Depth);
}

#[test]
fn rule_4_numbers_fit_64_bits() {
    let with_number = |number: &str| {
        message(&format!(
            r#""timestamp":"{NOON}","data":{{"id":"s","x":["\n\u00e9",{number}]}}"#
        ))
    };
    for number in [
        "18446744073709551615",
        "-9223372036854775808",
        "1.7976931348623157e308",
        "1e-999",
        "0e99999999999",
        "-0",
        "0.1000000000000000000000000000000000000000001",
        "123456789012345678901.5",
    ] {
        event(with_number(number));
    }
    for number in [
        "18446744073709551616",
        "-9223372036854775809",
        "100000000000000000000",
        "123456789012345678901",
        "-123456789012345678901",
        "1e309",
        "-1e309",
        "1e999",
        "1.5E+99999999999",
        "1.7976931348623159e308",
    ] {
        check(with_number(number), Reject::NumberRange);
        check(number, Reject::NumberRange);
    }
}

#[test]
fn rule_4_the_first_fault_from_the_left_counts() {
    check("[1e999,]", Reject::NumberRange);
    check("[,1e999]", Reject::NotJson);
    check(format!("[1e999,{}", "[".repeat(80)), Reject::NumberRange);
    check(format!("{}1e999", "[".repeat(80)), Reject::Depth);
    check("[1e999,\"", Reject::NotJson);
    check("[1e999,\"\n\"]", Reject::NotJson);
}

#[test]
fn rule_5_the_top_level_is_an_object() {
    for payload in [
        "[]",
        "[{}]",
        "1",
        "-1.5",
        "\"webchat:message\"",
        "null",
        "true",
        "false",
    ] {
        check(payload, Reject::Shape);
    }
}

#[test]
fn rule_6_a_key_that_is_read_stands_once() {
    for doubled in [
        r#"{"eventType":1,"eventType":1}"#,
        r#"{"timestamp":1,"timestamp":1}"#,
        r#"{"data":1,"data":{}}"#,
        r#"{"metadata":null,"metadata":null}"#,
        r#"{"data":{"sessionId":1,"sessionId":2}}"#,
        r#"{"data":{"id":1,"id":1}}"#,
        r#"{"data":{"messageId":1,"x":{},"messageId":null}}"#,
        r#"{"data":{"durationMs":1,"durationMs":1}}"#,
        r#"{"metadata":{"seq":1,"seq":1}}"#,
        r#"{"data":{"sessionId":"a","\u0073essionId":"a"}}"#,
        r#"{"event\u0054ype":"x","eventType":"x"}"#,
        r#"{"eventType":"webchat:message","data":{"queueId":"a","queueId":"a"}}"#,
        r#"{"eventType":"webchat:connected","data":{"deploymentId":1,"deploymentId":"a"}}"#,
        r#"{"eventType":"webchat:disconnected","data":{"direction":"inbound","direction":null}}"#,
        r#"{"eventType":"other","data":{"id":1,"id":1}}"#,
        r#"{"eventType":"webchat:message","timestamp":"x","metadata":{"seq":1,"seq":1}}"#,
    ] {
        check(doubled, Reject::DuplicateKey);
    }
    event(message(&format!(
        r#""timestamp":"{NOON}","data":{{"id":"s","x":1,"x":2,"seq":1,"seq":2,"y":{{"id":1,"id":2}}}},"z":1,"z":2,"metadata":{{"id":1,"id":2}},"id":1,"id":2"#
    )));
}

#[test]
fn rule_7_the_type_is_a_string() {
    for payload in [
        "{}",
        r#"{"eventType":null}"#,
        r#"{"eventType":1,"data":1}"#,
        r#"{"eventType":["webchat:message"]}"#,
        r#"{"EventType":"webchat:message"}"#,
        r#"{"data":{"eventType":"webchat:message"}}"#,
    ] {
        check(payload, Reject::Field);
    }
}

#[test]
fn rule_8_other_types_are_ignored() {
    for payload in [
        r#"{"eventType":""}"#,
        r#"{"eventType":"webchat:typing","timestamp":true,"data":1,"metadata":[]}"#,
        r#"{"eventType":"Webchat:message"}"#,
        r#"{"eventType":"webchat:message "}"#,
    ] {
        assert_eq!(parse(payload), Verdict::Ignored, "{payload}");
    }
    for (name, kind) in [
        ("webchat:connected", EventKind::Connected),
        ("webchat:disconnected", EventKind::Disconnected),
        ("webchat:message", EventKind::Message),
        (r"webchat\u003a\u006dessage", EventKind::Message),
    ] {
        let payload = with_time("0").replace("webchat:message", name);
        assert_eq!(event(payload).kind, kind, "{name}");
    }
}

#[test]
fn rule_9_data_and_metadata_are_objects() {
    for value in ["null", "1", "\"x\"", "[]", "true"] {
        check(with_data(value), Reject::Shape);
        check(message(&format!(r#""data":{value}"#)), Reject::Shape);
    }
    for value in ["1", "\"x\"", "[]", "false"] {
        let payload =
            with_time("\"bad\"").replace("\"data\"", &format!("\"metadata\":{value},\"data\""));
        check(payload, Reject::Shape);
    }
    event(with_time("0").replace("\"data\"", "\"metadata\":null,\"data\""));
}

#[test]
fn rule_10_the_time() {
    for (timestamp, ms) in [
        ("\"2026-01-15T12:00:00.000Z\"", NOON_MS),
        (r#""2026-01-15T12:00:00.0009\u005a""#, NOON_MS),
        ("\"2026-01-15 13:00:00+01:00\"", NOON_MS),
        ("1768478400000", NOON_MS),
        ("0", 0),
        ("-0", 0),
        ("253402300799999", 253_402_300_799_999),
    ] {
        assert_eq!(event(with_time(timestamp)).time.ms(), ms, "{timestamp}");
    }
    for timestamp in [
        "\"1768478400000\"",
        "\"\"",
        "\"2026-01-15T12:00:00\"",
        "\"2026-02-30T12:00:00Z\"",
        "\"1969-12-31T23:59:59Z\"",
        "1768478400000.0",
        "1.7e12",
        "-1",
        "253402300800000",
        "18446744073709551615",
        "null",
        "true",
        "[]",
        "{}",
    ] {
        check(with_time(timestamp), Reject::Timestamp);
    }
    check(message(r#""data":{"id":"s"}"#), Reject::Field);
}

#[test]
fn rule_10_stands_before_rule_11() {
    check(message(r#""timestamp":"x","data":{}"#), Reject::Timestamp);
    check(message(r#""timestamp":"x""#), Reject::Timestamp);
}

#[test]
fn rule_11_the_session_id() {
    let same = event(with_data(r#"{"sessionId":"s"}"#));
    for data in [
        r#"{"id":"s"}"#,
        r#"{"id":"other","sessionId":"s"}"#,
        r#"{"sessionId":"","id":"s"}"#,
        r#"{"sessionId":1,"id":"s"}"#,
        r#"{"sessionId":null,"id":"s"}"#,
        r#"{"sessionId":{"id":"x"},"id":"s"}"#,
        r#"{"\u0073essionId":"\u0073"}"#,
    ] {
        assert_eq!(event(with_data(data)), same, "{data}");
    }
    assert_ne!(event(with_data(r#"{"id":"S"}"#)), same);

    let longest = "é".repeat(128);
    event(with_data(&format!(r#"{{"id":"{longest}"}}"#)));
    for data in [
        "{}".to_owned(),
        r#"{"sessionId":"","id":""}"#.to_owned(),
        r#"{"sessionId":7}"#.to_owned(),
        r#"{"id":["s"]}"#.to_owned(),
        r#"{"sessionId":"a\u0000"}"#.to_owned(),
        r#"{"sessionId":"a\n"}"#.to_owned(),
        "{\"sessionId\":\"a\u{7f}\"}".to_owned(),
        r#"{"sessionId":"\u001f","id":"fine"}"#.to_owned(),
        format!(r#"{{"sessionId":"{longest}x","id":"fine"}}"#),
    ] {
        check(with_data(&data), Reject::Field);
    }
    check(message(&format!(r#""timestamp":"{NOON}""#)), Reject::Field);
}

#[test]
fn rule_12_durations_are_read_on_disconnects() {
    let with_duration = |kind: &str, duration: &str| {
        event(format!(
            r#"{{"eventType":"webchat:{kind}","timestamp":0,"data":{{"id":"s","durationMs":{duration}}}}}"#
        ))
        .own_duration_ms()
    };
    for (duration, expected) in [
        ("0", Some(0)),
        ("-0", Some(0)),
        ("1500", Some(1_500)),
        ("4294967294", Some(4_294_967_294)),
        ("4294967295", None),
        ("4294967296", None),
        ("-1", None),
        ("1500.0", None),
        ("\"1500\"", None),
        ("null", None),
        ("[1]", None),
    ] {
        assert_eq!(
            with_duration("disconnected", duration),
            expected,
            "{duration}"
        );
        assert_eq!(with_duration("connected", duration), None, "{duration}");
        assert_eq!(with_duration("message", duration), None, "{duration}");
    }
}

#[test]
fn rule_12_what_identifies_a_message() {
    let identity = |message_id: &str, seq: &str| {
        event(message(&format!(
            r#""timestamp":0,"data":{{"id":"s","messageId":{message_id}}},"metadata":{{"seq":{seq}}}"#
        )))
        .identity
        .fingerprint()
    };
    let numbered = identity("null", "7");
    let named = identity("\"m\"", "7");
    assert!(numbered.is_some() && named.is_some() && numbered != named);
    assert_eq!(identity("\"m\"", "8"), named, "the message id goes first");
    assert_eq!(identity("\"\\u006d\"", "null"), named);
    let too_long = format!("\"{}\"", "m".repeat(257));
    for absent in ["\"\"", "7", "null", "\"a\\n\"", "{}", &too_long] {
        assert_eq!(identity(absent, "7"), numbered, "{absent}");
        for seq in ["null", "-1", "7.0", "\"7\"", "[7]"] {
            assert_eq!(identity(absent, seq), None, "{absent} {seq}");
        }
    }
    assert!(identity("null", "18446744073709551615").is_some());
    assert_eq!(identity("null", "-0"), identity("null", "0"));
    assert_ne!(identity("null", "0"), numbered);
    assert_ne!(identity(&format!("\"{UUID}\""), "7"), named);
}

#[test]
fn one_parser_gives_the_same_verdicts_in_any_order() {
    let payloads = [
        with_data(r#"{"id":"s"}"#),
        "[".repeat(1_000),
        with_data(&format!(
            r#"{{"id":"s","x":"{}"}}"#,
            "\\n".repeat(PARSE_BYTES_KEPT_MAX)
        )),
        "{\"a\":\"\\u00e9\\n\",".to_owned(),
        "{\"eventType\":\"x\"}".to_owned(),
        String::new(),
        with_time("1e999"),
    ];
    let mut parser = Parser::new(IdKeys::FIXED);
    for first in &payloads {
        for second in &payloads {
            for payload in [first, second] {
                let verdict = parser.parse(&mut payload.clone().into_bytes());
                assert_eq!(verdict, parse(payload), "{payload:.80}");
            }
        }
    }
}
