//! What is known of conversations' legs, and what follows: waits, answers, talks, by queue, medium, agent.
//!
//! Facts are kept by conversation, in a table of their own, so that sessions of which no source says more
//! than connect, message and disconnect pay nothing. With each new fact the rules (`state/rules/leg/`)
//! read a conversation again, and the difference to what was booked for it is booked. A handful of facts
//! makes that cheap, and it makes the numbers a function of what is known, whatever the order of arrival.

mod book;
mod conversation;
mod differences;
mod publication;
mod restore;
mod roll;
mod sums;
mod time;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::aggregate::image::Scribe;
use crate::aggregate::legs::Is;
use crate::aggregate::legs::Known;
use crate::aggregate::legs::KnownFact;
use crate::aggregate::legs::Reading;
use crate::aggregate::legs::Taken;
use crate::aggregate::legs::Terms;
use crate::config::AggregateSettings;
use crate::config::limits;
use crate::event::Actor;
use crate::event::AgentId;
use crate::event::Fact;
use crate::event::SessionKey;
use crate::input::InputId;
use crate::snapshot::GroupId;
use crate::time::EpochMs;

use book::Book;
use conversation::Conversation;
use differences::differences;
use publication::Publication;
use roll::Roll;

pub(in crate::aggregate) use restore::DeskPieces;

/// The rules, as the desk calls them.
pub(in crate::aggregate) type Rules = fn(&Known, &Terms, &mut Reading);

/// Everything that is known of legs.
#[derive(Clone, Debug)]
pub(in crate::aggregate) struct Desk {
    conversations: BTreeMap<SessionKey, Conversation>,
    /// When each conversation is looked at again.
    due: BTreeSet<(EpochMs, SessionKey)>,
    /// Names of queues, and of agents.
    rolls: [Roll; 2],
    /// By input, the agent of each number.
    agents: Vec<(InputId, Vec<Option<Arc<str>>>)>,
    chosen: InputId,
    book: Book,
    publication: Publication,
    rules: Rules,
    terms: Terms,
    idle_timeout_ms: i64,
    /// How long facts are kept after the end of their conversation, in milliseconds: while one of them may be
    /// booked again.
    kept_ms: i64,
    conversations_max: usize,
    /// Conversations and facts that were forgotten for want of room.
    overflowed: u64,
    /// The latest reading, and the names of what was known, for their memory.
    reading: Reading,
    names: Vec<[GroupId; 2]>,
    scribe: Scribe,
    /// How far an image is written.
    written: restore::Progress,
}

/// What became of a fact, and of the conversation that it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::aggregate) struct Took {
    pub(in crate::aggregate) taken: Taken,
    /// Facts of which nothing was made, and waits made of their own length, for the first time.
    pub(in crate::aggregate) orphans: u64,
    pub(in crate::aggregate) recovered: u64,
}

impl Took {
    const NOTHING: Self = Self {
        taken: Taken::Repeated,
        orphans: 0,
        recovered: 0,
    };
}

impl Desk {
    pub(in crate::aggregate) fn new(
        settings: &AggregateSettings,
        now: EpochMs,
        rules: Rules,
    ) -> Self {
        let current = settings.width.bucket_of(now);
        Self {
            conversations: BTreeMap::new(),
            due: BTreeSet::new(),
            rolls: [
                Roll::new(settings.groups_max),
                Roll::new(settings.groups_max),
            ],
            agents: Vec::new(),
            chosen: InputId::default(),
            book: Book::new(settings, current),
            publication: Publication::new(settings),
            rules,
            terms: Terms {
                width: settings.width,
                lateness_buckets: i64::try_from(settings.width.buckets_in(settings.lateness_ms))
                    .unwrap_or(i64::MAX),
                settled_before: EpochMs::default(),
                short_abandon_ms: settings.short_abandon_ms,
            },
            idle_timeout_ms: i64::try_from(settings.idle_timeout_ms).unwrap_or(i64::MAX >> 1),
            kept_ms: kept_ms(settings),
            conversations_max: settings.sessions_max.max(1),
            overflowed: 0,
            reading: Reading::default(),
            names: Vec::new(),
            scribe: Scribe::default(),
            written: restore::Progress::default(),
        }
    }

    // Names.

    /// Says which input the next definitions and facts come from.
    pub(in crate::aggregate) fn choose(&mut self, input: InputId) {
        self.chosen = input;
    }

