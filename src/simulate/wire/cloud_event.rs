//! Plain CloudEvents, with what happens to the legs of queues and agents.

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

const SOURCE: &str = "/streamgauge/simulate";

pub(super) fn payload(fact: &Fact) -> Value {
    let session = uuid(fact.conversation);
    let mut data = json!({
        "sessionId": session,
        "deploymentId": deployment_id(&Dialect::Cloudevents, fact.deployment),
        "queueId": queue_id(&Dialect::Cloudevents, fact.home),
    });
    let queue_of = |queue| json!(queue_id(&Dialect::Cloudevents, queue));
    let agent_of = |agent| json!(agent_id(&Dialect::Cloudevents, agent));
    let mut of_leg = |leg, queue, own: &[(&str, Value)]| {
        data["legId"] = json!(uuid(leg));
        data["queueId"] = queue_of(queue);
        data["media"] = json!("message");
        for (key, value) in own {
            data[*key] = value.clone();
        }
        uuid(leg)
    };
    let (kind, id) = match fact.what {
        What::Started => {
            data["author"] = json!("guest");
            data["legs"] = json!(true);
            ("connected", format!("{session}-connected"))
        }
        What::Message { id, author, .. } => {
            data["author"] = json!(match author {
                Author::Guest => "guest",
                Author::Bot => "bot",
                Author::Agent(_) => "agent",
            });
            if let Author::Agent(agent) = author {
                data["agentId"] = agent_of(agent);
            }
            ("message", uuid(id))
        }
        What::Ended { by } => {
            data["reason"] = json!(by.label());
            data["legs"] = json!(true);
            data["author"] = json!(match by {
                EndedBy::Guest => "guest",
                EndedBy::Agent => "agent",
                EndedBy::Inactivity => "bot",
            });
            ("disconnected", format!("{session}-disconnected"))
        }
        What::Queued { leg, queue, .. } => ("queued", of_leg(leg, queue, &[])),
        What::LeftQueue {
            leg,
            queue,
            how,
            wait_ms,
        } => {
            let wait = ("waitMs", json!(wait_ms));
            match how {
                LeftQueue::Answered(agent) => {
                    let own = [wait, ("agentId", agent_of(agent))];
                    ("answered", of_leg(leg, queue, &own))
                }
                LeftQueue::Abandoned => {
                    let own = [wait, ("author", json!("guest"))];
                    ("abandoned", of_leg(leg, queue, &own))
                }
                LeftQueue::Lapsed => {
                    let own = [wait, ("author", json!("bot"))];
                    ("abandoned", of_leg(leg, queue, &own))
                }
                LeftQueue::Requeued => ("left-queue", of_leg(leg, queue, &[wait])),
            }
        }
        What::Alerting { leg, queue, agent } => {
            let own = [("agentId", agent_of(agent))];
            ("alerting", of_leg(leg, queue, &own))
        }
        What::Joined { leg, queue, agent } => {
            let own = [("agentId", agent_of(agent))];
            ("joined", of_leg(leg, queue, &own))
        }
        What::LeftAgent {
            leg,
            queue,
            agent,
            alert_ms,
            talk_ms,
            ..
        } => {
            let own = [
                ("agentId", agent_of(agent)),
                ("alertMs", json!(alert_ms)),
                ("talkMs", json!(talk_ms)),
            ];
            ("left", of_leg(leg, queue, &own))
        }
        What::WrappedUp {
            leg,
            queue,
            agent,
            after_work_ms,
        } => {
            let own = [
                ("agentId", agent_of(agent)),
                ("afterWorkMs", json!(after_work_ms)),
            ];
            ("wrapped-up", of_leg(leg, queue, &own))
        }
    };
    let id = match kind {
        "connected" | "disconnected" | "message" => id,
        _ => format!("{id}-{kind}"),
    };
    let event_type = format!("com.example.webchat.{kind}");
    envelope::cloud_event(&id, &event_type, SOURCE, fact.at, &data)
}
