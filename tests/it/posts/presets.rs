//! Every preset, a mapping and Firehose over real sockets: what is posted is in the lists that people read, and
//! a bad element refuses all of its request.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use streamgauge::config::MappedKind;
use streamgauge::config::Mapping;
use streamgauge::config::OtherKinds;
use streamgauge::config::TimeUnit;

use super::*;

pub(super) const FIREHOSE: &[(&str, &str)] = &[("x-amz-firehose-request-id", "r-1")];
const GENESYS: &str = "11111111-1111-4111-8111-111111111111";

pub(super) fn mapping() -> Mapping {
    let kinds = [
        ("opened", MappedKind::Connected),
        ("said", MappedKind::Message),
    ];
    Mapping {
        kind: "/event".parse().unwrap(),
        kinds: kinds.map(|(name, kind)| (name.into(), kind)).into(),
        other_kinds: OtherKinds::Ignored,
        time: "/at".parse().unwrap(),
        time_unit: TimeUnit::Milliseconds,
        session: "/room/id".parse().unwrap(),
        id: Some("/id".parse().unwrap()),
        queue: Some("/team".parse().unwrap()),
        deployment: None,
        agent: None,
        direction: None,
        author: None,
        authors: BTreeMap::new(),
    }
}

/// An endpoint for each dialect, all with the same secret.
pub(super) async fn presets() -> Engine {
    start(|settings| settings.push.endpoints = endpoints()).await
}

pub(super) fn endpoints() -> Vec<PushEndpoint> {
    let mut dialects = Dialect::NAMES.to_vec();
    dialects.push(("mapped", Dialect::Mapped(Arc::new(mapping()))));
    let endpoints = dialects.into_iter().map(|(name, dialect)| PushEndpoint {
        dialect,
        ..endpoint(name, PushCredential::Bearer(secret(SECRET)))
    });
    endpoints.collect()
}

