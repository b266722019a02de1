//! What a supervisor asks for: waits, answers and talks by queue, by medium, by agent and in total.

use std::sync::Arc;

use super::GroupKind;
use super::float;
use crate::event::SessionKey;
use crate::event::session_uuid;
use crate::histogram::Histogram;
use crate::metric::DeskCount;
use crate::metric::DeskGauge;
use crate::metric::DeskSource;
use crate::metric::DeskTime;
use crate::time::EpochMs;

/// What legs of conversations are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum DeskDimension {
    /// The queue of a leg.
    Queue,
    /// The kind of channel.
    Media,
    /// The agent whose leg it is; waits have none.
    Agent,
}

impl DeskDimension {
    /// Every one, in the order in which they are kept.
    pub const ALL: [Self; 3] = [Self::Queue, Self::Media, Self::Agent];

    /// Its place in [`DeskDimension::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Its name in the API and in metrics.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Media => "media",
            Self::Agent => "agent",
        }
    }
}

/// How many there were, how long they were together, and how they are spread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeskSpread {
    /// Their sum, in milliseconds.
    pub sum_ms: u64,
    /// Their histogram, in milliseconds.
    pub values: Histogram,
}

impl DeskSpread {
    /// Their mean, in milliseconds; `None` without any.
    pub fn mean_ms(&self) -> Option<f64> {
        let count = self.values.count();
        (count > 0).then(|| float(self.sum_ms) / float(count))
    }

    fn add(&mut self, other: &Self) {
        self.sum_ms += other.sum_ms;
        self.values.add(&other.values);
    }
}

/// The numbers of a window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeskWindow {
    /// By the order of [`DeskCount::ALL`].
    pub counts: [u64; DeskCount::ALL.len()],
    /// By the order of [`DeskTime::ALL`].
    pub times: [DeskSpread; DeskTime::ALL.len()],
}

impl DeskWindow {
    /// A count.
    pub const fn count(&self, count: DeskCount) -> u64 {
        self.counts[count as usize]
    }

    /// Times and their spread.
    pub const fn time(&self, time: DeskTime) -> &DeskSpread {
        &self.times[time as usize]
    }

    /// Answered within the threshold, and all that count: answered and abandoned.
    pub const fn service(&self) -> (u64, u64) {
        let answered = self.count(DeskCount::Answered);
        (
            answered.saturating_sub(self.count(DeskCount::OverServiceLevel)),
            answered + self.count(DeskCount::Abandoned),
        )
    }

    /// Their ratio; `None` while nothing counts.
    pub fn service_level(&self) -> Option<f64> {
        let (within, of) = self.service();
        (of > 0).then(|| float(within) / float(of))
    }

    /// Talk, hold and after-contact work together, by leg of a joined agent that ended, in
    /// milliseconds: a ratio of sums. `None` without a leg.
    pub fn handle_ms(&self) -> Option<f64> {
        let times = [DeskTime::Talk, DeskTime::Held, DeskTime::AfterWork];
        let sum_ms: u64 = times.iter().map(|time| self.time(*time).sum_ms).sum();
        let legs = self.count(DeskCount::Handled);
        (legs > 0).then(|| float(sum_ms) / float(legs))
    }

    /// What a source comes to over this window; `None` when there is nothing to make it of, or it is of no
    /// window.
    pub fn number(&self, from: DeskSource) -> Option<f64> {
        let values = |time: DeskTime| {
            let values = &self.time(time).values;
            (values.count() > 0).then_some(values)
        };
        match from {
            DeskSource::Now(_) => None,
            DeskSource::Count(count) => Some(float(self.count(count))),
            DeskSource::ServiceLevel => self.service_level(),
            DeskSource::Handle => self.handle_ms(),
            DeskSource::Mean(time) => self.time(time).mean_ms(),
            DeskSource::Quantile(time, quantile) => Some(float(values(time)?.quantile(quantile))),
        }
    }

    /// Adds the numbers of another part.
    pub fn add(&mut self, other: &Self) {
        for (own, other) in self.counts.iter_mut().zip(other.counts) {
            *own += other;
        }
        for (own, other) in self.times.iter_mut().zip(&other.times) {
            own.add(other);
        }
    }
}

/// The conversation that has waited for longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LongestWaiting {
    /// Since when.
    pub since: EpochMs,
    /// Which.
    pub conversation: SessionKey,
}

impl LongestWaiting {
    /// The conversation's id, if it is a UUID; of any other there is only a hash.
    pub fn session_id(self) -> Option<String> {
        session_uuid(self.conversation).map(|id| id.to_string())
    }
}

/// One group's numbers, or those of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeskGroup {
    /// Its name: text from the source, or what [`GroupKind::shown_as`] says.
    pub name: Arc<str>,
    /// What stands behind the name.
    pub kind: GroupKind,
    /// Conversations that wait in a queue now.
    pub waiting: u64,
    /// The one of them that has waited for longest.
    pub longest_waiting: Option<LongestWaiting>,
    /// Conversations that agents are offered now, by agent.
    pub alerting: u64,
    /// Conversations that agents are in now, by agent.
    pub interacting: u64,
    /// By the order of [`super::Snapshot::windows`].
    pub windows: Vec<DeskWindow>,
}

