//! What happens in a contact centre, one fact at a time.

use crate::time::EpochMs;

/// One thing that happened in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// When. Never before the fact ahead of it.
    pub at: EpochMs,
    /// The conversation's UUID.
    pub conversation: u128,
    /// The contact's UUID where a transfer makes a contact of its own: of the part that it is in now.
    pub contact: u128,
    /// Which deployment the guest came by, from 0.
    pub deployment: u16,
    /// Which queue the guest came for, from 0: before any transfer.
    pub home: u16,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The guest opened the conversation.
    Started,
    /// Somebody wrote.
    Message {
        /// The message's UUID.
        id: u128,
        /// Who wrote.
        author: Author,
        /// Characters of its text.
        text_length: u64,
    },
    /// The conversation waits in a queue.
    Queued {
        /// The UUID of this stint.
        leg: u128,
        /// Which queue, from 0.
        queue: u16,
        /// After a transfer: the contact that ended with it.
        from: Option<u128>,
    },
    /// It waits there no more.
    LeftQueue {
        /// The UUID of the stint.
        leg: u128,
        /// Which queue.
        queue: u16,
        /// How the wait ended.
        how: LeftQueue,
        /// How long the stint was, in milliseconds.
        wait_ms: u64,
    },
    /// An agent is offered the conversation.
    Alerting {
        /// The UUID of the agent's stint.
        leg: u128,
        /// For which queue.
        queue: u16,
        /// Which agent, from 0.
        agent: u16,
    },
    /// The agent took it.
    Joined {
        /// The UUID of the agent's stint.
        leg: u128,
        /// For which queue.
        queue: u16,
        /// Which agent.
        agent: u16,
    },
    /// The agent is in it no more, or is offered it no more.
    LeftAgent {
        /// The UUID of the agent's stint.
        leg: u128,
        /// For which queue.
        queue: u16,
        /// Which agent.
        agent: u16,
        /// How long the agent was alerted, in milliseconds.
        alert_ms: u64,
        /// How long the agent talked, in milliseconds; `None` where the alert was not answered.
        talk_ms: Option<u64>,
        /// Whether the agent passed the conversation on.
        is_transfer: bool,
    },
    /// The agent is done with the work after it.
    WrappedUp {
        /// The UUID of the agent's stint.
        leg: u128,
        /// For which queue.
        queue: u16,
        /// Which agent.
        agent: u16,
        /// How long that took, in milliseconds.
        after_work_ms: u64,
    },
    /// The conversation is over.
    Ended {
        /// Who or what ended it.
        by: EndedBy,
    },
}

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// The guest.
    Guest,
    /// The program that greets guests.
    Bot,
    /// An agent, from 0.
    Agent(u16),
}

/// How a wait in a queue ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftQueue {
    /// An agent took the conversation: which one, from 0.
    Answered(u16),
    /// The guest left.
    Abandoned,
    /// It ended while it waited, but not by the guest.
    Lapsed,
    /// The alert was not answered, and it goes on waiting in the same queue in another stint.
    Requeued,
}

/// Who or what ended a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// The guest.
    Guest,
    /// The agent.
    Agent,
    /// Nobody: the guest wrote no more.
    Inactivity,
}

impl EndedBy {
    /// Its name, as the tutorial's `reason` has it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::Agent => "agent",
            Self::Inactivity => "timeout",
        }
    }
}
