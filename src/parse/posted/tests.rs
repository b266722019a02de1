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
use crate::event::AgentId;
use crate::event::Definitions;
use crate::event::Event;
use crate::event::EventKind;
use crate::event::Outcome;
use crate::event::OwnMs;
use crate::parse::AnyDecoder;

/// What a payload came to: kind, time, author.
type Fact = (EventKind, i64, Actor);

struct Read {
    decoded: Decoded,
    events: Vec<Event>,
    facts: Vec<crate::event::Fact>,
    definitions: Definitions,
}

fn decode(dialect: &Dialect, payload: &str) -> Read {
    let mut read = Read {
        decoded: Decoded::Control,
        events: Vec::new(),
        facts: Vec::new(),
        definitions: Definitions::default(),
    };
    let mut output = Output {
        events: &mut read.events,
        facts: &mut read.facts,
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

/// What the events of a payload say, a line each: kind, milliseconds after the start, and what else is said.
fn lines(read: &Read) -> Vec<String> {
    let of_agent = |agent: AgentId| {
        let mut agents = read.definitions.agents();
        agents.find(|known| known.agent == agent)
    };
    let line = |event: &Event| {
        let mut labels = read.definitions.labels();
        let named = labels.find(|known| known.labels == event.labels);
        let mut line = format!("{:?} {}", event.kind, event.time.ms() - START);
        let mut say = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                line += &format!(" {key}={value}");
            }
        };
        let short = |name: &str| name.split('-').next().unwrap_or_default().to_owned();
        let by = |actor: Actor| (actor != Actor::Unknown).then(|| format!("{actor:?}"));
        say("queue", named.and_then(|named| named.queue).map(short));
        say("by", by(event.actor));
        say(
            "agent",
            of_agent(event.agent()).map(|agent| short(agent.name)),
        );
        if let Some(place) = event.fact() {
            let fact = read.facts[usize::try_from(place).unwrap()];
            let ms = |own: OwnMs| own.said().map(|ms| ms.to_string());
            say("is", Some(format!("{:?}", fact.kind)));
            say("agent", of_agent(fact.agent).map(|agent| short(agent.name)));
            say("media", Some(fact.media.label().to_owned()));
            say("leg", fact.leg.is_said().then(|| "said".to_owned()));
            say("wait", ms(fact.wait));
            let is_said = fact.outcome != Outcome::Unsaid;
            say("outcome", is_said.then(|| format!("{:?}", fact.outcome)));
            say("alert", ms(fact.alert));
            say("talk", ms(fact.talk));
            say("held", ms(fact.held));
            say("work", ms(fact.after_work));
            say("by", by(fact.by));
        }
        line
    };
    read.events.iter().map(line).collect()
}

const CAME: &str = "Connected 0 by=Guest";
const ASKED: &str = "Message 0 queue=66666666 by=Guest";
const REPLIED: &str = "Message 9000 queue=66666666 by=Agent agent=77777777";
const QUEUED: &str = "Fact 445 queue=66666666 is=Queued media=message";
const ALERTED: &str = "Fact 634 queue=66666666 is=Alerting agent=77777777 media=message";
const LEFT_QUEUE: &str = "Fact 3533 queue=66666666 is=LeftQueue media=message by=Business";
const JOINED: &str = "Fact 3541 queue=66666666 is=Joined agent=77777777 media=message";

