//! Windows of several parts, by their length.

use std::sync::Arc;

use crate::histogram::Histogram;
use crate::snapshot::Snapshot;
use crate::snapshot::StreamStatus;
use crate::snapshot::WindowStats;
use crate::time::EpochMs;

/// The windows that all parts have, the main one first; covered is what every part covered.
pub(super) fn merged(parts: &[&Snapshot], stream: &StreamStatus) -> Vec<WindowStats> {
    if let [part] = parts {
        return part.windows.clone();
    }
    let Some((first, others)) = parts.split_first() else {
        return Vec::new();
    };
    let mut lengths: Vec<u32> = first
        .windows
        .iter()
        .map(|window| window.length_ms)
        .collect();
    // A window of no length is in a merge of parts that have none in common.
    lengths.retain(|ms| *ms > 0 && others.iter().all(|part| window(part, *ms).is_some()));
    let main_ms = first.main().length_ms;
    let is_main = |ms: u32| ms == main_ms && parts.iter().all(|part| part.main().length_ms == ms);
    lengths.sort_by_key(|ms| (!is_main(*ms), *ms));
    lengths.dedup();
    let mut windows: Vec<WindowStats> = lengths
        .iter()
        .map(|ms| {
            let mut sum = sum(parts.iter().filter_map(|part| window(part, *ms)));
            sum.coverage_ms = stream.covered_ms(sum.start, sum.length_ms);
            sum
        })
        .collect();
    if windows.is_empty() {
        // Nothing can be said of a window, and a snapshot has one: it has no length, so that further
        // parts do not bring it back.
        windows.push(WindowStats::default());
    }
    windows
}

/// Everything of a window that adds up, from the newest start on; nothing is covered yet.
pub(super) fn sum<'a, I>(windows: I) -> WindowStats
where
    I: Iterator<Item = &'a WindowStats>,
{
    let mut sum = WindowStats {
        start: EpochMs::from_ms(i64::MIN),
        ..WindowStats::default()
    };
    for window in windows {
        // Every field by name, so that a new one does not compile until somebody adds it up.
        let WindowStats {
            length_ms,
            start,
            active_sessions,
            connections,
            disconnections,
            messages,
            closed_sessions,
            closed_duration_ms,
            ended_messages,
            responses,
            response_ms,
            first_responses,
            first_response_ms,
            unanswered,
            never_answered,
            measured,
            pane_ms,
            coverage_ms: _,
        } = window;
        sum.length_ms = *length_ms;
        sum.start = sum.start.max(*start);
        sum.active_sessions += active_sessions;
        sum.connections += connections;
        sum.disconnections += disconnections;
        sum.messages += messages;
        sum.closed_sessions += closed_sessions;
        sum.closed_duration_ms = sum.closed_duration_ms.saturating_add(*closed_duration_ms);
        sum.ended_messages += ended_messages;
        sum.responses += responses;
        sum.response_ms = sum.response_ms.saturating_add(*response_ms);
        sum.first_responses += first_responses;
        sum.first_response_ms = sum.first_response_ms.saturating_add(*first_response_ms);
        sum.unanswered += unanswered;
        sum.never_answered += never_answered;
        sum.pane_ms = sum.pane_ms.max(*pane_ms);
        sum.measured.add(measured);
    }
    sum
}

/// The sum; the same one where there is only one.
pub(super) fn sum_of_histograms(all: &[&Arc<Histogram>]) -> Option<Arc<Histogram>> {
    let (first, others) = all.split_first()?;
    if others.is_empty() {
        return Some(Arc::clone(first));
    }
    let mut sum = Histogram::default();
    all.iter().for_each(|histogram| sum.add(histogram));
    Some(Arc::new(sum))
}

fn window(part: &Snapshot, length_ms: u32) -> Option<&WindowStats> {
    let mut windows = part.windows.iter();
    windows.find(|window| window.length_ms == length_ms)
}
