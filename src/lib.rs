//! streamgauge: real-time analytics of web-messaging events.
//!
//! ```text
//!  source            parse          ring             aggregate         publish          serve
//!  WebSocket frames → simd-json   → crossbeam      → single writer,  → arc-swap       → hyper: GraphQL,
//!  (or a file)        bytes→Event   bounded ring     time buckets,     immutable        health
//!                                                    session table     Snapshot
//!   └─ ingest thread ───────────┘                   └─ one writer thread ──────┘      └─ tokio workers ─┘
//! ```
//!
//! The modules below stand in the order of that flow; each may import only from those above it and
//! from the words it is written in. `ARCHITECTURE.md` has the table, and a test holds the tree to it.

// The words everything else is written in: no I/O, no state.
pub mod event;
pub mod input;
pub mod stream;
pub mod time;
pub mod window;

// Lines for people, which hold nobody up, and settings that can be replaced.
pub mod reloadable;
pub mod stderr;

// Every setting and limit.
pub mod config;

// How the parts of the pipeline do, beside what they publish.
pub mod pulse;

// The stages, in flow order.
pub mod net;

pub mod auth;
pub mod source;

pub mod parse;

pub mod ring;

pub mod aggregate;

pub mod alert;

pub mod latency;
pub mod snapshot;

pub mod serve;

pub mod notify;

// The only wiring, and what stands around it.
pub mod engine;

pub mod replay;
pub mod simulate;

pub mod load;

pub mod cli;
