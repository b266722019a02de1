//! One conversation: what is known of it, and what was booked for it.

use crate::aggregate::image;
use crate::aggregate::image::Stamp;
use crate::aggregate::legs::Known;
use crate::aggregate::legs::KnownFact;
use crate::aggregate::legs::Reading;
use crate::aggregate::legs::Taken;
use crate::event::Actor;
use crate::event::IdKind;
use crate::event::SessionKey;
use crate::time::EpochMs;
use crate::window::Width;

/// Beginnings kept of one conversation. The oldest go first.
const STARTS_MAX: usize = 16;

/// What the desk keeps of a conversation.
#[derive(Clone, Debug)]
pub(super) struct Conversation {
    known: Known,
    /// When it began, as far as it is known, ascending.
    starts: Vec<EpochMs>,
    /// What was booked for it.
    reading: Reading,
    /// Facts that were counted: each once, however often it is read.
    orphans: u32,
    recovered: u32,
    /// The clock when something of it came last.
    heard: EpochMs,
    due: EpochMs,
    pub(super) written: Stamp,
}

impl Conversation {
    pub(super) fn new(written: Stamp) -> Self {
        Self {
            known: Known::default(),
            starts: Vec::new(),
            reading: Reading::default(),
            orphans: 0,
            recovered: 0,
            heard: EpochMs::default(),
            due: EpochMs::MAX,
            written,
        }
    }

    pub(super) const fn known(&self) -> &Known {
        &self.known
    }

    pub(super) const fn reading(&self) -> &Reading {
        &self.reading
    }

    pub(super) const fn due(&self) -> EpochMs {
        self.due
    }

    pub(super) const fn set_due(&mut self, due: EpochMs) {
        self.due = due;
    }

    /// Takes a beginning; whether it was not known. Two sources may stamp one beginning a little apart: what
    /// has no end between it and one that is known is the same.
    pub(super) fn start(&mut self, at: EpochMs) -> bool {
        let is_known = self.starts.iter().any(|start| {
            let (first, last) = (at.min(*start), at.max(*start));
            let ends = self.known.ends().iter();
            !ends.clone().any(|(end, _)| (first..=last).contains(end)) || first == last
        });
        insert(&mut self.starts, at);
        !is_known
    }

    /// Takes an end; whether it was not known, in the same sense, and whether anything is known now that was not.
    pub(super) fn end(&mut self, at: EpochMs, by: Actor) -> (bool, bool) {
        let is_known = self.known.ends().iter().any(|(end, _)| {
            let (first, last) = (at.min(*end), at.max(*end));
            !self
                .starts
                .iter()
                .any(|start| (first..=last).contains(start))
                || first == last
        });
        (!is_known, self.known.end(at, by))
    }

    /// Takes a fact.
    pub(super) fn take(&mut self, fact: KnownFact) -> Taken {
        self.known.take(fact)
    }

    /// Something of it came at a clock.
    pub(super) fn heard(&mut self, now: EpochMs) {
        self.heard = self.heard.max(now);
    }

    /// Takes a reading over; hands back the one before.
    pub(super) fn replace(&mut self, reading: Reading) -> Reading {
        std::mem::replace(&mut self.reading, reading)
    }

    /// How many facts a reading made nothing or something of that were not counted yet.
    pub(super) fn count(&mut self, reading: &Reading) -> (u64, u64) {
        let more = |counted: &mut u32, found: u32| {
            let before = std::mem::replace(counted, found.max(*counted));
            u64::from(*counted - before)
        };
        (
            more(&mut self.orphans, reading.orphans),
            more(&mut self.recovered, reading.recovered),
        )
    }

    /// Bookings that are in no bucket any more are not booked.
    pub(super) fn drop_bookings_after(&mut self, width: Width, to: EpochMs) {
        let last = width.bucket_of(to);
        let bookings = &mut self.reading.bookings;
        bookings.retain(|booking| width.bucket_of(booking.time) <= last);
    }

    /// Whether it has ended, with all of its legs.
    pub(super) fn is_over(&self) -> bool {
        !self.known.ends().is_empty() && self.reading.standing.is_empty()
    }

    /// When it is forgotten, if nothing more comes of it: a while after its end, or once it was silent
    /// for as long as an open session may be.
    pub(super) fn expires(&self, idle_timeout_ms: i64, kept_ms: i64) -> EpochMs {
        match self.is_over() {
            true => {
                let latest = self.known.latest().unwrap_or_default();
                latest + kept_ms
            }
            false => self.heard + idle_timeout_ms,
        }
    }

    /// Whether it can be what was applied.
    pub(super) fn is_right(&self) -> bool {
        let are_starts = self.starts.is_sorted() && self.starts.len() <= STARTS_MAX;
        self.known.is_right() && self.reading.is_right() && are_starts
    }

    /// As an image holds it.
    pub(super) fn plain(&self, of: SessionKey) -> image::Conversation {
        image::Conversation {
            key: ([of.hi, of.lo], of.kind == IdKind::Hashed),
            known: self.known.clone(),
            starts: self.starts.clone(),
            reading: self.reading.clone(),
            orphans: self.orphans,
            recovered: self.recovered,
            heard: self.heard,
            due: self.due,
        }
    }

    /// What an image holds.
    pub(super) fn of_plain(plain: image::Conversation) -> Self {
        Self {
            known: plain.known,
            starts: plain.starts,
            reading: plain.reading,
            orphans: plain.orphans,
            recovered: plain.recovered,
            heard: plain.heard,
            due: plain.due,
            written: Stamp::default(),
        }
    }
}

fn insert(starts: &mut Vec<EpochMs>, at: EpochMs) {
    let Err(place) = starts.binary_search(&at) else {
        return;
    };
    starts.insert(place, at);
    if starts.len() > STARTS_MAX {
        starts.remove(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_known_until_an_end_lies_between() {
        let mut of = Conversation::new(Stamp::default());
        let at = EpochMs::from_ms;
        assert!(of.start(at(10)));
        assert!(!of.start(at(10)) && !of.start(at(12)) && !of.start(at(8)));
        assert_eq!(of.end(at(20), Actor::Guest), (true, true));
        assert_eq!(of.end(at(21), Actor::Agent), (false, true));
        assert_eq!(of.end(at(20), Actor::Guest), (false, false));
        assert!(!of.start(at(15)));
        assert!(of.start(at(30)) && !of.start(at(31)));
        assert!(of.end(at(40), Actor::Unknown).0 && !of.end(at(19), Actor::Unknown).0);
        for time in 0..100 {
            of.start(at(time));
        }
        assert_eq!(of.starts.len(), STARTS_MAX);
    }
}
