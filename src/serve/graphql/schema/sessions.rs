//! The sessions that have been open for longest, or whose guest has waited for a reply for longest.

use async_graphql::Enum;
use async_graphql::InputObject;
use async_graphql::Result;
use async_graphql::SimpleObject;

use super::groups::GroupKind;
use super::range;
use super::scalar::Count;
use super::scalar::float;
use super::scalar::signed_float;
use crate::snapshot;
use crate::snapshot::Dimension;
use crate::snapshot::LONGEST_OVERALL;
use crate::snapshot::Snapshot;
use crate::time::EpochMs;

/// Sessions in one answer, at most.
pub(super) const SESSIONS_SHOWN_MAX: i32 = 100;

const MINUTE_MS: i64 = 60_000;

/// Minutes of silence that can be asked for, at most: a day.
const SILENT_AFTER_MAX: i32 = 1_440;

/// Which list of open sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub(super) enum SessionList {
    /// Those that have been open for longest, longest first.
    #[default]
    LongestOpen,
    /// Those whose guest waits for a reply, who has waited for longest first.
    AwaitingReply,
}

/// Which sessions: those that meet every condition given.
#[derive(Debug, Default, InputObject)]
pub(super) struct SessionFilter {
    /// Of the queue of this name, as `groups(by: QUEUE)` shows it.
    queue: Option<String>,
    /// Of a queue of this kind: `UNNAMED` of none. With a name it says which of two is meant.
    queue_kind: Option<GroupKind>,
    /// Of the deployment of this name, as `groups(by: DEPLOYMENT)` shows it.
    deployment: Option<String>,
    /// Of a deployment of this kind, likewise.
    deployment_kind: Option<GroupKind>,
}

/// A list of open sessions, made once a second: the 100 first overall, and the 10 first of every queue. A
/// filter chooses among those.
#[derive(Debug, SimpleObject)]
pub(super) struct OpenSessions {
    /// The engine clock when the list was made, RFC 3339 in UTC with milliseconds. A session that has
    /// ended since is still in it.
    as_of: String,
    /// Since when open sessions are known; see `openSince` of `realTimeMetrics`.
    open_since: Option<String>,
    /// Whether open sessions from before that no longer count; see `openComplete` of
    /// `realTimeMetrics`.
    open_complete: bool,
    /// In the order of the list; equally long ones by id, ascending by its UTF-8 bytes.
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
    /// Since when its guest waits for a reply, RFC 3339 in UTC with milliseconds; null where it does not.
    awaiting_since: Option<String>,
    /// How long its guest had waited at `asOf` of `realTimeMetrics`, in milliseconds; null where it does
    /// not.
    awaiting_ms: Option<f64>,
    /// The minute of its latest event: that minute's beginning, RFC 3339 in UTC with milliseconds.
    last_seen: String,
    /// Whether nothing came from it for `silentAfter` minutes or longer, by whole minutes of the clock.
    silent: bool,
    /// Whether nothing came from it since the last gap began: its disconnect may be missing.
    uncertain: bool,
    /// Messages since it connected.
    messages: Count,
    /// The name of its queue, `(none)` without one.
    queue: String,
    /// What that name means: distinguishes `(none)` and `other` from queues of that name.
    queue_kind: GroupKind,
    /// What people read for its queue: the name from `names-file`, else `queue`.
    queue_display_name: String,
    /// The name of its deployment, `(none)` without one.
    deployment: String,
    /// What that name means.
    deployment_kind: GroupKind,
    /// What people read for its deployment: the name from `names-file`, else `deployment`.
    deployment_display_name: String,
    /// Where it can be looked at, by the setting `session-link`; null without that setting, and where
    /// the id was not kept.
    link: Option<String>,
}

/// What is asked for.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) list: SessionList,
    pub(super) first: i32,
    pub(super) filter: SessionFilter,
    pub(super) silent_after: i32,
    pub(super) leave_out_silent: bool,
}

