//! Who is listed: the first by connect, equally long ones by id.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::shown::Shown;
use crate::aggregate::ages::Key;
use crate::aggregate::ages::row_of;
use crate::aggregate::ages::time_of;
use crate::aggregate::sessions::Sessions;

/// The first so many of keys that come in order, each with its queue, and all others of the last one's
/// time.
pub(super) fn first(keys: impl Iterator<Item = (Key, usize)>, most: usize) -> Vec<(Key, usize)> {
    let mut found: Vec<(Key, usize)> = Vec::new();
    for (key, queue) in keys {
        let last = found.get(most - 1);
        if last.is_some_and(|(last, _)| time_of(*last) != time_of(key)) {
            break;
        }
        found.push((key, queue));
    }
    found
}

/// The first so many of these by time and id. Cost: linear, but for sorting what is left.
pub(super) fn by_id(
    keys: Vec<(Key, usize)>,
    most: usize,
    sessions: &Sessions,
    ids: &BTreeMap<u32, Arc<str>>,
) -> impl Iterator<Item = (Key, usize)> {
    let mut named: Vec<_> = keys
        .into_iter()
        .map(|(key, queue)| {
            let slot = row_of(key);
            let id = Shown::new(sessions.row(slot), ids.get(&slot.number()));
            (time_of(key), id, key, queue)
        })
        .collect();
    if named.len() > most {
        named.select_nth_unstable(most - 1);
        named.truncate(most);
    }
    named.sort_unstable();
    named.into_iter().map(|(_, _, key, queue)| (key, queue))
}
