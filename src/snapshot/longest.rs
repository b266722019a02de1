//! The sessions that have been open for longest, for drilling down.

use std::sync::Arc;

use crate::time::EpochMs;

/// Sessions listed overall.
pub const LONGEST_OVERALL: usize = 100;
/// Sessions listed for each queue.
pub const LONGEST_OF_QUEUE: usize = 10;

/// One open session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSession {
    /// Its id as the stream spells it; where that was not kept, `#` and a number in hexadecimal.
    pub id: Arc<str>,
    /// When it connected.
    pub connected: EpochMs,
    /// The minute of its latest event: that minute's first millisecond.
    pub last_seen: EpochMs,
    /// Messages since it connected.
    pub messages: u32,
    /// The name of its queue.
    pub queue: Arc<str>,
    /// The name of its deployment.
    pub deployment: Arc<str>,
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
    /// The longest of all, longest first; at most [`LONGEST_OVERALL`].
    pub overall: Vec<OpenSession>,
    /// Of each queue, longest first, at most [`LONGEST_OF_QUEUE`] each; empty where none is open.
    pub by_queue: Vec<Arc<Vec<OpenSession>>>,
}

impl Longest {
    /// The longest-open sessions of a queue, longest first: its own list, and what the overall list
    /// has beyond that.
    pub fn of_queue(&self, queue: &str) -> Vec<&OpenSession> {
        let own = self
            .by_queue
            .iter()
            .find(|sessions| sessions.first().is_some_and(|first| &*first.queue == queue));
        let mut found: Vec<&OpenSession> = own.into_iter().flat_map(|own| own.iter()).collect();
        for session in self
            .overall
            .iter()
            .filter(|session| &*session.queue == queue)
        {
            if !found.iter().any(|known| known.id == session.id) {
                found.push(session);
            }
        }
        found.sort_by(|a, b| (a.connected, &a.id).cmp(&(b.connected, &b.id)));
        found
    }
}
