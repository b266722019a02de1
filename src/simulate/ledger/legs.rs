//! Waits, alerts, talks and the work after them, as they are.

use std::collections::BTreeMap;
use std::collections::HashMap;

use crate::time::EpochMs;

use super::numbers::LegNumbers;
use crate::simulate::centre::Fact;
use crate::simulate::centre::LeftQueue;
use crate::simulate::centre::What;

/// The legs of a centre.
#[derive(Clone, Debug)]
pub(super) struct Legs {
    short_abandon_ms: u64,
    pub(super) total: LegNumbers,
    pub(super) queues: BTreeMap<u16, LegNumbers>,
    pub(super) agents: BTreeMap<u16, LegNumbers>,
    /// Since when a conversation waits, whatever stints that has.
    waits: HashMap<u128, EpochMs>,
    /// Agents' stints that are under way, and whether the agent has joined.
    stints: HashMap<u128, bool>,
    /// By conversation: the latest alert that nobody took, and where it counts.
    ignored: HashMap<u128, (EpochMs, u16, u16)>,
}

impl Legs {
    pub(super) fn new(short_abandon_ms: u64) -> Self {
        Self {
            short_abandon_ms,
            total: LegNumbers::default(),
            queues: BTreeMap::new(),
            agents: BTreeMap::new(),
            waits: HashMap::new(),
            stints: HashMap::new(),
            ignored: HashMap::new(),
        }
    }

    pub(super) fn enter(&mut self, fact: &Fact) {
        match fact.what {
            What::Queued { queue, .. } => {
                let is_new = !self.waits.contains_key(&fact.conversation);
                self.waits.entry(fact.conversation).or_insert(fact.at);
                self.count(queue, None, |numbers| {
                    numbers.offered += u64::from(is_new);
                    numbers.waiting += 1;
                });
            }
            What::LeftQueue { queue, how, .. } => self.leave_queue(fact, queue, how),
            What::Alerting { leg, queue, agent } => {
                self.stints.insert(leg, false);
                self.count(queue, Some(agent), |numbers| numbers.alerting += 1);
            }
            What::Joined { leg, queue, agent } => {
                let was_alerted = self.stints.insert(leg, true).is_some();
                self.count(queue, Some(agent), |numbers| {
                    numbers.alerting -= u64::from(was_alerted);
                    numbers.interacting += 1;
                });
            }
            What::LeftAgent {
                leg,
                queue,
                agent,
                talk_ms,
                is_transfer,
                ..
            } => {
                let stint = self.stints.remove(&leg);
                // An alert that ends with its conversation was not ignored.
                let is_ignored = talk_ms.is_none() && self.waits.contains_key(&fact.conversation);
                if is_ignored {
                    self.ignored
                        .insert(fact.conversation, (fact.at, queue, agent));
                }
                self.count(queue, Some(agent), |numbers| {
                    numbers.alerting -= u64::from(stint == Some(false));
                    numbers.interacting -= u64::from(stint == Some(true));
                    numbers.not_responding += u64::from(is_ignored);
                    numbers.transferred += u64::from(is_transfer);
                    numbers.handled += u64::from(talk_ms.is_some());
                    numbers.talk_ms += talk_ms.unwrap_or_default();
                });
            }
            What::WrappedUp {
                queue,
                agent,
                after_work_ms,
                ..
            } => self.count(queue, Some(agent), |numbers| {
                numbers.after_work_ms += after_work_ms;
            }),
            What::Ended { .. } => self.excuse(fact),
            What::Started | What::Message { .. } => {}
        }
    }

    /// Nobody is blamed for an alert within 5 s of the end of its conversation, or of the guest's leaving.
    fn excuse(&mut self, fact: &Fact) {
        let Some((at, queue, agent)) = self.ignored.remove(&fact.conversation) else {
            return;
        };
        if fact.at.since(at) <= 5_000 {
            self.count(queue, Some(agent), |numbers| numbers.not_responding -= 1);
        }
    }

    fn leave_queue(&mut self, fact: &Fact, queue: u16, how: LeftQueue) {
        if how == LeftQueue::Abandoned {
            self.excuse(fact);
        }
        let since = match how {
            LeftQueue::Requeued => self.waits.get(&fact.conversation).copied(),
            _ => self.waits.remove(&fact.conversation),
        };
        // Of a wait that began before the ledger nothing is known.
        let Some(since) = since else { return };
        let wait_ms = fact.at.since(since);
        let is_short = wait_ms <= self.short_abandon_ms;
        self.count(queue, None, |numbers| {
            numbers.waiting -= 1;
            match how {
                LeftQueue::Answered(_) => {
                    numbers.answered += 1;
                    numbers.answer_ms += wait_ms;
                }
                LeftQueue::Abandoned if is_short => numbers.short_abandoned += 1,
                LeftQueue::Abandoned => {
                    numbers.abandoned += 1;
                    numbers.abandon_ms += wait_ms;
                }
                LeftQueue::Lapsed => numbers.lapsed += 1,
                LeftQueue::Requeued => {}
            }
        });
    }

    fn count(&mut self, queue: u16, agent: Option<u16>, change: impl Fn(&mut LegNumbers)) {
        change(&mut self.total);
        change(self.queues.entry(queue).or_default());
        if let Some(agent) = agent {
            change(self.agents.entry(agent).or_default());
        }
    }
}
