//! The longest-open sessions of several parts. A session is in one part only.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::numbers::Key;
use crate::snapshot::LONGEST_LOOKED_AT;
use crate::snapshot::LONGEST_OF_QUEUE;
use crate::snapshot::Longest;
use crate::snapshot::OpenSession;
use crate::snapshot::Snapshot;

/// The first of all, and of each queue, in their order.
pub(super) fn merged(parts: &[&Snapshot]) -> Arc<Longest> {
    let all = || parts.iter().map(|part| &*part.longest);
    let overall = all().flat_map(|part| &part.overall).collect();
    let mut by_queue: BTreeMap<Key, Vec<&OpenSession>> = BTreeMap::new();
    let lists = all().flat_map(|part| &part.by_queue);
    for list in lists {
        if let Some(first) = list.first() {
            let queue = by_queue.entry(Key::of(first.queue_kind, &first.queue));
            queue.or_default().extend(list.iter());
        }
    }
    let by_queue = by_queue.into_values();
    Arc::new(Longest {
        as_of: all().map(|part| part.as_of).max().unwrap_or_default(),
        overall: first(overall, LONGEST_LOOKED_AT),
        by_queue: by_queue
            .map(|sessions| Arc::new(first(sessions, LONGEST_OF_QUEUE)))
            .collect(),
    })
}

fn first(mut sessions: Vec<&OpenSession>, most: usize) -> Vec<OpenSession> {
    // All fields, so that the order is the same where a session is in two parts against the rule.
    sessions.sort_unstable_by(|a, b| (a.connected, a).cmp(&(b.connected, b)));
    sessions.into_iter().take(most).cloned().collect()
}
