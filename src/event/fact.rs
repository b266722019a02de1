//! A fact: what a source knows of one leg of a conversation.
//!
//! A *leg* is one stint of a queue or of an agent in a conversation. Facts lie beside the events of their
//! batch, so that an event stays as small as a message needs it; an event of kind `Fact` says when, of
//! which conversation and in which queue, and where its fact lies.

use serde::Deserialize;
use serde::Serialize;

use super::Actor;

/// Declares an enum that images keep by its name's place.
macro_rules! plain {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $case:ident,)* }) => {
        $(#[$about])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
        )]
        #[repr(u8)]
        pub enum $name { $($(#[$doc])* $case,)* }

        impl $name {
            /// Every one, in order.
            pub const ALL: &[Self] = &[$(Self::$case,)*];
        }
    };
}

plain! {
/// What happened to a leg. At one moment they happened in this order.
FactKind {
    /// The conversation began to wait in a queue.
    Queued,
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
}
}

plain! {
/// How the wait in a queue ended, where the source says it.
Outcome {
    /// The source does not say.
    Unsaid,
    /// An agent took it.
    Answered,
    /// It ended while it waited.
    Abandoned,
    /// It left for somewhere else.
    FlowedOut,
}
}

plain! {
/// By what kind of channel guest and business talk.
Media {
    /// The source does not say, or names one that is not listed here.
    Unknown,
    /// Messages that may lie hours apart.
    Message,
    /// A chat that ends when the guest leaves.
    Chat,
    /// A phone call.
    Voice,
    /// Electronic mail.
    Email,
    /// A call that the guest asked for.
    Callback,
    /// Moving pictures.
    Video,
}
}

impl FactKind {
    /// What happened, as people read it and settings name it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::LeftQueue => "left-queue",
            Self::Alerting => "alerting",
            Self::Joined => "joined",
            Self::Left => "left",
            Self::WrappedUp => "wrapped-up",
        }
    }
}

impl Media {
    /// Its name in the API, in metrics and in settings.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Unknown => "(none)",
            Self::Message => "message",
            Self::Chat => "chat",
            Self::Voice => "voice",
            Self::Email => "email",
            Self::Callback => "callback",
            Self::Video => "video",
        }
    }

    /// The kind of channel with a name, whatever its case; `Unknown` for any other.
    pub fn named(name: &str) -> Self {
        let mut all = Self::ALL.iter();
        let found = all.find(|media| name.eq_ignore_ascii_case(media.label()));
        found.copied().unwrap_or(Self::Unknown)
    }

    /// Its place in [`Media::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// Which leg a fact is of: a hash of the session id that the source gives it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub struct LegKey(u64);

impl LegKey {
    /// The source does not say: the fact belongs to the leg into which its time falls.
    pub const NONE: Self = Self(0);

    /// The key of a hash; one of 0 becomes 1, so that it cannot mean "none".
    pub const fn from_hash(hash: u64) -> Self {
        if hash == 0 { Self(1) } else { Self(hash) }
    }

    /// Whether the source says it.
    pub const fn is_said(self) -> bool {
        self.0 != 0
    }
}

/// The number of an agent's name. It means something only together with the definitions of the same
/// input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AgentId(u16);

impl AgentId {
    /// No agent is named. Never defined.
    pub const NONE: Self = Self(0);

    /// The agent with a number; 0 is [`AgentId::NONE`].
    pub const fn from_number(number: u16) -> Self {
        Self(number)
    }

    /// The agent's number.
    pub const fn number(self) -> u16 {
        self.0
    }
}

/// A time that a source says itself, in milliseconds, or nothing. Times beyond 49 days are cut there.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OwnMs(u32);

impl OwnMs {
    /// The source does not say.
    pub const UNSAID: Self = Self(u32::MAX);

    /// So many milliseconds.
    pub const fn new(ms: u32) -> Self {
        Self(if ms == u32::MAX { ms - 1 } else { ms })
    }

    /// The milliseconds, where they are said.
    pub const fn said(self) -> Option<u32> {
        if self.0 == u32::MAX {
            None
        } else {
            Some(self.0)
        }
    }

    /// This one, or another where it is not said.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        if self.0 == u32::MAX { other } else { self }
    }
}

impl Default for OwnMs {
    fn default() -> Self {
        Self::UNSAID
    }
}

impl std::fmt::Debug for OwnMs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.said() {
            Some(ms) => write!(f, "{ms} ms"),
            None => f.write_str("unsaid"),
        }
    }
}

/// What a source says of one leg of a conversation, beside its event's time, conversation and queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Which leg.
    pub leg: LegKey,
    /// Of *left queue*: how long it waited.
    pub wait: OwnMs,
    /// Of *left*: how long the agent was offered it.
    pub alert: OwnMs,
    /// Of *left*: how long agent and guest interacted.
    pub talk: OwnMs,
    /// Of *left*: how long the guest was on hold.
    pub held: OwnMs,
    /// Of *wrapped up*: how long the work after the contact took.
    pub after_work: OwnMs,
    /// Whose leg it is; [`AgentId::NONE`] of a queue's.
    pub agent: AgentId,
    /// What happened.
    pub kind: FactKind,
    /// By what kind of channel.
    pub media: Media,
    /// Of *left queue*: how the wait ended.
    pub outcome: Outcome,
    /// Of *left queue* and *left*: who ended it.
    pub by: Actor,
}

impl Fact {
    /// A fact of a kind that says nothing else.
    pub const fn new(kind: FactKind) -> Self {
        Self {
            leg: LegKey::NONE,
            wait: OwnMs::UNSAID,
            alert: OwnMs::UNSAID,
            talk: OwnMs::UNSAID,
            held: OwnMs::UNSAID,
            after_work: OwnMs::UNSAID,
            agent: AgentId::NONE,
            kind,
            media: Media::Unknown,
            outcome: Outcome::Unsaid,
            by: Actor::Unknown,
        }
    }
}

// An event and its fact are less than two cache lines.
const _: () = assert!(size_of::<Fact>() <= 40);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_no_number() {
        assert_eq!(OwnMs::UNSAID.said(), None);
        assert_eq!(OwnMs::new(0).said(), Some(0));
        assert_eq!(OwnMs::new(u32::MAX).said(), Some(u32::MAX - 1));
        assert_eq!(OwnMs::UNSAID.or(OwnMs::new(7)).said(), Some(7));
        assert_eq!(OwnMs::new(5).or(OwnMs::new(7)).said(), Some(5));
        assert!(!LegKey::NONE.is_said() && LegKey::from_hash(0).is_said());
        for (index, media) in Media::ALL.iter().enumerate() {
            assert_eq!(media.index(), index);
        }
    }
}
