//! What a number of legs is made of: counts and times that windows keep, and the legs of the present.

use crate::histogram::Quantile;

/// What is counted of legs, by the time of each one's own edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum DeskCount {
    /// Conversations that began to wait in a queue. One that comes back there within 5 s of being left
    /// unanswered goes on with its wait and is not counted again.
    Offered,
    /// Waits that ended with an agent.
    Answered,
    /// Waits during which the guest left, later than the short-abandon limit.
    Abandoned,
    /// Waits during which the guest left, within the short-abandon limit.
    ShortAbandoned,
    /// Waits during which the conversation ended, but not by the guest.
    Lapsed,
    /// Waits that ended elsewhere: in another queue, or wherever the source says.
    FlowedOut,
    /// Legs of agents who had joined and were followed by another queue or agent.
    Transferred,
    /// Alerts that nobody took, and that ended neither with the conversation nor with its wait.
    NotResponding,
    /// Answered later than the service level's threshold.
    OverServiceLevel,
    /// Legs of agents who had joined, that ended.
    Handled,
}

impl DeskCount {
    /// Every one, in the order in which they are kept.
    pub const ALL: [Self; 10] = [
        Self::Offered,
        Self::Answered,
        Self::Abandoned,
        Self::ShortAbandoned,
        Self::Lapsed,
        Self::FlowedOut,
        Self::Transferred,
        Self::NotResponding,
        Self::OverServiceLevel,
        Self::Handled,
    ];
}

/// Times of legs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum DeskTime {
    /// The waits of the answered.
    Answer,
    /// The waits of the abandoned.
    Abandon,
    /// How long an agent and a guest interacted, by leg.
    Talk,
    /// How long a guest was on hold, by leg with any.
    Held,
    /// The work after the contact.
    AfterWork,
}

impl DeskTime {
    /// Every one, in the order in which they are kept.
    pub const ALL: [Self; 5] = [
        Self::Answer,
        Self::Abandon,
        Self::Talk,
        Self::Held,
        Self::AfterWork,
    ];
}

/// A number of the present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeskGauge {
    /// Conversations that wait in a queue.
    Waiting,
    /// How long the one of them has waited that has waited for longest, in milliseconds.
    LongestWaitingMs,
    /// Conversations that agents are offered.
    Alerting,
    /// Conversations that agents are in.
    Interacting,
}

/// What a number of legs is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeskSource {
    /// Of the present.
    Now(DeskGauge),
    /// A count.
    Count(DeskCount),
    /// Answered within the threshold, as a share of answered and abandoned; nothing without any.
    ServiceLevel,
    /// Talk, hold and after-contact work by leg that ended, in milliseconds; nothing without one.
    Handle,
    /// The mean of times, in milliseconds; nothing without any.
    Mean(DeskTime),
    /// A quantile of times, in milliseconds; nothing without any.
    Quantile(DeskTime, Quantile),
}

impl DeskSource {
    /// Whether it is taken over a window.
    pub const fn has_window(self) -> bool {
        !matches!(self, Self::Now(_))
    }

    /// How the numbers of two parts become that of the whole.
    pub const fn merge(self) -> &'static str {
        match self {
            Self::Now(DeskGauge::LongestWaitingMs) => "greatest",
            Self::Now(_) | Self::Count(_) => "sum",
            Self::ServiceLevel | Self::Handle | Self::Mean(_) => "ratio of the sums",
            Self::Quantile(..) => "of the merged histogram",
        }
    }
}
