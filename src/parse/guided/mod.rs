//! The fast path before the tape: an event laid out like a recent one is verified against that
//! layout byte by byte, and only its wanted values are converted.
//!
//! Whatever is not exactly as in one of the remembered layouts (an escape in a text that is read, another
//! order, an unknown key, other whitespace, a number that is no short integer, a value that is to be
//! refused) is left to the tape, untouched. So this path never refuses anything, and what it
//! accepts means what the tape would say.
//!
//! The most frequent layouts are tried one after the other; hundreds more are found by a hash of a
//! payload's keys. Where neither finds much, most looks are left out, so that a stream of which
//! nothing repeats costs what the tape costs.

mod learn;
mod others;
mod template;
mod text;

use super::id::Ids;
use super::labels::LabelTable;
use super::timestamp::Day;
use super::verdict::Verdict;
use super::worth::Worth;
use crate::config::limits::MESSAGE_BYTES_MAX;
use others::Others;
use others::hash_of_keys;
use template::Template;

/// Layouts looked at first: three kinds of events in a few variants each.
const FRONT_MAX: usize = 8;
/// Payloads to learn from, in bytes.
const SAMPLE_BYTES: std::ops::RangeInclusive<usize> = 16..=16_384;
/// What learning one layout costs, in payloads: a stream that never repeats itself is learned from
/// once in so many, and ever more seldom. A prime, so that layouts that come in turn are all met.
const LEARN_COST: u32 = 61;
const LEARN_COST_MAX: u32 = 4_096;
/// What may be saved up, so that a new stream's layouts are learned at once.
const CREDIT_MAX: u32 = 16 * LEARN_COST;
/// Hits after which a layout may move to the front at all.
const PROMOTED_HITS: u32 = 8;

/// The layouts of recent events.
#[derive(Debug)]
pub(super) struct Guided {
    /// Mostly the most frequent first.
    front: Vec<Known>,
    /// The others, found by their keys.
    others: Others,
    /// The allocations of one that was forgotten.
    spare: Template,
    /// A copy of the payload that the tape is at work on; empty when it is not to be learned.
    sample: Vec<u8>,
    /// `0 <= credit <= CREDIT_MAX`
    credit: u32,
    /// `LEARN_COST <= learn_cost <= LEARN_COST_MAX`
    learn_cost: u32,
    /// Whether looks at the front find something, and those by keys.
    at_front: Worth,
    by_keys: Worth,
    /// Of the last event.
    day: Day,
}

/// A layout, and how often it was met.
#[derive(Debug)]
struct Known {
    template: Template,
    /// The hash of its keys; see [`hash_of_keys`].
    keys: u64,
    /// Payloads read, halved at times.
    hits: u32,
}

impl Guided {
    pub(super) fn new() -> Self {
        Self {
            front: Vec::with_capacity(FRONT_MAX),
            others: Others::default(),
            spare: Template::default(),
            sample: Vec::new(),
            credit: CREDIT_MAX,
            learn_cost: LEARN_COST,
            at_front: Worth::default(),
            by_keys: Worth::default(),
            day: Day::default(),
        }
    }

    /// What `payload` means, if it is laid out like a recent one.
    #[inline(always)]
    pub(super) fn read(
        &mut self,
        payload: &[u8],
        ids: &Ids,
        mut labels: Option<&mut LabelTable>,
    ) -> Option<Verdict> {
        self.earn();
        let is_end = |_: &Template, end| end == payload.len();
        // Not held in a variable: the verdict would be moved once more.
        match self.read_to(is_end, payload, ids, labels.as_deref_mut()) {
            Some(verdict) => Some(verdict),
            None => self.read_by_keys(payload, ids, labels),
        }
    }

    /// The same for the line that `bytes` begin with, and how long it is without its line feed. A line
    /// that is left alone is not counted: it comes back as a payload.
    #[inline(always)]
    pub(super) fn read_line(
        &mut self,
        bytes: &[u8],
        ids: &Ids,
        labels: Option<&mut LabelTable>,
    ) -> Option<(Verdict, usize)> {
        let mut length = 0;
        let is_end = |template: &Template, end| {
            length = match bytes.get(end..) {
                Some([b'\n', ..]) => end,
                Some([b'\r', b'\n', ..]) => end + 1,
                _ => return false,
            };
            // What may differ holds no line feed.
            end <= MESSAGE_BYTES_MAX && !template.has_line_feed
        };
        let verdict = self.read_to(is_end, bytes, ids, labels)?;
        self.earn();
        Some((verdict, length))
    }

    /// What the payload that `bytes` begin with means. `is_end` says whether it may end at a place, and
    /// takes the place away: returned beside the verdict it would move the verdict once more.
    #[inline(always)]
    fn read_to(
        &mut self,
        mut is_end: impl FnMut(&Template, usize) -> bool,
        bytes: &[u8],
        ids: &Ids,
        mut labels: Option<&mut LabelTable>,
    ) -> Option<Verdict> {
        if !self.at_front.is_due() {
            return None;
        }
        for index in 0..self.front.len() {
            let (template, labels) = (&self.front[index].template, labels.as_deref_mut());
            let verdict = template.read::<false>(bytes, &mut is_end, ids, labels, &mut self.day);
            if verdict.is_some() {
                self.hit(index);
                return verdict;
            }
        }
        self.read_odd(is_end, bytes, ids, labels)
    }

