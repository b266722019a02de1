//! Random conversations: legs around every border that the table draws, and when each fact of them comes.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use streamgauge::event::Actor;
use streamgauge::event::FactKind;
use streamgauge::event::IdKind;
use streamgauge::event::Media;
use streamgauge::event::Outcome;
use streamgauge::event::SessionKey;

use crate::model::legs::Said;
use crate::model::legs::SaidLeg;
use crate::model::legs::SaidWhat;

use super::START;

/// Times lie on a grid of a quarter of the five seconds within which two things are of one moment.
const SLOT_MS: i64 = 1_250;

/// What is said, and at which clock it comes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub(super) at_ms: i64,
    pub(super) said: Said,
}

/// A leg as it is drawn, by slots.
#[derive(Clone, Debug)]
struct Leg {
    is_of_queue: bool,
    name: usize,
    queue: usize,
    media: Media,
    begins: i64,
    started: bool,
    joined: Option<i64>,
    left: Option<i64>,
    outcome: Outcome,
    by: Actor,
    own_ms: Option<u32>,
    held_ms: Option<u32>,
    wrapped: Option<u32>,
    delays: Vec<i64>,
}

const QUEUES: [&str; 3] = ["", "sales", "returns"];
const AGENTS: [&str; 3] = ["ann", "ben", "eve"];

fn legs() -> impl Strategy<Value = Leg> {
    let names = (any::<bool>(), 0..3_usize, 0..3_usize);
    let times = (
        0..40_i64,
        prop::bool::weighted(0.8),
        option::of(0..8_i64),
        option::of(0..16_i64),
    );
    let outcomes = select(vec![
        Outcome::Unsaid,
        Outcome::Unsaid,
        Outcome::Answered,
        Outcome::Abandoned,
        Outcome::FlowedOut,
    ]);
    let media = select(vec![Media::Unknown, Media::Message, Media::Voice]);
    let by = select(Actor::ALL.to_vec());
    let own = (
        option::weighted(0.3, 0..12_000_u32),
        option::weighted(0.3, 0..4_000_u32),
        option::weighted(0.3, 0..9_000_u32),
    );
    // Mostly at once; some late, some older than all that is retained, some ahead of the clock.
    let delays = vec(
        select(vec![0, 0, 0, 700, 3_000, 9_000, 30_000, 75_000, -2_000]),
        8,
    );
    (names, times, outcomes, media, by, own, delays).prop_map(
        |(
            (is_of_queue, name, queue),
            (begins, started, joined, left),
            outcome,
            media,
            by,
            (own_ms, held_ms, wrapped),
            delays,
        )| Leg {
            is_of_queue,
            name,
            queue,
            media,
            begins,
            started,
            joined,
            left,
            outcome,
            by,
            own_ms,
            held_ms,
            wrapped,
            delays,
        },
    )
}

/// What arrives, in the order of the clock.
pub(super) fn arrivals() -> impl Strategy<Value = Vec<Arrival>> {
    let ends = option::weighted(
        0.6,
        (
            0..60_i64,
            select(vec![Actor::Guest, Actor::Agent, Actor::Business]),
            select(vec![0, 9_000, 75_000]),
        ),
    );
    let conversations = vec((vec(legs(), 0..5), ends, any::<[bool; 2]>()), 1..4);
    conversations.prop_map(|conversations| {
        let mut arrivals = Vec::new();
        for (number, (legs, end, are_named)) in (1..).zip(&conversations) {
            let mut story = Story::new(number, *are_named);
            for (place, leg) in legs.iter().enumerate() {
                story.tell(place, leg);
            }
            if let Some((slot, by, delay)) = end {
                story.say(*slot * SLOT_MS, SaidWhat::Ended(*by), &[*delay]);
            }
            arrivals.extend(story.arrivals);
        }
        arrivals.sort_by_key(|arrival| arrival.at_ms);
        arrivals
    })
}

