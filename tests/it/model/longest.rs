//! The longest-open sessions: all open rows, sorted.

use std::collections::BTreeMap;

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
use super::table::Row;

/// One session as it has to be listed: when it connected, its id, minute of its latest event,
/// messages, whether it is uncertain, queue, deployment.
type Listed = (EpochMs, String, EpochMs, u64, bool, Name, Name);

impl Model {
    /// What is wrong with lists made now; `None` when they are right.
    pub(crate) fn misses(&self, longest: &Longest) -> Option<String> {
        let mut all: Vec<(Name, Listed)> = Vec::new();
        for (key, row) in &self.rows {
            let Row::Open(open) = row else { continue };
            let listed = (
                open.connect,
                id(key),
                EpochMs::from_ms(open.minute * 60_000),
                open.messages,
                !open.certain,
                open.home[0].clone(),
                open.home[1].clone(),
            );
            all.push((open.home[0].clone(), listed));
        }
        all.sort_by(|(_, a), (_, b)| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let mut by_queue: BTreeMap<&Name, Vec<Listed>> = BTreeMap::new();
        for (queue, listed) in &all {
            by_queue.entry(queue).or_default().push(listed.clone());
        }
        let everybody: Vec<Listed> = all.iter().map(|(_, listed)| listed.clone()).collect();
        let mut wrong = is_wrong(&longest.overall, &everybody, LONGEST_OVERALL)
            || leaves_out_wrongly(&longest.overall, &everybody);
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

/// Whether a list does not begin with the first of all these, which are in order.
fn is_wrong(list: &[OpenSession], all: &[Listed], most: usize) -> bool {
    let listed: Vec<Listed> = list.iter().take(most).map(listed).collect();
    listed != all[..all.len().min(most)]
}

/// Whether the first that are not silent are not listed, by any length of silence.
fn leaves_out_wrongly(list: &[OpenSession], all: &[Listed]) -> bool {
    let all = &all[..all.len().min(LONGEST_LOOKED_AT)];
    all.iter().any(|(_, _, least, ..)| {
        let kept = list.iter().filter(|session| session.last_seen >= *least);
        let kept: Vec<Listed> = kept.take(LONGEST_OVERALL).map(listed).collect();
        let expected = all.iter().filter(|(_, _, seen, ..)| seen >= least);
        let expected: Vec<Listed> = expected.take(LONGEST_OVERALL).cloned().collect();
        kept != expected
    })
}

fn listed(session: &OpenSession) -> Listed {
    (
        session.connected,
        session.id.to_string(),
        session.last_seen,
        u64::from(session.messages),
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
