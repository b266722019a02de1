//! What the facts of a conversation come to: what is booked, and how its legs are now.

use serde::Deserialize;
use serde::Serialize;

use crate::event::Media;
use crate::snapshot::GroupId;
use crate::time::EpochMs;

/// Something that is counted, at its own edge's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::aggregate) struct Booking {
    pub(in crate::aggregate) time: EpochMs,
    pub(in crate::aggregate) what: What,
    /// Of the leg. An agent is named by the legs of agents alone.
    pub(in crate::aggregate) whose: Whose,
    /// The wait or the time that goes with it, in milliseconds; 0 where none does.
    pub(in crate::aggregate) ms: u32,
}

/// The groups of a leg.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::aggregate) struct Whose {
    pub(in crate::aggregate) queue: GroupId,
    pub(in crate::aggregate) media: u8,
    pub(in crate::aggregate) agent: GroupId,
}

impl Whose {
    /// A leg of a queue.
    pub(in crate::aggregate) const fn of_queue(queue: GroupId, media: Media) -> Self {
        Self::of_agent(queue, media, GroupId(0))
    }

    /// A leg of an agent.
    pub(in crate::aggregate) const fn of_agent(
        queue: GroupId,
        media: Media,
        agent: GroupId,
    ) -> Self {
        Self {
            queue,
            media: media as u8,
            agent,
        }
    }

    /// Whether its kind of channel is one.
    pub(in crate::aggregate) fn is_right(self) -> bool {
        usize::from(self.media) < Media::ALL.len()
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub(in crate::aggregate) enum What {
    /// A conversation began to wait in a queue.
    Offered,
    /// The wait ended with an agent.
    Answered,
    /// The guest left while it waited.
    Abandoned,
    /// The same, so soon that it is not held against the queue.
    ShortAbandoned,
    /// The conversation ended while it waited, but not by the guest.
    Lapsed,
    /// It left for another queue, or for somewhere else.
    FlowedOut,
    /// An agent who had taken it gave it on.
    Transferred,
    /// An agent was offered it and did not take it.
    NotResponding,
    /// A leg ended of an agent who had taken it; the time is the talk.
    Handled,
    /// The guest was on hold in it.
    Held,
    /// An agent is done with the work after the contact.
    AfterWork,
}

/// How a leg is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::aggregate) struct Standing {
    pub(in crate::aggregate) is: Is,
    /// Since when: of one that waits, since the first leg that it continues began.
    pub(in crate::aggregate) since: EpochMs,
    pub(in crate::aggregate) whose: Whose,
}

/// What a leg can be now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub(in crate::aggregate) enum Is {
    /// It waits in a queue.
    Waiting,
    /// An agent is offered it.
    Alerting,
    /// An agent is in it.
    Interacting,
}

/// What the facts of a conversation come to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::aggregate) struct Reading {
    /// In order.
    pub(in crate::aggregate) bookings: Vec<Booking>,
    /// In order.
    pub(in crate::aggregate) standing: Vec<Standing>,
    /// The queue of the latest leg that is known to have begun in one.
    pub(in crate::aggregate) queue: Option<GroupId>,
    /// Facts that nothing was made of: ends of waits whose beginning never came.
    pub(in crate::aggregate) orphans: u32,
    /// Waits whose beginning never came, and follows from their own length.
    pub(in crate::aggregate) recovered: u32,
    /// The time of the oldest fact of which something may follow once no more than it is to be
    /// expected.
    pub(in crate::aggregate) unsettled: Option<EpochMs>,
}

impl Reading {
    /// Whether it can be what the rules say.
    pub(in crate::aggregate) fn is_right(&self) -> bool {
        let booked = self.bookings.iter().map(|booking| booking.whose);
        let standing = self.standing.iter().map(|standing| standing.whose);
        let are_sorted = self.bookings.is_sorted() && self.standing.is_sorted();
        are_sorted && booked.chain(standing).all(Whose::is_right)
    }

    /// Empties it and keeps its memory.
    pub(in crate::aggregate) fn clear(&mut self) {
        let Self {
            bookings,
            standing,
            queue,
            orphans,
            recovered,
            unsettled,
        } = self;
        bookings.clear();
        standing.clear();
        (*queue, *orphans, *recovered, *unsettled) = (None, 0, 0, None);
    }
}

/// One booking in its bucket, or the taking back of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::aggregate) struct Entry {
    pub(in crate::aggregate) what: What,
    pub(in crate::aggregate) is_taken_back: bool,
    pub(in crate::aggregate) whose: Whose,
    pub(in crate::aggregate) ms: u32,
}
