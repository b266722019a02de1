//! What a step of a conversation comes to, and what follows from it.

use rand::RngExt;

use crate::simulate::habits;

use super::events::Act;
use super::events::AfterWork;
use super::events::Centre;
use super::events::ms_of;
use super::fact::Author;
use super::fact::EndedBy;
use super::fact::LeftQueue;
use super::fact::What;
use super::talk::AgentStint;
use super::talk::People;
use super::talk::Step;
use super::talk::Stint;
use super::talk::Talk;

/// Conversations under way at a time; guests beyond that are turned away. About 250 bytes each.
const TALKS_MAX: usize = 1_000_000;

impl Centre {
    pub(super) fn arrive(&mut self) {
        let next_ms = ms_of(self.arrivals.next_us(&mut self.rng));
        self.plan_at(next_ms.max(self.now_ms), Act::Arrive);
        let (id, contact) = (habits::uuid(&mut self.rng), habits::uuid(&mut self.rng));
        let deployment = self.rng.random_range(0..self.plan.deployments);
        let home = self.choose_queue();
        let mut people = People(&mut self.rng);
        let (questions, hello_ms) = (1 + u8::from(people.chance(0.3)), people.between(500, 2_000));
        if self.talks.len() - self.free.len() >= TALKS_MAX {
            return;
        }
        let talk = Talk {
            id,
            contact,
            deployment,
            home,
            queue: home,
            waits: None,
            agent: None,
            first_agent: None,
            stage: 0,
            heard_ms: 0,
            questions,
            has_asked: false,
            turns: 0,
            transfers: 0,
        };
        let row = match self.free.pop() {
            Some(row) => {
                // What is still planned for the row's last conversation is void.
                let stage = self.talks[row as usize].stage;
                self.talks[row as usize] = Talk { stage, ..talk };
                row
            }
            None => {
                self.talks.push(talk);
                u32::try_from(self.talks.len() - 1).unwrap_or(u32::MAX)
            }
        };
        self.emit(row, What::Started);
        self.plan_step(row, hello_ms, Step::Bot);
    }

    pub(super) fn step(&mut self, row: u32, step: Step) {
        match step {
            Step::Bot => self.bot(row),
            Step::Ask => self.ask(row),
            Step::Queue => self.queue(row, None),
            Step::Ping => self.say(row, Author::Guest),
            Step::GiveUp => self.give_up(row),
            Step::Answer => self.answer(row),
            Step::Ignore => self.ignore(row),
            Step::Requeue => {
                self.enter(row, None, true);
                self.pair(self.talks[row as usize].queue);
            }
            Step::Guest => self.guest(row),
            Step::Agent => self.agent(row),
            Step::Transfer => self.transfer(row),
            Step::EndByGuest => self.end(row, EndedBy::Guest),
            Step::EndByAgent => self.end(row, EndedBy::Agent),
            Step::EndByInactivity => self.end(row, EndedBy::Inactivity),
        }
    }

    fn bot(&mut self, row: u32) {
        self.say(row, Author::Bot);
        let has_asked = self.talks[row as usize].has_asked;
        let mut people = People(&mut self.rng);
        let (step, after_ms) = match people.0.random_range(0..20) {
            0 => (Step::EndByGuest, people.about(40.0, 0.5)),
            // Who has begun goes on, or leaves.
            1 if !has_asked => (Step::EndByInactivity, 300_000),
            _ => (Step::Ask, people.about(9.0, 0.7)),
        };
        self.plan_step(row, after_ms, step);
    }

    fn ask(&mut self, row: u32) {
        self.say(row, Author::Guest);
        let talk = &mut self.talks[row as usize];
        talk.questions -= 1;
        talk.has_asked = true;
        let is_asked_back = talk.questions > 0;
        let mut people = People(&mut self.rng);
        let (step, after_ms) = match is_asked_back {
            true => (Step::Bot, people.between(600, 1_500)),
            false => (Step::Queue, people.between(800, 3_000)),
        };
        self.plan_step(row, after_ms, step);
    }

