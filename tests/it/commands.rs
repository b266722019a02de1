//! The real binary, run as a user runs it: against a stand-in in this process, ended by signals, its
//! streams and exit codes.

mod answers;
mod blocked;
mod canary;
mod descriptors;
mod files;
mod first_hour;
mod names;
pub(crate) mod process;
mod reload;
mod serve;
mod signals;
mod stopped;
mod systemd;
mod terminal;
mod top;
