//! The sessions that have been open for longest, for drilling down.

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
}

impl Longest {
    /// The longest-open sessions of a queue, longest first: its own list, and what the overall list
    /// has beyond that.
    pub fn of_queue(&self, queue: &str, kind: GroupKind) -> Vec<&OpenSession> {
        let is_own = |session: &OpenSession| session.queue_kind == kind && &*session.queue == queue;
        let own = self
            .by_queue
            .iter()
            .find(|sessions| sessions.first().is_some_and(is_own));
        let own = own.into_iter().flat_map(|own| own.iter());
        let overall = self.overall.iter().filter(|session| is_own(session));
        Self::merged(own.chain(overall))
    }

    /// All listed sessions, longest first.
    pub fn all(&self) -> Vec<&OpenSession> {
        let of_queues = self.by_queue.iter().flat_map(|queue| queue.iter());
        Self::merged(self.overall.iter().chain(of_queues))
    }

    /// Sessions in their order, each once.
    fn merged<'a>(sessions: impl Iterator<Item = &'a OpenSession>) -> Vec<&'a OpenSession> {
        let mut known = HashSet::new();
        let mut found: Vec<_> = sessions
            .filter(|session| known.insert(&*session.id))
            .collect();
        found.sort_unstable_by(|a, b| (a.connected, &a.id).cmp(&(b.connected, &b.id)));
        found
    }
}
