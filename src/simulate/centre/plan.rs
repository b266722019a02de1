//! What a contact centre is like: how many of what, since when, how busy.

use std::time::Duration;

use crate::time::EpochMs;

use crate::simulate::arrivals::Curve;
use crate::simulate::habits;

/// Starts, messages and ends of an average conversation. A test holds the model to it.
pub const EVENTS_PER_CONVERSATION: f64 = 9.5;
/// How long an average conversation keeps one of an agent's places, in seconds.
const PLACE_S: f64 = 270.0;
/// Conversations that an agent has at a time.
pub(super) const PLACES: u8 = 3;
/// The share of their places that is taken while it is as busy as on average.
const OCCUPANCY: f64 = 0.85;
/// Agents of a shift by the day: what of all agents is there in the busiest hours.
const ON_DUTY: f64 = 0.6;

/// What a centre is like.
#[derive(Clone, Debug, PartialEq)]
pub struct CentrePlan {
    /// The same seed gives the same facts.
    pub seed: u64,
    /// When it begins to be heard of.
    pub start: EpochMs,
    /// Conversations a second on average.
    pub conversations_per_s: f64,
    /// Queues, at least 1: those of the habits first, then numbered ones.
    pub queues: u16,
    /// Agents; `None` for as many as the conversations need.
    pub agents: Option<u16>,
    /// Deployments, at least 1.
    pub deployments: u16,
    /// The hour of the day at the start, for a centre with opening hours; `None` for one that is always
    /// as busy.
    pub opens_at_hour: Option<f64>,
    /// How long it has been running before the start. Of what happened then nothing is heard, but
    /// conversations of that time go on.
    pub warm_up: Duration,
}

impl CentrePlan {
    /// The most queues.
    pub const QUEUES_MAX: u16 = 500;
    /// The most agents.
    pub const AGENTS_MAX: u16 = 20_000;
    /// The most deployments.
    pub const DEPLOYMENTS_MAX: u16 = 100;

    /// A small centre that is always as busy, cold.
    pub const fn new(seed: u64, start: EpochMs) -> Self {
        Self {
            seed,
            start,
            conversations_per_s: 0.05,
            queues: 4,
            agents: None,
            deployments: 2,
            opens_at_hour: None,
            warm_up: Duration::ZERO,
        }
    }

    /// The name of a queue.
    pub fn queue_name(queue: u16) -> String {
        match habits::QUEUES.get(usize::from(queue)) {
            Some((name, _)) => (*name).to_owned(),
            None => format!("queue-{}", queue + 1),
        }
    }

    /// The id of a deployment.
    pub fn deployment_id(deployment: u16) -> String {
        match habits::DEPLOYMENTS.get(usize::from(deployment)) {
            Some((id, _)) => (*id).to_owned(),
            None => format!("{deployment:08x}-0000-4000-8000-5f1d0c9a3b7e"),
        }
    }

    /// How likely guests come for a queue, against the others.
    pub(super) fn queue_weight(queue: u16) -> u32 {
        1_000 / (u32::from(queue) + 1)
    }

    pub(super) const fn curve(&self) -> Curve {
        match self.opens_at_hour {
            Some(hour) => Curve::Opening { first_hour: hour },
            None => Curve::Flat,
        }
    }

    /// The agents of each queue. A queue of those with too few has a third of what it needs.
    pub(super) fn agents_by_queue(&self) -> Vec<u16> {
        let weights: Vec<f64> = (0..self.queues)
            .map(|queue| f64::from(Self::queue_weight(queue)))
            .collect();
        let total: f64 = weights.iter().sum();
        let needed = |weight: f64| {
            let busy = self.conversations_per_s * weight / total * PLACE_S;
            let on_duty = match self.opens_at_hour {
                // Twice as busy as on average, for hours.
                Some(_) => busy * 2.0 / ON_DUTY,
                None => busy,
            };
            (on_duty / f64::from(PLACES) / OCCUPANCY).ceil()
        };
        let shares = weights.iter().enumerate().map(|(queue, weight)| {
            let share = match self.agents {
                Some(agents) => f64::from(agents) * weight / total,
                None if Self::queue_name(u16::try_from(queue).unwrap_or(u16::MAX))
                    == habits::SLOW_QUEUE =>
                {
                    needed(*weight) * 0.75
                }
                None => needed(*weight),
            };
            u16::try_from(habits::whole(share.round().max(1.0))).unwrap_or(Self::AGENTS_MAX)
        });
        shares.collect()
    }
}
