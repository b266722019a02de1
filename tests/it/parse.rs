//! The parser against a slow model of the rules in its header, and its fast path against the tape:
//! same verdicts, same fields.

mod guided;
mod json;
mod messages;
mod model;

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use streamgauge::event::Event;
use streamgauge::event::EventKind;
use streamgauge::event::IdKeys;
use streamgauge::event::Reject;
use streamgauge::parse::Parser;
use streamgauge::parse::Verdict;
use streamgauge::parse::session_uuid;

use messages::apply;
use messages::change;
use messages::message;
use model::Model;
use model::ModelIdentity;
use model::model;

fn parse(payload: &[u8]) -> Verdict {
    Parser::new(IdKeys::FIXED).parse(&mut payload.to_vec())
}

/// The parser and the model say the same of `payload`.
fn agree(payload: &[u8]) -> Result<(), TestCaseError> {
    let verdict = parse(payload);
    let shown = || String::from_utf8_lossy(payload).into_owned();
    match (verdict, model(payload)) {
        (Verdict::Ignored, Ok(None)) => {}
        (Verdict::Rejected(reject), Err(expected)) => {
            prop_assert_eq!(reject, expected, "{}", shown());
        }
        (Verdict::Event(event), Ok(Some(model))) => agree_on_event(event, &model)?,
        (verdict, model) => prop_assert!(false, "{verdict:?}, {model:?}: {}", shown()),
    }
    Ok(())
}

fn agree_on_event(event: Event, model: &Model) -> Result<(), TestCaseError> {
    prop_assert_eq!(event.kind, model.kind);
    prop_assert_eq!(event.time.ms(), model.time_ms);
    prop_assert_eq!(event.own_duration_ms(), model.duration_ms);
    let has_identity = !matches!(model.identity, ModelIdentity::None);
    prop_assert_eq!(event.identity.fingerprint().is_some(), has_identity);
    let printed = session_uuid(event.session).map(|uuid| uuid.to_string());
    prop_assert_eq!(printed, canonical_uuid(&model.session));
    // The keys of session and identity depend on nothing but what the model saw.
    prop_assert_eq!(parse(plainest(model).as_bytes()), Verdict::Event(event));
    Ok(())
}

/// The model's event, spelled the plainest way.
fn plainest(model: &Model) -> String {
    let mut data = serde_json::json!({ "id": model.session });
    let mut metadata = serde_json::json!({});
    match &model.identity {
        ModelIdentity::None => {}
        ModelIdentity::MessageId(id) => data["messageId"] = id.as_str().into(),
        ModelIdentity::Sequence(seq) => metadata["seq"] = (*seq).into(),
    }
    if let Some(ms) = model.duration_ms {
        data["durationMs"] = ms.into();
    }
    let event_type = match model.kind {
        EventKind::Connected => "webchat:connected",
        EventKind::Disconnected => "webchat:disconnected",
        EventKind::Message => "webchat:message",
    };
    serde_json::json!({
        "eventType": event_type, "timestamp": model.time_ms, "data": data, "metadata": metadata,
    })
    .to_string()
}

fn canonical_uuid(id: &str) -> Option<String> {
    let groups: Vec<&str> = id.split('-').collect();
    let is_hex = |group: &&str| group.chars().all(|c| "0123456789abcdef".contains(c));
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    (lengths == [8, 4, 4, 4, 12] && groups.iter().all(is_hex)).then(|| id.to_owned())
}

/// More cases than proptest's default, and as many as `PROPTEST_CASES` asks for.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig {
        cases: default.cases.max(2_048),
        ..default
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn messages_mean_what_the_model_says(message in message()) {
        agree(message.as_bytes())?;
    }

    #[test]
    fn changed_messages_mean_what_the_model_says(
        message in message(),
        changes in vec(change(), 1..4),
    ) {
        let mut payload = message.into_bytes();
        for change in changes {
            apply(change, &mut payload);
        }
        agree(&payload)?;
    }

    #[test]
    fn text_made_of_json_s_signs_means_what_the_model_says(
        text in "([\\[\\]{}:,\" \n0-9eE.+\\\\-]|true|null|\\\\u00|\"data\":|\"id\":){0,40}",
    ) {
        agree(text.as_bytes())?;
    }

    #[test]
    fn no_bytes_make_it_panic(payload in vec(any::<u8>(), 0..300)) {
        agree(&payload)?;
    }
}

#[test]
fn every_verdict_is_met_by_the_generator() {
    let mut runner = TestRunner::deterministic();
    let strategy = (message(), vec(change(), 0..2));
    let mut met = BTreeMap::new();
    for _ in 0..4_000 {
        let (message, changes) = strategy.new_tree(&mut runner).unwrap().current();
        let mut payload = message.into_bytes();
        for change in changes {
            apply(change, &mut payload);
        }
        let label = match parse(&payload) {
            Verdict::Event(_) => "event",
            Verdict::Ignored => "ignored",
            Verdict::Rejected(reject) => reject.label(),
        };
        *met.entry(label).or_insert(0_u32) += 1;
    }
    // All but the length, which has its own table, and what only a transport can say.
    for reject in Reject::ALL {
        let is_met = met.contains_key(reject.label());
        let elsewhere = matches!(reject, Reject::TooBig | Reject::Binary);
        assert_ne!(is_met, elsewhere, "{}: {met:?}", reject.label());
    }
    assert!(met["event"] > 700 && met["ignored"] > 100, "{met:?}");
}
