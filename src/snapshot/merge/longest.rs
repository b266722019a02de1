//! The longest-open sessions of several parts, and those whose guest has waited for longest. A session is
//! in one part only.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::numbers::Key;
use crate::snapshot::LONGEST_LOOKED_AT;
use crate::snapshot::LONGEST_OF_QUEUE;
use crate::snapshot::LONGEST_OVERALL;
use crate::snapshot::Longest;
use crate::snapshot::OpenSession;
use crate::snapshot::Snapshot;
use crate::time::EpochMs;

/// The first of all, and of each queue, in their order.
pub(super) fn merged(parts: &[&Snapshot]) -> Arc<Longest> {
    let all = || parts.iter().map(|part| &*part.longest);
    let open = OpenSession::connect;
    let waiting = OpenSession::wait;
    Arc::new(Longest {
        as_of: all().map(|part| part.as_of).max().unwrap_or_default(),
        overall: first(
            all().flat_map(|part| &part.overall).collect(),
            LONGEST_LOOKED_AT,
            open,
        ),
        by_queue: by_queue(all().flat_map(|part| &part.by_queue), open),
        awaiting: first(
            all().flat_map(|part| &part.awaiting).collect(),
            LONGEST_OVERALL,
            waiting,
        ),
        awaiting_by_queue: by_queue(all().flat_map(|part| &part.awaiting_by_queue), waiting),
    })
}

/// The lists of each queue together.
fn by_queue<'parts, I>(lists: I, time: fn(&OpenSession) -> EpochMs) -> Vec<Arc<Vec<OpenSession>>>
where
    I: Iterator<Item = &'parts Arc<Vec<OpenSession>>>,
{
    let mut by_queue: BTreeMap<Key, Vec<&OpenSession>> = BTreeMap::new();
    for list in lists {
        if let Some(first) = list.first() {
            let queue = by_queue.entry(Key::of(first.queue_kind, &first.queue));
            queue.or_default().extend(list.iter());
        }
    }
    by_queue
        .into_values()
        .map(|sessions| Arc::new(first(sessions, LONGEST_OF_QUEUE, time)))
        .collect()
}

fn first(
    mut sessions: Vec<&OpenSession>,
    most: usize,
    time: fn(&OpenSession) -> EpochMs,
) -> Vec<OpenSession> {
    // All fields, so that the order is the same where a session is in two parts against the rule.
    sessions.sort_unstable_by(|a, b| (time(a), a).cmp(&(time(b), b)));
    sessions.into_iter().take(most).cloned().collect()
}
