//! The words of legs: what is known of a conversation, and what follows from it. No state and no rules.

mod booking;
mod known;
mod terms;

pub(in crate::aggregate) use booking::{Booking, Entry, Is, Reading, Standing, What, Whose};
pub(in crate::aggregate) use known::{Known, KnownFact, Taken};
pub(in crate::aggregate) use terms::Terms;
