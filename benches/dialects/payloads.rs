//! What the senders of each dialect post, of a fixed seed: for benches, counts of instructions and the
//! test of allocations.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use streamgauge::config::Dialect;
use streamgauge::config::MappedAuthor;
use streamgauge::config::MappedKind;
use streamgauge::config::Mapping;
use streamgauge::config::OtherKinds;
use streamgauge::config::TimeUnit;
use streamgauge::time::EpochMs;

/// 2026-01-15T12:00:00Z
const START: i64 = 1_768_478_400_000;
/// Distinct queues, deployments and agents, each.
const NAMES: u64 = 40;

/// Payloads of one dialect.
pub(crate) struct Traffic {
    /// What a bench calls it.
    pub(crate) name: &'static str,
    /// What reads it.
    pub(crate) dialect: Dialect,
    /// One element each.
    pub(crate) payloads: Vec<Vec<u8>>,
}

/// A name, what reads it, and how one payload is written.
type Kind = (&'static str, Dialect, fn(&mut Facts<'_>) -> String);

impl Traffic {
    /// So many payloads of each dialect.
    pub(crate) fn all(count: usize) -> Vec<Self> {
        let kinds: [Kind; 6] = [
            ("genesys_details", Dialect::GenesysEventbridge, detail),
            ("genesys_views", Dialect::GenesysEventbridge, view),
            ("amazon_connect", Dialect::AmazonConnect, contact),
            ("twilio", Dialect::TwilioEventStreams, twilio),
            ("cloudevents", Dialect::Cloudevents, cloud_event),
            ("mapped", Dialect::Mapped(Arc::new(mapping())), mapped),
        ];
        kinds.map(|kind| Self::of(kind, count)).into()
    }

    fn of((name, dialect, write): Kind, count: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let payload = |number| {
            write(&mut Facts {
                rng: &mut rng,
                number,
            })
            .into_bytes()
        };
        Self {
            name,
            dialect,
            payloads: (0..count).map(payload).collect(),
        }
    }
}

/// What a payload is made of.
struct Facts<'a> {
    rng: &'a mut ChaCha8Rng,
    number: usize,
}

impl Facts<'_> {
    fn uuid(&mut self) -> String {
        let hex = format!("{:032x}", self.rng.random::<u128>());
        let (a, b, c) = (&hex[..8], &hex[8..12], &hex[12..16]);
        format!("{a}-{b}-{c}-{}-{}", &hex[16..20], &hex[20..])
    }

    /// An id of which there are few.
    fn name(&mut self, kind: &str) -> String {
        let number = self.rng.random_range(0..NAMES);
        format!("{kind}{kind}-0000-4000-8000-{number:012}")
    }

    fn time(&mut self) -> EpochMs {
        EpochMs::from_ms(START + self.rng.random_range(0..3_600_000))
    }
}