    /// An input is gone.
    pub(in crate::aggregate) fn remove_input(&mut self, input: InputId) {
        self.agents.retain(|(known, _)| *known != input);
    }

    /// Takes what the number of an agent stands for from now on.
    pub(in crate::aggregate) fn define_agent(&mut self, agent: AgentId, name: &str) {
        let chosen = self.chosen;
        let place = self.agents.iter().position(|(input, _)| *input == chosen);
        let place = place.unwrap_or_else(|| {
            self.agents.push((chosen, Vec::new()));
            self.agents.len() - 1
        });
        let names = &mut self.agents[place].1;
        let number = usize::from(agent.number());
        if names.len() <= number {
            names.resize(number + 1, None);
        }
        names[number] = Some(Arc::from(name));
    }

    fn agent(&mut self, agent: AgentId) -> GroupId {
        let chosen = self.chosen;
        let of_input = self.agents.iter().find(|(input, _)| *input == chosen);
        let name = of_input.and_then(|(_, names)| names.get(usize::from(agent.number()))?.as_ref());
        match name {
            Some(name) => self.rolls[1].number(name),
            None => roll::UNNAMED,
        }
    }

    /// The name of the queue that a conversation is in, as far as its facts say.
    pub(in crate::aggregate) fn queue_of(&self, conversation: SessionKey) -> Option<&Arc<str>> {
        let queue = self.conversations.get(&conversation)?.reading().queue?;
        self.rolls[0].text(queue)
    }

    // What is known.

    /// Whether a conversation was ever in a queue, or with an agent.
    pub(in crate::aggregate) fn is_offered(&self, of: SessionKey) -> bool {
        let known = self.conversations.get(&of);
        known.is_some_and(|known| !known.known().facts().is_empty())
    }

    /// Since when a conversation has waited in a queue; `None` while it does not.
    pub(in crate::aggregate) fn waiting_since(&self, of: SessionKey) -> Option<EpochMs> {
        let standing = &self.conversations.get(&of)?.reading().standing;
        let waiting = standing.iter().filter(|each| each.is == Is::Waiting);
        waiting.map(|each| each.since).min()
    }

    /// Whether nothing is known of any conversation.
    pub(in crate::aggregate) fn is_empty(&self) -> bool {
        self.conversations.is_empty()
    }

    /// The first known end of a conversation at a time or after it.
    pub(in crate::aggregate) fn end_after(&self, of: SessionKey, at: EpochMs) -> Option<EpochMs> {
        let mut ends = self.conversations.get(&of)?.known().ends().iter();
        ends.find(|(end, _)| *end >= at).map(|(end, _)| *end)
    }

    /// Whether facts of a conversation are kept.
    pub(in crate::aggregate) fn knows(&self, conversation: SessionKey) -> bool {
        self.conversations.contains_key(&conversation)
    }

    /// A conversation began; whether that was not known.
    pub(in crate::aggregate) fn start(
        &mut self,
        of: SessionKey,
        at: EpochMs,
        now: EpochMs,
    ) -> bool {
        // When it began is of no concern to its legs.
        self.change(of, now, |conversation| (conversation.start(at), false))
            .0
    }

    /// A conversation ended; whether that was not known.
    pub(in crate::aggregate) fn end(
        &mut self,
        of: SessionKey,
        at: EpochMs,
        by: Actor,
        now: EpochMs,
    ) -> (bool, Took) {
        let at = at.min(now);
        let (is_new, took) = self.change(of, now, |conversation| conversation.end(at, by));
        (is_new, took)
    }

    /// Takes a fact of a conversation. It happened when its source says, or at the clock if that is ahead.
    pub(in crate::aggregate) fn take(
        &mut self,
        of: SessionKey,
        said: EpochMs,
        queue: Option<&Arc<str>>,
        fact: &Fact,
        now: EpochMs,
    ) -> Took {
        let queue = queue.map_or(roll::UNNAMED, |queue| self.rolls[0].number(queue));
        let agent = self.agent(fact.agent);
        let at = said.min(now);
        let fact = KnownFact {
            time: at,
            said,
            kind: fact.kind,
            leg: fact.leg,
            queue,
            agent,
            media: fact.media,
            outcome: fact.outcome,
            by: fact.by,
            wait: fact.wait,
            talk: fact.talk,
            held: fact.held,
            after_work: fact.after_work,
        };
        let (taken, mut took) = self.change(of, now, |conversation| {
            let taken = conversation.take(fact);
            (taken, !matches!(taken, Taken::Repeated | Taken::NoRoom))
        });
        self.overflowed += u64::from(matches!(taken, Taken::NewForOldest | Taken::NoRoom));
        took.taken = taken;
        took
    }

