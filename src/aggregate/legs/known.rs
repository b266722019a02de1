//! What is known of one conversation: its facts, and when it ended.

use serde::Deserialize;
use serde::Serialize;

use crate::event::Actor;
use crate::event::FactKind;
use crate::event::LegKey;
use crate::event::Media;
use crate::event::Outcome;
use crate::event::OwnMs;
use crate::snapshot::GroupId;
use crate::time::EpochMs;

/// A fact that was applied. Names are the desk's own numbers.
///
/// In the order of time, of kind and of leg: what is made of a conversation's facts goes through them in
/// this order, so that their order of arrival does not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::aggregate) struct KnownFact {
    /// When it happened: never after the clock that it was applied at.
    pub(in crate::aggregate) time: EpochMs,
    /// When it happened, as its source says: a copy says the same, whatever the clock is.
    pub(in crate::aggregate) said: EpochMs,
    pub(in crate::aggregate) kind: FactKind,
    pub(in crate::aggregate) leg: LegKey,
    pub(in crate::aggregate) queue: GroupId,
    pub(in crate::aggregate) agent: GroupId,
    pub(in crate::aggregate) media: Media,
    pub(in crate::aggregate) outcome: Outcome,
    pub(in crate::aggregate) by: Actor,
    pub(in crate::aggregate) wait: OwnMs,
    pub(in crate::aggregate) talk: OwnMs,
    pub(in crate::aggregate) held: OwnMs,
    pub(in crate::aggregate) after_work: OwnMs,
}

impl KnownFact {
    /// Whether another one has the same natural key: conversation, leg and kind; without a leg whose and
    /// when instead.
    fn is_of_same_key(&self, other: &Self) -> bool {
        let is_same_leg = self.kind == other.kind && self.leg == other.leg;
        is_same_leg
            && (self.leg.is_said()
                || (self.said, self.queue, self.agent) == (other.said, other.queue, other.agent))
    }

    /// Takes over what another one of the same key says and this one does not; whether there was anything.
    /// Where both say something else, the lesser time and the greater of the other words count, whichever
    /// came first. Names have no order: the first one stays.
    fn complete(&mut self, other: &Self) -> bool {
        let before = *self;
        self.time = self.time.min(other.time);
        self.said = self.said.min(other.said);
        // What is not said is the greatest of all.
        self.wait = self.wait.min(other.wait);
        self.talk = self.talk.min(other.talk);
        self.held = self.held.min(other.held);
        self.after_work = self.after_work.min(other.after_work);
        // And here the least.
        self.outcome = self.outcome.max(other.outcome);
        self.by = self.by.max(other.by);
        self.media = self.media.max(other.media);
        if self.queue == GroupId(0) {
            self.queue = other.queue;
        }
        if self.agent == GroupId(0) {
            self.agent = other.agent;
        }
        *self != before
    }
}

/// What a fact was to its conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::aggregate) enum Taken {
    /// It was not known.
    New,
    /// It was not known, and for want of room the oldest of its conversation was forgotten.
    NewForOldest,
    /// It was not known, and is older than all that there is room for: it is left out.
    NoRoom,
    /// It was known, but not all that this copy says.
    Completed,
    /// It was known.
    Repeated,
}

/// Facts of one conversation, and its ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::aggregate) struct Known {
    /// In their order.
    facts: Vec<KnownFact>,
    /// When the conversation ended, and by whom, ascending.
    ends: Vec<(EpochMs, Actor)>,
}

impl Known {
    /// Facts kept of one conversation: some fifty legs. The oldest go first. Each new one has all of them read
    /// again, so this bounds what one costs.
    const FACTS_MAX: usize = 256;
    /// Ends kept of one conversation. The oldest go first.
    const ENDS_MAX: usize = 16;

    pub(in crate::aggregate) fn facts(&self) -> &[KnownFact] {
        &self.facts
    }

    pub(in crate::aggregate) fn ends(&self) -> &[(EpochMs, Actor)] {
        &self.ends
    }

    /// Whether it can be what was applied.
    pub(in crate::aggregate) fn is_right(&self) -> bool {
        let is_ascending = self.ends.is_sorted_by(|(a, _), (b, _)| a < b);
        let is_bounded = self.facts.len() <= Self::FACTS_MAX && self.ends.len() <= Self::ENDS_MAX;
        self.facts.is_sorted() && is_ascending && is_bounded
    }

    /// The latest that is known of it.
    pub(in crate::aggregate) fn latest(&self) -> Option<EpochMs> {
        let fact = self.facts.last().map(|fact| fact.time);
        fact.max(self.ends.last().map(|(time, _)| *time))
    }

    /// Takes a fact.
    pub(in crate::aggregate) fn take(&mut self, fact: KnownFact) -> Taken {
        let mut known = self.facts.iter_mut();
        if let Some(known) = known.find(|known| known.is_of_same_key(&fact)) {
            if !known.complete(&fact) {
                return Taken::Repeated;
            }
            // What it says now may give it another place among those of the same moment.
            self.facts.sort_unstable();
            return Taken::Completed;
        }
        let is_full = self.facts.len() == Self::FACTS_MAX;
        if is_full && self.facts.first().is_some_and(|oldest| fact < *oldest) {
            return Taken::NoRoom;
        }
        if is_full {
            self.facts.remove(0);
        }
        let place = self.facts.partition_point(|known| known < &fact);
        self.facts.insert(place, fact);
        match is_full {
            true => Taken::NewForOldest,
            false => Taken::New,
        }
    }

