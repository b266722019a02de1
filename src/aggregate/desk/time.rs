//! What the clock does to the desk: windows slide, waits are settled, conversations are forgotten, and what
//! was applied so far is published.

use std::sync::Arc;

use super::Desk;
use super::Took;
use super::conversation::Conversation;
use super::roll::Roll;
use crate::aggregate::legs::KnownFact;
use crate::config::limits;
use crate::event::SessionKey;
use crate::snapshot;
use crate::time::EpochMs;
use crate::window::BucketIndex;

impl Desk {
    /// Moves the clock on: windows slide, and what was applied so far is the next cut. `oldest` is the
    /// oldest bucket that is retained.
    pub(in crate::aggregate) fn step(&mut self, now: EpochMs, oldest: BucketIndex) {
        let publication = &mut self.publication;
        let to = self.terms.width.bucket_of(now);
        self.book.advance(to, oldest, &mut self.rolls, |place| {
            publication.change(place)
        });
    }

    /// Looks at what is due at the clock: waits that are settled, conversations that are over or silent.
    /// One whose session is open is not silent. Not called while the clock may yet be set back.
    pub(in crate::aggregate) fn expire(
        &mut self,
        now: EpochMs,
        is_open: impl Fn(SessionKey) -> bool,
    ) -> Took {
        let mut sum = Took::NOTHING;
        self.terms.settle(now);
        while let Some(&(due, of)) = self.due.first() {
            if due > now {
                break;
            }
            self.write_before(of);
            let Some(conversation) = self.conversations.get_mut(&of) else {
                self.due.remove(&(due, of));
                continue;
            };
            if conversation.expires(self.idle_timeout_ms, self.kept_ms) <= now {
                if conversation.is_over() || !is_open(of) {
                    self.forget(of);
                    continue;
                }
                conversation.heard(now);
            }
            let took = self.read_again(of, now + 1);
            sum.orphans += took.orphans;
            sum.recovered += took.recovered;
        }
        sum
    }

    /// Makes a cut of what was applied so far.
    pub(in crate::aggregate) fn publish(&mut self, now: EpochMs) {
        let conversations = self.conversations.len() as u64;
        if conversations == 0 && self.publication.is_quiet() {
            return;
        }
        let size = snapshot::DeskSize {
            conversations,
            bytes: self.bytes() as u64,
            overflowed: self.overflowed + self.book.overflowed(),
        };
        self.publication
            .make(now, &mut self.book, &self.rolls, size);
    }

    /// The clock is set back: what was booked ahead of it leaves the windows.
    pub(in crate::aggregate) fn rewind(&mut self, to: EpochMs, oldest: BucketIndex) {
        self.book
            .rewind(self.terms.width.bucket_of(to), oldest, &mut self.rolls);
        for conversation in self.conversations.values_mut() {
            conversation.drop_bookings_after(self.terms.width, to);
        }
        self.publication.change_all();
    }

    /// The latest cut.
    pub(in crate::aggregate) const fn published(&self) -> &Arc<snapshot::Desk> {
        self.publication.published()
    }

    fn bytes(&self) -> usize {
        let one = size_of::<(SessionKey, Conversation)>() + size_of::<(EpochMs, SessionKey)>();
        // Facts, bookings and standings of a conversation, as they are on average.
        let facts = limits::FACTS_OF_CONVERSATION * size_of::<KnownFact>();
        self.conversations.len() * (one + facts)
            + self.book.bytes()
            + self.rolls.iter().map(Roll::bytes).sum::<usize>()
    }
}
