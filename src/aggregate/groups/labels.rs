//! What the labels of events stand for: the definitions of every ring, and the groups of names.

use super::names::NameId;
use super::names::Names;
use super::table::OTHER;
use super::table::Table;
use crate::event::Definition;
use crate::event::Labels;
use crate::ring::Position;
use crate::snapshot::GroupId;

/// Queue and deployment, in this order.
pub(super) const NAMED: usize = 2;

/// Definitions by ring, and the names they use.
#[derive(Clone, Debug)]
pub(super) struct Definitions {
    names: [Names; NAMED],
    rings: Vec<Ring>,
    /// The ring whose events are being applied.
    ring: usize,
}

#[derive(Clone, Debug)]
struct Ring {
    source: (u16, u16),
    /// By the labels' number; 0 stands for nothing.
    pairs: Vec<[Option<NameId>; NAMED]>,
}

impl Definitions {
    pub(super) fn new() -> Self {
        let ring = |source| Ring {
            source,
            pairs: Vec::new(),
        };
        Self {
            names: Default::default(),
            rings: vec![ring((0, 0))],
            ring: 0,
        }
    }

    /// Says which ring the next definitions and events come from.
    pub(super) fn choose(&mut self, position: &Position) {
        let source = (position.source, position.partition);
        let known = self.rings.iter().position(|ring| ring.source == source);
        self.ring = known.unwrap_or_else(|| {
            self.rings.push(Ring {
                source,
                pairs: Vec::new(),
            });
            self.rings.len() - 1
        });
    }

    /// Takes what a number stands for from now on.
    pub(super) fn define(&mut self, definition: &Definition<'_>) {
        let number = usize::from(definition.labels.number());
        let pairs = &mut self.rings[self.ring].pairs;
        if number >= pairs.len() {
            pairs.resize(number + 1, [None; NAMED]);
        }
        let texts = [definition.queue, definition.deployment];
        for ((names, place), text) in self.names.iter_mut().zip(&mut pairs[number]).zip(texts) {
            let before = place.take();
            *place = text.map(|text| names.define(text));
            if let Some(before) = before {
                names.undefine(before);
            }
        }
    }

    /// The groups of a queue and a deployment, added where they are new; `None` where labels have none.
    #[inline]
    pub(super) fn groups(
        &mut self,
        labels: Labels,
        tables: &mut [Table; 3],
    ) -> [Option<GroupId>; NAMED] {
        if labels == Labels::NONE {
            return [None; NAMED];
        }
        let pairs = &self.rings[self.ring].pairs;
        let Some(pair) = pairs.get(usize::from(labels.number())).copied() else {
            return [None; NAMED];
        };
        let mut groups = [None; NAMED];
        for (place, name) in pair.into_iter().enumerate() {
            let Some(name) = name else { continue };
            let names = &mut self.names[place];
            let group = names.group(name).unwrap_or_else(|| {
                let added = tables[place].add(names.text(name), Some(name));
                if added.is_some() {
                    names.set_group(name, added);
                }
                added.unwrap_or(OTHER)
            });
            groups[place] = Some(group);
        }
        groups
    }

    /// Says that the group of a name is no more.
    pub(super) fn freed(&mut self, place: usize, name: NameId) {
        self.names[place].set_group(name, None);
    }

    pub(super) fn bytes(&self) -> usize {
        let pairs = self.rings.iter().map(|ring| ring.pairs.capacity());
        self.names.iter().map(Names::bytes).sum::<usize>()
            + pairs.sum::<usize>() * size_of::<[Option<NameId>; NAMED]>()
    }
}
