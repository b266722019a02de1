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
//! The modules below stand in the order of their imports: each may import only from those above it, so
//! the words come first and the wiring last. `ARCHITECTURE.md` has the table, and a test holds the tree
//! to it.

// The words everything else is written in: no I/O, no state.
pub mod time;

pub mod histogram;

pub mod event;
pub mod input;
pub mod post;

pub mod metric;
pub mod stream;
pub mod window;

// Values that can be replaced while they are read, and lines for people, which hold nobody up.
pub mod reloadable;
pub mod stderr;

// Every setting and limit.
pub mod config;

// How the parts of the pipeline do, beside what they publish.
pub mod pulse;

// Connections to the outside, and the token.
pub mod net;

pub mod auth;

// What passes between the stages: events, batches, latencies, snapshots.
pub mod parse;

pub mod ring;

pub mod latency;

pub mod snapshot;

// The stages that use them.
pub mod alert;

pub mod aggregate;

pub mod source;

pub mod serve;

pub mod notify;

// The only wiring, and what stands around it.
pub mod engine;

pub mod replay;

pub mod sample;

pub mod simulate;

pub mod load;

pub mod cli;
