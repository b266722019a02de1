//! The fast way onto a tape: a payload laid out like a recent one is compared with that layout, and its
//! tape filled from it, node by node as simd-json would.
//!
//! A layout is everything of a payload but its texts and whole numbers. All layouts make one tree: a
//! step is the bytes up to a value that differs from payload to payload, and the steps that follow it are
//! its branches, so payloads that begin alike are compared once. Whatever is not exactly like a known
//! payload (an escape, a byte beyond ASCII, another order, other whitespace, a number with a sign or a
//! fraction) is left to simd-json, untouched, and what that could read is learned from. What is read
//! of a tape is the dialect's matter; it cannot tell where the tape comes from.

use simd_json::Node;
use simd_json::StaticNode;

use super::lanes::Integer;
use super::lanes::is_plain_36;
use super::lanes::is_same;
use super::lanes::plain_text_end;
use super::worth::Worth;

mod learn;

use learn::Open;

/// Payloads to learn from, in bytes.
const SAMPLE_BYTES: std::ops::RangeInclusive<usize> = 16..=16_384;
/// What learning one layout costs, in payloads: traffic that never repeats itself is learned from once in
/// so many, and ever more seldom. A prime, so that layouts that come in turn are all met.
const LEARN_COST: u32 = 61;
const LEARN_COST_MAX: u32 = 4_096;
/// What may be saved up, so that new traffic's layouts are learned at once.
const CREDIT_MAX: u32 = 32 * LEARN_COST;
/// Steps of all layouts; then all are forgotten.
const STEPS_MAX: usize = 8_192;
/// Nodes of the tapes of all layouts.
const PARTS_MAX: usize = 32_768;
/// Bytes of the keys and literals of all layouts.
const TEXT_BYTES_MAX: usize = 512 << 10;
/// No step.
const NONE: u32 = u32::MAX;

/// The layouts of recent payloads.
#[derive(Debug)]
pub(super) struct Layouts {
    steps: Vec<Step>,
    /// The first of those that a payload can begin with.
    first: u32,
    /// The tapes of all layouts.
    parts: Vec<Part>,
    /// What keys and literals are parts of.
    text: String,
    /// The values of the payload at hand, in their order.
    values: Vec<Found>,
    /// Empty but while a layout is learned; only its allocation is kept.
    open: Vec<Open>,
    /// A copy of the payload that simd-json is at work on; empty when it is not to be learned.
    sample: Vec<u8>,
    /// `0 <= credit <= CREDIT_MAX`
    credit: u32,
    /// `LEARN_COST <= learn_cost <= LEARN_COST_MAX`
    learn_cost: u32,
    worth: Worth,
}

/// The bytes before a value, and what kind of value follows.
#[derive(Clone, Copy, Debug)]
struct Step {
    literal: Span,
    then: Then,
    /// The first step after the value.
    branch: u32,
    /// Another step at the same place.
    sibling: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// A text, whose quote ends the literal.
    Text,
    /// A whole number of up to 15 digits.
    Integer,
    /// The end of the payload; its tape is made of these parts.
    End(Span),
}

/// A part of `Layouts::text` or `Layouts::parts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    start: u32,
    end: u32,
}

/// A node of a tape.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// An object, an array, or true, false and null.
    Ready(Node<'static>),
    Key(Span),
    /// The next value of the payload.
    Value,
}

/// A value of the payload at hand.
#[derive(Clone, Copy, Debug)]
enum Found {
    Text(Span),
    Integer(u64),
}

impl Span {
    /// `None` where it is longer than anything that is learned.
    fn new(start: usize, end: usize) -> Option<Self> {
        Some(Self {
            start: u32::try_from(start).ok()?,
            end: u32::try_from(end).ok()?,
        })
    }

    fn of<T>(self, all: &[T]) -> Option<&[T]> {
        all.get(self.start as usize..self.end as usize)
    }

    fn of_text(self, text: &str) -> Option<&str> {
        text.get(self.start as usize..self.end as usize)
    }
}

