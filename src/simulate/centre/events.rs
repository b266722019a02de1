//! What happens next in a centre, to whom: facts in order of time.
//!
//! Plans are kept by their time. One that is void (a guest who gave up is not answered) has another stage
//! than its conversation, and is passed over.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::VecDeque;

use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::simulate::arrivals::Arrivals;
use crate::simulate::habits;

use super::fact::Author;
use super::fact::Fact;
use super::fact::What;
use super::plan::CentrePlan;
use super::staff::Staff;
use super::talk::People;
use super::talk::Step;
use super::talk::Talk;

const MS_PER_HOUR: f64 = 3_600_000.0;

/// The facts of one plan, in order of time, without end.
#[derive(Debug)]
pub struct Centre {
    pub(super) plan: CentrePlan,
    pub(super) rng: ChaCha8Rng,
    pub(super) arrivals: Arrivals,
    pub(super) staff: Staff,
    pub(super) slow_queue: Option<u16>,
    pub(super) talks: Vec<Talk>,
    pub(super) free: Vec<u32>,
    /// By time, then in the order in which they were made.
    plans: BinaryHeap<Reverse<(i64, u64, Act)>>,
    made: u64,
    pub(super) now_ms: i64,
    warm_ms: i64,
    facts: VecDeque<Fact>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Act {
    Arrive,
    /// An agent comes or goes.
    Duty(u16),
    /// A step of a conversation, while it is in this stage.
    Talk {
        row: u32,
        stage: u32,
        step: Step,
    },
    /// An agent looks at the screen again after an alert.
    Release(u16),
    /// An agent is done with the work after a conversation.
    Wrap(AfterWork),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct AfterWork {
    pub(super) conversation: u128,
    pub(super) contact: u128,
    pub(super) deployment: u16,
    pub(super) home: u16,
    pub(super) leg: u128,
    pub(super) queue: u16,
    pub(super) agent: u16,
    pub(super) ms: i64,
}

impl Centre {
    /// The centre of a plan.
    pub fn new(plan: CentrePlan) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(plan.seed);
        let warm_ms = i64::try_from(plan.warm_up.as_millis()).unwrap_or(i64::MAX);
        let mut arrivals = Arrivals::new(plan.conversations_per_s, 1.0, plan.curve());
        let first_ms = ms_of(arrivals.next_us(&mut rng));
        let slow_queue =
            (0..plan.queues).find(|queue| CentrePlan::queue_name(*queue) == habits::SLOW_QUEUE);
        let mut centre = Self {
            staff: Staff::new(&plan.agents_by_queue(), plan.opens_at_hour),
            slow_queue,
            plan,
            rng,
            arrivals,
            talks: Vec::new(),
            free: Vec::new(),
            plans: BinaryHeap::new(),
            made: 0,
            now_ms: 0,
            warm_ms,
            facts: VecDeque::new(),
        };
        centre.plan_at(first_ms, Act::Arrive);
        for agent in 0..centre.staff.count() {
            centre.plan_duty(agent);
        }
        centre
    }

    /// Whom it consists of: how many agents there are.
    pub fn agents(&self) -> u16 {
        self.staff.count()
    }

    /// Turns the wheel until something has happened.
    fn turn(&mut self) {
        let Some(Reverse((at_ms, _, act))) = self.plans.pop() else {
            unreachable!("somebody is always about to arrive")
        };
        self.now_ms = at_ms;
        match act {
            Act::Arrive => self.arrive(),
            Act::Duty(agent) => {
                let hour = self.hour().unwrap_or_default();
                self.staff.change_duty(agent, hour);
                self.plan_duty(agent);
                self.pair(self.staff.queue_of_agent(agent));
            }
            Act::Release(agent) => {
                let queue = self.staff.release(agent);
                self.pair(queue);
            }
            Act::Wrap(work) => self.wrap(&work),
            Act::Talk { row, stage, step } => {
                let talk = &self.talks[row as usize];
                if talk.stage != stage {
                    return;
                }
                if talk.heard_ms >= at_ms {
                    // One thing at a time, so that sorting by time keeps the order.
                    self.plan_at(at_ms + 1, act);
                    return;
                }
                self.step(row, step);
            }
        }
    }

    fn wrap(&mut self, work: &AfterWork) {
        let AfterWork {
            leg, queue, agent, ..
        } = *work;
        self.facts.push_back(Fact {
            at: self.plan.start + (self.now_ms - self.warm_ms),
            conversation: work.conversation,
            contact: work.contact,
            deployment: work.deployment,
            home: work.home,
            what: What::WrappedUp {
                leg,
                queue,
                agent,
                after_work_ms: work.ms.unsigned_abs(),
            },
        });
        let queue = self.staff.release(agent);
        self.pair(queue);
    }

    pub(super) fn say(&mut self, row: u32, author: Author) {
        let what = What::Message {
            id: People(&mut self.rng).uuid(),
            author,
            text_length: habits::text_length(&mut self.rng),
        };
        self.emit(row, what);
    }

    pub(super) fn emit(&mut self, row: u32, what: What) {
        let talk = &mut self.talks[row as usize];
        talk.heard_ms = self.now_ms;
        self.facts.push_back(Fact {
            at: self.plan.start + (self.now_ms - self.warm_ms),
            conversation: talk.id,
            contact: talk.contact,
            deployment: talk.deployment,
            home: talk.home,
            what,
        });
    }

    pub(super) fn choose_queue(&mut self) -> u16 {
        let weights = (0..self.plan.queues).map(CentrePlan::queue_weight);
        let mut point = self.rng.random_range(0..weights.clone().sum());
        for (queue, weight) in (0..).zip(weights) {
            if point < weight {
                return queue;
            }
            point -= weight;
        }
        0
    }

    fn hour(&self) -> Option<f64> {
        let offset_ms = (self.now_ms - self.warm_ms) as f64;
        let hour = self.plan.opens_at_hour?;
        Some((hour + offset_ms / MS_PER_HOUR).rem_euclid(24.0))
    }

    fn plan_duty(&mut self, agent: u16) {
        if let Some(hour) = self.hour() {
            let hours = self.staff.hours_to_change(agent, hour);
            let after_ms = ms_of(habits::whole(hours * MS_PER_HOUR * 1_000.0));
            self.plan_in(after_ms.max(1), Act::Duty(agent));
        }
    }

    pub(super) fn plan_step(&mut self, row: u32, after_ms: i64, step: Step) {
        let stage = self.talks[row as usize].stage;
        self.plan_in(after_ms, Act::Talk { row, stage, step });
    }

    pub(super) fn plan_in(&mut self, after_ms: i64, act: Act) {
        self.plan_at(self.now_ms.saturating_add(after_ms), act);
    }

    pub(super) fn plan_at(&mut self, at_ms: i64, act: Act) {
        self.made += 1;
        self.plans.push(Reverse((at_ms, self.made, act)));
    }
}

impl Iterator for Centre {
    type Item = Fact;

    fn next(&mut self) -> Option<Fact> {
        loop {
            while let Some(fact) = self.facts.pop_front() {
                if fact.at >= self.plan.start {
                    return Some(fact);
                }
            }
            self.turn();
        }
    }
}

/// Whole milliseconds of microseconds.
pub(super) fn ms_of(us: u64) -> i64 {
    i64::try_from(us / 1_000).unwrap_or(i64::MAX)
}
