//! What a dialect can say of the facts of a contact centre.

use crate::config::Dialect;
use crate::event::Actor;

use crate::simulate::centre::Author;

/// What a dialect says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Voice {
    /// Of sessions.
    pub sessions_name: Names,
    /// Of messages. What they do not name is that of their session, while it is known.
    pub messages_name: Names,
    /// Whether a session is a contact, of which a transfer makes another one, or a whole conversation.
    pub sessions_are_contacts: bool,
    /// What is known of who wrote a message; `None` where there are no messages.
    pub authors: Option<Authors>,
    /// Whether it says what happens to legs: a session is then in the queue that it was queued in last.
    pub knows_legs: bool,
}

/// What is named of where something belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Names {
    /// The queue that the guest came for.
    pub queue: bool,
    /// The deployment.
    pub deployment: bool,
}

impl Names {
    const NONE: Self = Self {
        queue: false,
        deployment: false,
    };
    const BOTH: Self = Self {
        queue: true,
        deployment: true,
    };
    const QUEUE: Self = Self {
        queue: true,
        deployment: false,
    };
    const DEPLOYMENT: Self = Self {
        queue: false,
        deployment: true,
    };
}

/// What is known of who wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authors {
    /// Everybody.
    Named,
    /// Guests, and the business: bots count as agents.
    Directions,
    /// Guests and bots; of agents nothing.
    NoAgents,
}

impl Voice {
    /// The voice of a preset; `None` of a mapping, of which only its author knows.
    pub const fn of(dialect: &Dialect) -> Option<Self> {
        let whole = Self {
            sessions_name: Names::BOTH,
            messages_name: Names::BOTH,
            sessions_are_contacts: false,
            authors: Some(Authors::Named),
            knows_legs: false,
        };
        Some(match dialect {
            Dialect::Tutorial => Self {
                authors: Some(Authors::Directions),
                ..whole
            },
            Dialect::Cloudevents => Self {
                knows_legs: true,
                ..whole
            },
            // A queue's view of a message is of that queue; starts and ends are of none.
            Dialect::GenesysEventbridge => Self {
                sessions_name: Names::DEPLOYMENT,
                messages_name: Names::QUEUE,
                knows_legs: true,
                ..whole
            },
            Dialect::AmazonConnect => Self {
                sessions_name: Names::NONE,
                messages_name: Names::NONE,
                sessions_are_contacts: true,
                authors: None,
                knows_legs: true,
            },
            Dialect::TwilioEventStreams => Self {
                sessions_name: Names::DEPLOYMENT,
                messages_name: Names::DEPLOYMENT,
                authors: Some(Authors::NoAgents),
                ..whole
            },
            Dialect::Mapped(_) => return None,
        })
    }

    /// Who is known to have written.
    pub(super) const fn actor(self, author: Author) -> Option<Actor> {
        let Some(authors) = self.authors else {
            return None;
        };
        Some(match (author, authors) {
            (Author::Guest, _) => Actor::Guest,
            (Author::Bot | Author::Agent(_), Authors::Directions) => Actor::Business,
            (Author::Bot, _) => Actor::Bot,
            (Author::Agent(_), Authors::Named) => Actor::Agent,
            (Author::Agent(_), Authors::NoAgents) => Actor::Unknown,
        })
    }
}
