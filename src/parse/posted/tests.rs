use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::config::Dialect;
use crate::config::MappedAuthor;
use crate::config::MappedKind;
use crate::config::OtherKinds;
use crate::config::Pointer;
use crate::config::TimeUnit;
use crate::event::Actor;
use crate::event::Definitions;
use crate::event::Event;
use crate::event::EventKind;
use crate::parse::AnyDecoder;

/// What a payload came to: kind, time, author.
type Fact = (EventKind, i64, Actor);

struct Read {
    decoded: Decoded,
    events: Vec<Event>,
    definitions: Definitions,
}

fn decode(dialect: &Dialect, payload: &str) -> Read {
    let mut read = Read {
        decoded: Decoded::Control,
        events: Vec::new(),
        definitions: Definitions::default(),
    };
    let mut output = Output {
        events: &mut read.events,
        definitions: &mut read.definitions,
    };
    let mut decoder = AnyDecoder::new(dialect, IdKeys::FIXED);
    read.decoded = decoder.decode(&mut payload.as_bytes().to_vec(), &mut output);
    read
}

fn facts(dialect: &Dialect, payload: &str) -> (Decoded, Vec<Fact>) {
    let Read {
        decoded, events, ..
    } = decode(dialect, payload);
    let fact = |event: &Event| (event.kind, event.time.ms(), event.actor);
    (decoded, events.iter().map(fact).collect())
}

/// Of connects, disconnects and messages what they come to; nothing means that it is ignored.
fn check(dialect: &Dialect, payload: &str, expected: &[Fact]) {
    let decoded = match expected {
        [] => Decoded::Ignored,
        facts => Decoded::Events(facts.len()),
    };
    assert_eq!(
        facts(dialect, payload),
        (decoded, expected.to_vec()),
        "{payload}"
    );
}

fn check_refused(dialect: &Dialect, payload: &str, reason: Reject, field: Option<Field>) {
    let expected = (Decoded::Rejected(reason, field), Vec::new());
    assert_eq!(facts(dialect, payload), expected, "{payload}");
}

const START: i64 = 1_760_000_000_000;
const CONNECTED: Fact = (EventKind::Connected, START, Actor::Unknown);
const DISCONNECTED: Fact = (EventKind::Disconnected, START + 24_600, Actor::Unknown);
const ASKED: Fact = (EventKind::Message, START, Actor::Guest);
const REPLIED: Fact = (EventKind::Message, START + 9_000, Actor::Agent);

#[test]
fn every_payload_of_genesys_comes_to_what_the_table_says() {
    let table: &[(&str, &[Fact])] = &[
        ("acd.end.abandon", &[]),
        ("acd.end.answered", &[]),
        ("acd.start", &[]),
        ("acw", &[]),
        ("agent.state", &[]),
        ("conv.metric.nError", &[]),
        ("conv.metric.tAnswered", &[]),
        ("conv.metric.tHandle", &[]),
        ("conv.metric.tHandle.without_acw", &[]),
        ("customer.end", &[DISCONNECTED]),
        ("customer.end.unanswered", &[DISCONNECTED]),
        ("customer.start", &[CONNECTED]),
        ("eventbridge.customer.start", &[CONNECTED]),
        ("flow.end", &[]),
        ("flow.start", &[]),
        ("queue.activity", &[]),
        ("queue.messages.agent_replied", &[ASKED, REPLIED]),
        ("queue.messages.ended", &[ASKED, REPLIED]),
        ("queue.messages.waiting", &[ASKED]),
        ("queue.observations.agents", &[]),
        ("queue.observations.details", &[]),
        ("queue.observations.gauges", &[]),
        ("queue.observations.halfhour", &[]),
        ("typing", &[]),
        ("undelivered", &[]),
        ("user.activity", &[]),
        ("user.conversations.nested", &[ASKED, REPLIED]),
        (
            "user.conversations.seven_sessions",
            &[
                ASKED,
                REPLIED,
                (EventKind::Message, START + 12_000, Actor::Agent),
                (EventKind::Message, START + 15_000, Actor::Agent),
            ],
        ),
        ("user.end", &[]),
        ("user.end.rejected", &[]),
        ("user.start", &[]),
    ];
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/genesys");
    assert_eq!(fs::read_dir(folder).unwrap().count(), table.len());
    for (name, expected) in table {
        let payload = fs::read_to_string(format!("{folder}/{name}.json")).unwrap();
        check(&Dialect::GenesysEventbridge, &payload, expected);
        if !name.starts_with("eventbridge") {
            let wrapped = format!(
                r#"{{"version":"0","id":"e","detail-type":"x","source":"aws.partner/genesys.com","time":"2025-10-09T08:53:21Z","detail":{payload}}}"#
            );
            check(&Dialect::GenesysEventbridge, &wrapped, expected);
        }
    }
}