    /// Takes an end; whether it was not known.
    pub(in crate::aggregate) fn end(&mut self, time: EpochMs, by: Actor) -> bool {
        match self.ends.binary_search_by_key(&time, |(time, _)| *time) {
            Ok(place) => {
                let known = &mut self.ends[place].1;
                let is_more = *known == Actor::Unknown && by != Actor::Unknown;
                if is_more {
                    *known = by;
                }
                is_more
            }
            Err(place) => {
                let is_full = self.ends.len() == Self::ENDS_MAX;
                if is_full && place == 0 {
                    return false;
                }
                self.ends.insert(place, (time, by));
                if is_full {
                    self.ends.remove(0);
                }
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(at_ms: i64, kind: FactKind, leg: u64) -> KnownFact {
        KnownFact {
            time: EpochMs::from_ms(at_ms),
            said: EpochMs::from_ms(at_ms),
            kind,
            leg: match leg {
                0 => LegKey::NONE,
                leg => LegKey::from_hash(leg),
            },
            queue: GroupId(2),
            agent: GroupId(0),
            media: Media::Message,
            outcome: Outcome::Unsaid,
            by: Actor::Unknown,
            wait: OwnMs::UNSAID,
            talk: OwnMs::UNSAID,
            held: OwnMs::UNSAID,
            after_work: OwnMs::UNSAID,
        }
    }

    #[test]
    fn a_fact_is_known_by_its_leg_and_kind_or_by_its_time() {
        let mut known = Known::default();
        assert_eq!(known.take(fact(9, FactKind::Queued, 1)), Taken::New);
        assert_eq!(known.take(fact(10, FactKind::Queued, 1)), Taken::Repeated);
        assert_eq!(known.take(fact(9, FactKind::LeftQueue, 1)), Taken::New);
        assert_eq!(known.take(fact(9, FactKind::Queued, 2)), Taken::New);
        assert_eq!(known.take(fact(9, FactKind::Queued, 0)), Taken::New);
        assert_eq!(known.take(fact(9, FactKind::Queued, 0)), Taken::Repeated);
        assert_eq!(known.take(fact(10, FactKind::Queued, 0)), Taken::New);
        let mut more = fact(10, FactKind::LeftQueue, 1);
        more.outcome = Outcome::Answered;
        assert_eq!(known.take(more), Taken::Completed);
        assert_eq!(known.take(more), Taken::Repeated);
        assert_eq!(known.facts().len(), 5);
        assert!(known.facts().is_sorted());
    }

    #[test]
    fn copies_that_contradict_each_other_come_to_the_same_in_any_order() {
        let mut early = fact(9, FactKind::LeftQueue, 1);
        (early.wait, early.outcome) = (OwnMs::new(7), Outcome::Answered);
        let mut late = fact(11, FactKind::LeftQueue, 1);
        (late.wait, late.outcome) = (OwnMs::new(5), Outcome::Abandoned);
        late.by = Actor::Guest;
        let of = |facts: &[KnownFact]| {
            let mut known = Known::default();
            for fact in facts {
                known.take(*fact);
            }
            known
        };
        assert_eq!(of(&[early, late]), of(&[late, early, late, early]));
        let facts = of(&[late, early]);
        assert_eq!(facts.facts()[0].time, EpochMs::from_ms(9));
        assert_eq!(facts.facts()[0].wait, OwnMs::new(5));
        assert_eq!(facts.facts()[0].outcome, Outcome::Abandoned);
    }

    #[test]
    fn a_fact_ahead_of_the_clock_is_known_again_when_the_clock_has_moved() {
        let mut known = Known::default();
        let mut ahead = fact(9, FactKind::Queued, 0);
        ahead.said = EpochMs::from_ms(20);
        assert_eq!(known.take(ahead), Taken::New);
        ahead.time = EpochMs::from_ms(15);
        assert_eq!(known.take(ahead), Taken::Repeated);
    }

    #[test]
    fn what_is_kept_of_a_conversation_is_bounded() {
        let mut known = Known::default();
        for time in 0..2_000 {
            let taken = known.take(fact(time, FactKind::Queued, 0));
            let is_full = time >= i64::try_from(Known::FACTS_MAX).unwrap();
            assert_eq!(taken == Taken::NewForOldest, is_full, "counted by the desk");
            known.end(EpochMs::from_ms(time), Actor::Guest);
        }
        assert_eq!(known.facts().len(), Known::FACTS_MAX);
        let oldest = 2_000 - i64::try_from(Known::FACTS_MAX).unwrap();
        assert_eq!(known.facts()[0].time, EpochMs::from_ms(oldest));
        assert_eq!(
            known.take(fact(oldest - 1, FactKind::Queued, 0)),
            Taken::NoRoom
        );
        assert_eq!(known.facts()[0].time, EpochMs::from_ms(oldest));
        assert_eq!(known.ends().len(), Known::ENDS_MAX);
        assert_eq!(known.ends().last().unwrap().0, EpochMs::from_ms(1_999));
    }
}
