//! What an event does to what is known of its conversation: one table a file, one branch a line of
//! its table.

mod leg;
mod reply;
mod session;

pub(super) use leg::read as legs;