impl Layouts {
    pub(super) fn new() -> Self {
        Self {
            steps: Vec::new(),
            first: NONE,
            parts: Vec::new(),
            text: String::new(),
            values: Vec::new(),
            open: Vec::new(),
            sample: Vec::new(),
            credit: CREDIT_MAX,
            learn_cost: LEARN_COST,
            worth: Worth::default(),
        }
    }

    /// Fills an empty tape with the nodes of a payload, if it is laid out like a recent one; else the tape
    /// holds anything.
    pub(super) fn fill<'a>(
        &'a mut self,
        payload: &'a [u8],
        tape: &mut Vec<Node<'a>>,
    ) -> Option<()> {
        self.credit = (self.credit + 1).min(CREDIT_MAX);
        if self.first == NONE || !self.worth.is_due() {
            return None;
        }
        let filled = match self.follow(payload) {
            Some(parts) => {
                self.worth.hit();
                parts
            }
            None => {
                self.worth.miss();
                return None;
            }
        };
        let payload = str::from_utf8(payload).ok()?;
        let mut values = self.values.iter();
        tape.reserve(filled.of(&self.parts)?.len());
        for part in filled.of(&self.parts)? {
            tape.push(match *part {
                Part::Value => match *values.next()? {
                    Found::Text(span) => Node::String(span.of_text(payload)?),
                    Found::Integer(number) => Node::Static(StaticNode::U64(number)),
                },
                Part::Key(span) => Node::String(span.of_text(&self.text)?),
                Part::Ready(node) => node,
            });
        }
        Some(())
    }

    /// The tape of the layout that a payload has, whose values are noted.
    fn follow(&mut self, payload: &[u8]) -> Option<Span> {
        self.values.clear();
        let (mut at, mut next) = (0, self.first);
        loop {
            let step = self.steps.get(next as usize)?;
            next = step.sibling;
            let literal = step.literal.of(self.text.as_bytes())?;
            let start = at + literal.len();
            if !payload
                .get(at..start)
                .is_some_and(|bytes| is_same(bytes, literal))
            {
                continue;
            }
            let (found, end) = match step.then {
                Then::Text => {
                    let end = text_end(payload, start)?;
                    (Found::Text(Span::new(start, end)?), end)
                }
                Then::Integer => match Integer::find(payload, start) {
                    Some(integer) => (Found::Integer(integer.value()), integer.end),
                    // The literal can go on in a sibling.
                    None => continue,
                },
                Then::End(parts) if start == payload.len() => return Some(parts),
                Then::End(_) => continue,
            };
            self.values.push(found);
            (at, next) = (end, step.branch);
        }
    }

    /// Keeps a copy of a payload, which simd-json may change, if there is credit for learning.
    pub(super) fn keep_sample(&mut self, payload: &[u8]) {
        self.sample.clear();
        if self.credit >= self.learn_cost.min(CREDIT_MAX) && SAMPLE_BYTES.contains(&payload.len()) {
            self.sample.extend_from_slice(payload);
        }
    }

    /// Learns the layout of the sample, of which simd-json has made a tape.
    pub(super) fn learn(&mut self) {
        if self.sample.is_empty() {
            return;
        }
        self.credit = self.credit.saturating_sub(self.learn_cost);
        let is_full = self.steps.len() > STEPS_MAX
            || self.parts.len() > PARTS_MAX
            || self.text.len() > TEXT_BYTES_MAX;
        if is_full {
            self.steps.clear();
            self.parts.clear();
            self.text.clear();
            self.first = NONE;
            self.learn_cost = (2 * self.learn_cost).min(LEARN_COST_MAX);
        }
        let sample = std::mem::take(&mut self.sample);
        self.add(&sample);
        self.sample = sample;
    }
}

/// The place of the quote that ends a plain text. Most texts are ids of 36 bytes, so that is tried first:
/// a search of unknown length is mispredicted more often than it is long.
#[inline(always)]
fn text_end(payload: &[u8], start: usize) -> Option<usize> {
    const ID_BYTES: usize = 36;
    if payload.get(start + ID_BYTES) == Some(&b'"') && is_plain_36(payload, start)? {
        return Some(start + ID_BYTES);
    }
    plain_text_end(payload, start)
}

#[cfg(test)]
mod tests;