impl DeskGroup {
    /// A number of the present, at an engine clock.
    pub fn gauge(&self, gauge: DeskGauge, as_of: EpochMs) -> f64 {
        match gauge {
            DeskGauge::Waiting => float(self.waiting),
            DeskGauge::LongestWaitingMs => {
                let longest = self
                    .longest_waiting
                    .map(|longest| as_of.since(longest.since));
                float(longest.unwrap_or_default())
            }
            DeskGauge::Alerting => float(self.alerting),
            DeskGauge::Interacting => float(self.interacting),
        }
    }

    /// A number of the present, or over a window by its place.
    pub fn number(&self, from: DeskSource, window: usize, as_of: EpochMs) -> Option<f64> {
        match from {
            DeskSource::Now(gauge) => Some(self.gauge(gauge, as_of)),
            _ => self.windows.get(window)?.number(from),
        }
    }

    /// Adds the numbers of another part.
    pub fn add(&mut self, other: &Self) {
        self.waiting += other.waiting;
        self.alerting += other.alerting;
        self.interacting += other.interacting;
        let longest = [self.longest_waiting, other.longest_waiting];
        self.longest_waiting = longest.into_iter().flatten().min();
        if self.windows.len() < other.windows.len() {
            self.windows
                .resize_with(other.windows.len(), DeskWindow::default);
        }
        for (own, other) in self.windows.iter_mut().zip(&other.windows) {
            own.add(other);
        }
    }
}

/// The numbers of legs, one cut, made once a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desk {
    /// The engine clock of the cut: it holds what was applied before the bucket that begins there.
    pub as_of: EpochMs,
    /// The length of each window, in milliseconds.
    pub windows_ms: Vec<u32>,
    /// All legs together; `None` while no source knew of any.
    pub total: Option<Arc<DeskGroup>>,
    /// By [`DeskDimension::index`], in the order of names: groups in which something is, or was within
    /// the longest window.
    pub groups: [Arc<Vec<Arc<DeskGroup>>>; DeskDimension::ALL.len()],
    /// How much is kept, and what was not.
    pub size: DeskSize,
}

/// How much is kept of legs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeskSize {
    /// Conversations of which facts are known.
    pub conversations: u64,
    /// Memory, in bytes.
    pub bytes: u64,
    /// Conversations, facts and bookings that were forgotten for want of room.
    pub overflowed: u64,
}

impl Desk {
    /// The groups of a dimension, in the order of their names.
    pub fn by(&self, dimension: DeskDimension) -> &[Arc<DeskGroup>] {
        &self.groups[dimension.index()]
    }

    /// The group that is shown under a name; one that the source names goes before ours.
    pub fn find(&self, dimension: DeskDimension, name: &str) -> Option<&Arc<DeskGroup>> {
        let mut named = self
            .by(dimension)
            .iter()
            .filter(|group| &*group.name == name);
        let first = named.next()?;
        match first.kind {
            GroupKind::Named => Some(first),
            _ => named.next().or(Some(first)),
        }
    }

    /// What several engines say together, among which conversations were divided.
    pub fn merged(parts: &[&Self]) -> Self {
        let mut merged = Self::default();
        // A window is left where all have it, as in the rest of a snapshot.
        let with_any = parts.iter().filter(|part| !part.windows_ms.is_empty());
        let mut all: Option<Vec<u32>> = None;
        for part in with_any {
            match &mut all {
                None => all = Some(part.windows_ms.clone()),
                Some(all) => all.retain(|length| part.windows_ms.contains(length)),
            }
        }
        merged.windows_ms = all.unwrap_or_default();
        for part in parts {
            merged.as_of = merged.as_of.max(part.as_of);
            merged.size.conversations += part.size.conversations;
            merged.size.bytes += part.size.bytes;
            merged.size.overflowed += part.size.overflowed;
            let fitted = |group: &Arc<DeskGroup>| -> DeskGroup {
                let mut fitted = DeskGroup::clone(group);
                fitted.windows = merged
                    .windows_ms
                    .iter()
                    .filter_map(|length| {
                        let place = part.windows_ms.iter().position(|own| own == length)?;
                        group.windows.get(place).cloned()
                    })
                    .collect();
                fitted
            };
            if let Some(total) = &part.total {
                let mut sum = merged
                    .total
                    .take()
                    .map_or_else(DeskGroup::default, Arc::unwrap_or_clone);
                sum.name = Arc::clone(&total.name);
                sum.kind = total.kind;
                sum.add(&fitted(total));
                merged.total = Some(Arc::new(sum));
            }
            for (own, groups) in merged.groups.iter_mut().zip(&part.groups) {
                let own = Arc::make_mut(own);
                for group in groups.iter() {
                    let at = own.binary_search_by(|known| order(known).cmp(&order(group)));
                    match at {
                        Ok(place) => Arc::make_mut(&mut own[place]).add(&fitted(group)),
                        Err(place) => own.insert(place, Arc::new(fitted(group))),
                    }
                }
            }
        }
        merged
    }
}

/// The order in which groups are published.
pub fn order(group: &DeskGroup) -> (&str, GroupKind) {
    (&group.name, group.kind)
}
