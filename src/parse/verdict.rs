//! What became of one message.

use crate::event::Event;
use crate::event::Reject;

/// What became of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// An event of a known type, right by construction.
    Event(Event),
    /// JSON of a type nobody asked for.
    Ignored,
    /// Refused, to be counted by its reason.
    Rejected(Reject),
}