/// A payload of Genesys Cloud, moved to now.
pub(super) fn genesys(name: &str) -> Value {
    let path = format!(
        "{}/tests/fixtures/genesys/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let now = Clock::system().wall();
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.replace("2025-10-09T08:53:20.000Z", &now.to_string());
    let text = text.replace("1760000000000", &now.ms().to_string());
    serde_json::from_str(&text).unwrap()
}

pub(super) fn in_envelope(source: &str, detail: Value) -> Value {
    json!({
        "version": "0", "id": "e", "detail-type": "an event", "source": source,
        "account": "123456789012", "time": Clock::system().wall().to_string(),
        "region": "us-east-1", "resources": [], "detail": detail,
    })
}

pub(super) fn contact(event_type: &str, id: &str) -> Value {
    let now = Clock::system().wall().to_string();
    let detail = json!({
        "eventType": event_type, "contactId": id, "channel": "CHAT", "initiationTimestamp": now,
    });
    in_envelope("aws.connect", detail)
}

pub(super) fn cloud_event(event_type: &str, source: &str, id: &str, data: Value) -> Value {
    json!({
        "specversion": "1.0", "type": event_type, "source": source, "id": id,
        "time": Clock::system().wall().to_string(), "data": data,
    })
}

pub(super) fn twilio(event_type: &str, data: Value) -> Value {
    let event_type = format!("com.twilio.conversations.{event_type}");
    cloud_event(&event_type, "/conversations", "EZ1", data)
}

pub(super) fn webchat(kind: &str, session: &str) -> Value {
    let event_type = format!("com.example.webchat.{kind}");
    let data = json!({"sessionId": session, "queueId": "sales", "direction": "inbound"});
    cloud_event(&event_type, "/shop", session, data)
}

pub(super) fn in_base64(mut event: Value) -> Value {
    let data = event.as_object_mut().unwrap().remove("data").unwrap();
    event["data_base64"] = json!(STANDARD.encode(data.to_string()));
    event
}

pub(super) fn mapped(kind: &str, session: &str) -> Value {
    let now = Clock::system().wall().ms();
    json!({"event": kind, "at": now, "room": {"id": session}, "id": 1, "team": "sales"})
}

pub(super) fn firehose(records: &[String]) -> String {
    let records = records
        .iter()
        .map(|text| json!({"data": STANDARD.encode(text)}));
    let records: Vec<Value> = records.collect();
    json!({"requestId": "r-1", "timestamp": 1, "records": records}).to_string()
}

pub(super) async fn answer(
    addr: SocketAddr,
    name: &str,
    headers: &[(&'static str, &str)],
    body: impl ToString,
) -> (u16, Value) {
    let mut post = post(addr, &format!("/push/{name}"), body.to_string());
    for (name, value) in headers {
        post.headers_mut().insert(*name, value.parse().unwrap());
    }
    let answer = send(addr, post).await;
    let body = serde_json::from_slice(answer.body());
    (answer.status().as_u16(), body.unwrap())
}

pub(super) async fn query(addr: SocketAddr, query: &str) -> Value {
    let mut ask = post(addr, "/graphql", json!({"query": query}).to_string());
    ask.headers_mut().remove("authorization");
    let answer = send(addr, ask).await;
    serde_json::from_slice(answer.body()).unwrap()
}

/// Waits until the open sessions are these, with so many messages each.
async fn sessions(addr: SocketAddr, expected: &[(&str, u64)]) {
    let mut expected: Vec<_> = expected
        .iter()
        .map(|(id, messages)| (json!(id), json!(messages)))
        .collect();
    expected.sort_by_key(|(id, _)| id.to_string());
    let mut seen = Vec::new();
    let looking = async {
        while seen != expected {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let all = query(addr, "{ sessions(first: 50) { items { id messages } } }").await;
            let items = all["data"]["sessions"]["items"].as_array().unwrap();
            let pair = |item: &Value| (item["id"].clone(), item["messages"].clone());
            seen = items.iter().map(pair).collect();
            seen.sort_by_key(|(id, _)| id.to_string());
        }
    };
    let looked = timeout(HANG, looking).await;
    assert!(looked.is_ok(), "seen {seen:?}, expected {expected:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_preset_is_taken_whole_or_not_at_all_and_is_seen() {
    let engine = presets().await;
    let addr = engine.local_addr();
    let waiting = in_envelope(
        "aws.partner/genesys.com/cloud/org/x",
        genesys("queue.messages.waiting"),
    );
    let start = genesys("eventbridge.customer.start");
    let mut bad_start = start.clone();
    bad_start["detail"]["eventBody"]
        .as_object_mut()
        .unwrap()
        .remove("conversationId");
    let conversation = twilio("conversation.added", json!({"ConversationSid": "CH1"}));
    let said = json!({"ConversationSid": "CH1", "MessageSid": "IM1", "Author": "+4912345"});
    let said = twilio("message.added", said);
    let joined = twilio("participant.added", json!({"ConversationSid": "CH1"}));
    let structured = &[("content-type", "application/cloudevents+json")][..];
    let batch = &[("content-type", "application/cloudevents-batch+json")][..];
    let mut nameless = webchat("connected", "bad");
    nameless["data"] = json!({});
    let mut bad_base64 = in_base64(webchat("connected", "bad"));
    bad_base64["data_base64"] = json!("!");
    // Where it goes, its headers, its body, and the elements, events and ignored ones of the answer.
    let good = [
        ("tutorial", &[][..], event("plain"), (1, 1, 0)),
        ("genesys-eventbridge", &[], start.clone(), (1, 1, 0)),
        (
            "genesys-eventbridge",
            &[],
            json!([waiting, genesys("flow.start")]),
            (2, 3, 1),
        ),
        (
            "amazon-connect",
            &[],
            contact("INITIATED", "contact-1"),
            (1, 1, 0),
        ),
        (
            "twilio-event-streams",
            &[],
            json!([conversation, joined, said]),
            (3, 2, 1),
        ),
        (
            "cloudevents",
            structured,
            webchat("connected", "ce-1"),
            (1, 1, 0),
        ),
        (
            "cloudevents",
            batch,
            json!([
                in_base64(webchat("connected", "ce-2")),
                webchat("message", "ce-2")
            ]),
            (2, 2, 0),
        ),
        (
            "mapped",
            &[],
            json!([mapped("opened", "room-1"), mapped("said", "room-1")]),
            (2, 2, 0),
        ),
    ];
    for (name, headers, body, (elements, events, ignored)) in good {
        let expected = json!({
            "elements": elements, "events": events, "ignored": ignored,
        });
        assert_eq!(
            answer(addr, name, headers, &body).await,
            (200, expected),
            "{body}"
        );
    }
    let bad = [
        ("tutorial", &[][..], event(""), "data"),
        ("genesys-eventbridge", &[], bad_start, "conversationId"),
        ("amazon-connect", &[], contact("INITIATED", ""), "contactId"),
        (
            "twilio-event-streams",
            &[],
            twilio("conversation.added", json!({})),
            "ConversationSid",
        ),
        ("cloudevents", batch, nameless, "sessionId"),
        ("cloudevents", batch, bad_base64, "data_base64"),
        ("mapped", &[], mapped("opened", ""), "/room/id"),
    ];
    let before = [
        event("bad"),
        start,
        contact("INITIATED", "bad"),
        twilio("conversation.added", json!({"ConversationSid": "bad"})),
        webchat("connected", "bad"),
        webchat("connected", "bad"),
        mapped("opened", "bad"),
    ];
    for ((name, headers, body, why), before) in bad.into_iter().zip(before) {
        let body = json!([before, body]);
        let (status, said) = answer(addr, name, headers, &body).await;
        assert_eq!((status, &said["index"]), (400, &json!(1)), "{body} {said}");
        assert!(
            said["error"].as_str().unwrap().contains(why),
            "{why}: {said}"
        );
    }

    // One event whose attributes are headers.
    let now = Clock::system().wall().to_string();
    let binary = [
        ("ce-specversion", "1.0"),
        ("ce-type", "com.example.webchat.connected"),
        ("ce-source", "/shop"),
        ("ce-id", "1"),
        ("ce-time", &now),
    ];
    let (status, said) = answer(addr, "cloudevents", &binary, "{}").await;
    assert_eq!((status, &said["index"]), (400, &json!(0)), "{said}");
    let data = r#"{"sessionId":"ce-3"}"#;
    let (status, said) = answer(addr, "cloudevents", &binary, data).await;
    assert_eq!((status, &said["events"]), (200, &json!(1)), "{said}");

    let all = [
        ("plain", 0),
        (GENESYS, 1),
        ("contact-1", 0),
        ("CH1", 1),
        ("ce-1", 0),
        ("ce-2", 1),
        ("ce-3", 0),
        ("room-1", 1),
    ];
    sessions(addr, &all).await;
    let counts = query(
        addr,
        "{ engine { pushEndpoints { name elements ignored } } }",
    )
    .await;
    let counts: Vec<_> = counts["data"]["engine"]["pushEndpoints"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| (each["elements"].as_u64(), each["ignored"].as_u64()))
        .collect();
    let expected = [(1, 0), (3, 1), (1, 0), (3, 1), (4, 0), (2, 0)];
    assert_eq!(
        counts,
        expected.map(|(all, ignored)| (Some(all), Some(ignored)))
    );
    let last = engine.reader().load();
    assert_eq!(last.counters.applied, 12);
    // The view says again that the customer came, and when it was queued, which is long ago.
    assert_eq!((last.counters.repeated, last.counters.carried), (1, 1));
    assert_eq!(
        (last.counters.payload_gap(), last.counters.event_gap()),
        (0, 0)
    );
    engine.shutdown().await.unwrap();
}

/// Senders repeat what they got no answer to: whole requests, single events, in any order.
#[tokio::test(flavor = "multi_thread")]
async fn what_each_preset_brings_again_counts_once() {
    for endpoint in endpoints() {
        let name = &*endpoint.name;
        let (clock, hands) = replayed::clock();
        let engine = start_at(clock, |settings| {
            settings.push.endpoints = vec![endpoint.clone()];
        })
        .await;
        let addr = engine.local_addr();
        let elements = replayed::content(name);
        let mut sent = 0;
        let mut bodies = vec![json!(elements)];
        bodies.push(elements.iter().rev().cloned().collect());
        bodies.extend(elements.iter().cloned());
        bodies.extend(elements.iter().rev().cloned());
        let mut first = None;
        for body in bodies {
            let (status, said) = answer(addr, name, &[], &body).await;
            assert_eq!(status, 200, "{name}: {said}");
            sent += said["events"].as_u64().unwrap();
            replayed::counted(&engine, &hands, sent, 400).await;
            let seen = engine.reader().load();
            let counts = (
                seen.counters.applied,
                seen.total_connections,
                seen.sessions.open,
                seen.main().messages_per_minute().to_bits(),
            );
            assert!(counts.0 > 0, "{name}");
            assert_eq!(&counts, first.get_or_insert(counts), "{name}: {body}");
            assert_eq!(seen.counters.event_gap(), 0, "{name}");
        }
        engine.shutdown().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn firehose_has_its_answer_whatever_is_said() {
    let engine = presets().await;
    let addr = engine.local_addr();
    let contacts = |kind: &str, ids: &[&str]| {
        let texts = ids.iter().map(|id| contact(kind, id).to_string());
        texts.collect::<Vec<_>>()
    };
    // Two records, of which one holds two elements.
    let [one, two, three] = &contacts("INITIATED", &["c-1", "c-2", "c-3"])[..] else {
        unreachable!()
    };
    let good = firehose(&[format!("{one}\n{two}"), three.clone()]);
    let bad = firehose(&contacts("INITIATED", &["bad", ""]));
    let bearer = format!("Bearer {SECRET}");
    let of = |name: &'static str, value: &'static str| {
        let mut headers = FIREHOSE.to_vec();
        headers.push((name, value));
        headers
    };
    for (headers, body, status, why) in [
        (FIREHOSE.to_vec(), good.as_str(), 200, None),
        (
            FIREHOSE.to_vec(),
            &bad,
            400,
            Some("element 1: detail.contactId"),
        ),
        (FIREHOSE.to_vec(), "{}", 400, Some("no request of Firehose")),
        (
            of("authorization", "Bearer another"),
            &good,
            401,
            Some("credential"),
        ),
        (
            of("content-type", "text/plain"),
            &good,
            415,
            Some("content-type"),
        ),
        (
            of("content-encoding", "br"),
            &good,
            415,
            Some("content-encoding"),
        ),
        (of("authorization", ""), &good, 401, Some("credential")),
    ] {
        let (said_status, said) = answer(addr, "amazon-connect", &headers, body).await;
        assert_eq!(said_status, status, "{said}");
        assert_eq!(said["requestId"], "r-1", "{said}");
        assert!(said["timestamp"].is_i64(), "{said}");
        let error = said
            .get("errorMessage")
            .map(|error| error.as_str().unwrap());
        assert_eq!(error.is_some(), why.is_some(), "{said}");
        assert!(
            error.unwrap_or_default().contains(why.unwrap_or_default()),
            "{said}"
        );
        assert!(!said.to_string().contains(&bearer), "{said}");
    }
    sessions(addr, &[("c-1", 0), ("c-2", 0), ("c-3", 0)]).await;
    engine.shutdown().await.unwrap();

    // No room: the same, from the head on and while the body comes.
    let engine = start(|settings| {
        (settings.push.high_water, settings.push.low_water) = (100, 50);
    })
    .await;
    let addr = engine.local_addr();
    let (status, said) = answer(addr, "bearer", FIREHOSE, &good).await;
    assert_eq!((status, &said["requestId"]), (503, &json!("r-1")), "{said}");
    assert!(
        said["errorMessage"]
            .as_str()
            .unwrap()
            .contains("Retry-After")
    );
    engine.shutdown().await.unwrap();
}
