//! The real binary, run as a user runs it: against a stand-in in this process, ended by signals, its
//! streams and exit codes.

mod answers;
mod files;
mod first_hour;
mod process;
mod serve;
mod signals;
mod top;
