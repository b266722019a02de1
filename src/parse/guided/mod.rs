//! The fast path before the tape: an event laid out like a recent one is verified against that
//! layout byte by byte, and only its wanted values are converted.
//!
//! Whatever is not exactly as in one of the remembered layouts (an escape, another order, an unknown
//! key, a byte beyond ASCII, other whitespace, a number that is no short integer, a value that is to be
//! refused) is left to the tape, untouched. So this path never refuses anything, and what it
//! accepts means what the tape would say.

mod lanes;
mod learn;
mod template;

use super::Verdict;
use super::id::Ids;
use super::labels::LabelTable;
use super::timestamp::Day;
use crate::config::limits::MESSAGE_BYTES_MAX;
use template::Template;

pub(super) use lanes::is_same;

/// Layouts remembered: three kinds of events in a few variants each.
const TEMPLATES_MAX: usize = 8;
/// Payloads to learn from, in bytes.
const SAMPLE_BYTES: std::ops::RangeInclusive<usize> = 16..=4_096;
/// What learning one layout costs, in payloads: a stream that never repeats itself is learned from
/// once in so many.
const LEARN_COST: u32 = 64;
/// What may be saved up, so that a new stream's layouts are learned at once.
const CREDIT_MAX: u32 = 16 * LEARN_COST;

/// The layouts of recent events.
#[derive(Debug)]
pub(super) struct Guided {
    /// Mostly the most frequent first.
    templates: Vec<Known>,
    /// The allocations of one that was forgotten.
    spare: Template,
    /// A copy of the payload that the tape is at work on; empty when it is not to be learned.
    sample: Vec<u8>,
    /// `0 <= credit <= CREDIT_MAX`
    credit: u32,
    /// Of the last event.
    day: Day,
}

#[derive(Debug)]
struct Known {
    template: Template,
    /// Payloads read, halved at times.
    hits: u32,
}

impl Guided {
    pub(super) fn new() -> Self {
        Self {
            templates: Vec::with_capacity(TEMPLATES_MAX),
            spare: Template::default(),
            sample: Vec::new(),
            credit: CREDIT_MAX,
            day: Day::default(),
        }
    }

    /// What `payload` means, if it is laid out like a recent one.
    #[inline(always)]
    pub(super) fn read(
        &mut self,
        payload: &[u8],
        ids: &Ids,
        labels: Option<&mut LabelTable>,
    ) -> Option<Verdict> {
        self.earn();
        self.read_to(|_, end| end == payload.len(), payload, ids, labels)
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
        let mut known = self.templates.iter().enumerate();
        let (index, verdict) = known.find_map(|(index, known)| {
            let (template, labels) = (&known.template, labels.as_deref_mut());
            let verdict = template.read(bytes, &mut is_end, ids, labels, &mut self.day)?;
            Some((index, verdict))
        })?;
        self.hit(index);
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
        let Some(known) = self.templates.get_mut(index) else {
            return;
        };
        known.hits += 1;
        let hits = known.hits;
        if hits > 1 << 16 {
            self.templates.iter_mut().for_each(|known| known.hits /= 2);
        }
        if let Some(before) = index.checked_sub(1)
            && self
                .templates
                .get(before)
                .is_some_and(|before| before.hits < hits)
        {
            self.templates.swap(before, index);
        }
    }

