//! What happened in groups since the latest tick began, before it is booked.
//!
//! An event costs one change in each dimension; cells and windows are brought up to date once a tick,
//! away from the events. Until then published groups stay one cut. Messages, which most events are,
//! are counted apart from the rest, in an array that has nothing else.

use std::ops::Range;

use super::change::Change;
use super::touched::Touched;
use super::values::Recorded;
use super::values::Values;
use crate::aggregate::image;
use crate::aggregate::image::ImageFault;
use crate::aggregate::image::ensure;
use crate::aggregate::measures::Measurements;
use crate::metric::Measure;
use crate::snapshot::Dimension;
use crate::snapshot::GroupId;
use crate::time::EpochMs;

/// The changes of one tick.
#[derive(Clone, Debug, Default)]
pub(super) struct Journal {
    /// What is booked inside the tick beside messages, by [`Dimension::index`]; every group that
    /// anything is booked in has an entry.
    pub(super) changes: [Touched; 3],
    /// Messages booked inside the tick, by [`Dimension::index`] and group.
    messages: [Vec<u32>; 3],
    /// What is booked before it.
    pub(super) strays: Vec<Stray>,
    /// What is recorded in histograms.
    pub(super) values: Values,
    /// Groups in which another guest has waited for longest, in the order in which that was so.
    pub(super) oldest: Vec<Oldest>,
    /// Whether a gap began inside the tick: every count of certain sessions begins again at 0, and what
    /// stands in the changes is from then on.
    pub(super) is_doubted: bool,
    /// The tick's first millisecond.
    pub(super) start_ms: i64,
}

/// A change of a group at an earlier time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stray {
    pub(super) dimension: Dimension,
    pub(super) group: GroupId,
    pub(super) time_ms: i64,
    pub(super) change: Change,
}

/// Since when the guest of a group does who has waited for longest; `None` while nobody waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Oldest {
    pub(super) dimension: Dimension,
    pub(super) group: GroupId,
    pub(super) since: Option<EpochMs>,
}

impl Journal {
    /// Changes a group at a time that is not after the clock.
    #[inline]
    pub(super) fn change(
        &mut self,
        dimension: Dimension,
        group: GroupId,
        time_ms: i64,
        change: impl Fn(&mut Change),
    ) {
        let (own, _) = self.changes[dimension.index()].at(group);
        if time_ms >= self.start_ms {
            change(own);
            return;
        }
        let mut stray = Change::default();
        change(&mut stray);
        self.strays.push(Stray {
            dimension,
            group,
            time_ms,
            change: stray,
        });
    }

    /// Counts a message of a group at a time that is not after the clock.
    #[inline]
    pub(super) fn message(&mut self, dimension: Dimension, group: GroupId, time_ms: i64) {
        let counts = &mut self.messages[dimension.index()];
        match counts.get_mut(usize::from(group.0)) {
            Some(count) if *count > 0 && time_ms >= self.start_ms => *count += 1,
            _ => self.first_message(dimension, group, time_ms),
        }
    }

    /// The same for the first one of the tick, or one that is booked before it.
    fn first_message(&mut self, dimension: Dimension, group: GroupId, time_ms: i64) {
        if time_ms < self.start_ms {
            self.change(dimension, group, time_ms, |change| {
                change.messages = change.messages.wrapping_add(1);
            });
            return;
        }
        let (_, _) = self.changes[dimension.index()].at(group);
        let counts = &mut self.messages[dimension.index()];
        let place = usize::from(group.0);
        if place >= counts.len() {
            counts.resize((place + 1).next_power_of_two(), 0);
        }
        counts[place] += 1;
    }

