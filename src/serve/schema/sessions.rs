//! The sessions that have been open for longest.

use std::collections::HashSet;

use async_graphql::InputObject;
use async_graphql::Result;
use async_graphql::SimpleObject;

use super::range;
use super::scalar::Count;
use super::scalar::float;
use super::scalar::signed_float;
use crate::snapshot;
use crate::snapshot::Dimension;
use crate::snapshot::LONGEST_OVERALL;
use crate::snapshot::Longest;
use crate::snapshot::Snapshot;

/// Sessions in one answer, at most.
pub(super) const SESSIONS_SHOWN_MAX: i32 = 100;

/// Which sessions: those that meet every condition given.
#[derive(Debug, Default, InputObject)]
pub(super) struct SessionFilter {
    /// Of the queue of this name, as `groups(by: QUEUE)` shows it.
    queue: Option<String>,
    /// Of the deployment of this name, as `groups(by: DEPLOYMENT)` shows it.
    deployment: Option<String>,
}

/// The longest-open sessions, a list made once a second: the 100 longest overall, and the 10 longest
/// of every queue. A filter chooses among those.
#[derive(Debug, SimpleObject)]
pub(super) struct OpenSessions {
    /// The engine clock when the list was made, RFC 3339 in UTC with milliseconds. A session that has
    /// ended since is still in it.
    as_of: String,
    /// Longest first; equally long ones by id.
    items: Vec<OpenSession>,
}

/// One open session.
#[derive(Debug, SimpleObject)]
pub(super) struct OpenSession {
    /// Its id as the stream spells it; where that was not kept, `#` and a number in hexadecimal.
    id: String,
    /// When it connected, RFC 3339 in UTC with milliseconds.
    connected_at: String,
    /// `connectedAt` in milliseconds since 1970-01-01T00:00:00Z.
    connected_at_ms: f64,
    /// How long it had been open at `asOf` of `realTimeMetrics`, in milliseconds.
    open_ms: f64,
    /// The minute of its latest event: that minute's beginning, RFC 3339 in UTC with milliseconds.
    last_seen: String,
    /// Messages since it connected.
    messages: Count,
    /// The name of its queue, `(none)` without one.
    queue: String,
    /// What people read for its queue: the name from `names-file`, else `queue`.
    queue_display_name: String,
    /// The name of its deployment, `(none)` without one.
    deployment: String,
    /// What people read for its deployment: the name from `names-file`, else `deployment`.
    deployment_display_name: String,
    /// Where it can be looked at, by the setting `session-link`; null without that setting, and where
    /// the id was not kept.
    link: Option<String>,
}

impl OpenSessions {
    /// The first sessions that meet a filter.
    pub(super) fn new(snapshot: &Snapshot, first: i32, filter: &SessionFilter) -> Result<Self> {
        let first = range::within("first", first, 0..=SESSIONS_SHOWN_MAX)?;
        let found = filter.find(&snapshot.longest);
        let items = found.into_iter().take(first);
        Ok(Self {
            as_of: snapshot.longest.as_of.to_string(),
            items: items
                .map(|session| OpenSession::new(session, snapshot))
                .collect(),
        })
    }
}

impl SessionFilter {
    /// The listed sessions that meet every condition, longest first.
    fn find<'a>(&self, longest: &'a Longest) -> Vec<&'a snapshot::OpenSession> {
        let of_deployment = |session: &&snapshot::OpenSession| match &self.deployment {
            Some(deployment) => *session.deployment == **deployment,
            None => true,
        };
        match (&self.queue, &self.deployment) {
            (Some(queue), _) => {
                let mut found = longest.of_queue(queue);
                found.retain(of_deployment);
                found
            }
            (None, None) => longest.overall.iter().collect(),
            (None, Some(_)) => {
                let of_queues = longest.by_queue.iter().flat_map(|queue| queue.iter());
                let listed = longest.overall.iter().chain(of_queues);
                let mut known = HashSet::new();
                let mut found: Vec<_> = listed
                    .filter(of_deployment)
                    .filter(|session| known.insert(&*session.id))
                    .collect();
                found.sort_unstable_by(|a, b| (a.connected, &a.id).cmp(&(b.connected, &b.id)));
                found
            }
        }
    }
}

impl OpenSession {
    /// Ages are by the snapshot's clock, so that an answer stays right for as long as its snapshot is the
    /// newest.
    fn new(session: &snapshot::OpenSession, snapshot: &Snapshot) -> Self {
        let now = snapshot.now;
        let (queue, deployment) = (&session.queue, &session.deployment);
        let link = snapshot.directory.session_link.as_ref();
        Self {
            id: session.id.as_ref().to_owned(),
            connected_at: session.connected.to_string(),
            connected_at_ms: signed_float(session.connected.ms()),
            open_ms: float(now.since(session.connected)),
            last_seen: session.last_seen.to_string(),
            messages: Count(u64::from(session.messages)),
            queue: queue.as_ref().to_owned(),
            queue_display_name: snapshot.shown(Dimension::Queue, queue).into_owned(),
            deployment: deployment.as_ref().to_owned(),
            deployment_display_name: snapshot
                .shown(Dimension::Deployment, deployment)
                .into_owned(),
            link: link
                .filter(|_| session.is_id_kept())
                .and_then(|link| link.of(&session.id)),
        }
    }
}

const _: () = assert!(
    SESSIONS_SHOWN_MAX as usize == LONGEST_OVERALL,
    "the whole list can be asked for"
);

#[cfg(test)]
mod tests;
