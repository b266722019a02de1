//! The facts of a contact centre as their senders would write them: one file a dialect.
//!
//! Like `event_json` it must write what `parse` reads, and shares no code with it. Each dialect says what
//! its format can say, in the shape that its vendor documents; [`Voice`](super::ledger::Voice) has what
//! that comes to.

mod amazon_connect;
mod cloud_event;
mod envelope;
mod genesys;
mod ids;
mod tutorial;
mod twilio;

use serde_json::Value;

use super::centre::Fact;
use crate::config::Dialect;

pub use ids::agent_id;
pub use ids::deployment_id;
pub use ids::queue_id;

/// The payloads that a fact comes to, in order; none where the dialect cannot say it, and of a mapping.
pub fn payloads(dialect: &Dialect, fact: &Fact) -> Vec<Vec<u8>> {
    let values: Vec<Value> = match dialect {
        Dialect::Tutorial => tutorial::payload(fact).into_iter().collect(),
        Dialect::GenesysEventbridge => genesys::payload(fact).into_iter().collect(),
        Dialect::AmazonConnect => amazon_connect::payloads(fact),
        Dialect::TwilioEventStreams => twilio::payload(fact).into_iter().collect(),
        Dialect::Cloudevents => vec![cloud_event::payload(fact)],
        Dialect::Mapped(_) => Vec::new(),
    };
    let texts = values.iter().map(|value| value.to_string().into_bytes());
    texts.collect()
}