    /// What a payload means that is laid out like those at the front, but for texts that are more than
    /// plain ASCII.
    #[cold]
    #[inline(never)]
    fn read_odd(
        &mut self,
        mut is_end: impl FnMut(&Template, usize) -> bool,
        bytes: &[u8],
        ids: &Ids,
        mut labels: Option<&mut LabelTable>,
    ) -> Option<Verdict> {
        let mut known = self.front.iter().enumerate();
        let found = known.find_map(|(index, known)| {
            let (template, labels) = (&known.template, labels.as_deref_mut());
            let verdict = template.read::<true>(bytes, &mut is_end, ids, labels, &mut self.day)?;
            Some((index, verdict))
        });
        let Some((index, verdict)) = found else {
            self.at_front.miss();
            return None;
        };
        self.hit(index);
        Some(verdict)
    }

    /// What a payload means that has the keys of a layout beyond the front, where that pays.
    #[cold]
    #[inline(never)]
    fn read_by_keys(
        &mut self,
        payload: &[u8],
        ids: &Ids,
        mut labels: Option<&mut LabelTable>,
    ) -> Option<Verdict> {
        if self.others.is_empty() || !self.by_keys.is_due() {
            return None;
        }
        let keys = hash_of_keys(payload);
        let mut known = self.others.of(keys).iter_mut().enumerate();
        let found = known.find_map(|(index, known)| {
            let (template, labels) = (&known.template, labels.as_deref_mut());
            let is_end = |_: &Template, end| end == payload.len();
            let verdict = template.read::<true>(payload, is_end, ids, labels, &mut self.day)?;
            known.hits += 1;
            Some((index, verdict, known.hits))
        });
        let Some((index, verdict, hits)) = found else {
            // The front too, where it was not looked at.
            let mut known = self.front.iter().filter(|known| known.keys == keys);
            let verdict = known.find_map(|known| {
                let (template, labels) = (&known.template, labels.as_deref_mut());
                let is_end = |_: &Template, end| end == payload.len();
                template.read::<true>(payload, is_end, ids, labels, &mut self.day)
            });
            match verdict {
                Some(_) => self.by_keys.hit(),
                None => self.by_keys.miss(),
            }
            return verdict;
        };
        self.by_keys.hit();
        self.learn_cost = LEARN_COST;
        // Twice as often, so that layouts that are met equally often do not change places all the time.
        let least = self.front.last().map_or(0, |last| last.hits);
        if hits > 2 * least + PROMOTED_HITS {
            let known = self.others.take(keys, index);
            self.put_in_front(known);
        }
        Some(verdict)
    }

    /// Counts a payload.
    #[inline(always)]
    fn earn(&mut self) {
        self.credit = (self.credit + 1).min(CREDIT_MAX);
    }

    /// Counts a hit, and moves the template forward once it is more frequent than the one before.
    #[inline(always)]
    fn hit(&mut self, index: usize) {
        self.at_front.hit();
        let Some(known) = self.front.get_mut(index) else {
            return;
        };
        known.hits += 1;
        let hits = known.hits;
        if hits > 1 << 16 {
            self.front.iter_mut().for_each(|known| known.hits /= 2);
        }
        if let Some(before) = index.checked_sub(1)
            && self
                .front
                .get(before)
                .is_some_and(|before| before.hits < hits)
        {
            self.front.swap(before, index);
        }
    }

    /// Keeps a copy of `payload`, which the tape may change, if there is credit for learning.
    pub(super) fn keep_sample(&mut self, payload: &[u8]) {
        self.sample.clear();
        if self.credit >= self.learn_cost.min(CREDIT_MAX) && SAMPLE_BYTES.contains(&payload.len()) {
            self.sample.extend_from_slice(payload);
        }
    }

    /// Learns the layout of the sample, which the tape has given `verdict`.
    pub(super) fn learn(&mut self, verdict: Verdict, ids: &Ids, labels: Option<&mut LabelTable>) {
        let kind = match verdict {
            Verdict::Event(event) => Some(event.kind),
            Verdict::Ignored => None,
            Verdict::Rejected(_) => return,
        };
        if self.sample.is_empty() {
            return;
        }
        self.credit = self.credit.saturating_sub(self.learn_cost);
        let is_learned = self
            .spare
            .learn(&self.sample, kind, labels.is_some())
            .is_some()
            && self.spare.read::<true>(
                &self.sample,
                |_, end| end == self.sample.len(),
                ids,
                labels,
                &mut self.day,
            ) == Some(verdict);
        if !is_learned {
            return;
        }
        let keys = hash_of_keys(&self.sample);
        let mut known = self.front.iter().chain(self.others.of(keys).iter());
        if known.any(|known| known.template == self.spare) {
            // Not looked at, because looks seldom pay now.
            return;
        }
        let template = std::mem::take(&mut self.spare);
        self.put_in_front(Known {
            template,
            keys,
            hits: 0,
        });
    }

    /// Puts a layout at the front, where its place is soon corrected; the rarest there makes room.
    fn put_in_front(&mut self, known: Known) {
        if self.front.len() == FRONT_MAX
            && let Some(rarest) = self.front.pop()
            && let Some(forgotten) = self.others.put(rarest)
        {
            if forgotten.hits == 0 {
                // Learned in vain.
                self.learn_cost = (2 * self.learn_cost).min(LEARN_COST_MAX);
            }
            self.spare = forgotten.template;
        }
        self.front.insert(0, known);
    }
}

#[cfg(test)]
mod tests;
