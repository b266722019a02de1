//! One conversation, and what guests, bot and agents are like in it.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::simulate::habits;
use crate::simulate::habits::log_normal;

/// What is known of a conversation that is under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Talk {
    pub(super) id: u128,
    pub(super) contact: u128,
    pub(super) deployment: u16,
    pub(super) home: u16,
    /// Where it waits or is talked about.
    pub(super) queue: u16,
    /// The stint in the queue that it waits in; `None` while it does not.
    pub(super) waits: Option<Stint>,
    /// Of the agent who is alerted or talks.
    pub(super) agent: Option<AgentStint>,
    /// Who talked first, and for which queue.
    pub(super) first_agent: Option<u16>,
    /// Counted up whenever what was planned for it is void.
    pub(super) stage: u32,
    /// When it was last heard of, in milliseconds of the model.
    pub(super) heard_ms: i64,
    /// Guests' questions to the bot that are left.
    pub(super) questions: u8,
    /// Whether the guest has said anything.
    pub(super) has_asked: bool,
    /// Exchanges with the agent that are left.
    pub(super) turns: u8,
    pub(super) transfers: u8,
}

/// A stint in a queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stint {
    pub(super) leg: u128,
    pub(super) since_ms: i64,
}

/// A stint of an agent.
#[derive(Clone, Copy, Debug)]
pub(super) struct AgentStint {
    pub(super) leg: u128,
    pub(super) agent: u16,
    pub(super) alerted_ms: i64,
    pub(super) joined_ms: Option<i64>,
}

/// What is planned for a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// The bot says hello, or asks back.
    Bot,
    /// The guest says what it is about.
    Ask,
    /// It goes to a queue.
    Queue,
    /// The guest writes while waiting.
    Ping,
    /// The guest waits no more.
    GiveUp,
    /// The agent takes it.
    Answer,
    /// The agent does not.
    Ignore,
    /// It goes on waiting in another stint.
    Requeue,
    /// The guest writes to the agent.
    Guest,
    /// The agent writes.
    Agent,
    /// The agent passes it on.
    Transfer,
    /// It ends.
    EndByGuest,
    /// It ends.
    EndByAgent,
    /// It ends.
    EndByInactivity,
}

/// Draws what people do next.
#[derive(Debug)]
pub(super) struct People<'rng>(pub(super) &'rng mut ChaCha8Rng);

impl People<'_> {
    pub(super) fn chance(&mut self, share: f64) -> bool {
        self.0.random_bool(share)
    }

    /// A length of time around a median in seconds, in milliseconds, at least 1.
    pub(super) fn about(&mut self, median_s: f64, spread: f64) -> i64 {
        let ms = log_normal(self.0, median_s, spread) * 1_000.0;
        i64::try_from(habits::whole(ms)).unwrap_or(i64::MAX).max(1)
    }

    pub(super) fn between(&mut self, least_ms: i64, most_ms: i64) -> i64 {
        self.0.random_range(least_ms..=most_ms)
    }

    /// How long a guest waits for an agent: half of them three minutes, some ten.
    pub(super) fn patience(&mut self) -> i64 {
        self.about(180.0, 0.8).min(1_800_000)
    }

    /// How long an agent takes for a reply, in a queue with a name.
    pub(super) fn reply(&mut self, is_slow: bool) -> i64 {
        self.about(if is_slow { 55.0 } else { 16.0 }, 0.5)
    }

    pub(super) fn turns(&mut self) -> u8 {
        let mut turns = 2;
        while turns < 12 && self.chance(0.55) {
            turns += 1;
        }
        turns
    }

    /// Who ends a conversation that has come to its end.
    pub(super) fn end(&mut self) -> (Step, i64) {
        match self.0.random_range(0..10) {
            0..5 => (Step::EndByGuest, self.about(15.0, 0.6)),
            5..9 => (Step::EndByAgent, self.about(30.0, 0.6)),
            _ => (Step::EndByInactivity, 300_000),
        }
    }

    pub(super) fn uuid(&mut self) -> u128 {
        habits::uuid(self.0)
    }
}
