//! Detail events: one for each edge of a conversation, a queue's leg or an agent's.

use super::Side;
use super::ended_by;
use crate::event::Actor;
use crate::event::EventKind;
use crate::event::FactKind;
use crate::event::Field;
use crate::event::Media;
use crate::event::Outcome;
use crate::parse::draft::Draft;
use crate::parse::draft::Leg;
use crate::parse::draft::Sink;
use crate::parse::draft::length;
use crate::parse::draft::text;
use crate::parse::draft::time_at;
use crate::parse::tape::Refusal;
use crate::parse::value::Value;

/// What began or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    CustomerStart,
    CustomerEnd,
    QueueStart,
    QueueEnd,
    AgentStart,
    AgentEnd,
    AfterWork,
}

impl Edge {
    /// By the end of its topic.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "customer.start" => Self::CustomerStart,
            "customer.end" => Self::CustomerEnd,
            "acd.start" => Self::QueueStart,
            "acd.end" => Self::QueueEnd,
            "user.start" => Self::AgentStart,
            "user.end" => Self::AgentEnd,
            "acw" => Self::AfterWork,
            _ => return None,
        })
    }
}

pub(super) fn read(
    edge: Edge,
    body: Value<'_, '_>,
    sink: &mut Sink<'_, '_>,
) -> Result<(), Refusal> {
    let time = time_at(body, &[&["eventTime"]])?;
    let word = |key: &str, field| text(body, &[key], field);
    let session = word("conversationId", Field::SessionId)?;
    let disconnect_type = word("disconnectType", Field::Data)?;
    let of_customer = |kind, by| -> Result<_, Refusal> {
        // A guest writes to the deployment; of other channels the address is a number or a page.
        let deployment = match word("messageType", Field::DeploymentId)? {
            "WEBMESSAGING" => word("addressTo", Field::DeploymentId)?,
            _ => "",
        };
        Ok(Draft {
            session,
            by,
            deployment,
            ..Draft::new(kind, time)
        })
    };
    let of_leg = |kind, agent| -> Result<_, Refusal> {
        let media = Media::named(word("mediaType", Field::Data)?);
        let mut leg = Leg::new(kind, media);
        leg.id = word("sessionId", Field::Data)?;
        Ok(Draft {
            session,
            queue: word("queueId", Field::QueueId)?,
            agent,
            ..Draft::of_leg(leg, time)
        })
    };
    let ms = |key: &str| length(body, &[key], Field::Data);
    let mut draft = match edge {
        Edge::CustomerStart => of_customer(EventKind::Connected, Actor::Guest)?,
        Edge::CustomerEnd => of_customer(
            EventKind::Disconnected,
            ended_by(Side::Customer, disconnect_type),
        )?,
        Edge::QueueStart => of_leg(FactKind::Queued, "")?,
        Edge::QueueEnd => of_leg(FactKind::LeftQueue, "")?,
        Edge::AgentStart => of_leg(FactKind::Alerting, word("userId", Field::Data)?)?,
        Edge::AgentEnd => of_leg(FactKind::Left, word("userId", Field::Data)?)?,
        Edge::AfterWork => of_leg(FactKind::WrappedUp, word("userId", Field::Data)?)?,
    };
    match edge {
        Edge::QueueEnd => {
            draft.leg.by = ended_by(Side::Queue, disconnect_type);
            draft.leg.wait = ms("connectedDurationMs")?;
            draft.leg.outcome = match word("acdOutcome", Field::Data)? {
                "ANSWERED" => Outcome::Answered,
                "ABANDON" => Outcome::Abandoned,
                "FLOW_OUT" => Outcome::FlowedOut,
                _ => Outcome::Unsaid,
            };
        }
        Edge::AgentEnd => {
            draft.leg.by = ended_by(Side::Agent, disconnect_type);
            draft.leg.alert = ms("alertingDurationMs")?;
            draft.leg.talk = ms("interactingDurationMs")?;
            draft.leg.held = ms("heldDurationMs")?;
        }
        Edge::AfterWork => draft.leg.after_work = ms("wrapupDurationMs")?,
        Edge::CustomerStart | Edge::CustomerEnd | Edge::QueueStart | Edge::AgentStart => {}
    }
    sink.put(&draft)?;
    let agent = word("answeredUserId", Field::Data)?;
    if edge == Edge::QueueEnd && draft.leg.outcome == Outcome::Answered && !agent.is_empty() {
        // Whoever answered has joined, in a leg of their own.
        sink.put(&Draft {
            session,
            queue: draft.queue,
            agent,
            ..Draft::of_leg(Leg::new(FactKind::Joined, draft.leg.media), time)
        })?;
    }
    Ok(())
}
