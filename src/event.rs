//! One normalised event, whatever source it came from, and the reasons why bytes do not become one.
//!
//! An [`Event`] is right by construction: `parse` is the only place that makes one from bytes.

mod definitions;
mod fact;
mod labels;
mod uuid;

use serde::Deserialize;
use serde::Serialize;

use crate::time::EpochMs;

pub use definitions::{AgentDefinition, Definitions, LabelDefinition};
pub use fact::{AgentId, Fact, FactKind, LegKey, Media, Outcome, OwnMs};
pub use labels::{Actor, Direction, LabelsId};
pub use uuid::{Uuid, session_uuid};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EventKind {
    /// A guest connected: `webchat:connected`.
    Connected,
    /// A guest's session ended: `webchat:disconnected`.
    Disconnected,
    /// One message, in either direction: `webchat:message`.
    Message,
    /// Something that a source knows of a leg of the conversation: a [`Fact`].
    Fact,
}

/// How a session id became its 128 bits. Keys of different kinds are never equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum IdKind {
    /// A canonical lower-case UUID: the key is its value, so it can be printed back.
    Uuid,
    /// Anything else: a 128-bit keyed hash.
    Hashed,
}

/// The keys under which ids that are no UUID are hashed, and identities made. They are part of the
/// state, not of the process: the same keys give the same rows after a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdKeys(pub [u64; 4]);

impl IdKeys {
    /// Keys that are the same in every run, for replays and tests. A live engine draws its own, so
    /// that nobody can choose ids that collide.
    pub const FIXED: Self = Self([
        0x243f_6a88_85a3_08d3,
        0x1319_8a2e_0370_7344,
        0xa409_3822_299f_31d0,
        0x082e_fa98_ec4e_6c89,
    ]);
}

/// A session's identity, reduced to 128 bits and a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey {
    /// Upper 64 bits.
    pub hi: u64,
    /// Lower 64 bits.
    pub lo: u64,
    /// What the bits are.
    pub kind: IdKind,
}

/// A message's fingerprint for recognising copies; 0 stands for "carries no identity".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity(u64);

impl Identity {
    /// A message with neither a message id nor a sequence: never merged with another.
    pub const NONE: Self = Self(0);

    /// Makes an identity of a hash; a hash of 0 is moved to 1, so that it cannot mean "none".
    pub const fn from_hash(hash: u64) -> Self {
        if hash == 0 { Self(1) } else { Self(hash) }
    }

    /// The fingerprint, or `None` when the message carries none.
    pub const fn fingerprint(self) -> Option<u64> {
        if self.0 == 0 { None } else { Some(self.0) }
    }
}

/// One event of a guest session. Fixed size and `Copy`, so that batches of them are plain memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// When it happened.
    pub time: EpochMs,
    /// The session it belongs to.
    pub session: SessionKey,
    /// Of a message: what a copy of it would repeat. [`Identity::NONE`] on other kinds.
    pub identity: Identity,
    /// What else there is to say of it, by its kind.
    pub detail: Detail,
    /// Its queue and deployment; [`LabelsId::NONE`] when it names neither, or nobody reads them.
    pub labels: LabelsId,
    /// What happened.
    pub kind: EventKind,
    /// Of a message: who wrote it, as far as its source tells. Of a connect and a disconnect: who connected,
    /// and who ended it, where its source knows of legs too; [`Actor::Unknown`] of all other sources.
    pub actor: Actor,
}

impl Event {
    /// [`Event::detail`] of an event with nothing else to say.
    pub const NO_DETAIL: Detail = Detail::NONE;

    /// The duration a disconnect carries, in milliseconds.
    #[inline]
    pub const fn own_duration_ms(&self) -> Option<u32> {
        self.detail.said()
    }

    /// The place of its fact among those of its batch.
    #[inline]
    pub const fn fact(&self) -> Option<u32> {
        match self.kind {
            EventKind::Fact => self.detail.said(),
            EventKind::Connected | EventKind::Disconnected | EventKind::Message => None,
        }
    }

    /// The agent who wrote a message, if its source names one.
    #[inline]
    pub const fn agent(&self) -> AgentId {
        match (self.kind, self.detail.said()) {
            (EventKind::Message, Some(number)) => AgentId::from_number(low_half(number)),
            _ => AgentId::NONE,
        }
    }

    /// Whether it is a connect or a disconnect of a source that knows of legs: it says how things are,
    /// however old it is, and may be said again.
    #[inline]
    pub const fn is_of_conversation(&self) -> bool {
        matches!(self.kind, EventKind::Connected | EventKind::Disconnected)
            && !matches!(self.actor, Actor::Unknown)
    }

    /// Which way a message went, if that is known.
    #[inline]
    pub const fn direction(&self) -> Option<Direction> {
        self.actor.direction()
    }
}

/// What else there is to say of an event, in 32 bits whose meaning is that of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Detail(u32);

impl Detail {
    /// Nothing.
    pub const NONE: Self = Self(u32::MAX);

    /// Of a disconnect: the session's length as the sender knows it, in milliseconds. 2^32 - 1 of them are
    /// none.
    pub const fn of_duration(ms: Option<u32>) -> Self {
        match ms {
            Some(ms) => Self(ms),
            None => Self::NONE,
        }
    }

