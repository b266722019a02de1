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
    /// The agent of a leg, or who wrote a message.
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
    /// The conversation began to wait in a queue.
    Queued,
    /// It waits there no more, and an agent took it.
    Answered,
    /// It waits there no more, because the guest left.
    Abandoned,
    /// It waits there no more, because it went elsewhere.
    FlowedOut,
    /// It waits there no more.
    LeftQueue,
    /// An agent is offered it.
    Alerting,
    /// An agent took it.
    Joined,
    /// An agent is in it no more, or is offered it no more.
    Left,
    /// An agent is done with what came after it.
    WrappedUp,
    /// Nothing that is counted.
    Ignored,
}

impl MappedKind {
    /// Whether it is something that happens to a queue's or an agent's leg of the conversation.
    pub const fn is_of_leg(self) -> bool {
        !matches!(
            self,
            Self::Connected | Self::Disconnected | Self::Message | Self::Ignored
        )
    }

    /// Their names in the settings.
    pub const NAMES: [(&str, Self); 13] = [
        ("connected", Self::Connected),
        ("disconnected", Self::Disconnected),
        ("message", Self::Message),
        ("queued", Self::Queued),
        ("answered", Self::Answered),
        ("abandoned", Self::Abandoned),
        ("flowed-out", Self::FlowedOut),
        ("left-queue", Self::LeftQueue),
        ("alerting", Self::Alerting),
        ("joined", Self::Joined),
        ("left", Self::Left),
        ("wrapped-up", Self::WrappedUp),
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