/// Everything that is said, in the order of its times.
pub(super) fn said(arrivals: &[Arrival]) -> Vec<Said> {
    let mut said: Vec<Said> = Vec::new();
    for arrival in arrivals {
        if !said.contains(&arrival.said) {
            said.push(arrival.said);
        }
    }
    said.sort_by_key(|said| said.said_ms);
    said
}

/// What comes before a share of all, and after it.
pub(super) fn cut(arrivals: &[Arrival], share: u8) -> (&[Arrival], &[Arrival]) {
    arrivals.split_at(arrivals.len() * usize::from(share) / 256)
}

/// Conversation number `number`.
pub(super) const fn conversation(number: u64) -> SessionKey {
    SessionKey {
        hi: 0,
        lo: number,
        kind: IdKind::Uuid,
    }
}

struct Story {
    of: SessionKey,
    /// Whether legs of queues, and of agents, have names of their own.
    are_named: [bool; 2],
    taken: BTreeSet<i64>,
    arrivals: Vec<Arrival>,
}

impl Story {
    fn new(number: u64, are_named: [bool; 2]) -> Self {
        Self {
            of: conversation(number),
            are_named,
            taken: BTreeSet::new(),
            arrivals: Vec::new(),
        }
    }

    fn tell(&mut self, place: usize, leg: &Leg) {
        let is_named = self.are_named[usize::from(!leg.is_of_queue)];
        let queue = match (leg.is_of_queue, is_named) {
            // A leg without a name of its own is known by its queue and its agent.
            (true, _) => QUEUES[leg.queue.max(1)],
            (false, true) => QUEUES[leg.queue],
            (false, false) => QUEUES[leg.name],
        };
        let fact = |kind| SaidLeg {
            kind,
            leg: match is_named {
                true => u64::try_from(place).unwrap() + 1,
                false => 0,
            },
            queue,
            agent: match leg.is_of_queue {
                true => "",
                false => AGENTS[leg.name],
            },
            media: leg.media,
            outcome: Outcome::Unsaid,
            by: Actor::Unknown,
            own_ms: None,
            held_ms: None,
        };
        let at = leg.begins * SLOT_MS;
        let left = leg.left.map(|after| at + after * SLOT_MS);
        let (start, end) = match leg.is_of_queue {
            true => (FactKind::Queued, FactKind::LeftQueue),
            false => (FactKind::Alerting, FactKind::Left),
        };
        if leg.started {
            self.say(at, SaidWhat::Leg(fact(start)), &leg.delays[..2]);
        }
        if let (false, Some(after)) = (leg.is_of_queue, leg.joined) {
            let joined = SaidWhat::Leg(fact(FactKind::Joined));
            self.say(at + after * SLOT_MS, joined, &leg.delays[2..3]);
        }
        if let Some(left) = left {
            let mut said = fact(end);
            (said.own_ms, said.by) = (leg.own_ms, leg.by);
            match leg.is_of_queue {
                true => said.outcome = leg.outcome,
                false => said.held_ms = leg.held_ms,
            }
            self.say(left, SaidWhat::Leg(said), &leg.delays[3..6]);
        }
        if let (false, Some(ms)) = (leg.is_of_queue, leg.wrapped) {
            let mut said = fact(FactKind::WrappedUp);
            said.own_ms = Some(ms);
            let at = left.unwrap_or(at) + SLOT_MS;
            self.say(at, SaidWhat::Leg(said), &leg.delays[6..7]);
        }
    }

    /// Says something once for each delay. No two things of a conversation have the same time: without
    /// names of legs nothing else tells them apart.
    fn say(&mut self, at: i64, what: SaidWhat, delays: &[i64]) {
        let step = match self.are_named {
            [true, true] => 1,
            _ => SLOT_MS,
        };
        let mut at = at;
        while !self.taken.insert(at) {
            at += step;
        }
        let said = Said {
            conversation: self.of,
            said_ms: START + at,
            what,
        };
        for delay in delays {
            // Ahead of the clock it is booked beside the grid.
            let delay = if step == SLOT_MS {
                (*delay).max(0)
            } else {
                *delay
            };
            let at_ms = (said.said_ms + delay).max(START);
            self.arrivals.push(Arrival { at_ms, said });
        }
    }
}
