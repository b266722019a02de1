//! A contact centre in small: guests, a bot, queues and agents, from one seed.
//!
//! ```text
//!  plan    how many of what, since when, how busy
//!  staff   queues and agents: who is free, who waits
//!  talk    one conversation, and what it is like
//!  events  what happens next, to whom: facts in order of time; steps: what each comes to
//!  fact    what happened; scale: the same in less time
//! ```
//!
//! It knows no clock, socket or wire format, and makes a day of thousands of conversations in a moment.
//! No two facts of one conversation happen at the same moment unless they are one happening, so that
//! sorting by time never puts a message on the wrong side of another or of the end.

mod events;
mod fact;
mod plan;
mod scale;
mod staff;
mod steps;
mod talk;

pub use events::Centre;
pub use fact::Author;
pub use fact::EndedBy;
pub use fact::Fact;
pub use fact::LeftQueue;
pub use fact::What;
pub use plan::CentrePlan;
pub use plan::EVENTS_PER_CONVERSATION;
pub use scale::Speed;

#[cfg(test)]
mod tests;
