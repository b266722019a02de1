//! Which leg a fact is of: the facts of a conversation, divided among the stints of queues and agents.
//!
//! The session id names a leg where it is said. A fact without one belongs to the stint into which its
//! time falls; a session id goes to a stint without one, so those that are said come first and the others
//! are put to them. A start after the newest stint's end opens the next. Nothing here depends on the
//! order of arrival.

use crate::aggregate::legs::KnownFact;
use crate::event::FactKind;
use crate::event::LegKey;
use crate::event::Media;
use crate::snapshot::GroupId;
use crate::time::EpochMs;

/// Two sources of one edge differ by no more than this, in milliseconds.
const SAME_EDGE_MS: u64 = 1_000;

/// One stint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stint {
    key: LegKey,
    /// What its facts name first; 0 while they name none.
    pub(super) queue: GroupId,
    pub(super) agent: GroupId,
    pub(super) media: Option<Media>,
    /// Of an agent: when it was offered. Of a queue: when the wait began.
    pub(super) started: Option<EpochMs>,
    /// Of an agent: when it was taken.
    pub(super) joined: Option<EpochMs>,
    /// How it ended.
    pub(super) left: Option<KnownFact>,
    /// Of an agent: when the work after the contact was done.
    pub(super) wrapped: Option<KnownFact>,
}

/// The stints of a conversation, each kind in the order of their beginnings.
#[derive(Clone, Debug, Default)]
pub(super) struct Stints {
    pub(super) queues: Vec<Stint>,
    pub(super) agents: Vec<Stint>,
}

impl Stints {
    /// The stints of facts, which are in their order.
    pub(super) fn of(facts: &[KnownFact]) -> Self {
        let mut stints = Self::default();
        for fact in facts.iter().filter(|fact| fact.leg.is_said()) {
            let side = stints.side(fact.kind);
            match side.iter_mut().find(|stint| stint.key == fact.leg) {
                Some(stint) => stint.take(fact),
                None => side.push(Stint::begun(fact)),
            }
        }
        for fact in facts.iter().filter(|fact| !fact.leg.is_said()) {
            let side = stints.side(fact.kind);
            let holds = |stint: &&mut Stint| stint.fits(fact) && stint.holds(fact);
            match side
                .iter_mut()
                .filter(holds)
                .max_by_key(|stint| stint.begin())
            {
                Some(stint) => stint.take(fact),
                None => side.push(Stint::begun(fact)),
            }
        }
        stints.queues.sort_by_key(Stint::order);
        stints.agents.sort_by_key(Stint::order);
        stints
    }

    fn side(&mut self, kind: FactKind) -> &mut Vec<Stint> {
        match kind {
            FactKind::Queued | FactKind::LeftQueue => &mut self.queues,
            FactKind::Alerting | FactKind::Joined | FactKind::Left | FactKind::WrappedUp => {
                &mut self.agents
            }
        }
    }
}

impl Stint {
    fn begun(fact: &KnownFact) -> Self {
        let mut stint = Self {
            key: fact.leg,
            ..Self::default()
        };
        stint.take(fact);
        stint
    }

    /// The first fact of a kind counts.
    fn take(&mut self, fact: &KnownFact) {
        if self.queue == GroupId(0) {
            self.queue = fact.queue;
        }
        if self.agent == GroupId(0) {
            self.agent = fact.agent;
        }
        if fact.media != Media::Unknown {
            self.media.get_or_insert(fact.media);
        }
        match fact.kind {
            FactKind::Queued | FactKind::Alerting => {
                self.started.get_or_insert(fact.time);
            }
            FactKind::Joined => {
                self.joined.get_or_insert(fact.time);
            }
            FactKind::LeftQueue | FactKind::Left => {
                self.left.get_or_insert(*fact);
            }
            FactKind::WrappedUp => {
                self.wrapped.get_or_insert(*fact);
            }
        }
    }

    /// The first that is known of it.
    fn begin(&self) -> Option<EpochMs> {
        let left = self.left.map(|left| left.time);
        let wrapped = self.wrapped.map(|wrapped| wrapped.time);
        let known = [self.started, self.joined, left, wrapped];
        known.into_iter().flatten().min()
    }

    /// Of an agent: when it was offered, or taken, whichever is known.
    pub(super) fn began(&self) -> Option<EpochMs> {
        self.started.or(self.joined)
    }

    /// Of an agent: when it was taken, as said, or by the time that was interacted.
    pub(super) fn taken(&self) -> Option<EpochMs> {
        self.joined.or_else(|| {
            let left = self.left?;
            let talk_ms = left.talk.said().filter(|ms| *ms > 0)?;
            let held_ms = left.held.said().unwrap_or(0);
            Some(left.time - i64::from(talk_ms) - i64::from(held_ms))
        })
    }

    fn order(&self) -> (Option<EpochMs>, LegKey, GroupId, GroupId) {
        (self.begin(), self.key, self.queue, self.agent)
    }

    /// Whether a fact names nobody else than it does.
    fn fits(&self, fact: &KnownFact) -> bool {
        let is_same =
            |own: GroupId, other: GroupId| own == GroupId(0) || other == GroupId(0) || own == other;
        is_same(self.queue, fact.queue) && is_same(self.agent, fact.agent)
    }

    /// Whether the time of a fact falls into it.
    fn holds(&self, fact: &KnownFact) -> bool {
        let Some(begin) = self.begin() else {
            return false;
        };
        let begun = self.started.or(self.joined);
        let has_begun = match begun {
            Some(_) => begin.since(fact.time) <= SAME_EDGE_MS,
            // Its beginning is what is looked for.
            None => true,
        };
        let is_over = match (fact.kind, self.left) {
            // The work after the contact comes after the end.
            (FactKind::WrappedUp, _) | (_, None) => false,
            (FactKind::LeftQueue | FactKind::Left, Some(left)) => {
                fact.time.since(left.time) > SAME_EDGE_MS
            }
            (_, Some(left)) => fact.time > left.time,
        };
        has_begun && !is_over
    }
}
