//! What an event does to what is known of its conversation: one table a file, one branch a line of
//! its table.

mod reply;
mod session;
