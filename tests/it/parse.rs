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

use streamgauge::event::Actor;
use streamgauge::event::Definitions;
use streamgauge::event::Event;
use streamgauge::event::EventKind;
use streamgauge::event::IdKeys;
use streamgauge::event::LabelsId;
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

/// An event's queue and deployment, and its session's id if the writer has to know it.
type Told = (Option<String>, Option<String>, Option<String>);

fn parse(payload: &[u8]) -> Verdict {
    Parser::new(IdKeys::FIXED).parse(&mut payload.to_vec())
}

/// What a parser that reads labels says of one payload, and what it tells the writer.
fn parse_with_labels(parser: &mut Parser, payload: &[u8]) -> (Verdict, Told) {
    let verdict = parser.parse(&mut payload.to_vec());
    let Verdict::Event(event) = verdict else {
        return (verdict, Told::default());
    };
    let mut definitions = Definitions::default();
    parser.define(0, &mut definitions);
    let told = definitions
        .labels()
        .find(|told| told.labels == event.labels);
    let name = |name: Option<&str>| name.map(str::to_owned);
    let id = definitions
        .session_ids()
        .next()
        .map(|(_, id)| id.to_owned());
    let told = told.map_or((None, None), |told| {
        (name(told.queue), name(told.deployment))
    });
    (verdict, (told.0, told.1, id))
}

/// The parser and the model say the same of `payload`.
fn agree(payload: &[u8]) -> Result<(), TestCaseError> {
    let verdict = parse(payload);
    let shown = || String::from_utf8_lossy(payload).into_owned();
    agree_on_labels(payload)?;
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
    // Labels are read only where somebody asked for them.
    prop_assert_eq!(
        (event.labels, event.actor),
        (LabelsId::NONE, Actor::Unknown)
    );
    // The keys of session and identity depend on nothing but what the model saw.
    prop_assert_eq!(parse(plainest(model).as_bytes()), Verdict::Event(event));
    Ok(())
}

/// With labels both paths say the same as without, and tell what the model saw.
fn agree_on_labels(payload: &[u8]) -> Result<(), TestCaseError> {
    let mut guided = Parser::new(IdKeys::FIXED).with_labels();
    let expected = model(payload).ok().flatten();
    for mut parser in [
        Parser::reference(IdKeys::FIXED).with_labels(),
        Parser::new(IdKeys::FIXED).with_labels(),
    ] {
        let (verdict, told) = parse_with_labels(&mut parser, payload);
        let again = parse_with_labels(&mut parser, payload);
        prop_assert_eq!(again.0, verdict);
        prop_assert!(again.1.0.is_none() && again.1.1.is_none(), "told twice");
        guided.parse(&mut payload.to_vec());
        prop_assert_eq!(guided.parse(&mut payload.to_vec()), verdict);
        let plain = match verdict {
            Verdict::Event(event) => Verdict::Event(Event {
                labels: LabelsId::NONE,
                actor: Actor::Unknown,
                ..event
            }),
            other => other,
        };
        prop_assert_eq!(plain, parse(payload));
        let (Verdict::Event(event), Some(model)) = (verdict, &expected) else {
            continue;
        };
        prop_assert_eq!(event.direction(), model.direction);
        let is_told = event.kind == EventKind::Connected && session_uuid(event.session).is_none();
        let id = is_told.then(|| model.session.clone());
        prop_assert_eq!(told, (model.queue.clone(), model.deployment.clone(), id));
    }
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
        EventKind::Fact => unreachable!("the tutorial's protocol knows no facts"),
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
    let default = crate::seeds::config();
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
