//! Numbers for pairs of a queue and a deployment, and what the writer has to know about them.
//!
//! The table is bounded: once it is full it is emptied, and numbers are reassigned. What was
//! sent before the new definition means the old pair, so nothing is ever booked under a wrong name.
//! A pair that was seen lately costs a comparison of its bytes.

use siphasher::sip128::Hasher128;
use siphasher::sip128::SipHasher13;
use std::hash::Hasher;

use super::id::within_limits;
use super::lanes::is_same;
use crate::config::limits::ID_BYTES_MAX;
use crate::event::Definitions;
use crate::event::EventKind;
use crate::event::IdKeys;
use crate::event::LabelFault;
use crate::event::LabelsId;

/// Pairs found again by a quick look, a power of two: the quick hash is not keyed, so what collides
/// in it costs a look into the keyed index.
const RECENT: usize = 1_024;
/// The least length of the index, a power of two.
const INDEX_MIN: usize = 256;
/// Text of all pairs, in bytes: 128 a pair when there are as many as there can be.
const TEXT_BYTES_MAX: usize = 8 << 20;

/// What one event says of its queue, its deployment and its session's id, as it stands on the wire;
/// empty when it says nothing, or nobody asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LabelTexts<'payload> {
    pub(super) queue: &'payload [u8],
    pub(super) deployment: &'payload [u8],
    /// Of a connect whose session id is no UUID.
    pub(super) id: &'payload [u8],
}

/// The pairs that have a number.
#[derive(Debug)]
pub(super) struct LabelTable {
    hasher: SipHasher13,
    /// By number, less one.
    pairs: Vec<Pair>,
    /// The names of all pairs.
    text: String,
    /// Numbers by hash, 0 is an empty place; `pairs.len() <= index.len() / 2`.
    index: Vec<u16>,
    /// Numbers by the quick hash.
    recent: Box<[u16; RECENT]>,
    /// Numbers that the writer does not know of.
    undefined: Vec<u16>,
    /// The id of the latest event, if the writer has to know it.
    id: String,
    /// Names that were not taken, by [`LabelFault::index`], and whether there are any.
    refused: Refused,
    has_refused: bool,
}

/// Names that were not taken, by [`LabelFault::index`].
pub(super) type Refused = [u64; LabelFault::COUNT];

#[derive(Clone, Copy, Debug)]
struct Pair {
    start: u32,
    queue_bytes: u16,
    deployment_bytes: u16,
}

impl LabelTable {
    pub(super) fn new(keys: IdKeys) -> Self {
        let IdKeys([k0, _, _, k3]) = keys;
        Self {
            hasher: SipHasher13::new_with_keys(k0, k3),
            pairs: Vec::new(),
            text: String::new(),
            index: vec![0; INDEX_MIN],
            recent: Box::new([0; RECENT]),
            undefined: Vec::new(),
            id: String::new(),
            refused: Refused::default(),
            has_refused: false,
        }
    }

    /// What was not taken so far.
    pub(super) const fn refused(&self) -> Refused {
        self.refused
    }

    /// Goes back to an earlier count.
    pub(super) fn set_refused(&mut self, refused: Refused) {
        self.refused = refused;
    }

    /// What was not taken since this was last asked.
    #[inline]
    pub(super) fn take_refused(&mut self) -> Refused {
        match std::mem::take(&mut self.has_refused) {
            true => std::mem::take(&mut self.refused),
            false => Refused::default(),
        }
    }

