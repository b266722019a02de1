//! Notifications of Genesys Cloud, in EventBridge's envelope: detail events of customers, queues and
//! agents, and a queue's view of each message.

use serde_json::Value;
use serde_json::json;

use super::envelope;
use super::ids::agent_id;
use super::ids::deployment_id;
use super::ids::queue_id;
use super::ids::uuid;
use crate::config::Dialect;
use crate::simulate::centre::Author;
use crate::simulate::centre::EndedBy;
use crate::simulate::centre::Fact;
use crate::simulate::centre::LeftQueue;
use crate::simulate::centre::What;

const SOURCE: &str = "aws.partner/genesys.com/cloud/00000000-0000-4000-8000-000000000001/simulate";
const DIALECT: Dialect = Dialect::GenesysEventbridge;

pub(super) fn payload(fact: &Fact) -> Option<Value> {
    let queue = |queue| json!(queue_id(&DIALECT, queue));
    let user = |agent| json!(agent_id(&DIALECT, agent));
    let (kind, participant, own) = match fact.what {
        What::Message { id, author, .. } => return Some(view(fact, id, author)),
        What::Started => ("customer.start", fact.conversation, json!({})),
        What::Ended { by } => {
            let how = match by {
                EndedBy::Guest => "CLIENT",
                EndedBy::Agent => "PEER",
                EndedBy::Inactivity => "INACTIVITY",
            };
            let own = json!({"disconnectType": how});
            ("customer.end", fact.conversation, own)
        }
        What::Queued { leg, queue: to, .. } => (
            "acd.start",
            leg,
            json!({"queueId": queue(to), "routingPriority": 0}),
        ),
        What::LeftQueue {
            leg,
            queue: from,
            how,
            wait_ms,
        } => {
            let (outcome, disconnect) = match how {
                LeftQueue::Answered(_) => (Some("ANSWERED"), "TRANSFER"),
                LeftQueue::Abandoned => (Some("ABANDON"), "CLIENT"),
                LeftQueue::Lapsed => (Some("ABANDON"), "INACTIVITY"),
                LeftQueue::Requeued => (None, "TRANSFER"),
            };
            let mut own = json!({
                "queueId": queue(from), "disconnectType": disconnect, "connectedDurationMs": wait_ms,
            });
            if let Some(outcome) = outcome {
                own["acdOutcome"] = json!(outcome);
            }
            if let LeftQueue::Answered(agent) = how {
                own["answeredUserId"] = user(agent);
            }
            ("acd.end", leg, own)
        }
        What::Alerting {
            leg,
            queue: of,
            agent,
        } => {
            let own = json!({"queueId": queue(of), "userId": user(agent)});
            ("user.start", leg, own)
        }
        // That an agent joined is said by the end of the wait.
        What::Joined { .. } => return None,
        What::LeftAgent {
            leg,
            queue: of,
            agent,
            alert_ms,
            talk_ms,
            is_transfer,
        } => {
            let mut own = json!({
                "queueId": queue(of),
                "userId": user(agent),
                "disconnectType": if is_transfer { "TRANSFER" } else { "CLIENT" },
                "alertingDurationMs": alert_ms,
            });
            if let Some(talk_ms) = talk_ms {
                own["interactingDurationMs"] = json!(talk_ms);
                own["heldDurationMs"] = json!(0);
            }
            ("user.end", leg, own)
        }
        What::WrappedUp {
            leg,
            queue: of,
            agent,
            after_work_ms,
        } => {
            let own = json!({
                "queueId": queue(of), "userId": user(agent), "wrapupDurationMs": after_work_ms,
            });
            ("acw", leg, own)
        }
    };
    let mut body = json!({
        "eventTime": fact.at.ms(),
        "conversationId": uuid(fact.conversation),
        "participantId": uuid(!participant),
        "sessionId": uuid(participant),
        "mediaType": "MESSAGE",
        "provider": "PureCloud Messaging",
        "direction": "INBOUND",
        "addressTo": deployment_id(&DIALECT, fact.deployment),
        "messageType": "WEBMESSAGING",
    });
    if let (Some(body), Value::Object(own)) = (body.as_object_mut(), own) {
        body.extend(own);
    }
    let conversation = uuid(fact.conversation);
    let topic = format!("v2.detail.events.conversation.{conversation}.{kind}");
    let detail_type = format!("v2.detail.events.conversation.{{id}}.{kind}");
    let id = format!("{}-{kind}", uuid(participant));
    Some(notification(&id, &topic, &detail_type, fact, &body))
}

/// What a queue's view of the conversation says of a new message.
fn view(fact: &Fact, id: u128, author: Author) -> Value {
    let queue = queue_id(&DIALECT, fact.home);
    let mut participant = json!({
        "purpose": match author {
            Author::Guest => "customer",
            Author::Bot => "workflow",
            Author::Agent(_) => "agent",
        },
        "queue": {"id": queue},
        "messages": [{
            "message": {"id": uuid(id)},
            "messageTime": fact.at.to_string(),
            "messageStatus": match author {
                Author::Guest => "received",
                Author::Bot | Author::Agent(_) => "sent",
            },
            "messageMetadata": {"type": "Text"},
        }],
    });
    if let Author::Agent(agent) = author {
        participant["user"] = json!({"id": agent_id(&DIALECT, agent)});
    }
    let body = json!({"id": uuid(fact.conversation), "participants": [participant]});
    let topic = format!("v2.routing.queues.{queue}.conversations.messages");
    let detail_type = "v2.routing.queues.{id}.conversations.messages";
    notification(&uuid(id), &topic, detail_type, fact, &body)
}

fn notification(id: &str, topic: &str, detail_type: &str, fact: &Fact, body: &Value) -> Value {
    let detail = json!({
        "topicName": topic,
        "version": "2",
        "eventBody": body,
        "metadata": {"CorrelationId": id},
        "timestamp": fact.at.to_string(),
    });
    envelope::event_bridge(id, detail_type, SOURCE, fact.at, &detail)
}
