//! The rivals: what a program without a decoder of its own would write for one dialect, with serde.
//!
//! One type for all of them: what a payload does not have is skipped quickly, so no rival loses by it.

use std::hint::black_box;

use serde::Deserialize;
use serde_json::Value;

/// What is read of a payload. Texts are borrowed.
#[derive(Deserialize, Default)]
pub(crate) struct Typed<'a> {
    #[serde(rename = "type", default, borrow)]
    kind: &'a str,
    #[serde(default)]
    time: &'a str,
    #[serde(default)]
    event: &'a str,
    #[serde(rename = "topicName", default)]
    topic: &'a str,
    #[serde(default)]
    detail: Option<Detail<'a>>,
    #[serde(rename = "eventBody", default)]
    body: Option<Body<'a>>,
    #[serde(default)]
    data: Option<Body<'a>>,
    #[serde(default)]
    conversation: Option<Body<'a>>,
}

/// EventBridge's detail.
#[derive(Deserialize, Default)]
pub(crate) struct Detail<'a> {
    #[serde(rename = "topicName", default)]
    topic: &'a str,
    #[serde(rename = "eventType", default)]
    kind: &'a str,
    #[serde(rename = "contactId", default)]
    contact: &'a str,
    #[serde(rename = "initiationTimestamp", default)]
    time: &'a str,
    #[serde(rename = "eventBody", default, borrow)]
    body: Option<Body<'a>>,
}

/// Where the session is.
#[derive(Deserialize, Default)]
pub(crate) struct Body<'a> {
    #[serde(rename = "eventTime", default)]
    time: u64,
    #[serde(rename = "conversationId", default)]
    conversation: &'a str,
    #[serde(rename = "ConversationSid", default)]
    sid: &'a str,
    #[serde(rename = "sessionId", default)]
    session: &'a str,
    #[serde(default)]
    id: &'a str,
    #[serde(rename = "queueId", default)]
    queue: &'a str,
    #[serde(alias = "addressTo", alias = "deploymentId", default)]
    deployment: &'a str,
}

impl Body<'_> {
    const fn facts(&self) -> (u64, [&str; 6]) {
        let sessions = [self.conversation, self.sid, self.session, self.id];
        let [one, two, three, four] = sessions;
        (
            self.time,
            [one, two, three, four, self.queue, self.deployment],
        )
    }
}

/// By serde_json.
pub(crate) fn serde_json(bytes: &[u8]) -> Typed<'_> {
    serde_json::from_slice(bytes).unwrap()
}

/// By sonic-rs.
pub(crate) fn sonic_rs(bytes: &[u8]) -> Typed<'_> {
    sonic_rs::from_slice(bytes).unwrap()
}

impl<'a> Typed<'a> {
    /// From a tree.
    pub(crate) fn of(value: &'a Value) -> Self {
        let text = |at: &str| value.pointer(at).and_then(Value::as_str).unwrap_or("");
        Self {
            kind: text("/type"),
            time: text("/time"),
            event: text("/event"),
            topic: text("/topicName"),
            detail: Some(Detail {
                topic: text("/detail/topicName"),
                kind: text("/detail/eventType"),
                contact: text("/detail/contactId"),
                ..Detail::default()
            }),
            ..Self::default()
        }
    }

    /// 1 where it begins or ends a session or is a message, as its kind says.
    pub(crate) fn known(&self) -> usize {
        let detail = self.detail.as_ref();
        let of_event = detail.map_or(("", ""), |detail| (detail.time, detail.contact));
        let bodies = [
            detail.and_then(|detail| detail.body.as_ref()),
            self.body.as_ref(),
            self.data.as_ref(),
            self.conversation.as_ref(),
        ];
        black_box((
            self.time,
            of_event,
            bodies.map(|body| body.map(Body::facts)),
        ));
        let of_detail = detail.map_or(["", ""], |detail| [detail.topic, detail.kind]);
        let words = [
            self.kind,
            self.event,
            self.topic,
            of_detail[0],
            of_detail[1],
        ];
        let ends = [
            "customer.start",
            "customer.end",
            "conversations.messages",
            "INITIATED",
            "DISCONNECTED",
            ".added",
            ".removed",
            "connected",
            "message",
            "opened",
            "said",
            "closed",
        ];
        let is_known = |word: &&str| !word.is_empty() && ends.iter().any(|end| word.ends_with(end));
        usize::from(words.iter().any(is_known))
    }
}