    /// A name as it counts: empty, and counted, when it is out of the limits.
    fn name<'text>(&mut self, name: &'text [u8]) -> &'text str {
        if within_limits(name) {
            return text(name);
        }
        self.refuse(match name.len() > ID_BYTES_MAX {
            true => LabelFault::TooLong,
            false => LabelFault::Control,
        });
        ""
    }

    fn refuse(&mut self, fault: LabelFault) {
        self.refused[fault.index()] += 1;
        self.has_refused = true;
    }

    /// The number of what an event of a kind says.
    #[inline]
    pub(super) fn label(&mut self, kind: EventKind, texts: &LabelTexts<'_>) -> LabelsId {
        self.id.clear();
        if !texts.id.is_empty() && kind == EventKind::Connected {
            self.id.push_str(text(texts.id));
        }
        self.number(texts.queue, texts.deployment)
    }

    /// Tells the writer what it does not know yet of the latest event, which goes to `place`.
    #[inline]
    pub(super) fn define(&mut self, place: usize, definitions: &mut Definitions) {
        if !self.id.is_empty() {
            definitions.keep_session_id(place, &self.id);
            self.id.clear();
        }
        self.take_undefined(|number, queue, deployment| {
            definitions.define_labels(place, number, queue, deployment);
        });
    }

    /// What the writer does not know yet: each pair with its number, once.
    #[inline]
    pub(super) fn take_undefined(&mut self, mut each: impl FnMut(LabelsId, &str, &str)) {
        for number in self.undefined.drain(..) {
            if let Some(pair) = self.pairs.get(usize::from(number) - 1) {
                let (queue, deployment) = pair.names(&self.text);
                each(LabelsId::from_number(number), queue, deployment);
            }
        }
    }

    /// The number of a pair.
    #[inline]
    pub(super) fn number(&mut self, queue: &[u8], deployment: &[u8]) -> LabelsId {
        if queue.is_empty() && deployment.is_empty() {
            return LabelsId::NONE;
        }
        let quick = quick_hash(queue, deployment);
        let number = self.recent[quick];
        if number != 0 && self.is_pair(number, queue, deployment) {
            return LabelsId::from_number(number);
        }
        self.look_up(quick, queue, deployment)
    }

    /// The number of a pair that was not met lately.
    #[cold]
    fn look_up(&mut self, quick: usize, queue: &[u8], deployment: &[u8]) -> LabelsId {
        let (queue, deployment) = (self.name(queue), self.name(deployment));
        if queue.is_empty() && deployment.is_empty() {
            return LabelsId::NONE;
        }
        let mut place = self.place_of(queue.as_bytes(), deployment.as_bytes());
        if self.index[place] == 0 {
            let is_full = self.pairs.len() == LabelsId::MAX
                || self.text.len() + queue.len() + deployment.len() > TEXT_BYTES_MAX;
            if is_full {
                self.restart();
            } else if (self.pairs.len() + 1) * 2 > self.index.len() {
                self.grow();
            }
            place = self.place_of(queue.as_bytes(), deployment.as_bytes());
            self.index[place] = self.add(queue, deployment);
        }
        self.recent[quick] = self.index[place];
        LabelsId::from_number(self.index[place])
    }

    fn add(&mut self, queue: &str, deployment: &str) -> u16 {
        let bytes = |name: &str| u16::try_from(name.len()).unwrap_or(0);
        self.pairs.push(Pair {
            start: u32::try_from(self.text.len()).unwrap_or(0),
            queue_bytes: bytes(queue),
            deployment_bytes: bytes(deployment),
        });
        self.text.push_str(queue);
        self.text.push_str(deployment);
        let number = u16::try_from(self.pairs.len()).unwrap_or(0);
        self.undefined.push(number);
        number
    }

    fn restart(&mut self) {
        self.refuse(LabelFault::TableFull);
        self.pairs.clear();
        self.text.clear();
        self.index.fill(0);
        self.recent.fill(0);
        self.undefined.clear();
    }

    fn grow(&mut self) {
        self.index = vec![0; self.index.len() * 2];
        for (place, pair) in self.pairs.iter().enumerate() {
            let (queue, deployment) = pair.names(&self.text);
            let mut at = self.hash(queue.as_bytes(), deployment.as_bytes());
            while self.index[at] != 0 {
                at = (at + 1) & (self.index.len() - 1);
            }
            self.index[at] = u16::try_from(place + 1).unwrap_or(0);
        }
    }

    /// The pair's place in the index, or the empty one where it belongs.
    fn place_of(&self, queue: &[u8], deployment: &[u8]) -> usize {
        let mut place = self.hash(queue, deployment);
        while self.index[place] != 0 && !self.is_pair(self.index[place], queue, deployment) {
            place = (place + 1) & (self.index.len() - 1);
        }
        place
    }

    #[expect(clippy::cast_possible_truncation, reason = "masked to the index")]
    fn hash(&self, queue: &[u8], deployment: &[u8]) -> usize {
        let mut hasher = self.hasher;
        // The length keeps ("a", "b") and ("ab", "") apart.
        hasher.write_usize(queue.len());
        hasher.write(queue);
        hasher.write(deployment);
        hasher.finish128().h1 as usize & (self.index.len() - 1)
    }

    #[inline(always)]
    fn is_pair(&self, number: u16, queue: &[u8], deployment: &[u8]) -> bool {
        let Some(pair) = self.pairs.get(usize::from(number) - 1) else {
            return false;
        };
        let (start, middle) = (pair.start as usize, usize::from(pair.queue_bytes));
        let end = middle + usize::from(pair.deployment_bytes);
        middle == queue.len()
            && end == middle + deployment.len()
            && self
                .text
                .as_bytes()
                .get(start..start + end)
                .and_then(|both| both.split_at_checked(middle))
                .is_some_and(|(own_queue, own_deployment)| {
                    is_same(own_queue, queue) && is_same(own_deployment, deployment)
                })
    }
}

impl Pair {
    fn names<'text>(&self, text: &'text str) -> (&'text str, &'text str) {
        let (start, middle) = (self.start as usize, usize::from(self.queue_bytes));
        let end = start + middle + usize::from(self.deployment_bytes);
        let both = text.get(start..end).unwrap_or_default();
        both.split_at_checked(middle).unwrap_or_default()
    }
}

