//! Plain CloudEvents.

use serde_json::Value;
use serde_json::json;

use super::envelope;
use super::ids::deployment_id;
use super::ids::queue_id;
use super::ids::uuid;
use crate::config::Dialect;
use crate::simulate::centre::Author;
use crate::simulate::centre::Fact;
use crate::simulate::centre::What;

const SOURCE: &str = "/streamgauge/simulate";

pub(super) fn payload(fact: &Fact) -> Option<Value> {
    let session = uuid(fact.conversation);
    let mut data = json!({
        "sessionId": session,
        "deploymentId": deployment_id(&Dialect::Cloudevents, fact.deployment),
        "queueId": queue_id(&Dialect::Cloudevents, fact.home),
    });
    let (kind, id) = match fact.what {
        What::Started => ("connected", format!("{session}-connected")),
        What::Message { id, author, .. } => {
            data["author"] = json!(match author {
                Author::Guest => "guest",
                Author::Bot => "bot",
                Author::Agent(_) => "agent",
            });
            ("message", uuid(id))
        }
        What::Ended { by } => {
            data["reason"] = json!(by.label());
            ("disconnected", format!("{session}-disconnected"))
        }
        _ => return None,
    };
    let event_type = format!("com.example.webchat.{kind}");
    let event = envelope::cloud_event(&id, &event_type, SOURCE, fact.at, &data);
    Some(event)
}
