//! Legs over real sockets: what a contact centre posts is what its supervisor reads, in GraphQL, in `/metrics`
//! and from alerts.

use streamgauge::config::AlertBy;
use streamgauge::config::AlertRule;
use streamgauge::config::Threshold;
use streamgauge::metric::DeskMetric;
use streamgauge::metric::Metric;
use streamgauge::time::EpochMs;

use super::presets::endpoints;
use super::presets::query;
use super::*;

/// A detail event of a conversation, so many milliseconds after the first.
struct Story {
    start_ms: i64,
    conversation: &'static str,
    events: Vec<Value>,
}

impl Story {
    fn new(start_ms: i64, conversation: &'static str) -> Self {
        Self {
            start_ms,
            conversation,
            events: Vec::new(),
        }
    }

    fn at(mut self, after_ms: i64, what: &str, rest: Value) -> Self {
        let mut body = json!({
            "eventTime": self.start_ms + after_ms, "conversationId": self.conversation,
            "mediaType": "MESSAGE", "messageType": "WEBMESSAGING", "addressTo": "page",
        });
        let fields = body.as_object_mut().unwrap();
        fields.extend(rest.as_object().unwrap().clone());
        let topic = format!("v2.detail.events.conversation.{}.{what}", self.conversation);
        self.events
            .push(json!({"topicName": topic, "version": "2", "eventBody": body}));
        self
    }

    /// A queue's view with a message of the guest, in which the end of the conversation is not known.
    fn says(mut self, after_ms: i64, message: &str) -> Self {
        let at = EpochMs::from_ms(self.start_ms + after_ms).to_string();
        let guest = json!({"purpose": "customer", "messages": [{"message": {"id": message}, "messageTime": at}]});
        let body = json!({"id": self.conversation, "participants": [guest]});
        let topic = "v2.routing.queues.sales.conversations.messages";
        self.events
            .push(json!({"topicName": topic, "version": "2", "eventBody": body}));
        self
    }

    fn leg(self, after_ms: i64, what: &str, session: &str, rest: Value) -> Self {
        let mut fields = json!({"sessionId": session, "queueId": "sales"});
        let all = fields.as_object_mut().unwrap();
        all.extend(rest.as_object().unwrap().clone());
        self.at(after_ms, what, fields)
    }
}

/// One answered and wrapped up, one abandoned, one that waits, one whose first agent did not respond.
fn stories(start_ms: i64) -> Vec<Value> {
    let ana = || json!({"userId": "ana"});
    let answered = Story::new(start_ms, "10000000-0000-4000-8000-000000000001")
        .at(0, "customer.start", json!({}))
        .leg(500, "acd.start", "q1", json!({}))
        .leg(3_000, "user.start", "u1", ana())
        .leg(4_500, "acd.end", "q1", json!({"acdOutcome": "ANSWERED", "answeredUserId": "ana", "connectedDurationMs": 4_000}))
        .leg(14_500, "user.end", "u1", json!({"userId": "ana", "interactingDurationMs": 10_000, "heldDurationMs": 0, "disconnectType": "PEER"}))
        .at(14_600, "customer.end", json!({"disconnectType": "CLIENT"}))
        .leg(16_500, "acw", "u1", json!({"userId": "ana", "wrapupDurationMs": 2_000}));
    let abandoned = Story::new(start_ms, "10000000-0000-4000-8000-000000000002")
        .at(0, "customer.start", json!({}))
        .leg(1_000, "acd.start", "q2", json!({}))
        .leg(13_000, "acd.end", "q2", json!({"acdOutcome": "ABANDON", "disconnectType": "CLIENT", "connectedDurationMs": 12_000}))
        .at(13_000, "customer.end", json!({"disconnectType": "CLIENT"}));
    let waits = Story::new(start_ms, "10000000-0000-4000-8000-000000000003")
        .at(0, "customer.start", json!({}))
        .says(1_000, "m3")
        .leg(2_000, "acd.start", "q3", json!({}));
    let talks = Story::new(start_ms, "10000000-0000-4000-8000-000000000004")
        .at(0, "customer.start", json!({}))
        .leg(1_000, "acd.start", "q4", json!({}))
        .leg(1_100, "user.start", "u4", ana())
        .leg(2_100, "user.end", "u4", json!({"userId": "ana", "alertingDurationMs": 1_000, "disconnectType": "TIMEOUT"}))
        .leg(9_000, "acd.end", "q4", json!({"acdOutcome": "ANSWERED", "answeredUserId": "ben", "connectedDurationMs": 8_000}));
    [answered, abandoned, waits, talks]
        .into_iter()
        .flat_map(|story| story.events)
        .collect()
}

