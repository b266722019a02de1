//! The traffic model: an endless, exactly repeatable sequence of events with their offsets.
//!
//! It knows neither clocks nor sockets nor JSON. Memory is one row an open session, of which there
//! are at most [`OPEN_SESSIONS_MAX`].

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::arrivals::Arrivals;
use super::arrivals::Curve;
use super::habits;
use super::habits::Habit;
use crate::event::EventKind;

/// Sessions open at once; guests who arrive beyond that are turned away. About 80 bytes each.
const OPEN_SESSIONS_MAX: usize = 4_000_000;
/// For how many seconds of arrivals there is room from the start: guests stay 210 s on average, and
/// the busiest hour of the daily curve has 1.7 times as many.
const ROOM_S: f64 = 360.0;

/// One event of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TrafficEvent {
    /// When it happens, in microseconds since the start of the model.
    pub(super) offset_us: u64,
    /// `metadata.seq`: 1 for the first event, then one more for each.
    pub(super) sequence: u64,
    /// The session's UUID.
    pub(super) session: u128,
    /// The conversation's UUID.
    pub(super) conversation: u128,
    /// What happens.
    pub(super) detail: Detail,
    pub(super) deployment: u8,
    pub(super) queue: u8,
}

/// What happens in an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// The guest connects.
    Connected,
    /// One message.
    Message {
        /// The message's UUID.
        id: u128,
        /// From the guest, not to the guest.
        inbound: bool,
        /// Characters of its text.
        text_length: u64,
    },
    /// The session ends.
    Disconnected {
        /// Who or what ended it: `guest`, `agent` or `timeout`.
        reason: &'static str,
    },
}

impl TrafficEvent {
    /// The event's kind.
    pub(super) const fn kind(&self) -> EventKind {
        match self.detail {
            Detail::Connected => EventKind::Connected,
            Detail::Message { .. } => EventKind::Message,
            Detail::Disconnected { .. } => EventKind::Disconnected,
        }
    }
}

/// Generates the events of one seed, in order of their offsets.
#[derive(Debug)]
pub(super) struct Traffic {
    rng: ChaCha8Rng,
    arrivals: Arrivals,
    arrival_us: u64,
    /// Rows of sessions; those listed in `free` are closed.
    sessions: Vec<Session>,
    free: Vec<u32>,
    /// When each open session sends next, and its row.
    due: BinaryHeap<Reverse<(u64, u32)>>,
    sequence: u64,
}

#[derive(Clone, Copy, Debug)]
struct Session {
    id: u128,
    conversation: u128,
    habit: Habit,
    ends_us: u64,
    deployment: u8,
    queue: u8,
    /// Whether the guest has written and waits for a reply.
    is_waiting: bool,
    /// By how many milliseconds a reply came before what would have happened next: what follows keeps
    /// its time, so that replies change nothing about the rate of events.
    spared_ms: u32,
}

