//! What of the session table is small: the heads of the lists that its rows are threaded on.

use serde::Deserialize;
use serde::Serialize;

/// The table of sessions without its rows.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct Sessions {
    /// The bucket of the clock by which rows expire.
    pub(in crate::aggregate) current: i64,
    pub(in crate::aggregate) fresh: Lists,
    pub(in crate::aggregate) silent: Lists,
    pub(in crate::aggregate) closed: Lists,
    pub(in crate::aggregate) pending: Lists,
    /// The minute in which open rows were let go last.
    pub(in crate::aggregate) minute: i64,
    /// Whether a gap has begun since.
    pub(in crate::aggregate) is_doubted: bool,
}

/// A ring of lists.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct Lists {
    /// How many lists.
    pub(in crate::aggregate) length: u32,
    /// The place and the first row of those that hold any.
    pub(in crate::aggregate) heads: Vec<(u32, u32)>,
    /// The times between which all rows are.
    pub(in crate::aggregate) oldest: i64,
    pub(in crate::aggregate) latest: i64,
}
