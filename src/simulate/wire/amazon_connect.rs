//! Contact events of Amazon Connect, in EventBridge's envelope. A transfer makes a contact of its own;
//! messages are not among them.

use serde_json::Value;
use serde_json::json;

use super::envelope;
use super::ids::agent_id;
use super::ids::queue_id;
use super::ids::uuid;
use crate::config::Dialect;
use crate::simulate::centre::EndedBy;
use crate::simulate::centre::Fact;
use crate::simulate::centre::What;
use crate::time::EpochMs;

const DIALECT: Dialect = Dialect::AmazonConnect;

pub(super) fn payloads(fact: &Fact) -> Vec<Value> {
    let at = fact.at;
    let stamp = at.to_string();
    let contact = fact.contact;
    match fact.what {
        What::Started => vec![initiated(contact, None, at)],
        What::Queued { queue, from, .. } => {
            let queued = json!({
                "eventType": "QUEUED",
                "queueInfo": {
                    "queueArn": queue_id(&DIALECT, queue), "queueType": "STANDARD",
                    "enqueueTimestamp": stamp,
                },
            });
            let queued = event(contact, at, queued);
            let Some(from) = from else {
                return vec![queued];
            };
            let gone = disconnected(from, "TRANSFERRED", at);
            vec![gone, initiated(contact, Some(from), at), queued]
        }
        What::Joined { queue, agent, .. } => {
            let joined = json!({
                "eventType": "CONNECTED_TO_AGENT",
                "queueInfo": {"queueArn": queue_id(&DIALECT, queue), "queueType": "STANDARD"},
                "agentInfo": {
                    "agentArn": agent_id(&DIALECT, agent), "connectedToAgentTimestamp": stamp,
                },
            });
            vec![event(contact, at, joined)]
        }
        What::Ended { by } => {
            let reason = match by {
                EndedBy::Guest => "CUSTOMER_DISCONNECT",
                EndedBy::Agent => "AGENT_DISCONNECT",
                EndedBy::Inactivity => "EXPIRED",
            };
            vec![disconnected(contact, reason, at)]
        }
        _ => Vec::new(),
    }
}

fn initiated(contact: u128, previous: Option<u128>, at: EpochMs) -> Value {
    let mut detail = json!({
        "eventType": "INITIATED",
        "initiationMethod": match previous {
            Some(_) => "TRANSFER",
            None => "API",
        },
        "initiationTimestamp": at.to_string(),
    });
    if let Some(previous) = previous {
        detail["previousContactId"] = json!(uuid(previous));
    }
    event(contact, at, detail)
}

fn disconnected(contact: u128, reason: &str, at: EpochMs) -> Value {
    let detail = json!({
        "eventType": "DISCONNECTED",
        "disconnectReason": reason,
        "disconnectTimestamp": at.to_string(),
    });
    event(contact, at, detail)
}

fn event(contact: u128, at: EpochMs, mut detail: Value) -> Value {
    detail["contactId"] = json!(uuid(contact));
    detail["channel"] = json!("CHAT");
    let kind = detail["eventType"].as_str().unwrap_or_default();
    let id = format!("{}-{}", uuid(contact), kind.to_lowercase());
    envelope::event_bridge(
        &id,
        "Amazon Connect Contact Event",
        "aws.connect",
        at,
        &detail,
    )
}
