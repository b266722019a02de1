//! The sums of a window: what was booked in it, by place.

use std::collections::BTreeMap;

use crate::aggregate::legs::Entry;
use crate::aggregate::legs::What;
use crate::aggregate::legs::Whose;
use crate::histogram::Histogram;
use crate::metric::DeskCount;
use crate::metric::DeskTime;
use crate::snapshot::DeskDimension;
use crate::snapshot::DeskWindow;
use crate::snapshot::GroupId;

/// A group of a dimension, or all legs together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Total,
    Of(DeskDimension, GroupId),
}

impl Place {
    /// Those that something counts in: an agent has its own legs only, waits have none.
    pub(super) fn of(whose: Whose, is_of_agent: bool) -> impl Iterator<Item = Self> {
        let media = GroupId(u16::from(whose.media));
        let agent = is_of_agent.then_some(Self::Of(DeskDimension::Agent, whose.agent));
        [
            Self::Total,
            Self::Of(DeskDimension::Queue, whose.queue),
            Self::Of(DeskDimension::Media, media),
        ]
        .into_iter()
        .chain(agent)
    }
}

impl What {
    /// Whether it is about a leg of an agent.
    const fn is_of_agent(self) -> bool {
        match self {
            Self::Offered
            | Self::Answered
            | Self::Abandoned
            | Self::ShortAbandoned
            | Self::Lapsed
            | Self::FlowedOut => false,
            Self::Transferred
            | Self::NotResponding
            | Self::Handled
            | Self::Held
            | Self::AfterWork => true,
        }
    }

    const fn count(self) -> Option<DeskCount> {
        Some(match self {
            Self::Offered => DeskCount::Offered,
            Self::Answered => DeskCount::Answered,
            Self::Abandoned => DeskCount::Abandoned,
            Self::ShortAbandoned => DeskCount::ShortAbandoned,
            Self::Lapsed => DeskCount::Lapsed,
            Self::FlowedOut => DeskCount::FlowedOut,
            Self::Transferred => DeskCount::Transferred,
            Self::NotResponding => DeskCount::NotResponding,
            Self::Handled => DeskCount::Handled,
            Self::Held | Self::AfterWork => return None,
        })
    }

    const fn time(self) -> Option<DeskTime> {
        Some(match self {
            Self::Answered => DeskTime::Answer,
            Self::Abandoned => DeskTime::Abandon,
            Self::Handled => DeskTime::Talk,
            Self::Held => DeskTime::Held,
            Self::AfterWork => DeskTime::AfterWork,
            Self::Offered
            | Self::ShortAbandoned
            | Self::Lapsed
            | Self::FlowedOut
            | Self::Transferred
            | Self::NotResponding => return None,
        })
    }
}

#[derive(Clone, Debug)]
pub(super) struct Window {
    /// In buckets.
    pub(super) length: i64,
    /// By place: of all, and of each group by its number.
    pub(super) sums: BTreeMap<Place, Sums>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    pub(super) window: DeskWindow,
    /// Entries that it is made of.
    entries: u64,
    /// Whether the greatest of a time may have left, by the order of times.
    is_max_gone: [bool; DeskTime::ALL.len()],
}

impl Window {
    /// Memory of a group in it, beside its histograms.
    pub(super) const GROUP_BYTES: usize = size_of::<(Place, Sums)>();

    /// Adds an entry, or takes it out.
    pub(super) fn apply(
        &mut self,
        entry: &Entry,
        is_leaving: bool,
        over_ms: u64,
        changed: &mut impl FnMut(Place),
    ) {
        for place in Place::of(entry.whose, entry.what.is_of_agent()) {
            let sums = self.sums.entry(place).or_default();
            sums.apply(entry, is_leaving != entry.is_taken_back, over_ms);
            match is_leaving {
                true => sums.entries -= 1,
                false => sums.entries += 1,
            }
            if sums.entries == 0 {
                self.sums.remove(&place);
            }
            changed(place);
        }
    }
}

impl Sums {
    fn apply(&mut self, entry: &Entry, is_less: bool, over_ms: u64) {
        let step = |count: &mut u64, by: u64| {
            *count = match is_less {
                true => count.wrapping_sub(by),
                false => count.wrapping_add(by),
            };
        };
        let counts = &mut self.window.counts;
        if let Some(count) = entry.what.count() {
            step(&mut counts[count as usize], 1);
        }
        if entry.what == What::Answered && u64::from(entry.ms) > over_ms {
            step(&mut counts[DeskCount::OverServiceLevel as usize], 1);
        }
        let Some(time) = entry.what.time() else {
            return;
        };
        let spread = &mut self.window.times[time as usize];
        let ms = u64::from(entry.ms);
        step(&mut spread.sum_ms, ms);
        if !is_less {
            spread.values.record(ms);
            return;
        }
        let max = spread.values.max();
        let one = Histogram::from_iter([ms]);
        spread.values.subtract(&one, max);
        self.is_max_gone[time as usize] |= ms >= max;
    }

    /// Looks for the greatest times among the entries, where one has left.
    pub(super) fn find_greatest(
        &mut self,
        place: Place,
        held: impl Iterator<Item = Entry> + Clone,
    ) {
        for time in DeskTime::ALL {
            if !std::mem::take(&mut self.is_max_gone[time as usize]) {
                continue;
            }
            // A booking that was taken back is there twice.
            let mut values: BTreeMap<u32, i64> = BTreeMap::new();
            let of_place = held.clone().filter(|entry| {
                entry.what.time() == Some(time)
                    && Place::of(entry.whose, entry.what.is_of_agent()).any(|own| own == place)
            });
            for entry in of_place {
                let count = values.entry(entry.ms).or_default();
                *count += if entry.is_taken_back { -1 } else { 1 };
            }
            let max = values.iter().rev().find(|(_, count)| **count > 0);
            let max = max.map_or(0, |(ms, _)| u64::from(*ms));
            let nothing = Histogram::default();
            self.window.times[time as usize]
                .values
                .subtract(&nothing, max);
        }
    }
}
