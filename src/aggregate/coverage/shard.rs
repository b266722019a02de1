//! One shard: its redundant inputs, and the spans of time in which none of them was live.

use std::collections::VecDeque;

use serde::Deserialize;
use serde::Serialize;

use super::input::Input;
use super::spans::Spans;
use crate::config::limits;
use crate::input::Shard as ShardId;
use crate::stream::Gap;
use crate::stream::LossCause;
use crate::time::EpochMs;

/// Since when something can be covered once the clock goes on at `to`, where nothing before `held_from`
/// is counted any more.
pub(super) fn rebased(
    since: Option<EpochMs>,
    to: EpochMs,
    held_from: Option<EpochMs>,
) -> Option<EpochMs> {
    let since = since?.min(to);
    Some(held_from.map_or(since, |from| since.max(from.min(to))))
}

/// A shard is covered while any of its inputs is live.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Shard {
    pub(super) id: ShardId,
    pub(super) inputs: Vec<Input>,
    /// In order; they do not overlap, and only the last may be open.
    gaps: VecDeque<Gap>,
    /// Since when it can be covered at all; `None` before it was first live.
    pub(super) since: Option<EpochMs>,
    /// What inputs that are live no more have covered, while others are live that may turn out to have
    /// been lost before.
    earlier: Spans,
    pub(super) reconnects: u64,
    pub(super) gaps_total: u64,
}

impl Shard {
    pub(super) fn new(id: ShardId) -> Self {
        Self {
            id,
            inputs: Vec::new(),
            gaps: VecDeque::new(),
            since: None,
            earlier: Spans::default(),
            reconnects: 0,
            gaps_total: 0,
        }
    }

    /// Others have been live since `since`: what this shard would have brought is missing from `at` on.
    pub(super) fn begin_missing(&mut self, at: EpochMs, since: EpochMs) {
        if self.is_in_gap() {
            return;
        }
        self.since.get_or_insert(since);
        self.add_gap(Gap {
            start: at,
            end: None,
            cause: LossCause::Starting,
        });
        self.gaps_total += 1;
    }

    pub(super) fn gaps(&self) -> impl Iterator<Item = &Gap> {
        self.gaps.iter()
    }

    fn is_in_gap(&self) -> bool {
        self.gaps.back().is_some_and(|gap| gap.end.is_none())
    }

    /// An input is live; whether the shard had been there without being live until now.
    pub(super) fn live(&mut self, place: usize, at: EpochMs) -> bool {
        let at = self.inputs[place].in_order(at);
        self.inputs[place].live(at);
        self.since.get_or_insert(at);
        let Some(gap) = self.gaps.back_mut().filter(|gap| gap.end.is_none()) else {
            return false;
        };
        let is_starting = gap.cause == LossCause::Starting;
        self.reconnects += u64::from(!is_starting);
        gap.end = Some(at.max(gap.start));
        if is_starting && at <= gap.start {
            // It was live as soon as it was there.
            self.gaps.pop_back();
            self.gaps_total -= 1;
        }
        is_starting
    }

    /// An input has missed nothing up to `since`, and is lost; whether that began a gap, which may
    /// have ended already: where another input came live later than that.
    pub(super) fn lost(
        &mut self,
        place: usize,
        since: EpochMs,
        cause: LossCause,
        detail: &str,
    ) -> bool {
        let input = &mut self.inputs[place];
        let since = input.in_order(since);
        let live_since = input.live_since;
        input.lost(detail);
        let others = self.inputs.iter().filter_map(|input| input.live_since);
        let end = others.min();
        if self.is_in_gap() || (end.is_some() && live_since.is_none()) {
            return false;
        }
        self.earlier.end(
            live_since.unwrap_or(since),
            since,
            end.unwrap_or(EpochMs::MAX),
        );
        let latest_end = self.gaps.back().and_then(|gap| gap.end);
        let start = since.max(latest_end.unwrap_or_default());
        let holes = self.earlier.holes(start, end);
        let began = !holes.is_empty();
        for (start, end) in holes {
            self.add_gap(Gap { start, end, cause });
            self.gaps_total += 1;
        }
        if end.is_none() {
            self.earlier.clear();
        }
        began
    }

    /// The engine clock, which could not be trusted from `since` on, goes on at `to`: that is a gap, and
    /// what was reported of later times is void. What lies before `held_from` is not counted any more.
    pub(super) fn rebase(&mut self, since: EpochMs, to: EpochMs, held_from: Option<EpochMs>) {
        let start = since.min(to);
        let open = self.gaps.back().filter(|gap| gap.end.is_none()).copied();
        while self.gaps.back().is_some_and(|gap| gap.start >= start) {
            self.gaps.pop_back();
        }
        if let Some(gap) = self.gaps.back_mut() {
            gap.end = Some(gap.end.map_or(start, |end| end.min(start)));
        }
        self.add_gap(Gap {
            start,
            end: Some(to),
            cause: LossCause::Clock,
        });
        if let Some(open) = open {
            self.add_gap(Gap { start: to, ..open });
        }
        self.gaps_total += 1;
        for input in &mut self.inputs {
            input.rebase(to);
        }
        self.earlier.clear();
        self.since = rebased(self.since, to, held_from);
    }

    fn add_gap(&mut self, gap: Gap) {
        if self.gaps.len() == limits::GAPS_MAX {
            self.gaps.pop_front();
        }
        self.gaps.push_back(gap);
    }
}
