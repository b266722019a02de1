//! The guided path against the reference path: the same verdict on every payload, whatever layouts
//! it has learned.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use streamgauge::config::limits;
use streamgauge::event::Definitions;
use streamgauge::event::IdKeys;
use streamgauge::parse::Parser;
use streamgauge::parse::Verdict;

use super::Told;
use super::messages::apply;
use super::messages::change;
use super::messages::message;
use super::parse_with_labels;

/// Payloads the guided path has to take, each once its layout is known: all forms of a value that it
/// reads, and of what it skips.
const SAMPLES: [&str; 12] = [
    r#"{"eventType":"webchat:connected","timestamp":"2026-01-15T12:00:00.000Z","data":{"sessionId":"7609dfe0-7eff-4a17-b5ea-8d36e9e22058","conversationId":"dff1a71b-0ab1-4013-a714-3f42b5c5488e","deploymentId":"5f1d0c9a-3b7e-4c52-9a41-6d2e8f70b1c3","queueId":"returns"},"metadata":{"seq":1,"region":"use1"}}"#,
    r#"{"eventType":"webchat:message","timestamp":"2026-01-15T12:00:00.287Z","data":{"sessionId":"a5345893-4b1d-46a9-bc57-d24354b11113","messageId":"188f1441-a33c-4d6c-a5ec-4894192f9128","direction":"outbound","textLength":260},"metadata":{"seq":1234567890,"region":"use1"}}"#,
    r#"{"eventType":"webchat:message","timestamp":"2026-01-15T12:00:59.999Z","data":{"sessionId":"a5345893-4b1d-46a9-bc57-d24354b11113","direction":"in","textLength":0},"metadata":{"seq":99999999}}"#,
    r#"{"eventType":"webchat:disconnected","timestamp":"2026-01-15T12:00:02.566Z","data":{"sessionId":"fb0adbb3-c748-4a28-88ae-9950cf7eb668","queueId":"","reason":"guest","durationMs":4294967294},"metadata":{"seq":1168}}"#,
    r#"{"eventType":"webchat:disconnected","timestamp":1768478400000,"data":{"id":"guest #1, the first one","durationMs":17},"metadata":null}"#,
    r#"{"eventType":"webchat:message","timestamp":"2026-01-15T12:00:00Z","data":{"id":"x","sessionId":"s","messageId":"m-1"},"metadata":{"seq":7,"ok":true,"none":null}}"#,
    r#"{"eventType":"webchat:message","timestamp":0,"data":{"id":"x","sessionId":null,"messageId":7},"metadata":{"seq":0}}"#,
    r#"{"eventType":"webchat:message","timestamp":"2026-01-15 13:00:00.25+01:00","data":{"tags":["a","b",1.5,-2,{"id":"y","seq":3}],"sessionId":"s"},"metadata":{"seq":"7"}}"#,
    "{ \"data\" : { \"sessionId\" : \"s\" } ,\n\t\"timestamp\" : 12 , \"eventType\" : \"webchat:connected\" }\r\n",
    r#"{"eventType":"webchat:typing","timestamp":true,"data":"none","metadata":7,"id":"x"}"#,
    r#"{"eventType":"conversation:update","timestamp":"","data":{"sessionId":"","seq":123456789012345}}"#,
    r#"{"x":null,"eventType":"webchat:connected","timestamp":"2026-01-15T12:00:00.000Z","data":{"id":"7609dfe0-7eff-4a17-b5ea-8d36e9e22058","y":""}}"#,
];

/// What may stand in a payload or break it.
const BYTES: &[u8] = b"\"\\{}[]:, \n\t\0\x1f\x7f\x80\xc3\xa9\xff0123456789+-.eEabfgzAFGZTtn/_`@";

fn reference(payload: &[u8]) -> Verdict {
    Parser::reference(IdKeys::FIXED).parse(&mut payload.to_vec())
}

/// The same with labels; that of each pair is the first that its parser has met, so two parsers
/// give it the same number.
fn reference_with_labels(payload: &[u8]) -> (Verdict, Told) {
    let mut parser = Parser::reference(IdKeys::FIXED).with_labels();
    parse_with_labels(&mut parser, payload)
}

/// A parser that knows the layout of `sample` and no other.
fn knowing(sample: &str) -> Parser {
    let mut parser = Parser::new(IdKeys::FIXED);
    assert_eq!(parser.recognize(sample.as_bytes()), None);
    parser.parse(&mut sample.as_bytes().to_vec());
    parser
}

