//! Plain numbers, that can be compared and subtracted.

/// A struct of counts with their names.
macro_rules! numbers {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $field:ident,)* }
     now { $($(#[$now_doc:meta])* $now:ident,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name { $($(#[$doc])* pub $field: u64,)* $($(#[$now_doc])* pub $now: u64,)* }

        impl $name {
            /// What was added since an earlier moment. Numbers of the present stay what they are.
            #[must_use]
            pub fn since(&self, earlier: &Self) -> Self {
                Self {
                    $($field: self.$field.wrapping_sub(earlier.$field),)*
                    $($now: self.$now,)*
                }
            }

            /// Every number with its name, in order.
            pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($field), self.$field),)* $((stringify!($now), self.$now),)*].into_iter()
            }
        }
    };
}

numbers! {
/// Of sessions: their counts, and of the present.
SessionNumbers {
    /// Sessions that began.
    connections,
    /// Sessions that ended, and had been known.
    disconnections,
    /// How long those were, in milliseconds.
    duration_ms,
    /// Messages of guests.
    inbound,
    /// Messages to guests.
    outbound,
    /// Messages of which nobody knows the way.
    wayless,
    /// Replies to guests who waited for one.
    responses,
    /// How long those guests had waited, in milliseconds.
    response_ms,
    /// Those of them that were the first of their session.
    first_responses,
    /// How long the guests had waited for those, in milliseconds.
    first_response_ms,
    /// Sessions that ended while their guest waited for a reply.
    unanswered,
    /// Those of them that never had one.
    never_answered,
}
now {
    /// Sessions open now.
    open,
    /// Open sessions whose guest waits for a reply now.
    awaiting,
}
}

impl SessionNumbers {
    /// All messages.
    pub const fn messages(&self) -> u64 {
        self.inbound + self.outbound + self.wayless
    }
}

numbers! {
/// Of legs: their counts, and of the present.
LegNumbers {
    /// Waits that began.
    offered,
    /// Waits that an agent ended.
    answered,
    /// How long those were, in milliseconds.
    answer_ms,
    /// Waits that the guest ended, after more than the limit.
    abandoned,
    /// Waits that the guest ended within the limit.
    short_abandoned,
    /// How long those that the guest ended were, in milliseconds, without the short ones.
    abandon_ms,
    /// Waits during which the conversation ended, but not by the guest.
    lapsed,
    /// Waits that ended in another queue.
    flowed_out,
    /// Talks that the agent passed on.
    transferred,
    /// Alerts that nobody took.
    not_responding,
    /// Talks that ended.
    handled,
    /// How long those were, in milliseconds.
    talk_ms,
    /// How long the work after them took, in milliseconds.
    after_work_ms,
}
now {
    /// Conversations that wait now.
    waiting,
    /// Agents alerted now.
    alerting,
    /// Agents who talk now, one for each conversation.
    interacting,
}
}
