//! The changes of all groups by the second, for five minutes; and the series they make with the total.
//!
//! A second's changes are made once, and again only when a late event changed them.

use std::collections::VecDeque;
use std::sync::Arc;

use super::table::Table;
use super::touched::Entry;
use crate::snapshot::GROUP_SECONDS;
use crate::snapshot::GroupChange;
use crate::snapshot::GroupId;
use crate::snapshot::Groups;
use crate::snapshot::Retired;
use crate::snapshot::SecondOfGroups;
use crate::snapshot::Series;
use crate::snapshot::TotalSecond;
use crate::time::EpochMs;
use crate::time::SECOND_MS;

/// The published seconds.
#[derive(Clone, Debug)]
pub(super) struct Seconds {
    /// Oldest first, without holes.
    made: VecDeque<Arc<SecondOfGroups>>,
    /// Where the newest one ends, since the epoch.
    end: i64,
    retired: Retired<SecondOfGroups>,
    /// The chunks of the total that belong to the cut that is being made.
    total: Vec<Arc<Vec<TotalSecond>>>,
    published: Arc<Series>,
    retired_series: Retired<Series>,
}

impl Seconds {
    pub(super) fn new() -> Self {
        Self {
            made: VecDeque::with_capacity(GROUP_SECONDS),
            end: i64::MIN,
            retired: Retired::new(GROUP_SECONDS),
            total: Vec::new(),
            published: Arc::default(),
            retired_series: Retired::new(2),
        }
    }

    /// The clock is set back: what was made so far is published no more.
    pub(super) fn begin_anew(&mut self) {
        while let Some(old) = self.made.pop_front() {
            self.retired.retire(old);
        }
        self.end = i64::MIN;
    }

    /// Takes what the total says of the seconds before `end`, and makes room for those that are new.
    pub(super) fn begin(&mut self, end: i64, total: impl Iterator<Item = Arc<Vec<TotalSecond>>>) {
        self.total.clear();
        self.total.extend(total);
        let first = match self.end {
            i64::MIN => end,
            before => before.max(end - GROUP_SECONDS as i64),
        };
        for second in first..end {
            if self.made.len() == GROUP_SECONDS
                && let Some(old) = self.made.pop_front()
            {
                self.retired.retire(old);
            }
            let empty = self.retired.refill(|made| {
                // Every field by name: this one was published before.
                let SecondOfGroups { start, groups } = made;
                *start = EpochMs::from_ms(second * SECOND_MS);
                groups.iter_mut().for_each(Vec::clear);
            });
            self.made.push_back(empty);
        }
        self.end = end;
    }

    /// Makes the changes of the second so many back, 0 being the newest, if they changed; answers what
    /// that cost. A second before all others is added where groups changed in it.
    pub(super) fn make(&mut self, back: usize, tables: &mut [Table; 3]) -> usize {
        let second = self.end - 1 - i64::try_from(back).unwrap_or(0);
        let start_ms = second * SECOND_MS;
        let mut is_changed = false;
        for table in tables.iter_mut() {
            is_changed |= table.seconds().take_changed(start_ms);
        }
        if !is_changed {
            return 1;
        }
        while self.made.len() <= back {
            let oldest = self.end - i64::try_from(self.made.len()).unwrap_or(0) - 1;
            self.made.push_front(Arc::new(SecondOfGroups {
                start: EpochMs::from_ms(oldest * SECOND_MS),
                ..SecondOfGroups::default()
            }));
        }
        let mut done = 1;
        let made = self.retired.refill(|made| {
            let SecondOfGroups { start, groups } = made;
            *start = EpochMs::from_ms(start_ms);
            for (groups, table) in groups.iter_mut().zip(tables.iter_mut()) {
                let changes = table.seconds().touched(start_ms).by_group();
                groups.clear();
                groups.extend(
                    changes
                        .map(change)
                        .filter(|(_, change)| *change != GroupChange::default()),
                );
                done += groups.len();
            }
        });
        let place = self.made.len() - 1 - back;
        let old = std::mem::replace(&mut self.made[place], made);
        self.retired.retire(old);
        done
    }

    /// Publishes the series that end with this cut of groups.
    pub(super) fn publish(&mut self, cut: &Arc<Groups>) {
        let (total, made) = (&self.total, &self.made);
        let next = self.retired_series.refill(|series| {
            series.refill(
                total.iter().map(Arc::clone),
                made.iter().map(Arc::clone),
                cut,
            );
        });
        let old = std::mem::replace(&mut self.published, next);
        self.retired_series.retire(old);
    }

    /// Where the newest second ends, and all of them.
    pub(super) fn made(&self) -> (i64, impl Iterator<Item = &Arc<SecondOfGroups>>) {
        (self.end, self.made.iter())
    }

    /// The chunks of the total that belong to the cut that is being made.
    pub(super) fn total(&self) -> &[Arc<Vec<TotalSecond>>] {
        &self.total
    }

    /// Seconds that end there, the total's of the cut that is being made, and what is published. `None`
    /// where there are too many, or they end at no time.
    pub(super) fn restore(
        end: i64,
        made: Vec<Arc<SecondOfGroups>>,
        total: Vec<Arc<Vec<TotalSecond>>>,
        published: Arc<Series>,
    ) -> Option<Self> {
        let is_time = end == i64::MIN || end.unsigned_abs() < 1 << 40;
        let is_possible =
            is_time && made.len() <= GROUP_SECONDS && (end > i64::MIN || made.is_empty());
        is_possible.then(|| Self {
            made: made.into(),
            end,
            total,
            published,
            ..Self::new()
        })
    }

    pub(super) fn published(&self) -> &Arc<Series> {
        &self.published
    }

    pub(super) fn bytes(&self) -> usize {
        let groups = self.made.iter().flat_map(|second| &second.groups);
        groups.map(Vec::capacity).sum::<usize>() * size_of::<(GroupId, GroupChange)>()
    }
}

fn change(entry: &Entry) -> (GroupId, GroupChange) {
    let change = &entry.change;
    let published = GroupChange {
        connections: change.connections,
        disconnections: change.disconnections,
        messages: change.messages,
        opened: change.opened,
        awaiting: change.awaiting,
    };
    (entry.group, published)
}
