//! What guests are like: how long they stay, how often they write, to whom. Part of the traffic
//! model; every draw comes from the generator's one random sequence.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::Distribution;
use rand_distr::StandardNormal;

/// Events an average session sends, connect and disconnect included. Measured on the distributions
/// below; a test holds it to them.
pub(super) const EVENTS_PER_SESSION: f64 = 15.8;

/// Queues by name with their share of the sessions: the n-th busiest has 1/n of the busiest.
pub(super) const QUEUES: [(&str, u32); 12] = [
    ("support", 1_000),
    ("sales", 500),
    ("billing", 333),
    ("orders", 250),
    ("returns", 200),
    ("technical-support", 167),
    ("bookings", 143),
    ("payments", 125),
    ("onboarding", 111),
    ("retention", 100),
    ("complaints", 91),
    ("vip", 83),
];

/// The queue that has too few agents: its guests wait several times as long for a reply.
pub(super) const SLOW_QUEUE: &str = "returns";

/// Deployments (the web pages that carry the messenger) with their share of the sessions.
pub(super) const DEPLOYMENTS: [(&str, u32); 4] = [
    ("5f1d0c9a-3b7e-4c52-9a41-6d2e8f70b1c3", 12),
    ("c2a86e14-90fd-4b3a-8e67-1f5b3d9c7a20", 6),
    ("08b4f7d2-6c1e-4f95-b2d8-e37a94c5016f", 4),
    ("e91c35a7-d84b-4206-a7f3-52b60e8d1f94", 3),
];

const LIFE_MEDIAN_S: f64 = 90.0;
const LIFE_SPREAD: f64 = 1.3;
const LIFE_MAX_S: f64 = 12.0 * 3_600.0;
const GAP_MEDIAN_S: f64 = 5.0;
const GAP_SPREAD: f64 = 1.0;
const REPLY_MEDIAN_S: f64 = 12.0;
const REPLY_SPREAD: f64 = 0.5;
/// How many times as long a reply takes in the slow queue.
const SLOW: f64 = 6.0;
/// A next event that comes sooner than this is not looked at: no agent is that much faster.
const REPLY_LEAST_US: u64 = 3_000_000;
const TEXT_MEDIAN: f64 = 60.0;
const TEXT_SPREAD: f64 = 0.8;
const TEXT_MAX: f64 = 2_000.0;

/// How one guest uses the session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habit {
    /// How long the session lasts, in microseconds.
    pub(super) life_us: u64,
    /// What the usual gap between messages is multiplied with: who stays for hours writes seldom.
    pace: f64,
}

impl Habit {
    /// Draws a guest: half of them stay under a minute and a half, one in a thousand over an hour.
    pub(super) fn draw(rng: &mut ChaCha8Rng) -> Self {
        let life_s = log_normal(rng, LIFE_MEDIAN_S, LIFE_SPREAD).min(LIFE_MAX_S);
        Self {
            life_us: whole(life_s * 1e6),
            pace: (life_s / LIFE_MEDIAN_S).sqrt(),
        }
    }

    /// Draws the time to the next message, in microseconds.
    pub(super) fn gap_us(self, rng: &mut ChaCha8Rng) -> u64 {
        whole(log_normal(rng, GAP_MEDIAN_S, GAP_SPREAD) * self.pace * 1e6)
    }
}

/// Draws when an agent replies to a guest who has just written, in microseconds, if that is before the
/// `gap_us` after which something would happen anyway. Guests may take hours over a message; agents
/// do not.
pub(super) fn reply_us(rng: &mut ChaCha8Rng, queue: u8, gap_us: u64) -> Option<u64> {
    if gap_us <= REPLY_LEAST_US {
        return None;
    }
    let slow = if QUEUES[usize::from(queue)].0 == SLOW_QUEUE {
        SLOW
    } else {
        1.0
    };
    let reply_us = whole(log_normal(rng, REPLY_MEDIAN_S * slow, REPLY_SPREAD) * 1e6);
    (reply_us < gap_us).then_some(reply_us)
}

/// Draws whether the guest writes next: seldom a second time before a reply, mostly after one.
pub(super) fn guest_writes(rng: &mut ChaCha8Rng, is_waiting: bool) -> bool {
    rng.random_bool(if is_waiting { 0.2 } else { 0.8 })
}

/// Draws the length of a message's text, in characters.
pub(super) fn text_length(rng: &mut ChaCha8Rng) -> u64 {
    whole(log_normal(rng, TEXT_MEDIAN, TEXT_SPREAD).clamp(1.0, TEXT_MAX))
}

/// Draws an index of `choices` by their weights.
pub(super) fn choose<const N: usize>(rng: &mut ChaCha8Rng, choices: &[(&str, u32); N]) -> usize {
    let total: u32 = choices.iter().map(|(_, weight)| weight).sum();
    let mut point = rng.random_range(0..total);
    for (index, (_, weight)) in choices.iter().enumerate() {
        if point < *weight {
            return index;
        }
        point -= weight;
    }
    unreachable!("the point lies below the sum of the weights")
}

/// The whole part of a value that is not negative; saturates.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates at both ends, which is wanted here"
)]
pub(super) const fn whole(value: f64) -> u64 {
    value as u64
}

/// Draws a random UUID: version 4, variant 1.
pub(super) fn uuid(rng: &mut ChaCha8Rng) -> u128 {
    let bits: u128 = rng.random();
    bits & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62)
}

/// Draws a positive value around a median.
pub(super) fn log_normal(rng: &mut ChaCha8Rng, median: f64, spread: f64) -> f64 {
    let normal: f64 = StandardNormal.sample(rng);
    median * (spread * normal).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    const SESSIONS: u32 = 100_000;

    #[test]
    fn a_session_sends_as_many_events_as_stated() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut events = 0_u64;
        for _ in 0..SESSIONS {
            let habit = Habit::draw(&mut rng);
            let mut age_us = habit.gap_us(&mut rng);
            events += 2;
            while age_us < habit.life_us {
                events += 1;
                age_us += habit.gap_us(&mut rng);
            }
        }
        let mean = events as f64 / f64::from(SESSIONS);
        assert!((mean / EVENTS_PER_SESSION - 1.0).abs() < 0.02, "{mean}");
    }

    #[test]
    fn lives_have_a_long_tail() {
        let mut rng = ChaCha8Rng::seed_from_u64(6);
        let mut lives: Vec<u64> = (0..SESSIONS)
            .map(|_| Habit::draw(&mut rng).life_us / 1_000_000)
            .collect();
        lives.sort_unstable();
        let median = lives[lives.len() / 2];
        let thousandth = lives[lives.len() - lives.len() / 1_000];
        assert!((85..95).contains(&median), "{median}");
        assert!((3_600..7_200).contains(&thousandth), "{thousandth}");
    }

    #[test]
    fn queues_are_skewed_and_none_is_empty() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut counts = [0_u32; QUEUES.len()];
        for _ in 0..SESSIONS {
            counts[choose(&mut rng, &QUEUES)] += 1;
        }
        assert!(counts[0] > 10 * counts[11], "{counts:?}");
        assert!(counts[11] > 1_000, "{counts:?}");
    }
}