#[test]
fn a_layout_is_recognized_from_the_second_time_on() {
    for sample in SAMPLES {
        let verdict = knowing(sample).recognize(sample.as_bytes());
        assert_eq!(verdict, Some(reference(sample.as_bytes())), "{sample}");
    }
}

/// Labels in a known layout, whatever stands there.
#[test]
fn labels_in_a_known_layout_mean_what_the_tape_says() {
    let long = "x".repeat(257);
    let texts = [
        "inbound",
        "outbound",
        "",
        "5f1d0c9a-3b7e-4c52-9a41-6d2e8f70b1c3",
        "returns",
        "a\u{7f}",
        &long,
        "é",
        "\\n",
    ];
    let mut recognized = 0;
    for sample in &SAMPLES[..4] {
        for key in ["queueId", "deploymentId", "direction"] {
            for text in texts {
                let Some(payload) = with_text(sample, key, text) else {
                    continue;
                };
                let mut parser = Parser::new(IdKeys::FIXED).with_labels();
                parser.parse(&mut sample.as_bytes().to_vec());
                let Some(verdict) = parser.recognize(payload.as_bytes()) else {
                    continue;
                };
                recognized += 1;
                let mut told = Definitions::default();
                parser.define(0, &mut told);
                let (expected, (queue, deployment, _)) = reference_with_labels(payload.as_bytes());
                let (Verdict::Event(event), Verdict::Event(reference)) = (verdict, expected) else {
                    panic!("{payload}: {verdict:?}");
                };
                assert_eq!(event.actor, reference.actor, "{payload}");
                let told = told.labels().find(|told| told.labels == event.labels);
                let told = told.map_or((None, None), |told| (told.queue, told.deployment));
                assert_eq!(told, (queue.as_deref(), deployment.as_deref()), "{payload}");
            }
        }
    }
    assert!(recognized > 30, "{recognized}");
}

/// The sample with another text behind a key that it has.
fn with_text(sample: &str, key: &str, text: &str) -> Option<String> {
    let start = sample.find(&format!("\"{key}\":\""))? + key.len() + 4;
    let end = start + sample[start..].find('"')?;
    Some([&sample[..start], text, &sample[end..]].concat())
}

#[test]
fn the_reference_path_recognizes_nothing() {
    let mut parser = Parser::reference(IdKeys::FIXED);
    for _ in 0..3 {
        parser.parse(&mut SAMPLES[0].as_bytes().to_vec());
        assert_eq!(parser.recognize(SAMPLES[0].as_bytes()), None);
    }
}

#[test]
fn other_values_in_a_known_layout_are_recognized() {
    let mut parser = knowing(SAMPLES[1]);
    for (old, new) in [
        ("12:00:00.287", "23:59:59.999"),
        ("a5345893", "00000000"),
        ("9128", "ffff"),
        ("outbound", ""),
        ("outbound", "in a text of more than thirty-two bytes"),
        (":260", ":0"),
        (":260", ":123456789012345"),
        (":1234567890,", ":5,"),
        ("use1", "u"),
    ] {
        let payload = SAMPLES[1].replace(old, new);
        let expected = Some(reference(payload.as_bytes()));
        assert_eq!(parser.recognize(payload.as_bytes()), expected, "{payload}");
    }
}

/// Every change of one place: what the guided path still takes means the same to the tape.
#[test]
fn every_change_at_every_place_means_the_same() {
    let (mut changed, mut recognized, mut lines_recognized) = (0_u32, 0_u32, 0_u32);
    for sample in SAMPLES {
        let mut parser = knowing(sample);
        let mut check = |payload: &[u8]| {
            // So that it is always looked at: looks that find nothing are left out in time.
            for _ in 0..2 {
                assert!(parser.recognize(sample.as_bytes()).is_some());
            }
            changed += 1;
            if let Some(verdict) = parser.recognize(payload) {
                recognized += 1;
                let shown = String::from_utf8_lossy(payload);
                assert_eq!(verdict, reference(payload), "{shown} after {sample}");
            }
            let lines = [payload, b"\n", payload].concat();
            lines_recognized += u32::from(is_line_recognized(&mut parser, &lines));
        };
        let sample = sample.as_bytes();
        for place in 0..sample.len() {
            let (before, after) = sample.split_at(place);
            let (old, rest) = after.split_first().unwrap();
            let flipped = (0..8).map(|bit| old ^ (1 << bit));
            for byte in BYTES.iter().copied().chain(flipped) {
                check(&[before, &[byte], rest].concat());
                check(&[before, &[byte], after].concat());
            }
            check(&[before, rest].concat());
            check(before);
            check(after);
            check(&[sample, after].concat());
            // Runs: left out, repeated, and exchanged with what follows.
            for length in [2, 4, 8, 9, 16, 17, 36] {
                let Some((run, rest)) = after.split_at_checked(length) else {
                    break;
                };
                check(&[before, rest].concat());
                check(&[before, run, run, rest].concat());
                if let Some((next, rest)) = rest.split_at_checked(length) {
                    check(&[before, next, run, rest].concat());
                }
            }
        }
    }
    // The changes reach the values, and do not only break the layout.
    assert!(
        changed > 100_000 && recognized > 10_000,
        "{recognized} of {changed}"
    );
    assert!(
        lines_recognized > 10_000,
        "{lines_recognized} of {changed} lines"
    );
}