#[test]
fn every_payload_of_genesys_comes_to_what_the_table_says() {
    let table: &[(&str, &[&str])] = &[
        (
            "acd.end.abandon",
            &[
                "Fact 61445 queue=66666666 is=LeftQueue media=message leg=said wait=61000 outcome=Abandoned by=Guest",
            ],
        ),
        (
            "acd.end.answered",
            &[
                "Fact 3533 queue=66666666 is=LeftQueue media=message leg=said wait=3088 outcome=Answered by=Business",
                "Fact 3533 queue=66666666 is=Joined agent=77777777 media=message",
            ],
        ),
        (
            "acd.start",
            &["Fact 445 queue=66666666 is=Queued media=message leg=said"],
        ),
        (
            "acw",
            &[
                "Fact 26440 queue=66666666 is=WrappedUp agent=77777777 media=message leg=said work=1855",
            ],
        ),
        ("agent.state", &[]),
        ("conv.metric.nError", &[]),
        ("conv.metric.tAnswered", &[]),
        ("conv.metric.tHandle", &[]),
        ("conv.metric.tHandle.without_acw", &[]),
        ("customer.end", &["Disconnected 24600 by=Business"]),
        (
            "customer.end.unanswered",
            &["Disconnected 24600 by=Business"],
        ),
        ("customer.start", &[CAME]),
        ("eventbridge.customer.start", &[CAME]),
        ("flow.end", &[]),
        ("flow.start", &[]),
        ("queue.activity", &[]),
        (
            "queue.messages.agent_replied",
            &[CAME, ASKED, QUEUED, ALERTED, LEFT_QUEUE, JOINED, REPLIED],
        ),
        (
            "queue.messages.ended",
            &[
                CAME,
                ASKED,
                ALERTED,
                JOINED,
                REPLIED,
                "Fact 24585 queue=66666666 is=Left agent=77777777 media=message by=Agent",
                "Disconnected 24600 by=Agent",
                "Fact 26440 queue=66666666 is=WrappedUp agent=77777777 media=message work=1855",
            ],
        ),
        ("queue.messages.waiting", &[CAME, ASKED, QUEUED]),
        ("queue.observations.agents", &[]),
        ("queue.observations.details", &[]),
        ("queue.observations.gauges", &[]),
        ("queue.observations.halfhour", &[]),
        ("typing", &[]),
        ("undelivered", &[]),
        ("user.activity", &[]),
        (
            "user.conversations.nested",
            &[
                CAME,
                "Message 0 by=Guest",
                "Message 9000 queue=66666666 by=Agent",
                "Disconnected 24600 by=Business",
            ],
        ),
        (
            "user.conversations.seven_sessions",
            &[
                CAME,
                "Message 0 by=Guest",
                REPLIED,
                "Message 12000 queue=66666666 by=Agent agent=77777777",
                "Message 15000 queue=66666666 by=Agent agent=77777777",
            ],
        ),
        (
            "user.end",
            &[
                "Fact 24585 queue=66666666 is=Left agent=77777777 media=message leg=said alert=2907 talk=21044 held=0 by=Agent",
            ],
        ),
        (
            "user.end.rejected",
            &[
                "Fact 12000 queue=66666666 is=Left agent=77777777 media=message leg=said alert=8000 by=Agent",
            ],
        ),
        (
            "user.start",
            &["Fact 634 queue=66666666 is=Alerting agent=77777777 media=message leg=said"],
        ),
    ];
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/genesys");
    assert_eq!(fs::read_dir(folder).unwrap().count(), table.len());
    for (name, expected) in table {
        let payload = fs::read_to_string(format!("{folder}/{name}.json")).unwrap();
        let check = |payload: &str| {
            let read = decode(&Dialect::GenesysEventbridge, payload);
            assert_eq!(lines(&read), *expected, "{name}");
            let decoded = match expected.len() {
                0 => Decoded::Ignored,
                events => Decoded::Events(events),
            };
            assert_eq!(read.decoded, decoded, "{name}");
        };
        check(&payload);
        if !name.starts_with("eventbridge") {
            check(&format!(
                r#"{{"version":"0","id":"e","detail-type":"x","source":"aws.partner/genesys.com","time":"2025-10-09T08:53:21Z","detail":{payload}}}"#
            ));
        }
    }
}

