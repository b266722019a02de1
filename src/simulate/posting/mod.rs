//! A contact centre's facts on their way to an endpoint that takes posts.
//!
//! ```text
//!  centre → conveyor: elements of a dialect, with faults, and the ledger
//!         → body: those of one request → sender: posted until it is answered
//!  run: all of it, by the clock
//! ```
//!
//! One request at a time: what arrives in order of time keeps it.

mod body;
mod conveyor;
mod credential;
mod file;
mod raw;
mod run;
mod sender;
mod tally;

pub use body::BodyForm;
pub use conveyor::Conveyor;
pub use conveyor::Element;
pub use conveyor::ElementKind;
pub use credential::CredentialForm;
pub use credential::SenderCredential;
pub use file::write_elements;
pub use run::Posting;
pub use run::PostingFault;
pub use run::PostingSettings;
pub use sender::PostFailure;
pub use tally::PostTally;