/// The detail events of a conversation that a queue routes to an agent, in EventBridge's envelope.
fn detail(facts: &mut Facts<'_>) -> String {
    const KINDS: [(&str, &str); 10] = [
        (
            "customer.start",
            r#""journeyContext":{"sessionId":"eeeeeeee-0000-4000-8000-000000000000","sessionIdType":"web"}"#,
        ),
        (
            "flow.start",
            r#""flowType":"INBOUNDMESSAGE","flowId":"f0000000-0000-4000-8000-000000000001","flowVersion":"12.0""#,
        ),
        (
            "flow.end",
            r#""disconnectType":"TRANSFER","flowType":"INBOUNDMESSAGE","flowId":"f0000000-0000-4000-8000-000000000001","flowVersion":"12.0","exitReason":"TRANSFER","connectedDurationMs":445"#,
        ),
        (
            "acd.start",
            r#""queueId":"QUEUE","requestedRoutings":["STANDARD"],"routingPriority":0"#,
        ),
        (
            "acd.end",
            r#""disconnectType":"TRANSFER","queueId":"QUEUE","acdOutcome":"ANSWERED","answeredUserId":"AGENT","requestedRoutings":["STANDARD"],"usedRouting":"STANDARD","routingPriority":0,"connectedDurationMs":3088"#,
        ),
        ("user.start", r#""userId":"AGENT","queueId":"QUEUE""#),
        (
            "user.end",
            r#""disconnectType":"CLIENT","userId":"AGENT","queueId":"QUEUE","alertingDurationMs":2907,"interactingDurationMs":21044,"heldDurationMs":0"#,
        ),
        (
            "wrapup",
            r#""userId":"AGENT","queueId":"QUEUE","wrapupCode":"w0000000-0000-4000-8000-000000000001","wrapupDurationMs":5120"#,
        ),
        (
            "acw",
            r#""userId":"AGENT","queueId":"QUEUE","acwDurationMs":5120"#,
        ),
        (
            "customer.end",
            r#""disconnectType":"CLIENT","interactingDurationMs":24600"#,
        ),
    ];
    let (kind, rest) = KINDS[facts.number % KINDS.len()];
    let (queue, agent) = (facts.name("6666"), facts.name("7777"));
    let rest = rest.replace("QUEUE", &queue).replace("AGENT", &agent);
    let (time, deployment) = (facts.time(), facts.name("9999"));
    let [
        event,
        conversation,
        participant,
        session,
        guest,
        correlation,
    ] = std::array::from_fn(|_| facts.uuid());
    let ms = time.ms();
    format!(
        r#"{{"version":"0","id":"{event}","detail-type":"v2.detail.events.conversation.{{id}}.{kind}","source":"aws.partner/genesys.com/cloud/0c0a5a3f-0000-4000-8000-000000000000/bus","account":"123456789012","time":"2026-01-15T12:00:00Z","region":"us-east-1","resources":[],"detail":{{"topicName":"v2.detail.events.conversation.{conversation}.{kind}","version":"2","eventBody":{{"eventTime":{ms},"conversationId":"{conversation}","participantId":"{participant}","sessionId":"{session}","mediaType":"MESSAGE","provider":"PureCloud Messaging","direction":"INBOUND","addressTo":"{deployment}","addressFrom":"{guest}","messageType":"WEBMESSAGING","divisionId":"bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb",{rest}}},"metadata":{{"CorrelationId":"{correlation}"}},"timestamp":"{time}"}}}}"#
    )
}

/// A queue's view of a conversation with one to four messages.
fn view(facts: &mut Facts<'_>) -> String {
    let (queue, conversation) = (facts.name("6666"), facts.uuid());
    let mut message = || {
        let (id, time) = (facts.uuid(), facts.time());
        format!(
            r#"{{"id":"{id}","messageId":"{id}","messageTime":"{time}","messageStatus":"received","messageSegmentCount":1,"messageMetadata":{{"type":"Text"}}}}"#
        )
    };
    let asked = message();
    let replies: Vec<String> = (0..3).map(|_| message()).collect();
    let replies = replies[..facts.number % 4].join(",");
    format!(
        r#"{{"topicName":"v2.routing.queues.{queue}.conversations.messages","version":"2","eventBody":{{"id":"{conversation}","participants":[{{"id":"{}","purpose":"customer","queue":{{"id":"{queue}"}},"messages":[{asked}]}},{{"id":"{}","purpose":"agent","queue":{{"id":"{queue}"}},"messages":[{replies}]}}]}}}}"#,
        facts.uuid(),
        facts.uuid(),
    )
}

fn contact(facts: &mut Facts<'_>) -> String {
    let kinds = ["INITIATED", "QUEUED", "CONNECTED_TO_AGENT", "DISCONNECTED"];
    let kind = kinds[facts.number % kinds.len()];
    let (time, queue, id, event) = (facts.time(), facts.name("6666"), facts.uuid(), facts.uuid());
    let end = match kind {
        "DISCONNECTED" => format!(r#","disconnectTimestamp":"{time}""#),
        _ => String::new(),
    };
    format!(
        r#"{{"version":"0","id":"{event}","detail-type":"Amazon Connect Contact Event","source":"aws.connect","account":"123456789012","time":"{time}","region":"us-east-1","resources":["arn:aws:connect:us-east-1:123456789012:instance/i","arn:aws:connect:us-east-1:123456789012:instance/i/contact/{id}"],"detail":{{"eventType":"{kind}","contactId":"{id}","initialContactId":"{id}","channel":"CHAT","instanceArn":"arn:aws:connect:us-east-1:123456789012:instance/i","initiationMethod":"API","initiationTimestamp":"{time}","queueInfo":{{"queueType":"STANDARD","queueArn":"arn:aws:connect:us-east-1:123456789012:instance/i/queue/{queue}","enqueueTimestamp":"{time}"}}{end}}}}}"#
    )
}

fn twilio(facts: &mut Facts<'_>) -> String {
    let kinds = [
        "conversation.added",
        "message.added",
        "message.added",
        "conversation.removed",
    ];
    let kind = kinds[facts.number % kinds.len()];
    let (time, number) = (facts.time(), facts.rng.random::<u128>());
    let message = match kind {
        "message.added" => format!(
            r#","MessageSid":"IM{:032x}","Author":"whatsapp:+49123456789","Index":3,"Body":"hello""#,
            facts.rng.random::<u128>()
        ),
        _ => String::new(),
    };
    format!(
        r#"{{"specversion":"1.0","type":"com.twilio.conversations.{kind}","source":"/v1/Services/IS0/Conversations","id":"EZ{number:032x}","dataschema":"https://events-schemas.example/Conversations/1","datacontenttype":"application/json","time":"{time}","data":{{"ConversationSid":"CH{number:032x}","ChatServiceSid":"IS0","DateCreated":"{time}","DateRemoved":"{time}"{message}}}}}"#
    )
}

fn cloud_event(facts: &mut Facts<'_>) -> String {
    let kinds = ["connected", "message", "message", "disconnected"];
    let kind = kinds[facts.number % kinds.len()];
    let (id, session, time) = (facts.uuid(), facts.uuid(), facts.time());
    let (queue, deployment) = (facts.name("6666"), facts.name("9999"));
    format!(
        r#"{{"specversion":"1.0","type":"com.example.webchat.{kind}","source":"/shop","id":"{id}","time":"{time}","datacontenttype":"application/json","data":{{"sessionId":"{session}","queueId":"{queue}","deploymentId":"{deployment}","direction":"inbound","textLength":42}}}}"#
    )
}

fn mapped(facts: &mut Facts<'_>) -> String {
    let kinds = ["opened", "said", "said", "closed"];
    let kind = kinds[facts.number % kinds.len()];
    let (room, team, ms) = (facts.uuid(), facts.name("6666"), facts.time().ms());
    let id = facts.rng.random_range(0..1_u64 << 40);
    format!(
        r#"{{"event":"{kind}","at":{ms},"conversation":{{"id":"{room}","status":"open"}},"message":{{"id":{id},"type":"incoming","content":"hello"}},"team":"{team}","account":{{"id":1,"name":"shop"}}}}"#
    )
}

fn mapping() -> Mapping {
    let kinds = [
        ("opened", MappedKind::Connected),
        ("said", MappedKind::Message),
        ("closed", MappedKind::Disconnected),
    ];
    let pointer = |text: &str| match text.parse() {
        Ok(pointer) => pointer,
        Err(_) => panic!("{text} is a pointer"),
    };
    Mapping {
        kind: pointer("/event"),
        kinds: kinds.map(|(name, kind)| (name.into(), kind)).into(),
        other_kinds: OtherKinds::Ignored,
        time: pointer("/at"),
        time_unit: TimeUnit::Milliseconds,
        session: pointer("/conversation/id"),
        id: Some(pointer("/message/id")),
        queue: Some(pointer("/team")),
        deployment: None,
        agent: None,
        direction: None,
        author: Some(pointer("/message/type")),
        authors: BTreeMap::from([("incoming".into(), MappedAuthor::Guest)]),
    }
}
