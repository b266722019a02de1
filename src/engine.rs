//! Placeholder while the wiring is written.