/// Both paths hand over UTF-8 only.
fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap_or_default()
}

/// Tells most pairs apart by their ends, which differ where names are numbered or drawn.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "ten bits are left")]
fn quick_hash(queue: &[u8], deployment: &[u8]) -> usize {
    let word = last_word(queue) ^ last_word(deployment).rotate_left(29);
    (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - RECENT.ilog2())) as usize
}

#[inline(always)]
fn last_word(text: &[u8]) -> u64 {
    if let Some(last) = text.last_chunk::<8>() {
        return u64::from_le_bytes(*last);
    }
    text.iter()
        .fold(0, |word, byte| word << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> LabelTable {
        LabelTable::new(IdKeys::FIXED)
    }

    fn told(table: &mut LabelTable) -> Vec<(u16, String, String)> {
        let mut definitions = Definitions::default();
        table.define(0, &mut definitions);
        let name = |name: Option<&str>| name.unwrap_or("-").to_owned();
        definitions
            .labels()
            .map(|told| {
                (
                    told.labels.number(),
                    name(told.queue),
                    name(told.deployment),
                )
            })
            .collect()
    }

    #[test]
    fn a_pair_keeps_its_number_and_is_told_once() {
        let mut table = table();
        let first = table.number(b"sales", b"page");
        assert_eq!(first, LabelsId::from_number(1));
        assert_eq!(table.number(b"sale", b"spage"), LabelsId::from_number(2));
        assert_eq!(table.number(b"sales", b""), LabelsId::from_number(3));
        assert_eq!(table.number(b"", b"sales"), LabelsId::from_number(4));
        assert_eq!(table.number(b"", b""), LabelsId::NONE);
        for _ in 0..3 {
            assert_eq!(table.number(b"sales", b"page"), first);
        }
        let names = [
            ("sales", "page"),
            ("sale", "spage"),
            ("sales", "-"),
            ("-", "sales"),
        ];
        let expected: Vec<(u16, String, String)> = (1..)
            .zip(names)
            .map(|(number, (queue, deployment))| (number, queue.to_owned(), deployment.to_owned()))
            .collect();
        assert_eq!(told(&mut table), expected);
        assert_eq!(told(&mut table), []);
    }

    #[test]
    fn names_out_of_the_limits_are_as_absent() {
        let mut table = table();
        let long = "x".repeat(257);
        for bad in [long.as_bytes(), b"a\n", b"\x7f"] {
            assert_eq!(table.number(bad, b""), LabelsId::NONE);
            assert_eq!(table.number(bad, bad), LabelsId::NONE);
        }
        let page = table.number(b"", b"page");
        assert_eq!(table.number(b"a\x01", b"page"), page);
        assert_eq!(table.number(b"a\x01", b"page"), page, "found again");
        assert_ne!(table.number(&long.as_bytes()[1..], b"page"), page);
        // Each time one is met, and both of a pair.
        let mut expected = Refused::default();
        expected[LabelFault::TooLong.index()] = 3;
        expected[LabelFault::Control.index()] = 8;
        assert_eq!(table.take_refused(), expected);
        assert_eq!(table.take_refused(), Refused::default());
    }

    #[test]
    fn a_full_table_begins_anew() {
        let mut table = table();
        let numbered = |table: &mut LabelTable, pair: usize| {
            table
                .number(format!("queue {pair}").as_bytes(), b"")
                .number()
        };
        for pair in 0..LabelsId::MAX {
            assert_eq!(usize::from(numbered(&mut table, pair)), pair + 1);
        }
        // Every one is found again, however the index has grown.
        for pair in (0..LabelsId::MAX).rev().step_by(997) {
            assert_eq!(usize::from(numbered(&mut table, pair)), pair + 1);
        }
        assert_eq!(told(&mut table).len(), LabelsId::MAX);
        assert_eq!(table.take_refused(), Refused::default());
        assert_eq!(numbered(&mut table, LabelsId::MAX), 1);
        assert_eq!(table.take_refused()[LabelFault::TableFull.index()], 1);
        assert_eq!(numbered(&mut table, 0), 2);
        let names: Vec<String> = told(&mut table)
            .into_iter()
            .map(|(_, queue, _)| queue)
            .collect();
        assert_eq!(
            names,
            [format!("queue {}", LabelsId::MAX), "queue 0".to_owned()]
        );
    }

    #[test]
    fn long_names_fill_the_table_too() {
        let mut table = table();
        let mut greatest = 0;
        for pair in 0..40_000 {
            let name = format!("{pair:0256}");
            greatest = greatest.max(table.number(name.as_bytes(), b"").number());
        }
        assert!(table.text.len() <= TEXT_BYTES_MAX);
        assert_eq!(usize::from(greatest), TEXT_BYTES_MAX / 256);
    }
}