    /// Forgets a conversation: it is let go without an end.
    pub(in crate::aggregate) fn forget(&mut self, of: SessionKey) {
        self.write_before(of);
        if let Some(conversation) = self.conversations.remove(&of) {
            self.due.remove(&(conversation.due(), of));
            for fact in conversation.known().facts() {
                self.rolls[0].release(fact.queue);
                self.rolls[1].release(fact.agent);
            }
            for standing in &conversation.reading().standing {
                self.publication.stand(standing, of, false);
            }
        }
    }

    /// Changes what is known of a conversation, which says whether it did: only then is it read again and the
    /// difference booked, so that a copy costs little.
    fn change<T>(
        &mut self,
        of: SessionKey,
        now: EpochMs,
        change: impl FnOnce(&mut Conversation) -> (T, bool),
    ) -> (T, Took) {
        self.make_room(of);
        self.write_before(of);
        let stamp = self.scribe.stamp();
        let conversation = self
            .conversations
            .entry(of)
            .or_insert_with(|| Conversation::new(stamp));
        self.names.clear();
        self.names.extend(names(conversation));
        let (result, is_changed) = change(conversation);
        conversation.heard(now);
        if !is_changed {
            self.put_due(of, now);
            return (result, Took::NOTHING);
        }
        for [queue, agent] in names(conversation) {
            self.rolls[0].hold(queue);
            self.rolls[1].hold(agent);
        }
        for [queue, agent] in self.names.drain(..) {
            self.rolls[0].release(queue);
            self.rolls[1].release(agent);
        }
        (result, self.read_again(of, now))
    }

    /// Reads the rules for a conversation, and books what is new and takes back what is not so any more.
    fn read_again(&mut self, of: SessionKey, now: EpochMs) -> Took {
        let mut took = Took::NOTHING;
        let Some(conversation) = self.conversations.get_mut(&of) else {
            return took;
        };
        let mut reading = std::mem::take(&mut self.reading);
        (self.rules)(conversation.known(), &self.terms, &mut reading);
        (took.orphans, took.recovered) = conversation.count(&reading);
        let before = conversation.replace(reading);
        let (rolls, publication) = (&mut self.rolls, &mut self.publication);
        let after = conversation.reading();
        let (gone, new) = (&before.bookings, &after.bookings);
        differences(gone, new, |booking, is_gone| {
            self.book
                .book(booking, is_gone, rolls, |place| publication.change(place));
        });
        differences(&before.standing, &after.standing, |standing, is_gone| {
            publication.stand(standing, of, !is_gone);
        });
        self.reading = before;
        self.put_due(of, now);
        took
    }

    /// Says when a conversation is looked at again.
    fn put_due(&mut self, of: SessionKey, now: EpochMs) {
        let Some(conversation) = self.conversations.get_mut(&of) else {
            return;
        };
        // What is settled already has been read.
        let unsettled = conversation.reading().unsettled;
        let settles = unsettled.map(|time| self.terms.settles(time).max(now));
        let expires = conversation.expires(self.idle_timeout_ms, self.kept_ms);
        let due = settles.map_or(expires, |settles| settles.min(expires));
        self.due.remove(&(conversation.due(), of));
        conversation.set_due(due);
        self.due.insert((due, of));
    }

    /// Lets the conversation go that is due first, where there is no room for another.
    fn make_room(&mut self, of: SessionKey) {
        while self.conversations.len() >= self.conversations_max
            && !self.conversations.contains_key(&of)
        {
            let Some(&(_, first)) = self.due.first() else {
                return;
            };
            self.overflowed += 1;
            self.forget(first);
        }
    }
}

/// The queue and the agent of each fact.
fn names(conversation: &Conversation) -> impl Iterator<Item = [GroupId; 2]> {
    let facts = conversation.known().facts().iter();
    facts.map(|fact| [fact.queue, fact.agent])
}

fn kept_ms(settings: &AggregateSettings) -> i64 {
    let longest = settings.windows.iter().map(|window| window.ms()).max();
    let window_ms = i64::from(longest.unwrap_or_default());
    let lateness_ms = i64::try_from(settings.lateness_ms).unwrap_or(i64::MAX);
    limits::FACTS_KEPT_MS.max(window_ms.saturating_add(lateness_ms))
}