impl Traffic {
    /// The sequence of `seed` with a mean of `events_per_s` events a second, which must be more
    /// than 0, along a curve.
    pub(super) fn new(seed: u64, events_per_s: f64, curve: Curve) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut arrivals = Arrivals::new(events_per_s, habits::EVENTS_PER_SESSION, curve);
        let arrival_us = arrivals.next_us(&mut rng);
        let room = room(events_per_s);
        Self {
            rng,
            arrivals,
            arrival_us,
            sessions: Vec::with_capacity(room),
            free: Vec::new(),
            due: BinaryHeap::with_capacity(room),
            sequence: 0,
        }
    }

    /// The offset of the event that [`Traffic::take`] returns next, in microseconds.
    pub(super) fn next_us(&self) -> u64 {
        match self.due.peek() {
            Some(Reverse((at_us, _))) => self.arrival_us.min(*at_us),
            None => self.arrival_us,
        }
    }

    /// Takes the next event. Offsets never go back; the sequence has no holes.
    pub(super) fn take(&mut self) -> TrafficEvent {
        loop {
            if self.arrival_us > self.next_us() {
                return self.act();
            }
            let at_us = self.arrival_us;
            self.arrival_us = self.arrivals.next_us(&mut self.rng);
            if self.due.len() < OPEN_SESSIONS_MAX {
                return self.connect(at_us);
            }
        }
    }

    /// Counts the events that follow from `sequence` on.
    pub(super) const fn count_from(&mut self, sequence: u64) {
        self.sequence = sequence;
    }

    fn connect(&mut self, at_us: u64) -> TrafficEvent {
        let habit = Habit::draw(&mut self.rng);
        let session = Session {
            id: habits::uuid(&mut self.rng),
            conversation: habits::uuid(&mut self.rng),
            habit,
            ends_us: at_us + habit.life_us,
            deployment: index_u8(habits::choose(&mut self.rng, &habits::DEPLOYMENTS)),
            queue: index_u8(habits::choose(&mut self.rng, &habits::QUEUES)),
            is_waiting: false,
            spared_ms: 0,
        };
        let next_us = (at_us + habit.gap_us(&mut self.rng)).min(session.ends_us);
        let row = match self.free.pop() {
            Some(row) => {
                self.sessions[row as usize] = session;
                row
            }
            None => {
                self.sessions.push(session);
                u32::try_from(self.sessions.len() - 1)
                    .unwrap_or_else(|_| unreachable!("OPEN_SESSIONS_MAX fits 32 bits"))
            }
        };
        self.due.push(Reverse((next_us, row)));
        self.event(at_us, &session, Detail::Connected)
    }

    /// Lets the session that is due send its next message, or end.
    fn act(&mut self) -> TrafficEvent {
        let Some(mut top) = self.due.peek_mut() else {
            unreachable!("an open session was due before the next arrival")
        };
        let Reverse((at_us, row)) = *top;
        let session = self.sessions[row as usize];
        if at_us >= session.ends_us {
            PeekMut::pop(top);
            self.free.push(row);
            let reason = match self.rng.random_range(0..10) {
                0..6 => "guest",
                6..9 => "agent",
                _ => "timeout",
            };
            return self.event(at_us, &session, Detail::Disconnected { reason });
        }
        let is_reply_due = session.spared_ms > 0;
        let inbound = !is_reply_due && habits::guest_writes(&mut self.rng, session.is_waiting);
        let gap_us = u64::from(session.spared_ms) * 1_000 + session.habit.gap_us(&mut self.rng);
        let reply_us = match inbound {
            true => habits::reply_us(&mut self.rng, session.queue, gap_us),
            false => None,
        };
        let spared_us = reply_us.map_or(0, |reply_us| gap_us - reply_us);
        let next_us = at_us + reply_us.unwrap_or(gap_us);
        *top = Reverse((next_us.min(session.ends_us), row));
        drop(top);
        let known = &mut self.sessions[row as usize];
        known.is_waiting = inbound;
        known.spared_ms = u32::try_from(spared_us / 1_000).unwrap_or(u32::MAX);
        let detail = Detail::Message {
            id: habits::uuid(&mut self.rng),
            inbound,
            text_length: habits::text_length(&mut self.rng),
        };
        self.event(at_us, &session, detail)
    }

    const fn event(&mut self, offset_us: u64, session: &Session, detail: Detail) -> TrafficEvent {
        self.sequence += 1;
        TrafficEvent {
            offset_us,
            sequence: self.sequence,
            session: session.id,
            conversation: session.conversation,
            detail,
            deployment: session.deployment,
            queue: session.queue,
        }
    }
}

/// Sessions to make room for. Growing on the way would move all of them at once, which holds up a
/// sender by tens of milliseconds at high rates; memory that is not used is not handed out.
fn room(events_per_s: f64) -> usize {
    let sessions = habits::whole(events_per_s / habits::EVENTS_PER_SESSION * ROOM_S);
    usize::try_from(sessions).map_or(OPEN_SESSIONS_MAX, |sessions| {
        sessions.min(OPEN_SESSIONS_MAX)
    })
}