    /// Keeps a copy of `payload`, which the tape may change, if there is credit for learning.
    pub(super) fn keep_sample(&mut self, payload: &[u8]) {
        self.sample.clear();
        let is_sample = self.credit >= LEARN_COST
            && SAMPLE_BYTES.contains(&payload.len())
            // No layout is learned from escapes.
            && !payload.contains(&b'\\');
        if is_sample {
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
        self.credit -= LEARN_COST;
        let is_learned = self
            .spare
            .learn(&self.sample, kind, labels.is_some())
            .is_some()
            && self.spare.read(
                &self.sample,
                |_, end| end == self.sample.len(),
                ids,
                labels,
                &mut self.day,
            ) == Some(verdict);
        if !is_learned {
            return;
        }
        let template = std::mem::take(&mut self.spare);
        if self.templates.len() == TEMPLATES_MAX
            && let Some(rarest) = self.templates.pop()
        {
            self.spare = rarest.template;
        }
        // At the front, so that it is not the next to be forgotten; its place is soon corrected.
        self.templates.insert(0, Known { template, hits: 0 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::IdKeys;
    use crate::parse::Parser;

    fn payload(key: usize) -> Vec<u8> {
        format!(
            r#"{{"eventType":"webchat:connected","timestamp":0,"data":{{"id":"s"}},"key{key}":"x"}}"#
        )
        .into_bytes()
    }

    fn parser() -> Parser {
        Parser::new(IdKeys::FIXED)
    }

    fn templates(parser: &Parser) -> usize {
        parser.guided.as_ref().unwrap().templates.len()
    }

    #[test]
    fn the_rarest_layout_is_forgotten() {
        let mut parser = parser();
        for _ in 0..3 {
            for key in 0..TEMPLATES_MAX {
                assert!(matches!(parser.parse(&mut payload(key)), Verdict::Event(_)));
            }
        }
        parser.recognize(&payload(0)).unwrap();
        parser.parse(&mut payload(TEMPLATES_MAX));
        assert_eq!(templates(&parser), TEMPLATES_MAX);
        let known = (0..=TEMPLATES_MAX).filter(|&key| parser.recognize(&payload(key)).is_some());
        let known: Vec<usize> = known.collect();
        assert_eq!(known.len(), TEMPLATES_MAX);
        assert!(known.contains(&0) && known.contains(&TEMPLATES_MAX));
    }

    #[test]
    fn frequent_layouts_move_to_the_front() {
        let mut parser = parser();
        for key in 0..3 {
            parser.parse(&mut payload(key));
        }
        for _ in 0..100 {
            parser.parse(&mut payload(0));
        }
        let guided = parser.guided.as_ref().unwrap();
        let hits: Vec<u32> = guided.templates.iter().map(|known| known.hits).collect();
        assert_eq!(hits, [100, 0, 0]);
    }

    #[test]
    fn a_stream_that_never_repeats_itself_is_seldom_learned_from() {
        let mut parser = parser();
        let mut learned = 0;
        for key in 0..10_000 {
            parser.parse(&mut payload(key));
            learned += u32::from(parser.recognize(&payload(key)).is_some());
        }
        // Each payload is counted twice here.
        let most = (CREDIT_MAX + 2 * 10_000) / LEARN_COST;
        assert!((most - 2..=most).contains(&learned), "{learned} of {most}");
    }

    #[test]
    fn what_has_no_plain_layout_is_not_learned() {
        let connected = |rest: &str| {
            format!(
                r#"{{"eventType":"webchat:connected","timestamp":0,"data":{{"id":"s"}}{rest}}}"#
            )
        };
        let message = |data: &str| {
            format!(r#"{{"eventType":"webchat:message","timestamp":0,"data":{{"id":"s"{data}}}}}"#)
        };
        for text in [
            connected(r#","x":"\n""#),
            connected(r#","\u0078":1"#),
            connected(r#","x":"é""#),
            connected(&format!(r#","x":{}1{}"#, "[".repeat(8), "]".repeat(8))),
            connected(&format!(r#","x":[{}1]"#, "1,".repeat(80))),
            connected(&format!(r#","x":"{}""#, "x".repeat(*SAMPLE_BYTES.end()))),
            message(r#","messageId":"""#),
            message(r#","sessionId":"""#),
            message(r#","messageId":"é""#),
            r#"{"eventType":"webchat:message","timestamp":-0,"data":{"id":"s"}}"#.to_owned(),
            r#"{"eventType":"webchat:message","timestamp":0,"data":{"id":"s"},"metadata":{"seq":-0}}"#.to_owned(),
            r#"{"eventType":"webchat:message","timestamp":0,"data":{"id":"s"},"metadata":{"seq":1.5}}"#.to_owned(),
            r#"{"eventType":"webchat:message","timestamp":0,"data":{}}"#.to_owned(),
            r#"{"eventType":""}"#.replace("Type", "x"),
        ] {
            let mut parser = parser();
            parser.parse(&mut text.clone().into_bytes());
            assert_eq!(templates(&parser), 0, "{text}");
        }
    }
}
