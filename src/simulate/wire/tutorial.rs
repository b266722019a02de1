//! The wire format of the source `events-stream`.

use serde_json::Value;
use serde_json::json;

use super::ids::deployment_id;
use super::ids::queue_id;
use super::ids::uuid;
use crate::config::Dialect;
use crate::simulate::centre::Author;
use crate::simulate::centre::Fact;
use crate::simulate::centre::What;

pub(super) fn payload(fact: &Fact) -> Option<Value> {
    let kind = match fact.what {
        What::Started => "connected",
        What::Message { .. } => "message",
        What::Ended { .. } => "disconnected",
        _ => return None,
    };
    let session = uuid(fact.conversation);
    let mut data = json!({
        "sessionId": session,
        "conversationId": session,
        "deploymentId": deployment_id(&Dialect::Tutorial, fact.deployment),
        "queueId": queue_id(&Dialect::Tutorial, fact.home),
    });
    match fact.what {
        What::Message {
            id,
            author,
            text_length,
        } => {
            data["messageId"] = json!(uuid(id));
            data["direction"] = json!(match author {
                Author::Guest => "inbound",
                Author::Bot | Author::Agent(_) => "outbound",
            });
            data["textLength"] = json!(text_length);
        }
        What::Ended { by } => data["reason"] = json!(by.label()),
        _ => {}
    }
    Some(json!({
        "eventType": format!("webchat:{kind}"),
        "timestamp": fact.at.to_string(),
        "data": data,
        "metadata": {"region": "use1"},
    }))
}
