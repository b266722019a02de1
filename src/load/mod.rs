//! The open-loop load generator: how long from the moment an event is due until a reader can see it.
//!
//! ```text
//!  profile → stretches ─→ simulate (paced) ══ real socket ══> engine ─→ snapshots
//!                             │ account: due, sent                         │
//!                             └────────────→ tally ←── watch ──────────────┘
//!                                              └→ seconds, histograms → report, thresholds, compare
//! ```
//!
//! Events are due by a fixed plan, whether the engine keeps up or not: a late one is sent at once and
//! none is left out. Its latency counts from when it was due ("corrected") and, beside it, from when
//! it was given to the socket. Nothing here is part of the pipeline; it drives the parts it measures
//! through the same doors as anybody else.

mod compare;
mod cpu;
mod engine;
mod graphql;
mod machine;
mod plan;
mod profile;
mod progress;
mod readers;
mod report;
mod rig;
mod run;
mod search;
mod seconds;
mod settings;
mod standby;
mod table;
mod tally;
mod threshold;
mod watch;

pub use compare::compare;
pub use profile::Profile;
pub use progress::Progress;
pub use report::Arrival;
pub use report::Latency;
pub use report::Report;
pub use report::Totals;
pub use rig::LoadError;
pub use run::Outcome;
pub use run::run;
pub use seconds::Second;
pub use seconds::csv;
pub use settings::LoadSettings;
pub use table::table;
pub use threshold::Threshold;