const WINDOW: &str = "offered answered abandoned shortAbandoned lapsed flowedOut transferred notResponding \
    overServiceLevel handled serviceLevel withinServiceLevel countedForServiceLevel answerMeanMs handleMeanMs \
    answerTimes { count meanMs maxMs } talkTimes { count meanMs } afterWorkTimes { count meanMs } heldTimes { count }";

async fn desk(addr: SocketAddr, arguments: &str) -> Value {
    let ask = format!(
        "{{ desk({arguments}) {{ known windowMs found total {{ waiting interacting alerting longestWaitingMs longestWaitingSession window {{ {WINDOW} }} }} items {{ name displayName kind waiting interacting window {{ {WINDOW} }} }} }} }}"
    );
    let answer = query(addr, &ask).await;
    assert!(answer["errors"].is_null(), "{answer}");
    answer["data"]["desk"].clone()
}

async fn until(addr: SocketAddr, what: impl Fn(&Value) -> bool) -> Value {
    let mut seen = Value::Null;
    let looking = async {
        while !what(&seen) {
            tokio::time::sleep(Duration::from_millis(30)).await;
            seen = desk(addr, "by: QUEUE").await;
        }
    };
    let looked = timeout(HANG, looking).await;
    assert!(looked.is_ok(), "seen {seen}");
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_posted_of_legs_is_read_by_queue_and_agent_however_often_it_comes() {
    let engine = start(|settings| {
        settings.push.endpoints = endpoints();
        // Nobody waits for what has no agent.
        settings.aggregate.lateness_ms = 1_000;
        settings.alerts = vec![AlertRule {
            name: "one waits".into(),
            metric: Metric::Desk(DeskMetric::Waiting),
            window_ms: None,
            group: Some((AlertBy::Queue, "sales".into())),
            kind: None,
            threshold: Threshold::Above(0.5),
            hysteresis: 0.0,
            for_ms: 0,
        }];
    })
    .await;
    let addr = engine.local_addr();
    let before = desk(addr, "by: QUEUE").await;
    assert_eq!(
        (&before["known"], &before["total"]),
        (&json!(false), &Value::Null)
    );
    let start_ms = Clock::system().wall().ms() - 25_000;
    let mut events = stories(start_ms);
    let post_all = async |events: &[Value]| {
        let mut request = post(addr, "/push/genesys-eventbridge", json!(events).to_string());
        request
            .headers_mut()
            .insert("content-type", "application/json".parse().unwrap());
        let answer = send(addr, request).await;
        assert_eq!(answer.status(), 200, "{:?}", answer.body());
    };
    post_all(&events).await;
    // Again, and the other way round: it changes nothing.
    post_all(&events).await;
    events.reverse();
    post_all(&events).await;
    let seen = until(addr, |desk| {
        desk["total"]["window"]["notResponding"] == json!(1)
    })
    .await;
    let total = &seen["total"];
    let window = &total["window"];
    for (field, value) in [
        ("offered", json!(4)),
        ("answered", json!(2)),
        ("abandoned", json!(1)),
        ("shortAbandoned", json!(0)),
        ("lapsed", json!(0)),
        ("flowedOut", json!(0)),
        ("transferred", json!(0)),
        ("handled", json!(1)),
        ("overServiceLevel", json!(0)),
        ("withinServiceLevel", json!(2)),
        ("countedForServiceLevel", json!(3)),
        ("answerMeanMs", json!(6_000.0)),
        ("handleMeanMs", json!(12_000.0)),
        (
            "answerTimes",
            json!({"count": 2, "meanMs": 6_000.0, "maxMs": 8_000.0}),
        ),
        ("talkTimes", json!({"count": 1, "meanMs": 10_000.0})),
        ("afterWorkTimes", json!({"count": 1, "meanMs": 2_000.0})),
        ("heldTimes", Value::Null),
    ] {
        assert_eq!(window[field], value, "{field}: {window}");
    }
    let level = window["serviceLevel"].as_f64().unwrap();
    assert!((level - 2.0 / 3.0).abs() < 1e-9, "{level}");
    assert_eq!(
        (&total["waiting"], &total["interacting"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        total["longestWaitingSession"],
        json!("10000000-0000-4000-8000-000000000003")
    );
    assert!(total["longestWaitingMs"].as_f64().unwrap() >= 20_000.0);
    let names = |desk: &Value| -> Vec<String> {
        let items = desk["items"].as_array().unwrap().iter();
        items
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&seen), ["sales"]);
    let agents = desk(addr, "by: AGENT, orderBy: HANDLED").await;
    assert_eq!(names(&agents), ["ana", "ben"]);
    assert_eq!(agents["items"][0]["window"]["handled"], json!(1));
    assert_eq!(agents["items"][0]["window"]["notResponding"], json!(1));
    assert_eq!(agents["items"][1]["interacting"], json!(1));
    assert_eq!(
        names(&desk(addr, "by: AGENT, search: \"BE\"").await),
        ["ben"]
    );
    assert_eq!(
        names(&desk(addr, "by: AGENT, orderBy: NAME, reverse: true, first: 1").await),
        ["ben"]
    );
    assert_eq!(names(&desk(addr, "by: MEDIA").await), ["message"]);
    let bad = query(addr, "{ desk(windowMs: 7) { known } }").await;
    let why = bad["errors"][0]["message"].as_str().unwrap();
    assert!(
        why.starts_with("windowMs: 7 is no window of the settings; choose 60000"),
        "{why}"
    );

    let scrape = send(addr, request(addr, Method::GET, "/metrics", "")).await;
    let text = String::from_utf8(scrape.body().to_vec()).unwrap();
    for line in [
        "streamgauge_waiting 1",
        "streamgauge_window_offered{window=\"1m\"} 4",
        "streamgauge_queue_window_answer_mean_seconds{queue=\"sales\",window=\"1m\"} 6.0",
        "streamgauge_agent_window_handled{agent=\"ana\",window=\"1m\"} 1",
    ] {
        assert!(
            text.lines().any(|found| found.starts_with(line)),
            "no {line} in {text}"
        );
    }
    let mut alerts = Value::Null;
    let firing = async {
        // They are looked at once a second.
        while alerts["data"]["alerts"]["items"][0]["phase"] != "FIRING" {
            tokio::time::sleep(Duration::from_millis(30)).await;
            alerts = query(addr, "{ alerts { items { name phase value } } }").await;
        }
    };
    let looked = timeout(HANG, firing).await;
    assert!(looked.is_ok(), "{alerts}");
    // What is repeated counts no session twice either.
    let counts = query(addr, "{ realTimeMetrics { openSessions totalConnections awaitingReply } counters { duplicates repeated late } }").await;
    let counts = &counts["data"];
    assert_eq!(
        counts["realTimeMetrics"],
        json!({"openSessions": 2, "totalConnections": 4, "awaitingReply": 1})
    );
    assert_eq!(
        (
            &counts["counters"]["duplicates"],
            &counts["counters"]["late"]
        ),
        (&json!(2), &json!(0))
    );
    engine.shutdown().await.unwrap();
}