    /// The conversation goes to a queue, with what guests do while they wait there.
    fn queue(&mut self, row: u32, from: Option<u128>) {
        self.enter(row, from, false);
        let mut people = People(&mut self.rng);
        let patience_ms = people.patience();
        let ping = people.chance(0.35).then(|| people.between(15_000, 60_000));
        self.plan_step(row, patience_ms, Step::GiveUp);
        if let Some(ping_ms) = ping {
            self.plan_step(row, ping_ms, Step::Ping);
        }
        let talk = self.talks[row as usize];
        // Back to whom the guest knows.
        let known = talk
            .first_agent
            .filter(|agent| from.is_some() && self.staff.queue_of_agent(*agent) == talk.queue);
        match known {
            Some(agent) if self.staff.take(agent) => self.alert(row, agent),
            _ => {
                self.staff.wait(talk.queue, row, talk.stage, false);
                self.pair(talk.queue);
            }
        }
    }

    fn enter(&mut self, row: u32, from: Option<u128>, goes_on: bool) {
        let leg = habits::uuid(&mut self.rng);
        let since_ms = self.now_ms;
        let talk = &mut self.talks[row as usize];
        talk.waits = Some(Stint { leg, since_ms });
        let queue = talk.queue;
        if goes_on {
            self.staff.wait(queue, row, talk.stage, true);
        } else {
            talk.stage = talk.stage.wrapping_add(1);
        }
        self.emit(row, What::Queued { leg, queue, from });
    }

    /// Brings those who wait in a queue together with agents who are free.
    pub(super) fn pair(&mut self, queue: u16) {
        let talks = &self.talks;
        let waits = |row: u32, stage: u32| {
            let talk = &talks[row as usize];
            talk.stage == stage && talk.waits.is_some() && talk.agent.is_none()
        };
        if let Some((row, agent)) = self.staff.pair(queue, waits) {
            self.alert(row, agent);
            self.pair(queue);
        }
    }

    fn alert(&mut self, row: u32, agent: u16) {
        let leg = habits::uuid(&mut self.rng);
        let talk = &mut self.talks[row as usize];
        let queue = talk.queue;
        talk.agent = Some(AgentStint {
            leg,
            agent,
            alerted_ms: self.now_ms,
            joined_ms: None,
        });
        self.emit(row, What::Alerting { leg, queue, agent });
        let mut people = People(&mut self.rng);
        match people.chance(0.07) {
            true => self.plan_step(row, 15_000, Step::Ignore),
            false => {
                let after_ms = people.between(1_500, 8_000);
                self.plan_step(row, after_ms, Step::Answer);
            }
        }
    }

    fn answer(&mut self, row: u32) {
        let now_ms = self.now_ms;
        let talk = &mut self.talks[row as usize];
        talk.stage = talk.stage.wrapping_add(1);
        let Some(stint) = &mut talk.agent else { return };
        stint.joined_ms = Some(now_ms);
        let (leg, queue, agent) = (stint.leg, talk.queue, stint.agent);
        talk.first_agent.get_or_insert(agent);
        let mut people = People(&mut self.rng);
        talk.turns = people.turns();
        let hello_ms = people.about(6.0, 0.4);
        self.emit(row, What::Joined { leg, queue, agent });
        self.leave_queue(row, LeftQueue::Answered(agent));
        self.plan_step(row, hello_ms, Step::Agent);
    }

    /// An alert that nobody took.
    fn ignore(&mut self, row: u32) {
        let agent = self.leave_agent(row, false);
        self.plan_in(30_000, Act::Release(agent));
        let mut people = People(&mut self.rng);
        if people.chance(0.5) {
            let gap_ms = people.between(200, 900);
            self.leave_queue(row, LeftQueue::Requeued);
            self.plan_step(row, gap_ms, Step::Requeue);
        } else {
            let talk = self.talks[row as usize];
            self.staff.wait(talk.queue, row, talk.stage, true);
            self.pair(talk.queue);
        }
    }

    fn give_up(&mut self, row: u32) {
        if self.talks[row as usize].waits.is_none() {
            // On its way from one stint to the next.
            self.plan_step(row, 1_000, Step::GiveUp);
            return;
        }
        let by = match People(&mut self.rng).chance(0.85) {
            true => EndedBy::Guest,
            false => EndedBy::Inactivity,
        };
        self.end(row, by);
    }