#[test]
fn sessions_of_a_participant_are_legs_of_their_own_in_the_order_of_time() {
    let view = r#"{"topicName":"v2.users.u.conversations","eventBody":{"id":"c","participants":[
        {"purpose":"agent","queueId":"q-1","userId":"a-1","startTime":"2025-10-09T08:53:21Z","calls":[
            {"state":"disconnected","id":"s1","startAlertingTime":"2025-10-09T08:53:21Z","connectedTime":"2025-10-09T08:53:22Z","disconnectedTime":"2025-10-09T08:53:24Z","disconnectType":"transfer"},
            {"state":"connected","id":"s2","connectedTime":"2025-10-09T08:53:26Z"}]},
        {"purpose":"acd","queue":{"id":"q-2"},"connectedTime":"2025-10-09T08:53:24Z","endTime":"2025-10-09T08:53:26Z","disconnectType":"peer","calls":[{"state":"terminated"}]},
        {"purpose":"external","startTime":"2025-10-09T08:53:21Z"}]}}"#;
    let read = decode(&Dialect::GenesysEventbridge, view);
    let expected = [
        "Fact 1000 queue=q is=Alerting agent=a media=voice leg=said",
        "Fact 2000 queue=q is=Joined agent=a media=voice leg=said",
        "Fact 4000 queue=q is=Queued media=voice",
        "Fact 4000 queue=q is=Left agent=a media=voice leg=said by=Business",
        "Fact 6000 queue=q is=LeftQueue media=voice by=Guest",
        "Fact 6000 queue=q is=Joined agent=a media=voice leg=said",
    ];
    assert_eq!(lines(&read), expected);
    let [first, .., last] = &read.facts[..] else {
        panic!()
    };
    assert_ne!(first.leg, last.leg);
    // A time that is none refuses all of it.
    let bad = view.replace("08:53:26Z\",\"disconnectType", "soon\",\"disconnectType");
    assert_ne!(bad, view);
    let read = decode(&Dialect::GenesysEventbridge, &bad);
    let refused = Decoded::Rejected(Reject::Timestamp, Some(Field::Timestamp));
    assert_eq!(
        (read.decoded, read.events.len(), read.facts.len()),
        (refused, 0, 0)
    );
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
            .filter_map(|event| event.identity.fingerprint())
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
        &[(EventKind::Connected, 5, Actor::Guest)],
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
    let begins = |ms| [(EventKind::Connected, ms, Actor::Guest)];
    let ends = |ms| [(EventKind::Disconnected, ms, Actor::Business)];
    let times = r#","initiationTimestamp":"1970-01-01T00:00:01.000Z","disconnectTimestamp":"1970-01-01T00:00:02.000Z""#;
    check(connect, &contact("INITIATED", times), &begins(1_000));
    check(connect, &contact("DISCONNECTED", times), &ends(2_000));
    check(connect, &contact("INITIATED", ""), &begins(9_000));
    check(
        connect,
        &contact("DISCONNECTED", r#","disconnectTimestamp":null"#),
        &ends(9_000),
    );
    let ended = |reason: &str| format!(r#"{times},"disconnectReason":"{reason}""#);
    for (reason, by) in [
        ("CUSTOMER_DISCONNECT", Actor::Guest),
        ("AGENT_DISCONNECT", Actor::Agent),
        ("TELECOM_PROBLEM", Actor::Business),
    ] {
        let expected = [(EventKind::Disconnected, 2_000, by)];
        check(connect, &contact("DISCONNECTED", &ended(reason)), &expected);
    }
    let queue = r#","queueInfo":{"queueArn":"q-1","enqueueTimestamp":"1970-01-01T00:00:01Z"}"#;
    let agent =
        r#","agentInfo":{"agentArn":"a-1","connectedToAgentTimestamp":"1970-01-01T00:00:02Z"}"#;
    let told = |event_type, rest: &str| {
        let read = decode(connect, &contact(event_type, rest));
        let lines = lines(&read).join("\n");
        lines
            .replace(&(-START + 1_000).to_string(), "1s")
            .replace(&(-START + 2_000).to_string(), "2s")
    };
    let queued = "Fact 1s queue=q is=Queued media=chat";
    assert_eq!(told("QUEUED", queue), queued);
    let joined = "Fact 2s queue=q is=LeftQueue media=chat outcome=Answered\nFact 2s queue=q is=Joined agent=a media=chat";
    let both = format!("{queue}{agent}");
    // What came before is repeated: an event that was lost costs nothing.
    assert_eq!(
        told("CONNECTED_TO_AGENT", &both),
        format!("{queued}\n{joined}")
    );
    let all = told("DISCONNECTED", &format!("{times}{both}"));
    assert_eq!(
        all,
        format!("{queued}\n{joined}\nDisconnected 2s queue=q by=Business")
    );
    assert_eq!(
        told("CONNECTED_TO_AGENT", agent),
        "Fact 2s is=Joined agent=a media=chat"
    );
    for other in ["CONNECTED_TO_SYSTEM", "COMPLETED", "NEW_ONE"] {
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
fn a_cloud_event_may_be_of_a_leg() {
    let told = |kind: &str, data: &str| {
        let text = format!(
            r#"{{"specversion":"1.0","type":"shop.webchat.{kind}","source":"s","id":"1","time":"1970-01-01T00:00:09Z","data":{{"sessionId":"c","queueId":"sales"{data}}}}}"#
        );
        let read = decode(&Dialect::Cloudevents, &text);
        let lines = lines(&read).join("\n");
        lines.replace(&(9_000 - START).to_string(), "9s")
    };
    let agent = r#","agentId":"ana","legId":"l1","media":"Message""#;
    assert_eq!(
        told("queued", ""),
        "Fact 9s queue=sales is=Queued media=(none)"
    );
    assert_eq!(
        told("answered", &format!(r#"{agent},"waitMs":7"#)),
        "Fact 9s queue=sales is=LeftQueue media=message leg=said wait=7 outcome=Answered\nFact 9s queue=sales is=Joined agent=ana media=message"
    );
    assert_eq!(
        told("abandoned", r#","author":"guest""#),
        "Fact 9s queue=sales is=LeftQueue media=(none) outcome=Abandoned by=Guest"
    );
    assert_eq!(
        told(
            "left",
            &format!(r#"{agent},"alertMs":1,"talkMs":2,"heldMs":3,"afterWorkMs":null"#)
        ),
        "Fact 9s queue=sales is=Left agent=ana media=message leg=said alert=1 talk=2 held=3"
    );
    assert_eq!(
        told("wrapped-up", &format!(r#"{agent},"afterWorkMs":4"#)),
        "Fact 9s queue=sales is=WrappedUp agent=ana media=message leg=said work=4"
    );
    // A sender of legs says so of what is its conversation.
    for plain in ["", r#","author":"guest""#, r#","legs":1,"author":"guest""#] {
        assert_eq!(told("connected", plain), "Connected 9s queue=sales");
    }
    let of_legs = |author: &str| format!(r#","legs":true{author}"#);
    let guest = of_legs(r#","author":"guest""#);
    assert_eq!(
        told("connected", &guest),
        "Connected 9s queue=sales by=Guest"
    );
    let ended = of_legs(r#","author":"bot""#);
    assert_eq!(
        told("disconnected", &ended),
        "Disconnected 9s queue=sales by=Bot"
    );
    assert_eq!(
        told("disconnected", &of_legs("")),
        "Disconnected 9s queue=sales by=Business"
    );
    assert_eq!(
        told("message", &format!(r#"{agent},"author":"agent""#)),
        "Message 9s queue=sales by=Agent agent=ana"
    );
    assert_eq!(told("ignored", ""), "");
}

#[test]
fn a_mapping_may_say_what_happens_to_legs() {
    let mut of_legs = mapping();
    for (name, kind) in MappedKind::NAMES {
        of_legs.kinds.insert(name.to_owned(), kind);
    }
    of_legs.queue = Some("/q".parse().unwrap());
    of_legs.agent = Some("/a".parse().unwrap());
    let dialect = &mapped(of_legs);
    let told = |kind: &str, rest: &str| {
        let text = payload(
            &format!("\"{kind}\""),
            &format!(r#","q":"sales","a":"ana"{rest}"#),
        );
        let read = decode(dialect, &text);
        let lines = lines(&read).join("\n");
        lines.replace(&(5 - START).to_string(), "5")
    };
    let leg = |fact: &str| format!("Fact 5 queue=sales is={fact} media=(none)");
    let of_agent = |fact: &str| format!("Fact 5 queue=sales is={fact} agent=ana media=(none)");
    assert_eq!(told("queued", ""), leg("Queued"));
    assert_eq!(told("left-queue", ""), leg("LeftQueue"));
    let answered = format!(
        "{} outcome=Answered\n{}",
        leg("LeftQueue"),
        of_agent("Joined")
    );
    assert_eq!(told("answered", ""), answered);
    assert_eq!(
        told("abandoned", ""),
        format!("{} outcome=Abandoned", leg("LeftQueue"))
    );
    assert_eq!(
        told("flowed-out", ""),
        format!("{} outcome=FlowedOut", leg("LeftQueue"))
    );
    for (kind, fact) in [
        ("alerting", "Alerting"),
        ("joined", "Joined"),
        ("left", "Left"),
        ("wrapped-up", "WrappedUp"),
    ] {
        assert_eq!(told(kind, ""), of_agent(fact));
    }
    // Then sessions are conversations: they say how things are.
    assert_eq!(told("connected", ""), "Connected 5 queue=sales by=Guest");
    assert_eq!(
        told("disconnected", ""),
        "Disconnected 5 queue=sales by=Business"
    );
    assert_eq!(
        told("disconnected", r#","by":"visitor""#),
        "Disconnected 5 queue=sales by=Guest"
    );
    assert_eq!(
        told("message", r#","by":2"#),
        "Message 5 queue=sales by=Agent agent=ana"
    );
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
