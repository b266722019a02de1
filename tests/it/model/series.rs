//! The series, counted again from the same lists as the groups.

use std::collections::BTreeMap;
use std::sync::Arc;

use streamgauge::histogram::Histogram;
use streamgauge::metric::Measure;
use streamgauge::snapshot::GROUP_SECONDS;
use streamgauge::snapshot::GroupChange;
use streamgauge::snapshot::TOTAL_SECONDS;
use streamgauge::snapshot::TotalSecond;
use streamgauge::time::EpochMs;

use super::Model;
use super::groups::Name;
use super::groups::Names;
use super::numbers::count;

/// What was seen when a second had passed.
#[derive(Clone, Debug)]
struct Seen {
    open: u64,
    awaiting: u64,
    active: u64,
    durations: Option<Arc<Histogram>>,
}

/// Changes of groups by second, dimension and name; only those that are not nothing.
pub(crate) type GroupSeconds = BTreeMap<(i64, usize, Name), GroupChange>;

#[derive(Clone, Debug, Default)]
pub(super) struct Series {
    /// By second.
    seen: BTreeMap<i64, Seen>,
    /// The oldest second of the clock or of anything booked in reach of it.
    first: Option<i64>,
    /// Sessions that opened or are no longer open: when, by the clock.
    opened: Vec<(i64, Names, i32)>,
    /// Guests who began to wait for a reply, or wait no more, likewise.
    waited: Vec<(i64, Names, i32)>,
    /// As of the latest second.
    pub(super) total: Vec<TotalSecond>,
    pub(super) groups: GroupSeconds,
}

fn second(ms: i64) -> i64 {
    ms.div_euclid(1_000)
}

impl Model {
    pub(crate) fn series(&self) -> (&[TotalSecond], &GroupSeconds) {
        (&self.series.total, &self.series.groups)
    }

    pub(super) fn opened(&mut self, home: &Names, by: i32) {
        let now = self.now().ms();
        self.series.opened.push((now, home.clone(), by));
    }

    pub(super) fn waits(&mut self, home: &Names, by: i32) {
        let now = self.now().ms();
        self.series.waited.push((now, home.clone(), by));
        self.touch_groups(home, 2, now);
    }

    /// Something was booked in the total's second at a time.
    pub(super) fn reach_second(&mut self, at_ms: i64) {
        let hour = i64::try_from(TOTAL_SECONDS).unwrap();
        if second(at_ms) >= second(self.now().ms()) - hour {
            let first = self.series.first.get_or_insert(i64::MAX);
            *first = (*first).min(second(at_ms));
        }
    }

    /// The clock goes on from `before` to `now`: every second that passes is looked at in its last
    /// millisecond, those of the last hour at least.
    pub(super) fn pass_seconds(&mut self, before: EpochMs, now: EpochMs) {
        let hour = i64::try_from(TOTAL_SECONDS).unwrap();
        let last = second(now.ms());
        let first = second(before.ms()).max(last - hour);
        for passing in first..last {
            let end = EpochMs::from_ms(passing * 1_000 + 999);
            let from = self.now();
            self.clock = Some(end);
            self.expire_if_moved(Some(from));
            let main = self.window(self.settings.main_window());
            let seen = Seen {
                open: count(self.open_rows()),
                awaiting: count(self.awaiting()),
                active: main.active_sessions,
                durations: main.measured.get(Measure::Duration).cloned(),
            };
            self.series.seen.insert(passing, seen);
        }
    }

    pub(super) fn begin_series(&mut self, now: EpochMs) {
        self.series.first = Some(second(now.ms()));
    }

    /// Counts the series again as the clock enters a second.
    pub(super) fn cut_series(&mut self) {
        let end = second(self.now().ms());
        let reach = |seconds: usize| end - i64::try_from(seconds).unwrap();
        let first = self.series.first.unwrap_or(end).max(reach(TOTAL_SECONDS));
        self.series.total = (first..end).map(|at| self.total_second(at)).collect();
        let mut groups = GroupSeconds::new();
        // Where a bucket is longer than a second, its counts stand in its first one.
        let width = i64::from(self.settings.width.ms()).max(1_000);
        let oldest = reach(GROUP_SECONDS);
        let place = |at_ms: i64| {
            Some(second(at_ms.div_euclid(width) * width)).filter(|at| (oldest..end).contains(at))
        };
        let mut add =
            |at_ms: i64, names: &Names, dimensions: usize, add: &dyn Fn(&mut GroupChange)| {
                let Some(at) = place(at_ms) else { return };
                for (dimension, name) in names.iter().enumerate().take(dimensions) {
                    add(groups.entry((at, dimension, name.clone())).or_default());
                }
            };
        for (at, home) in &self.groups.connects {
            add(*at, home, 2, &|change| change.connections += 1);
        }
        for (at, names) in &self.groups.messages {
            add(*at, names, 3, &|change| change.messages += 1);
        }
        for end in &self.groups.ended {
            add(end.disconnected_ms, &end.home, 2, &|change| {
                change.disconnections += 1
            });
        }
        for (at, home, by) in &self.series.opened {
            add(*at, home, 2, &|change| change.opened += by);
        }
        for (at, home, by) in &self.series.waited {
            add(*at, home, 2, &|change| change.awaiting += by);
        }
        groups.retain(|_, change| *change != GroupChange::default());
        self.series.groups = groups;
    }

    fn total_second(&self, at: i64) -> TotalSecond {
        let count = |count: usize| u32::try_from(count).unwrap();
        let short = |count: u64| u32::try_from(count).unwrap();
        let seen = self.series.seen.get(&at);
        let groups = &self.groups;
        let inside = |ms: i64| second(ms) == at;
        TotalSecond {
            start: EpochMs::from_ms(at * 1_000),
            connections: count(groups.connects.iter().filter(|(ms, _)| inside(*ms)).count()),
            disconnections: count(
                groups
                    .ended
                    .iter()
                    .filter(|end| inside(end.disconnected_ms))
                    .count(),
            ),
            messages: count(groups.messages.iter().filter(|(ms, _)| inside(*ms)).count()),
            open_sessions: seen.map_or(0, |seen| short(seen.open)),
            active_sessions: seen.map_or(0, |seen| short(seen.active)),
            awaiting: seen.map_or(0, |seen| short(seen.awaiting)),
            durations: seen.and_then(|seen| seen.durations.clone()),
        }
    }
}
