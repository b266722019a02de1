//! The list of one queue: who is on it, and what was said of each when it was made.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::choice::by_id;
use super::choice::first;
use super::shown::Shown;
use crate::aggregate::ages::Key;
use crate::aggregate::ages::row_of;
use crate::aggregate::groups::Groups;
use crate::aggregate::groups::Membership;
use crate::aggregate::sessions::Row;
use crate::aggregate::sessions::Sessions;
use crate::event::SessionKey;
use crate::snapshot::Dimension;
use crate::snapshot::LONGEST_OF_QUEUE;
use crate::snapshot::OpenSession;

/// What lists are made of.
pub(super) struct Of<'state> {
    pub(super) sessions: &'state Sessions,
    pub(super) groups: &'state Groups,
    /// The ids of open sessions whose keys cannot be printed back, by row.
    pub(super) ids: &'state BTreeMap<u32, Arc<str>>,
    /// Rows that have heard of fewer losses are uncertain.
    pub(super) loss_epoch: u16,
}

/// The first sessions of a queue in an order.
#[derive(Debug, Default)]
pub(super) struct Listing {
    listed: Arc<Vec<OpenSession>>,
    /// The keys of those listed, their sessions and their groups: a session may end and begin again
    /// in its row at the very time it had.
    keys: Vec<(Key, SessionKey, Membership)>,
}

impl Listing {
    pub(super) const fn listed(&self) -> &Arc<Vec<OpenSession>> {
        &self.listed
    }

    /// The id of a row's session, if it is listed.
    pub(super) fn id(&self, key: Key, row: &Row) -> Option<Arc<str>> {
        let place = self
            .keys
            .iter()
            .position(|&(known, session, _)| (known, session) == (key, row.key()))?;
        Some(Arc::clone(&self.listed.get(place)?.id))
    }

    /// Lists the first of these keys, which come in their order. Answers what that cost, with the list
    /// before, which is freed when nobody holds it any more: who does must not change when lists are made.
    pub(super) fn renew(&mut self, keys: impl Iterator<Item = Key>, of: &Of<'_>) -> usize {
        let found = first(keys.map(|key| (key, 0)), LONGEST_OF_QUEUE);
        let looked_at = found.len();
        let sessions = of.sessions;
        let keys: Vec<(Key, SessionKey, Membership)> =
            by_id(found, LONGEST_OF_QUEUE, sessions, of.ids)
                .map(|(key, _)| {
                    let row = sessions.row(row_of(key));
                    (key, row.key(), row.membership)
                })
                .collect();
        let is_same = keys == self.keys
            && keys
                .iter()
                .zip(self.listed.iter())
                .all(|((key, ..), listed)| {
                    let row = sessions.row(row_of(*key));
                    row.messages == listed.messages
                        && row.last_seen() == listed.last_seen
                        && row.awaiting_since() == listed.awaiting_since
                        && (row.loss_epoch != of.loss_epoch) == listed.is_uncertain
                });
        if is_same {
            return looked_at;
        }
        let freed = self.listed.len();
        let listed = keys.iter().map(|&(key, ..)| {
            let row = sessions.row(row_of(key));
            of.session(key, self.id(key, row))
        });
        self.listed = Arc::new(listed.collect());
        self.keys = keys;
        looked_at + freed
    }
}

impl Of<'_> {
    /// The session of a key; `id` where its text is made already.
    pub(super) fn session(&self, key: Key, id: Option<Arc<str>>) -> OpenSession {
        let row = self.sessions.row(row_of(key));
        let name =
            |dimension| Arc::clone(self.groups.name(dimension, row.membership.of(dimension)));
        let kind = |dimension| self.groups.kind(dimension, row.membership.of(dimension));
        OpenSession {
            id: id.unwrap_or_else(|| {
                let kept = self.ids.get(&row_of(key).number());
                Shown::new(row, kept).text()
            }),
            connected: row.connected,
            last_seen: row.last_seen(),
            messages: row.messages,
            awaiting_since: row.awaiting_since(),
            is_uncertain: row.loss_epoch != self.loss_epoch,
            queue: name(Dimension::Queue),
            queue_kind: kind(Dimension::Queue),
            deployment: name(Dimension::Deployment),
            deployment_kind: kind(Dimension::Deployment),
        }
    }
}
