//! How much of a span of time is covered, given the gaps of everything that is needed.

use super::Gap;
use crate::time::EpochMs;

/// Gaps that are sorted by their start, overlaps put together: the spans in which something is missing.
pub fn union(gaps: &[Gap]) -> Vec<Gap> {
    let mut union: Vec<Gap> = Vec::with_capacity(gaps.len());
    for gap in gaps {
        match union.last_mut() {
            Some(last) if last.end.is_none_or(|end| end >= gap.start) => {
                last.end = last.end.zip(gap.end).map(|(a, b)| a.max(b));
            }
            _ => union.push(*gap),
        }
    }
    union
}

/// How many milliseconds of `[start, start + length_ms)` lie after `since` and in none of the gaps, which
/// are in order and do not overlap. While a gap is open it lasts to the end of the span. Cost: a step for
/// each gap that ends after the start.
pub fn covered_ms(
    uncovered: &[Gap],
    since: Option<EpochMs>,
    start: EpochMs,
    length_ms: u32,
) -> u64 {
    let end = start + i64::from(length_ms);
    let Some(since) = since else { return 0 };
    let newest_first = uncovered.iter().rev();
    let mut missing = since.min(end).since(start);
    for gap in newest_first.take_while(|gap| gap.end.is_none_or(|gap| gap > start)) {
        let gap_end = gap.end.unwrap_or(end).min(end);
        missing += gap_end.since(gap.start.max(start).max(since));
    }
    u64::from(length_ms).saturating_sub(missing)
}