/// Whether the line that `lines` begin with is recognized, which then ends at the first line feed and
/// means what it means alone.
fn is_line_recognized(parser: &mut Parser, lines: &[u8]) -> bool {
    let read = parser.recognize_line(lines);
    if let Some((verdict, length)) = read {
        let line = lines.split(|&byte| byte == b'\n').next().unwrap();
        let shown = String::from_utf8_lossy(lines);
        assert_eq!((verdict, length), (reference(line), line.len()), "{shown}");
    }
    read.is_some()
}

#[test]
fn a_line_is_recognized_by_its_end_alone() {
    for sample in SAMPLES {
        let mut parser = knowing(sample);
        let mut check = |end: &str, expected: bool| {
            let lines = [sample, end].concat();
            let is_recognized = is_line_recognized(&mut parser, lines.as_bytes());
            assert_eq!(is_recognized, expected, "{lines:?}");
        };
        check("\n", !sample.contains('\n'));
        check("\nrest", !sample.contains('\n'));
        check("\r\nrest", !sample.contains('\n'));
        for other in ["", "\r", "\r\r\n", " \n", ",\n", "}\n"] {
            check(other, false);
        }
    }
}

/// The text of a layout may be of any length, so a line of it may be over the limit.
#[test]
fn a_line_over_the_limit_is_not_recognized() {
    let with_reason = |length: usize| {
        let reason = format!(r#""reason":"{}""#, "x".repeat(length));
        SAMPLES[3].replace(r#""reason":"guest""#, &reason) + "\n"
    };
    let mut parser = knowing(SAMPLES[3]);
    let rest = with_reason(0).len() - 1;
    for (over, expected) in [(0, true), (1, false)] {
        let line = with_reason(limits::MESSAGE_BYTES_MAX - rest + over);
        let read = parser.recognize_line(line.as_bytes());
        assert_eq!(read.is_some(), expected, "{over} over");
    }
}

/// Every value of one sample in the place of every value of another.
#[test]
fn exchanged_values_mean_the_same() {
    let values = |sample: &str| -> Vec<(usize, usize)> {
        let ends = |index: usize| sample[index..].find([',', '}', ']']).map(|end| index + end);
        let colons = sample.match_indices(':').map(|(index, _)| index + 1);
        colons
            .filter_map(|start| Some((start, ends(start)?)))
            .collect()
    };
    for sample in SAMPLES {
        let mut parser = knowing(sample);
        for (start, end) in values(sample) {
            for other in SAMPLES {
                for (from, to) in values(other) {
                    assert!(parser.recognize(sample.as_bytes()).is_some());
                    let payload = [&sample[..start], &other[from..to], &sample[end..]].concat();
                    if let Some(verdict) = parser.recognize(payload.as_bytes()) {
                        assert_eq!(verdict, reference(payload.as_bytes()), "{payload}");
                    }
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(crate::seeds::config())]

    /// One parser, whatever it has learned on the way, and layouts that come back changed.
    #[test]
    fn a_stream_of_changed_messages_means_the_same(
        messages in vec(message(), 1..12),
        stream in vec((any::<Index>(), vec(change(), 0..2)), 1..60),
    ) {
        let mut parser = Parser::new(IdKeys::FIXED);
        let mut labelled = [Parser::new, Parser::reference].map(|new| new(IdKeys::FIXED).with_labels());
        let samples = SAMPLES.map(str::to_owned);
        let layouts = [messages.as_slice(), &samples].concat();
        for (which, changes) in stream {
            let mut payload = layouts[which.index(layouts.len())].clone().into_bytes();
            for change in changes {
                apply(change, &mut payload);
            }
            let expected = reference(&payload);
            let shown = String::from_utf8_lossy(&payload).into_owned();
            let [guided, tape] = labelled.each_mut().map(|parser| parse_with_labels(parser, &payload));
            prop_assert_eq!(guided, tape, "{}", shown);
            prop_assert_eq!(parser.parse(&mut payload), expected, "{}", shown);
        }
    }
}
