//! What the labels of events stand for: the definitions of every input, and the groups of names.

use std::sync::Arc;

use super::names::NameId;
use super::names::Names;
use super::table::OTHER;
use super::table::Table;
use crate::aggregate::image;
use crate::aggregate::image::Frames;
use crate::aggregate::image::ImageFault;
use crate::aggregate::image::Side;
use crate::aggregate::image::ensure;
use crate::event::LabelDefinition;
use crate::event::LabelsId;
use crate::input::InputId;
use crate::snapshot::GroupId;

/// Queue and deployment, in this order.
pub(super) const NAMED: usize = 2;

/// Definitions by input, and the names they use.
#[derive(Clone, Debug)]
pub(in crate::aggregate) struct LabelsByInput {
    names: [Names; NAMED],
    /// Never empty.
    inputs: Vec<OfInput>,
    /// The place of the input whose events are being applied.
    chosen: usize,
}

#[derive(Clone, Debug, Default)]
struct OfInput {
    id: InputId,
    /// By the labels' number; 0 stands for nothing.
    pairs: Vec<[Option<NameId>; NAMED]>,
}

impl LabelsByInput {
    pub(super) fn new() -> Self {
        Self {
            names: Default::default(),
            inputs: vec![OfInput::default()],
            chosen: 0,
        }
    }

    /// Says which input the next definitions and events come from.
    pub(in crate::aggregate) fn choose(&mut self, id: InputId) {
        let known = self.inputs.iter().position(|input| input.id == id);
        self.chosen = known.unwrap_or_else(|| {
            self.inputs.push(OfInput {
                id,
                pairs: Vec::new(),
            });
            self.inputs.len() - 1
        });
    }

    /// Drops the definitions of an input, which is gone; groups keep their names.
    pub(in crate::aggregate) fn remove(&mut self, id: InputId) {
        let Some(place) = self.inputs.iter().position(|input| input.id == id) else {
            return;
        };
        for pair in self.inputs.swap_remove(place).pairs {
            for (names, name) in self.names.iter_mut().zip(pair) {
                if let Some(name) = name {
                    names.undefine(name);
                }
            }
        }
        if self.inputs.is_empty() {
            self.inputs.push(OfInput::default());
        }
        self.chosen = 0;
    }

    /// Takes what a number stands for from now on.
    pub(in crate::aggregate) fn define(&mut self, definition: &LabelDefinition<'_>) {
        let number = usize::from(definition.labels.number());
        let pairs = &mut self.inputs[self.chosen].pairs;
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
        labels: LabelsId,
        tables: &mut [Table; 3],
    ) -> [Option<GroupId>; NAMED] {
        if labels == LabelsId::NONE {
            return [None; NAMED];
        }
        let pairs = &self.inputs[self.chosen].pairs;
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

    /// The name of the queue of labels.
    pub(in crate::aggregate) fn queue(&self, labels: LabelsId) -> Option<&Arc<str>> {
        let pairs = &self.inputs[self.chosen].pairs;
        let [queue, _] = pairs.get(usize::from(labels.number()))?;
        Some(self.names[0].text((*queue)?))
    }

    /// The group of a queue's name, added where it is new.
    pub(super) fn queue_group(&mut self, name: &str, table: &mut Table) -> GroupId {
        let names = &mut self.names[0];
        let id = names.define(name);
        let group = names.group(id).unwrap_or_else(|| {
            let added = table.add(names.text(id), Some(id));
            if added.is_some() {
                names.set_group(id, added);
            }
            added.unwrap_or(OTHER)
        });
        names.undefine(id);
        group
    }

    /// Says that the group of a name is no more.
    pub(super) fn freed(&mut self, place: usize, name: NameId) {
        self.names[place].set_group(name, None);
    }

    // Images.

    /// Cuts: the names of an image are those of now.
    pub(super) fn cut(&mut self, side: Side) -> image::Labels {
        let pair = |pair: &[Option<NameId>; NAMED]| pair.map(|name| name.map(|name| name.0));
        let [queues, deployments] = &mut self.names;
        image::Labels {
            inputs: self
                .inputs
                .iter()
                .map(|input| (input.id, input.pairs.iter().map(pair).collect()))
                .collect(),
            chosen: u32::try_from(self.chosen).unwrap_or(u32::MAX),
            free: [queues.cut(side, 0), deployments.cut(side, 1)],
        }
    }

    /// Writes some of the names at the cut; whether there are more.
    pub(super) fn write_some(&mut self, to: &mut Frames) -> bool {
        self.names.iter_mut().any(|names| names.write_some(to))
    }

    /// Writes no more of an image that nobody wants.
    pub(super) fn write_none(&mut self) {
        self.names.iter_mut().for_each(Names::write_none);
    }

    /// The labels of an image, for tables that are restored.
    pub(super) fn restore(
        plain: &image::Labels,
        names: [Vec<image::Name>; NAMED],
        tables: &[Table; 3],
    ) -> Result<Self, ImageFault> {
        let [queues, deployments] = names;
        let [free_queues, free_deployments] = &plain.free;
        let names = [
            Names::restore(queues, free_queues)?,
            Names::restore(deployments, free_deployments)?,
        ];
        let mut counts = names.each_ref().map(|names| vec![0_u32; names.count()]);
        let mut inputs = Vec::new();
        for (id, pairs) in &plain.inputs {
            ensure(
                pairs.len() <= LabelsId::MAX + 1,
                "labels with too great a number",
            )?;
            for pair in pairs {
                for (counts, name) in counts.iter_mut().zip(pair) {
                    let Some(name) = name else { continue };
                    let count = counts.get_mut(*name as usize);
                    *count.ok_or(ImageFault::damaged("labels without a name"))? += 1;
                }
            }
            let pair = |pair: &[Option<u32>; NAMED]| pair.map(|name| name.map(NameId));
            let pairs = pairs.iter().map(pair).collect();
            inputs.push(OfInput { id: *id, pairs });
        }
        for ((names, counts), table) in names.iter().zip(counts).zip(tables) {
            for ((id, group, definitions), count) in names.all().zip(counts) {
                ensure(definitions == count, "a name that others stand for")?;
                ensure(
                    group.is_none_or(|group| table.is_named(group, id)),
                    "a name of a group that has another",
                )?;
            }
            ensure(
                table.names().all(|id| names.group_if_any(id).is_some()),
                "a group without its name",
            )?;
        }
        let chosen = plain.chosen as usize;
        ensure(chosen < inputs.len(), "labels of no input")?;
        Ok(Self {
            names,
            inputs,
            chosen,
        })
    }

    pub(super) fn bytes(&self) -> usize {
        let pairs = self.inputs.iter().map(|input| input.pairs.capacity());
        self.names.iter().map(Names::bytes).sum::<usize>()
            + pairs.sum::<usize>() * size_of::<[Option<NameId>; NAMED]>()
    }
}