    /// Of a fact: its place among the facts of its batch.
    pub const fn of_fact(place: u32) -> Self {
        Self(place)
    }

    /// Of a message: the agent who wrote it.
    pub const fn of_agent(agent: AgentId) -> Self {
        Self(agent.number() as u32)
    }

    const fn said(self) -> Option<u32> {
        match self.0 {
            u32::MAX => None,
            said => Some(said),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "numbers of agents have 16 bits"
)]
const fn low_half(number: u32) -> u16 {
    number as u16
}

// A batch of 256 events is 12 KiB: it stays in the first-level cache while it is applied.
const _: () = assert!(size_of::<Event>() <= 48);

/// A closed list of things that are counted by name.
macro_rules! counted {
    ($(#[$about:meta])* $kind:ident { $($(#[$doc:meta])* $name:ident => $label:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[repr(u8)]
        pub enum $kind { $($(#[$doc])* $name,)* }

        impl $kind {
            /// Every one, in the order in which counters are kept and shown.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
            /// How many there are.
            pub const COUNT: usize = Self::ALL.len();

            /// Its name in counters, messages and the API.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)* }
            }

            /// Its place in `ALL`.
            pub const fn index(self) -> usize { self as usize }
        }
    };
}

counted! {
/// Why a payload is refused. Each is counted by name; none ends the connection.
Reject {
    /// Not one JSON document: bad syntax, trailing bytes, a byte-order mark, nothing at all.
    NotJson => "not_json",
    /// The bytes are not UTF-8.
    Utf8 => "utf8",
    /// JSON, but not an object at the top, or `data` or `metadata` is not one.
    Shape => "shape",
    /// A binary frame.
    Binary => "binary",
    /// Longer than the limit for one message.
    TooBig => "too_big",
    /// Nested deeper than the limit.
    Depth => "depth",
    /// A number that no 64-bit type holds, in any field.
    NumberRange => "number_range",
    /// A key that is read stands twice in its object.
    DuplicateKey => "duplicate_key",
    /// A required field is missing, of the wrong type, empty, too long or holds control characters.
    Field => "field",
    /// The timestamp is neither RFC 3339 with a zone nor an integer of epoch milliseconds, or is before 1970.
    Timestamp => "timestamp",
}
}

impl Reject {
    /// What is wrong with a payload that is refused for it, in words for whoever has sent it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NotJson => "not one JSON document",
            Self::Utf8 => "not UTF-8",
            Self::Shape => "not a JSON object",
            Self::Binary => "a binary message",
            Self::TooBig => "longer than a payload may be",
            Self::Depth => "nested too deep",
            Self::NumberRange => "a number that no 64-bit type holds",
            Self::DuplicateKey => "a key that stands twice",
            Self::Field => "missing, empty, too long or of the wrong type",
            Self::Timestamp => "neither RFC 3339 with a zone nor whole milliseconds since 1970",
        }
    }

    /// The same with the field that it is about, as its sender calls it, where it is about one.
    pub fn words_of(self, place: Option<&str>) -> String {
        let what = self.words();
        match place {
            Some(place) => format!("{place}: {what}"),
            None => what.to_owned(),
        }
    }
}

counted! {
/// The field that made a payload refused, where one did.
Field {
    /// `eventType`
    EventType => "eventType",
    /// `timestamp`
    Timestamp => "timestamp",
    /// `data`
    Data => "data",
    /// `metadata`
    Metadata => "metadata",
    /// `data.sessionId`; also where `data.id` might have stood for it, and does not.
    SessionId => "data.sessionId",
    /// `data.id`
    Id => "data.id",
    /// `data.messageId`
    MessageId => "data.messageId",
    /// `data.durationMs`
    DurationMs => "data.durationMs",
    /// `data.queueId`
    QueueId => "data.queueId",
    /// `data.deploymentId`
    DeploymentId => "data.deploymentId",
    /// `data.direction`
    Direction => "data.direction",
    /// `metadata.seq`
    Seq => "metadata.seq",
}
}

counted! {
/// Why the name of a queue or a deployment is not taken. The event that names it still counts.
LabelFault {
    /// Over the limit for an id.
    TooLong => "too_long",
    /// It holds a control character.
    Control => "control",
    /// The table of names was full and starts again: once each time, for all the names in it.
    TableFull => "table_full",
}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reject_labels_are_unique_and_indexed_in_order() {
        for (index, reject) in Reject::ALL.iter().enumerate() {
            assert_eq!(reject.index(), index);
            let same = Reject::ALL
                .iter()
                .filter(|other| other.label() == reject.label());
            assert_eq!(same.count(), 1, "{}", reject.label());
        }
    }

    #[test]
    fn fields_and_faults_of_labels_are_indexed_in_order() {
        for (index, field) in Field::ALL.iter().enumerate() {
            assert_eq!(field.index(), index);
        }
        for (index, fault) in LabelFault::ALL.iter().enumerate() {
            assert_eq!(fault.index(), index);
        }
    }

    #[test]
    fn no_hash_means_no_identity() {
        assert_eq!(Identity::from_hash(0).fingerprint(), Some(1));
        assert_eq!(Identity::from_hash(7).fingerprint(), Some(7));
        assert_eq!(Identity::NONE.fingerprint(), None);
    }
}
