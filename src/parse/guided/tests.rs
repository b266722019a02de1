//! What is learned, kept and read.

use super::super::worth::MISSES_MAX;
use super::super::worth::PROBE;
use super::*;
use crate::event::IdKeys;
use crate::parse::Parser;

fn payload(key: usize) -> Vec<u8> {
    format!(
        r#"{{"eventType":"webchat:connected","timestamp":0,"data":{{"id":"s"}},"key{key}":"x"}}"#
    )
    .into_bytes()
}

fn parser() -> Parser {
    Parser::new(IdKeys::FIXED)
}

fn templates(parser: &Parser) -> usize {
    let guided = parser.guided.as_ref().unwrap();
    guided.front.len() + guided.others.len()
}

#[test]
fn layouts_beyond_the_front_are_found_by_their_keys() {
    let mut parser = parser();
    for _ in 0..200 {
        for key in 0..80 {
            assert!(matches!(parser.parse(&mut payload(key)), Verdict::Event(_)));
        }
    }
    assert_eq!(templates(&parser), 80);
    let known = (0..80).filter(|&key| parser.recognize(&payload(key)).is_some());
    assert_eq!(known.count(), 80);
}

#[test]
fn a_layout_that_becomes_frequent_moves_to_the_front() {
    let mut parser = parser();
    for key in 0..2 * FRONT_MAX {
        for _ in 0..100 {
            parser.parse(&mut payload(key));
        }
    }
    for _ in 0..1_000 {
        parser.parse(&mut payload(0));
    }
    let guided = parser.guided.as_ref().unwrap();
    assert_eq!(guided.front[0].keys, hash_of_keys(&payload(0)));
    // And by itself, as a line, it is found there.
    let line = [payload(0), b"\n".to_vec()].concat();
    assert!(parser.recognize_line(&line).is_some());
}

#[test]
fn looks_that_find_nothing_are_mostly_left_out_until_they_do() {
    let mut parser = parser();
    for key in 0..5_000 {
        parser.parse(&mut payload(key));
    }
    let guided = parser.guided.as_ref().unwrap();
    let misses = (guided.at_front.misses, guided.by_keys.misses);
    assert_eq!(misses, (MISSES_MAX, MISSES_MAX));
    for _ in 0..20 * PROBE {
        parser.parse(&mut payload(0));
    }
    assert!(parser.recognize(&payload(0)).is_some());
}

#[test]
fn frequent_layouts_move_to_the_front() {
    let mut parser = parser();
    for key in 0..3 {
        parser.parse(&mut payload(key));
    }
    for _ in 0..100 {
        parser.parse(&mut payload(0));
    }
    let guided = parser.guided.as_ref().unwrap();
    let hits: Vec<u32> = guided.front.iter().map(|known| known.hits).collect();
    assert_eq!(hits, [100, 0, 0]);
}

#[test]
fn a_stream_that_never_repeats_itself_is_learned_from_ever_more_seldom() {
    let mut parser = parser();
    let mut learned = |from: usize| {
        let before = parser.guided.as_ref().unwrap().credit;
        let mut learned = 0;
        let mut credit = before;
        for key in from..from + 50_000 {
            parser.parse(&mut payload(key));
            let now = parser.guided.as_ref().unwrap().credit;
            learned += u32::from(now < credit);
            credit = now;
        }
        learned
    };
    let (first, second) = (learned(0), learned(50_000));
    assert!(first < 50_000 / LEARN_COST + 20, "{first}");
    assert!(second < 100, "{second}");
}

#[test]
fn what_has_no_plain_layout_is_not_learned() {
    let connected = |rest: &str| {
        format!(r#"{{"eventType":"webchat:connected","timestamp":0,"data":{{"id":"s"}}{rest}}}"#)
    };
    let message = |data: &str| {
        format!(r#"{{"eventType":"webchat:message","timestamp":0,"data":{{"id":"s"{data}}}}}"#)
    };
    for text in [
        connected(r#","\u0078":1"#),
        connected(r#","é":1"#),
        connected(&format!(r#","x":{}1{}"#, "[".repeat(8), "]".repeat(8))),
        connected(&format!(r#","x":[{}1]"#, "1,".repeat(80))),
        connected(&format!(r#","x":"{}""#, "x".repeat(*SAMPLE_BYTES.end()))),
        connected(&format!(r#","{}":1"#, "x".repeat(4_096))),
        message(r#","messageId":"""#),
        message(r#","sessionId":"""#),
        message(r#","messageId":"\u00e9""#),
        r#"{"eventType":"webchat:message","timestamp":-0,"data":{"id":"s"}}"#.to_owned(),
        r#"{"eventType":"webchat:message","timestamp":0,"data":{"id":"s"},"metadata":{"seq":-0}}"#
            .to_owned(),
        r#"{"eventType":"webchat:message","timestamp":0,"data":{"id":"s"},"metadata":{"seq":1.5}}"#
            .to_owned(),
        r#"{"eventType":"webchat:message","timestamp":0,"data":{}}"#.to_owned(),
        r#"{"eventType":""}"#.replace("Type", "x"),
    ] {
        let mut parser = parser();
        parser.parse(&mut text.clone().into_bytes());
        assert_eq!(templates(&parser), 0, "{text}");
    }
}
