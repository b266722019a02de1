//! The longest-open sessions: all open rows, sorted.

use std::collections::BTreeMap;

use streamgauge::event::IdKind;
use streamgauge::event::SessionKey;
use streamgauge::snapshot::LONGEST_OF_QUEUE;
use streamgauge::snapshot::LONGEST_OVERALL;
use streamgauge::snapshot::Longest;
use streamgauge::snapshot::OpenSession;
use streamgauge::time::EpochMs;

use super::Model;
use super::groups::Name;
use super::table::Row;

/// One session as it has to be listed: when it connected, its id, minute of its latest event,
/// messages, queue, deployment.
type Listed = (EpochMs, String, EpochMs, u64, String, String);

impl Model {
    /// What is wrong with lists made now; `None` when they are right. Sessions that connected at the
    /// same time may stand in any order.
    pub(crate) fn misses(&self, longest: &Longest) -> Option<String> {
        let mut all: Vec<(Name, Listed)> = Vec::new();
        for (key, row) in &self.rows {
            let Row::Open(open) = row else { continue };
            let listed = (
                open.connect,
                id(key),
                EpochMs::from_ms(open.minute * 60_000),
                open.messages,
                shown(&open.home[0]),
                shown(&open.home[1]),
            );
            all.push((open.home[0].clone(), listed));
        }
        all.sort_by_key(|(_, listed)| listed.0);
        let mut by_queue: BTreeMap<&Name, Vec<Listed>> = BTreeMap::new();
        for (queue, listed) in &all {
            by_queue.entry(queue).or_default().push(listed.clone());
        }
        let everybody: Vec<Listed> = all.iter().map(|(_, listed)| listed.clone()).collect();
        let mut wrong = is_wrong(&longest.overall, &everybody, LONGEST_OVERALL);
        let mut expected: Vec<Vec<Listed>> = by_queue.into_values().collect();
        for list in longest.by_queue.iter().filter(|list| !list.is_empty()) {
            let found = expected
                .iter()
                .position(|own| !is_wrong(list, own, LONGEST_OF_QUEUE));
            match found {
                Some(place) => drop(expected.remove(place)),
                None => wrong = true,
            }
        }
        (wrong || !expected.is_empty()).then(|| format!("{longest:#?}\nof {all:#?}"))
    }
}

/// Whether a list is not the first of all these, which are in order.
fn is_wrong(list: &[OpenSession], all: &[Listed], most: usize) -> bool {
    let times: Vec<EpochMs> = list.iter().map(|session| session.connected).collect();
    let expected: Vec<EpochMs> = all.iter().take(most).map(|listed| listed.0).collect();
    let mut listed: Vec<Listed> = list
        .iter()
        .map(|session| {
            (
                session.connected,
                session.id.to_string(),
                session.last_seen,
                u64::from(session.messages),
                session.queue.to_string(),
                session.deployment.to_string(),
            )
        })
        .collect();
    listed.sort();
    listed.dedup();
    times != expected || listed.len() != list.len() || listed.iter().any(|one| !all.contains(one))
}

fn id(key: &SessionKey) -> String {
    match key.kind {
        // Those of the histories have no more digits.
        IdKind::Uuid => format!("00000000-0000-0000-0000-{:012x}", key.lo),
        IdKind::Hashed => format!("#{:016x}{:016x}", key.hi, key.lo),
    }
}

fn shown(name: &Name) -> String {
    match name {
        Name::Unnamed => "(none)".to_owned(),
        Name::Other => "other".to_owned(),
        Name::Named(name) => name.clone(),
    }
}
