//! What an event carries beside itself, reduced to numbers, and the definitions behind those numbers.
//!
//! Names of queues and deployments are interned by the writer alone. An ingest thread numbers the
//! pairs it meets for itself and sends what a number stands for ahead of its first use.

use serde::Deserialize;
use serde::Serialize;

/// The number of a pair of labels, a queue and a deployment, either of which may be absent. It means
/// something only together with the definitions of the same input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LabelsId(u16);

impl LabelsId {
    /// Neither queue nor deployment. Never defined.
    pub const NONE: Self = Self(0);
    /// How many pairs can have a number at a time.
    pub const MAX: usize = u16::MAX as usize;

    /// The pair with a number; 0 is [`LabelsId::NONE`].
    pub const fn from_number(number: u16) -> Self {
        Self(number)
    }

    /// The pair's number.
    pub const fn number(self) -> u16 {
        self.0
    }
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Direction {
    /// From the guest.
    Inbound,
    /// To the guest.
    Outbound,
}

impl Direction {
    /// Both, in the order in which they are kept.
    pub const ALL: [Self; 2] = [Self::Inbound, Self::Outbound];

    /// The direction's name, on the wire and in the API.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }

    /// The direction that a text names to the letter.
    pub fn of(text: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|direction| direction.label().as_bytes() == text)
    }
}

/// Who did it: of a message its author, of an end who ended it, as far as the source tells.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[repr(u8)]
pub enum Actor {
    /// The source does not say.
    #[default]
    Unknown,
    /// The guest.
    Guest,
    /// A person who works for the business.
    Agent,
    /// A program that answers for the business.
    Bot,
    /// The business, where the source cannot tell a person from a program.
    Business,
}

impl Actor {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::Unknown,
        Self::Guest,
        Self::Agent,
        Self::Bot,
        Self::Business,
    ];

    /// The author that a text names to the letter: `guest`, `agent` or `bot`.
    pub fn named(text: &str) -> Option<Self> {
        match text {
            "guest" => Some(Self::Guest),
            "agent" => Some(Self::Agent),
            "bot" => Some(Self::Bot),
            _ => None,
        }
    }

    /// The author of a message of which no more than its direction is known.
    #[inline]
    pub const fn of_direction(direction: Direction) -> Self {
        match direction {
            Direction::Inbound => Self::Guest,
            Direction::Outbound => Self::Business,
        }
    }

    /// Which way a message of this author goes.
    #[inline]
    pub const fn direction(self) -> Option<Direction> {
        match self {
            Self::Unknown => None,
            Self::Guest => Some(Direction::Inbound),
            Self::Agent | Self::Bot | Self::Business => Some(Direction::Outbound),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direction_has_an_author_and_the_author_its_direction() {
        for direction in Direction::ALL {
            let actor = Actor::of_direction(direction);
            assert_eq!(actor.direction(), Some(direction));
        }
        let inbound = |actor: &Actor| actor.direction() == Some(Direction::Inbound);
        let guests: Vec<_> = Actor::ALL.into_iter().filter(inbound).collect();
        assert_eq!(guests, [Actor::Guest], "nobody else writes to us");
    }

    #[test]
    fn directions_are_named_to_the_letter() {
        for direction in Direction::ALL {
            assert_eq!(Direction::of(direction.label().as_bytes()), Some(direction));
        }
        for text in ["", "Inbound", "in", "outbound "] {
            assert_eq!(Direction::of(text.as_bytes()), None);
        }
    }
}
