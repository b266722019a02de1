//! Twilio's Event Streams: CloudEvents of conversations. Of queues and agents they say nothing.

use serde_json::Value;
use serde_json::json;

use super::envelope;
use super::ids::agent_id;
use super::ids::deployment_id;
use super::ids::uuid;
use crate::config::Dialect;
use crate::simulate::centre::Author;
use crate::simulate::centre::Fact;
use crate::simulate::centre::What;

const SOURCE: &str = "/conversations";
const DIALECT: Dialect = Dialect::TwilioEventStreams;

pub(super) fn payload(fact: &Fact) -> Option<Value> {
    let mut data = json!({
        "ConversationSid": format!("CH{:032x}", fact.conversation),
        "MessagingServiceSid": deployment_id(&DIALECT, fact.deployment),
    });
    let (event_type, id) = match fact.what {
        What::Started => {
            data["DateCreated"] = json!(fact.at.to_string());
            data["State"] = json!("active");
            ("conversation.added", fact.conversation)
        }
        What::Message { id, author, .. } => {
            data["DateCreated"] = json!(fact.at.to_string());
            data["MessageSid"] = json!(format!("IM{id:032x}"));
            data["Author"] = json!(match author {
                Author::Guest => phone(fact.conversation),
                Author::Bot => "system".to_owned(),
                Author::Agent(agent) => agent_id(&DIALECT, agent),
            });
            ("message.added", id)
        }
        What::Ended { .. } => {
            data["StateFrom"] = json!("active");
            data["StateTo"] = json!("closed");
            // Another event than the beginning has another id.
            ("conversation-state.updated", !fact.conversation)
        }
        _ => return None,
    };
    Some(envelope::cloud_event(
        &format!("EZ{}", uuid(id).replace('-', "")),
        &format!("com.twilio.conversations.{event_type}"),
        SOURCE,
        fact.at,
        &data,
    ))
}

/// The guest's address: a number that nobody has.
fn phone(conversation: u128) -> String {
    format!("whatsapp:+1555{:07}", conversation % 10_000_000)
}
