//! Queues and agents: who is free, who waits, who is on duty.

use std::collections::VecDeque;

use super::plan::PLACES;

/// How long a shift is, in hours.
const SHIFT_HOURS: f64 = 8.0;
/// When the shifts of a day begin, in hours.
const SHIFTS: [f64; 7] = [7.0, 8.0, 8.5, 9.0, 11.0, 12.5, 14.0];

/// Who waits where, and who may take them.
#[derive(Debug)]
pub(super) struct Staff {
    queues: Vec<Queue>,
    agents: Vec<Agent>,
}

#[derive(Debug, Default)]
struct Queue {
    /// Conversations that wait, by row and stage; some may not wait any more.
    waiting: VecDeque<(u32, u32)>,
    /// Agents with a free place, once for each place.
    free: VecDeque<u16>,
}

#[derive(Clone, Copy, Debug)]
struct Agent {
    queue: u16,
    is_on_duty: bool,
    /// Free places while off duty.
    parked: u8,
    shift_begins: f64,
}

impl Staff {
    /// The agents of each queue. `hour` is that of the day; `None` where all are always on duty.
    pub(super) fn new(by_queue: &[u16], hour: Option<f64>) -> Self {
        let mut staff = Self {
            queues: by_queue.iter().map(|_| Queue::default()).collect(),
            agents: Vec::new(),
        };
        for (queue, count) in by_queue.iter().enumerate() {
            for number in 0..*count {
                let begins = SHIFTS[usize::from(number) % SHIFTS.len()];
                staff.agents.push(Agent {
                    queue: u16::try_from(queue).unwrap_or(u16::MAX),
                    is_on_duty: hour.is_none_or(|hour| is_in_shift(begins, hour)),
                    parked: PLACES,
                    shift_begins: begins,
                });
            }
        }
        // Place by place, so that the first conversations go to different agents.
        for _ in 0..PLACES {
            for agent in 0..staff.count() {
                if staff.agents[usize::from(agent)].is_on_duty {
                    staff.agents[usize::from(agent)].parked -= 1;
                    staff.queue_of(agent).free.push_back(agent);
                }
            }
        }
        staff
    }

    pub(super) fn count(&self) -> u16 {
        u16::try_from(self.agents.len()).unwrap_or(u16::MAX)
    }

    /// Hours until an agent's duty changes, at an hour of the day.
    pub(super) fn hours_to_change(&self, agent: u16, hour: f64) -> f64 {
        let begins = self.agents[usize::from(agent)].shift_begins;
        let [to_begin, to_end] =
            [begins, begins + SHIFT_HOURS].map(|edge| (edge - hour).rem_euclid(24.0));
        let next = to_begin.min(to_end);
        // At an edge the next one is meant.
        if next < 1e-6 {
            to_begin.max(to_end)
        } else {
            next
        }
    }

    /// An agent comes or goes by an hour of the day; conversations under way are finished first.
    pub(super) fn change_duty(&mut self, agent: u16, hour: f64) {
        let known = &mut self.agents[usize::from(agent)];
        known.is_on_duty = is_in_shift(known.shift_begins, hour);
        let (is_on_duty, parked) = (known.is_on_duty, known.parked);
        if is_on_duty {
            known.parked = 0;
            let free = &mut self.queue_of(agent).free;
            free.extend(std::iter::repeat_n(agent, usize::from(parked)));
        } else {
            let free = &mut self.queue_of(agent).free;
            let before = free.len();
            free.retain(|other| *other != agent);
            let gone = u8::try_from(before - free.len()).unwrap_or(PLACES);
            self.agents[usize::from(agent)].parked += gone;
        }
    }

    /// An agent has a place again. Returns the queue to look at.
    pub(super) fn release(&mut self, agent: u16) -> u16 {
        let known = &mut self.agents[usize::from(agent)];
        let queue = known.queue;
        if known.is_on_duty {
            self.queue_of(agent).free.push_back(agent);
        } else {
            known.parked += 1;
        }
        queue
    }

    pub(super) fn queue_of_agent(&self, agent: u16) -> u16 {
        self.agents[usize::from(agent)].queue
    }

    /// A conversation waits; ahead of all others if it waited before.
    pub(super) fn wait(&mut self, queue: u16, row: u32, stage: u32, is_first: bool) {
        let waiting = &mut self.queues[usize::from(queue)].waiting;
        if is_first {
            waiting.push_front((row, stage));
        } else {
            waiting.push_back((row, stage));
        }
    }

    /// Takes who is next in a queue, with an agent; `still_waits` says whether a conversation does.
    pub(super) fn pair(
        &mut self,
        queue: u16,
        still_waits: impl Fn(u32, u32) -> bool,
    ) -> Option<(u32, u16)> {
        let queue = &mut self.queues[usize::from(queue)];
        while let Some((row, stage)) = queue.waiting.front().copied() {
            if still_waits(row, stage) {
                let agent = queue.free.pop_front()?;
                queue.waiting.pop_front();
                return Some((row, agent));
            }
            queue.waiting.pop_front();
        }
        None
    }

    /// Takes a place of one agent, if there is one.
    pub(super) fn take(&mut self, agent: u16) -> bool {
        let free = &mut self.queue_of(agent).free;
        let place = free.iter().position(|other| *other == agent);
        place.is_some_and(|place| free.remove(place).is_some())
    }

    fn queue_of(&mut self, agent: u16) -> &mut Queue {
        let queue = self.agents[usize::from(agent)].queue;
        &mut self.queues[usize::from(queue)]
    }
}

fn is_in_shift(begins: f64, hour: f64) -> bool {
    (hour - begins + 1e-6).rem_euclid(24.0) < SHIFT_HOURS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_off_duty_take_nobody_and_come_back_with_all_places() {
        let mut staff = Staff::new(&[1], Some(6.0));
        staff.wait(0, 7, 1, false);
        assert_eq!(staff.pair(0, |_, _| true), None);
        assert!((staff.hours_to_change(0, 6.0) - 1.0).abs() < 1e-9);
        staff.change_duty(0, 7.0);
        assert_eq!(staff.pair(0, |_, _| true), Some((7, 0)));
        assert!((staff.hours_to_change(0, 7.0) - 8.0).abs() < 1e-9);
        staff.change_duty(0, 15.0);
        staff.release(0);
        assert!(!staff.take(0), "gone for today");
        staff.change_duty(0, 31.0);
        assert_eq!(
            (0..4).filter(|_| staff.take(0)).count(),
            usize::from(PLACES)
        );
    }

    #[test]
    fn who_does_not_wait_any_more_is_passed_over() {
        let mut staff = Staff::new(&[0, 2], None);
        staff.wait(1, 1, 0, false);
        staff.wait(1, 2, 0, false);
        staff.wait(1, 3, 0, true);
        assert_eq!(staff.pair(1, |row, _| row != 3), Some((1, 0)));
        assert_eq!(staff.pair(1, |_, _| true), Some((2, 1)));
        assert_eq!(staff.pair(1, |_, _| true), None);
    }
}
