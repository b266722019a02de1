//! What a kind's name comes to, in the dialects whose kinds are words: a mapping's, and plain CloudEvents'.

use super::draft::Draft;
use super::draft::Leg;
use super::draft::Sink;
use super::tape::Refusal;
use crate::config::MappedKind;
use crate::event::Actor;
use crate::event::EventKind;
use crate::event::FactKind;
use crate::event::Outcome;

/// Puts what a kind comes to. The draft has everything but its kind; `by` is who connected, or who ended it, of
/// a session whose legs are known.
pub(super) fn put(
    kind: MappedKind,
    by: Actor,
    draft: &Draft<'_>,
    sink: &mut Sink<'_, '_>,
) -> Result<(), Refusal> {
    let session = |kind| Draft { kind, by, ..*draft };
    let (fact, outcome) = match kind {
        MappedKind::Ignored => return Ok(()),
        MappedKind::Connected => return sink.put(&session(EventKind::Connected)),
        MappedKind::Disconnected => return sink.put(&session(EventKind::Disconnected)),
        MappedKind::Message => {
            let kind = EventKind::Message;
            return sink.put(&Draft { kind, ..*draft });
        }
        MappedKind::Queued => (FactKind::Queued, Outcome::Unsaid),
        MappedKind::Answered => (FactKind::LeftQueue, Outcome::Answered),
        MappedKind::Abandoned => (FactKind::LeftQueue, Outcome::Abandoned),
        MappedKind::FlowedOut => (FactKind::LeftQueue, Outcome::FlowedOut),
        MappedKind::LeftQueue => (FactKind::LeftQueue, Outcome::Unsaid),
        MappedKind::Alerting => (FactKind::Alerting, Outcome::Unsaid),
        MappedKind::Joined => (FactKind::Joined, Outcome::Unsaid),
        MappedKind::Left => (FactKind::Left, Outcome::Unsaid),
        MappedKind::WrappedUp => (FactKind::WrappedUp, Outcome::Unsaid),
    };
    let is_of_queue = matches!(fact, FactKind::Queued | FactKind::LeftQueue);
    let of_leg = |leg, agent| Draft {
        kind: EventKind::Fact,
        deployment: "",
        leg,
        agent,
        ..*draft
    };
    let leg = Leg {
        kind: fact,
        outcome,
        ..draft.leg
    };
    sink.put(&of_leg(leg, if is_of_queue { "" } else { draft.agent }))?;
    if outcome == Outcome::Answered && !draft.agent.is_empty() {
        // Whoever answered has joined, in a leg of their own.
        let joined = Leg::new(FactKind::Joined, leg.media);
        sink.put(&of_leg(joined, draft.agent))?;
    }
    Ok(())
}
