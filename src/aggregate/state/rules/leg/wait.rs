//! Waits in queues.

use super::stint::Stint;
use super::table::Table;
use super::table::is_near;
use crate::aggregate::legs::Is;
use crate::aggregate::legs::What;
use crate::aggregate::legs::Whose;
use crate::event::Actor;
use crate::event::Media;
use crate::event::Outcome;
use crate::snapshot::GroupId;
use crate::time::EpochMs;

/// A leg of a queue that is known to have begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait<'a> {
    pub(super) stint: &'a Stint,
    pub(super) began: EpochMs,
    /// When the first of the legs began that this one continues; its own beginning else.
    first: EpochMs,
    pub(super) continues: bool,
    is_continued: bool,
    join: Option<EpochMs>,
}

/// How a wait ended, as far as its own facts say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// It has not.
    Waiting,
    /// It has, and how is not known before the conversation ends.
    Undecided(u64),
    /// It waits for its left.
    Joined(EpochMs),
    Over(What, EpochMs, u64),
}

/// The waits of all legs of queues, in the order in which they began.
pub(super) fn all<'a>(table: &mut Table<'a>) -> Vec<Wait<'a>> {
    let mut waits: Vec<Wait<'a>> = Vec::new();
    for stint in &table.stints.queues {
        if let Some(began) = began(table, stint) {
            waits.push(Wait {
                stint,
                began,
                first: began,
                continues: false,
                is_continued: false,
                join: None,
            });
        }
    }
    waits.sort_by_key(|wait| wait.began);
    for place in 0..waits.len() {
        let (wait, later) = (&waits[place], &waits[place + 1..]);
        let mut in_queue = later
            .iter()
            .filter(|next| is_same(next.stint.queue, wait.stint.queue));
        let until = in_queue.next().map(|next| next.began);
        waits[place].join = join(table, wait, until);
    }
    // A leg in the same queue soon after one that was left unanswered continues it.
    for place in 1..waits.len() {
        let (earlier, later) = waits.split_at(place);
        let own = later[0];
        let before = earlier
            .iter()
            .rposition(|wait| wait.stint.queue == own.stint.queue);
        let Some(before) = before else { continue };
        let is_soon = (waits[before].stint.left).is_some_and(|left| is_near(own.began, left.time));
        if is_soon && !is_answered(table, &waits[before], &waits) {
            waits[before].is_continued = true;
            waits[place].continues = true;
            waits[place].first = waits[before].first;
        }
    }
    let latest = waits.iter().rfind(|wait| wait.stint.started.is_some());
    table.reading.queue = latest.map(|wait| wait.stint.queue);
    waits
}

/// queue, none: when the wait began, as far as that is known by now.
fn began(table: &mut Table<'_>, stint: &Stint) -> Option<EpochMs> {
    if stint.started.is_some() {
        return stint.started;
    }
    let left = stint.left?;
    if !table.terms.is_settled(left.time) {
        table.wait_for(left.time);
        return None;
    }
    let Some(wait_ms) = left.wait.said() else {
        table.reading.orphans += 1;
        return None;
    };
    table.reading.recovered += 1;
    Some(left.time - i64::from(wait_ms))
}

/// When an agent joined in the queue of a wait, before the next one began.
fn join(table: &Table<'_>, wait: &Wait<'_>, until: Option<EpochMs>) -> Option<EpochMs> {
    let in_queue = |agent: &&Stint| is_same(agent.queue, wait.stint.queue);
    let agents = table.stints.agents.iter().filter(in_queue);
    let is_its_own =
        |join: &EpochMs| *join >= wait.began && until.is_none_or(|until| *join < until);
    agents.filter_map(Stint::taken).filter(is_its_own).min()
}

/// Whether a wait that was left ended with an agent.
fn is_answered(table: &Table<'_>, wait: &Wait<'_>, waits: &[Wait<'_>]) -> bool {
    matches!(
        verdict(table, wait, waits),
        Verdict::Over(What::Answered, ..)
    )
}

/// waiting since t | an agent joined; left at e.
fn verdict(table: &Table<'_>, wait: &Wait<'_>, waits: &[Wait<'_>]) -> Verdict {
    let answered_at = |join: EpochMs| Verdict::Over(What::Answered, join, join.since(wait.first));
    let Some(left) = wait.stint.left else {
        return match wait.join {
            None => Verdict::Waiting,
            Some(join) if table.terms.is_settled(join) => answered_at(join),
            Some(join) => Verdict::Joined(join),
        };
    };
    // The wait of the legs before it is not in what it says itself.
    let own_ms = match left.wait.said() {
        Some(ms) => u64::from(ms),
        None => left.time.since(wait.began),
    };
    let wait_ms = wait.began.since(wait.first) + own_ms;
    let flows_to = |other: &&Wait<'_>| {
        !is_same(other.stint.queue, wait.stint.queue) && is_near(other.began, left.time)
    };
    let what = match left.outcome {
        Outcome::Answered => What::Answered,
        Outcome::FlowedOut => What::FlowedOut,
        Outcome::Abandoned if matches!(left.by, Actor::Guest | Actor::Unknown) => {
            abandoned(table, wait_ms)
        }
        Outcome::Abandoned => What::Lapsed,
        Outcome::Unsaid => match wait.join {
            Some(join) if is_near(join, left.time) => What::Answered,
            // It was booked before this came.
            Some(join) if table.terms.is_settled_before(join, left.time) => {
                return answered_at(join);
            }
            _ if waits.iter().find(flows_to).is_some() => What::FlowedOut,
            _ => return Verdict::Undecided(wait_ms),
        },
    };
    Verdict::Over(what, left.time, wait_ms)
}

/// Books one wait.
pub(super) fn book(table: &mut Table<'_>, waits: &[Wait<'_>], place: usize) {
    let wait = &waits[place];
    let media = wait.stint.media.unwrap_or(Media::Unknown);
    let whose = Whose::of_queue(wait.stint.queue, media);
    if !wait.continues {
        table.book(wait.began, What::Offered, whose, 0);
    }
    if wait.is_continued {
        return;
    }
    match (verdict(table, wait, waits), table.end_of(wait.began)) {
        (Verdict::Over(what, time, wait_ms), _) => table.book(time, what, whose, wait_ms),
        (Verdict::Joined(join), _) => table.wait_for(join),
        // waiting, or undecided | the conversation ended
        (Verdict::Waiting, Some((end, by))) => {
            let wait_ms = end.since(wait.first);
            table.book(end, ended(table, by, wait_ms), whose, wait_ms);
        }
        (Verdict::Undecided(wait_ms), Some((end, by))) => {
            table.book(end, ended(table, by, wait_ms), whose, wait_ms);
        }
        (Verdict::Waiting, None) => table.stand(Is::Waiting, wait.first, whose),
        (Verdict::Undecided(_), None) => {}
    }
}

fn ended(table: &Table<'_>, by: Actor, wait_ms: u64) -> What {
    match by {
        Actor::Guest => abandoned(table, wait_ms),
        Actor::Unknown | Actor::Agent | Actor::Bot | Actor::Business => What::Lapsed,
    }
}

const fn abandoned(table: &Table<'_>, wait_ms: u64) -> What {
    match wait_ms <= table.terms.short_abandon_ms {
        true => What::ShortAbandoned,
        false => What::Abandoned,
    }
}

/// Whether two queues may be one: a leg that names none is in any.
fn is_same(queue: GroupId, other: GroupId) -> bool {
    queue == other || queue == GroupId(0) || other == GroupId(0)
}
