//! The sessions that have been open for longest, and those whose guest has waited for longest, for
//! drilling down.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::GroupKind;
use crate::time::EpochMs;

/// Sessions listed overall.
pub const LONGEST_OVERALL: usize = 100;
/// Sessions kept overall, among which the first that are not silent are found.
pub const LONGEST_LOOKED_AT: usize = 1_000;
/// Sessions listed for each queue.
pub const LONGEST_OF_QUEUE: usize = 10;

/// One open session.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OpenSession {
    /// Its id as the stream spells it; where that was not kept, `#` and a number in hexadecimal.
    pub id: Arc<str>,
    /// When it connected.
    pub connected: EpochMs,
    /// The minute of its latest event: that minute's first millisecond.
    pub last_seen: EpochMs,
    /// Messages since it connected.
    pub messages: u32,
    /// Since when its guest waits for a reply; `None` where it does not.
    pub awaiting_since: Option<EpochMs>,
    /// Whether nothing came from it since the latest gap began.
    pub is_uncertain: bool,
    /// The name of its queue.
    pub queue: Arc<str>,
    /// What that name means.
    pub queue_kind: GroupKind,
    /// The name of its deployment.
    pub deployment: Arc<str>,
    /// What that name means.
    pub deployment_kind: GroupKind,
}

impl OpenSession {
    /// Whether the id is the stream's own, which other programs know: `#` and 32 hexadecimal digits
    /// stand for one that was not kept.
    pub fn is_id_kept(&self) -> bool {
        let is_digit = |byte: u8| byte.is_ascii_hexdigit();
        !self
            .id
            .strip_prefix('#')
            .is_some_and(|rest| rest.len() == 32 && rest.bytes().all(is_digit))
    }
}

/// The longest-open sessions of one cut, made once a second.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Longest {
    /// The engine clock of the cut.
    pub as_of: EpochMs,
    /// The longest of all, longest first and equally long ones by id; at most [`LONGEST_LOOKED_AT`].
    pub overall: Vec<OpenSession>,
    /// Of each queue, in the same order, at most [`LONGEST_OF_QUEUE`] each; empty where none is open.
    pub by_queue: Vec<Arc<Vec<OpenSession>>>,
    /// Those whose guest waits for a reply, who has waited for longest first and equally long ones by id;
    /// at most [`LONGEST_OVERALL`].
    pub awaiting: Vec<OpenSession>,
    /// Of each queue, in the same order, at most [`LONGEST_OF_QUEUE`] each.
    pub awaiting_by_queue: Vec<Arc<Vec<OpenSession>>>,
}

impl Longest {
    /// The longest-open sessions of a queue, longest first: its own list, and what the overall list
    /// has beyond that.
    pub fn of_queue(&self, queue: &str, kind: GroupKind) -> Vec<&OpenSession> {
        let is_own = is_of_queue(queue, kind);
        merged(&self.overall, &self.by_queue, is_own, OpenSession::connect)
    }

    /// All listed sessions, longest first.
    pub fn all(&self) -> Vec<&OpenSession> {
        merged(
            &self.overall,
            &self.by_queue,
            |_| true,
            OpenSession::connect,
        )
    }

    /// The sessions of a queue whose guest waits for a reply, who has waited for longest first: its own
    /// list, and what the overall list has beyond that.
    pub fn awaiting_of_queue(&self, queue: &str, kind: GroupKind) -> Vec<&OpenSession> {
        let is_own = is_of_queue(queue, kind);
        let lists = &self.awaiting_by_queue;
        merged(&self.awaiting, lists, is_own, OpenSession::wait)
    }

    /// All listed sessions whose guest waits for a reply, who has waited for longest first.
    pub fn all_awaiting(&self) -> Vec<&OpenSession> {
        let lists = &self.awaiting_by_queue;
        merged(&self.awaiting, lists, |_| true, OpenSession::wait)
    }
}

impl OpenSession {
    /// The time that orders those that have been open for longest.
    pub(super) const fn connect(&self) -> EpochMs {
        self.connected
    }

    /// The time that orders those whose guest has waited for longest.
    pub(super) fn wait(&self) -> EpochMs {
        self.awaiting_since.unwrap_or_default()
    }
}

fn is_of_queue(queue: &str, kind: GroupKind) -> impl Fn(&OpenSession) -> bool {
    move |session| session.queue_kind == kind && &*session.queue == queue
}

/// Sessions of an overall list and of those of queues, in the order of a time, then by id; each once. The
/// sessions of a list are all of one queue.
fn merged<'lists>(
    overall: &'lists [OpenSession],
    of_queues: &'lists [Arc<Vec<OpenSession>>],
    is_wanted: impl Fn(&OpenSession) -> bool,
    time: fn(&OpenSession) -> EpochMs,
) -> Vec<&'lists OpenSession> {
    let of_queues = of_queues.iter();
    let wanted = of_queues.filter(|list| list.first().is_some_and(&is_wanted));
    let sessions = wanted.flat_map(|list| list.iter());
    let overall = overall.iter().filter(|session| is_wanted(session));
    let mut known = HashSet::new();
    let mut found: Vec<_> = sessions
        .chain(overall)
        .filter(|session| known.insert(&*session.id))
        .collect();
    found.sort_unstable_by(|a, b| (time(a), &a.id).cmp(&(time(b), &b.id)));
    found
}
