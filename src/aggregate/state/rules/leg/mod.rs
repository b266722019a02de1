//! The table of legs: what the facts of a conversation come to.
//!
//! | leg | fact | result |
//! |---|---|---|
//! | queue, none | queued at t | waiting; offered; a known left or end applies at once |
//! | queue, none | left at e | kept for the lateness; then, with an own wait, offered at e − wait and its outcome, recovered; else orphan |
//! | waiting since t | an agent joined in its queue at j | leaves waiting; booked when its left comes, or, without one within the lateness, as left at j |
//! | waiting since t | left at e | wait as said, else e − t; outcome as said (abandoned, but not by the guest: lapsed); unsaid: answered if a join lies within 5 s of e either way (one that is older by more than the lateness: left at j), flowed out if another queue's leg does; else undecided until the end |
//! | waiting, or undecided | the conversation ended | by the guest: abandoned, or short abandoned; anything else: lapsed |
//! | agent | alerting; joined | alerting now; interacting now |
//! | agent | left, joined or with interacting time | talk and held as said, else from the times |
//! | agent | left, neither | kept for the lateness for its join; then not responding, unless the conversation ended or was abandoned within 5 s |
//! | agent, not left | the conversation ended at x | left at x |
//! | agent, any | wrapped up | after-contact work, at its own time |
//! | any | a known fact | repeated (`legs/known.rs`) |
//!
//! It is a pure function of what is known and of how late a fact may still come, so neither order nor
//! copies of facts change what it says. A conversation has a handful of facts, and each new one has it
//! read again: what was booked before and is not any more is taken back.

mod agent;
mod stint;
mod table;
mod wait;

use crate::aggregate::legs::Known;
use crate::aggregate::legs::Reading;
use crate::aggregate::legs::Terms;

use stint::Stints;
use table::Table;

/// Reads the table for a conversation.
pub(in crate::aggregate::state) fn read(known: &Known, terms: &Terms, reading: &mut Reading) {
    reading.clear();
    let stints = Stints::of(known.facts());
    let mut table = Table::new(&stints, known.ends(), terms, reading);
    let waits = wait::all(&mut table);
    for place in 0..waits.len() {
        wait::book(&mut table, &waits, place);
    }
    for agent in &stints.agents {
        agent::book(&mut table, agent);
    }
    agent::book_transfers(&mut table, &waits);
    reading.bookings.sort_unstable();
    reading.standing.sort_unstable();
}
