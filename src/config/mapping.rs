//! What the fields of an event are called by a sender for whom there is no preset.

use std::collections::BTreeMap;

use super::pointer::Pointer;

/// Where in a payload the fields of its event stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// What happened.
    pub kind: Pointer,
    /// What the values there mean; at least one of them is counted.
    pub kinds: BTreeMap<String, MappedKind>,
    /// What all other values mean: ignored, or refused.
    pub other_kinds: OtherKinds,
    /// When it happened.
    pub time: Pointer,
    /// What a number there counts.
    pub time_unit: TimeUnit,
    /// The session.
    pub session: Pointer,
    /// What a copy of a message would repeat.
    pub id: Option<Pointer>,
    /// The queue.
    pub queue: Option<Pointer>,
    /// The deployment.
    pub deployment: Option<Pointer>,
    /// The agent. Decoders do not read it yet, and nothing counts by it.
    pub agent: Option<Pointer>,
    /// Which way a message went: `inbound` or `outbound`.
    pub direction: Option<Pointer>,
    /// Who wrote a message. It comes before the direction.
    pub author: Option<Pointer>,
    /// What the values there mean; `guest`, `agent` and `bot` where this is empty.
    pub authors: BTreeMap<String, MappedAuthor>,
}

/// What a payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MappedKind {
    /// A session begins.
    Connected,
    /// A session ends.
    Disconnected,
    /// A message.
    Message,
    /// Nothing that is counted.
    Ignored,
}

impl MappedKind {
    /// Their names in the settings.
    pub const NAMES: [(&str, Self); 4] = [
        ("connected", Self::Connected),
        ("disconnected", Self::Disconnected),
        ("message", Self::Message),
        ("ignored", Self::Ignored),
    ];
}

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MappedAuthor {
    /// The guest.
    Guest,
    /// A person who works for the business.
    Agent,
    /// A program that answers for the business.
    Bot,
    /// Nobody knows.
    Unknown,
}

impl MappedAuthor {
    /// Their names in the settings.
    pub const NAMES: [(&str, Self); 4] = [
        ("guest", Self::Guest),
        ("agent", Self::Agent),
        ("bot", Self::Bot),
        ("unknown", Self::Unknown),
    ];
}

/// What becomes of a payload of a kind that is not in the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OtherKinds {
    /// It is ignored, and counted so.
    #[default]
    Ignored,
    /// Its request is refused.
    Refused,
}

impl OtherKinds {
    /// Their names in the settings.
    pub const NAMES: [(&str, Self); 2] = [("ignored", Self::Ignored), ("refused", Self::Refused)];
}

/// What a whole number counts from 1970 on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeUnit {
    /// Milliseconds.
    #[default]
    Milliseconds,
    /// Seconds.
    Seconds,
}

impl TimeUnit {
    /// Their names in the settings.
    pub const NAMES: [(&str, Self); 2] = [("ms", Self::Milliseconds), ("s", Self::Seconds)];
}