    fn guest(&mut self, row: u32) {
        self.say(row, Author::Guest);
        let is_slow = Some(self.talks[row as usize].queue) == self.slow_queue;
        let mut people = People(&mut self.rng);
        let (step, after_ms) = match people.0.random_range(0..100) {
            0..2 => (Step::EndByGuest, people.about(40.0, 0.5)),
            2..20 => (Step::Guest, people.about(6.0, 0.5)),
            _ => (Step::Agent, people.reply(is_slow)),
        };
        self.plan_step(row, after_ms, step);
    }

    fn agent(&mut self, row: u32) {
        let talk = &mut self.talks[row as usize];
        let Some(stint) = talk.agent else { return };
        talk.turns = talk.turns.saturating_sub(1);
        let (turns, transfers) = (talk.turns, talk.transfers);
        self.say(row, Author::Agent(stint.agent));
        let can_go = self.plan.queues > 1 && transfers < 2;
        let goes_back = transfers == 1;
        let mut people = People(&mut self.rng);
        let (step, after_ms) = match people.0.random_range(0..100) {
            0..5 if can_go && !goes_back => (Step::Transfer, people.about(8.0, 0.4)),
            0..30 if can_go && goes_back => (Step::Transfer, people.about(8.0, 0.4)),
            _ if turns == 0 => people.end(),
            85.. => (Step::Agent, people.about(5.0, 0.4)),
            _ => (Step::Guest, people.about(22.0, 0.8)),
        };
        self.plan_step(row, after_ms, step);
    }

    /// To another queue, or back to the first one.
    fn transfer(&mut self, row: u32) {
        let contact = habits::uuid(&mut self.rng);
        self.leave_agent(row, true);
        let (queues, other) = (self.plan.queues, self.rng.random_range(1..self.plan.queues));
        let talk = &mut self.talks[row as usize];
        talk.queue = match talk.queue == talk.home {
            true => (talk.home + other) % queues,
            false => talk.home,
        };
        talk.transfers += 1;
        let from = std::mem::replace(&mut talk.contact, contact);
        self.queue(row, Some(from));
    }

    fn end(&mut self, row: u32, by: EndedBy) {
        self.emit(row, What::Ended { by });
        if self.talks[row as usize].waits.is_some() {
            self.leave_queue(
                row,
                match by {
                    EndedBy::Guest => LeftQueue::Abandoned,
                    EndedBy::Agent | EndedBy::Inactivity => LeftQueue::Lapsed,
                },
            );
        }
        if let Some(stint) = self.talks[row as usize].agent {
            self.leave_agent(row, false);
            if stint.joined_ms.is_none() {
                self.plan_in(1_000, Act::Release(stint.agent));
            }
        }
        let talk = &mut self.talks[row as usize];
        talk.stage = talk.stage.wrapping_add(1);
        self.free.push(row);
    }

    fn leave_queue(&mut self, row: u32, how: LeftQueue) {
        let talk = &mut self.talks[row as usize];
        let (queue, Some(stint)) = (talk.queue, talk.waits.take()) else {
            return;
        };
        let what = What::LeftQueue {
            leg: stint.leg,
            queue,
            how,
            wait_ms: self.now_ms.abs_diff(stint.since_ms),
        };
        self.emit(row, what);
    }

    /// The agent of a conversation leaves it; one who talked has work to do. Returns whom.
    fn leave_agent(&mut self, row: u32, is_transfer: bool) -> u16 {
        let talk = &mut self.talks[row as usize];
        talk.stage = talk.stage.wrapping_add(u32::from(is_transfer));
        let Some(stint) = talk.agent.take() else {
            unreachable!("whoever leaves was there")
        };
        let (leg, agent, queue) = (stint.leg, stint.agent, talk.queue);
        let work = AfterWork {
            conversation: talk.id,
            contact: talk.contact,
            deployment: talk.deployment,
            home: talk.home,
            leg,
            queue,
            agent,
            ms: People(&mut self.rng).about(25.0, 0.6),
        };
        let what = What::LeftAgent {
            leg,
            queue,
            agent,
            alert_ms: stint
                .joined_ms
                .unwrap_or(self.now_ms)
                .abs_diff(stint.alerted_ms),
            talk_ms: stint.joined_ms.map(|since| self.now_ms.abs_diff(since)),
            is_transfer,
        };
        self.emit(row, what);
        if stint.joined_ms.is_some() {
            self.plan_in(work.ms, Act::Wrap(work));
        }
        agent
    }
}
