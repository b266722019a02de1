//! The stand-in for Genesys Cloud: a believable, exactly repeatable stream of guests' events behind a
//! token endpoint and a WebSocket, with faults on demand; or the same events as a file.
//!
//! ```text
//!  arrivals ┐                                       ┌ desk: nobody is subscribed, events are missed
//!  habits   ┴ traffic → event_json → disorder → feed┤
//!                                                   └ stream: frames, many in one write → socket
//!  server → routes: token, handshake, refusals
//! ```
//!
//! Whole conversations with queues, bots and agents come from another model:
//!
//! ```text
//!  centre: facts ┬ wire: as a dialect writes them → posting
//!                └ ledger: what an engine must show of them
//! ```
//!
//! An open-loop load has its own plan of when events are due, see `pace`.
//!
//! It is apart from the pipeline, at its far end, and shares no code with it but the words: what it
//! writes and what `parse` reads must agree by contract, not by construction.

mod arrivals;
mod centre;
mod desk;
mod disorder;
mod event_json;
mod fault;
mod fault_flag;
mod feed;
mod file;
mod habits;
mod history;
mod ledger;
mod outbox;
mod pace;
mod posting;
mod record;
mod refusals;
mod reply;
mod routes;
mod schedule;
mod server;
mod settings;
mod shared;
mod socket;
mod stats;
mod stream;
mod subscription;
mod token;
mod traffic;
mod wire;

pub use centre::Author;
pub use centre::Centre;
pub use centre::CentrePlan;
pub use centre::EVENTS_PER_CONVERSATION;
pub use centre::EndedBy;
pub use centre::Fact;
pub use centre::LeftQueue;
pub use centre::Speed;
pub use centre::What;
pub use fault::Bound;
pub use fault::Endpoint;
pub use fault::Fault;
pub use fault::FaultKind;
pub use fault::Refusal;
pub use fault::When;
pub use fault_flag::GRAMMAR as FAULT_GRAMMAR;
pub use file::FILE_START;
pub use file::write_file;
pub use ledger::Authors;
pub use ledger::Ledger;
pub use ledger::LegNumbers;
pub use ledger::Names;
pub use ledger::SessionNumbers;
pub use ledger::Voice;
pub use pace::Account;
pub use pace::Flow;
pub use pace::Pace;
pub use pace::Pacer;
pub use pace::Stretch;
pub use pace::TICK_NS;
pub use posting::BodyForm;
pub use posting::Conveyor;
pub use posting::CredentialForm;
pub use posting::Element;
pub use posting::ElementKind;
pub use posting::PostFailure;
pub use posting::PostTally;
pub use posting::Posting;
pub use posting::PostingFault;
pub use posting::PostingSettings;
pub use posting::SenderCredential;
pub use posting::write_elements;
pub use record::Emission;
pub use routes::STREAM_PATH;
pub use routes::TOKEN_PATH;
pub use server::BindError;
pub use server::Observer;
pub use server::Simulator;
pub use settings::Rate;
pub use settings::SimulatorSettings;
pub use stats::SimulatorStats;
pub use wire::agent_id;
pub use wire::deployment_id;
pub use wire::payloads;
pub use wire::queue_id;