#[test]
fn a_view_repeats_its_messages_with_their_identities_and_a_start_says_its_deployment() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/genesys");
    let read = |name: &str| {
        let payload = fs::read_to_string(format!("{folder}/{name}.json")).unwrap();
        decode(&Dialect::GenesysEventbridge, &payload)
    };
    let identities = |name| -> Vec<_> {
        read(name)
            .events
            .iter()
            .map(|event| event.identity.fingerprint().unwrap())
            .collect()
    };
    let (replied, ended) = (
        identities("queue.messages.agent_replied"),
        identities("queue.messages.ended"),
    );
    // By the queue and by the agent, in both forms of a view.
    assert_eq!(replied, ended);
    assert_eq!(replied, identities("user.conversations.nested"));
    assert_ne!(replied[0], replied[1]);
    let start = read("customer.start");
    let defined = format!("{:?}", start.definitions);
    assert!(
        defined.contains("99999999-9999-4999-8999-999999999999"),
        "{defined}"
    );
    assert_eq!(
        start.events[0].session,
        read("customer.end").events[0].session
    );
    assert_eq!(
        start.events[0].session,
        read("queue.messages.ended").events[0].session
    );
}

#[test]
fn what_is_bad_in_a_payload_of_genesys_is_named() {
    use Field::*;
    let genesys = &Dialect::GenesysEventbridge;
    let edge = |body: &str| {
        format!(
            r#"{{"topicName":"v2.detail.events.conversation.c.customer.start","eventBody":{body}}}"#
        )
    };
    let id = r#""conversationId":"c""#;
    check(
        genesys,
        &edge(&format!(r#"{{"eventTime":5,{id}}}"#)),
        &[(EventKind::Connected, 5, Actor::Unknown)],
    );
    check_refused(genesys, "{}", Reject::Field, Some(EventType));
    check_refused(genesys, r#"{"detail":1}"#, Reject::Shape, Some(Data));
    check_refused(
        genesys,
        r#"{"detail-type":"v2.x","detail":{}}"#,
        Reject::Field,
        Some(EventType),
    );
    check(
        genesys,
        r#"{"detail-type":"Scheduled Event","detail":{}}"#,
        &[],
    );
    check(
        genesys,
        r#"{"topicName":"channel.metadata","eventBody":{}}"#,
        &[],
    );
    check_refused(genesys, &edge("[]"), Reject::Shape, Some(Data));
    check_refused(
        genesys,
        &edge(&format!("{{{id}}}")),
        Reject::Field,
        Some(Timestamp),
    );
    check_refused(
        genesys,
        &edge(r#"{"eventTime":5}"#),
        Reject::Field,
        Some(SessionId),
    );
    check_refused(
        genesys,
        &edge(&format!(r#"{{"eventTime":"x",{id}}}"#)),
        Reject::Timestamp,
        Some(Timestamp),
    );
    check_refused(
        genesys,
        &edge(&format!(r#"{{"eventTime":5,{id},{id}}}"#)),
        Reject::DuplicateKey,
        Some(SessionId),
    );
    // A bad message in the middle of a view leaves nothing of it.
    let view = r#"{"topicName":"v2.users.u.conversations.messages","eventBody":{"id":"c","participants":[{"purpose":"customer","messages":[{"message":{"id":"1"},"messageTime":"2025-10-09T08:53:20.000Z"},{"message":{"id":"2"},"messageTime":"soon"}]}]}}"#;
    check_refused(genesys, view, Reject::Timestamp, Some(Timestamp));
    let empty = r#"{"topicName":"v2.users.u.conversations","eventBody":{"id":"c"}}"#;
    assert_eq!(facts(genesys, empty), (Decoded::Events(0), Vec::new()));
    for shape in ["[]", "1", "null", "\"x\""] {
        check_refused(genesys, shape, Reject::Shape, None);
    }
    check_refused(genesys, "{", Reject::NotJson, None);
}

fn contact(event_type: &str, rest: &str) -> String {
    format!(
        r#"{{"version":"0","id":"e","detail-type":"Amazon Connect Contact Event","source":"aws.connect","time":"1970-01-01T00:00:09Z","detail":{{"eventType":"{event_type}","contactId":"c","channel":"CHAT"{rest}}}}}"#
    )
}

#[test]
fn a_contact_of_amazon_connect_begins_and_ends() {
    let connect = &Dialect::AmazonConnect;
    let begins = |ms| [(EventKind::Connected, ms, Actor::Unknown)];
    let ends = |ms| [(EventKind::Disconnected, ms, Actor::Unknown)];
    let times = r#","initiationTimestamp":"1970-01-01T00:00:01.000Z","disconnectTimestamp":"1970-01-01T00:00:02.000Z""#;
    check(connect, &contact("INITIATED", times), &begins(1_000));
    check(connect, &contact("DISCONNECTED", times), &ends(2_000));
    check(connect, &contact("INITIATED", ""), &begins(9_000));
    check(
        connect,
        &contact("DISCONNECTED", r#","disconnectTimestamp":null"#),
        &ends(9_000),
    );
    for other in [
        "QUEUED",
        "CONNECTED_TO_SYSTEM",
        "CONNECTED_TO_AGENT",
        "COMPLETED",
        "NEW_ONE",
    ] {
        check(connect, &contact(other, times), &[]);
    }
    check(
        connect,
        r#"{"detail-type":"x","source":"aws.ec2","detail":{}}"#,
        &[],
    );
    check_refused(connect, "{}", Reject::Field, Some(Field::EventType));
    check_refused(
        connect,
        r#"{"detail-type":"x","source":"aws.connect"}"#,
        Reject::Shape,
        Some(Field::Data),
    );
    check_refused(
        connect,
        &contact("INITIATED", "").replace("contactId", "x"),
        Reject::Field,
        Some(Field::SessionId),
    );
    check_refused(
        connect,
        &contact("INITIATED", "").replace("09Z", "xxZ"),
        Reject::Timestamp,
        Some(Field::Timestamp),
    );
}

fn twilio(event_type: &str, data: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","type":"com.twilio.{event_type}","source":"s","id":"e","time":"1970-01-01T00:00:09Z","data":{{"ConversationSid":"CH1"{data}}}}}"#
    )
}

#[test]
fn a_conversation_of_twilio_begins_speaks_and_ends() {
    let dialect = &Dialect::TwilioEventStreams;
    let created = r#","DateCreated":"1970-01-01T00:00:01.000Z""#;
    let event = |kind, ms, actor| [(kind, ms, actor)];
    let added = twilio("conversations.conversation.added", created);
    check(
        dialect,
        &added,
        &event(EventKind::Connected, 1_000, Actor::Unknown),
    );
    for (author, actor) in [
        ("system", Actor::Bot),
        ("whatsapp:+11234567890", Actor::Guest),
        ("+11234567890", Actor::Guest),
        ("messenger:42", Actor::Guest),
        ("agent_7", Actor::Unknown),
        ("", Actor::Unknown),
    ] {
        let message = twilio(
            "conversations.message.added",
            &format!(r#"{created},"MessageSid":"IM1","Author":"{author}""#),
        );
        check(dialect, &message, &event(EventKind::Message, 1_000, actor));
    }
    let end = event(EventKind::Disconnected, 9_000, Actor::Unknown);
    check(
        dialect,
        &twilio("conversations.conversation.removed", created),
        &end,
    );
    check(
        dialect,
        &twilio(
            "conversations.conversation-state.updated",
            r#","StateTo":"closed""#,
        ),
        &end,
    );
    for (other, data) in [
        (
            "conversations.conversation-state.updated",
            r#","StateTo":"inactive""#,
        ),
        ("conversations.message.updated", ""),
        ("conversations.participant.added", ""),
        ("taskrouter.task.created", ""),
    ] {
        check(dialect, &twilio(other, data), &[]);
    }
    check_refused(dialect, "{}", Reject::Field, Some(Field::EventType));
    let nameless = added.replace("ConversationSid", "x");
    check_refused(dialect, &nameless, Reject::Field, Some(Field::SessionId));
}

fn cloud_event(event_type: &str, rest: &str) -> String {
    format!(r#"{{"specversion":"1.0","type":"{event_type}","source":"s","id":"e"{rest}}}"#)
}

#[test]
fn a_cloud_event_says_by_its_type_what_it_is() {
    let dialect = &Dialect::Cloudevents;
    let rest = r#","time":"1970-01-01T00:00:01Z","subject":"guest-1""#;
    for (event_type, kind) in [
        ("webchat:connected", EventKind::Connected),
        ("com.example.webchat.connected", EventKind::Connected),
        ("/webchat/disconnected", EventKind::Disconnected),
        ("webchat.message", EventKind::Message),
    ] {
        check(
            dialect,
            &cloud_event(event_type, rest),
            &[(kind, 1_000, Actor::Unknown)],
        );
    }
    for other in [
        "com.example.database.connected",
        "connected",
        "webchat.typing",
        "webchat.message.sent",
    ] {
        check(dialect, &cloud_event(other, rest), &[]);
    }
    let message = |data: &str| cloud_event("webchat.message", &format!(r#"{rest},"data":{data}"#));
    let by = |actor| [(EventKind::Message, 1_000, actor)];
    check(
        dialect,
        &message(r#"{"direction":"inbound"}"#),
        &by(Actor::Guest),
    );
    check(
        dialect,
        &message(r#"{"direction":"outbound"}"#),
        &by(Actor::Business),
    );
    check(
        dialect,
        &message(r#"{"direction":"outbound","author":"bot"}"#),
        &by(Actor::Bot),
    );
    check(
        dialect,
        &message(r#"{"author":"agent"}"#),
        &by(Actor::Agent),
    );
    check_refused(
        dialect,
        &message("\"text\""),
        Reject::Shape,
        Some(Field::Data),
    );
    check_refused(dialect, "{}", Reject::Field, Some(Field::EventType));
    check_refused(
        dialect,
        &cloud_event("webchat.message", r#","subject":"x""#),
        Reject::Field,
        Some(Field::Timestamp),
    );
    let nameless = rest.replace("guest-1", "");
    check_refused(
        dialect,
        &cloud_event("webchat.message", &nameless),
        Reject::Field,
        Some(Field::SessionId),
    );
}

#[test]
fn a_cloud_event_may_bring_its_data_in_base64() {
    let dialect = &Dialect::Cloudevents;
    let event = |rest: &str| cloud_event("webchat.message", rest);
    let packed = |data: &str| event(&format!(r#","data_base64":"{}""#, STANDARD.encode(data)));
    let by = |actor| [(EventKind::Message, 1_000, actor)];
    let data = r#"{"sessionId":"a","timestamp":"1970-01-01T00:00:01Z","author":"agent"}"#;
    check(dialect, &packed(data), &by(Actor::Agent));
    let session = |text: &str| decode(dialect, text).events[0].session;
    let plain = event(&format!(r#","data":{data}"#));
    assert_eq!(session(&packed(data)), session(&plain));
    // Neither is the same as null or nothing.
    let envelope = r#","time":"1970-01-01T00:00:01Z","subject":"a""#;
    for nothing in [
        "",
        r#","data":null,"data_base64":null"#,
        ",\"data_base64\":\"\"",
    ] {
        let text = event(&format!("{envelope}{nothing}"));
        check(dialect, &text, &by(Actor::Unknown));
    }
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    for (text, reason) in [
        (packed("text"), Reject::NotJson),
        (packed("{} {}"), Reject::NotJson),
        (packed(&deep), Reject::NotJson),
        (packed("[1]"), Reject::Shape),
        (event(r#","data_base64":"e30""#), Reject::Shape),
        (event(r#","data_base64":"*""#), Reject::Shape),
        (event(r#","data_base64":{}"#), Reject::Shape),
        (
            event(r#","data_base64":"e30=","data":{}"#),
            Reject::DuplicateKey,
        ),
    ] {
        check_refused(dialect, &text, reason, Some(Field::Data));
    }
    // Of a type that nobody counts nothing is unpacked.
    let other = cloud_event("webchat.typing", r#","data_base64":"*""#);
    check(dialect, &other, &[]);
}

#[test]
fn a_cloud_event_is_a_copy_by_source_and_id() {
    let identity = |source: &str, id: &str| {
        let event = format!(
            r#"{{"type":"webchat.message","source":"{source}","id":"{id}","time":"1970-01-01T00:00:01Z","subject":"x"}}"#
        );
        decode(&Dialect::Cloudevents, &event).events[0].identity
    };
    assert_eq!(identity("a", "1"), identity("a", "1"));
    assert_ne!(identity("a", "1"), identity("b", "1"));
    assert_ne!(identity("a", "1"), identity("a", "2"));
    assert_ne!(identity("a1", "1"), identity("a", "11"));
    assert_eq!(identity("a", "").fingerprint(), None);
}

fn pointer(text: &str) -> Pointer {
    text.parse().unwrap()
}

fn mapping() -> Mapping {
    let kinds = [
        ("opened", MappedKind::Connected),
        ("closed", MappedKind::Disconnected),
        ("7", MappedKind::Message),
        ("said", MappedKind::Message),
        ("typing", MappedKind::Ignored),
    ];
    Mapping {
        kind: pointer("/e/0/type"),
        kinds: kinds.map(|(name, kind)| (name.into(), kind)).into(),
        other_kinds: OtherKinds::Ignored,
        time: pointer("/at"),
        time_unit: TimeUnit::Milliseconds,
        session: pointer("/chat~1room/id"),
        id: Some(pointer("/id")),
        queue: Some(pointer("/queue")),
        deployment: None,
        agent: Some(pointer("/agent")),
        direction: Some(pointer("/dir")),
        author: Some(pointer("/by")),
        authors: [
            ("visitor".into(), MappedAuthor::Guest),
            ("2".into(), MappedAuthor::Agent),
        ]
        .into(),
    }
}

fn mapped(mapping: Mapping) -> Dialect {
    Dialect::Mapped(Arc::new(mapping))
}

fn payload(kind: &str, rest: &str) -> String {
    format!(r#"{{"e":[{{"type":{kind}}}],"at":5,"chat/room":{{"id":42}}{rest}}}"#)
}

#[test]
fn a_mapping_finds_its_fields() {
    let dialect = &mapped(mapping());
    let event = |kind, actor| [(kind, 5, actor)];
    check(
        dialect,
        &payload("\"opened\"", ""),
        &event(EventKind::Connected, Actor::Unknown),
    );
    check(
        dialect,
        &payload("\"closed\"", ""),
        &event(EventKind::Disconnected, Actor::Unknown),
    );
    let by = |rest: &str, actor| {
        check(
            dialect,
            &payload("7", rest),
            &event(EventKind::Message, actor),
        )
    };
    by("", Actor::Unknown);
    by(r#","by":"visitor""#, Actor::Guest);
    by(r#","by":2"#, Actor::Agent);
    by(r#","by":"else""#, Actor::Unknown);
    by(r#","by":"else","dir":"Inbound""#, Actor::Guest);
    by(r#","by":"visitor","dir":"outbound""#, Actor::Guest);
    by(r#","dir":"OUTBOUND""#, Actor::Business);
    by(r#","by":null,"dir":[]"#, Actor::Unknown);
    check(dialect, &payload("\"typing\"", ""), &[]);
    check(dialect, &payload("\"Opened\"", ""), &[]);
    let session = |id: &str| {
        let text = payload("\"opened\"", "").replace("42", id);
        decode(dialect, &text).events[0].session
    };
    assert_eq!(session("42"), session("\"42\""));
    let labels = |rest: &str| {
        decode(dialect, &payload("\"said\"", rest)).events[0]
            .labels
            .number()
    };
    assert_eq!((labels(""), labels(r#","queue":3"#)), (0, 1));
    let identity = |rest: &str| decode(dialect, &payload("\"said\"", rest)).events[0].identity;
    assert_eq!(identity(r#","id":1"#), identity(r#","id":"1""#));
    assert_ne!(identity(r#","id":1"#), identity(r#","id":2"#));
    assert_eq!(identity("").fingerprint(), None);
}

#[test]
fn what_a_mapping_cannot_do_without_is_refused_by_its_pointer() {
    let dialect = &mapped(mapping());
    let good = payload("\"said\"", "");
    check_refused(dialect, "{}", Reject::Field, Some(Field::EventType));
    check_refused(
        dialect,
        &payload("[]", ""),
        Reject::Field,
        Some(Field::EventType),
    );
    check_refused(
        dialect,
        &good.replace("\"at\"", "\"on\""),
        Reject::Field,
        Some(Field::Timestamp),
    );
    check_refused(
        dialect,
        &good.replace(":5", ":\"5\""),
        Reject::Timestamp,
        Some(Field::Timestamp),
    );
    check_refused(
        dialect,
        &good.replace("42", "null"),
        Reject::Field,
        Some(Field::SessionId),
    );
    check_refused(
        dialect,
        &good.replace("42", "1.5"),
        Reject::Field,
        Some(Field::SessionId),
    );
    check_refused(
        dialect,
        &good.replace("\"at\":5", "\"at\":5,\"at\":5"),
        Reject::DuplicateKey,
        Some(Field::Timestamp),
    );
    let strict = mapped(Mapping {
        other_kinds: OtherKinds::Refused,
        ..mapping()
    });
    check_refused(
        &strict,
        &payload("\"x\"", ""),
        Reject::Field,
        Some(Field::EventType),
    );
    check(&strict, &payload("\"typing\"", ""), &[]);
    let seconds = mapped(Mapping {
        time_unit: TimeUnit::Seconds,
        ..mapping()
    });
    check(
        &seconds,
        &good,
        &[(EventKind::Message, 5_000, Actor::Unknown)],
    );
    check_refused(
        &seconds,
        &good.replace(":5", ":18446744073709551615"),
        Reject::Timestamp,
        Some(Field::Timestamp),
    );
    let decoder = AnyDecoder::new(dialect, IdKeys::FIXED);
    assert_eq!(decoder.place(Field::SessionId), "/chat~1room/id");
    assert_eq!(decoder.place(Field::Timestamp), "/at");
    assert_eq!(decoder.place(Field::Seq), "metadata.seq");
}

#[test]
fn no_bytes_make_a_dialect_panic() {
    let dialects = Dialect::NAMES.into_iter().map(|(_, dialect)| dialect);
    let dialects: Vec<Dialect> = dialects.chain([mapped(mapping())]).collect();
    let seeds = [
        contact("INITIATED", ""),
        twilio("conversations.message.added", ""),
        cloud_event(
            "webchat.message",
            r#","time":"1970-01-01T00:00:01Z","subject":"x""#,
        ),
        payload("7", ""),
        fs::read_to_string(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/fixtures/genesys/queue.messages.ended.json"
        ))
        .unwrap(),
    ];
    for dialect in &dialects {
        for seed in &seeds {
            for cut in 0..seed.len().min(600) {
                if !seed.is_char_boundary(cut) {
                    continue;
                }
                decode(dialect, &seed[..cut]);
                let closed = format!("{}]}}\"0", &seed[..cut]);
                decode(dialect, &closed);
                let mut other = seed.clone().into_bytes();
                other[cut] = other[cut].wrapping_add(13);
                if let Ok(other) = String::from_utf8(other) {
                    decode(dialect, &other);
                }
            }
        }
    }
}
