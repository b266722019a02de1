//! What is published of legs: how they are now, and the windows of every group in which something changed.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::book::Book;
use super::roll::Roll;
use super::sums::Place;
use crate::aggregate::legs::Is;
use crate::aggregate::legs::Standing;
use crate::config::AggregateSettings;
use crate::event::Media;
use crate::event::SessionKey;
use crate::snapshot;
use crate::snapshot::DeskDimension;
use crate::snapshot::DeskGroup;
use crate::snapshot::DeskSize;
use crate::snapshot::DeskWindow;
use crate::snapshot::GroupId;
use crate::snapshot::GroupKind;
use crate::snapshot::LongestWaiting;
use crate::time::EpochMs;

/// What was published, and what is to be made again.
#[derive(Clone, Debug)]
pub(super) struct Publication {
    now: BTreeMap<Place, Now>,
    changed: BTreeSet<Place>,
    made: BTreeMap<Place, Arc<DeskGroup>>,
    published: Arc<snapshot::Desk>,
    windows_ms: Vec<u32>,
}

/// How the legs of a group are.
#[derive(Clone, Debug, Default)]
struct Now {
    /// Since when, which, and how many of its legs.
    waiting: BTreeMap<(EpochMs, SessionKey), u32>,
    waiting_legs: u64,
    alerting: u64,
    interacting: u64,
}

impl Publication {
    pub(super) fn new(settings: &AggregateSettings) -> Self {
        Self {
            now: BTreeMap::new(),
            changed: BTreeSet::new(),
            made: BTreeMap::new(),
            published: Arc::default(),
            windows_ms: settings.windows.iter().map(|length| length.ms()).collect(),
        }
    }

    /// Something changed in a group.
    pub(super) fn change(&mut self, place: Place) {
        self.changed.insert(place);
    }

    /// Something may have changed in every group.
    pub(super) fn change_all(&mut self) {
        self.changed.extend(self.made.keys());
        self.changed.extend(self.now.keys());
    }

    /// Whether nothing is, was or is to be published.
    pub(super) fn is_quiet(&self) -> bool {
        self.made.is_empty() && self.changed.is_empty()
    }

    /// A leg is so from now on, or is so no more.
    pub(super) fn stand(&mut self, standing: &Standing, of: SessionKey, is_so: bool) {
        for place in Place::of(standing.whose, standing.is != Is::Waiting) {
            let now = self.now.entry(place).or_default();
            let step = |count: &mut u64| match is_so {
                true => *count += 1,
                false => *count = count.saturating_sub(1),
            };
            match (standing.is, is_so) {
                (Is::Waiting, _) => {
                    step(&mut now.waiting_legs);
                    now.wait((standing.since, of), is_so);
                }
                (Is::Alerting, _) => step(&mut now.alerting),
                (Is::Interacting, _) => step(&mut now.interacting),
            }
            if now.is_empty() {
                self.now.remove(&place);
            }
            self.changed.insert(place);
        }
    }

    /// Makes what has changed.
    pub(super) fn make(
        &mut self,
        as_of: EpochMs,
        book: &mut Book,
        [queues, agents]: &[Roll; 2],
        size: DeskSize,
    ) {
        let mut is_same = [true; DeskDimension::ALL.len()];
        while let Some(place) = self.changed.pop_first() {
            if let Place::Of(dimension, _) = place {
                is_same[dimension.index()] = false;
            }
            let windows = book.windows_of(place);
            let now = self.now.get(&place);
            if windows.is_none() && now.is_none() && place != Place::Total {
                self.made.remove(&place);
                continue;
            }
            let (name, kind) = shown(place, queues, agents);
            let nothing = Now::default();
            let now = now.unwrap_or(&nothing);
            let first = now.waiting.first_key_value();
            let group = DeskGroup {
                name,
                kind,
                waiting: now.waiting_legs,
                longest_waiting: first.map(|(&(since, conversation), _)| LongestWaiting {
                    since,
                    conversation,
                }),
                alerting: now.alerting,
                interacting: now.interacting,
                windows: windows
                    .unwrap_or_else(|| vec![DeskWindow::default(); self.windows_ms.len()]),
            };
            self.made.insert(place, Arc::new(group));
        }
        let groups = DeskDimension::ALL.map(|dimension| match is_same[dimension.index()] {
            true => Arc::clone(&self.published.groups[dimension.index()]),
            false => self.groups(dimension),
        });
        self.published = Arc::new(self.cut(as_of, groups, size));
    }

    // Images.

    /// Groups as they were made.
    pub(super) fn made(&self) -> impl Iterator<Item = (Place, Arc<DeskGroup>)> {
        self.made
            .iter()
            .map(|(place, group)| (*place, Arc::clone(group)))
    }

    /// Groups that are to be made again.
    pub(super) fn changed(&self) -> impl Iterator<Item = Place> {
        self.changed.iter().copied()
    }

    /// Takes over what an image says was published: by whom and when, of how many conversations.
    pub(super) fn restore(
        &mut self,
        made: BTreeMap<Place, Arc<DeskGroup>>,
        changed: BTreeSet<Place>,
        (as_of, size): (EpochMs, DeskSize),
    ) {
        (self.made, self.changed) = (made, changed);
        if as_of > EpochMs::default() {
            let groups = DeskDimension::ALL.map(|dimension| self.groups(dimension));
            self.published = Arc::new(self.cut(as_of, groups, size));
        }
    }

    fn cut(
        &self,
        as_of: EpochMs,
        groups: [Arc<Vec<Arc<DeskGroup>>>; DeskDimension::ALL.len()],
        size: DeskSize,
    ) -> snapshot::Desk {
        snapshot::Desk {
            as_of,
            windows_ms: self.windows_ms.clone(),
            total: self.made.get(&Place::Total).cloned(),
            groups,
            size,
        }
    }

    fn groups(&self, dimension: DeskDimension) -> Arc<Vec<Arc<DeskGroup>>> {
        let all = Place::Of(dimension, GroupId(0))..=Place::Of(dimension, GroupId(u16::MAX));
        let made = self.made.range(all);
        let mut groups: Vec<Arc<DeskGroup>> = made.map(|(_, group)| Arc::clone(group)).collect();
        groups.sort_by(|a, b| snapshot::desk_order(a).cmp(&snapshot::desk_order(b)));
        Arc::new(groups)
    }

    pub(super) const fn published(&self) -> &Arc<snapshot::Desk> {
        &self.published
    }
}

impl Now {
    fn wait(&mut self, leg: (EpochMs, SessionKey), is_so: bool) {
        let legs = self.waiting.entry(leg).or_default();
        *legs = match is_so {
            true => *legs + 1,
            false => legs.saturating_sub(1),
        };
        if *legs == 0 {
            self.waiting.remove(&leg);
        }
    }

    const fn is_empty(&self) -> bool {
        self.waiting_legs + self.alerting + self.interacting == 0
    }
}

fn shown(place: Place, queues: &Roll, agents: &Roll) -> (Arc<str>, GroupKind) {
    match place {
        Place::Total => (Arc::default(), GroupKind::Named),
        Place::Of(DeskDimension::Queue, id) => queues.shown(id),
        Place::Of(DeskDimension::Agent, id) => agents.shown(id),
        Place::Of(DeskDimension::Media, GroupId(number)) => {
            let media = Media::ALL.get(usize::from(number)).copied();
            let media = media.unwrap_or(Media::Unknown);
            let kind = match media {
                Media::Unknown => GroupKind::Unnamed,
                _ => GroupKind::Named,
            };
            (Arc::from(media.label()), kind)
        }
    }
}
