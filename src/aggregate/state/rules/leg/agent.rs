//! Legs of agents, and transfers between them.

use super::stint::Stint;
use super::table::Table;
use super::wait::Wait;
use crate::aggregate::legs::Is;
use crate::aggregate::legs::KnownFact;
use crate::aggregate::legs::What;
use crate::aggregate::legs::Whose;
use crate::config::limits;
use crate::event::Media;
use crate::time::EpochMs;

/// Books one leg of an agent.
pub(super) fn book(table: &mut Table<'_>, agent: &Stint) {
    let whose = of_agent(agent);
    if let Some(wrapped) = agent.wrapped
        && let Some(ms) = wrapped.after_work.said()
    {
        table.book(wrapped.time, What::AfterWork, whose, ms.into());
    }
    if let Some(left) = agent.left {
        book_left(table, agent, &left, whose);
        return;
    }
    let Some(began) = agent.began() else {
        return;
    };
    match (table.end_of(began), agent.joined) {
        // agent, not left | the conversation ended at x
        (Some((end, _)), Some(joined)) => {
            table.book(end.max(joined), What::Handled, whose, end.since(joined));
        }
        // It ended within 5 s of its being left.
        (Some(_), None) => {}
        (None, Some(joined)) => table.stand(Is::Interacting, joined, whose),
        (None, None) => table.stand(Is::Alerting, began, whose),
    }
}

/// agent | left
fn book_left(table: &mut Table<'_>, agent: &Stint, left: &KnownFact, whose: Whose) {
    if let Some(joined) = agent.taken() {
        let held_ms = u64::from(left.held.said().unwrap_or(0));
        let talk_ms = match left.talk.said() {
            Some(ms) => u64::from(ms),
            None => left.time.since(joined).saturating_sub(held_ms),
        };
        table.book(left.time, What::Handled, whose, talk_ms);
        if held_ms > 0 {
            table.book(left.time, What::Held, whose, held_ms);
        }
        return;
    }
    if !table.terms.is_settled(left.time) {
        table.wait_for(left.time);
    } else if !table.has_ended_near(left.time) {
        table.book(left.time, What::NotResponding, whose, 0);
    }
}

/// A leg of a queue, or one of an agent without it, that follows a joined leg of an agent in the same
/// conversation.
pub(super) fn book_transfers(table: &mut Table<'_>, waits: &[Wait<'_>]) {
    let stints = table.stints;
    for wait in waits.iter().filter(|wait| !wait.continues) {
        if let Some((from, _)) = joined_before(table, wait.began, None) {
            table.book(wait.began, What::Transferred, of_agent(from), 0);
        }
    }
    for (place, agent) in stints.agents.iter().enumerate() {
        let Some(began) = agent.began() else {
            continue;
        };
        let Some((from, since)) = joined_before(table, began, Some(place)) else {
            continue;
        };
        let is_of_queue = waits
            .iter()
            .any(|wait| wait.began > since && wait.began.since(began) <= limits::SAME_LEG_MS);
        if !is_of_queue {
            table.book(began, What::Transferred, of_agent(from), 0);
        }
    }
}

/// The agent's leg that was joined last before a time, with no end of the conversation since; and when.
fn joined_before<'a>(
    table: &Table<'a>,
    time: EpochMs,
    but: Option<usize>,
) -> Option<(&'a Stint, EpochMs)> {
    let agents = table.stints.agents.iter().enumerate();
    let joined = agents
        .filter(|(place, _)| but != Some(*place))
        .filter_map(|(_, agent)| agent.taken().map(|joined| (agent, joined)))
        .filter(|(_, joined)| *joined < time);
    joined
        .max_by_key(|(_, joined)| *joined)
        .filter(|(_, joined)| !table.has_ended_between(*joined, time))
}

fn of_agent(agent: &Stint) -> Whose {
    let media = agent.media.unwrap_or(Media::Unknown);
    Whose::of_agent(agent.queue, media, agent.agent)
}
