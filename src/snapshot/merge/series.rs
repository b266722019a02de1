//! Series of several parts, second by second.
//!
//! A part whose newest second is older than another's has counted nothing since; what was open there, and
//! how long its sessions lasted, stays as it was seen last.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::groups;
use super::numbers::Numbers;
use super::windows::sum_of_histograms;
use crate::snapshot::Dimension;
use crate::snapshot::GROUP_SECONDS;
use crate::snapshot::GroupChange;
use crate::snapshot::GroupId;
use crate::snapshot::SecondOfGroups;
use crate::snapshot::Series;
use crate::snapshot::Snapshot;
use crate::snapshot::TOTAL_SECONDS;
use crate::snapshot::TotalSecond;
use crate::time::EpochMs;
use crate::time::SECOND_MS;

/// Seconds of the total in a chunk: a whole minute.
const CHUNK: i64 = 60;

/// The seconds of all parts together, as many as a series has.
pub(super) fn merged(parts: &[&Snapshot], numbers: &Numbers) -> Arc<Series> {
    let series = Series::new(total(parts), of_groups(parts, numbers));
    Arc::new(series.with_cut(groups::cut(parts, numbers)))
}

fn total(parts: &[&Snapshot]) -> Vec<Arc<Vec<TotalSecond>>> {
    let of_parts: Vec<Part<'_>> = parts.iter().map(|part| Part::of(part)).collect();
    let known = of_parts.iter().filter_map(Part::span);
    let Some((first, last)) = known.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))) else {
        return Vec::new();
    };
    let mut chunks: Vec<Vec<TotalSecond>> = Vec::new();
    let oldest = first.max(last + 1 - TOTAL_SECONDS as i64);
    for second in oldest..=last {
        if chunks.is_empty() || second % CHUNK == 0 {
            chunks.push(Vec::new());
        }
        let seen = of_parts.iter().map(|part| part.at(second));
        let sum = sum(second, seen);
        if let Some(chunk) = chunks.last_mut() {
            chunk.push(sum);
        }
    }
    chunks.into_iter().map(Arc::new).collect()
}

/// The seconds of one part, oldest first.
struct Part<'a> {
    seconds: Vec<&'a TotalSecond>,
}

impl<'a> Part<'a> {
    fn of(part: &'a Snapshot) -> Self {
        Self {
            seconds: part.series.total().collect(),
        }
    }

    /// Its first and its last second, since the epoch.
    fn span(&self) -> Option<(i64, i64)> {
        let (first, last) = (self.seconds.first()?, self.seconds.last()?);
        Some((first.start.second(), last.start.second()))
    }

    /// What it says of a second, and whether it is older than that.
    fn at(&self, second: i64) -> Option<(&'a TotalSecond, bool)> {
        let (first, last) = self.span()?;
        let place = usize::try_from(second.min(last) - first).ok()?;
        Some((self.seconds.get(place)?, second > last))
    }
}

fn sum<'a, I>(second: i64, seen: I) -> TotalSecond
where
    I: Iterator<Item = Option<(&'a TotalSecond, bool)>>,
{
    let mut sum = TotalSecond {
        start: EpochMs::from_ms(second * SECOND_MS),
        ..TotalSecond::default()
    };
    let mut all = Vec::new();
    for (seen, is_older) in seen.flatten() {
        let TotalSecond {
            start: _,
            connections,
            disconnections,
            messages,
            open_sessions,
            active_sessions,
            awaiting,
            durations,
        } = seen;
        if !is_older {
            sum.connections = sum.connections.saturating_add(*connections);
            sum.disconnections = sum.disconnections.saturating_add(*disconnections);
            sum.messages = sum.messages.saturating_add(*messages);
        }
        sum.open_sessions = sum.open_sessions.saturating_add(*open_sessions);
        sum.active_sessions = sum.active_sessions.saturating_add(*active_sessions);
        sum.awaiting = sum.awaiting.saturating_add(*awaiting);
        all.extend(durations);
    }
    sum.durations = sum_of_histograms(&all);
    sum
}

fn of_groups(parts: &[&Snapshot], numbers: &Numbers) -> Vec<Arc<SecondOfGroups>> {
    let mut changes: BTreeMap<i64, [BTreeMap<GroupId, GroupChange>; 3]> = BTreeMap::new();
    for part in parts {
        let translations = Dimension::ALL.map(|dimension| numbers.translation(dimension, part));
        for second in part.series.seconds_of_groups() {
            let by = changes.entry(second.start.second()).or_default();
            for (dimension, listed) in second.groups.iter().enumerate() {
                for (own, change) in listed {
                    let number = translations[dimension].get(usize::from(own.0));
                    let number = number.copied().flatten().unwrap_or_default();
                    add(by[dimension].entry(number).or_default(), change);
                }
            }
        }
    }
    let Some((&last, _)) = changes.last_key_value() else {
        return Vec::new();
    };
    let first = changes.keys().next().copied().unwrap_or(last);
    let oldest = first.max(last + 1 - GROUP_SECONDS as i64);
    (oldest..=last)
        .map(|second| {
            let by = changes.remove(&second).unwrap_or_default();
            let listed = by.map(|groups| {
                let changed = groups.into_iter();
                changed
                    .filter(|(_, change)| *change != GroupChange::default())
                    .collect()
            });
            Arc::new(SecondOfGroups {
                start: EpochMs::from_ms(second * SECOND_MS),
                groups: listed,
            })
        })
        .collect()
}

fn add(sum: &mut GroupChange, change: &GroupChange) {
    let GroupChange {
        connections,
        disconnections,
        messages,
        opened,
        awaiting,
    } = change;
    sum.connections = sum.connections.saturating_add(*connections);
    sum.disconnections = sum.disconnections.saturating_add(*disconnections);
    sum.messages = sum.messages.saturating_add(*messages);
    sum.opened = sum.opened.saturating_add(*opened);
    sum.awaiting = sum.awaiting.saturating_add(*awaiting);
}