fn index_u8(index: usize) -> u8 {
    u8::try_from(index).unwrap_or_else(|_| unreachable!("there are fewer than 256 names"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;
    use std::collections::HashSet;

    #[test]
    fn the_rate_is_met_over_a_long_run_and_from_the_start() {
        let mut traffic = Traffic::new(1, 500.0, Curve::Flat);
        let mut seconds = vec![0_u32; 1_200];
        while let Some(count) =
            seconds.get_mut(usize::try_from(traffic.next_us() / 1_000_000).unwrap())
        {
            *count += 1;
            traffic.take();
        }
        let mean = |range: std::ops::Range<usize>| {
            let counts = &seconds[range];
            f64::from(counts.iter().sum::<u32>()) / counts.len() as f64
        };
        let whole = mean(0..1_200);
        assert!((whole / 500.0 - 1.0).abs() < 0.05, "{whole}");
        for start in (0..60).step_by(5) {
            let part = mean(start..start + 5);
            assert!((part / 500.0 - 1.0).abs() < 0.15, "second {start}: {part}");
        }
    }

    #[test]
    fn agents_reply_and_one_queue_is_slow() {
        let mut traffic = Traffic::new(4, 500.0, Curve::Flat);
        let mut waits: Vec<Vec<u64>> = vec![Vec::new(); habits::QUEUES.len()];
        let (mut since, mut writers) = (HashMap::new(), [0_u32; 2]);
        while traffic.next_us() < 1_800_000_000 {
            let event = traffic.take();
            match event.detail {
                Detail::Message { inbound: true, .. } => {
                    writers[0] += 1;
                    since.entry(event.session).or_insert(event.offset_us);
                }
                Detail::Message { .. } => {
                    writers[1] += 1;
                    if let Some(since_us) = since.remove(&event.session) {
                        waits[usize::from(event.queue)].push((event.offset_us - since_us) / 1_000);
                    }
                }
                Detail::Connected => {}
                Detail::Disconnected { .. } => drop(since.remove(&event.session)),
            }
        }
        for (queue, waits) in waits.iter_mut().enumerate() {
            waits.sort_unstable();
            let share = |of: usize| waits[waits.len() * of / 1_000];
            let (median_ms, late_ms) = (share(500), share(999));
            let is_slow = habits::QUEUES[queue].0 == habits::SLOW_QUEUE;
            let name = habits::QUEUES[queue].0;
            assert!(waits.len() > 1_000, "{name}: {} replies", waits.len());
            assert!(
                (late_ms > 120_000) == is_slow,
                "{name}: {median_ms} {late_ms}"
            );
        }
        let share = f64::from(writers[0]) / f64::from(writers[0] + writers[1]);
        assert!((0.4..0.6).contains(&share), "{share}");
    }

    #[test]
    fn a_seed_repeats_itself_and_no_other() {
        let events = |seed| {
            let mut traffic = Traffic::new(seed, 500.0, Curve::Flat);
            (0..5_000).map(|_| traffic.take()).collect::<Vec<_>>()
        };
        assert_eq!(events(7), events(7));
        assert_ne!(events(7), events(8));
    }

    #[test]
    fn sequence_and_offsets_go_up_and_every_event_has_an_open_session() {
        let mut traffic = Traffic::new(3, 2_000.0, Curve::Day);
        let mut open = HashSet::new();
        let mut last_us = 0;
        for sequence in 1..=100_000 {
            let next_us = traffic.next_us();
            let event = traffic.take();
            assert_eq!((event.sequence, event.offset_us), (sequence, next_us));
            assert!(event.offset_us >= last_us);
            last_us = event.offset_us;
            match event.detail {
                Detail::Connected => assert!(open.insert(event.session)),
                Detail::Message { .. } => assert!(open.contains(&event.session)),
                Detail::Disconnected { .. } => assert!(open.remove(&event.session)),
            }
        }
        assert_eq!(open.len(), traffic.due.len());
        assert!(!open.is_empty());
    }

    #[test]
    fn rows_of_closed_sessions_are_used_again() {
        let mut traffic = Traffic::new(3, 100.0, Curve::Flat);
        for _ in 0..100_000 {
            traffic.take();
        }
        assert_eq!(
            traffic.sessions.len(),
            traffic.due.len() + traffic.free.len()
        );
        assert!(traffic.sessions.len() < 4_000, "{}", traffic.sessions.len());
    }
}
