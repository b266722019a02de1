//! Spans of time that ended inputs have covered.

use serde::Deserialize;
use serde::Serialize;

use crate::config::limits;
use crate::time::EpochMs;

/// Spans `[start, end)` in order, without overlaps.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Spans(Vec<(EpochMs, EpochMs)>);

impl Spans {
    /// Adds a span, and forgets those that end before `relevant`: nothing later is asked for.
    pub(super) fn end(&mut self, start: EpochMs, end: EpochMs, relevant: EpochMs) {
        let spans = &mut self.0;
        spans.retain(|span| span.1 > relevant.min(start));
        spans.push((start, end.max(start)));
        spans.sort_unstable();
        let all = std::mem::take(spans);
        for (start, end) in all {
            match spans.last_mut() {
                Some(last) if last.1 >= start => last.1 = last.1.max(end),
                _ => spans.push((start, end)),
            }
        }
        // Without the oldest more counts as missed than was: never less.
        let more = spans.len().saturating_sub(limits::GAPS_MAX);
        spans.drain(..more);
    }

    /// What of `[start, end)` no span covers; without `end` the last hole is open.
    pub(super) fn holes(
        &self,
        start: EpochMs,
        end: Option<EpochMs>,
    ) -> Vec<(EpochMs, Option<EpochMs>)> {
        let mut holes = Vec::new();
        let mut from = start;
        for (start, until) in &self.0 {
            if end.is_some_and(|end| *start >= end) {
                break;
            }
            if *start > from {
                holes.push((from, Some(*start)));
            }
            from = from.max(*until);
        }
        if end.is_none_or(|end| from < end) {
            holes.push((from, end));
        }
        holes
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
