//! From when on the page colours a queue whose guests wait for a reply.
//!
//! Two signs of trouble, each with a level for yellow and one for red. A number of guests says little by
//! itself: a large queue always has hundreds of them between two messages. It counts while the queue is
//! *silent*, which is when nobody in it got a reply in the last minute. The longest wait counts always.

use std::time::Duration;

/// The levels. 0 turns one off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitLevels {
    /// Guests waiting in a silent queue: yellow from here on.
    pub awaiting_warning: u64,
    /// Red from here on.
    pub awaiting_critical: u64,
    /// How long a guest has waited: yellow from here on.
    pub longest_warning: Duration,
    /// Red from here on.
    pub longest_critical: Duration,
}

impl WaitLevels {
    /// What holds where nothing is set.
    pub const DEFAULT: Self = Self {
        awaiting_warning: 5,
        awaiting_critical: 10,
        longest_warning: Duration::from_secs(120),
        longest_critical: Duration::from_secs(300),
    };
}
