//! The longest-open sessions, and those whose guest has waited for longest: all open rows, sorted.

use std::collections::BTreeMap;
use std::sync::Arc;

use streamgauge::event::IdKind;
use streamgauge::event::SessionKey;
use streamgauge::snapshot::LONGEST_LOOKED_AT;
use streamgauge::snapshot::LONGEST_OF_QUEUE;
use streamgauge::snapshot::LONGEST_OVERALL;
use streamgauge::snapshot::Longest;
use streamgauge::snapshot::OpenSession;
use streamgauge::time::EpochMs;

use super::Model;
use super::groups::Name;
use super::groups::name_of;
use super::table::Open;
use super::table::Row;

/// One session as it has to be listed: the time by which, its id, when it connected, minute of its latest
/// event, messages, since when its guest waits, whether it is uncertain, queue, deployment.
type Listed = (
    EpochMs,
    String,
    EpochMs,
    EpochMs,
    u64,
    Option<EpochMs>,
    bool,
    Name,
    Name,
);

/// The time by which a list is in order.
type Order = fn(&OpenSession) -> EpochMs;

impl Model {
    /// What is wrong with lists made now; `None` when they are right.
    pub(crate) fn misses(&self, longest: &Longest) -> Option<String> {
        let open = self.all(|open| Some(open.connect));
        let waiting = self.all(|open| open.waiting.since);
        let by_connect: Order = |session| session.connected;
        let by_wait: Order = |session| session.awaiting_since.unwrap();
        let everybody: Vec<Listed> = open.iter().map(|(_, listed)| listed.clone()).collect();
        let everybody_waiting: Vec<Listed> =
            waiting.iter().map(|(_, listed)| listed.clone()).collect();
        let wrong = is_wrong(&longest.overall, &everybody, LONGEST_OVERALL, by_connect)
            || leaves_out_wrongly(&longest.overall, &everybody)
            || are_wrong(&longest.by_queue, &open, by_connect)
            || is_wrong(
                &longest.awaiting,
                &everybody_waiting,
                LONGEST_OVERALL,
                by_wait,
            )
            || longest.awaiting.len() > LONGEST_OVERALL
            || are_wrong(&longest.awaiting_by_queue, &waiting, by_wait);
        wrong.then(|| format!("{longest:#?}\nof {open:#?}\nwaiting {waiting:#?}"))
    }

    /// The open sessions that have a time, in its order, with their queues.
    fn all(&self, time: impl Fn(&Open) -> Option<EpochMs>) -> Vec<(Name, Listed)> {
        let mut all: Vec<(Name, Listed)> = Vec::new();
        for (key, row) in &self.rows {
            let Row::Open(open) = row else { continue };
            let Some(time) = time(open) else { continue };
            let listed = (
                time,
                id(key),
                open.connect,
                EpochMs::from_ms(open.minute * 60_000),
                open.messages,
                open.waiting.since,
                !open.certain,
                open.home[0].clone(),
                open.home[1].clone(),
            );
            all.push((open.home[0].clone(), listed));
        }
        all.sort_by(|(_, a), (_, b)| (a.0, &a.1).cmp(&(b.0, &b.1)));
        all
    }
}

/// Whether the lists of queues are not those of all these, which are in order.
fn are_wrong(lists: &[Arc<Vec<OpenSession>>], all: &[(Name, Listed)], order: Order) -> bool {
    let mut by_queue: BTreeMap<&Name, Vec<Listed>> = BTreeMap::new();
    for (queue, listed) in all {
        by_queue.entry(queue).or_default().push(listed.clone());
    }
    let mut expected: Vec<Vec<Listed>> = by_queue.into_values().collect();
    for list in lists.iter().filter(|list| !list.is_empty()) {
        let found = expected
            .iter()
            .position(|own| !is_wrong(list, own, LONGEST_OF_QUEUE, order));
        match found {
            Some(place) => drop(expected.remove(place)),
            None => return true,
        }
    }
    !expected.is_empty()
}

/// Whether a list does not begin with the first of all these, which are in order.
fn is_wrong(list: &[OpenSession], all: &[Listed], most: usize, order: Order) -> bool {
    let list = list.iter().take(most);
    let listed: Vec<Listed> = list.map(|session| listed(session, order)).collect();
    listed != all[..all.len().min(most)]
}

/// Whether the first that are not silent are not listed, by any length of silence.
fn leaves_out_wrongly(list: &[OpenSession], all: &[Listed]) -> bool {
    let all = &all[..all.len().min(LONGEST_LOOKED_AT)];
    let by_connect: Order = |session| session.connected;
    all.iter().any(|(_, _, _, least, ..)| {
        let kept = list.iter().filter(|session| session.last_seen >= *least);
        let kept = kept.take(LONGEST_OVERALL);
        let kept: Vec<Listed> = kept.map(|session| listed(session, by_connect)).collect();
        let expected = all.iter().filter(|(_, _, _, seen, ..)| seen >= least);
        let expected: Vec<Listed> = expected.take(LONGEST_OVERALL).cloned().collect();
        kept != expected
    })
}

fn listed(session: &OpenSession, order: Order) -> Listed {
    (
        order(session),
        session.id.to_string(),
        session.connected,
        session.last_seen,
        u64::from(session.messages),
        session.awaiting_since,
        session.is_uncertain,
        name_of(session.queue_kind, &session.queue),
        name_of(session.deployment_kind, &session.deployment),
    )
}

fn id(key: &SessionKey) -> String {
    match key.kind {
        // Those of the histories have no more digits.
        IdKind::Uuid => format!("00000000-0000-0000-0000-{:012x}", key.lo),
        IdKind::Hashed => format!("#{:016x}{:016x}", key.hi, key.lo),
    }
}