impl OpenSessions {
    /// The first sessions that meet a filter.
    pub(super) fn new(snapshot: &Snapshot, wanted: &Wanted) -> Result<Self> {
        let first = range::within("first", wanted.first, 0..=SESSIONS_SHOWN_MAX)?;
        let silent_after = range::within("silentAfter", wanted.silent_after, 1..=SILENT_AFTER_MAX)?;
        let silent_after = i64::try_from(silent_after).unwrap_or(i64::MAX);
        let minute = |at: EpochMs| at.ms().div_euclid(MINUTE_MS);
        let is_silent = |session: &snapshot::OpenSession| {
            minute(snapshot.now) - minute(session.last_seen) > silent_after
        };
        let found = wanted.filter.find(snapshot, wanted.list);
        let items = found
            .into_iter()
            .map(|session| (session, is_silent(session)))
            .filter(|(_, is_silent)| !(wanted.leave_out_silent && *is_silent))
            .take(first)
            .map(|(session, is_silent)| OpenSession::new(session, is_silent, snapshot))
            .collect();
        let sessions = &snapshot.sessions;
        Ok(Self {
            as_of: snapshot.longest.as_of.to_string(),
            open_since: sessions.open_since.map(|since| since.to_string()),
            open_complete: sessions.is_open_complete,
            items,
        })
    }
}

impl SessionFilter {
    /// The sessions of a list that meet every condition, longest first.
    fn find<'a>(
        &self,
        snapshot: &'a Snapshot,
        list: SessionList,
    ) -> Vec<&'a snapshot::OpenSession> {
        let longest = &snapshot.longest;
        let deployment_kind = self.deployment_kind.map(snapshot::GroupKind::from);
        let deployment_kind = match &self.deployment {
            Some(name) => Some(kind_of(
                snapshot,
                Dimension::Deployment,
                name,
                deployment_kind,
            )),
            None => deployment_kind,
        };
        let is_of_deployment = |session: &snapshot::OpenSession| {
            let name = self.deployment.as_deref();
            name.is_none_or(|name| *session.deployment == *name)
                && deployment_kind.is_none_or(|kind| session.deployment_kind == kind)
        };
        let queue_kind = self.queue_kind.map(snapshot::GroupKind::from);
        let mut found = match (&self.queue, queue_kind, deployment_kind) {
            (Some(queue), kind, _) => {
                let kind = kind_of(snapshot, Dimension::Queue, queue, kind);
                match list {
                    SessionList::LongestOpen => longest.of_queue(queue, kind),
                    SessionList::AwaitingReply => longest.awaiting_of_queue(queue, kind),
                }
            }
            (None, None, None) => match list {
                SessionList::LongestOpen => longest.overall.iter().collect(),
                SessionList::AwaitingReply => longest.awaiting.iter().collect(),
            },
            (None, kind, _) => {
                let mut all = match list {
                    SessionList::LongestOpen => longest.all(),
                    SessionList::AwaitingReply => longest.all_awaiting(),
                };
                all.retain(|session| kind.is_none_or(|kind| session.queue_kind == kind));
                all
            }
        };
        found.retain(|session| is_of_deployment(session));
        found
    }
}

/// What a name means: what is said, or what `groups` shows under it.
fn kind_of(
    snapshot: &Snapshot,
    dimension: Dimension,
    name: &str,
    kind: Option<snapshot::GroupKind>,
) -> snapshot::GroupKind {
    let shown = || snapshot.groups.by(dimension).find(name, None);
    kind.or_else(|| shown().map(|group| group.kind))
        .unwrap_or(snapshot::GroupKind::Named)
}

impl OpenSession {
    /// Ages are by the snapshot's clock, so that an answer stays right for as long as its snapshot is the
    /// newest.
    fn new(session: &snapshot::OpenSession, silent: bool, snapshot: &Snapshot) -> Self {
        let now = snapshot.now;
        let (queue, deployment) = (&session.queue, &session.deployment);
        let link = snapshot.directory.session_link.as_ref();
        Self {
            id: session.id.as_ref().to_owned(),
            connected_at: session.connected.to_string(),
            connected_at_ms: signed_float(session.connected.ms()),
            open_ms: float(now.since(session.connected)),
            awaiting_since: session.awaiting_since.map(|since| since.to_string()),
            awaiting_ms: session.awaiting_since.map(|since| float(now.since(since))),
            last_seen: session.last_seen.to_string(),
            silent,
            uncertain: session.is_uncertain,
            messages: Count(u64::from(session.messages)),
            queue: queue.as_ref().to_owned(),
            queue_kind: session.queue_kind.into(),
            queue_display_name: snapshot.shown(Dimension::Queue, queue).into_owned(),
            deployment: deployment.as_ref().to_owned(),
            deployment_kind: session.deployment_kind.into(),
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
