use std::fs;

use proptest::prelude::*;
use simd_json::Buffers;
use simd_json::Tape;

use super::*;

/// The nodes that simd-json makes of a text, as a text.
fn expected(payload: &str) -> String {
    let mut bytes = payload.as_bytes().to_vec();
    let mut tape = Tape(Vec::new());
    simd_json::fill_tape(&mut bytes, &mut Buffers::default(), &mut tape).unwrap();
    format!("{:?}", tape.0)
}

fn filled(layouts: &mut Layouts, payload: &str) -> Option<String> {
    let mut tape = Vec::new();
    let filled = layouts.fill(payload.as_bytes(), &mut tape);
    filled.map(|()| format!("{tape:?}"))
}

fn learn(layouts: &mut Layouts, payload: &str) {
    layouts.keep_sample(payload.as_bytes());
    layouts.learn();
}

/// What is learned from some payloads reads those that are laid out alike, as simd-json does.
fn check(learned: &[&str], alike: &[&str], others: &[&str]) {
    let mut layouts = Layouts::new();
    for payload in learned {
        assert_eq!(filled(&mut layouts, payload), None, "{payload}");
        learn(&mut layouts, payload);
    }
    for payload in learned.iter().chain(alike) {
        let found = filled(&mut layouts, payload);
        assert_eq!(found, Some(expected(payload)), "{payload}");
    }
    for payload in others {
        assert_eq!(filled(&mut layouts, payload), None, "{payload}");
    }
}

#[test]
fn a_layout_is_all_but_texts_and_whole_numbers() {
    check(
        &[r#"{"a":"text","b":{"c":[1,true,null]},"d":[]}"#],
        &[
            r#"{"a":"","b":{"c":[123456789012345,true,null]},"d":[]}"#,
            r#"{"a":"{}[],: 1","b":{"c":[0,true,null]},"d":[]}"#,
        ],
        &[
            r#"{"a":"text","b":{"c":[1,false,null]},"d":[]}"#,
            r#"{"a":"text","b":{"c":[1,true,null]},"d":[] }"#,
            r#"{"a":"text","b":{"c":[1,true,null]},"d":[]}}"#,
            r#"{"a":"text","b":{"c":[1,true,null]},"d":[]"#,
            r#"{"a":"te\u0020xt","b":{"c":[1,true,null]},"d":[]}"#,
            "{\"a\":\"te\nxt\",\"b\":{\"c\":[1,true,null]},\"d\":[]}",
            r#"{"a":"täxt","b":{"c":[1,true,null]},"d":[]}"#,
            r#"{"a":"text","b":{"c":[-1,true,null]},"d":[]}"#,
            r#"{"a":"text","b":{"c":[01,true,null]},"d":[]}"#,
            r#"{"a":"text","b":{"c":[1.5,true,null]},"d":[]}"#,
            r#"{"a":"text","b":{"c":[1e3,true,null]},"d":[]}"#,
            r#"{"a":"text","b":{"c":[1234567890123456,true,null]},"d":[]}"#,
            r#"{"a":5,"b":{"c":[1,true,null]},"d":[]}"#,
            "",
        ],
    );
}

#[test]
fn layouts_part_where_they_differ() {
    check(
        &[
            r#"{"kind":"one","body":{"id":1}}"#,
            r#"{"kind":"two","body":{"id":"1"}}"#,
            r#"{"kind":"two","body":{"id":"1","more":false}}"#,
            r#"{"kind":"two","body":{"id":"1","more":true}}"#,
            r#"{"kind":"two","body":{"id":[1,2,{"x":"y"}]}}"#,
            "[{\"kind\" :\n\t\"one\"} , 7, [[]]]",
        ],
        &[
            r#"{"kind":"any","body":{"id":77}}"#,
            r#"{"kind":"any","body":{"id":"77","more":true}}"#,
            r#"{"kind":"","body":{"id":[0,0,{"x":""}]}}"#,
        ],
        &[
            r#"{"kind":"any","body":{"id":"77","more":null}}"#,
            r#"{"kind":"any","body":{"id":[0,0,{"x":""},1]}}"#,
            "[{\"kind\" :\n\t\"one\"} , 7, [[],1]]",
        ],
    );
}

#[test]
fn what_no_layout_has_is_not_learned() {
    for payload in [
        r#"{"a key":"so long that it is one","b":-1}"#,
        r#"{"a key":"so long that it is one","b":1.5}"#,
        r#"{"a key":"so long that it is one","b\n":1}"#,
        r#"{"a key":"so long that it is \n one"}"#,
        r#"{"a kéy":"so long that it is one"}"#,
        r#"{"a":1}"#,
    ] {
        let mut layouts = Layouts::new();
        for _ in 0..3 {
            learn(&mut layouts, payload);
            assert_eq!(filled(&mut layouts, payload), None, "{payload}");
        }
        assert!(layouts.parts.is_empty(), "{payload}");
        assert!(layouts.text.len() < 100, "{payload}: {}", layouts.text);
    }
}

#[test]
fn traffic_that_never_repeats_itself_is_learned_from_ever_more_seldom_within_bounds() {
    let mut layouts = Layouts::new();
    let mut learned = 0;
    let nulls = "null,".repeat(300);
    for number in 0..40_000 {
        let payload = format!(r#"{{"a":[{nulls}null],"key {number}":"{number}"}}"#);
        assert_eq!(filled(&mut layouts, &payload), None);
        let steps = layouts.steps.len();
        learn(&mut layouts, &payload);
        learned += usize::from(layouts.steps.len() != steps);
    }
    assert!((150..1_000).contains(&learned), "{learned}");
    assert!(layouts.steps.len() <= STEPS_MAX + 1_000);
    assert!(layouts.parts.len() <= PARTS_MAX + 1_000);
    assert!(layouts.text.len() <= TEXT_BYTES_MAX + 2_000);
    // And what repeats itself is known again before long.
    let steady = r#"{"a text":"that comes","over":"and over again"}"#;
    let looks = (0..20_000).take_while(|_| {
        let is_new = filled(&mut layouts, steady).is_none();
        if is_new {
            learn(&mut layouts, steady);
        }
        is_new
    });
    assert!(looks.count() < 20_000);
}

#[test]
fn every_payload_of_genesys_is_learned_or_left_alone() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/genesys");
    let mut layouts = Layouts::new();
    let mut known = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let payload = fs::read_to_string(entry.unwrap().path()).unwrap();
        let payload = payload.trim_end();
        learn(&mut layouts, payload);
        if let Some(found) = filled(&mut layouts, payload) {
            assert_eq!(found, expected(payload), "{payload}");
            known += 1;
        }
    }
    assert!(known > 20, "{known}");
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        (0_u64..100_000).prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        "[ -~]{0,20}".prop_map(Into::into),
        "\\PC{0,4}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map("[a-c]{1,2}", inner, 0..4)
                .prop_map(|map| { serde_json::Value::Object(map.into_iter().collect()) }),
        ]
    })
}

proptest! {
    /// Whatever was learned before: a tape that is filled is simd-json's.
    #[test]
    fn a_tape_is_simd_jsons(values in prop::collection::vec(value(), 1..8)) {
        let mut layouts = Layouts::new();
        let texts: Vec<String> = values
            .iter()
            .flat_map(|value| [value.to_string(), serde_json::to_string_pretty(value).unwrap()])
            .collect();
        for _ in 0..2 {
            for text in &texts {
                if let Some(found) = filled(&mut layouts, text) {
                    prop_assert_eq!(found, expected(text));
                }
                learn(&mut layouts, text);
            }
        }
    }
}
