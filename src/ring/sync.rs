//! What the bell is made of. `tests/loom.rs` reads `bell.rs` with the model checker's parts in this place.

pub(super) use std::sync::atomic::AtomicBool;
pub(super) use std::sync::atomic::Ordering;
pub(super) use std::sync::atomic::fence;
pub(super) use std::thread::Thread;
pub(super) use std::thread::current;
pub(super) use std::thread::park_timeout;