    /// What is to be booked inside the tick of the dimension with an index, from a place on up to
    /// another.
    pub(super) fn changes_at(
        &self,
        dimension: usize,
        places: Range<usize>,
    ) -> impl Iterator<Item = (GroupId, Change)> + '_ {
        let counts = &self.messages[dimension];
        let entries = &self.changes[dimension].entries()[places];
        entries.iter().map(|entry| {
            let mut change = entry.change;
            if let Some(count) = counts.get(usize::from(entry.group.0)) {
                change.messages = change.messages.wrapping_add(*count);
            }
            (entry.group, change)
        })
    }

    /// A gap begins: no open session is certain any more. Cost: a step for each group of the tick.
    pub(super) fn doubt(&mut self) {
        self.is_doubted = true;
        for changes in &mut self.changes {
            changes.change_all(|change| change.certain = 0);
        }
    }

    /// Whether nothing happened.
    pub(super) fn is_empty(&self) -> bool {
        // A message, a stray and an end leave an entry too.
        !self.is_doubted
            && self
                .changes
                .iter()
                .all(|changes| changes.entries().is_empty())
    }

    /// Another guest of a group has waited for longest; the group has a change.
    pub(super) fn put_oldest(
        &mut self,
        dimension: Dimension,
        group: GroupId,
        since: Option<EpochMs>,
    ) {
        self.oldest.push(Oldest {
            dimension,
            group,
            since,
        });
    }

    /// Records the values of something that happened.
    pub(super) fn record(
        &mut self,
        dimension: Dimension,
        group: GroupId,
        time_ms: i64,
        values: &impl Measurements,
    ) {
        for (measure, value) in values.each() {
            let recorded = Recorded {
                dimension,
                group,
                time_ms,
                measure,
                value,
            };
            self.values.record(recorded, self.start_ms);
        }
    }

    /// Whether anything is to be booked in a group.
    pub(super) fn holds(&self, dimension: Dimension, group: GroupId) -> bool {
        self.changes[dimension.index()].contains(group)
    }

    /// Empties it for a tick.
    pub(super) fn begin(&mut self, start_ms: i64) {
        for (changes, counts) in self.changes.iter_mut().zip(&mut self.messages) {
            for entry in changes.entries() {
                if let Some(count) = counts.get_mut(usize::from(entry.group.0)) {
                    *count = 0;
                }
            }
            changes.clear();
        }
        self.strays.clear();
        self.values.clear();
        self.oldest.clear();
        self.is_doubted = false;
        self.start_ms = start_ms;
    }

    /// The journal as an image holds it. Messages are in the changes of their groups there.
    pub(super) fn plain(&self) -> image::Journal {
        let changes = |dimension: usize| {
            let all = 0..self.changes[dimension].entries().len();
            let changes = self.changes_at(dimension, all);
            changes.map(|(group, change)| (group.0, change)).collect()
        };
        let number = |dimension: Dimension| dimension as u8;
        let strays = self.strays.iter();
        let recorded = self.values.iter(self.start_ms);
        image::Journal {
            changes: [0, 1, 2].map(changes),
            strays: strays
                .map(|stray| {
                    let dimension = number(stray.dimension);
                    (dimension, stray.group.0, stray.time_ms, stray.change)
                })
                .collect(),
            recorded: recorded
                .map(|recorded| image::Recorded {
                    dimension: number(recorded.dimension),
                    group: recorded.group.0,
                    time_ms: recorded.time_ms,
                    measure: u8::try_from(recorded.measure.index()).unwrap_or(u8::MAX),
                    value: recorded.value,
                })
                .collect(),
            oldest: self
                .oldest
                .iter()
                .map(|oldest| (number(oldest.dimension), oldest.group.0, oldest.since))
                .collect(),
            is_doubted: self.is_doubted,
            start_ms: self.start_ms,
        }
    }

    /// The journal of an image; `is_group` says whether there is a group.
    pub(super) fn restore(
        plain: image::Journal,
        is_group: impl Fn(Dimension, GroupId) -> bool,
    ) -> Result<Self, ImageFault> {
        let fault = ImageFault::damaged("what happened in a group that is not there");
        let place = |dimension: u8, group: u16, time_ms: i64| {
            let dimension = Dimension::ALL.get(usize::from(dimension)).copied();
            let (dimension, group) = (dimension.ok_or(fault)?, GroupId(group));
            match is_group(dimension, group) && time_ms.unsigned_abs() < 1 << 60 {
                true => Ok((dimension, group)),
                false => Err(fault),
            }
        };
        ensure(
            plain.start_ms.unsigned_abs() < 1 << 60,
            "a tick at a time that cannot be",
        )?;
        let mut journal = Self {
            is_doubted: plain.is_doubted,
            start_ms: plain.start_ms,
            ..Self::default()
        };
        for (dimension, changes) in (0..).zip(plain.changes) {
            for (group, change) in changes {
                let (dimension, group) = place(dimension, group, plain.start_ms)?;
                let (own, _) = journal.changes[dimension.index()].at(group);
                own.add(&change);
            }
        }
        for (dimension, group, time_ms, change) in plain.strays {
            let (dimension, group) = place(dimension, group, time_ms)?;
            journal.strays.push(Stray {
                dimension,
                group,
                time_ms,
                change,
            });
        }
        for plain in plain.recorded {
            let (dimension, group) = place(plain.dimension, plain.group, plain.time_ms)?;
            let measure = Measure::ALL.get(usize::from(plain.measure));
            let recorded = Recorded {
                dimension,
                group,
                time_ms: plain.time_ms,
                measure: *measure.ok_or(ImageFault::damaged("a value of no measure"))?,
                value: plain.value,
            };
            journal.values.record(recorded, journal.start_ms);
        }
        for (dimension, group, since) in plain.oldest {
            let (dimension, group) = place(dimension, group, plain.start_ms)?;
            journal.put_oldest(dimension, group, since);
        }
        Ok(journal)
    }

    pub(super) fn bytes(&self) -> usize {
        self.changes.iter().map(Touched::bytes).sum::<usize>()
            + self.messages.iter().map(Vec::capacity).sum::<usize>() * size_of::<u32>()
            + self.strays.capacity() * size_of::<Stray>()
            + self.values.bytes()
            + self.oldest.capacity() * size_of::<Oldest>()
    }
}
